//! A run is not judged by one corner of it.

use super::{Examination, Fault, Rule};

/// At least three stages were looked at, or all where there are fewer (arXiv 2604.11641).
pub(super) const RULE: Rule = Rule {
    name: "stages",
    judge,
};

/// How many stages must be looked at.
const STAGES: usize = 3;

/// Stages that are offered to look at.
const NAMED: usize = 5;

fn judge(examination: &Examination<'_, '_>) -> Vec<Fault> {
    let stages = &examination.subject.index().stages;
    let seen = examination.ledger.stages(examination.subject);
    let needed = STAGES.min(stages.len());
    if seen.len() >= needed {
        return Vec::new();
    }
    let missing: Vec<String> = stages
        .iter()
        .filter(|stage| !seen.contains(&stage.id))
        .take(NAMED)
        .map(|stage| format!("steps {}-{}", stage.start, stage.end))
        .collect();
    vec![Fault::verdict(format!(
        "only {} of {needed} stages that must be looked at were; open a step of another: {}",
        seen.len(),
        missing.join(", ")
    ))]
}
