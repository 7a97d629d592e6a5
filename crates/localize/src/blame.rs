//! From an effect back to the change that caused it.

use std::collections::HashMap;

use analysis::IndexedStep;

/// Which step wrote each file last, in one pass over a run.
#[derive(Default)]
pub(crate) struct Writers {
    last: HashMap<String, usize>,
}

/// The last part of a path: what remains the same whatever folder a command runs in.
#[must_use]
pub(crate) fn file_name(path: &str) -> &str {
    path.trim_end_matches('/')
        .rsplit('/')
        .next()
        .unwrap_or(path)
}

impl Writers {
    /// Notes what a step wrote.
    pub(crate) fn note(&mut self, step: &IndexedStep<'_>) {
        for path in &step.reading.effect.writes {
            self.last
                .insert(file_name(path).to_owned(), step.id.index());
        }
    }

    /// The latest earlier change of a file that the step reads, runs, or whose name its errors give.
    #[must_use]
    pub(crate) fn cause(&self, step: &IndexedStep<'_>) -> Option<usize> {
        let subjects = step
            .outcome
            .errors
            .iter()
            .filter_map(|e| e.subject.as_deref());
        let words = step.reading.commands.iter().flat_map(|c| &c.args);
        step.reading
            .effect
            .reads
            .iter()
            .map(String::as_str)
            .chain(subjects)
            .chain(words.map(String::as_str))
            .filter_map(|path| self.last.get(file_name(path)).copied())
            .filter(|&at| at < step.id.index())
            .max()
    }
}
