//! A step is judged once.

use std::collections::BTreeMap;

use super::{Examination, Fault, Rule};
use crate::conclusion::ClaimKind;

/// A step has one label; the onset is incorrect by being the onset, and saying so again does no harm.
pub(super) const RULE: Rule = Rule {
    name: "one_label",
    judge,
};

fn judge(examination: &Examination<'_, '_>) -> Vec<Fault> {
    let mut wrong = BTreeMap::new();
    for kind in [ClaimKind::Onset, ClaimKind::Incorrect] {
        for claim in examination.of(kind) {
            wrong.entry(claim.step).or_insert(kind);
        }
    }
    let idle = examination.of(ClaimKind::Unuseful);
    idle.filter_map(|claim| {
        let kind = wrong.get(&claim.step)?;
        let why = format!(
            "step {} is called {} too; a step has one label",
            claim.step,
            kind.as_str()
        );
        Some(Fault::of(claim, why))
    })
    .collect()
}
