//! Files the task names that nobody wrote.

use std::collections::HashSet;

use super::{Signal, Suspicion};
use crate::blame::file_name;
use crate::case::Case;
use crate::evidence::of_action;

/// Files the task names that nobody wrote.
pub(super) struct UntouchedRequirement;

impl Signal for UntouchedRequirement {
    fn name(&self) -> &'static str {
        "untouched_requirement"
    }

    fn measure(&self, case: &Case<'_>) -> Vec<Suspicion> {
        let index = case.index;
        let Some(task) = index.trajectory.task.as_deref() else {
            return Vec::new();
        };
        // Only paths the run never mentions at all: an input that was read is no requirement.
        let mut mentioned: HashSet<String> = HashSet::new();
        for step in index.steps() {
            let effect = &step.reading.effect;
            let paths = effect.reads.iter().chain(&effect.writes);
            mentioned.extend(paths.map(|path| file_name(path).to_owned()));
        }
        let trim = |c: char| !(c.is_alphanumeric() || c == '/' || c == '_');
        let missing = task
            .split_whitespace()
            .map(|word| word.trim_matches(trim))
            .find(|w| {
                w.starts_with('/')
                    && file_name(w).contains('.')
                    && !mentioned.contains(file_name(w))
            });
        missing
            .zip(index.steps().next_back())
            .and_then(|(path, last)| {
                Suspicion::new(
                    &last,
                    0.6,
                    format!("the run ends and no step touched `{path}`, which the task names"),
                    [of_action(&last.step)],
                )
            })
            .into_iter()
            .collect()
    }
}
