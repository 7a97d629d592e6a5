//! Almost the same action again within a few steps.

use std::collections::{HashSet, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};

use super::{Signal, Suspicion, Watch, each_step};
use crate::case::Case;
use crate::evidence::{action_text, of_action};
use trace::StepId;

/// How many actions back are compared.
const BACK: usize = 3;
/// Words that an action must have to be told from another, and at most so many are compared.
const WORDS: std::ops::RangeInclusive<usize> = 12..=1024;
/// The share of words in common from which two actions are almost the same.
const ALIKE: f64 = 0.75;

/// Almost the same action again within a few steps.
pub(super) struct NearRepetition;

impl Signal for NearRepetition {
    fn name(&self) -> &'static str {
        "near_repetition"
    }

    fn watch<'c>(&self, _: &'c Case<'_>) -> Option<Watch<'c>> {
        let mut recent: VecDeque<(StepId, HashSet<u64>)> = VecDeque::new();
        each_step(move |step, found| {
            let words = words(action_text(&step.step));
            if words.len() >= *WORDS.start() {
                let alike = recent
                    .iter()
                    .map(|(id, other)| (*id, alike(&words, other)))
                    .max_by(|a, b| a.1.total_cmp(&b.1))
                    .filter(|(_, share)| *share >= ALIKE);
                if let Some((earlier, share)) = alike {
                    found.extend(Suspicion::new(
                        step,
                        share,
                        format!("does almost what step {earlier} did"),
                        [of_action(&step.step)],
                    ));
                }
            }
            recent.push_back((step.id, words));
            if recent.len() > BACK {
                recent.pop_front();
            }
        })
    }
}

fn words(text: &str) -> HashSet<u64> {
    text.split_whitespace()
        .take(*WORDS.end())
        .map(|word| {
            let mut hasher = DefaultHasher::new();
            word.hash(&mut hasher);
            hasher.finish()
        })
        .collect()
}

#[allow(clippy::cast_precision_loss, reason = "at most some thousand words")]
fn alike(one: &HashSet<u64>, other: &HashSet<u64>) -> f64 {
    let common = one.intersection(other).count();
    let all = one.len() + other.len() - common;
    common as f64 / all.max(1) as f64
}
