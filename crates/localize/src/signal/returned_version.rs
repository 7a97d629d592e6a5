//! A file written again as it had been before other versions were tried.
//!
//! Whatever made the agent leave that version is still true of it.

use std::collections::HashMap;

use super::{Signal, Suspicion, Watch, at, each_step};
use crate::case::Case;
use crate::evidence::of_action;
use crate::facts::authored::texts;
use blake3::Hash;

/// Shorter texts are the same by chance: a switch set and reset.
const LEAST: usize = 100;

/// A file written again as it had been before other versions were tried.
pub(super) struct ReturnedVersion;

impl Signal for ReturnedVersion {
    fn name(&self) -> &'static str {
        "returned_version"
    }

    fn watch<'c>(&self, case: &'c Case<'_>) -> Option<Watch<'c>> {
        let index = case.index;
        // By hash, so that a run of any length is held by the fact and not by its words.
        let mut versions: HashMap<(String, Hash), usize> = HashMap::new();
        let mut current: HashMap<String, Hash> = HashMap::new();
        each_step(move |step, found| {
            let text = texts(&step.step).join("\n");
            let text = text.trim();
            if !step.reading.effect.kind.is_change() || text.len() < LEAST {
                return;
            }
            let hash = blake3::hash(text.as_bytes());
            for path in &step.reading.effect.writes {
                let other = current
                    .insert(path.clone(), hash)
                    .is_some_and(|before| before != hash);
                let first = *versions
                    .entry((path.clone(), hash))
                    .or_insert(step.id.index());
                if first < step.id.index()
                    && other
                    && let Some(earlier) = at(index, first)
                {
                    found.extend(Suspicion::new(
                        step,
                        0.8,
                        format!("puts `{path}` back to what step {} wrote", earlier.id),
                        [of_action(&step.step), of_action(&earlier.step)],
                    ));
                }
            }
        })
    }
}
