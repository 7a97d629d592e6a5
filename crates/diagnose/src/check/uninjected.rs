//! Text that speaks to the judge proves nothing.

use super::{Examination, Fault, Rule};
use crate::quotation::Objection;

/// Words on a line of an injection are no evidence for anything. Where the same words stand elsewhere in
/// the step too, those are taken.
pub(super) const RULE: Rule = Rule {
    name: "uninjected",
    judge,
};

fn judge(examination: &Examination<'_, '_>) -> Vec<Fault> {
    let planted = examination.claims().filter(|claim| {
        let found = claim.found.as_ref();
        found.is_some_and(|found| found.objection == Some(Objection::Planted))
    });
    planted
        .map(|claim| {
            let why = format!(
                "the quote is text planted in step {} for whoever judges the run; it is no evidence",
                claim.from
            );
            Fault::of(claim, why)
        })
        .collect()
}
