//! A demand that no step ever worked on.
//!
//! It is held against the step that began the work around it, where it was left out: the step that
//! first worked on the demand stated next to it. The agent's own plan, where it lists other demands
//! and not this one, is cited with it.

use super::{Signal, Suspicion, at};
use crate::case::Case;
use crate::contract::{Demand, DemandKind, Standing, State, Touch, TouchKind};
use crate::evidence::of_action;
use trace::StepId;

/// A demand that no step ever worked on.
pub(super) struct DroppedDemand;

impl Signal for DroppedDemand {
    fn name(&self) -> &'static str {
        "dropped_demand"
    }

    fn measure(&self, case: &Case<'_>) -> Vec<Suspicion> {
        let all: Vec<(&Demand, &Standing)> = case.contract.each().collect();
        let mut found = Vec::new();
        for (demand, standing) in case.contract.standing(State::NeverTouched) {
            // What an output shows of a limit, and how a result is checked, is not always to be seen.
            let strength = match demand.kind {
                DemandKind::Output { .. } | DemandKind::Removal { .. } => 0.8,
                DemandKind::Service { .. } | DemandKind::Format { .. } => 0.6,
                DemandKind::Command { .. } => 0.4,
                DemandKind::Literal { .. } => 0.25 * f64::from(demand.weight),
                _ => continue,
            };
            // What is there already need not be written.
            let read = |touch: &Touch| touch.kind == TouchKind::Reads;
            let named = matches!(demand.kind, DemandKind::Literal { .. }) && demand.weight < 2;
            if named && standing.touches().iter().any(read) {
                continue;
            }
            let begun = all
                .iter()
                .filter_map(|(other, theirs)| {
                    let distance = other.span.start.abs_diff(demand.span.start);
                    Some((distance, other.id, theirs.begun?))
                })
                .min();
            // Nobody worked on anything: the run ended without it.
            let ended = || case.index.len().checked_sub(1).map(StepId::from_index);
            let planned = case.contract.plan_without(demand.id);
            let nearest = planned.or(begun.map(|(.., step)| step));
            let strength = if nearest.is_some() {
                strength
            } else {
                strength / 2.0
            };
            let Some(id) = nearest.or_else(ended) else {
                continue;
            };
            if let Some(step) = at(case.index, id.index()) {
                let mentioned = !standing.touches().is_empty();
                let more = if mentioned {
                    ", though it was named"
                } else {
                    ""
                };
                let why = format!(
                    "leaves out {}; no step does anything for it{more}",
                    demand.name()
                );
                found.extend(Suspicion::new(
                    &step,
                    strength,
                    why,
                    [of_action(&step.step)],
                ));
            }
        }
        found
    }
}
