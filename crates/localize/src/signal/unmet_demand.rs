//! A demand that the run worked on and left unmet.
//!
//! It is held against the step that first showed it unmet or handled it wrongly, and, more faintly,
//! against the last step whose words claimed success over it.

use super::{Signal, Suspicion, at};
use crate::case::Case;
use crate::contract::{DemandKind, State};
use crate::evidence::of_action;

/// A demand that the run worked on and left unmet.
pub(super) struct UnmetDemand;

impl Signal for UnmetDemand {
    fn name(&self) -> &'static str {
        "unmet_demand"
    }

    fn measure(&self, case: &Case<'_>) -> Vec<Suspicion> {
        let mut found = Vec::new();
        for (demand, standing) in case.contract.standing(State::Unmet) {
            // Where it once was met, the step that broke it has its own signal.
            if standing.ever_met() {
                continue;
            }
            let strength = match demand.kind {
                DemandKind::Limit { .. } | DemandKind::Command { .. } => 0.6,
                DemandKind::Output { .. } | DemandKind::Service { .. } => 0.8,
                _ => 0.4,
            };
            let shown = standing.wrong.as_ref();
            let first = shown.map(|mark| mark.step).or(standing.begun);
            if let Some(step) = first.and_then(|id| at(case.index, id.index())) {
                let why = match shown {
                    Some(mark) => format!("shows that {} is unmet: {}", demand.name(), mark.why),
                    None => format!("{} is begun here and never shown to be met", demand.name()),
                };
                let evidence = shown.and_then(|mark| mark.evidence.clone());
                let cited = [evidence.or_else(|| of_action(&step.step))];
                found.extend(Suspicion::new(&step, strength, why, cited));
            }
            if let Some(claim) = &standing.claimed
                && first != Some(claim.step)
                && let Some(step) = at(case.index, claim.step.index())
            {
                let why = format!("{} though {} is unmet", claim.why, demand.name());
                let shown = shown.and_then(|mark| mark.evidence.clone());
                let cited = [claim.evidence.clone(), shown];
                found.extend(Suspicion::new(&step, strength / 2.0, why, cited));
            }
        }
        found
    }
}
