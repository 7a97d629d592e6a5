//! The same action with the same answer, again.

use std::collections::HashMap;

use super::{Signal, Suspicion, Watch, each_step};
use crate::case::Case;
use crate::evidence::{action_text, of_action};
use blake3::Hash;
use trace::StepId;

/// The same action with the same answer, again.
pub(super) struct Repetition;

impl Signal for Repetition {
    fn name(&self) -> &'static str {
        "repetition"
    }

    fn watch<'c>(&self, _: &'c Case<'_>) -> Option<Watch<'c>> {
        // By hash, so that a run of any length is held by the fact and not by its words.
        let mut seen: HashMap<(Hash, Hash), StepId> = HashMap::new();
        each_step(move |step, found| {
            let (asked, answered) = (action_text(&step.step).trim(), step.step.observed());
            if asked.is_empty() || answered.is_empty() {
                return;
            }
            let key = (
                blake3::hash(asked.as_bytes()),
                blake3::hash(answered.as_bytes()),
            );
            if let Some(first) = seen.get(&key) {
                found.extend(Suspicion::new(
                    step,
                    0.8,
                    format!("repeats step {first} and gets the same answer"),
                    [of_action(&step.step)],
                ));
            } else {
                seen.insert(key, step.id);
            }
        })
    }
}
