//! Labelled steps: precision, recall and F1 of a predicted set against the labelled one.
//!
//! With G the labelled and P the predicted steps of a run: precision |G ∩ P| / |P|, recall
//! |G ∩ P| / |G|, F1 their harmonic mean, each averaged over runs (macro; arXiv 2604.11641). Where G
//! or P is empty the paper leaves them undefined, so each convention has its own figure: *all rows*
//! (anything empty scores 0), *positive rows* (only runs with a labelled step), *empty against empty
//! scores 1*, and *pooled* (hits, flags and labels summed over runs first; micro).

use std::collections::BTreeSet;

use trace::StepId;

use super::{Better, Cell, Metric, Row, Topic};
use crate::prediction::Prediction;

/// Sizes of two sets and of what they share.
#[derive(Debug, Clone, Copy)]
pub(super) struct Overlap {
    both: usize,
    predicted: usize,
    labelled: usize,
}

impl Overlap {
    pub(super) fn of<T: Ord>(predicted: &BTreeSet<T>, labelled: &BTreeSet<T>) -> Self {
        Self {
            both: predicted.intersection(labelled).count(),
            predicted: predicted.len(),
            labelled: labelled.len(),
        }
    }

    pub(super) fn precision(self) -> Cell {
        ratio(self.both, self.predicted)
    }

    pub(super) fn recall(self) -> Cell {
        ratio(self.both, self.labelled)
    }

    pub(super) fn f1(self) -> Cell {
        ratio(2 * self.both, self.predicted + self.labelled)
    }

    fn is_empty(self) -> bool {
        self.predicted + self.labelled == 0
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of steps")]
pub(super) fn ratio(above: usize, below: usize) -> Cell {
    Cell {
        above: above as f64,
        below: below as f64,
    }
}

/// One of precision, recall and F1.
type Part = fn(Overlap) -> Cell;

const NONE: BTreeSet<StepId> = BTreeSet::new();

fn incorrect(row: Row<'_>) -> Option<Overlap> {
    let labelled = row.gold.incorrect.as_ref()?;
    let predicted = row.prediction.and_then(|p| p.incorrect.as_ref());
    Some(Overlap::of(predicted.unwrap_or(&NONE), labelled))
}

fn unuseful(row: Row<'_>) -> Option<Overlap> {
    let labelled = row.gold.unuseful.as_ref()?;
    let predicted = row.prediction.and_then(|p| p.unuseful.as_ref());
    Some(Overlap::of(predicted.unwrap_or(&NONE), labelled))
}

/// The row's own figure as one value of a mean.
fn mean(overlap: Overlap, part: Part) -> Cell {
    Cell::value(part(overlap).figure())
}

fn positive(overlap: Option<Overlap>, part: Part) -> Option<Cell> {
    let overlap = overlap.filter(|overlap| overlap.labelled > 0)?;
    Some(mean(overlap, part))
}

/// As `mean`, but saying nothing where there is nothing to say is right. A run nothing was said
/// about at all is not.
fn empty_is_one(row: Row<'_>, part: Part) -> Option<Cell> {
    let overlap = incorrect(row)?;
    if overlap.is_empty() {
        return Some(Cell::of(row.prediction.is_some()));
    }
    Some(mean(overlap, part))
}

fn with_onset(row: Row<'_>) -> Option<Overlap> {
    row.gold.onset.flatten().and_then(|_| incorrect(row))
}

const fn metric(
    key: &'static str,
    name: &'static str,
    topic: Topic,
    cell: fn(Row<'_>) -> Option<Cell>,
) -> Metric {
    let speaks: fn(&Prediction) -> bool = match topic {
        Topic::Unuseful => |p| p.unuseful.is_some(),
        _ => |p| p.incorrect.is_some(),
    };
    Metric {
        key,
        name,
        topic,
        better: Better::Higher,
        share: true,
        speaks,
        cell,
    }
}

const fn of_incorrect(
    key: &'static str,
    name: &'static str,
    cell: fn(Row<'_>) -> Option<Cell>,
) -> Metric {
    metric(key, name, Topic::Incorrect, cell)
}

const fn of_unuseful(
    key: &'static str,
    name: &'static str,
    cell: fn(Row<'_>) -> Option<Cell>,
) -> Metric {
    metric(key, name, Topic::Unuseful, cell)
}

pub(super) const INCORRECT: &[Metric] = &[
    of_incorrect("incorrect_f1_all", "F1, all rows", |row| {
        incorrect(row).map(|o| mean(o, Overlap::f1))
    }),
    of_incorrect("incorrect_precision_all", "precision, all rows", |row| {
        incorrect(row).map(|o| mean(o, Overlap::precision))
    }),
    of_incorrect("incorrect_recall_all", "recall, all rows", |row| {
        incorrect(row).map(|o| mean(o, Overlap::recall))
    }),
    of_incorrect("incorrect_f1_positive", "F1, positive rows", |row| {
        positive(incorrect(row), Overlap::f1)
    }),
    of_incorrect(
        "incorrect_precision_positive",
        "precision, positive rows",
        |row| positive(incorrect(row), Overlap::precision),
    ),
    of_incorrect(
        "incorrect_recall_positive",
        "recall, positive rows",
        |row| positive(incorrect(row), Overlap::recall),
    ),
    of_incorrect("incorrect_f1_onset", "F1, rows with an onset", |row| {
        with_onset(row).map(|o| mean(o, Overlap::f1))
    }),
    of_incorrect("incorrect_f1_empty1", "F1, empty against empty 1", |row| {
        empty_is_one(row, Overlap::f1)
    }),
    of_incorrect("incorrect_f1_pooled", "F1, pooled", |row| {
        incorrect(row).map(Overlap::f1)
    }),
    of_incorrect("incorrect_precision_pooled", "precision, pooled", |row| {
        incorrect(row).map(Overlap::precision)
    }),
    of_incorrect("incorrect_recall_pooled", "recall, pooled", |row| {
        incorrect(row).map(Overlap::recall)
    }),
];

pub(super) const UNUSEFUL: &[Metric] = &[
    of_unuseful("unuseful_f1_all", "F1, all rows", |row| {
        unuseful(row).map(|o| mean(o, Overlap::f1))
    }),
    of_unuseful("unuseful_f1_positive", "F1, positive rows", |row| {
        positive(unuseful(row), Overlap::f1)
    }),
    of_unuseful("unuseful_f1_pooled", "F1, pooled", |row| {
        unuseful(row).map(Overlap::f1)
    }),
];
