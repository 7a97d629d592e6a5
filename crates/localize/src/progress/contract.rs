//! The task's demands over a run: how much of their weight is met, and which were met and lost.

use std::collections::BTreeSet;

use analysis::Index;
use trace::{StepId, TurningKind, TurningPoint};

use super::{Fall, Levels, cite};
use crate::contract::{Audit, DemandKind};
use crate::evidence::of_action;

/// The met share of all demands after each step that changed it. `None` when the task demands nothing
/// that can be judged, or no step met anything.
pub(super) fn levels(index: &Index<'_>, audit: &Audit) -> Option<Levels> {
    audit.peak()?;
    let all = audit.of();
    let mut levels = Levels::new(
        "points of what the task asks for are there, right or not",
        all,
    );
    let mut before = None;
    for at in 0..index.len() {
        let id = StepId::from_index(at);
        let (met, _) = audit.progress(id);
        if before != Some(met) {
            let share = f64::from(met) / f64::from(all.max(1));
            let cited = index.step(id).and_then(|step| of_action(&step.step));
            levels.push(id, share, cited);
            before = Some(met);
        }
    }
    Some(levels)
}

/// The demands that were lost. What a step did to a file the task names may be told already.
pub(super) fn falls(index: &Index<'_>, audit: &Audit, told: &[Fall]) -> Vec<Fall> {
    let all = f64::from(audit.of().max(1));
    let told: BTreeSet<StepId> = told
        .iter()
        .filter(|fall| {
            matches!(
                fall.point.kind,
                TurningKind::DeliverableRemoved | TurningKind::DeliverableOverwritten
            )
        })
        .map(|fall| fall.point.step_id)
        .collect();
    let lost = audit
        .falls()
        .into_iter()
        .filter(|lost| !told.contains(&lost.fell));
    lost.filter_map(|lost| {
        let at = usize::from(lost.demand).checked_sub(1)?;
        let demand = audit.contract.demands.get(at)?;
        // A check that failed is told by what it checked.
        if demand.kind == DemandKind::Verification {
            return None;
        }
        let step = index.step(lost.fell)?;
        Some(Fall {
            share: f64::from(demand.weight) / all,
            point: TurningPoint {
                step_id: lost.fell,
                kind: TurningKind::DemandLost,
                why: format!(
                    "no longer meets a demand that was met at step {}: {}",
                    lost.met,
                    demand.name()
                ),
                evidence: Vec::new(),
                recovered_at: lost.regained,
            },
            cited: cite([of_action(&step.step)]),
        })
    })
    .collect()
}
