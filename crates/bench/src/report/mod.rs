//! Systems and constant rules over sets of labels, as one document: JSON as it stands, Markdown and a
//! chart made from it.

mod chart;
mod markdown;

use rayon::prelude::*;
use serde::Serialize;

pub use chart::ChartError;

use crate::agreement::Agreement;
use crate::breakdown::{Part, parts};
use crate::gold::Set;
use crate::interval::{Draws, Interval, tasks};
use crate::metric::calibration::{
    Bin, Event, Risk, calibration_error, reliability, risk_area, risk_coverage,
};
use crate::metric::{Better, Cell, Metric, Row, Topic, all, by_key};
use crate::pairing::{Paired, pair};
use crate::prediction::Prediction;
use crate::rule::{Facts, MAJORITY, RULES, majority_error_type};
use crate::spend::Spend;

/// The schema name every report carries; it rises when an old reader would misunderstand a new one.
pub const SCHEMA: &str = "codetracer.benchmark/1";

/// The figures that stand for a set where there is room for few.
pub const MAIN: &[&str] = &[
    "onset_exact",
    "onset_accepted",
    "onset_top_3",
    "incorrect_f1_onset",
    "incorrect_f1_all",
    "incorrect_f1_positive",
    "error_type",
    "change_accuracy",
];

/// What one system says about the runs of a benchmark.
#[derive(Debug, Clone, PartialEq)]
pub struct System {
    /// Its name in tables.
    pub name: String,
    /// What it says.
    pub predictions: Vec<Prediction>,
    /// Runs it failed on, with the reason, as sentences.
    pub failures: Vec<String>,
}

/// Everything that is said about a benchmark.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// Always [`SCHEMA`].
    pub schema: &'static str,
    /// One entry a file of labels.
    pub sets: Vec<SetReport>,
    /// What systems took that asked a model, over all their runs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub spend: Vec<(String, Spend)>,
    /// How far the answers of systems agree that were asked several times.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub agreement: Vec<(String, Agreement)>,
}

/// Everything that is said about one set of labels.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SetReport {
    /// The set's name.
    pub name: String,
    /// How many runs it has.
    pub rows: usize,
    /// How many tasks they attempted.
    pub tasks: usize,
    /// What was odd about the labels.
    pub notes: Vec<String>,
    /// The systems, in the order they were given.
    pub systems: Vec<Scores>,
    /// The constant rules.
    pub rules: Vec<Scores>,
    /// Rules that could not be applied, since what they look at is not known.
    pub rules_left_out: Vec<&'static str>,
}

/// What one system or rule scores.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Scores {
    /// The system or rule.
    pub name: String,
    /// Runs it says nothing about; they score the worst there is.
    pub missing: Vec<String>,
    /// Runs several of its predictions fit; they count as missing.
    pub ambiguous: Vec<(String, Vec<String>)>,
    /// Runs it failed on, with the reason.
    pub failures: Vec<String>,
    /// Its figures, in the order of [`all`].
    pub figures: Vec<Figure>,
    /// Its main figures over parts of the rows.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub breakdown: Vec<PartScores>,
    /// Whether its confidence means frequency.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub calibration: Vec<Calibration>,
}

/// One figure.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figure {
    /// The metric's name in JSON.
    pub key: &'static str,
    /// The metric's name in tables.
    pub name: &'static str,
    /// What it is about.
    pub topic: Topic,
    /// How many rows it is about.
    pub rows: usize,
    /// The figure.
    pub value: f64,
    /// Where the figure lies in 95 % of draws of rows.
    pub by_run: Option<Interval>,
    /// Where it lies in 95 % of draws of tasks.
    pub by_task: Option<Interval>,
}

/// The main figures over a part of the rows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PartScores {
    /// What the rows are told apart by.
    pub by: &'static str,
    /// What these have in common.
    pub value: String,
    /// How many there are.
    pub rows: usize,
    /// Key, rows it is about, and figure.
    pub figures: Vec<(&'static str, usize, f64)>,
}

/// Confidence beside what came of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Calibration {
    /// What is forecast.
    pub event: Event,
    /// How many runs make a forecast.
    pub forecasts: usize,
    /// The reliability table.
    pub reliability: Vec<Bin>,
    /// Expected calibration error.
    pub calibration_error: f64,
    /// Risk at every confidence that is stated.
    pub risk_coverage: Vec<Risk>,
    /// The area under it.
    pub risk_area: f64,
}

