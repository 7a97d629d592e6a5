//! Kinds of error, changes and explorations, phases and their boundaries, and what it all takes.

use std::collections::BTreeSet;

use trace::{Phase, StepId};

use super::step::ratio;
use super::{Better, Cell, Metric, Row, Topic};
use crate::gold::GoldStage;
use crate::prediction::Prediction;

/// How far apart two boundaries may be and still be one.
const NEAR: u32 = 1;

pub(super) const ERROR_TYPE: &[Metric] = &[Metric::share(
    "error_type",
    "accuracy",
    Topic::ErrorType,
    |p| p.error_type.is_some(),
    |row| {
        row.gold.onset.flatten()?;
        let gold = row.gold.error_type.as_ref()?;
        let said = row.prediction.and_then(|p| p.error_type.clone().flatten());
        Some(Cell::of(said.as_ref() == Some(gold)))
    },
)];

/// The labelled and the predicted change steps within the steps the labels count. A run without a
/// prediction has every step wrong.
struct Changes {
    both: usize,
    labelled: usize,
    predicted: usize,
    steps: usize,
}

fn changes(row: Row<'_>) -> Option<Changes> {
    let labelled = row.gold.change_steps.as_ref()?;
    let steps = row.gold.steps();
    let counted = |set: &BTreeSet<StepId>| set.iter().filter(|id| id.get() <= steps).count();
    let Some(prediction) = row.prediction else {
        let labelled = counted(labelled);
        return Some(Changes {
            both: 0,
            labelled,
            predicted: steps as usize - labelled,
            steps: steps as usize,
        });
    };
    let predicted = prediction.change_steps.clone().unwrap_or_default();
    Some(Changes {
        both: counted(&labelled.intersection(&predicted).copied().collect()),
        labelled: counted(labelled),
        predicted: counted(&predicted),
        steps: steps as usize,
    })
}

/// The phase of each step; `None` for steps in no stage.
fn phases(stages: &[GoldStage], steps: u32) -> Vec<Option<Phase>> {
    let mut phases = vec![None; steps as usize];
    for stage in stages {
        let end = (stage.end.index() + 1).min(phases.len());
        if let Some(span) = phases.get_mut(stage.start.index()..end) {
            span.fill(stage.phase);
        }
    }
    phases
}

fn phase_accuracy(row: Row<'_>) -> Option<Cell> {
    let stages = row.gold.stages.as_ref()?;
    let gold = phases(stages, row.gold.steps());
    let said = row.prediction.and_then(|p| p.stages.as_deref());
    let said = phases(said.unwrap_or_default(), row.gold.steps());
    let labelled = gold.iter().zip(&said).filter(|(gold, _)| gold.is_some());
    let (all, hit) = labelled.fold((0, 0), |(all, hit), (gold, said)| {
        (all + 1, hit + usize::from(gold == said))
    });
    (all > 0).then(|| ratio(hit, all))
}

/// The first steps of all stages but the first.
fn boundaries(stages: &[GoldStage]) -> BTreeSet<StepId> {
    let starts = stages.iter().map(|stage| stage.start);
    starts.filter(|start| start.get() > 1).collect()
}

/// How many of `ids` have one of `others` at most [`NEAR`] steps away.
fn near(ids: &BTreeSet<StepId>, others: &BTreeSet<StepId>) -> usize {
    let has_one = |id: &&StepId| {
        let low = StepId::new(id.get().saturating_sub(NEAR).max(1)).unwrap_or(**id);
        let high = StepId::new(id.get().saturating_add(NEAR)).unwrap_or(**id);
        others.range(low..=high).next().is_some()
    };
    ids.iter().filter(has_one).count()
}

/// F1 of stage boundaries; where neither side has one, they agree.
fn boundary_f1(row: Row<'_>) -> Option<Cell> {
    let gold = row
        .gold
        .stages
        .as_ref()
        .filter(|stages| !stages.is_empty())?;
    // Only labels with phases are stages in this sense.
    gold.iter().find_map(|stage| stage.phase)?;
    let gold = boundaries(gold);
    let Some(said) = row.prediction.and_then(|p| p.stages.as_deref()) else {
        return Some(Cell::of(false));
    };
    let said = boundaries(said);
    if gold.is_empty() && said.is_empty() {
        return Some(Cell::of(true));
    }
    let precision = ratio(near(&said, &gold), said.len()).figure();
    let recall = ratio(near(&gold, &said), gold.len()).figure();
    let f1 = Cell {
        above: 2.0 * precision * recall,
        below: precision + recall,
    };
    Some(Cell::value(f1.figure()))
}

const fn tells_changes(prediction: &Prediction) -> bool {
    prediction.change_steps.is_some()
}

const fn tells_stages(prediction: &Prediction) -> bool {
    prediction.stages.is_some()
}

pub(super) const METRICS: &[Metric] = &[
    Metric::share(
        "change_accuracy",
        "change or explore, accuracy over steps",
        Topic::Effect,
        tells_changes,
        |row| {
            let c = changes(row)?;
            let wrong = c.labelled + c.predicted - 2 * c.both;
            Some(ratio(c.steps - wrong, c.steps))
        },
    ),
    Metric::share(
        "change_f1",
        "change, F1 over steps",
        Topic::Effect,
        tells_changes,
        |row| changes(row).map(|c| ratio(2 * c.both, c.labelled + c.predicted)),
    ),
    Metric::share(
        "phase_accuracy",
        "phase, accuracy over steps",
        Topic::Effect,
        tells_stages,
        phase_accuracy,
    ),
    Metric::share(
        "boundary_f1",
        "stage boundary, F1 (±1 step)",
        Topic::Effect,
        tells_stages,
        boundary_f1,
    ),
    Metric::share(
        "step_count",
        "runs with as many steps as labelled",
        Topic::Effect,
        |p| p.step_count.is_some(),
        |row| {
            let labelled = row.gold.step_count?;
            let said = row.prediction.and_then(|p| p.step_count);
            Some(Cell::of(said == Some(labelled)))
        },
    ),
];

const fn cost(
    key: &'static str,
    name: &'static str,
    speaks: fn(&Prediction) -> bool,
    cell: fn(Row<'_>) -> Option<Cell>,
) -> Metric {
    Metric {
        key,
        name,
        topic: Topic::Cost,
        better: Better::Lower,
        share: false,
        speaks,
        cell,
    }
}

/// Means over the runs that state them: what is not known is not 0.
pub(super) const COST: &[Metric] = &[
    cost(
        "tokens",
        "tokens a run",
        |p| p.tokens.is_some(),
        |row| row.prediction?.tokens.map(Cell::value),
    ),
    cost(
        "cost_usd",
        "US dollars a run",
        |p| p.cost_usd.is_some(),
        |row| row.prediction?.cost_usd.map(Cell::value),
    ),
    cost(
        "seconds",
        "seconds a run",
        |p| p.seconds.is_some(),
        |row| row.prediction?.seconds.map(Cell::value),
    ),
];
