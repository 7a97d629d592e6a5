//! One fit, and the folds.

use std::collections::BTreeSet;

use localize::column::{columns, tells_outcome};
use localize::model::fit::{
    Answered, Graded, Prior, Ranked, fit_calibration, fit_logistic, fit_onset, rounded,
};
use localize::model::{Linear, Model, Row, Weights, bounded_log_odds, stated, task_digest};
use localize::verdict::Judgement;
use trace::StepId;

use super::Sample;

/// How a fit is held back.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// How strongly the weights of the onset are drawn to the stated ones.
    pub onset_ridge: f64,
    /// The same for incorrect steps.
    pub incorrect_ridge: f64,
    /// The same for the outcome.
    pub failure_ridge: f64,
    /// How much of a run's target stands on the labelled onset where a reader accepts other steps too;
    /// they share the rest.
    pub on_label: f64,
    /// Columns that may not count, for ablations.
    pub without: BTreeSet<usize>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            onset_ridge: 2.0,
            incorrect_ridge: 10.0,
            failure_ridge: 3.0,
            on_label: 0.7,
            without: BTreeSet::new(),
        }
    }
}

impl Settings {
    /// Stated weights of what may count, 0 for the others.
    fn centre(&self) -> Vec<f64> {
        let all = stated().iter().enumerate();
        all.map(|(column, weight)| {
            if self.without.contains(&column) {
                0.0
            } else {
                *weight
            }
        })
        .collect()
    }

    /// The weights by name, those that may not count at 0.
    fn named(&self, weights: &[f64], counts: impl Fn(&str) -> bool) -> Weights {
        let all = columns().iter().zip(weights).enumerate();
        all.map(|(at, (name, weight))| {
            let kept = counts(name) && !self.without.contains(&at);
            (
                (*name).to_owned(),
                if kept { rounded(*weight) } else { 0.0 },
            )
        })
        .collect()
    }
}

/// Fits the whole model: weights, then the calibration on predictions for tasks that the weights had
/// not seen.
#[must_use]
pub fn fit(samples: &[&Sample], settings: &Settings) -> Model {
    let mut model = fit_weights(samples, settings);
    let mut grades = Vec::new();
    let labelled: Vec<&Sample> = with_onset(samples).collect();
    for (rest, held_out) in folds(&labelled) {
        let outside: BTreeSet<&str> = held_out.iter().map(|s| s.task.as_str()).collect();
        let mut partial = model.clone();
        partial.onset.weights = onset_weights(&rest, settings);
        let others = samples.iter().copied();
        let others: Vec<&Sample> = others
            .filter(|s| !outside.contains(s.task.as_str()))
            .collect();
        partial.failure = failure(&others, settings);
        grades.extend(held_out.into_iter().filter_map(|sample| {
            let judged = Judgement::new(&sample.table, Some(false), &partial);
            let &(best, share) = judged.ranked.first()?;
            Some(Graded {
                share: bounded_log_odds(share),
                failed: bounded_log_odds(judged.failed),
                right: sample.onset == Some(Some(best))
                    || (sample.onset.flatten().is_some() && sample.accepted.contains(&best)),
            })
        }));
    }
    model.confidence = fit_calibration(&grades);
    model
}

/// The samples whose onset was looked for, found or not.
fn with_onset<'s>(samples: &[&'s Sample]) -> impl Iterator<Item = &'s Sample> {
    samples.iter().copied().filter(|s| s.onset.is_some())
}

/// By task: everything else, and its own samples.
pub(super) fn folds<'s>(samples: &[&'s Sample]) -> Vec<(Vec<&'s Sample>, Vec<&'s Sample>)> {
    let tasks: BTreeSet<&str> = samples.iter().map(|s| s.task.as_str()).collect();
    let all = tasks.into_iter();
    all.map(|task| samples.iter().partition(|s| s.task != task))
        .collect()
}

