//! Work that says of itself that it is provisional.

use super::{Signal, Suspicion, Watch, each_change};
use crate::case::Case;
use crate::evidence::{of_action, of_thought};
use crate::facts::authored::texts;
use crate::facts::lesser::PROVISIONAL;
use crate::facts::phrase::first;

/// Work that says of itself that it is provisional.
pub(super) struct Makeshift;

impl Signal for Makeshift {
    fn name(&self) -> &'static str {
        "makeshift"
    }

    fn watch<'c>(&self, _: &'c Case<'_>) -> Option<Watch<'c>> {
        each_change(move |step| {
            let said = first(PROVISIONAL.as_ref(), &step.step.thought);
            let written = texts(&step.step)
                .into_iter()
                .any(|text| first(PROVISIONAL.as_ref(), text).is_some());
            let strength = match (written, said) {
                (true, Some(_)) => 0.9,
                (true, None) => 0.7,
                (false, Some(_)) => 0.4,
                (false, None) => return None,
            };
            let why = "calls its own work provisional or an assumption".to_owned();
            let thought = said.and_then(|at| of_thought(&step.step, at));
            Suspicion::new(step, strength, why, [thought, of_action(&step.step)])
        })
    }
}
