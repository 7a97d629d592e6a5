//! How suspicious each stage is, by the features that arXiv 2604.11641 names.
//!
//! The paper names verification regression, diff magnitude, backtrack frequency and
//! exploration-to-action ratio and gives no weights. Each is measured in a file of its own as a number
//! between 0 and 1; what the signals hold against the stage's steps is the fifth. They are combined by
//! the weights stated here, and the most suspicious stage of a run gets 1.

mod backtrack;
mod diff;
mod exploration;
mod regression;

use std::ops::Range;

use trace::{StageFeatures, StageSpan, StepId};

use crate::case::Case;
use crate::facts::churn::Churn;
use crate::progress::Progress;

/// What the signals hold against single steps is the most direct ground, and the only one that can
/// tell two patching stages apart where nothing is tested.
const STEP_SUSPICION: f64 = 0.40;
/// Something that worked and no longer does: rare, and seldom wrong.
const VERIFICATION_REGRESSION: f64 = 0.25;
/// The run's own judgement that what it did was wrong.
const BACKTRACK_FREQUENCY: f64 = 0.15;
/// Where most is written most can be wrong.
const DIFF_MAGNITUDE: f64 = 0.15;
/// Looking long without acting is a sign of being lost, but good work begins so too.
const EXPLORATION_RATIO: f64 = 0.05;

/// The stages of a run with their suspicion. `charged` tells what the signals hold against a step, on
/// any scale from 0 upwards; the most suspected step of the run counts as 1.
#[must_use]
pub fn stages(
    case: &Case<'_>,
    progress: &Progress,
    charged: impl Fn(StepId) -> f64,
) -> Vec<StageSpan> {
    let stages = &case.index.stages;
    let spans: Vec<Range<usize>> = stages
        .iter()
        .map(|stage| stage.start.index()..stage.end.index() + 1)
        .collect();
    let regressions = regression::measure(&spans, progress);
    let ids = (0..case.index.len()).map(StepId::from_index);
    let churns: Vec<Churn> = ids
        .map(|step| Churn::of_step(&case.workspace, step))
        .collect();
    let diffs = diff::measure(case, &spans, &churns);
    let backtracks = backtrack::measure(case, &spans, &churns);
    let explorations = exploration::measure(case, &spans);
    let highest = |steps: Range<usize>| {
        steps
            .map(|at| charged(StepId::from_index(at)))
            .fold(0.0, f64::max)
    };
    let loudest = highest(0..case.index.len());
    let mut found: Vec<StageSpan> = Vec::with_capacity(stages.len());
    for (at, stage) in stages.iter().enumerate() {
        let features = StageFeatures {
            verification_regression: unit(regressions[at]),
            diff_magnitude: unit(diffs[at]),
            backtrack_frequency: unit(backtracks[at]),
            exploration_ratio: unit(explorations[at]),
            step_suspicion: unit(highest(spans[at].clone()) / loudest),
        };
        found.push(StageSpan {
            stage_id: stage.id,
            start: stage.start,
            end: stage.end,
            phase: stage.phase,
            suspicion: combine(&features),
            features,
        });
    }
    let most = found.iter().map(|s| s.suspicion).fold(0.0, f64::max);
    if most > 0.0 {
        for span in &mut found {
            span.suspicion /= most;
        }
    }
    found
}

/// The weighted sum of the features; the weights add up to 1.
fn combine(features: &StageFeatures) -> f64 {
    STEP_SUSPICION * features.step_suspicion
        + VERIFICATION_REGRESSION * features.verification_regression
        + BACKTRACK_FREQUENCY * features.backtrack_frequency
        + DIFF_MAGNITUDE * features.diff_magnitude
        + EXPLORATION_RATIO * features.exploration_ratio
}

fn unit(value: f64) -> f64 {
    if value.is_finite() {
        value.clamp(0.0, 1.0)
    } else {
        0.0
    }
}

/// Which span a step lies in.
fn span_of(spans: &[Range<usize>], step: StepId) -> Option<usize> {
    let at = spans.partition_point(|span| span.end <= step.index());
    spans
        .get(at)
        .is_some_and(|span| span.contains(&step.index()))
        .then_some(at)
}

#[allow(clippy::cast_precision_loss, reason = "counts of steps and lines")]
fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        0.0
    } else {
        part as f64 / whole as f64
    }
}
