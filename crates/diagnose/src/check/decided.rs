//! A wrong decision is a decision.

use super::{Examination, Fault, Rule};
use crate::conclusion::ClaimKind;
use crate::subject::Part;

/// Where a step that only looked is called the onset or incorrect, the quotation is of what the agent
/// thought or did there: what came back is nobody's decision. A step that changed something may be
/// proven wrong by any step.
pub(super) const RULE: Rule = Rule {
    name: "decided",
    judge,
};

fn judge(examination: &Examination<'_, '_>) -> Vec<Fault> {
    let index = examination.subject.index();
    let mut faults = Vec::new();
    for claim in examination.claims() {
        let (Some(found), Some(step)) = (&claim.found, index.step(claim.step)) else {
            continue;
        };
        let wrong = matches!(claim.claim.kind, ClaimKind::Onset | ClaimKind::Incorrect);
        let decision = claim.from == claim.step && found.part != Part::Observation;
        if wrong && !decision && !step.reading.effect.kind.is_change() {
            let why = format!(
                "step {} changed nothing; quote the thought or action in it that was the wrong decision, \
                 or name the step that acted on it",
                claim.step
            );
            faults.push(Fault::of(claim, why));
        }
    }
    faults
}
