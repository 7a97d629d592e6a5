//! Steps that show that the run failed or is not done.
//!
//! Such a step is seldom where the run went wrong, so it hardly places the onset; but how loud the
//! loudest of them is tells best whether the run failed at all.

use super::{Signal, Suspicion};
use crate::case::Case;

/// Steps that show that the run failed or is not done.
pub(super) struct ObservedFailure;

impl Signal for ObservedFailure {
    fn name(&self) -> &'static str {
        "observed_failure"
    }

    fn measure(&self, case: &Case<'_>) -> Vec<Suspicion> {
        let failures = case.graph.failures().iter();
        failures
            .filter_map(|failure| {
                let step = case.index.step(failure.step)?;
                let why = format!("shows that the run is not well: {}", failure.why);
                let shown = failure.evidence.iter().cloned().map(Some);
                Suspicion::new(&step, failure.strength, why, shown)
            })
            .collect()
    }
}
