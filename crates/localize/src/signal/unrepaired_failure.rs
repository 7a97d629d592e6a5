//! Commands that failed and never came to work.

use std::collections::BTreeMap;

use super::{Signal, Suspicion, at};
use crate::blame::Writers;
use crate::case::Case;
use crate::evidence::{action_text, of_action, of_observation};
use trace::StepStatus;

/// Commands that failed and never came to work.
pub(super) struct UnrepairedFailure;

impl Signal for UnrepairedFailure {
    fn name(&self) -> &'static str {
        "unrepaired_failure"
    }

    fn measure(&self, case: &Case<'_>) -> Vec<Suspicion> {
        let index = case.index;
        let mut writers = Writers::default();
        let mut open: BTreeMap<String, (usize, Option<usize>)> = BTreeMap::new();
        for step in index.steps() {
            let key = || action_text(&step.step).trim();
            match step.outcome.status {
                StepStatus::Failed => {
                    open.insert(key().to_owned(), (step.id.index(), writers.cause(&step)));
                }
                StepStatus::Ok if !open.is_empty() => {
                    open.remove(key());
                }
                StepStatus::Ok | StepStatus::Unknown => {}
            }
            writers.note(&step);
        }
        open.into_values()
            .filter_map(|(failed, cause)| {
                let failed = &at(index, failed)?;
                let span = failed
                    .outcome
                    .errors
                    .first()
                    .map_or(0..0, |e| e.span.clone());
                let blamed = at(index, cause.unwrap_or(failed.id.index()))?;
                let strength = if cause.is_some() { 0.7 } else { 0.3 };
                Suspicion::new(
                    &blamed,
                    strength,
                    format!(
                        "step {} failed and the same command never worked afterwards",
                        failed.id
                    ),
                    [of_action(&blamed.step), of_observation(&failed.step, &span)],
                )
            })
            .collect()
    }
}
