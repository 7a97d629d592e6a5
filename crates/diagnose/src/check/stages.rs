//! At least three stages were looked at, or all, if there are fewer (arXiv 2604.11641).

use super::Checked;
use crate::conclusion::Conclusion;
use crate::ledger::Ledger;
use crate::subject::Subject;

/// How many stages must be looked at.
const STAGES: usize = 3;

pub(super) fn check(
    _: &Conclusion,
    subject: &Subject<'_>,
    ledger: &Ledger,
    _: &Checked,
) -> Result<(), String> {
    let seen = ledger.stages(subject);
    let needed = STAGES.min(subject.index().stages.len());
    if seen.len() >= needed {
        return Ok(());
    }
    let missing: Vec<String> = subject
        .index()
        .stages
        .iter()
        .filter(|stage| !seen.contains(&stage.id))
        .take(8)
        .map(|stage| stage.id.to_string())
        .collect();
    Err(format!(
        "only {} of the {needed} stages that must be looked at were; open a step of stage {}",
        seen.len(),
        missing.join(", ")
    ))
}
