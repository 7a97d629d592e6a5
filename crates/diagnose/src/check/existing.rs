//! Steps that are spoken of exist.

use super::{Examination, Fault, Rule};

/// A claim is about a step of the main trajectory, and so is what it quotes.
pub(super) const RULE: Rule = Rule {
    name: "existing",
    judge,
};

fn judge(examination: &Examination<'_, '_>) -> Vec<Fault> {
    examination.unreal().to_vec()
}
