//! The verdict in words: what is concluded, what to do about it, and what is missing for more.

use std::fmt::Write as _;

use trace::{Fault, StepId, StepStatus, Verdict};

use crate::case::Case;
use crate::contract::State;
use crate::graph::Failure;
use crate::model::Bars;
use crate::signal::Suspicion;
use crate::verdict::Judgement;

/// How many demands are named before the rest is counted.
const NAMED: usize = 2;

/// The verdict in a sentence or two.
pub(crate) fn summary(
    case: &Case<'_>,
    judged: &Judgement,
    resolved: Option<bool>,
    reason: Option<&Suspicion>,
    bars: Bars,
) -> String {
    let shown = case.graph.failures().first();
    match (judged.verdict, judged.onset) {
        (Verdict::FailureFound, Some(step)) => {
            let why = reason.map_or_else(String::new, |seen| format!(": {}", seen.why));
            let mut text = format!("The run first goes wrong at step {step}{why}.");
            // A step that shows its own fault is told once.
            let told = |failure: &&Failure| {
                failure.step == step && reason.is_some_and(|seen| seen.why == failure.why)
            };
            if let Some(failure) = shown.filter(|failure| !told(failure)) {
                let begins = if failure.step < step {
                    "Step"
                } else {
                    "It shows at step"
                };
                let had = if failure.step < step {
                    " had shown"
                } else {
                    ""
                };
                let _ = write!(text, " {begins} {}{had}: {}.", failure.step, failure.why);
            }
            text
        }
        (Verdict::NoFailure, _) if resolved == Some(true) => {
            "The recorded check passed.".to_owned()
        }
        (Verdict::NoFailure, _) => shown.map_or_else(
            || "Nothing in the run speaks for a failure.".to_owned(),
            |failure| {
                let (step, why) = (failure.step, &failure.why);
                format!("Little in the run speaks for a failure; step {step} shows: {why}.")
            },
        ),
        _ => {
            let chance = judged.failed * 100.0;
            let mut text = if case.index.is_empty() {
                let recorded = match resolved {
                    Some(false) => "The recorded check failed; the",
                    _ => "The",
                };
                format!("{recorded} run has no steps to judge.")
            } else if resolved == Some(false) {
                "The recorded check failed, but which step is to blame is not clear.".to_owned()
            } else if judged.ranked.is_empty() {
                "Nothing in the run speaks for a failure or against one.".to_owned()
            } else if judged.failed >= bars.failed {
                format!(
                    "The run has probably failed, as {chance:.0} in 100 labelled runs with such signs \
                     did, but which step is to blame is not clear."
                )
            } else {
                let known = if shown.is_some() {
                    "such signs"
                } else {
                    "nothing to show it"
                };
                format!(
                    "Whether the run failed is not clear: of the labelled runs with {known}, {chance:.0} in \
                     100 did."
                )
            };
            if let Some(step) = judged.onset {
                let why = reason.map_or_else(String::new, |seen| format!(": {}", seen.why));
                let _ = write!(text, " If it did, it first goes wrong at step {step}{why}.");
            }
            let new = |failure: &&Failure| reason.is_none_or(|seen| seen.why != failure.why);
            if let Some(failure) = shown.filter(new) {
                let _ = write!(text, " Step {} shows: {}.", failure.step, failure.why);
            }
            text
        }
    }
}

/// What would settle the matter, where the verdict is open or rests on little; sentences.
pub(crate) fn missing(
    case: &Case<'_>,
    judged: &Judgement,
    resolved: Option<bool>,
    bars: Bars,
) -> Vec<String> {
    let mut missing = Vec::new();
    if judged.verdict != Verdict::Undecided {
        return missing;
    }
    if resolved.is_none() {
        missing.push("no outcome is recorded, or it was hidden".to_owned());
    }
    if case.index.is_empty() {
        missing.push("the run has no steps".to_owned());
        return missing;
    }
    if let Some((step, share)) = judged.ranked.first()
        && judged.sure < bars.onset
    {
        missing.push(format!(
            "the suspicion is spread: the likeliest step, {step}, carries {:.0} % of it, which makes a \
             confidence of {:.2}; an onset is named from {:.2} on",
            share * 100.0,
            judged.sure,
            bars.onset
        ));
    }
    if resolved.is_none() && !judged.ranked.is_empty() && judged.failed < bars.failed {
        missing.push(format!(
            "what shows in the run makes a failure {:.0} % probable; it is called failed from {:.0} % on, \
             and free of failure below {:.0} %",
            judged.failed * 100.0,
            bars.failed * 100.0,
            bars.fine * 100.0
        ));
    }
    let (mut tests, mut unanswered, mut change, mut check) = (0_usize, 0_usize, None, None);
    for step in case.index.steps() {
        tests += step.outcome.tests.len();
        unanswered += usize::from(step.step.observation.is_none());
        if step.reading.effect.kind.is_change() {
            change = Some(step.id);
        }
        if step.outcome.status == StepStatus::Ok && !step.outcome.tests.is_empty() {
            check = Some(step.id);
        }
    }
    if tests == 0 {
        missing.push("no test report stands in the run".to_owned());
    } else if let Some(change) = change.filter(|change| Some(*change) > check) {
        missing.push(format!(
            "no test passed after the last change, step {change}"
        ));
    }
    if unanswered > 0 {
        let have = if unanswered == 1 {
            "step has"
        } else {
            "steps have"
        };
        missing.push(format!("{unanswered} {have} no recorded answer"));
    }
    missing.extend(untouched(case));
    missing
}

/// The demands of the task that no step worked on, as one sentence.
fn untouched(case: &Case<'_>) -> Option<String> {
    let audit = &case.contract;
    let names: Vec<String> = audit
        .standing(State::NeverTouched)
        .map(|(demand, _)| demand.name())
        .collect();
    let (first, rest) = names.split_at(names.len().min(NAMED));
    if first.is_empty() {
        return None;
    }
    let more = match rest.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let verb = if names.len() == 1 { "was" } else { "were" };
    Some(format!("never worked on {verb} {}{more}", first.join(", ")))
}

/// What the agent should do instead, by the kind of mistake.
pub(crate) fn advice(step: StepId, fault: Fault, verdict: Verdict) -> String {
    let what = fault.remedy();
    match verdict {
        Verdict::Undecided => {
            format!("If the run failed, go back to just before step {step} and {what}.")
        }
        _ => format!("Go back to just before step {step} and {what}."),
    }
}
