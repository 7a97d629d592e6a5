//! What failed and never came to work, held against the nearest change behind it.

use std::collections::BTreeMap;

use super::{Signal, Suspicion};
use crate::case::Case;
use crate::evidence::of_action;
use crate::graph::{FailureKind, Part};
use trace::StepId;

/// How much counts of a failure that no change is known to be behind.
const ITSELF: f64 = 0.5;

/// What failed and never came to work.
pub(super) struct UnrepairedFailure;

impl Signal for UnrepairedFailure {
    fn name(&self) -> &'static str {
        "unrepaired_failure"
    }

    fn measure(&self, case: &Case<'_>) -> Vec<Suspicion> {
        // For each failure the nearest change, the latest of equally near ones.
        let mut nearest: BTreeMap<usize, (u32, StepId)> = BTreeMap::new();
        for candidate in case.graph.candidates().iter().rev() {
            for explained in &candidate.explains {
                let this = (explained.distance, candidate.step);
                let wrote = candidate.part != Part::Itself && !explained.repaired;
                let known = nearest.get(&explained.end);
                if wrote && known.is_none_or(|(distance, _)| explained.distance < *distance) {
                    nearest.insert(explained.end, this);
                }
            }
        }
        let failures = case.graph.failures().iter().enumerate();
        let found = failures.filter_map(|(place, failure)| {
            let shown = matches!(
                failure.kind,
                FailureKind::OpenError | FailureKind::Stuck | FailureKind::FailingTests
            );
            // What changed something and failed at it is itself the wrong step.
            let failed = case.index.step(failure.step)?;
            let changed = failed
                .reading
                .effect
                .kind
                .is_change()
                .then_some(failure.step);
            let blamed = changed.or_else(|| nearest.get(&place).map(|(_, step)| *step));
            let part = if blamed.is_some() { 1.0 } else { ITSELF };
            let step = case.index.step(blamed.unwrap_or(failure.step))?;
            let cited = failure.evidence.iter().cloned().map(Some);
            let evidence = [of_action(&step.step)].into_iter().chain(cited);
            let why = match case.graph.candidate(step.id) {
                Some(candidate) => case.graph.because(candidate, failure),
                None => failure.why.clone(),
            };
            shown.then(|| Suspicion::new(&step, failure.strength * part, why, evidence))?
        });
        found.collect()
    }
}
