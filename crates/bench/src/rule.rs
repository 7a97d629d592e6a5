//! Constant rules: predictions anybody can make without reading a run.
//!
//! Some splits of published benchmarks are won by position alone, so no system is scored without
//! these beside it. A rule flags a set of steps; the first of them is its onset, and their order its
//! ranking. The last rule names the most frequent kind of error among the labels and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use trace::StepId;

use crate::gold::{GoldRun, MOST_STEPS};
use crate::prediction::Prediction;

/// What rules may know of a run: what a reading of its artifacts found, before any judgement.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// The run's id.
    pub run_id: String,
    /// Where its artifacts are.
    #[serde(default)]
    pub path: Option<String>,
    /// How many steps it has.
    pub step_count: u32,
    /// The steps that changed state; `None` when nobody looked.
    #[serde(default)]
    pub change_steps: Option<BTreeSet<StepId>>,
    /// The steps whose observation shows a failure; `None` when nobody looked.
    #[serde(default)]
    pub failing_steps: Option<BTreeSet<StepId>>,
}

impl Facts {
    /// What is known where only labels and, perhaps, a prediction are at hand: the number of steps,
    /// and the change steps the prediction reports.
    #[must_use]
    pub fn of(gold: &GoldRun, prediction: Option<&Prediction>) -> Self {
        let counted = prediction.and_then(|prediction| prediction.step_count);
        Self {
            run_id: gold.run.clone(),
            path: gold.path.clone(),
            step_count: gold.step_count.or(counted).unwrap_or(gold.steps()),
            change_steps: prediction.and_then(|prediction| prediction.change_steps.clone()),
            failing_steps: None,
        }
    }
}

/// A constant rule.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// What it flags, in words.
    pub name: &'static str,
    /// The steps it flags; `None` where what it looks at is not known.
    flags: fn(&Facts) -> Option<BTreeSet<StepId>>,
}

/// The rules, in the order of reports.
pub const RULES: &[Rule] = &[
    Rule {
        name: "last step",
        flags: |facts| Some(one(facts.step_count)),
    },
    Rule {
        name: "step n-1",
        flags: |facts| Some(one(facts.step_count.saturating_sub(1))),
    },
    Rule {
        name: "last 30 %",
        flags: |facts| Some(from(facts, last_share(facts.step_count))),
    },
    Rule {
        name: "all steps",
        flags: |facts| Some(from(facts, 1)),
    },
    Rule {
        name: "first failing step",
        flags: |facts| Some(end(facts.failing_steps.as_ref()?.first())),
    },
    Rule {
        name: "first change",
        flags: |facts| Some(end(facts.change_steps.as_ref()?.first())),
    },
    Rule {
        name: "last change",
        flags: |facts| Some(end(facts.change_steps.as_ref()?.last())),
    },
    Rule {
        name: "all changes",
        flags: |facts| facts.change_steps.clone(),
    },
    Rule {
        name: "nothing",
        flags: |_| Some(BTreeSet::new()),
    },
];

/// The name of the rule that names the most frequent kind of error.
pub const MAJORITY: &str = "majority error type";

fn one(step: u32) -> BTreeSet<StepId> {
    StepId::new(step).into_iter().collect()
}

fn end(step: Option<&StepId>) -> BTreeSet<StepId> {
    step.copied().into_iter().collect()
}

fn from(facts: &Facts, first: u32) -> BTreeSet<StepId> {
    (first..=facts.step_count.min(MOST_STEPS))
        .filter_map(StepId::new)
        .collect()
}

/// The first of the last three tenths of the steps, at least one step.
fn last_share(steps: u32) -> u32 {
    let kept = (u64::from(steps) * 3).div_ceil(10);
    steps - u32::try_from(kept).unwrap_or(steps) + 1
}

impl Rule {
    /// What the rule says of runs; `None` when what it looks at is not known of any of them. A run
    /// of which it is not known is left without a prediction.
    #[must_use]
    pub fn predictions(&self, facts: &[Facts]) -> Option<Vec<Prediction>> {
        let said: Vec<Prediction> = facts
            .iter()
            .filter_map(|facts| Some(prediction(facts, (self.flags)(facts)?)))
            .collect();
        (!said.is_empty() || facts.is_empty()).then_some(said)
    }
}

/// A set of flagged steps as a prediction about everything a set can speak about.
fn prediction(facts: &Facts, flagged: BTreeSet<StepId>) -> Prediction {
    Prediction {
        run: facts.run_id.clone(),
        path: facts.path.clone(),
        step_count: Some(facts.step_count),
        onset: Some(flagged.first().copied()),
        candidates: Some(flagged.iter().copied().collect()),
        unuseful: Some(flagged.clone()),
        change_steps: Some(flagged.clone()),
        incorrect: Some(flagged),
        ..Prediction::default()
    }
}

/// The most frequent kind of error among the labels, said of every run; `None` without such labels.
/// Of several equally frequent ones the first in the alphabet.
#[must_use]
pub fn majority_error_type(gold: &[GoldRun]) -> Option<Vec<Prediction>> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let labelled = gold.iter().filter(|run| run.onset.flatten().is_some());
    for kind in labelled.filter_map(|run| run.error_type.as_deref()) {
        *counts.entry(kind).or_default() += 1;
    }
    let most = counts.values().max()?;
    let kind = counts.iter().find(|(_, count)| *count == most)?.0;
    let say = |run: &GoldRun| Prediction {
        run: run.run.clone(),
        path: run.path.clone(),
        error_type: Some(Some((*kind).to_owned())),
        ..Prediction::default()
    };
    Some(gold.iter().map(say).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flags(name: &str, facts: &Facts) -> Option<Vec<u32>> {
        let rule = RULES.iter().find(|rule| rule.name == name).unwrap();
        let flagged = (rule.flags)(facts)?;
        Some(flagged.into_iter().map(StepId::get).collect())
    }

    #[test]
    fn rules_flag_what_they_say() {
        let facts = Facts {
            step_count: 10,
            change_steps: Some([3, 7].into_iter().filter_map(StepId::new).collect()),
            failing_steps: Some([5, 6].into_iter().filter_map(StepId::new).collect()),
            ..Facts::default()
        };
        for (name, expected) in [
            ("last step", vec![10]),
            ("step n-1", vec![9]),
            ("last 30 %", vec![8, 9, 10]),
            ("all steps", (1..=10).collect()),
            ("first failing step", vec![5]),
            ("first change", vec![3]),
            ("last change", vec![7]),
            ("nothing", vec![]),
        ] {
            assert_eq!(flags(name, &facts), Some(expected), "{name}");
        }
    }

    #[test]
    fn short_runs_and_unknown_facts_are_no_trouble() {
        for steps in 0..12 {
            let facts = Facts {
                step_count: steps,
                ..Facts::default()
            };
            for rule in RULES {
                if let Some(flagged) = (rule.flags)(&facts) {
                    assert!(flagged.iter().all(|id| id.get() <= steps), "{}", rule.name);
                }
            }
            assert_eq!(flags("first change", &facts), None);
            let few = flags("last 30 %", &facts).unwrap().len();
            assert_eq!(few, (steps as usize * 3).div_ceil(10));
        }
        assert!(RULES[4].predictions(&[Facts::default()]).is_none());
    }
}
