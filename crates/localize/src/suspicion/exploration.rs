//! Exploration-to-action ratio: how much of a stage only looked.

use std::ops::Range;

use super::{share, span_of};
use crate::case::Case;

/// The share of each span's steps that explored.
pub(super) fn measure(case: &Case<'_>, spans: &[Range<usize>]) -> Vec<f64> {
    let mut explored = vec![0_u64; spans.len()];
    for (at, reading) in case.index.readings.walk().enumerate() {
        if let Some(span) = span_of(spans, trace::StepId::from_index(at)) {
            explored[span] += u64::from(!reading.effect.kind.is_change());
        }
    }
    let lengths = spans.iter().map(|span| span.len() as u64);
    explored
        .into_iter()
        .zip(lengths)
        .map(|(explored, steps)| share(explored, steps))
        .collect()
}
