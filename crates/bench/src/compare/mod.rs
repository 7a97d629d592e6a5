//! Two systems on the same rows: is the difference more than noise, and which runs changed.
//!
//! The interval of a difference is a paired bootstrap: both figures are taken over the same draw of
//! tasks. Beside it stands a permutation test: if the two systems were alike, which of them said what
//! about a task would not matter, so the two are swapped task by task at random, and p is how
//! often the difference is then at least as large as the one found (Good, "Permutation, Parametric
//! and Bootstrap Tests of Hypotheses", 2005). A difference counts as more than noise when the interval
//! leaves out 0 and p is below 0.05.

use serde::Serialize;

use crate::gold::Set;
use crate::interval::{Draws, Interval, tasks};
use crate::metric::{Better, Cell, Metric, Row, all, by_key};
use crate::pairing::pair;
use crate::prediction::Prediction;

/// How many random swaps a test is made of.
const SWAPS: u32 = 10_000;

/// The seed of the generator.
const SEED: u64 = 7;

/// Differences below this are those of rounding.
const ROUNDING: f64 = 1e-12;

/// The p below which a difference is more than noise.
const BAR: f64 = 0.05;

/// Figures a run is called better or worse by, the most telling first.
const TELLING: &[&str] = &[
    "verdict_right",
    "onset_exact",
    "onset_top_3",
    "incorrect_f1_empty1",
    "change_accuracy",
];

/// Two systems over one set of labels.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// The set's name.
    pub set: String,
    /// Rows of the set.
    pub rows: usize,
    /// Tasks among them.
    pub tasks: usize,
    /// Rows without a prediction, by the first system and by the second.
    pub missing: [usize; 2],
    /// Every figure both speak about.
    pub figures: Vec<Difference>,
    /// Every run that changed, in the order of labels.
    pub runs: Vec<Change>,
    /// The conclusion in a sentence or two.
    pub conclusion: String,
}

/// One figure of both systems.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// The metric's name in JSON.
    pub key: &'static str,
    /// The metric's name in tables.
    pub name: String,
    /// Which way is better.
    pub better: Better,
    /// How many rows it is about.
    pub rows: usize,
    /// The first system's figure.
    pub a: f64,
    /// The second system's figure.
    pub b: f64,
    /// The second minus the first.
    pub difference: f64,
    /// Its interval, drawn by task.
    pub interval: Interval,
    /// How often chance alone makes a difference as large.
    pub p: f64,
    /// Whether interval and p both say so.
    pub more_than_noise: bool,
}

/// What became of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Turn {
    /// Something about it got better and nothing worse.
    Better,
    /// Something about it got worse and nothing better.
    Worse,
    /// Some of it got better and some worse.
    Mixed,
    /// The predictions differ, and no figure does.
    Same,
}

/// A run about which the two systems differ.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// The run.
    pub run: String,
    /// Whether the second system is better on it.
    pub turn: Turn,
    /// The onset labelled and those predicted, as text; `–` where there is none.
    pub onset: [String; 3],
    /// The figures that differ: name, first, second.
    pub figures: Vec<(&'static str, f64, f64)>,
}

/// Compares two systems over a set.
#[must_use]
pub fn compare(set: &Set, a: &[Prediction], b: &[Prediction]) -> Comparison {
    let (first, second) = (pair(&set.runs, a), pair(&set.runs, b));
    let draws = Draws::of_tasks(&first.rows);
    let tasks = tasks(&first.rows);
    let difference = |metric: &'static Metric| {
        let (a, b) = (metric.cells(&first.rows), metric.cells(&second.rows));
        let (value_a, value_b) = (sum(&a)?.figure(), sum(&b)?.figure());
        let interval = draws.difference(&a, &b)?;
        let p = chance(&tasks, &a, &b);
        let outside = interval.low > ROUNDING || interval.high < -ROUNDING;
        Some(Difference {
            key: metric.key,
            name: format!("{}: {}", metric.topic.name(), metric.name),
            better: metric.better,
            rows: a.iter().flatten().count(),
            a: value_a,
            b: value_b,
            difference: value_b - value_a,
            interval,
            p,
            more_than_noise: outside && p < BAR,
        })
    };
    let figures: Vec<Difference> = all().filter_map(difference).collect();
    let runs: Vec<Change> = (first.rows.iter().zip(&second.rows))
        .filter_map(|(a, b)| change(*a, *b))
        .collect();
    Comparison {
        set: set.name.clone(),
        rows: first.rows.len(),
        tasks: tasks.len(),
        missing: [&first, &second].map(|p| p.missing.len() + p.ambiguous.len()),
        conclusion: conclusion(&figures, &runs),
        figures,
        runs,
    }
}

fn sum(cells: &[Option<Cell>]) -> Option<Cell> {
    let mut counted = cells.iter().copied().flatten().peekable();
    counted.peek()?;
    Some(counted.sum())
}

