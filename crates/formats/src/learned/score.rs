//! How well a learned extractor reads, by criteria that do not ask it.

use serde::{Deserialize, Serialize};
use trace::{ActionKind, Trajectory};

use crate::extractor::{Coverage, Extraction};

/// What a reading achieved, summed over the runs it was tried on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// Steps, those of sub-agents included.
    pub steps: usize,
    /// Steps with an observation.
    pub joined: usize,
    /// Steps whose action is understood: a command, an edit, a look, a search, words.
    pub meant: usize,
    /// Steps whose observation is a JSON object rather than what a person would read.
    #[serde(default)]
    pub structured: usize,
    /// Steps that ask for exactly what an earlier step of the run asked for.
    pub repeats: usize,
    /// Steps that stand in the order of their times, of those that have one.
    pub in_order: usize,
    /// Steps that have a time.
    pub timed: usize,
    /// Results that answer no call.
    pub orphans: u64,
    /// Bytes of records that some rule reads, of all bytes.
    pub bytes_explained: f64,
    /// Records that some rule reads, of all records.
    pub events_explained: f64,
}

/// The bar an extractor must reach; each figure is a share, 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Bar {
    /// Fewest steps.
    pub steps: usize,
    /// Steps with an observation. The last step of a run that was cut has none.
    pub joined: f64,
    /// Records explained.
    pub events: f64,
    /// Bytes explained.
    pub bytes: f64,
    /// Steps in the order of their times.
    pub order: f64,
}

impl Default for Bar {
    fn default() -> Self {
        Self {
            steps: 1,
            joined: 0.5,
            events: 0.5,
            bytes: 0.2,
            order: 0.9,
        }
    }
}

impl Bar {
    /// Whether what reaches this bar reaches `least` too.
    pub(super) fn reaches(&self, least: &Self) -> bool {
        self.steps >= least.steps
            && self.joined >= least.joined
            && self.events >= least.events
            && self.bytes >= least.bytes
            && self.order >= least.order
    }
}

impl Score {
    /// Scores readings of one or several runs.
    #[must_use]
    pub fn of<'e>(readings: impl IntoIterator<Item = &'e Extraction>) -> Self {
        let mut score = Self::default();
        let mut coverage = Coverage::default();
        for reading in readings {
            coverage.add(reading.coverage);
            score.count(&reading.trajectory);
            for nested in reading.trajectory.descendants() {
                score.count(nested);
            }
        }
        score.orphans = coverage.orphans;
        score.bytes_explained = coverage.bytes.ratio();
        score.events_explained = coverage.events.ratio();
        score
    }

    fn count(&mut self, run: &Trajectory) {
        self.steps += run.steps.len();
        let mut last = None;
        let mut asked = std::collections::HashSet::new();
        for step in run.steps.walk() {
            self.joined += usize::from(step.observation.is_some());
            self.meant += usize::from(step.action.kind != ActionKind::Other);
            self.structured += usize::from(step.observed().starts_with("{\""));
            let command = step.action.command().unwrap_or_default();
            let words = format!("{command} {}", step.action.arguments);
            self.repeats += usize::from(!asked.insert(blake3::hash(words.as_bytes())));
            if let Some(time) = step.started {
                self.timed += 1;
                self.in_order += usize::from(last.is_none_or(|last| last <= time));
                last = Some(time);
            }
        }
    }

    /// What keeps the reading below `bar`, one sentence each with its figures; empty when it passes.
    #[must_use]
    pub fn shortcomings(&self, bar: &Bar) -> Vec<String> {
        let mut list = Vec::new();
        if self.steps < bar.steps {
            list.push(format!(
                "{} steps were found, at least {} are wanted",
                self.steps, bar.steps
            ));
            return list;
        }
        let mut check = |share: f64, least: f64, what: &str| {
            if share < least {
                list.push(format!(
                    "{:.0} % of {what}, at least {:.0} % are wanted",
                    share * 100.0,
                    least * 100.0
                ));
            }
        };
        // The last call of a run, and the one that ends it, may have none.
        if self.joined == 0 || self.steps - self.joined > 2 {
            check(
                ratio(self.joined, self.steps),
                bar.joined,
                "the calls have a result",
            );
        }
        check(
            self.events_explained,
            bar.events,
            "the records are explained",
        );
        check(self.bytes_explained, bar.bytes, "the bytes are explained");
        if self.timed > 1 {
            check(
                ratio(self.in_order, self.timed),
                bar.order,
                "the steps stand in the order of their times",
            );
        }
        list
    }
}

/// A share of a count; 1 of nothing.
pub(super) fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 {
        return 1.0;
    }
    #[expect(clippy::cast_precision_loss, reason = "a share for people")]
    let share = part as f64 / whole as f64;
    share
}
