//! Edits that changed nothing: refused by the tool, or made with a program that failed.

use super::{Signal, Suspicion, Watch, one_a_step};
use crate::case::Case;
use crate::evidence::{of_action, of_observation};
use analysis::activity::Activity;
use trace::{ErrorKind, StepStatus};

/// Edits that changed nothing.
pub(super) struct RejectedEdit;

impl Signal for RejectedEdit {
    fn name(&self) -> &'static str {
        "rejected_edit"
    }

    fn watch<'c>(&self, _: &'c Case<'_>) -> Option<Watch<'c>> {
        one_a_step(move |step| {
            let errors = &step.outcome.errors;
            let refused = errors.iter().find(|e| e.kind == ErrorKind::EditRejected);
            // Only where editing is all the step does: else something later in it may have failed.
            let edits = |a: &Activity| matches!(a, Activity::Edit | Activity::Control);
            let failed = step.outcome.status == StepStatus::Failed
                && step.reading.activities.contains(&Activity::Edit)
                && step.reading.activities.iter().all(edits);
            let error = refused.or_else(|| errors.first().filter(|_| failed))?;
            Suspicion::new(
                step,
                0.8,
                "the edit failed and changed nothing, or not what was meant".to_owned(),
                [
                    of_observation(&step.step, &error.span),
                    of_action(&step.step),
                ],
            )
        })
    }
}
