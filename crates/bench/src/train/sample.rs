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
    /// [`position_splits`]).
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

/// The splits whose labels are met by position alone: where flagging the step before the last, and no
/// other, hits in more than half of the runs that have an incorrect step. Whoever learns from them
/// learns where people put labels.
#[must_use]
pub fn position_splits(runs: &[GoldRun]) -> BTreeSet<String> {
    let mut hits: BTreeMap<&str, (u32, u32)> = BTreeMap::new();
    for run in runs {
        let (Some(split), Some(wrong)) = (&run.split, &run.incorrect) else {
            continue;
        };
        if wrong.is_empty() {
            continue;
        }
        let before_last = StepId::new(run.steps().saturating_sub(1));
        let (hit, of) = hits.entry(split).or_default();
        *of += 1;
        *hit += u32::from(before_last.is_some_and(|step| wrong.contains(&step)));
    }
    let found = hits.into_iter();
    found
        .filter(|(_, (hit, of))| hit * 2 > *of)
        .map(|(split, _)| split.to_owned())
        .collect()
}
