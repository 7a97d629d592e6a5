//! Backtrack frequency: how often the run undid or wrote again what it had done.

use std::ops::Range;

use super::{share, span_of};
use crate::case::Case;
use crate::edits::{Event, Lines, events};

/// The share of each span's steps that replace lines an earlier step had written, take a file back to
/// an older state, or delete a file of their own making.
pub(super) fn measure(case: &Case<'_>, spans: &[Range<usize>]) -> Vec<f64> {
    let mut lines = Lines::default();
    let mut back = vec![0_u64; spans.len()];
    for step in case.index.steps() {
        let Some(at) = span_of(spans, step.id) else {
            continue;
        };
        let mut backtracks = false;
        for event in events(&step) {
            let restores = matches!(event, Event::Restored { .. });
            let touched = lines.apply(step.id, &event);
            backtracks |= restores || touched.own_removed > 0;
        }
        back[at] += u64::from(backtracks);
    }
    let lengths = spans.iter().map(|span| span.len() as u64);
    back.into_iter()
        .zip(lengths)
        .map(|(back, steps)| share(back, steps))
        .collect()
}
