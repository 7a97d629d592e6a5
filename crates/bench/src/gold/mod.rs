//! Labelled runs, whoever published them, as one type.
//!
//! Two shapes are read, told apart by their fields and not by their names: lists of labelled runs as
//! one JSON array a file (`run`, `onset`, `incorrect`, `change_steps` …), and `CodeTraceBench`
//! manifests (`traj_id`, `incorrect_stages[]` …) as JSON Lines or Parquet. Every file becomes a
//! [`Set`] of its own, because two annotators of the same run need not agree and their labels are
//! never mixed.

mod group;
mod outcomes;
mod position;
mod read;
mod row;
mod table;

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde::Serialize;
use trace::{Phase, StepId};

pub use group::Grouping;
pub use outcomes::outcomes;
pub use position::{apart, position_splits};
#[cfg(test)]
pub(crate) use read::from_rows;
pub(crate) use read::rows;
pub use read::{from_text, load, load_with};
pub(crate) use row::lines;
pub(crate) use row::{error_type, flag, ids, number, of_stages, onset, opened, real, stages, text};

/// The longest label or prediction file that is read, in bytes.
pub const MOST_BYTES: u64 = 1 << 30;

/// More steps than any run has; what claims more is held to this, so that a number in a file cannot
/// eat the machine.
pub const MOST_STEPS: u32 = 1_000_000;

/// Why labels or predictions could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file could not be opened or read.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is not what its name or its first bytes promise.
    #[error("{path}: {what}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong, and on which line where lines count.
        what: String,
    },
    /// Nothing in the file or folder is a labelled run or a prediction.
    #[error("{path}: {what}")]
    Empty {
        /// The file or folder.
        path: PathBuf,
        /// What was looked for.
        what: &'static str,
    },
}

/// The labels of one file.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Set {
    /// The file's name without its ending.
    pub name: String,
    /// The labelled runs, sorted by name.
    pub runs: Vec<GoldRun>,
    /// Rows that are no labelled run, as sentences: nothing is left out in silence.
    pub notes: Vec<String>,
}

/// A run with what is known to be true of it. A label that was not given is `None`; one that was
/// given and is empty is an empty set.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct GoldRun {
    /// The run's name: its id, or its folder's name.
    pub run: String,
    /// Where its artifacts are, as the labels say: a folder, a file or an archive.
    pub path: Option<String>,
    /// The task it attempted, for grouping: runs of one task are not independent.
    pub task: String,
    /// The agent's name.
    pub agent: Option<String>,
    /// The model's name.
    pub model: Option<String>,
    /// How hard the task is said to be.
    pub difficulty: Option<String>,
    /// What kind of task it is.
    pub category: Option<String>,
    /// The part of the benchmark it belongs to.
    pub split: Option<String>,
    /// Whether the task's own tests passed.
    pub solved: Option<bool>,
    /// How many steps the labels count.
    pub step_count: Option<u32>,
    /// Outer `None`: nobody said. Inner `None`: it is labelled that there is no onset.
    pub onset: Option<Option<StepId>>,
    /// The steps an honest reader could name as the onset, the onset included.
    pub accepted: BTreeSet<StepId>,
    /// Steps that were wrong state-changing actions or commitments.
    pub incorrect: Option<BTreeSet<StepId>>,
    /// Steps that explored without learning anything.
    pub unuseful: Option<BTreeSet<StepId>>,
    /// The stages, in step order.
    pub stages: Option<Vec<GoldStage>>,
    /// Steps that changed state.
    pub change_steps: Option<BTreeSet<StepId>>,
    /// What kind of error the onset is, in the six words of the paper.
    pub error_type: Option<String>,
    /// Ids of the stages at least half of whose steps are incorrect.
    pub error_stages: Option<BTreeSet<u32>>,
}

/// A labelled or predicted span of steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct GoldStage {
    /// 1-based.
    pub id: u32,
    /// First step.
    pub start: StepId,
    /// Last step, included.
    pub end: StepId,
    /// What the span is about, where it is said.
    pub phase: Option<Phase>,
}

impl GoldStage {
    /// True when the step lies within the span.
    #[must_use]
    pub fn contains(&self, step: StepId) -> bool {
        (self.start..=self.end).contains(&step)
    }

    /// How many steps it spans.
    #[must_use]
    pub fn len(&self) -> usize {
        (self.end.index() + 1).saturating_sub(self.start.index())
    }

    /// True when it ends before it starts.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The ids of the stages at least half of whose steps are among `incorrect`: the benchmark's rule
/// for an error stage.
#[must_use]
pub fn error_stages(stages: &[GoldStage], incorrect: &BTreeSet<StepId>) -> BTreeSet<u32> {
    let bad = |stage: &&GoldStage| {
        let wrong = if stage.is_empty() {
            0
        } else {
            incorrect.range(stage.start..=stage.end).count()
        };
        wrong > 0 && 2 * wrong >= stage.len()
    };
    stages.iter().filter(bad).map(|stage| stage.id).collect()
}

impl GoldRun {
    /// The number of steps, as labelled or as the last labelled step implies; [`MOST_STEPS`] at most.
    #[must_use]
    pub fn steps(&self) -> u32 {
        let last = |set: &Option<BTreeSet<StepId>>| set.as_ref().and_then(BTreeSet::last).copied();
        let stages = self.stages.iter().flatten().map(|stage| stage.end).max();
        let labelled = [
            last(&self.incorrect),
            last(&self.unuseful),
            last(&self.change_steps),
            self.onset.flatten(),
            stages,
        ];
        let implied = labelled.into_iter().flatten().max().map_or(0, StepId::get);
        self.step_count.unwrap_or(implied).min(MOST_STEPS)
    }
}

#[cfg(test)]
mod table_tests;
#[cfg(test)]
mod tests;
