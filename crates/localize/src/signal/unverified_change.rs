//! A last change that nothing checked.

use super::{Signal, Suspicion};
use crate::case::Case;
use crate::evidence::of_action;
use analysis::activity::Activity;

/// A last change that nothing checked.
pub(super) struct UnverifiedChange;

impl Signal for UnverifiedChange {
    fn name(&self) -> &'static str {
        "unverified_change"
    }

    fn measure(&self, case: &Case<'_>) -> Vec<Suspicion> {
        let index = case.index;
        let checks = |a: &Activity| matches!(a, Activity::Test | Activity::Run | Activity::Build);
        let last = index
            .steps()
            .rev()
            .take_while(|s| !s.reading.activities.iter().any(checks))
            .find(|s| s.reading.activities.contains(&Activity::Edit));
        last.and_then(|step| {
            Suspicion::new(
                &step,
                0.7,
                "nothing is run after this last change to check it".to_owned(),
                [of_action(&step.step)],
            )
        })
        .into_iter()
        .collect()
    }
}
