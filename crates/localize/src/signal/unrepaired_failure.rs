//! Things tried that failed and never came to work.

use std::collections::HashMap;

use super::{Signal, Suspicion, at};
use crate::blame::Writers;
use crate::case::Case;
use crate::evidence::{of_action, of_observation};
use trace::StepStatus;

/// Things tried that failed and never came to work.
pub(super) struct UnrepairedFailure;

impl Signal for UnrepairedFailure {
    fn name(&self) -> &'static str {
        "unrepaired_failure"
    }

    fn measure(&self, case: &Case<'_>) -> Vec<Suspicion> {
        let history = &case.history;
        let mut writers = Writers::default();
        let mut open: HashMap<u32, (usize, Option<usize>)> = HashMap::new();
        for step in case.index.steps() {
            let n = step.id.index();
            if let Some(purpose) = history.step(n).and_then(|facts| facts.purpose) {
                match step.outcome.status {
                    StepStatus::Failed => {
                        open.insert(purpose, (n, writers.cause(&step)));
                    }
                    StepStatus::Ok => {
                        open.remove(&purpose);
                    }
                    StepStatus::Unknown => {}
                }
            }
            writers.note(&step);
        }
        let mut open: Vec<(usize, Option<usize>)> = open.into_values().collect();
        open.sort_unstable();
        open.into_iter()
            .filter_map(|(failed, cause)| {
                let failed = at(case.index, failed)?;
                let change = failed.reading.effect.kind.is_change();
                let blamed = if change {
                    failed.id.index()
                } else {
                    cause.unwrap_or(failed.id.index())
                };
                let blamed = at(case.index, blamed)?;
                let span = failed
                    .outcome
                    .errors
                    .first()
                    .map_or(0..0, |e| e.span.clone());
                Suspicion::new(
                    &blamed,
                    if change || cause.is_some() { 0.8 } else { 0.3 },
                    format!("step {} failed and nothing like it worked later", failed.id),
                    [of_action(&blamed.step), of_observation(&failed.step, &span)],
                )
            })
            .collect()
    }
}
