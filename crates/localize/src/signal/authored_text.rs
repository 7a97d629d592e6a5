//! How much a change puts in place.
//!
//! No fault in itself. The more a step decides at once, the likelier a wrong decision is among it: a long
//! program is a design, a short command mostly carries one out.

use super::{Signal, Suspicion, Watch, each_change};
use crate::case::Case;
use crate::evidence::of_action;
use crate::facts::authored::amount;

/// The amount of text, in bytes, that counts half.
const HALF: f64 = 1500.0;
/// Texts below this many bytes decide too little to be named.
const LEAST: usize = 200;

/// How much a change puts in place.
pub(super) struct AuthoredText;

impl Signal for AuthoredText {
    fn name(&self) -> &'static str {
        "authored_text"
    }

    fn speaks_for_failure(&self) -> bool {
        false
    }

    fn watch<'c>(&self, _: &'c Case<'_>) -> Option<Watch<'c>> {
        each_change(move |step| {
            let bytes = amount(&step.step);
            (bytes >= LEAST)
                .then(|| {
                    let why = format!("puts {bytes} bytes of its own text in place");
                    Suspicion::new(step, fullness(bytes, HALF), why, [of_action(&step.step)])
                })
                .flatten()
        })
    }
}

/// From 0 for nothing towards 1, and a half at `half` bytes.
pub(super) fn fullness(bytes: usize, half: f64) -> f64 {
    let bytes = f64::from(u32::try_from(bytes).unwrap_or(u32::MAX));
    bytes / (bytes + half)
}
