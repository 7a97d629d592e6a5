//! What is judged was looked at.

use super::{Examination, Fault, Rule};

/// The step of a claim and the step it quotes were opened: their text was shown.
pub(super) const RULE: Rule = Rule {
    name: "opened",
    judge,
};

fn judge(examination: &Examination<'_, '_>) -> Vec<Fault> {
    let mut faults = Vec::new();
    for claim in examination.claims() {
        if !examination.ledger.is_open(claim.step) {
            let why = format!("step {} was not opened; open it first", claim.step);
            faults.push(Fault::of(claim, why));
        } else if !examination.ledger.is_open(claim.from) {
            let why = format!("it quotes step {}, which was not opened", claim.from);
            faults.push(Fault::of(claim, why));
        }
    }
    faults
}
