//! A chain leads from the onset on.

use std::collections::BTreeMap;

use super::{Examination, Fault, Rule};
use crate::conclusion::ClaimKind;

/// The stations of the chain come after the onset, each step plays one part, and without an onset
/// there is no chain.
pub(super) const RULE: Rule = Rule {
    name: "order",
    judge,
};

fn judge(examination: &Examination<'_, '_>) -> Vec<Fault> {
    let onset = examination.of(ClaimKind::Onset).next();
    let mut parts = BTreeMap::new();
    let mut faults = Vec::new();
    for claim in examination.standing() {
        let kind = claim.claim.kind;
        if kind.role().is_none() || kind == ClaimKind::Onset {
            continue;
        }
        let why = match onset {
            None => Some("a chain needs an onset that stands the check".to_owned()),
            Some(onset) if claim.step < onset.step => Some(format!(
                "it comes before the onset, step {}; the chain leads from the onset to the failure",
                onset.step
            )),
            Some(onset) if claim.step == onset.step => {
                Some("the step is the onset; a step plays one part in the chain".to_owned())
            }
            Some(_) => {
                let first = *parts.entry(claim.step).or_insert(kind);
                (first != kind).then(|| {
                    format!(
                        "the step is called {} too; a step plays one part in the chain",
                        first.as_str()
                    )
                })
            }
        };
        faults.extend(why.map(|why| Fault::of(claim, why)));
    }
    faults
}
