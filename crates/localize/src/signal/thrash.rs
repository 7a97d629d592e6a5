//! One file written whole again and again.

use std::collections::BTreeMap;

use super::{Signal, Suspicion, at};
use crate::case::Case;
use crate::evidence::of_action;

/// Whole versions of a file from which on the run is turning in circles.
const VERSIONS: usize = 3;

/// One file written whole again and again.
pub(super) struct Thrash;

impl Signal for Thrash {
    fn name(&self) -> &'static str {
        "thrash"
    }

    fn measure(&self, case: &Case<'_>) -> Vec<Suspicion> {
        let history = &case.history;
        let mut versions: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for (n, facts) in history.steps() {
            for &file in facts.whole {
                if !history.is_aside(file) {
                    versions.entry(file).or_default().push(n);
                }
            }
        }
        let mut found = Vec::new();
        for (file, steps) in versions {
            if steps.len() < VERSIONS {
                continue;
            }
            for &n in &steps {
                let Some(step) = at(case.index, n) else {
                    continue;
                };
                found.extend(Suspicion::new(
                    &step,
                    0.7,
                    format!(
                        "one of {} whole versions of `{}`",
                        steps.len(),
                        history.name(file)
                    ),
                    [of_action(&step.step)],
                ));
            }
        }
        found.sort_by_key(|suspicion| suspicion.step);
        found
    }
}
