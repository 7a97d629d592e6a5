//! Installations that failed.

use std::collections::HashSet;

use super::{Signal, Suspicion};
use crate::case::Case;
use crate::evidence::{of_action, of_observation};
use analysis::activity::Activity;
use trace::StepStatus;

/// Installations that failed.
pub(super) struct FailedInstall;

impl Signal for FailedInstall {
    fn name(&self) -> &'static str {
        "failed_install"
    }

    fn measure(&self, case: &Case<'_>) -> Vec<Suspicion> {
        let mut worked: HashSet<u32> = HashSet::new();
        let mut found = Vec::new();
        for step in case.index.steps().rev() {
            let Some(facts) = case.history.step(step.id.index()) else {
                continue;
            };
            if !step.reading.activities.contains(&Activity::Install) || !facts.changes {
                continue;
            }
            match step.outcome.status {
                StepStatus::Ok => worked.extend(facts.purpose),
                StepStatus::Failed => {
                    let repaired = facts.purpose.is_some_and(|p| worked.contains(&p));
                    let error = step.outcome.errors.first();
                    let span = error.map_or(0..0, |e| e.span.clone());
                    found.extend(Suspicion::new(
                        &step,
                        if repaired { 0.5 } else { 0.9 },
                        if repaired {
                            "the installation fails at first".to_owned()
                        } else {
                            "the installation fails and never comes to work".to_owned()
                        },
                        [of_action(&step.step), of_observation(&step.step, &span)],
                    ));
                }
                StepStatus::Unknown => {}
            }
        }
        found.reverse();
        found
    }
}
