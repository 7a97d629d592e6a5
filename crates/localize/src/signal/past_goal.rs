//! Work after a green report.

use super::{Signal, Suspicion};
use crate::evidence::{of_action, of_observation};
use analysis::activity::Activity;
use analysis::{Index, IndexedStep};

/// Work after a green report.
pub(super) struct PastGoal;

impl Signal for PastGoal {
    fn name(&self) -> &'static str {
        "past_goal"
    }

    fn measure(&self, index: &Index<'_>) -> Vec<Suspicion> {
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
