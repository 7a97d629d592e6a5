//! Diff magnitude: how much of what the run wrote was written here.

use std::ops::Range;

use analysis::activity::Activity;

use super::{share, span_of};
use crate::case::Case;
use crate::edits::{Lines, events};

/// Each span's share of all lines that the run's actions put into files or took out of them.
pub(super) fn measure(case: &Case<'_>, spans: &[Range<usize>]) -> Vec<f64> {
    let mut lines = Lines::default();
    let mut changed = vec![0_u64; spans.len()];
    for step in case.index.steps() {
        let Some(at) = span_of(spans, step.id) else {
            continue;
        };
        let events = events(&step);
        for event in &events {
            let touched = lines.apply(step.id, event);
            changed[at] += u64::from(touched.added) + u64::from(touched.removed);
        }
        // An edit that does not say its text (`sed -i`) changed a line at least.
        let silent = events.is_empty() && step.reading.activities.contains(&Activity::Edit);
        changed[at] += u64::from(silent);
    }
    let all = changed.iter().sum();
    changed.into_iter().map(|lines| share(lines, all)).collect()
}
