//! Quotations are really there.

use super::{Examination, Fault, Rule};

/// The words a claim quotes stand in the step it quotes.
pub(super) const RULE: Rule = Rule {
    name: "quoted",
    judge,
};

fn judge(examination: &Examination<'_, '_>) -> Vec<Fault> {
    let mut faults = Vec::new();
    for claim in examination.claims() {
        // Of a step that was not opened another rule speaks.
        if claim.found.is_some() || !examination.ledger.is_open(claim.from) {
            continue;
        }
        let why = if claim.claim.quote.trim().is_empty() {
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
