//! Keeps out of the memory what belongs to one run or one task.

use std::collections::BTreeSet;

use serde_json::Value;
use trace::{ActionKind, Change, Trajectory};

use super::form::{Refusal, faults_of, rare_words};
use super::words::{is_stop, stem, words};

/// How many words in a row, taken from the task, are more than chance.
const PHRASE: usize = 4;

/// What of a phrase must carry matter.
const MATTER_OF_PHRASE: usize = 2;

/// What a lesson may not repeat: everything that stands in the run it comes from.
#[derive(Clone, Copy)]
pub struct Guard<'r> {
    run: &'r Trajectory,
}

impl<'r> Guard<'r> {
    /// The guard of one run, whose text nothing learned from it may repeat.
    #[must_use]
    pub fn new(run: &'r Trajectory) -> Self {
        Self { run }
    }

    /// Why tidy sentences are no lessons, one list for each, empty for a lesson. Goes over the run
    /// once, and only where a sentence has a word that could be of it.
    #[must_use]
    pub fn refusals(&self, texts: &[String]) -> Vec<Vec<Refusal>> {
        let mut refused: Vec<Vec<Refusal>> = texts.iter().map(|text| faults_of(text)).collect();
        let mut wanted = BTreeSet::new();
        for (text, refused) in texts.iter().zip(&mut refused) {
            if !matches!(refused.as_slice(), [Refusal::TooLong(_), ..]) {
                wanted.extend(rare_words(text).iter().map(|word| stem(word)));
                refused.extend(self.phrase_of_task(text).map(Refusal::TaskPhrase));
            }
        }
        let mut seen = Seen::new(wanted);
        seen.look_at(self.run);
        for (text, refused) in texts.iter().zip(&mut refused) {
            if !matches!(refused.as_slice(), [Refusal::TooLong(_), ..]) {
                let of_run = rare_words(text).into_iter();
                let of_run = of_run.filter(|word| seen.found.contains(&stem(word)));
                refused.extend(of_run.map(Refusal::RunWord));
            }
        }
        refused
    }

    /// The first words in a row that the task has in a row as well.
    fn phrase_of_task(self, text: &str) -> Option<String> {
        let task = self.run.task.as_deref()?;
        let said: Vec<String> = words(text).collect();
        let said: Vec<String> = said.iter().map(|word| stem(word)).collect();
        let has_matter = |phrase: &[String]| {
            let matter = phrase.iter().filter(|stem| !is_stop(stem)).count();
            matter >= MATTER_OF_PHRASE
        };
        let phrases: BTreeSet<&[String]> = said.windows(PHRASE).filter(|p| has_matter(p)).collect();
        if phrases.is_empty() {
            return None;
        }
        let mut last: Vec<String> = Vec::with_capacity(PHRASE + 1);
        for word in words(task) {
            last.push(stem(&word));
            if last.len() > PHRASE {
                last.remove(0);
            }
            if phrases.contains(last.as_slice()) {
                return Some(last.join(" "));
            }
        }
        None
    }
}

/// Which of some stems stand in a run.
struct Seen {
    wanted: BTreeSet<String>,
    found: BTreeSet<String>,
    longest: usize,
}

impl Seen {
    fn new(wanted: BTreeSet<String>) -> Self {
        Self {
            longest: wanted.iter().map(String::len).max().unwrap_or(0),
            wanted,
            found: BTreeSet::new(),
        }
    }

    fn is_done(&self) -> bool {
        self.found.len() == self.wanted.len()
    }

    fn look_at(&mut self, run: &Trajectory) {
        let nested = run.descendants();
        for run in std::iter::once(run).chain(nested) {
            self.frame(run);
            for step in run.steps.walk() {
                if self.is_done() {
                    return;
                }
                for text in [&step.thought, &step.reasoning, &step.action.tool] {
                    self.text(text);
                }
                self.action(&step.action.kind);
                self.value(&step.action.arguments);
                self.text(step.observed());
            }
        }
    }

    /// What is said of a run as a whole.
    fn frame(&mut self, run: &Trajectory) {
        let stated = [&run.task, &run.session, &run.cwd, &run.final_message];
        for text in stated.into_iter().flatten() {
            self.text(text);
        }
        self.text(&run.id);
        self.text(&run.source.path);
        for test in &run.outcome.tests {
            self.text(&test.name);
        }
    }

    fn action(&mut self, kind: &ActionKind) {
        match kind {
            ActionKind::Shell { command: text }
            | ActionKind::Keystrokes { keys: text, .. }
            | ActionKind::Read { path: text }
            | ActionKind::Delegate { prompt: text }
            | ActionKind::Message { text }
            | ActionKind::Finish { text }
            | ActionKind::Invalid { text } => self.text(text),
            ActionKind::Search { query, path } => {
                self.text(query);
                self.text(path.as_deref().unwrap_or_default());
            }
            ActionKind::Edit { edits } => {
                for edit in edits {
                    self.text(&edit.path);
                    self.change(&edit.change);
                }
            }
            ActionKind::Other => {}
        }
    }

    fn change(&mut self, change: &Change) {
        // A change is a handful of strings under names that differ by kind.
        if let Ok(value) = serde_json::to_value(change) {
            self.value(&value);
        }
    }

    fn value(&mut self, value: &Value) {
        let mut open = vec![value];
        while let Some(next) = open.pop() {
            match next {
                Value::String(text) => self.text(text),
                Value::Array(items) => open.extend(items),
                Value::Object(fields) => {
                    for (name, value) in fields {
                        self.text(name);
                        open.push(value);
                    }
                }
                _ => {}
            }
        }
    }

    /// Takes identifiers apart: `test_lateFees` has test, late and fees, and the whole.
    fn text(&mut self, text: &str) {
        let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
        for token in text.split(|c: char| !is_part(c)) {
            if self.is_done() {
                return;
            }
            let mut whole = String::new();
            for part in token.split(['_', '-']) {
                self.part(part);
                whole.push_str(part);
            }
            if whole.len() < token.len() {
                self.word(&whole);
            }
        }
    }

    fn part(&mut self, part: &str) {
        self.word(part);
        let mut start = 0;
        let mut before: Option<char> = None;
        let mut chars = part.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            let ends_acronym = chars.peek().is_some_and(|(_, next)| next.is_lowercase());
            let border = before.is_some_and(|before| {
                c.is_uppercase() && (!before.is_uppercase() || ends_acronym)
                    || c.is_numeric() != before.is_numeric()
            });
            if border {
                self.word(part.get(start..at).unwrap_or_default());
                start = at;
            }
            before = Some(c);
        }
        if start > 0 {
            self.word(part.get(start..).unwrap_or_default());
        }
    }

    fn word(&mut self, word: &str) {
        // An ending adds four letters at most (`-sses`, `-ings` and a doubled letter).
        if word.is_empty() || word.len() > self.longest + 5 {
            return;
        }
        let stem = stem(&word.to_lowercase());
        if self.wanted.contains(&stem) {
            self.found.insert(stem);
        }
    }
}
