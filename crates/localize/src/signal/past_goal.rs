//! Work after a green report.

use super::{Signal, Suspicion};
use crate::case::Case;
use crate::evidence::{of_action, of_observation};
use analysis::IndexedStep;
use analysis::activity::Activity;

/// Work after a green report.
pub(super) struct PastGoal;

impl Signal for PastGoal {
    fn name(&self) -> &'static str {
        "past_goal"
    }

    fn measure(&self, case: &Case<'_>) -> Vec<Suspicion> {
        let index = case.index;
        let mut green: Option<IndexedStep<'_>> = None;
        let mut found = Vec::new();
        for step in index.steps() {
            if let Some(goal) = &green
                && step.reading.activities.contains(&Activity::Edit)
            {
                let span = goal.outcome.tests.first().map_or(0..0, |r| r.span.clone());
                found.extend(Suspicion::new(
                    &step,
                    0.5,
                    format!(
                        "changes files though the tests of step {} had passed",
                        goal.id
                    ),
                    [of_action(&step.step), of_observation(&goal.step, &span)],
                ));
            }
            if let Some(last) = step.outcome.tests.last() {
                green = last.is_green().then_some(step);
            }
        }
        found
    }
}
