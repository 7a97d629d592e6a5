//! Only an exploration can be unuseful.

use super::{Examination, Fault, Rule};
use crate::conclusion::ClaimKind;

/// A step that is called unuseful only looked: one that changed something is right or wrong.
pub(super) const RULE: Rule = Rule {
    name: "explored",
    judge,
};

fn judge(examination: &Examination<'_, '_>) -> Vec<Fault> {
    let index = examination.subject.index();
    let idle = examination
        .claims()
        .filter(|claim| claim.claim.kind == ClaimKind::Unuseful);
    let changing = idle.filter(|claim| {
        index
            .step(claim.step)
            .is_some_and(|step| step.reading.effect.kind.is_change())
    });
    changing
        .map(|claim| {
            let why = format!(
                "step {} changes something, and only explorations can be unuseful; call it incorrect if it was wrong",
                claim.step
            );
            Fault::of(claim, why)
        })
        .collect()
}
