//! What is recorded is not argued with.

use trace::Verdict;

use super::{Examination, Fault, Rule};

/// No verdict stands against the recorded outcome, where that may be seen.
pub(super) const RULE: Rule = Rule {
    name: "outcome",
    judge,
};

fn judge(examination: &Examination<'_, '_>) -> Vec<Fault> {
    let offline = examination.subject.offline;
    let known = offline.outcome.resolved.filter(|_| offline.used_outcome);
    let why = match (known, examination.conclusion.verdict) {
        (Some(true), Verdict::FailureFound | Verdict::Undecided) => {
            "the recorded check passed: the verdict is no_failure"
        }
        (Some(false), Verdict::NoFailure) => {
            "the recorded check failed: the verdict is failure_found, or undecided where no onset can be shown"
        }
        _ => return Vec::new(),
    };
    vec![Fault::verdict(why)]
}
