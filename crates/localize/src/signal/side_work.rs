//! Writings that stay outside what is handed in.
//!
//! Speaks in favour of a step: a check, an experiment or a note of the agent's own can mislead it, but what
//! is judged in the end does not contain it.

use super::{Signal, Suspicion, Watch, one_a_step};
use crate::case::Case;
use crate::evidence::of_action;
use crate::facts::file::{file_name, is_aside, names_in};
use analysis::IndexedStep;
use analysis::activity::Activity;

/// Writings that stay outside what is handed in.
pub(super) struct SideWork;

impl Signal for SideWork {
    fn name(&self) -> &'static str {
        "side_work"
    }

    fn speaks_for_failure(&self) -> bool {
        false
    }

    fn exculpates(&self) -> bool {
        true
    }

    fn watch<'c>(&self, case: &'c Case<'_>) -> Option<Watch<'c>> {
        let task = case.index.trajectory.task.as_deref().unwrap_or_default();
        let demanded = names_in(task);
        let scratch = !task.contains("/tmp/");
        let aside = move |path: &String| {
            let name = file_name(path);
            !demanded.contains(name) && ((scratch && path.starts_with("/tmp/")) || is_aside(name))
        };
        one_a_step(move |step| {
            Some(step)
                .filter(|step| step.reading.effect.kind.is_change() && !leaves_more(step))
                .and_then(|step| {
                    let writes = &step.reading.effect.writes;
                    let path = writes.first()?;
                    let why = format!("writes only what is not handed in, such as `{path}`");
                    writes
                        .iter()
                        .all(&aside)
                        .then(|| Suspicion::new(step, 0.8, why, [of_action(&step.step)]))
                        .flatten()
                })
        })
    }
}

/// Whether a step does what its files do not tell: a service whose log lies aside still runs.
fn leaves_more(step: &IndexedStep<'_>) -> bool {
    let leaves =
        |a: &Activity| matches!(a, Activity::Serve | Activity::Install | Activity::Version);
    step.reading.activities.iter().any(leaves)
}
