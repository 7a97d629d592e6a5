//! The onset: named, nearly named, ranked, rightly not named; and the stage that holds it.
//!
//! All but abstention are about runs labelled with an onset. A rank that the system does not give is
//! taken as the middle of those that are left, as if the remaining steps were in random order; its
//! reciprocal counts 0.

use std::collections::BTreeSet;

use trace::StepId;

use super::step::Overlap;
use super::{Better, Cell, Metric, Row, Topic};
use crate::gold::error_stages;
use crate::prediction::Prediction;

/// The labelled onset and the one predicted.
fn named(row: Row<'_>) -> Option<(StepId, Option<StepId>)> {
    let gold = row.gold.onset.flatten()?;
    Some((gold, row.prediction.and_then(|p| p.onset.flatten())))
}

fn within(row: Row<'_>, most: u32) -> Option<Cell> {
    let (gold, said) = named(row)?;
    let near = |said: StepId| said.get().abs_diff(gold.get()) <= most;
    Some(Cell::of(said.is_some_and(near)))
}

/// Where the labelled onset stands in the ranking, counted from 1.
fn rank(row: Row<'_>) -> Option<(Option<usize>, usize)> {
    let gold = row.gold.onset.flatten()?;
    let ranking = row.prediction.map_or_else(Vec::new, Prediction::ranking);
    let at = ranking.iter().position(|step| *step == gold);
    Some((at.map(|at| at + 1), ranking.len()))
}

fn top(row: Row<'_>, most: usize) -> Option<Cell> {
    let (rank, _) = rank(row)?;
    Some(Cell::of(rank.is_some_and(|rank| rank <= most)))
}

#[expect(clippy::cast_precision_loss, reason = "counts of steps")]
fn reciprocal(row: Row<'_>) -> Option<Cell> {
    let (rank, _) = rank(row)?;
    Some(Cell::value(rank.map_or(0.0, |rank| 1.0 / rank as f64)))
}

#[expect(clippy::cast_precision_loss, reason = "counts of steps")]
fn mean_rank(row: Row<'_>) -> Option<Cell> {
    let (rank, listed) = rank(row)?;
    let steps = (row.gold.steps() as usize).max(listed + 1);
    let middle = (listed + 1 + steps) as f64 / 2.0;
    Some(Cell::value(rank.map_or(middle, |rank| rank as f64)))
}

/// Whether the verdict is right: an accepted onset where there is one, none where there is none.
pub(super) fn verdict_is_right(row: Row<'_>) -> Option<bool> {
    let gold = row.gold.onset?;
    let said = row.prediction.map(|prediction| prediction.onset.flatten());
    Some(match (gold, said) {
        (_, None) => false,
        (None, Some(said)) => said.is_none(),
        (Some(_), Some(said)) => said.is_some_and(|said| row.gold.accepted.contains(&said)),
    })
}

const fn speaks(prediction: &Prediction) -> bool {
    prediction.onset.is_some()
}

const fn ranks(prediction: &Prediction) -> bool {
    prediction.onset.is_some() || prediction.candidates.is_some()
}

pub(super) const METRICS: &[Metric] = &[
    Metric::share("onset_exact", "exact", Topic::Onset, speaks, |row| {
        within(row, 0)
    }),
    Metric::share("onset_accepted", "accepted", Topic::Onset, speaks, |row| {
        let (_, said) = named(row)?;
        Some(Cell::of(
            said.is_some_and(|said| row.gold.accepted.contains(&said)),
        ))
    }),
    Metric::share("onset_within_1", "within 1", Topic::Onset, speaks, |row| {
        within(row, 1)
    }),
    Metric::share("onset_within_3", "within 3", Topic::Onset, speaks, |row| {
        within(row, 3)
    }),
    Metric::share("onset_top_1", "in top 1", Topic::Onset, ranks, |row| {
        top(row, 1)
    }),
    Metric::share("onset_top_3", "in top 3", Topic::Onset, ranks, |row| {
        top(row, 3)
    }),
    Metric::share("onset_top_5", "in top 5", Topic::Onset, ranks, |row| {
        top(row, 5)
    }),
    Metric::share(
        "onset_mrr",
        "mean reciprocal rank",
        Topic::Onset,
        ranks,
        reciprocal,
    ),
    Metric {
        key: "onset_mean_rank",
        name: "mean rank",
        topic: Topic::Onset,
        better: Better::Lower,
        share: false,
        speaks: ranks,
        cell: mean_rank,
    },
];

