//! Steps that had a part in what shows at the end that the run failed.

use super::{Signal, Suspicion};
use crate::case::Case;
use crate::evidence::of_action;
use crate::graph::Candidate;

/// How much of its weight a failure keeps with every edge on the way back.
const PER_EDGE: f64 = 0.85;
/// How much of it remains for a step that was put right before.
const REPAIRED: f64 = 0.2;

/// Steps that had a part in what shows at the end that the run failed.
pub(super) struct OnFailurePath;

impl Signal for OnFailurePath {
    fn name(&self) -> &'static str {
        "on_failure_path"
    }

    fn measure(&self, case: &Case<'_>) -> Vec<Suspicion> {
        let candidates = case.graph.candidates().iter();
        candidates
            .filter_map(|candidate| suspicion(case, candidate))
            .collect()
    }
}

fn suspicion(case: &Case<'_>, candidate: &Candidate) -> Option<Suspicion> {
    let failures = case.graph.failures();
    let mut innocent = 1.0;
    let mut loudest: Option<(f64, usize)> = None;
    for explained in &candidate.explains {
        let distance = i32::try_from(explained.distance).unwrap_or(i32::MAX);
        let kept = if explained.repaired { REPAIRED } else { 1.0 };
        let part = failures.get(explained.end)?.strength * PER_EDGE.powi(distance) * kept;
        innocent *= 1.0 - part;
        if loudest.is_none_or(|(most, _)| part > most) {
            loudest = Some((part, explained.end));
        }
    }
    let failure = failures.get(loudest?.1)?;
    let step = case.index.step(candidate.step)?;
    let why = case.graph.because(candidate, failure);
    let action = of_action(&step.step);
    let shown = failure.evidence.iter().cloned().map(Some);
    Suspicion::new(
        &step,
        1.0 - innocent,
        why,
        [action].into_iter().chain(shown),
    )
}
