//! Changes that the same step put to use, and that worked.

use super::{Signal, Suspicion, Watch, one_a_step};
use crate::case::Case;
use crate::evidence::of_action;
use analysis::activity::Activity;
use trace::StepStatus;

/// Changes that the same step put to use.
pub(super) struct CheckedAtOnce;

impl Signal for CheckedAtOnce {
    fn name(&self) -> &'static str {
        "checked_at_once"
    }

    fn speaks_for_failure(&self) -> bool {
        false
    }

    fn exculpates(&self) -> bool {
        true
    }

    fn watch<'c>(&self, _: &'c Case<'_>) -> Option<Watch<'c>> {
        one_a_step(move |step| {
            Some(step)
                .filter(|step| {
                    step.reading.effect.kind.is_change() && step.outcome.status == StepStatus::Ok
                })
                .filter(|step| {
                    let mut after = step.reading.activities.iter();
                    after.any(|a| *a == Activity::Edit) && after.any(|a| checks(*a))
                })
                .and_then(|step| {
                    let why = "puts what it changes to use at once, and it works".to_owned();
                    Suspicion::new(step, 0.8, why, [of_action(&step.step)])
                })
        })
    }
}

/// Whether a step that is busy with this looks at what it did before.
fn checks(activity: Activity) -> bool {
    matches!(
        activity,
        Activity::Run
            | Activity::Test
            | Activity::Build
            | Activity::Read
            | Activity::List
            | Activity::Inspect
    )
}
