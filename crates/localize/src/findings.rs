//! What every signal says about every step of one run.

use std::collections::BTreeMap;

use trace::StepId;

use crate::case::Case;
use crate::column::{FIRST_SIGNAL, FIRST_TIME, columns, facts};
use crate::model::{Row, Table};
use crate::signal::{Suspicion, signals};

/// So much said for the first time counts full.
const MANY_FIRST_TIMES: f64 = 4.0;

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
        for (column, signal) in (FIRST_SIGNAL..).zip(signals()) {
            let weight = weights.get(column).copied().unwrap_or(0.0);
            for suspicion in signal.measure(case) {
                let strength = suspicion.strength.clamp(0.0, 1.0);
                if strength <= 0.0 {
                    continue;
                }
                note(rows.entry(suspicion.step).or_default(), column, strength);
                let counts = weight * strength;
                let louder = loudest
                    .get(&suspicion.step)
                    .is_none_or(|known| counts > known.counts);
                if louder && !signal.exculpates() {
                    let step = suspicion.step;
                    let entry = Loudest {
                        column,
                        counts,
                        suspicion,
                    };
                    loudest.insert(step, entry);
                }
            }
        }
        note_first_times(&mut rows);
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

/// Adds to each step how much is said against it for the first time in the run, full at
/// [`MANY_FIRST_TIMES`] signals.
fn note_first_times(rows: &mut BTreeMap<StepId, Vec<(usize, f64)>>) {
    let mut spoken: Vec<bool> = signals().iter().map(|s| s.exculpates()).collect();
    for strengths in rows.values_mut() {
        let mut first = 0.0;
        for &(column, strength) in strengths.iter() {
            let signal = column.checked_sub(FIRST_SIGNAL);
            if let Some(spoken) = signal.and_then(|at| spoken.get_mut(at))
                && !std::mem::replace(spoken, true)
            {
                first += strength;
            }
        }
        if first > 0.0 {
            let at = strengths.partition_point(|&(column, _)| column < FIRST_TIME);
            strengths.insert(at, (FIRST_TIME, (first / MANY_FIRST_TIMES).min(1.0)));
        }
    }
}

/// Notes a strength; the strongest of one column counts, or repetition alone would outweigh everything.
fn note(strengths: &mut Vec<(usize, f64)>, column: usize, strength: f64) {
    match strengths.last_mut() {
        Some((last, known)) if *last == column => *known = known.max(strength),
        // Columns come in ascending order, so that the list stays sorted.
        _ => strengths.push((column, strength)),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use trace::StepId;

    use super::{FIRST_SIGNAL, FIRST_TIME, note_first_times};

    #[test]
    fn only_what_is_said_for_the_first_time_counts() {
        let said = |strength| vec![(0, 1.0), (FIRST_SIGNAL, strength), (FIRST_SIGNAL + 1, 1.0)];
        let mut rows = BTreeMap::from([
            (StepId::from_index(0), vec![(0, 1.0)]),
            (StepId::from_index(1), said(1.0)),
            (StepId::from_index(2), said(1.0)),
        ]);
        note_first_times(&mut rows);
        let first = |at: usize| {
            let strengths = &rows[&StepId::from_index(at)];
            assert!(strengths.is_sorted_by_key(|&(column, _)| column));
            strengths
                .iter()
                .find(|(column, _)| *column == FIRST_TIME)
                .map(|(_, first)| *first)
        };
        assert_eq!([first(0), first(1), first(2)], [None, Some(0.5), None]);
    }
}
