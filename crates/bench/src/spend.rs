//! What a system took: tokens, calls, money and time, run by run and in all.

use serde::Serialize;

use crate::prediction::Prediction;

/// What asking a model about one run took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Asked {
    /// Completions asked for.
    pub calls: f64,
    /// Prompt tokens of all calls, cached ones included.
    pub input_tokens: f64,
    /// Of these, read from the provider's cache.
    pub cached_tokens: f64,
    /// Tokens the model wrote.
    pub output_tokens: f64,
}

/// What a system took, over the runs that say so.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Spend {
    /// One entry a quantity, in the order of a reader's interest.
    pub quantities: Vec<Quantity>,
}

/// One thing that is spent.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Quantity {
    /// What it is, with its unit.
    pub name: &'static str,
    /// How many runs say it.
    pub runs: usize,
    /// In all.
    pub total: f64,
    /// The middle run.
    pub median: f64,
    /// The run that 95 in 100 stay below or at.
    pub p95: f64,
    /// The run that took most.
    pub most: f64,
}

/// What is read off one prediction.
type Reading = fn(&Prediction) -> Option<f64>;

const QUANTITIES: &[(&str, Reading)] = &[
    ("tokens in", |p| Some(p.asked?.input_tokens)),
    ("of these cached", |p| Some(p.asked?.cached_tokens)),
    ("tokens out", |p| Some(p.asked?.output_tokens)),
    ("calls", |p| Some(p.asked?.calls)),
    ("US dollars", |p| p.cost_usd),
    ("seconds", |p| p.seconds),
];

impl Spend {
    /// Adds up what predictions say they took; empty where none says anything.
    #[must_use]
    pub fn of(predictions: &[Prediction]) -> Self {
        let asked: Vec<&Prediction> = predictions.iter().filter(|p| p.asked.is_some()).collect();
        let of = |&(name, reading): &(&'static str, Reading)| {
            let mut all: Vec<f64> = asked.iter().filter_map(|p| reading(p)).collect();
            all.sort_by(f64::total_cmp);
            Some(Quantity {
                name,
                runs: all.len(),
                total: all.iter().sum(),
                median: quantile(&all, 50)?,
                p95: quantile(&all, 95)?,
                most: *all.last()?,
            })
        };
        Self {
            quantities: QUANTITIES.iter().filter_map(of).collect(),
        }
    }

    /// True when nothing was said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.quantities.is_empty()
    }
}

/// The value that so many in a hundred of the sorted values stay at or below (nearest rank).
fn quantile(sorted: &[f64], percent: usize) -> Option<f64> {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn asked(tokens: f64) -> Prediction {
        Prediction {
            asked: Some(Asked {
                input_tokens: tokens,
                ..Asked::default()
            }),
            ..Prediction::default()
        }
    }

    #[test]
    fn the_middle_and_the_edge_are_runs_that_were_seen() {
        let said: Vec<Prediction> = (1..=20).map(|n| asked(f64::from(n))).collect();
        let spend = Spend::of(&said);
        let tokens = &spend.quantities[0];
        assert_eq!((tokens.runs, tokens.total), (20, 210.0));
        assert_eq!((tokens.median, tokens.p95, tokens.most), (10.0, 19.0, 20.0));
        assert!(Spend::of(&[Prediction::default()]).is_empty());
    }

    proptest! {
        #[test]
        fn quantiles_rise_and_are_among_the_values(mut all in prop::collection::vec(0.0..1e9_f64, 1..60)) {
            all.sort_by(f64::total_cmp);
            let (middle, edge) = (quantile(&all, 50).unwrap(), quantile(&all, 95).unwrap());
            prop_assert!(middle <= edge && edge <= all[all.len() - 1]);
            prop_assert!(all.contains(&middle) && all.contains(&edge));
        }
    }
}
