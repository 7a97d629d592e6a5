//! The last time a file was written whole: what was handed in goes back to it.
//!
//! No fault in itself. Earlier versions that were replaced whole cannot be where an error that lasts began,
//! unless every later one repeats it.

use super::{Signal, Suspicion, at};
use crate::case::Case;
use crate::evidence::of_action;

/// The last time a file was written whole.
pub(super) struct SurvivingVersion;

impl Signal for SurvivingVersion {
    fn name(&self) -> &'static str {
        "surviving_version"
    }

    fn speaks_for_failure(&self) -> bool {
        false
    }

    fn measure(&self, case: &Case<'_>) -> Vec<Suspicion> {
        let history = &case.history;
        let mut replaced = vec![false; history.files()];
        let mut built_on = vec![0_u32; history.files()];
        let mut found = Vec::new();
        for (n, facts) in history.steps().rev() {
            for &file in facts.uses.iter().chain(facts.reads) {
                built_on[file as usize] = built_on[file as usize].saturating_add(1);
            }
            for &file in facts.writes {
                if !facts.whole.contains(&file) {
                    built_on[file as usize] = built_on[file as usize].saturating_add(1);
                    continue;
                }
                if std::mem::replace(&mut replaced[file as usize], true) {
                    continue;
                }
                let strength = match (history.is_aside(file), built_on[file as usize]) {
                    (true, _) => continue,
                    (false, 0) => 0.3,
                    (false, 1 | 2) => 0.6,
                    (false, _) => 0.9,
                };
                found.extend(at(case.index, n).and_then(|step| {
                    Suspicion::new(
                        &step,
                        strength,
                        format!(
                            "`{}` as it was left goes back to this step",
                            history.name(file)
                        ),
                        [of_action(&step.step)],
                    )
                }));
            }
        }
        found.reverse();
        found
    }
}
