//! What a suspect's score is made of.

use std::collections::{BTreeMap, BTreeSet};

use trace::{Contribution, StepId};

use crate::case::Case;
use crate::column::{FIRST_SIGNAL, columns};
use crate::model::Table;
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
    let mut all = BTreeMap::new();
    for row in table.rows.iter().filter(|row| steps.contains(&row.step)) {
        let mut parts: Vec<Contribution> = row
            .strengths
            .iter()
            .filter_map(|&(column, strength)| {
                let weight = *weights.get(column)?;
                Some(Contribution {
                    signal: (*columns().get(column)?).to_owned(),
                    strength,
                    weight,
                    log_odds: strength * weight,
                    why: words.remove(&(row.step, column)).map(|(_, why)| why),
                })
            })
            .collect();
        parts.sort_by(|a, b| b.log_odds.abs().total_cmp(&a.log_odds.abs()));
        all.insert(row.step, parts);
    }
    all
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
