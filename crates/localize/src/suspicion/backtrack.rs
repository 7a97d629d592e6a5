//! Backtrack frequency: how often the run undid or wrote again what it had done.

use std::ops::Range;

use analysis::workspace::Operation;

use super::{share, span_of};
use crate::case::Case;
use crate::facts::churn::Churn;
use crate::facts::loss::takes_all_back;

/// The share of each span's steps that replace lines an earlier step had written, take a file back to
/// an older state, or delete a file of their own making. `churns` are those of the steps in order.
pub(super) fn measure(case: &Case<'_>, spans: &[Range<usize>], churns: &[Churn]) -> Vec<f64> {
    let mut back = vec![0_u64; spans.len()];
    for (step, churn) in case.index.steps().zip(churns) {
        let Some(at) = span_of(spans, step.id) else {
            continue;
        };
        let mut versions = case.workspace.written_by(step.id);
        let restores = versions.any(|(_, version)| version.operation == Operation::Restore)
            || step.reading.commands.iter().any(takes_all_back);
        back[at] += u64::from(restores || churn.own_removed > 0);
    }
    let lengths = spans.iter().map(|span| span.len() as u64);
    back.into_iter()
        .zip(lengths)
        .map(|(back, steps)| share(back, steps))
        .collect()
}
