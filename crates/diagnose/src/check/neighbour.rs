//! A step is judged in its place.

use trace::StepId;

use super::{Examination, Examined, Fault, Rule};

/// Of every labelled step a neighbour was opened: its parent in the trace tree, or the step before or
/// after it, which are its siblings and its child.
pub(super) const RULE: Rule = Rule {
    name: "neighbour",
    judge,
};

fn judge(examination: &Examination<'_, '_>) -> Vec<Fault> {
    let labels = examination
        .claims()
        .filter(|claim| claim.claim.kind.labels());
    let lonely = labels.filter(|claim| !is_seen_in_place(examination, claim));
    lonely
        .map(|claim| {
            let why = format!(
                "no neighbour of step {} was opened; open the step before or after it",
                claim.step
            );
            Fault::of(claim, why)
        })
        .collect()
}

fn is_seen_in_place(examination: &Examination<'_, '_>, claim: &Examined<'_>) -> bool {
    let index = examination.subject.index();
    let before = claim.step.get().checked_sub(1).and_then(StepId::new);
    let after = StepId::new(claim.step.get().saturating_add(1));
    let parent = index.tree.parent(claim.step);
    let near = [before, after, parent];
    index.len() < 2
        || near
            .iter()
            .flatten()
            .any(|step| examination.ledger.is_open(*step))
}
