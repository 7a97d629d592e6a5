//! Claims and commitments over a failure that an earlier change had caused.
//!
//! Speaks in favour of a step: to go on over a visible failure is a mistake, but the first one was made by
//! the change that caused it.

use std::collections::{BTreeMap, BTreeSet};

use super::{Signal, Suspicion};
use crate::case::Case;
use crate::evidence::of_action;
use analysis::activity::Activity;
use trace::StepId;

/// Claims and commitments over a failure that an earlier change had caused.
pub(super) struct Consequence;

/// Where a failure began: the earliest change behind it that was not put right.
struct Root {
    step: StepId,
    strength: f64,
}

impl Signal for Consequence {
    fn name(&self) -> &'static str {
        "consequence"
    }

    fn speaks_for_failure(&self) -> bool {
        false
    }

    fn exculpates(&self) -> bool {
        true
    }

    fn measure(&self, case: &Case<'_>) -> Vec<Suspicion> {
        let roots = roots(case);
        let claims = case.graph.contradictions().map(|(claim, _)| claim.step);
        let dismissals = case.graph.dismissals().iter().map(|it| it.step);
        let ends = case.index.steps().next_back().map(|step| step.id);
        let steps: BTreeSet<StepId> = claims.chain(dismissals).chain(ends).collect();
        let found = steps.into_iter().filter_map(|id| {
            let before = roots.range(..id);
            let loudest = before
                .max_by(|a, b| a.1.strength.total_cmp(&b.1.strength))?
                .1;
            let step = case.index.step(id)?;
            // Who writes on makes a decision of his own.
            if step.reading.activities.contains(&Activity::Edit) {
                return None;
            }
            let root = case.index.step(loudest.step)?;
            let why = format!(
                "comes after the failure that step {} had caused",
                loudest.step
            );
            Suspicion::new(
                &step,
                loudest.strength,
                why,
                [of_action(&step.step), of_action(&root.step)],
            )
        });
        found.collect()
    }
}

/// By the step that shows it, where each failure began; only where a change did it.
fn roots(case: &Case<'_>) -> BTreeMap<StepId, Root> {
    let mut roots: BTreeMap<StepId, Root> = BTreeMap::new();
    for candidate in case.graph.candidates() {
        let changes = case
            .index
            .step(candidate.step)
            .is_some_and(|step| step.reading.activities.contains(&Activity::Edit));
        if !changes {
            continue;
        }
        for explained in candidate.explains.iter().filter(|it| !it.repaired) {
            let Some(failure) = case.graph.failures().get(explained.end) else {
                continue;
            };
            if candidate.step >= failure.step {
                continue;
            }
            let strength = failure.strength * explained.share();
            let louder = roots
                .get(&failure.step)
                .is_none_or(|known| strength > known.strength);
            if louder {
                let step = candidate.step;
                roots.insert(failure.step, Root { step, strength });
            }
        }
    }
    roots
}
