//! There is one first mistake and one last word.

use super::{Examination, Fault, Rule};
use crate::conclusion::ClaimKind;

/// At most one step is the onset, and at most one the final commitment; the first named stands.
pub(super) const RULE: Rule = Rule {
    name: "one_onset",
    judge,
};

fn judge(examination: &Examination<'_, '_>) -> Vec<Fault> {
    let mut faults = Vec::new();
    for kind in [ClaimKind::Onset, ClaimKind::FinalCommitment] {
        let mut first = None;
        for claim in examination.of(kind) {
            match first {
                None => first = Some(claim.step),
                Some(first) => {
                    let why = format!(
                        "there can be one {} only, and step {first} is named",
                        kind.as_str()
                    );
                    faults.push(Fault::of(claim, why));
                }
            }
        }
    }
    faults
}
