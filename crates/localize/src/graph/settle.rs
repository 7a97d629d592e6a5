//! Which later step can show that an observed failure is none.

use analysis::{Index, IndexedStep};
use trace::{ErrorKind, StepId, StepStatus};

use super::failure::{About, Failure};
use super::purpose::{Doing, Purpose, purposes};
use crate::contract::{Audit, State, TouchKind};

/// Whether what came back from a step can settle a failure. Strict on purpose: a failure that a second
/// try of the same settles is none to the graph, so this is asked about the others only. It says that
/// the step looked at what failed and that all went well there, not that all is well.
#[must_use]
pub fn settles(index: &Index<'_>, audit: &Audit, failure: &Failure, by: StepId) -> bool {
    let Some(step) = index.step(by) else {
        return false;
    };
    if step.outcome.status == StepStatus::Failed {
        return false;
    }
    match &failure.about {
        About::Ending => is_at_the_end(index, by),
        About::Tests(broken) => by > failure.step && is_green(&step, *broken),
        About::Tried(purpose) if purpose.doing == Doing::Have => {
            is_at_the_end(index, by) && finds(&step, purpose.object())
        }
        About::Tried(purpose) => by > failure.step && works(&step, std::slice::from_ref(purpose)),
        About::Demand(demand) => is_at_the_end(index, by) && looks_at(audit, *demand, by),
        About::Shown(against) => by > *against && answers(index, *against, &step),
    }
}

/// What [`settles`] asks for, as the end of a sentence about an observation.
#[must_use]
pub fn what_settles(failure: &Failure) -> String {
    let step = failure.step;
    match &failure.about {
        About::Ending => "from the last change on, of a step that did not fail".to_owned(),
        About::Tests(_) => {
            format!(
                "of a later step than {step}, with a report in which as many tests pass and none fails"
            )
        }
        About::Tried(purpose) if purpose.doing == Doing::Have => {
            "from the last change on, of a step that found the file".to_owned()
        }
        About::Tried(_) => {
            format!("of a later step than {step} in which the same command worked")
        }
        About::Demand(_) => {
            "from the last change on, of a step that read or ran what is demanded".to_owned()
        }
        About::Shown(against) => {
            format!("of a later step than {against} in which the same worked")
        }
    }
}

/// The last change itself may show what it made.
fn is_at_the_end(index: &Index<'_>, by: StepId) -> bool {
    let changes = |step: &IndexedStep<'_>| step.reading.effect.kind.is_change();
    let last = index.steps().rev().find(changes);
    last.is_none_or(|last| by >= last.id)
}

fn is_green(step: &IndexedStep<'_>, broken: u32) -> bool {
    let reports = &step.outcome.tests;
    let passed = reports.iter().map(|report| report.passed).max();
    reports.iter().all(|report| report.broken() == 0) && passed >= Some(broken.max(1))
}

/// Whether a step did the same kind of thing with the same program or to the same thing, and it worked.
fn works(step: &IndexedStep<'_>, tried: &[Purpose]) -> bool {
    let same = |a: &Purpose, b: &Purpose| {
        a.key == b.key
            || a.doing == b.doing && a.program == b.program && a.doing != Doing::Run
            || !a.object().is_empty() && a.object() == b.object()
    };
    let done = purposes(step);
    step.outcome.status == StepStatus::Ok
        && done
            .iter()
            .any(|done| tried.iter().any(|tried| same(done, tried)))
}

fn finds(step: &IndexedStep<'_>, file: &str) -> bool {
    let errors = &step.outcome.errors;
    let missing = errors.iter().any(|e| e.kind == ErrorKind::MissingPath);
    let named = step.step.observed().contains(file) || step.step.action.words().contains(file);
    named && !missing
}

/// What was made up in place of a result, or forbidden and done all the same, stays so however it is
/// looked at.
fn looks_at(audit: &Audit, demand: u16, by: StepId) -> bool {
    let mut each = audit.each();
    let Some((_, standing)) = each.find(|(it, _)| it.id == demand) else {
        return false;
    };
    let looks = |kind| {
        matches!(
            kind,
            TouchKind::Reads | TouchKind::Writes | TouchKind::Executes | TouchKind::VerifiesPassing
        )
    };
    let mut touches = standing.touches().iter();
    standing.state() != State::Contradicted
        && touches.any(|touch| touch.step_id == by && looks(touch.kind))
}

/// Whether a step shows that what failed in another works.
fn answers(index: &Index<'_>, against: StepId, step: &IndexedStep<'_>) -> bool {
    let Some(shown) = index.step(against) else {
        return false;
    };
    if let Some(report) = shown
        .outcome
        .tests
        .iter()
        .find(|report| report.broken() > 0)
    {
        return is_green(step, report.broken());
    }
    let tried = purposes(&shown);
    tried.is_empty() || works(step, &tried)
}
