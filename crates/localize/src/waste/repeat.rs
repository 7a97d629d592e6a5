//! The same again: loops, retries that failed the same way, looks at what was just seen.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use analysis::IndexedStep;
use analysis::activity::Activity;
use trace::{ActionKind, ErrorKind, StepId, StepStatus, WasteCause};

use super::{Finding, Findings, Reason};
use crate::case::Case;
use crate::evidence::{action_text, of_observation};

/// From this many times on the same action with the same answer is a loop.
const LOOP: u32 = 3;
/// How near another step must have failed by the same error to be the same attempt in other words.
const NEAR: u32 = 2;

/// An action with its answer, or with the error it failed by.
#[derive(PartialEq, Eq, Hash)]
enum Known {
    Answered(u64, u64),
    Failed(u64, u64),
    /// A program that is not there.
    Missing(u64),
    /// An error, whatever was done.
    Same(u64),
}

/// When something was known first, when last, and how often since anything new was done.
struct Times {
    first: StepId,
    last: StepId,
    count: u32,
}

/// Finds them in one pass. What was done before the last new change does not count: after a change
/// the same question may have another answer, and asking it is a check. A missing program stays
/// missing until something is installed.
pub(super) fn find(case: &Case<'_>, findings: &mut Findings) {
    let mut known: HashMap<Known, Times> = HashMap::new();
    let mut changed: Option<StepId> = None;
    let mut installed: Option<StepId> = None;
    for step in case.index.steps() {
        let asked = action_text(&step.step).trim();
        if asked.is_empty() || only_waits(&step) {
            continue;
        }
        let failed = step.outcome.status == StepStatus::Failed;
        let explored = !step.reading.effect.kind.is_change();
        let mut seen_before = false;
        for (key, if_twice) in keys(&step, asked, failed, explored) {
            let since = match key {
                Known::Missing(_) => installed,
                _ => changed,
            };
            let near = |t: &Times| step.id.get() - t.last.get() <= NEAR;
            let again = known.get_mut(&key).filter(|t| {
                since.is_none_or(|c| t.last >= c) && (near(t) || !matches!(key, Known::Same(_)))
            });
            let Some(times) = again else {
                let times = Times {
                    first: step.id,
                    last: step.id,
                    count: 1,
                };
                known.insert(key, times);
                continue;
            };
            times.last = step.id;
            times.count += 1;
            let exact = matches!(key, Known::Answered(..));
            seen_before |= matches!(key, Known::Answered(..) | Known::Failed(..));
            let sure = if exact && times.count >= LOOP {
                WasteCause::Loop
            } else {
                if_twice
            };
            let reason = match key {
                Known::Answered(..) => Reason::SameAnswer(times.first),
                Known::Failed(..) => Reason::FailsAgain(times.first),
                Known::Same(_) => Reason::SameError(times.first),
                Known::Missing(_) => Reason::MissingProgram(times.first),
            };
            let error = step.outcome.errors.first().map_or(0..0, |e| e.span.clone());
            let finding = Finding {
                cause: sure,
                explored,
                reason,
                shown: failed.then(|| of_observation(&step.step, &error)).flatten(),
            };
            findings.add(step.id, finding);
        }
        // A change that was made just so before is no news; any other is.
        if !explored && !seen_before {
            changed = Some(step.id);
        }
        if step.reading.activities.contains(&Activity::Install) && !failed {
            installed = Some(step.id);
        }
    }
}

/// What is remembered of a step, with the cause its repetition counts under.
fn keys(
    step: &IndexedStep<'_>,
    asked: &str,
    failed: bool,
    explored: bool,
) -> Vec<(Known, WasteCause)> {
    let action = hash(&asked);
    let mut keys = Vec::new();
    let answer = step.step.observed().trim();
    if !answer.is_empty() {
        let cause = if failed {
            WasteCause::FailedRetry
        } else {
            WasteCause::RepeatedExploration
        };
        keys.push((Known::Answered(action, hash(&answer)), cause));
    }
    if failed && let Some(error) = step.outcome.errors.first() {
        // Numbers in a message (times, process ids, ports) differ though the failure is the same.
        let message: String = error
            .message
            .chars()
            .filter(|c| !c.is_ascii_digit())
            .collect();
        let same = hash(&(error.kind, message));
        keys.push((Known::Failed(action, same), WasteCause::FailedRetry));
        // A change that fails by an error known before still tried something else.
        if explored {
            keys.push((Known::Same(same), WasteCause::FailedRetry));
        }
    }
    let missing = step
        .outcome
        .errors
        .iter()
        .find(|error| error.kind == ErrorKind::CommandNotFound);
    if let Some(program) = missing.and_then(|error| error.subject.as_deref()) {
        keys.push((Known::Missing(hash(&program)), WasteCause::FailedRetry));
    }
    keys
}

/// Waiting for something to end, reading on in what runs in the background, keeping a plan.
fn only_waits(step: &IndexedStep<'_>) -> bool {
    let idle = |a: &Activity| matches!(a, Activity::Control | Activity::Talk);
    let words = matches!(step.step.action.kind, ActionKind::Message { .. });
    let typed = step.step.action.command().is_some();
    words || (typed && step.reading.activities.iter().all(idle))
}

fn hash(what: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    what.hash(&mut hasher);
    hasher.finish()
}