/// How often swapping the systems task by task makes a difference at least as large as the one found.
fn chance(tasks: &[Vec<usize>], a: &[Option<Cell>], b: &[Option<Cell>]) -> f64 {
    let of_task = |cells: &[Option<Cell>], rows: &[usize]| -> Cell {
        rows.iter().filter_map(|row| cells[*row]).sum()
    };
    let (mut same_a, mut same_b) = (Cell::default(), Cell::default());
    let mut differing = Vec::new();
    for rows in tasks {
        let (of_a, of_b) = (of_task(a, rows), of_task(b, rows));
        if of_a == of_b {
            same_a = same_a + of_a;
            same_b = same_b + of_b;
        } else {
            differing.push((of_a, of_b));
        }
    }
    let apart = |swap: &mut dyn FnMut() -> bool| {
        let (mut sum_a, mut sum_b) = (same_a, same_b);
        for (of_a, of_b) in &differing {
            let (to_a, to_b) = if swap() { (of_b, of_a) } else { (of_a, of_b) };
            sum_a = sum_a + *to_a;
            sum_b = sum_b + *to_b;
        }
        (sum_b.figure() - sum_a.figure()).abs()
    };
    let found = apart(&mut || false);
    let mut random = fastrand::Rng::with_seed(SEED);
    let mut as_large = 0_u32;
    for _ in 0..SWAPS {
        as_large += u32::from(apart(&mut || random.bool()) >= found - ROUNDING);
    }
    // The arrangement found is one of those that could have been.
    f64::from(as_large + 1) / f64::from(SWAPS + 1)
}

fn change(a: Row<'_>, b: Row<'_>) -> Option<Change> {
    if same(a, b) {
        return None;
    }
    let value = |metric: &Metric, row: Row<'_>| (metric.cell)(row).map(Cell::figure);
    let metrics = TELLING.iter().filter_map(|key| by_key(key));
    let figures: Vec<(&'static str, f64, f64)> = metrics
        .filter_map(|metric| Some((metric.key, value(metric, a)?, value(metric, b)?)))
        .filter(|(_, a, b)| (a - b).abs() > ROUNDING)
        .collect();
    let up = figures.iter().any(|(_, a, b)| b > a);
    let down = figures.iter().any(|(_, a, b)| b < a);
    let said = |onset: Option<Option<trace::StepId>>| {
        onset.flatten().map_or("–".to_owned(), |id| id.to_string())
    };
    let of = |row: Row<'_>| said(row.prediction.and_then(|p| p.onset));
    Some(Change {
        run: a.gold.run.clone(),
        turn: match (up, down) {
            (true, false) => Turn::Better,
            (false, true) => Turn::Worse,
            (true, true) => Turn::Mixed,
            (false, false) => Turn::Same,
        },
        onset: [said(a.gold.onset), of(a), of(b)],
        figures,
    })
}

/// Whether both say the same about what is scored.
fn same(a: Row<'_>, b: Row<'_>) -> bool {
    match (a.prediction, b.prediction) {
        (None, None) => true,
        (Some(a), Some(b)) => {
            a.onset == b.onset
                && a.candidates == b.candidates
                && a.incorrect == b.incorrect
                && a.unuseful == b.unuseful
                && a.change_steps == b.change_steps
                && a.stages == b.stages
                && a.error_type == b.error_type
        }
        _ => false,
    }
}

fn conclusion(figures: &[Difference], runs: &[Change]) -> String {
    let count = |turn: Turn| runs.iter().filter(|run| run.turn == turn).count();
    let changed = format!(
        "{} better, {} worse, {} mixed, {} different without any figure changing.",
        count(Turn::Better),
        count(Turn::Worse),
        count(Turn::Mixed),
        count(Turn::Same)
    );
    if runs.is_empty() && figures.iter().all(|f| f.difference.abs() <= ROUNDING) {
        return "No difference: both say the same about every run.".to_owned();
    }
    let clear: Vec<String> = figures
        .iter()
        .filter(|figure| figure.more_than_noise)
        .map(|figure| {
            let gains = match figure.better {
                Better::Higher => figure.difference > 0.0,
                Better::Lower => figure.difference < 0.0,
            };
            let word = if gains { "better" } else { "worse" };
            format!("{word} in {} ({:+.3})", figure.name, figure.difference)
        })
        .collect();
    let tested = figures.len();
    let verdict = if clear.is_empty() {
        format!("No difference that is more than noise, in any of {tested} figures.")
    } else {
        format!(
            "More than noise: the second is {}. {tested} figures were tested; about one in twenty \
             stands out by chance.",
            clear.join("; ")
        )
    };
    format!("{verdict} Runs: {changed}")
}

#[cfg(test)]
mod tests;