/// Scores systems, and the constant rules beside them, over every set.
///
/// `facts` is what is known of runs for the rules; what is not among them is taken from the labels
/// and the first system.
#[must_use]
pub fn report(sets: &[Set], systems: &[System], facts: &[Facts]) -> Report {
    Report {
        schema: SCHEMA,
        sets: sets.iter().map(|set| of_set(set, systems, facts)).collect(),
        spend: Vec::new(),
        agreement: Vec::new(),
    }
}

fn of_set(set: &Set, systems: &[System], facts: &[Facts]) -> SetReport {
    let facts = facts_of(set, systems.first(), facts);
    let none = pair(&set.runs, &[]);
    let draws = (Draws::of_rows(none.rows.len()), Draws::of_tasks(&none.rows));
    let first = systems.first().map(|s| pair(&set.runs, &s.predictions));
    let parts = parts(&first.as_ref().unwrap_or(&none).rows);
    let score = |name: &str, predictions: &[Prediction], is_system: bool| {
        let paired = pair(&set.runs, predictions);
        Scores {
            calibration: if is_system {
                calibration(&paired.rows)
            } else {
                Vec::new()
            },
            ..scores(name, &paired, &draws, &parts)
        }
    };
    let mut left_out = Vec::new();
    let mut rules = Vec::new();
    for rule in RULES {
        match rule.predictions(&facts) {
            Some(said) => rules.push(score(rule.name, &said, false)),
            None => left_out.push(rule.name),
        }
    }
    let majority = majority_error_type(&set.runs);
    rules.extend(majority.map(|said| score(MAJORITY, &said, false)));
    SetReport {
        name: set.name.clone(),
        rows: set.runs.len(),
        tasks: tasks(&none.rows).len(),
        notes: set.notes.clone(),
        systems: systems
            .iter()
            .map(|system| Scores {
                failures: system.failures.clone(),
                ..score(&system.name, &system.predictions, true)
            })
            .collect(),
        rules,
        rules_left_out: left_out,
    }
}

/// What is known of every run of a set, under the run's name.
fn facts_of(set: &Set, system: Option<&System>, facts: &[Facts]) -> Vec<Facts> {
    let said = system.map_or(&[][..], |system| &system.predictions);
    let rows = pair(&set.runs, said).rows;
    let names: Vec<_> = facts
        .iter()
        .map(|facts| crate::pairing::Name {
            run: &facts.run_id,
            path: facts.path.as_deref(),
        })
        .collect();
    let found = crate::pairing::find(&set.runs, &names);
    let known = |(row, found): (&Row<'_>, crate::pairing::Found)| {
        let basic = Facts::of(row.gold, row.prediction);
        match found {
            crate::pairing::Found::One(at) => Facts {
                run_id: basic.run_id,
                path: basic.path,
                ..facts[at].clone()
            },
            _ => basic,
        }
    };
    rows.iter().zip(found).map(known).collect()
}

fn scores(name: &str, paired: &Paired<'_>, draws: &(Draws, Draws), parts: &[Part]) -> Scores {
    let rows = &paired.rows;
    let metrics: Vec<&Metric> = all().collect();
    let figures = metrics.par_iter();
    let figures = figures
        .filter_map(|metric| figure(metric, rows, draws))
        .collect();
    Scores {
        name: name.to_owned(),
        missing: paired.missing.iter().map(|&run| run.to_owned()).collect(),
        ambiguous: paired
            .ambiguous
            .iter()
            .map(|(run, all)| {
                let all = all.iter().map(|&run| run.to_owned()).collect();
                ((*run).to_owned(), all)
            })
            .collect(),
        failures: Vec::new(),
        figures,
        breakdown: breakdown(rows, parts),
        calibration: Vec::new(),
    }
}

