//! What was missed had been shown.

use super::{Examination, Fault, Rule};
use crate::conclusion::ClaimKind;
use crate::subject::Part;

/// A missed signal quotes its own observation: the agent could see it there.
pub(super) const RULE: Rule = Rule {
    name: "seen",
    judge,
};

fn judge(examination: &Examination<'_, '_>) -> Vec<Fault> {
    let mut faults = Vec::new();
    for claim in examination.claims() {
        let Some(found) = &claim.found else {
            continue;
        };
        let shown = claim.from == claim.step && found.part == Part::Observation;
        if claim.claim.kind == ClaimKind::MissedSignal && !shown {
            let why = format!(
                "a missed signal must quote the observation of step {} itself",
                claim.step
            );
            faults.push(Fault::of(claim, why));
        }
    }
    faults
}
