//! Whether the run failed, where, and how sure that is.

use std::collections::BTreeMap;

use trace::{StepId, Verdict};

use crate::column::{columns, speaks_for_failure};
use crate::model::{Model, Table, probability, shares};

/// What is concluded from the numbers of one run.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// What is said of the run.
    pub verdict: Verdict,
    /// The onset; `None` unless a failure was found.
    pub onset: Option<StepId>,
    /// Every suspect with its share of the suspicion, best first; the earlier of equal ones leads.
    pub ranked: Vec<(StepId, f64)>,
    /// How probable it is that the run failed, judged without a recorded outcome.
    pub failed: f64,
    /// How often an onset named on such grounds is one that a reader would name too.
    pub confidence: f64,
}

impl Judgement {
    /// Judges a run. `resolved` is the recorded outcome where the engine may see it.
    #[must_use]
    pub fn new(table: &Table, resolved: Option<bool>, model: &Model) -> Self {
        let shares = shares(table, &model.onset.by_column());
        let steps = table.rows.iter().map(|row| row.step);
        let mut ranked: Vec<(StepId, f64)> = steps.zip(shares).collect();
        ranked.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        let failed = failed(table, model);
        let best = ranked.first().copied();
        let sure = best.map_or(0.0, |(_, share)| model.confidence.confidence(share, failed));
        let bars = model.bars;
        let named = best.filter(|_| sure >= bars.onset);
        let (verdict, onset, confidence) = match (resolved, named) {
            (Some(true), _) => (Verdict::NoFailure, None, 1.0),
            (Some(false), Some((id, _))) => (Verdict::FailureFound, Some(id), sure),
            (None, Some((id, _))) if failed >= bars.failed => {
                (Verdict::FailureFound, Some(id), sure)
            }
            (None, _) if failed < bars.fine => (Verdict::NoFailure, None, 1.0 - failed),
            _ => (Verdict::Undecided, None, 0.0),
        };
        Self {
            verdict,
            onset,
            ranked,
            failed,
            confidence,
        }
    }
}

impl Judgement {
    /// The share of the suspicion that each step carries, by step.
    #[must_use]
    pub fn shares(&self) -> BTreeMap<StepId, f64> {
        self.ranked.iter().copied().collect()
    }
}

/// How probable it is that the run failed. What only places a failure is not asked, whatever it weighs:
/// that something was handed in is no sign that it is wrong.
fn failed(table: &Table, model: &Model) -> f64 {
    let weights = model.failure.by_column();
    let strongest = table.strongest(columns().len());
    let sum: f64 = strongest
        .iter()
        .filter(|(column, _)| speaks_for_failure(*column))
        .map(|&(column, strength)| strength * weights[column])
        .sum();
    probability(model.failure.intercept + sum)
}

#[cfg(test)]
mod tests {
    use trace::{StepId, Verdict};

    use super::{Judgement, columns};
    use crate::model::{Model, Row, Table};

    /// A run of one step of which these columns speak in full.
    fn run(names: &[&str]) -> Table {
        let all = columns().iter().enumerate();
        let strengths = all
            .filter(|(_, column)| names.contains(*column))
            .map(|(at, _)| (at, 1.0))
            .collect();
        let step = StepId::from_index(0);
        Table {
            rows: vec![Row { step, strengths }],
        }
    }

    #[test]
    fn what_only_places_a_failure_does_not_make_a_run_a_failed_one() {
        let model = Model::stated();
        let fine = run(&[
            "deliverable",
            "on_delivery_path",
            "first_design",
            "does_change",
        ]);
        let judged = Judgement::new(&fine, None, &model);
        assert_eq!(judged.verdict, Verdict::NoFailure, "{judged:?}");
        let wrong = run(&[
            "deliverable",
            "on_delivery_path",
            "false_claim",
            "regression",
        ]);
        let judged = Judgement::new(&wrong, None, &model);
        assert_eq!(judged.verdict, Verdict::FailureFound, "{judged:?}");
    }
}
