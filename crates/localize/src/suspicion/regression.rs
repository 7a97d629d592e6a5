//! Verification regression: checks that passed and then broke.

use std::ops::Range;

use trace::TurningKind;

use super::span_of;
use crate::progress::Progress;

/// For each span the largest share of known tests, checks or demands that one of its steps lost. A
/// loss that was made good counts half: it was a wrong step, but not the one that stayed.
pub(super) fn measure(spans: &[Range<usize>], progress: &Progress) -> Vec<f64> {
    const REPAIRED: f64 = 0.5;
    let mut worst = vec![0.0_f64; spans.len()];
    for fall in &progress.falls {
        let checked = matches!(
            fall.point.kind,
            TurningKind::TestsBroke | TurningKind::CheckBroke | TurningKind::DemandLost
        );
        let Some(at) = span_of(spans, fall.point.step_id).filter(|_| checked) else {
            continue;
        };
        let repaired = fall.point.recovered_at.is_some();
        let lost = fall.share * if repaired { REPAIRED } else { 1.0 };
        worst[at] = worst[at].max(lost);
    }
    worst
}
