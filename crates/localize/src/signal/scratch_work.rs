//! Files that only serve the work: tests, probes, notes. What is wrong in them is not handed in.

use super::{Signal, Suspicion, at};
use crate::case::Case;
use crate::evidence::of_action;
use analysis::activity::Activity;

/// Files that only serve the work.
pub(super) struct ScratchWork;

impl Signal for ScratchWork {
    fn name(&self) -> &'static str {
        "scratch_work"
    }

    fn speaks_for_failure(&self) -> bool {
        false
    }

    fn exculpates(&self) -> bool {
        true
    }

    fn measure(&self, case: &Case<'_>) -> Vec<Suspicion> {
        let history = &case.history;
        let only_scratch = history.steps().filter(|(_, facts)| {
            facts.changes
                && !facts.writes.is_empty()
                && facts.writes.iter().all(|file| history.is_scratch(*file))
        });
        only_scratch
            .filter_map(|(n, _)| {
                let step = at(case.index, n)?;
                // A log that a server writes is beside the point of the step that starts the server.
                let wrote = step.reading.activities.contains(&Activity::Edit);
                if !wrote {
                    return None;
                }
                let why = "writes only what serves the work itself".to_owned();
                Suspicion::new(&step, 0.8, why, [of_action(&step.step)])
            })
            .collect()
    }
}
