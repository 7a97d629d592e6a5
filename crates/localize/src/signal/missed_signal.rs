//! Going on to something else right after a failure that is never put right.

use super::{Signal, Suspicion};
use crate::case::Case;
use crate::evidence::of_action;

/// Going on to something else right after a failure that is never put right.
pub(super) struct MissedSignal;

impl Signal for MissedSignal {
    fn name(&self) -> &'static str {
        "missed_signal"
    }

    fn measure(&self, case: &Case<'_>) -> Vec<Suspicion> {
        let found = case.graph.dismissals().iter().filter_map(|dismissed| {
            let step = case.index.step(dismissed.step)?;
            let failure = case.graph.failures().get(dismissed.failure)?;
            let why = format!(
                "goes on although step {} had failed: {}",
                dismissed.over, failure.why
            );
            let shown = failure.evidence.iter().cloned().map(Some);
            let evidence = [of_action(&step.step)].into_iter().chain(shown);
            Suspicion::new(&step, failure.strength, why, evidence)
        });
        found.collect()
    }
}
