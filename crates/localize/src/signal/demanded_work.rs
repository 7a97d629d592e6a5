//! Work on a file that the task names.
//!
//! No fault in itself. What is judged in the end is what the task names, so the steps that put much into it
//! are the ones that can be wrong there.

use super::authored_text::fullness;
use super::{Signal, Suspicion, Watch, each_change};
use crate::case::Case;
use crate::evidence::of_action;
use crate::facts::authored::amount;
use crate::facts::file::{file_name, names_in};

/// The amount of text, in bytes, that counts half.
const HALF: f64 = 600.0;
/// Shorter changes mend rather than make.
const LEAST: usize = 200;

/// Work on a file that the task names.
pub(super) struct DemandedWork;

impl Signal for DemandedWork {
    fn name(&self) -> &'static str {
        "demanded_work"
    }

    fn speaks_for_failure(&self) -> bool {
        false
    }

    fn watch<'c>(&self, case: &'c Case<'_>) -> Option<Watch<'c>> {
        let demanded = names_in(case.index.trajectory.task.as_deref().unwrap_or_default());
        each_change(move |step| {
            let bytes = amount(&step.step);
            let writes = &step.reading.effect.writes;
            let path = writes
                .iter()
                .find(|path| demanded.contains(file_name(path)))?;
            let why = format!("does much of the work on `{path}`, which the task names");
            (bytes >= LEAST)
                .then(|| Suspicion::new(step, fullness(bytes, HALF), why, [of_action(&step.step)]))
                .flatten()
        })
    }
}
