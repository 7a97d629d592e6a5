//! The weights by which what was measured becomes a verdict: a small text file that people can read.
//!
//! Three linear models over the same columns, the facts and signals of a step, each a strength between
//! 0 and 1:
//!
//! * `onset`: a softmax over the steps of one run, `share = exp(w·x) / Σ exp(w·x)`. Only what tells
//!   the steps of a run apart counts, so nothing that all of them share can move it.
//! * `incorrect`: a logistic model of each step, `p = 1 / (1 + exp(-(b + w·x)))`; the set that is
//!   labelled is the one with the highest expected F1 (see [`likeliest_set`]).
//! * `failure`: a logistic model of the whole run over what shows at its end, the strongest `observed_failure`.
//!
//! No column is a position or a length. The weights are fitted by `codetracer bench train`; a column the
//! file does not name, because it is newer, counts with its stated weight (`stated.toml`), and so does
//! every column when there is no file. The sign of a weight is stated, never learned.

pub mod fit;

mod select;
mod table;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

pub use select::likeliest_set;
pub use table::{Row, Table};

use crate::column::{columns, tells_outcome};

/// The schema of the model file.
pub const MODEL_SCHEMA: &str = "codetracer.model/1";
/// How much each column counts by judgement; see the comments in the file.
const STATED: &str = include_str!("stated.toml");
/// What was learned; fitted by `codetracer bench train`.
const TRAINED: &str = include_str!("trained.toml");
/// Log odds that a stated weight of 1 stands for.
const STATED_LOG_ODDS: f64 = 3.0;

/// Weights by the name of the column.
pub type Weights = BTreeMap<String, f64>;

/// A model file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Model {
    /// Always [`MODEL_SCHEMA`].
    pub schema: String,
    /// What it was fitted to.
    pub training: Training,
    /// Which step is the onset.
    pub onset: Linear,
    /// Which steps are incorrect.
    pub incorrect: Linear,
    /// Whether the run failed.
    pub failure: Linear,
    /// How often a named onset is right.
    pub confidence: Calibration,
    /// From when on a verdict is given.
    pub bars: Bars,
}

/// What a model was fitted to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Training {
    /// BLAKE3 of the labels and of everything measured, in hexadecimal; empty when nothing was fitted.
    pub data: String,
    /// Runs with a labelled onset.
    pub onset_runs: usize,
    /// Runs with labelled incorrect steps.
    pub incorrect_runs: usize,
    /// Runs whose outcome is known.
    pub outcome_runs: usize,
    /// The tasks of all these runs, each as [`task_digest`] gives it: names would tell what somebody's
    /// labels are about, and all that is asked is whether a task was among them.
    #[serde(default)]
    pub tasks: BTreeSet<String>,
}

impl Training {
    /// Whether a model was fitted to runs of this task; `None` where the file does not say. Figures over
    /// such runs are in-sample.
    #[must_use]
    pub fn saw(&self, task: &str) -> Option<bool> {
        if self.tasks.is_empty() && !self.data.is_empty() {
            return None;
        }
        Some(self.tasks.contains(&task_digest(task)))
    }
}

/// The first 16 hexadecimal digits of the BLAKE3 of a task's name.
#[must_use]
pub fn task_digest(task: &str) -> String {
    let mut digest = blake3::hash(task.as_bytes()).to_hex().to_string();
    digest.truncate(16);
    digest
}

/// An intercept and weights, in log odds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Linear {
    /// The log odds where no column speaks; without meaning for a softmax.
    #[serde(default)]
    pub intercept: f64,
    /// Log odds at full strength, by column.
    #[serde(default)]
    pub weights: Weights,
}

/// From the share `x` of the best candidate, and the probability `f` that the run failed, to how often
/// a reader names it too: `1 / (1 + exp(-(a + b·logit(x) + c·logit(f))))` (Platt 1999), fitted to
/// predictions for runs that the weights had not seen. Both log odds are bounded, see
/// [`bounded_log_odds`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// `a`.
    pub intercept: f64,
    /// `b`.
    pub share: f64,
    /// `c`.
    pub failed: f64,
}

/// From when on a verdict is given.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Bars {
    /// A run without a recorded outcome is called failed from this probability on.
    pub failed: f64,
    /// It is called free of failure below this one; between the two it is undecided.
    pub fine: f64,
    /// An onset is named from this confidence on.
    pub onset: f64,
}

/// The model that is shipped.
static SHIPPED: LazyLock<Model> =
    LazyLock::new(|| Model::from_toml(TRAINED).unwrap_or_else(|_| Model::stated()));

/// The stated weights, in log odds, by column number.
static STATED_BY_COLUMN: LazyLock<Vec<f64>> = LazyLock::new(|| {
    let stated: Weights = toml::from_str(STATED).unwrap_or_default();
    let of = |column: &&str| stated.get(*column).copied().unwrap_or(0.0) * STATED_LOG_ODDS;
    columns().iter().map(of).collect()
});

/// The stated weight of every column in log odds: what counts where nothing was learned. Negative for
/// what speaks in favour of a step.
#[must_use]
pub fn stated() -> &'static [f64] {
    &STATED_BY_COLUMN
}

impl Default for Model {
    /// The model that is shipped.
    fn default() -> Self {
        SHIPPED.clone()
    }
}

