//! Steps of whose text nothing stands at the end.
//!
//! Speaks in favour of a step: what was wrong with it was taken away by a later one, unless that repeated it.

use super::{Signal, Suspicion};
use crate::case::Case;
use crate::evidence::of_action;

/// Steps of whose text nothing stands at the end.
pub(super) struct Superseded;

impl Signal for Superseded {
    fn name(&self) -> &'static str {
        "superseded"
    }

    fn speaks_for_failure(&self) -> bool {
        false
    }

    fn exculpates(&self) -> bool {
        true
    }

    fn measure(&self, case: &Case<'_>) -> Vec<Suspicion> {
        let found = case.index.steps().filter_map(|step| {
            let by = case
                .workspace
                .superseded(step.id)
                .filter(|by| *by != step.id)?;
            let later = case.index.step(by)?;
            let why = format!("nothing it wrote is left after step {by}");
            let cited = [of_action(&step.step), of_action(&later.step)];
            Suspicion::new(&step, 0.8, why, cited)
        });
        found.collect()
    }
}
