//! The earliest step on the way to a failure that was never put right.

use std::collections::BTreeMap;

use super::{Signal, Suspicion};
use crate::case::Case;
use crate::evidence::of_action;
use trace::StepId;

/// The earliest step on the way to a failure that was never put right.
pub(super) struct FirstOnPath;

impl Signal for FirstOnPath {
    fn name(&self) -> &'static str {
        "first_on_path"
    }

    fn speaks_for_failure(&self) -> bool {
        false
    }

    fn measure(&self, case: &Case<'_>) -> Vec<Suspicion> {
        let failures = case.graph.failures();
        let mut first: BTreeMap<usize, StepId> = BTreeMap::new();
        for candidate in case.graph.candidates() {
            for explained in candidate.explains.iter().filter(|e| !e.repaired) {
                first.entry(explained.end).or_insert(candidate.step);
            }
        }
        let found = first.into_iter().filter_map(|(end, step)| {
            let failure = failures.get(end)?;
            let step = case.index.step(step)?;
            let why = case.graph.because(case.graph.candidate(step.id)?, failure);
            let why = format!("nothing before it leads there: {why}");
            let shown = failure.evidence.iter().cloned().map(Some);
            let evidence = [of_action(&step.step)].into_iter().chain(shown);
            Suspicion::new(&step, failure.strength, why, evidence)
        });
        found.collect()
    }
}
