//! A made-up or lesser result that is left where a demanded one belongs.

use super::{Signal, Suspicion, at};
use crate::case::Case;
use crate::contract::State;

/// A made-up or lesser result that is left where a demanded one belongs.
pub(super) struct SubstitutedResult;

impl Signal for SubstitutedResult {
    fn name(&self) -> &'static str {
        "substituted_result"
    }

    fn measure(&self, case: &Case<'_>) -> Vec<Suspicion> {
        let mut found: Vec<Suspicion> = Vec::new();
        for (demand, standing) in case.contract.standing(State::Contradicted) {
            let Some(mark) = &standing.substitute else {
                continue;
            };
            // One step may make several files; it is held against it once.
            if found.iter().any(|suspicion| suspicion.step == mark.step) {
                continue;
            }
            if let Some(step) = at(case.index, mark.step.index()) {
                let why = format!(
                    "by its own words {} of the demanded {}",
                    mark.why,
                    demand.name()
                );
                let cited = [mark.evidence.clone()];
                found.extend(Suspicion::new(&step, 0.8, why, cited));
            }
        }
        found
    }
}
