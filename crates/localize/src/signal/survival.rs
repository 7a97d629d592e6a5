//! Steps whose text still stands in the files at the end.
//!
//! No fault in itself. Where a run failed what it left is wrong, and a line that stands was put there by a
//! step that can be named. The first whose text lasts in a file counts most: the others went on from it.

use std::collections::BTreeMap;

use super::{Signal, Suspicion};
use crate::case::Case;
use crate::evidence::of_action;
use crate::facts::file::{file_name, is_aside};
use trace::StepId;

/// How much a file counts that the task demands.
const DEMANDED: f64 = 0.9;
/// How much a file counts that the task does not name.
const UNNAMED: f64 = 0.6;
/// What a step counts of that which wrote no more than a share of what stands, and came later.
const LATER: f64 = 0.7;

/// Steps whose text still stands in the files at the end.
pub(super) struct Survival;

impl Signal for Survival {
    fn name(&self) -> &'static str {
        "survival"
    }

    fn speaks_for_failure(&self) -> bool {
        false
    }

    fn measure(&self, case: &Case<'_>) -> Vec<Suspicion> {
        let Some(last) = case.index.len().checked_sub(1).map(StepId::from_index) else {
            return Vec::new();
        };
        let mut best: BTreeMap<StepId, (f64, &str)> = BTreeMap::new();
        for file in case.workspace.files().filter(|file| !file.only_shown()) {
            let demanded = case.contract.contract.output(&file.path).is_some();
            if !demanded && (file.path.starts_with("/tmp/") || is_aside(file_name(&file.path))) {
                continue;
            }
            let mut standing: BTreeMap<StepId, u32> = BTreeMap::new();
            for line in case.workspace.blame(&file.path, last).into_iter().flatten() {
                if let (Some(step), false) = (line.origin.step(), line.text.trim().is_empty()) {
                    *standing.entry(step).or_default() += 1;
                }
            }
            let all: u32 = standing.values().sum();
            let first = standing.keys().next().copied();
            for (step, lines) in standing {
                let part = if first == Some(step) {
                    1.0
                } else {
                    LATER * f64::from(lines) / f64::from(all)
                };
                let strength = part * if demanded { DEMANDED } else { UNNAMED };
                let known = best.entry(step).or_insert((0.0, ""));
                if strength > known.0 {
                    *known = (strength, &file.path);
                }
            }
        }
        let found = best.into_iter().filter_map(|(id, (strength, path))| {
            let step = case.index.step(id)?;
            let why = format!("what it wrote of `{path}` stands at the end");
            Suspicion::new(&step, strength, why, [of_action(&step.step)])
        });
        found.collect()
    }
}
