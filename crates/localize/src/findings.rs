//! What every signal says about every step of one run.

use std::collections::BTreeMap;

use trace::StepId;

use crate::case::Case;
use crate::column::{FIRST_SIGNAL, columns, facts};
use crate::model::{Row, Table};
use crate::signal::{Suspicion, measure_all, signals};

/// How loud a signal is that speaks for no failure: it places one, but it is no reason to give a reader
/// where there is another.
const NEUTRAL: f64 = 0.25;

/// What was measured, and for each step the words of the signal that counts most.
pub struct Findings {
    /// Every strength, as numbers.
    pub table: Table,
    /// By step: the column of the loudest signal, and what it saw.
    loudest: BTreeMap<StepId, Loudest>,
}

/// The signal that counts most against a step.
struct Loudest {
    column: usize,
    counts: f64,
    suspicion: Suspicion,
}

impl Findings {
    /// Lets every signal look at the run. `weights` decide, by column, which of several signals is the
    /// loudest. Linear in the run; one suspicion a step is kept in words, the others as numbers.
    #[must_use]
    pub fn new(case: &Case<'_>, weights: &[f64]) -> Self {
        let mut rows: BTreeMap<StepId, Vec<(usize, f64)>> = case
            .index
            .steps()
            .map(|step| (step.id, facts(&step)))
            .filter(|(_, facts)| !facts.is_empty())
            .collect();
        let mut loudest: BTreeMap<StepId, Loudest> = BTreeMap::new();
        measure_all(case, |number, suspicion| {
            let column = FIRST_SIGNAL + number;
            let strength = suspicion.strength.clamp(0.0, 1.0);
            if strength.is_nan() || strength <= 0.0 {
                return;
            }
            note(rows.entry(suspicion.step).or_default(), column, strength);
            let Some(signal) = signals().get(number) else {
                return;
            };
            let weight = weights.get(column).copied().unwrap_or(0.0);
            let telling = if signal.speaks_for_failure() {
                1.0
            } else {
                NEUTRAL
            };
            let counts = weight * strength * telling;
            // Of two that count the same the first of the list speaks.
            let louder = loudest.get(&suspicion.step).is_none_or(|known| {
                counts > known.counts || (counts >= known.counts && column < known.column)
            });
            if louder && !signal.exculpates() {
                let step = suspicion.step;
                let entry = Loudest {
                    column,
                    counts,
                    suspicion,
                };
                loudest.insert(step, entry);
            }
        });
        let rows = rows.into_iter();
        Self {
            table: Table {
                rows: rows
                    .map(|(step, strengths)| Row { step, strengths })
                    .collect(),
            },
            loudest,
        }
    }

    /// The signal that counts most against a step, by its column, and what it saw.
    #[must_use]
    pub fn loudest(&self, step: StepId) -> Option<(usize, &Suspicion)> {
        let found = self.loudest.get(&step)?;
        Some((found.column, &found.suspicion))
    }

    /// The names of the signals that speak of a step, in the order of their list.
    #[must_use]
    pub fn signals(&self, step: StepId) -> Vec<&'static str> {
        let rows = &self.table.rows;
        let row = rows.binary_search_by_key(&step, |row| row.step);
        let strengths = row.ok().map(|at| &rows[at].strengths);
        let spoken = strengths.into_iter().flatten().map(|(column, _)| *column);
        spoken
            .filter(|column| *column >= FIRST_SIGNAL)
            .filter_map(|column| columns().get(column).copied())
            .collect()
    }
}

/// Notes a strength; the strongest of one column counts, or repetition alone would outweigh everything.
fn note(strengths: &mut Vec<(usize, f64)>, column: usize, strength: f64) {
    // In the order of the columns, whatever order the signals come in.
    match strengths.binary_search_by_key(&column, |(known, _)| *known) {
        Ok(at) => strengths[at].1 = strengths[at].1.max(strength),
        Err(at) => strengths.insert(at, (column, strength)),
    }
}