fn figure(metric: &Metric, rows: &[Row<'_>], draws: &(Draws, Draws)) -> Option<Figure> {
    let cells = metric.cells(rows);
    Some(Figure {
        key: metric.key,
        name: metric.name,
        topic: metric.topic,
        rows: cells.iter().flatten().count(),
        value: metric.figure(rows)?,
        by_run: draws.0.interval(&cells),
        by_task: draws.1.interval(&cells),
    })
}

fn breakdown(rows: &[Row<'_>], parts: &[Part]) -> Vec<PartScores> {
    let metrics = MAIN.iter().filter_map(|key| by_key(key));
    // Cells of all rows first: a part without a single prediction scores 0, not nothing.
    let cells: Vec<(&'static str, Vec<Option<Cell>>)> = metrics
        .map(|metric| (metric.key, metric.cells(rows)))
        .collect();
    let figures = |part: &[usize]| {
        let of = |(key, cells): &(&'static str, Vec<Option<Cell>>)| {
            let within = part.iter().filter_map(|row| *cells.get(*row)?);
            let within: Vec<Cell> = within.collect();
            let sum: Cell = within.iter().copied().sum();
            (!within.is_empty()).then(|| (*key, within.len(), sum.figure()))
        };
        cells.iter().filter_map(of).collect()
    };
    let parts = parts.iter();
    parts
        .map(|part| PartScores {
            by: part.by,
            value: part.value.clone(),
            rows: part.rows.len(),
            figures: figures(&part.rows),
        })
        .collect()
}

fn calibration(rows: &[Row<'_>]) -> Vec<Calibration> {
    let of = |event: Event| {
        let forecasts = event.forecasts(rows);
        Some(Calibration {
            event,
            forecasts: forecasts.len(),
            calibration_error: calibration_error(&forecasts)?,
            risk_area: risk_area(&forecasts)?,
            reliability: reliability(&forecasts),
            risk_coverage: risk_coverage(&forecasts),
        })
    };
    Event::ALL.into_iter().filter_map(of).collect()
}

impl Report {
    /// The same with what a system took that asked a model. `asked` are all its answers, those that
    /// failed included: they cost too.
    #[must_use]
    pub fn with_spend(mut self, name: &str, asked: &[Prediction]) -> Self {
        let spend = Spend::of(asked);
        if !spend.is_empty() {
            self.spend.push((name.to_owned(), spend));
        }
        self
    }

    /// The same with how far the answers of one system agree, where runs have several.
    #[must_use]
    pub fn with_agreement(mut self, name: &str, predictions: &[Prediction]) -> Self {
        let agreement = Agreement::of(predictions);
        self.agreement
            .extend(agreement.map(|agreement| (name.to_owned(), agreement)));
        self
    }
}

impl Scores {
    /// The figure of this key.
    #[must_use]
    pub fn figure(&self, key: &str) -> Option<&Figure> {
        self.figures.iter().find(|figure| figure.key == key)
    }
}

impl SetReport {
    /// The rule that does best by a figure over all rows; the first of equals.
    fn best_rule(&self, metric: &Metric) -> Option<(&str, f64)> {
        let figures = self.rules.iter();
        best(
            metric,
            figures.filter_map(|rule| Some((rule.name.as_str(), rule.figure(metric.key)?.value))),
        )
    }

    /// The rule that does best by a figure over one part of the rows; the first of equals.
    fn best_rule_in(&self, part: &PartScores, metric: &Metric) -> Option<(&str, f64)> {
        let same = |other: &&PartScores| other.by == part.by && other.value == part.value;
        let figures = self.rules.iter().filter_map(|rule| {
            let found = rule.breakdown.iter().find(same)?.figures.iter();
            let (.., value) = found.into_iter().find(|(key, ..)| *key == metric.key)?;
            Some((rule.name.as_str(), *value))
        });
        best(metric, figures)
    }

    /// The main figures anything scores on.
    fn main(&self) -> Vec<&'static Metric> {
        let scored = |metric: &&Metric| {
            let all = self.systems.iter().chain(&self.rules);
            let mut all = all.filter_map(|scores| scores.figure(metric.key));
            all.next().is_some()
        };
        let metrics = MAIN.iter().filter_map(|key| by_key(key));
        metrics.filter(scored).collect()
    }
}

/// The best of some figures, and whose it is.
fn best<'n>(
    metric: &Metric,
    figures: impl Iterator<Item = (&'n str, f64)>,
) -> Option<(&'n str, f64)> {
    figures.reduce(|best, figure| {
        let beats = match metric.better {
            Better::Higher => figure.1 > best.1,
            Better::Lower => figure.1 < best.1,
        };
        if beats { figure } else { best }
    })
}

impl System {
    /// A system of these predictions.
    #[must_use]
    pub fn new(name: impl Into<String>, predictions: Vec<Prediction>) -> Self {
        Self {
            name: name.into(),
            predictions,
            failures: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests;
