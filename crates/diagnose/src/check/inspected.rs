//! A labelled step was opened, and so was one of its neighbours.

use trace::StepId;

use crate::conclusion::Claim;
use crate::ledger::Ledger;
use crate::subject::Subject;

pub(super) fn check(
    claim: &Claim,
    subject: &Subject<'_>,
    ledger: &Ledger,
) -> Result<StepId, String> {
    let step = subject.step_id(claim.step)?;
    if !ledger.is_open(step) {
        return Err(format!("step {step} was not opened; open it first"));
    }
    let before = step.get().checked_sub(1).and_then(StepId::new);
    let after = StepId::new(step.get().saturating_add(1));
    let parent = subject.index().tree.parent(step);
    let neighbours = [before, after, parent];
    let alone = subject.index().len() < 2;
    if alone
        || neighbours
            .iter()
            .flatten()
            .any(|near| ledger.is_open(*near))
    {
        Ok(step)
    } else {
        Err(format!(
            "no neighbour of step {step} was opened; open the step before or after it"
        ))
    }
}
