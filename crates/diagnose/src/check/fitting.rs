//! A run that did not fail has no onset.

use trace::Verdict;

use super::{Examination, Fault, Rule};

/// With `no_failure` there is neither onset nor chain.
pub(super) const RULE: Rule = Rule {
    name: "fitting",
    judge,
};

fn judge(examination: &Examination<'_, '_>) -> Vec<Fault> {
    if examination.conclusion.verdict != Verdict::NoFailure {
        return Vec::new();
    }
    let chain = examination
        .standing()
        .filter(|claim| claim.claim.kind.role().is_some());
    chain
        .map(|claim| Fault::of(claim, "a run without failure has no onset and no chain"))
        .collect()
}
