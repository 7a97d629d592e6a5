//! Whether a system that is asked again says the same.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::prediction::Prediction;

/// How far several answers about the same runs agree: shares of pairs of answers about one run,
/// averaged over the runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Agreement {
    /// Runs with two answers or more.
    pub runs: usize,
    /// The most answers about one run.
    pub answers: usize,
    /// Pairs that name the same onset, or both none.
    pub onset: f64,
    /// Pairs that both name an onset, or both none.
    pub names_one: f64,
    /// Steps both call incorrect, among those either does (Jaccard); two empty sets agree.
    pub incorrect: f64,
    /// Pairs that name the same kind of error, or both none.
    pub error_type: f64,
}

/// How far two answers agree in one respect, 0 to 1.
type Measure = fn(&Prediction, &Prediction) -> f64;

impl Agreement {
    /// Compares all answers about each run; `None` where no run has two.
    #[must_use]
    pub fn of(predictions: &[Prediction]) -> Option<Self> {
        let mut by_run: BTreeMap<(&str, Option<&str>), Vec<&Prediction>> = BTreeMap::new();
        for prediction in predictions {
            let run = (prediction.run.as_str(), prediction.path.as_deref());
            by_run.entry(run).or_default().push(prediction);
        }
        let several: Vec<Vec<&Prediction>> =
            by_run.into_values().filter(|all| all.len() > 1).collect();
        let answers = several.iter().map(Vec::len).max()?;
        let mean = |measure: Measure| {
            let shares = several.iter().map(|all| within(all, measure));
            shares.sum::<f64>() / count(several.len())
        };
        Some(Self {
            runs: several.len(),
            answers,
            onset: mean(|a, b| same(&a.onset, &b.onset)),
            names_one: mean(|a, b| {
                same(
                    &a.onset.map(|onset| onset.is_some()),
                    &b.onset.map(|onset| onset.is_some()),
                )
            }),
            incorrect: mean(jaccard),
            error_type: mean(|a, b| same(&a.error_type, &b.error_type)),
        })
    }
}

/// The mean over all pairs of answers about one run.
fn within(all: &[&Prediction], measure: Measure) -> f64 {
    let pairs = (1..all.len()).flat_map(|b| (0..b).map(move |a| (a, b)));
    let (mut sum, mut number) = (0.0, 0);
    for (a, b) in pairs {
        sum += measure(all[a], all[b]);
        number += 1;
    }
    sum / count(number)
}

fn same<T: PartialEq>(a: &T, b: &T) -> f64 {
    f64::from(u8::from(a == b))
}

fn jaccard(a: &Prediction, b: &Prediction) -> f64 {
    let (Some(a), Some(b)) = (&a.incorrect, &b.incorrect) else {
        return same(&a.incorrect, &b.incorrect);
    };
    let either = a.union(b).count();
    if either == 0 {
        return 1.0;
    }
    count(a.intersection(b).count()) / count(either)
}

#[expect(clippy::cast_precision_loss, reason = "counts of runs and steps")]
fn count(number: usize) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use trace::StepId;

    fn said(run: &str, onset: Option<u32>, incorrect: &[u32]) -> Prediction {
        Prediction {
            run: run.to_owned(),
            onset: Some(onset.and_then(StepId::new)),
            incorrect: Some(incorrect.iter().filter_map(|n| StepId::new(*n)).collect()),
            ..Prediction::default()
        }
    }

    #[test]
    fn runs_asked_once_say_nothing() {
        assert_eq!(Agreement::of(&[said("a", None, &[])]), None);
    }

    #[test]
    fn agreement_is_the_mean_over_runs_of_pairs() {
        let all = [
            said("a", Some(3), &[3, 4]),
            said("a", Some(3), &[3]),
            said("b", Some(5), &[]),
            said("b", None, &[]),
            said("c", Some(1), &[1]),
        ];
        let agreement = Agreement::of(&all).unwrap();
        assert_eq!((agreement.runs, agreement.answers), (2, 2));
        assert!((agreement.onset - 0.5).abs() < 1e-9);
        assert!((agreement.names_one - 0.5).abs() < 1e-9);
        assert!((agreement.incorrect - 0.75).abs() < 1e-9);
        assert!((agreement.error_type - 1.0).abs() < 1e-9);
    }
}
