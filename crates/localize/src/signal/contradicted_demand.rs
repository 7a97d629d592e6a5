//! Something else where a demand belongs: another path, another spelling, a forbidden deed.

use super::{Signal, Suspicion, at};
use crate::case::Case;
use crate::contract::State;

/// Something else where a demand belongs.
pub(super) struct ContradictedDemand;

impl Signal for ContradictedDemand {
    fn name(&self) -> &'static str {
        "contradicted_demand"
    }

    fn measure(&self, case: &Case<'_>) -> Vec<Suspicion> {
        let mut found = Vec::new();
        for (demand, standing) in case.contract.standing(State::Contradicted) {
            let (mark, strength) = match (&standing.broken, &standing.instead) {
                (Some(mark), _) => (mark, 0.8),
                // A lesser result has its own signal.
                (None, Some(mark)) if standing.substitute.is_none() => (mark, 0.7),
                _ => continue,
            };
            if let Some(step) = at(case.index, mark.step.index()) {
                let why = format!("{}, where the task demands {}", mark.why, demand.name());
                let strength = strength * f64::from(demand.weight.min(2)) / 2.0;
                let cited = [mark.evidence.clone()];
                found.extend(Suspicion::new(&step, strength, why, cited));
            }
        }
        found
    }
}
