//! What is measured, row by row.
//!
//! Every figure here is a ratio of two sums over rows: a mean is the sum of the rows' values over
//! their number, a pooled precision the sum of hits over the sum of flags. So a row gives a [`Cell`],
//! cells add up, and intervals, permutations and breakdowns need to know nothing else. What is no
//! such ratio (reliability, risk at a coverage) is in [`calibration`].

pub mod calibration;
mod effect;
mod onset;
mod step;

use std::iter::Sum;
use std::ops::Add;

use crate::gold::GoldRun;
use crate::prediction::Prediction;

/// A labelled run with what one system says about it; `None` where it says nothing.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    /// The labels.
    pub gold: &'a GoldRun,
    /// What the system says.
    pub prediction: Option<&'a Prediction>,
}

/// What a row adds to a figure.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Cell {
    /// What is above the line.
    pub above: f64,
    /// What is below the line; 1 where the figure is a mean over rows.
    pub below: f64,
}

impl Cell {
    /// A value of a mean over rows.
    #[must_use]
    pub fn value(value: f64) -> Self {
        Self {
            above: value,
            below: 1.0,
        }
    }

    /// A yes or no of a mean over rows.
    #[must_use]
    pub fn of(yes: bool) -> Self {
        Self::value(if yes { 1.0 } else { 0.0 })
    }

    /// The figure the cells so far come to. Nothing below the line counts as 0: nothing flagged is
    /// no precision.
    #[must_use]
    pub fn figure(self) -> f64 {
        if self.below > 0.0 {
            self.above / self.below
        } else {
            0.0
        }
    }
}

impl Add for Cell {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            above: self.above + other.above,
            below: self.below + other.below,
        }
    }
}

impl Sum for Cell {
    fn sum<I: Iterator<Item = Self>>(cells: I) -> Self {
        cells.fold(Self::default(), Add::add)
    }
}

/// What a metric is about; the tables of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Topic {
    /// Naming the onset.
    Onset,
    /// Saying nothing where there is nothing, or where it is not known.
    Abstention,
    /// Labelling incorrect steps.
    Incorrect,
    /// Labelling unuseful steps.
    Unuseful,
    /// Naming the stage.
    Stage,
    /// Naming the kind of error.
    ErrorType,
    /// Telling changes from explorations, and phases.
    Effect,
    /// Whether confidence means frequency.
    Calibration,
    /// What it takes.
    Cost,
}

impl Topic {
    /// Its name in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Onset => "onset",
            Self::Abstention => "abstention",
            Self::Incorrect => "incorrect steps",
            Self::Unuseful => "unuseful steps",
            Self::Stage => "stage",
            Self::ErrorType => "error type",
            Self::Effect => "effects and stages",
            Self::Calibration => "calibration",
            Self::Cost => "cost",
        }
    }
}

/// Which way is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Better {
    /// The larger figure.
    Higher,
    /// The smaller figure.
    Lower,
}

/// One figure and how a row adds to it.
#[derive(Debug, Clone, Copy)]
pub struct Metric {
    /// Its name in JSON.
    pub key: &'static str,
    /// Its name in tables.
    pub name: &'static str,
    /// What it is about.
    pub topic: Topic,
    /// Which way is better.
    pub better: Better,
    /// Whether it is a share between 0 and 1.
    pub share: bool,
    /// Whether a prediction speaks about what is measured. A system none of whose predictions does
    /// gets no figure rather than a 0.
    pub speaks: fn(&Prediction) -> bool,
    /// What a row adds; `None` for rows the figure is not about. A row without a prediction scores
    /// the worst there is, never nothing.
    pub cell: fn(Row<'_>) -> Option<Cell>,
}

/// All metrics, in the order of reports.
pub fn all() -> impl Iterator<Item = &'static Metric> {
    [
        onset::METRICS,
        onset::ABSTENTION,
        step::INCORRECT,
        step::UNUSEFUL,
        onset::STAGE,
        effect::ERROR_TYPE,
        effect::METRICS,
        calibration::METRICS,
        effect::COST,
    ]
    .into_iter()
    .flatten()
}

/// The metric of this name.
#[must_use]
pub fn by_key(key: &str) -> Option<&'static Metric> {
    all().find(|metric| metric.key == key)
}

impl Metric {
    /// A share between 0 and 1, of which more is better.
    const fn share(
        key: &'static str,
        name: &'static str,
        topic: Topic,
        speaks: fn(&Prediction) -> bool,
        cell: fn(Row<'_>) -> Option<Cell>,
    ) -> Self {
        Self {
            key,
            name,
            topic,
            better: Better::Higher,
            share: true,
            speaks,
            cell,
        }
    }

    /// What each row adds; empty when none of the predictions speaks about it.
    #[must_use]
    pub fn cells(&self, rows: &[Row<'_>]) -> Vec<Option<Cell>> {
        let said = rows.iter().filter_map(|row| row.prediction);
        if !said.into_iter().any(self.speaks) {
            return Vec::new();
        }
        rows.iter().map(|row| (self.cell)(*row)).collect()
    }

    /// The figure over rows; `None` when it is about none of them, or none of the predictions speaks
    /// about it.
    #[must_use]
    pub fn figure(&self, rows: &[Row<'_>]) -> Option<f64> {
        let cells = self.cells(rows);
        let mut counted = cells.into_iter().flatten().peekable();
        counted.peek()?;
        Some(counted.sum::<Cell>().figure())
    }
}

#[cfg(test)]
mod tests;
