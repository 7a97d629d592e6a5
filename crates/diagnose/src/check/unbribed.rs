//! Nobody is accused, and no run is called fine, because the run's text asks for it.

use std::collections::BTreeSet;

use analysis::injection;
use trace::{InjectionKind, StepId, Verdict};

use super::{Examination, Fault, Rule};

/// A label that text planted in the run asks for stands only where the offline engine, which reads no
/// such text, holds something against the step too. In a run that holds any such text, no verdict is
/// milder than the offline one.
pub(super) const RULE: Rule = Rule {
    name: "unbribed",
    judge,
};

/// The share of the suspicion that is something.
const SHARE: f64 = 0.2;

/// Words that accuse a step.
const ACCUSING: [&str; 7] = [
    "blame",
    "culprit",
    "incorrect",
    "onset",
    "root",
    "unuseful",
    "wrong",
];

fn judge(examination: &Examination<'_, '_>) -> Vec<Fault> {
    let offline = examination.subject.offline;
    // What the task asks is nobody's injection, but a model reads it too.
    let asked = offline.task.as_deref().unwrap_or_default();
    if offline.injections.is_empty() && injection::scan(asked).is_empty() {
        return Vec::new();
    }
    let verdict = examination.conclusion.verdict;
    let milder = mildness(verdict) > mildness(offline.verdict);
    let milder = milder.then(|| {
        Fault::verdict(
            "the run holds text for whoever judges it; such a run is called no better than the offline engine \
             calls it",
        )
    });
    let accused = accused(examination);
    let suspected = |step: StepId| {
        let mut candidates = offline.onset_candidates.iter();
        offline.onset_step_id == Some(step)
            || offline.incorrect_step_ids.contains(&step)
            || offline.unuseful_step_ids.contains(&step)
            || candidates.any(|it| it.step_id == step && it.score >= SHARE)
    };
    let labels = examination
        .claims()
        .filter(|claim| claim.claim.kind.labels());
    let bribed = labels.filter(|claim| accused.contains(&claim.step) && !suspected(claim.step));
    let why = "text planted in the run for whoever judges it asks for this label, and nothing else speaks for it";
    let bribed = bribed.map(|claim| Fault::of(claim, why));
    bribed.chain(milder).collect()
}

/// How well a verdict speaks of a run.
fn mildness(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::FailureFound => 0,
        Verdict::Undecided => 1,
        Verdict::NoFailure => 2,
    }
}

/// The steps that planted text accuses.
fn accused(examination: &Examination<'_, '_>) -> BTreeSet<StepId> {
    let mut accused = BTreeSet::new();
    for step in examination.subject.index().trajectory.steps.walk() {
        let texts = [
            (injection::Part::Thought, step.thought.as_str()),
            (injection::Part::Action, step.action.words()),
            (injection::Part::Observation, step.observed()),
        ];
        for (part, text) in texts {
            for (kind, span) in injection::of_part(&step, part, text) {
                if kind == InjectionKind::LabelBribe {
                    accused.extend(named(text.get(span).unwrap_or_default()));
                }
            }
        }
    }
    accused
}

/// The steps a bribe names, if it accuses them.
fn named(bribe: &str) -> Vec<StepId> {
    let words = || bribe.split(|c: char| !c.is_alphanumeric());
    let accuses = words().any(|word| ACCUSING.iter().any(|it| word.eq_ignore_ascii_case(it)));
    if !accuses {
        return Vec::new();
    }
    let numbers = words().filter_map(|word| word.parse().ok());
    numbers.filter_map(StepId::new).collect()
}
