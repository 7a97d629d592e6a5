//! What shows a failure is answered, not passed over.

use trace::{ObservedFailure, StepId, StepStatus, Verdict};

use super::{Examination, Examined, Fault, Rule};
use crate::conclusion::ClaimKind;
use crate::subject::Part;

/// Where the run shows strongly that it failed and no outcome is known, `no_failure` stands only with
/// evidence that answers it: the observation of a later step that did not fail itself. What is held to
/// be missing at the end is answered by what was seen from the last change on.
pub(super) const RULE: Rule = Rule {
    name: "answered",
    judge,
};

/// From this strength on a sign of failure must be answered: it speaks for a failed run at least as much
/// as against it. Of 45 public runs with a recorded outcome 16 have such a sign at their end; one of
/// these 16 had passed.
const STRONG: f64 = 0.5;

/// The kinds of failure that speak of what is not there, or was not done, when the run ends.
const AT_THE_END: [&str; 4] = ["cut_off", "gave_up", "missing_result", "unmet_demand"];

fn judge(examination: &Examination<'_, '_>) -> Vec<Fault> {
    let offline = examination.subject.offline;
    let recorded = offline.used_outcome && offline.outcome.resolved == Some(true);
    if examination.conclusion.verdict != Verdict::NoFailure || recorded {
        return Vec::new();
    }
    let strong = offline.failures.iter().filter(|f| f.strength >= STRONG);
    let open = strong.filter(|failure| {
        !examination
            .of(ClaimKind::Evidence)
            .any(|claim| answers(examination, claim, failure))
    });
    open.map(|failure| {
        let after = settled_after(examination, failure);
        Fault::verdict(format!(
            "step {} shows {}; no_failure needs evidence that quotes an observation {} which shows it settled",
            failure.step_id,
            failure.kind,
            after.map_or_else(|| "of the run".to_owned(), |step| format!("after step {step}")),
        ))
    })
    .collect()
}

fn answers(
    examination: &Examination<'_, '_>,
    claim: &Examined<'_>,
    failure: &ObservedFailure,
) -> bool {
    let observed = claim
        .found
        .as_ref()
        .is_some_and(|found| found.part == Part::Observation);
    let well = examination
        .subject
        .index()
        .step(claim.from)
        .is_some_and(|step| step.outcome.status != StepStatus::Failed);
    observed && well && settled_after(examination, failure).is_none_or(|after| claim.from > after)
}

/// The step after which something must have shown that the failure is none.
fn settled_after(examination: &Examination<'_, '_>, failure: &ObservedFailure) -> Option<StepId> {
    if AT_THE_END.contains(&failure.kind.as_str()) {
        let changes = &examination.subject.offline.change_steps;
        // The change itself may show what it made.
        return changes.last()?.get().checked_sub(1).and_then(StepId::new);
    }
    // A claim is contradicted by what was shown before it: what matters is what came after that.
    let shown = failure.evidence.iter().map(|evidence| evidence.step_id);
    Some(shown.fold(failure.step_id, StepId::min))
}
