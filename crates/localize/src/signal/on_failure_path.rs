//! Steps that had a part in what shows at the end that the run failed.

use super::{Signal, Suspicion};
use crate::case::Case;
use crate::evidence::of_action;
use crate::graph::Candidate;

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
        let part = failures.get(explained.end)?.strength * explained.share();
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
