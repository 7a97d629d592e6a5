//! No verdict without evidence.

use trace::Verdict;

use super::{Examination, Fault, Rule};
use crate::conclusion::ClaimKind;

/// A failure is backed by its onset, any other verdict by a claim of kind `evidence` or by an onset that
/// stands: even an empty answer needs evidence.
pub(super) const RULE: Rule = Rule {
    name: "backed",
    judge,
};

fn judge(examination: &Examination<'_, '_>) -> Vec<Fault> {
    let onset = examination.of(ClaimKind::Onset).next().is_some();
    let evidence = examination.of(ClaimKind::Evidence).next().is_some();
    let why = match examination.conclusion.verdict {
        Verdict::FailureFound if !onset => {
            "failure_found needs a claim of kind `onset` that stands the check"
        }
        Verdict::NoFailure | Verdict::Undecided if !(onset || evidence) => {
            "a verdict without onset needs a claim of kind `evidence` that shows it"
        }
        _ => return Vec::new(),
    };
    vec![Fault::verdict(why)]
}
