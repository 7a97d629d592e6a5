//! What a suspect's score is made of.

use std::collections::{BTreeMap, BTreeSet};

use trace::{Contribution, StepId};

use crate::case::Case;
use crate::column::{FIRST_SIGNAL, columns, facts};
use crate::model::{Model, Table};
use crate::signal::measure_all;

/// By step, everything that adds to its score or takes from it, the weightiest first. The signals look
/// at the run once more: their words are kept only for the few steps that are asked for.
pub(crate) fn contributions(
    case: &Case<'_>,
    table: &Table,
    steps: &BTreeSet<StepId>,
    weights: &[f64],
) -> BTreeMap<StepId, Vec<Contribution>> {
    let mut words = words(case, steps);
    let rows = table.rows.iter().filter(|row| steps.contains(&row.step));
    rows.map(|row| {
        (
            row.step,
            parts(row.step, &row.strengths, weights, &mut words),
        )
    })
    .collect()
}

/// By step, everything that adds to the score of the given steps or takes from it, the weightiest first;
/// for who asks of a few steps after the diagnosis. Every signal looks at the run once more.
#[must_use]
pub fn explain(
    case: &Case<'_>,
    steps: &BTreeSet<StepId>,
    model: &Model,
) -> BTreeMap<StepId, Vec<Contribution>> {
    let mut words = words(case, steps);
    let mut strengths: BTreeMap<StepId, Vec<(usize, f64)>> = steps
        .iter()
        .filter_map(|&step| Some((step, facts(&case.index.step(step)?))))
        .collect();
    for (&(step, column), &(strength, _)) in &words {
        let strength = strength.clamp(0.0, 1.0);
        if strength > 0.0 {
            strengths.entry(step).or_default().push((column, strength));
        }
    }
    let weights = model.onset.by_column();
    let all = strengths.into_iter();
    all.map(|(step, strengths)| (step, parts(step, &strengths, &weights, &mut words)))
        .collect()
}

fn parts(
    step: StepId,
    strengths: &[(usize, f64)],
    weights: &[f64],
    words: &mut BTreeMap<(StepId, usize), (f64, String)>,
) -> Vec<Contribution> {
    let mut parts: Vec<Contribution> = strengths
        .iter()
        .filter_map(|&(column, strength)| {
            let weight = *weights.get(column)?;
            Some(Contribution {
                signal: (*columns().get(column)?).to_owned(),
                strength,
                weight,
                log_odds: strength * weight,
                why: words.remove(&(step, column)).map(|(_, why)| why),
            })
        })
        .collect();
    parts.sort_by(|a, b| b.log_odds.abs().total_cmp(&a.log_odds.abs()));
    parts
}

/// What each signal says of the steps, at its strongest.
fn words(case: &Case<'_>, steps: &BTreeSet<StepId>) -> BTreeMap<(StepId, usize), (f64, String)> {
    let mut words: BTreeMap<(StepId, usize), (f64, String)> = BTreeMap::new();
    measure_all(case, |number, said| {
        if !steps.contains(&said.step) {
            return;
        }
        let place = (said.step, FIRST_SIGNAL + number);
        let known = words.get(&place);
        if known.is_none_or(|(strength, _)| said.strength > *strength) {
            words.insert(place, (said.strength, said.why));
        }
    });
    words
}
