//! The same thing tried again and again without success in between.

use std::collections::HashMap;

use super::{Signal, Suspicion, at};
use crate::case::Case;
use crate::evidence::of_action;
use trace::StepStatus;

/// The same thing tried again and again without success in between.
pub(super) struct RepeatedAttempt;

impl Signal for RepeatedAttempt {
    fn name(&self) -> &'static str {
        "repeated_attempt"
    }

    fn measure(&self, case: &Case<'_>) -> Vec<Suspicion> {
        let mut open: HashMap<u32, (u32, usize)> = HashMap::new();
        let mut found = Vec::new();
        for (n, facts) in case.history.steps() {
            let Some(purpose) = facts.purpose else {
                continue;
            };
            match facts.status {
                StepStatus::Ok => {
                    open.remove(&purpose);
                    continue;
                }
                StepStatus::Unknown => continue,
                StepStatus::Failed => {}
            }
            let (tries, last) = open.entry(purpose).or_insert((0, n));
            *tries += 1;
            let before = std::mem::replace(last, n);
            if *tries < 2 || !facts.changes {
                continue;
            }
            let (Some(step), Some(earlier)) = (at(case.index, n), at(case.index, before)) else {
                continue;
            };
            found.extend(Suspicion::new(
                &step,
                (0.4 + 0.2 * f64::from(*tries - 1)).min(1.0),
                format!("attempt {tries} at what failed at step {}", earlier.id),
                [of_action(&step.step), of_action(&earlier.step)],
            ));
        }
        found
    }
}
