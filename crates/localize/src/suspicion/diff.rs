//! Diff magnitude: how much of what the run wrote was written here.

use std::ops::Range;

use analysis::activity::Activity;

use super::{share, span_of};
use crate::case::Case;
use crate::facts::churn::Churn;

/// Each span's share of all lines that the run's actions put into files or took out of them. `churns`
/// are those of the steps in order.
pub(super) fn measure(case: &Case<'_>, spans: &[Range<usize>], churns: &[Churn]) -> Vec<f64> {
    let mut changed = vec![0_u64; spans.len()];
    for (step, churn) in case.index.steps().zip(churns) {
        let Some(at) = span_of(spans, step.id) else {
            continue;
        };
        let lines = churn.added + churn.removed;
        // An edit that does not say its text (`sed -i`) changed a line at least.
        let silent = lines == 0 && step.reading.activities.contains(&Activity::Edit);
        changed[at] += lines + u64::from(silent);
    }
    let all = changed.iter().sum();
    changed.into_iter().map(|lines| share(lines, all)).collect()
}