/// Every weight, without calibration.
fn fit_weights(samples: &[&Sample], settings: &Settings) -> Model {
    let mut model = Model::stated();
    model.onset.weights = onset_weights(samples, settings);
    model.incorrect = incorrect(samples, settings);
    model.failure = failure(samples, settings);
    model.training.onset_runs = samples
        .iter()
        .filter(|s| s.onset.flatten().is_some())
        .count();
    model.training.incorrect_runs = samples.iter().filter(|s| s.incorrect.is_some()).count();
    model.training.outcome_runs = samples.iter().filter(|s| s.failed.is_some()).count();
    let seen = samples.iter().filter(|s| s.teaches());
    model.training.tasks = seen.map(|s| task_digest(&s.task)).collect();
    model
}

fn onset_weights(samples: &[&Sample], settings: &Settings) -> Weights {
    let runs: Vec<Ranked<'_>> = samples
        .iter()
        .filter_map(|sample| {
            Some(Ranked {
                table: &sample.table,
                onset: targets(sample, settings.on_label)?,
            })
        })
        .collect();
    let prior = Prior::around(&settings.centre());
    settings.named(&fit_onset(&runs, &prior, settings.onset_ridge), |_| true)
}

/// How much of the onset each row carries; `None` where no labelled step has a row.
fn targets(sample: &Sample, on_label: f64) -> Option<Vec<f64>> {
    let onset = sample.onset.flatten()?;
    let rows = &sample.table.rows;
    let place = |step: StepId| rows.binary_search_by_key(&step, |row| row.step).ok();
    let own = place(onset);
    let others = sample.accepted.iter().filter(|step| **step != onset);
    let others: Vec<usize> = others.filter_map(|step| place(*step)).collect();
    let mut parts = vec![0.0; rows.len()];
    let own_part = match (own, others.is_empty()) {
        (None, true) => return None,
        (None, false) => 0.0,
        (Some(_), true) => 1.0,
        (Some(_), false) => on_label,
    };
    if let Some(own) = own {
        parts[own] = own_part;
    }
    for &other in &others {
        parts[other] += (1.0 - own_part) / count(others.len());
    }
    Some(parts)
}

fn incorrect(samples: &[&Sample], settings: &Settings) -> Linear {
    /// What a run counts in all, in rows.
    const ROWS_A_RUN: f64 = 10.0;
    let mut answers = Vec::new();
    for sample in samples {
        let Some(wrong) = &sample.incorrect else {
            continue;
        };
        let weight = ROWS_A_RUN / count(sample.table.rows.len()).max(1.0);
        answers.extend(sample.table.rows.iter().map(|row| Answered {
            row,
            yes: wrong.contains(&row.step),
            weight,
        }));
    }
    let prior = Prior::around(&settings.centre());
    let (intercept, weights) = fit_logistic(&answers, &prior, settings.incorrect_ridge);
    Linear {
        intercept: rounded(intercept),
        weights: settings.named(&weights, |_| true),
    }
}

/// Whether the run failed, from what shows at its end.
fn failure(samples: &[&Sample], settings: &Settings) -> Linear {
    let names = columns();
    let counts = |name: &str| {
        names
            .iter()
            .position(|n| *n == name)
            .is_some_and(tells_outcome)
    };
    // The signs are stated, but not how much: that a signal places a failure well says little of how
    // often runs with it fail.
    let mut prior = Prior::around(&settings.centre());
    for (at, name) in names.iter().enumerate() {
        prior.centre[at] = 0.0;
        if !counts(name) {
            prior.sign[at] = 0;
        }
    }
    let wholes: Vec<(Row, bool)> = samples
        .iter()
        .filter_map(|sample| {
            let mut strengths = sample.table.strongest(names.len());
            strengths.retain(|(column, _)| counts(names[*column]));
            let step = StepId::from_index(0);
            Some((Row { step, strengths }, sample.failed?))
        })
        .collect();
    let answers: Vec<Answered<'_>> = wholes
        .iter()
        .map(|(row, failed)| Answered {
            row,
            yes: *failed,
            weight: 1.0,
        })
        .collect();
    let (intercept, weights) = fit_logistic(&answers, &prior, settings.failure_ridge);
    Linear {
        intercept: rounded(intercept),
        weights: settings.named(&weights, counts),
    }
}

/// A count as a number to reckon with.
fn count(n: usize) -> f64 {
    f64::from(u32::try_from(n).unwrap_or(u32::MAX))
}
