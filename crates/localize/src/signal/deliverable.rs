//! The step that made a file which was handed in.
//!
//! No fault in itself, so it never speaks for a failure. Where a run did fail, what was handed in is
//! wrong, and the step that first put it there is where the wrong decision became state.

use std::collections::HashSet;

use super::{Signal, Suspicion, Watch, each_step};
use crate::case::Case;
use crate::evidence::of_action;
use crate::facts::file::file_name;
use analysis::activity::Activity;

/// The step that made a file which was handed in.
pub(super) struct Deliverable;

impl Signal for Deliverable {
    fn name(&self) -> &'static str {
        "deliverable"
    }

    fn speaks_for_failure(&self) -> bool {
        false
    }

    fn watch<'c>(&self, case: &'c Case<'_>) -> Option<Watch<'c>> {
        let mut written: HashSet<String> = HashSet::new();
        each_step(move |step, found| {
            let edits = step.reading.activities.contains(&Activity::Edit);
            for path in &step.reading.effect.writes {
                let name = file_name(path);
                if name.is_empty() || !written.insert(name.to_owned()) {
                    continue;
                }
                let strength = match (case.contract.contract.output(path).is_some(), edits) {
                    (true, _) => 0.9,
                    (false, true) => 0.6,
                    (false, false) => continue,
                };
                found.extend(Suspicion::new(
                    step,
                    strength,
                    format!("writes `{path}`, a file that is handed in"),
                    [of_action(&step.step)],
                ));
            }
        })
    }
}
