//! How far a figure may be off by the luck of which runs were labelled.
//!
//! Percentile bootstrap (Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13):
//! rows are drawn with replacement as often as there are rows, and the middle 95 % of the figures of
//! 2,000 such draws is the interval. Rows may be drawn one by one or task by task; runs of one task
//! tend to go the same way, so the second is the wider and the more honest where tasks repeat.
//! The generator is seeded: the same rows give the same interval.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::metric::{Cell, Row};

/// How many draws an interval is made of.
pub const DRAWS: usize = 2000;

/// The seed of the generator.
const SEED: u64 = 7;

/// The middle 95 %.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Interval {
    /// The 2.5th percentile.
    pub low: f64,
    /// The 97.5th percentile.
    pub high: f64,
}

/// How often each row was drawn, draw by draw. One such table serves all figures over the same rows,
/// so that differences between systems are taken draw by draw.
#[derive(Debug, Clone)]
pub struct Draws {
    rows: usize,
    /// One row of counts a draw.
    counts: Vec<u16>,
}

impl Draws {
    /// Draws `rows` rows one by one.
    #[must_use]
    pub fn of_rows(rows: usize) -> Self {
        Self::of_groups(rows, &(0..rows).map(|row| vec![row]).collect::<Vec<_>>())
    }

    /// Draws whole tasks, as many as there are.
    #[must_use]
    pub fn of_tasks(rows: &[Row<'_>]) -> Self {
        Self::of_groups(rows.len(), &tasks(rows))
    }

    fn of_groups(rows: usize, groups: &[Vec<usize>]) -> Self {
        let mut random = fastrand::Rng::with_seed(SEED);
        let mut counts = vec![0_u16; rows * DRAWS];
        if rows > 0 {
            for draw in counts.chunks_exact_mut(rows) {
                for _ in groups {
                    let group = &groups[random.usize(..groups.len())];
                    for row in group {
                        draw[*row] = draw[*row].saturating_add(1);
                    }
                }
            }
        }
        Self { rows, counts }
    }

    /// The figure of every draw that holds a counted row; in the order of draws.
    fn figures<'a>(&'a self, cells: &'a [Option<Cell>]) -> impl Iterator<Item = Option<f64>> + 'a {
        let draws = self.counts.chunks_exact(self.rows.max(1));
        draws.map(|draw| {
            let mut sum = None;
            for (cell, count) in cells.iter().zip(draw) {
                if let Some(cell) = cell.filter(|_| *count > 0) {
                    let sum = sum.get_or_insert_with(Cell::default);
                    sum.above += cell.above * f64::from(*count);
                    sum.below += cell.below * f64::from(*count);
                }
            }
            sum.map(Cell::figure)
        })
    }

    /// The interval of the figure these cells give; `None` when no row counts.
    #[must_use]
    pub fn interval(&self, cells: &[Option<Cell>]) -> Option<Interval> {
        middle(self.figures(cells).flatten().collect())
    }

    /// The interval of the difference `b` minus `a`, both over the same rows.
    #[must_use]
    pub fn difference(&self, a: &[Option<Cell>], b: &[Option<Cell>]) -> Option<Interval> {
        let both = self.figures(a).zip(self.figures(b));
        middle(both.filter_map(|(a, b)| Some(b? - a?)).collect())
    }
}

/// The rows of each task, in the order of task names.
pub(crate) fn tasks(rows: &[Row<'_>]) -> Vec<Vec<usize>> {
    let mut tasks: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, row) in rows.iter().enumerate() {
        tasks.entry(&row.gold.task).or_default().push(at);
    }
    tasks.into_values().collect()
}

fn middle(mut figures: Vec<f64>) -> Option<Interval> {
    figures.sort_by(f64::total_cmp);
    let last = figures.len().checked_sub(1)?;
    // 2.5 % and 97.5 % of the draws, in whole numbers.
    let at = |thousandths: usize| figures[(figures.len() * thousandths / 1000).min(last)];
    Some(Interval {
        low: at(25),
        high: at(975),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gold::GoldRun;
    use proptest::prelude::*;

    fn cells(values: &[f64]) -> Vec<Option<Cell>> {
        values.iter().map(|v| Some(Cell::value(*v))).collect()
    }

    #[test]
    fn nothing_that_varies_has_no_width_and_nothing_at_all_has_no_interval() {
        let draws = Draws::of_rows(5);
        let same = draws.interval(&cells(&[0.5; 5])).unwrap();
        assert_eq!((same.low, same.high), (0.5, 0.5));
        assert_eq!(draws.interval(&[None; 5]), None);
        assert_eq!(Draws::of_rows(0).interval(&[]), None);
    }

    #[test]
    fn an_interval_is_that_of_the_binomial_it_estimates() {
        let mut values = vec![1.0; 30];
        values.extend(vec![0.0; 70]);
        let found = Draws::of_rows(100).interval(&cells(&values)).unwrap();
        // 0.3 ± 1.96 · √(0.3 · 0.7 / 100)
        assert!((found.low - 0.21).abs() < 0.02, "{found:?}");
        assert!((found.high - 0.39).abs() < 0.02, "{found:?}");
    }

    #[test]
    fn runs_that_go_together_widen_the_interval_drawn_by_task() {
        let gold: Vec<GoldRun> = (0..40)
            .map(|at| GoldRun {
                task: format!("t{}", at / 10),
                ..GoldRun::default()
            })
            .collect();
        let rows: Vec<Row<'_>> = gold
            .iter()
            .map(|gold| Row {
                gold,
                prediction: None,
            })
            .collect();
        let values: Vec<f64> = (0..40).map(|at| f64::from(at / 10 % 2)).collect();
        let width = |draws: &Draws| {
            let interval = draws.interval(&cells(&values)).unwrap();
            interval.high - interval.low
        };
        assert!(width(&Draws::of_tasks(&rows)) > 2.0 * width(&Draws::of_rows(40)));
    }

    proptest! {
        #[test]
        fn an_interval_lies_within_the_values_and_a_system_differs_not_from_itself(
            values in proptest::collection::vec(0.0..=1.0_f64, 1..20)
        ) {
            let cells = cells(&values);
            let draws = Draws::of_rows(cells.len());
            let found = draws.interval(&cells).unwrap();
            prop_assert!(found.low <= found.high);
            prop_assert!((0.0..=1.0).contains(&found.low) && found.high <= 1.0 + 1e-9);
            let none = draws.difference(&cells, &cells).unwrap();
            prop_assert_eq!((none.low, none.high), (0.0, 0.0));
        }
    }
}
