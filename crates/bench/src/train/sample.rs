//! What there is to learn from.

use std::collections::{BTreeMap, BTreeSet};

use localize::model::Table;
use trace::StepId;

use crate::gold::GoldRun;

/// A labelled run with what the engine measured of it.
#[derive(Debug, Clone)]
pub struct Sample {
    /// The run's name.
    pub run: String,
    /// Its task: no task is ever in training and in testing at once.
    pub task: String,
    /// What was measured; the recorded outcome is not in it.
    pub table: Table,
    /// The recorded outcome, as far as the engine may see it.
    pub resolved: Option<bool>,
    /// The labelled onset; `Some(None)` for a run labelled to have none.
    pub onset: Option<Option<StepId>>,
    /// Other steps a reader accepts.
    pub accepted: BTreeSet<StepId>,
    /// The incorrect steps to learn from; `None` where there are none, or where they teach positions.
    pub incorrect: Option<BTreeSet<StepId>>,
    /// Whether the run failed: labelled, or recorded.
    pub failed: Option<bool>,
}

impl Sample {
    /// A run with its labels. `artificial` are the splits whose labels teach positions (see
    /// [`crate::gold::position_splits`]).
    #[must_use]
    pub fn new(
        gold: &GoldRun,
        table: Table,
        resolved: Option<bool>,
        artificial: &BTreeSet<String>,
    ) -> Self {
        let teaches = gold
            .split
            .as_ref()
            .is_none_or(|split| !artificial.contains(split));
        let labelled = gold.onset.map(|onset| onset.is_some());
        Self {
            run: gold.run.clone(),
            task: gold.task.clone(),
            table,
            resolved,
            onset: gold.onset,
            accepted: gold.accepted.clone(),
            incorrect: gold.incorrect.clone().filter(|_| teaches),
            failed: labelled.or(gold.solved.map(|solved| !solved)),
        }
    }

    /// A run of which nothing is known but how it ended.
    #[must_use]
    pub fn of_outcome(run: String, task: String, table: Table, resolved: bool) -> Self {
        Self {
            run,
            task,
            table,
            resolved: Some(resolved),
            onset: None,
            accepted: BTreeSet::new(),
            incorrect: None,
            failed: Some(!resolved),
        }
    }
}

impl Sample {
    /// Whether its labels say anything of a failure; those of effects alone do not.
    #[must_use]
    pub fn teaches(&self) -> bool {
        self.onset.is_some() || self.incorrect.is_some() || self.failed.is_some()
    }
}

/// Makes one task of all the tasks that a run is said to be an attempt at. The same run stands in several
/// files of labels, which need not call its task the same; without this its labels of one file would be
/// in training while those of the other are in testing. `runs` says, sample by sample, which run it is.
pub fn join_tasks<R: Ord>(samples: &mut [Sample], runs: &[R]) {
    let mut same: BTreeMap<String, String> = BTreeMap::new();
    let mut first: BTreeMap<&R, String> = BTreeMap::new();
    for (sample, run) in samples.iter().zip(runs) {
        let known = first.entry(run).or_insert_with(|| sample.task.clone());
        let (a, b) = (top(&same, known), top(&same, &sample.task));
        if a != b {
            // The name that comes first stands for all.
            same.insert(a.clone().max(b.clone()), a.min(b));
        }
    }
    for sample in samples {
        sample.task = top(&same, &sample.task);
    }
}

/// The name that stands for a task.
fn top(same: &BTreeMap<String, String>, task: &str) -> String {
    let mut task = task;
    // Every name points to one that comes before it, so that this ends.
    while let Some(before) = same.get(task) {
        task = before;
    }
    task.to_owned()
}

/// A digest of everything there is to learn from: labels and measurements, in the order of the samples.
#[must_use]
pub fn digest(samples: &[Sample]) -> String {
    let mut hasher = blake3::Hasher::new();
    for sample in samples.iter().filter(|sample| sample.teaches()) {
        hasher.update(format!("{}\0{}\0", sample.run, sample.task).as_bytes());
        let labels = (
            sample.onset,
            &sample.accepted,
            &sample.incorrect,
            sample.failed,
            sample.resolved,
        );
        hasher.update(format!("{labels:?}\0{:?}\0", sample.table.rows).as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}
