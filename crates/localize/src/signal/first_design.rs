//! The first large text of a run.
//!
//! No fault in itself. What the first program is like decides what the later ones repair around: its
//! method, its data layout, its reading of the task are seldom questioned again.

use super::authored_text::fullness;
use super::{Signal, Suspicion};
use crate::case::Case;
use crate::evidence::of_action;
use crate::facts::authored::amount;

/// A text counts as large from this share of the run's largest on.
const SHARE: f64 = 0.3;
/// Below this many bytes there is no design in it.
const LEAST: usize = 200;
/// The amount of text, in bytes, that counts half.
const HALF: f64 = 1000.0;

/// The first large text of a run.
pub(super) struct FirstDesign;

impl Signal for FirstDesign {
    fn name(&self) -> &'static str {
        "first_design"
    }

    fn speaks_for_failure(&self) -> bool {
        false
    }

    fn measure(&self, case: &Case<'_>) -> Vec<Suspicion> {
        let changes = || {
            case.index
                .steps()
                .filter(|step| step.reading.effect.kind.is_change())
        };
        let largest = changes().map(|step| amount(&step.step)).max().unwrap_or(0);
        changes()
            .map(|step| (amount(&step.step), step))
            .find(|(bytes, _)| *bytes >= LEAST && share(*bytes, largest) >= SHARE)
            .and_then(|(bytes, step)| {
                let why = "is the first large piece of work that later steps build on".to_owned();
                Suspicion::new(&step, fullness(bytes, HALF), why, [of_action(&step.step)])
            })
            .into_iter()
            .collect()
    }
}

/// One amount as a share of another, 0 when there is none.
fn share(part: usize, whole: usize) -> f64 {
    let wide = |n: usize| f64::from(u32::try_from(n).unwrap_or(u32::MAX));
    if whole == 0 {
        0.0
    } else {
        wide(part) / wide(whole)
    }
}
