//! Work after a green report.

use super::{Signal, Suspicion, Watch, each_step};
use crate::case::Case;
use crate::evidence::{Citation, of_action, of_observation};
use analysis::activity::Activity;
use trace::StepId;

/// Work after a green report.
pub(super) struct PastGoal;

impl Signal for PastGoal {
    fn name(&self) -> &'static str {
        "past_goal"
    }

    fn watch<'c>(&self, _: &'c Case<'_>) -> Option<Watch<'c>> {
        let mut green: Option<(StepId, Option<Citation>)> = None;
        each_step(move |step, found| {
            if let Some((goal, shown)) = &green
                && step.reading.activities.contains(&Activity::Edit)
            {
                found.extend(Suspicion::new(
                    step,
                    0.5,
                    format!("changes files though the tests of step {goal} had passed"),
                    [of_action(&step.step), shown.clone()],
                ));
            }
            if let (Some(first), Some(last)) =
                (step.outcome.tests.first(), step.outcome.tests.last())
            {
                let shown = || of_observation(&step.step, &first.span);
                green = last.is_green().then(|| (step.id, shown()));
            }
        })
    }
}
