//! A quotation is really there, in a step that was opened.

use trace::{Evidence, RefPart, StepId};

use super::Proven;
use crate::conclusion::Claim;
use crate::ledger::Ledger;
use crate::quotation;
use crate::subject::{Part, Subject};

pub(super) fn check(
    claim: &Claim,
    step: StepId,
    subject: &Subject<'_>,
    ledger: &Ledger,
) -> Result<Proven, String> {
    let from = match claim.quoted_step {
        Some(number) => subject.step_id(number)?,
        None => step,
    };
    if !ledger.is_open(from) {
        return Err(format!("it quotes step {from}, which was not opened"));
    }
    let indexed = subject.index().step(from);
    let found = indexed
        .as_ref()
        .and_then(|indexed| quotation::find(&indexed.step, &claim.quote));
    let (Some(indexed), Some(found)) = (indexed, found) else {
        return Err(format!(
            "the quotation is not in step {from}; copy words that stand there"
        ));
    };
    let part = match found.part {
        Part::Observation => RefPart::Observation,
        Part::Action | Part::Thought => RefPart::Action,
    };
    let reference = indexed.step.refs.iter().find(|r| r.part == part).cloned();
    Ok(Proven {
        step,
        why: claim.why.clone(),
        evidence: Evidence {
            step_id: from,
            quote: found.words,
            reference,
        },
    })
}
