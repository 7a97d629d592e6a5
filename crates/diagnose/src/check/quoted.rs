//! Quotations are really there.

use super::{Examination, Fault, Rule};
use crate::quotation::Objection;

/// The words a claim quotes stand in the step it quotes, in lines that were shown.
pub(super) const RULE: Rule = Rule {
    name: "quoted",
    judge,
};

fn judge(examination: &Examination<'_, '_>) -> Vec<Fault> {
    let mut faults = Vec::new();
    for claim in examination.claims() {
        // Of a step that was not opened another rule speaks.
        if !examination.ledger.is_open(claim.from) {
            continue;
        }
        let objection = claim.found.as_ref().map(|found| found.objection);
        let why = if objection == Some(Some(Objection::Unshown)) {
            format!(
                "you quote what you were not shown of step {}; open those lines first",
                claim.from
            )
        } else if objection.is_some() {
            continue;
        } else if claim.claim.quote.trim().is_empty() {
            format!("it has no quote; copy words of step {}", claim.from)
        } else {
            format!(
                "the quote is not in step {}; copy words that stand there, or say in `quoted_step` where they do",
                claim.from
            )
        };
        faults.push(Fault::of(claim, why));
    }
    faults
}
