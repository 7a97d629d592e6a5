//! Work handed in without evidence that it is right.

use super::{Signal, Suspicion, at};
use crate::case::Case;
use crate::evidence::{of_action, of_observation};
use crate::facts::history::Facts;
use analysis::IndexedStep;

/// Work handed in without evidence that it is right.
pub(super) struct HastyEnd;

impl Signal for HastyEnd {
    fn name(&self) -> &'static str {
        "hasty_end"
    }

    fn measure(&self, case: &Case<'_>) -> Vec<Suspicion> {
        let history = &case.history;
        // What is done after the work was first handed in is no part of it.
        let handed_in = history.steps().find(|(_, f)| f.submits);
        let end = handed_in.or_else(|| history.steps().next_back());
        let Some(last) = end.and_then(|(n, _)| at(case.index, n)) else {
            return Vec::new();
        };
        judge(case, &last).into_iter().collect()
    }
}

fn judge(case: &Case<'_>, last: &IndexedStep<'_>) -> Option<Suspicion> {
    let history = &case.history;
    let before = || history.back_from(last.id.index() + 1);
    let (change, _) = before().find(|(_, f)| f.changes && !f.submits)?;
    let checks =
        |facts: &Facts| facts.exercises && !facts.writes.iter().any(|w| !history.is_aside(*w));
    let check = before().find(|(_, f)| checks(f));
    let (strength, why, proof) = match check {
        None => (
            0.8,
            "ends a run that never ran what it made".to_owned(),
            None,
        ),
        Some((n, _)) if n < change => (
            0.6,
            format!(
                "ends the run with the change of step {} unchecked",
                change + 1
            ),
            None,
        ),
        Some((n, facts)) if facts.failed() => (
            1.0,
            format!("ends the run though its last check, step {}, failed", n + 1),
            at(case.index, n),
        ),
        Some(_) => return None,
    };
    let span = |step: &IndexedStep<'_>| {
        let error = step.outcome.errors.first();
        error.map_or(0..0, |e| e.span.clone())
    };
    let proof = proof.and_then(|step| of_observation(&step.step, &span(&step)));
    Suspicion::new(last, strength, why, [of_action(&last.step), proof])
}
