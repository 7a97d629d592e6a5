//! A verdict is backed: a failure by its onset, anything else by evidence, and no verdict stands
//! against the recorded outcome.

use trace::Verdict;

use super::Checked;
use crate::conclusion::Conclusion;
use crate::ledger::Ledger;
use crate::subject::Subject;

pub(super) fn check(
    conclusion: &Conclusion,
    subject: &Subject<'_>,
    _: &Ledger,
    checked: &Checked,
) -> Result<(), String> {
    let known = subject
        .offline
        .outcome
        .resolved
        .filter(|_| subject.offline.used_outcome);
    match conclusion.verdict {
        Verdict::FailureFound if known == Some(true) => {
            Err("the recorded check passed: the run did not fail".to_owned())
        }
        Verdict::FailureFound if checked.onset.is_none() => {
            Err("a failure needs an onset that stands the check".to_owned())
        }
        Verdict::NoFailure if known == Some(false) => {
            Err("the recorded check failed: the run did fail".to_owned())
        }
        Verdict::NoFailure | Verdict::Undecided if checked.evidence.is_empty() => {
            Err("a verdict without onset needs evidence too".to_owned())
        }
        _ => Ok(()),
    }
}