pub(super) const ABSTENTION: &[Metric] = &[
    Metric::share(
        "verdict_right",
        "verdict right, all rows",
        Topic::Abstention,
        speaks,
        |row| verdict_is_right(row).map(Cell::of),
    ),
    Metric::share(
        "abstains_without_onset",
        "names none where there is none",
        Topic::Abstention,
        speaks,
        |row| {
            let none = row.gold.onset?.is_none();
            none.then(|| Cell::of(row.prediction.is_some_and(|p| p.onset.flatten().is_none())))
        },
    ),
    Metric::share(
        "names_onset",
        "names one where there is one (coverage)",
        Topic::Abstention,
        speaks,
        |row| named(row).map(|(_, said)| Cell::of(said.is_some())),
    ),
    Metric::share(
        "exact_when_named",
        "exact where it names one",
        Topic::Abstention,
        speaks,
        |row| {
            let (gold, said) = named(row)?;
            said.map(|said| Cell::of(said == gold))
        },
    ),
];

/// True when the step responsible lies in one of these stages.
fn lies_in(row: Row<'_>, wanted: &BTreeSet<u32>) -> Option<bool> {
    let stages = row.gold.stages.as_ref()?;
    let said = row.prediction.and_then(Prediction::responsible);
    let holds = |step: StepId| {
        let mut holding = stages.iter().filter(|stage| stage.contains(step));
        holding.any(|stage| wanted.contains(&stage.id))
    };
    Some(said.is_some_and(holds))
}

fn onset_stage(row: Row<'_>) -> Option<Cell> {
    let gold = row.gold.onset.flatten()?;
    let stages = row.gold.stages.iter().flatten();
    let holding: BTreeSet<u32> = stages
        .filter(|stage| stage.contains(gold))
        .map(|stage| stage.id)
        .collect();
    if holding.is_empty() {
        return None;
    }
    lies_in(row, &holding).map(Cell::of)
}

fn labelled_error_stages(row: Row<'_>) -> Option<&BTreeSet<u32>> {
    let labelled = row.gold.error_stages.as_ref();
    labelled.filter(|labelled| !labelled.is_empty())
}

fn error_stage_overlap(row: Row<'_>) -> Option<Overlap> {
    let labelled = labelled_error_stages(row)?;
    let stages = row.gold.stages.as_ref()?;
    let incorrect = row.prediction.and_then(|p| p.incorrect.as_ref());
    let predicted = incorrect.map_or_else(BTreeSet::new, |steps| error_stages(stages, steps));
    Some(Overlap::of(&predicted, labelled))
}

const fn blames(prediction: &Prediction) -> bool {
    prediction.onset.is_some() || prediction.incorrect.is_some()
}

pub(super) const STAGE: &[Metric] = &[
    Metric::share(
        "onset_stage",
        "stage that holds the onset",
        Topic::Stage,
        blames,
        onset_stage,
    ),
    Metric::share(
        "error_stage",
        "step named lies in an error stage",
        Topic::Stage,
        blames,
        |row| lies_in(row, labelled_error_stages(row)?).map(Cell::of),
    ),
    Metric::share(
        "error_stages_f1",
        "error stages, F1",
        Topic::Stage,
        |p| p.incorrect.is_some(),
        |row| error_stage_overlap(row).map(|o| Cell::value(o.f1().figure())),
    ),
];
