//! Which steps were wrong, and which told nothing new.

use std::collections::{BTreeMap, BTreeSet};

use analysis::Index;
use trace::{ErrorType, Evidence, Label, LabelVerdict, Labels, StepId};

use crate::column::columns;
use crate::evidence::{Citation, of_action};
use crate::findings::Findings;
use crate::model::{Model, Table, likeliest_set, probability};
use crate::waste;

/// How probable it is of each row that its step is incorrect.
#[must_use]
pub fn incorrect_chances(table: &Table, model: &Model) -> Vec<f64> {
    let weights = model.incorrect.by_column();
    let rows = table.rows.iter();
    rows.map(|row| probability(model.incorrect.intercept + row.dot(&weights)))
        .collect()
}

/// The steps that are probably incorrect: the set with the highest expected F1, and the onset.
#[must_use]
pub fn incorrect_steps(table: &Table, model: &Model, onset: Option<StepId>) -> BTreeSet<StepId> {
    let steps = Incorrect::new(table, model, onset).0.into_keys();
    steps.collect()
}

/// The incorrect steps with how probable it is of each.
pub(crate) struct Incorrect(BTreeMap<StepId, f64>);

impl Incorrect {
    /// As [`incorrect_steps`].
    pub(crate) fn new(table: &Table, model: &Model, onset: Option<StepId>) -> Self {
        let chances = incorrect_chances(table, model);
        let taken = likeliest_set(&chances).into_iter();
        let onset = onset.and_then(|onset| table.rows.iter().position(|row| row.step == onset));
        let steps = taken
            .chain(onset)
            .filter_map(|at| Some((table.rows.get(at)?.step, *chances.get(at)?)));
        Self(steps.collect())
    }
}

/// The labels with their reasons and what the reader can open.
pub(crate) fn labels(
    index: &Index<'_>,
    findings: &Findings,
    incorrect: &Incorrect,
    waste: &waste::Findings,
) -> Labels {
    let mut labels = Labels::new();
    let unuseful: BTreeMap<StepId, &waste::Finding> = waste.unuseful().collect();
    let incorrect = &incorrect.0;
    let steps: BTreeSet<StepId> = incorrect.keys().chain(unuseful.keys()).copied().collect();
    for step in steps {
        let label = if let Some(chance) = incorrect.get(&step) {
            wrong(index, findings, step, *chance)
        } else {
            unuseful
                .get(&step)
                .and_then(|found| idle(index, step, found))
        };
        labels.extend(label);
    }
    labels
}

/// The label of an incorrect step; `None` where nothing can be cited.
fn wrong(index: &Index<'_>, findings: &Findings, step: StepId, chance: f64) -> Option<Label> {
    let (reason, error, evidence) = if let Some((column, seen)) = findings.loudest(step) {
        let name = columns().get(column).copied().unwrap_or_default();
        let reason = format!("{name}: {}", seen.why);
        (reason, error_type(name), quote(index, &seen.evidence))
    } else {
        // No more is claimed than what is known.
        let reason = format!(
            "no signal speaks against it; of steps that do the like, {:.0} in 100 are incorrect",
            chance * 100.0
        );
        let words = quote_action(index, step).unwrap_or_default();
        (reason, error_type(""), words)
    };
    (!evidence.is_empty()).then_some(Label {
        step_id: step,
        verdict: LabelVerdict::Incorrect,
        error_type: Some(error),
        reason,
        evidence,
    })
}

/// The label of an exploration that told nothing new; `None` where nothing can be cited.
fn idle(index: &Index<'_>, step: StepId, found: &waste::Finding) -> Option<Label> {
    let evidence = quote(index, &found.evidence(index, step));
    (!evidence.is_empty()).then(|| Label {
        step_id: step,
        verdict: LabelVerdict::Unuseful,
        error_type: None,
        reason: format!("{}: {}", found.cause.as_str(), found.reason.why()),
        evidence,
    })
}

/// What kind of error a single step makes, by the signal that speaks loudest against it.
fn error_type(signal: &str) -> ErrorType {
    match signal {
        "repetition" => ErrorType::UnproductiveLooping,
        "unverified_change" | "false_claim" => ErrorType::VerificationMisinterpretation,
        "rejected_edit" => ErrorType::MislocalisedEdit,
        _ => ErrorType::IncorrectHypothesis,
    }
}

/// The words that are cited.
pub(crate) fn quote(index: &Index<'_>, evidence: &[Citation]) -> Vec<Evidence> {
    evidence
        .iter()
        .filter_map(|cited| cited.quote(index))
        .collect()
}

/// The words of a step's action; `None` when it has none.
pub(crate) fn quote_action(index: &Index<'_>, step: StepId) -> Option<Vec<Evidence>> {
    let cited = of_action(&index.step(step)?.step)?;
    Some(vec![cited.quote(index)?])
}