impl Model {
    /// The model that is shipped, read once.
    #[must_use]
    pub fn shipped() -> &'static Self {
        &SHIPPED
    }

    /// The stated weights alone; nothing learned.
    #[must_use]
    pub fn stated() -> Self {
        Self {
            schema: MODEL_SCHEMA.to_owned(),
            training: Training::default(),
            onset: Linear::default(),
            incorrect: Linear {
                intercept: -2.0,
                weights: Weights::new(),
            },
            failure: Linear {
                intercept: 0.0,
                weights: Weights::from([("observed_failure".to_owned(), 3.0)]),
            },
            confidence: Calibration {
                intercept: 0.0,
                share: 1.0,
                failed: 0.5,
            },
            bars: Bars {
                failed: 0.75,
                fine: 0.3,
                onset: 0.4,
            },
        }
    }

    /// Reads a model file.
    ///
    /// # Errors
    /// Says what is wrong with the text, with line and column: TOML of another shape, another schema, or
    /// a number that is not finite.
    pub fn from_toml(text: &str) -> Result<Self, toml::de::Error> {
        use serde::de::Error as _;
        let model: Self = toml::from_str(text)?;
        if model.schema != MODEL_SCHEMA {
            let said = &model.schema;
            return Err(toml::de::Error::custom(format!(
                "schema `{said}`, expected `{MODEL_SCHEMA}`"
            )));
        }
        if let Some(name) = model.not_finite() {
            return Err(toml::de::Error::custom(format!("{name} is not finite")));
        }
        Ok(model)
    }

    /// The first number that is none: one of them would make every share and confidence none either.
    fn not_finite(&self) -> Option<String> {
        let Calibration {
            intercept,
            share,
            failed,
        } = self.confidence;
        let bars = self.bars;
        let singles = [
            ("onset.intercept", self.onset.intercept),
            ("incorrect.intercept", self.incorrect.intercept),
            ("failure.intercept", self.failure.intercept),
            ("confidence.intercept", intercept),
            ("confidence.share", share),
            ("confidence.failed", failed),
            ("bars.failed", bars.failed),
            ("bars.fine", bars.fine),
            ("bars.onset", bars.onset),
        ];
        let models = [&self.onset, &self.incorrect, &self.failure];
        let weights = models.into_iter().flat_map(|linear| &linear.weights);
        let named = weights.map(|(name, weight)| (name.as_str(), *weight));
        let mut all = singles.into_iter().chain(named);
        all.find(|(_, number)| !number.is_finite())
            .map(|(name, _)| name.to_owned())
    }

    /// The weights of the outcome by column number; 0 for what does not tell how a run ended.
    #[must_use]
    pub fn failure_by_column(&self) -> Vec<f64> {
        let columns = columns().iter().enumerate();
        columns
            .map(|(at, name)| match self.failure.weights.get(*name) {
                Some(weight) if tells_outcome(at) => *weight,
                _ => 0.0,
            })
            .collect()
    }

    /// The model as a file for people.
    ///
    /// # Errors
    /// Never, but for a weight that TOML cannot write.
    pub fn to_toml(&self) -> Result<String, toml::ser::Error> {
        let head = "# Fitted by `codetracer bench train`; see docs/benchmark.md. Weights are log odds at \
                    full strength.\n\n";
        Ok(format!("{head}{}", toml::to_string(self)?))
    }
}

impl Linear {
    /// The weights by column number; what the file does not name counts as stated.
    #[must_use]
    pub fn by_column(&self) -> Vec<f64> {
        let named = columns().iter().zip(stated());
        named
            .map(|(column, stated)| self.weights.get(*column).copied().unwrap_or(*stated))
            .collect()
    }
}

/// The share of suspicion that each row carries; they add up to 1.
#[must_use]
pub fn shares(table: &Table, weights: &[f64]) -> Vec<f64> {
    let scores: Vec<f64> = table.rows.iter().map(|row| row.dot(weights)).collect();
    let most = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut shares: Vec<f64> = scores.into_iter().map(|s| (s - most).exp()).collect();
    let sum: f64 = shares.iter().sum();
    for share in &mut shares {
        *share /= sum;
    }
    shares
}

/// A probability out of log odds.
#[must_use]
pub fn probability(log_odds: f64) -> f64 {
    1.0 / (1.0 + (-log_odds).exp())
}

/// Log odds out of a probability of at least 1 and at most 19 in 20. A softmax over one suspect gives it
/// all the suspicion, whatever it is suspected of; labelled runs are too few to say what a share beyond
/// these bounds would mean, so that nothing is concluded from it.
#[must_use]
pub fn bounded_log_odds(probability: f64) -> f64 {
    log_odds(probability.clamp(0.05, 0.95))
}

/// Log odds out of a probability, kept finite.
#[must_use]
pub fn log_odds(probability: f64) -> f64 {
    let p = probability.clamp(1e-6, 1.0 - 1e-6);
    (p / (1.0 - p)).ln()
}

impl Calibration {
    /// How often a candidate that carries this share is right, in a run that failed with this
    /// probability.
    #[must_use]
    pub fn confidence(self, share: f64, failed: f64) -> f64 {
        let by_share = self.share * bounded_log_odds(share);
        probability(self.intercept + by_share + self.failed * bounded_log_odds(failed))
    }
}
