//! Programs that were started and never answered.

use super::{Signal, Suspicion, at};
use crate::case::Case;
use crate::evidence::{action_text, of_action, of_observation};
use crate::interrupt::{Keys, is_stop, keys_of};
use analysis::IndexedStep;
use trace::{ErrorKind, StepStatus};

/// Waits in a row, or polls of a background job, after which a program counts as one that hangs.
const PATIENCE: usize = 3;

/// Programs that were started and never answered.
pub(super) struct Hang;

impl Signal for Hang {
    fn name(&self) -> &'static str {
        "hang"
    }

    fn measure(&self, case: &Case<'_>) -> Vec<Suspicion> {
        let index = case.index;
        let mut found = Vec::new();
        let mut blamed = None;
        let mut waited = 0;
        let mut started: Option<usize> = None;
        for step in index.steps() {
            let n = step.id.index();
            if let Some(error) = step
                .outcome
                .errors
                .iter()
                .find(|e| e.kind == ErrorKind::Timeout)
            {
                found.extend(Suspicion::new(
                    &step,
                    0.9,
                    "starts something that does not come to an end".to_owned(),
                    [
                        of_action(&step.step),
                        of_observation(&step.step, &error.span),
                    ],
                ));
            }
            let how = keys_of(&step.step);
            let stopped = match how {
                Keys::Interrupt => true,
                Keys::Wait => {
                    waited += 1;
                    waited == PATIENCE && step.outcome.status == StepStatus::Unknown
                }
                Keys::None => is_stop(&step),
                Keys::Text => false,
            };
            if stopped && let Some(begin) = started.filter(|&s| blamed != Some(s)) {
                blamed = Some(begin);
                found.extend(at(index, begin).and_then(|begun| accuse(&begun, &step)));
            }
            if how == Keys::Text || (how == Keys::None && !action_text(&step.step).is_empty()) {
                waited = 0;
                if !step.reading.commands.is_empty() {
                    started = Some(n);
                }
            }
        }
        found
    }
}

fn accuse(begun: &IndexedStep<'_>, stop: &IndexedStep<'_>) -> Option<Suspicion> {
    Suspicion::new(
        begun,
        0.8,
        format!(
            "what it starts gives no answer until step {} gives up on it",
            stop.id
        ),
        [of_action(&begun.step), of_action(&stop.step)],
    )
}
