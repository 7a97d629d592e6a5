//! Whether confidence means frequency, and what is gained by listening to it.
//!
//! Two events are forecast by the confidence of a verdict. *exact*: of the runs that have a labelled
//! onset or a label that there is none, and an onset named by the system, it is the labelled one;
//! *accepted*: it is one of those an honest reader could name. Naming an onset where there is none is
//! wrong in both. Runs for which the system names no onset make no forecast: see the figures on
//! abstention.
//!
//! Sources: Brier, "Verification of forecasts expressed in terms of probability" (1950); expected
//! calibration error as in Guo et al., arXiv 1706.04599; risk and coverage as in Geifman and
//! El-Yaniv, arXiv 1705.08500.

use serde::Serialize;

use super::{Better, Cell, Metric, Row, Topic};
use crate::prediction::Prediction;

/// How many bins of equal width a reliability table has.
pub const BINS: usize = 10;

/// A forecast and what came of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Forecast {
    /// The probability that was stated.
    pub confidence: f64,
    /// Whether the event came.
    pub came: bool,
}

/// What is forecast.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// The onset named is the labelled one.
    Exact,
    /// The onset named is one an honest reader could name.
    Accepted,
}

impl Event {
    /// Both events.
    pub const ALL: [Self; 2] = [Self::Exact, Self::Accepted];

    /// The forecast a row makes of this event, if it makes one.
    #[must_use]
    pub fn forecast(self, row: Row<'_>) -> Option<Forecast> {
        let gold = row.gold.onset?;
        let prediction = row.prediction?;
        let named = prediction.onset.flatten()?;
        let came = match self {
            Self::Exact => gold == Some(named),
            Self::Accepted => gold.is_some() && row.gold.accepted.contains(&named),
        };
        Some(Forecast {
            confidence: prediction.confidence?.clamp(0.0, 1.0),
            came,
        })
    }

    /// The forecasts of all rows that make one.
    #[must_use]
    pub fn forecasts(self, rows: &[Row<'_>]) -> Vec<Forecast> {
        rows.iter().filter_map(|row| self.forecast(*row)).collect()
    }
}

fn brier(row: Row<'_>, event: Event) -> Option<Cell> {
    let forecast = event.forecast(row)?;
    let came = if forecast.came { 1.0 } else { 0.0 };
    Some(Cell::value((forecast.confidence - came).powi(2)))
}

const fn metric(
    key: &'static str,
    name: &'static str,
    cell: fn(Row<'_>) -> Option<Cell>,
) -> Metric {
    const fn speaks(prediction: &Prediction) -> bool {
        prediction.confidence.is_some()
    }
    Metric {
        key,
        name,
        topic: Topic::Calibration,
        better: Better::Lower,
        share: true,
        speaks,
        cell,
    }
}

pub(super) const METRICS: &[Metric] = &[
    metric("brier_exact", "Brier score, exact", |row| {
        brier(row, Event::Exact)
    }),
    metric("brier_accepted", "Brier score, accepted", |row| {
        brier(row, Event::Accepted)
    }),
];

/// One bin of a reliability table.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Bin {
    /// The least confidence of the bin.
    pub from: f64,
    /// The confidence the bin ends before; the last includes it.
    pub to: f64,
    /// How many forecasts fall into it.
    pub count: usize,
    /// Their mean confidence.
    pub confidence: f64,
    /// How often the event came.
    pub frequency: f64,
}

/// The bins that hold a forecast, in order.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "counts of runs")]
pub fn reliability(forecasts: &[Forecast]) -> Vec<Bin> {
    let edge = |at: usize| at as f64 / BINS as f64;
    let mut sums = [(0_usize, 0.0_f64, 0_usize); BINS];
    for forecast in forecasts {
        let at = (1..BINS).take_while(|at| edge(*at) <= forecast.confidence);
        let bin = &mut sums[at.count()];
        bin.0 += 1;
        bin.1 += forecast.confidence;
        bin.2 += usize::from(forecast.came);
    }
    let held = sums.iter().enumerate().filter(|(_, bin)| bin.0 > 0);
    held.map(|(at, &(count, confidence, came))| Bin {
        from: edge(at),
        to: edge(at + 1),
        count,
        confidence: confidence / count as f64,
        frequency: came as f64 / count as f64,
    })
    .collect()
}

/// Expected calibration error: the distance between confidence and frequency, averaged over the
/// bins by their count; `None` without forecasts.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "counts of runs")]
pub fn calibration_error(forecasts: &[Forecast]) -> Option<f64> {
    let gap = |bin: &Bin| bin.count as f64 * (bin.confidence - bin.frequency).abs();
    let sum: f64 = reliability(forecasts).iter().map(gap).sum();
    (!forecasts.is_empty()).then(|| sum / forecasts.len() as f64)
}

/// How often the event fails to come among the most confident forecasts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Risk {
    /// The share of forecasts that is kept.
    pub coverage: f64,
    /// The least confidence among them.
    pub bar: f64,
    /// The share of them whose event did not come.
    pub risk: f64,
}

/// Risk at every confidence that is stated, from the highest down. Equal confidences are kept or left
/// together: no order among them is better than another.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "counts of runs")]
pub fn risk_coverage(forecasts: &[Forecast]) -> Vec<Risk> {
    let mut sorted = forecasts.to_vec();
    sorted.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
    let (mut kept, mut wrong) = (0_usize, 0_usize);
    let mut curve = Vec::new();
    for same in sorted.chunk_by(|a, b| a.confidence.total_cmp(&b.confidence).is_eq()) {
        kept += same.len();
        wrong += same.iter().filter(|forecast| !forecast.came).count();
        curve.push(Risk {
            coverage: kept as f64 / forecasts.len() as f64,
            bar: same[0].confidence,
            risk: wrong as f64 / kept as f64,
        });
    }
    curve
}

/// The area under the risk-coverage curve, each risk held until the next coverage: 0 is best, and
/// confidence that says nothing gives the overall risk. `None` without forecasts.
#[must_use]
pub fn risk_area(forecasts: &[Forecast]) -> Option<f64> {
    let mut from = 0.0;
    let mut area = 0.0;
    for point in risk_coverage(forecasts) {
        area += (point.coverage - from) * point.risk;
        from = point.coverage;
    }
    (!forecasts.is_empty()).then_some(area)
}
