//! Whether the run failed, where, and how sure that is.

use std::collections::BTreeMap;

use trace::{StepId, Verdict};

use crate::column::{columns, tells_outcome};
use crate::model::{Model, Table, probability, shares};

/// How many steps may share the most of the suspicion for the earliest of them to be named.
const MOST_TIED: usize = 2;

/// What is concluded from the numbers of one run.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// What is said of the run.
    pub verdict: Verdict,
    /// The onset; where the verdict is undecided, where the run went wrong if it did. `None` where no step
    /// stands out, and for a run that is fine.
    pub onset: Option<StepId>,
    /// Every suspect with its share of the suspicion, best first; the earlier of equal ones leads.
    pub ranked: Vec<(StepId, f64)>,
    /// How probable it is that the run failed, judged without a recorded outcome.
    pub failed: f64,
    /// How often the verdict is right on such grounds: a named onset is one that a reader would name
    /// too; a run called free of failure had none. 1 where a recorded success is repeated, 0 where
    /// nothing is decided.
    pub confidence: f64,
    /// The same for the likeliest suspect, whether it was named or not.
    pub sure: f64,
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
        // Several that nothing tells apart are no onset.
        let tied = ranked
            .iter()
            .take_while(|it| best.is_some_and(|b| it.1 >= b.1));
        let stands_out = tied.count() <= MOST_TIED;
        let named = best.filter(|_| sure >= bars.onset && stands_out);
        let (verdict, onset, confidence) = match (resolved, named) {
            // What is recorded is repeated, and not concluded.
            (Some(true), _) => (Verdict::NoFailure, None, 1.0),
            // Where nothing was done there is nothing to be fine.
            (None, _) if best.is_none() => (Verdict::Undecided, None, 0.0),
            (Some(false), Some((id, _))) => (Verdict::FailureFound, Some(id), sure),
            (None, Some((id, _))) if failed >= bars.failed => {
                (Verdict::FailureFound, Some(id), sure)
            }
            (None, _) if failed < bars.fine => (Verdict::NoFailure, None, 1.0 - failed),
            // Where it went wrong, if it did: for a reader to look at, not a verdict. It is right no
            // more often than there is a failure.
            (None, Some((id, _))) => (Verdict::Undecided, Some(id), sure.min(failed)),
            _ => (Verdict::Undecided, None, 0.0),
        };
        Self {
            verdict,
            onset,
            ranked,
            failed,
            confidence,
            sure,
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

/// How probable it is that the run failed. Only what shows at its end is asked: what places a failure
/// well is no sign that there is one.
fn failed(table: &Table, model: &Model) -> f64 {
    let weights = model.failure_by_column();
    let strongest = table.strongest(columns().len());
    let sum: f64 = strongest
        .iter()
        .filter(|(column, _)| tells_outcome(*column))
        .map(|&(column, strength)| strength * weights[column])
        .sum();
    probability(model.failure.intercept + sum)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Bars, Calibration, Linear, Row};

    /// A model whose numbers can be read off: the share is the confidence, `regression` says which step,
    /// `false_claim` how probably the run failed.
    fn model(failed: f64) -> Model {
        let mut model = Model::stated();
        model.onset = Linear::default();
        model.onset.weights.insert("regression".to_owned(), 3.0);
        model.failure.intercept = crate::model::log_odds(failed);
        let silent = columns().iter().map(|name| ((*name).to_owned(), 0.0));
        model.failure.weights = silent.collect();
        model.confidence = Calibration {
            intercept: 0.0,
            share: 1.0,
            failed: 0.0,
        };
        model.bars = Bars {
            failed: 0.5,
            fine: 0.3,
            onset: 0.4,
        };
        model
    }

    /// Steps of which `loud` many say the same: the more, the less each carries.
    fn table(loud: usize) -> Table {
        let regression = columns().iter().position(|name| *name == "regression");
        let row = |at| Row {
            step: StepId::from_index(at),
            strengths: regression.map(|column| (column, 1.0)).into_iter().collect(),
        };
        Table {
            rows: (0..loud).map(row).collect(),
        }
    }

    #[test]
    fn a_verdict_needs_a_failure_and_a_step() {
        use Verdict::{FailureFound, NoFailure, Undecided};
        // Recorded outcome, probability of failure, suspects alike; verdict, onset, confidence.
        let cases = [
            (Some(true), 0.9, 1, NoFailure, None, 1.0),
            (Some(true), 0.9, 0, NoFailure, None, 1.0),
            (Some(false), 0.1, 2, FailureFound, Some(1), 0.5),
            (Some(false), 0.9, 4, Undecided, None, 0.0),
            (Some(false), 0.9, 0, Undecided, None, 0.0),
            (None, 0.9, 2, FailureFound, Some(1), 0.5),
            (None, 0.9, 4, Undecided, None, 0.0),
            (None, 0.4, 2, Undecided, Some(1), 0.4),
            (None, 0.4, 4, Undecided, None, 0.0),
            (None, 0.2, 2, NoFailure, None, 0.8),
            (None, 0.2, 4, NoFailure, None, 0.8),
            // Nothing was done: nothing is known of it, however rare failures are.
            (None, 0.2, 0, Undecided, None, 0.0),
        ];
        for (at, &(resolved, failed, suspects, verdict, onset, confidence)) in
            cases.iter().enumerate()
        {
            let judged = Judgement::new(&table(suspects), resolved, &model(failed));
            assert_eq!(judged.verdict, verdict, "case {at}");
            assert_eq!(judged.onset, onset.and_then(StepId::new), "case {at}");
            assert!(
                (judged.confidence - confidence).abs() < 1e-9,
                "case {at}: {judged:?}"
            );
            assert!(
                (judged.failed - failed).abs() < 1e-9,
                "case {at}: {judged:?}"
            );
        }
    }

    #[test]
    fn equal_suspects_are_ranked_by_step() {
        let judged = Judgement::new(&table(3), None, &model(0.5));
        let steps: Vec<u32> = judged.ranked.iter().map(|(step, _)| step.get()).collect();
        assert_eq!(steps, [1, 2, 3]);
        assert_eq!(judged.shares().len(), 3);
    }
}
