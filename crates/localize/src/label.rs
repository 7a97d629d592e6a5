//! Which steps were wrong, and which told nothing new.

use std::collections::BTreeSet;

use analysis::Index;
use trace::{Evidence, Label, LabelVerdict, Labels, StepId};

use crate::column::columns;
use crate::engine::error_type;
use crate::evidence::{Citation, of_action};
use crate::findings::Findings;
use crate::model::{Model, Table, likeliest_set, probability};

/// The steps that are probably incorrect: the set with the highest expected F1, and the onset.
#[must_use]
pub fn incorrect_steps(table: &Table, model: &Model, onset: Option<StepId>) -> BTreeSet<StepId> {
    let weights = model.incorrect.by_column();
    let chances: Vec<f64> = table
        .rows
        .iter()
        .map(|row| probability(model.incorrect.intercept + row.dot(&weights)))
        .collect();
    let taken = likeliest_set(&chances).into_iter();
    taken.map(|at| table.rows[at].step).chain(onset).collect()
}

/// The labels with their reasons and what the reader can open.
pub(crate) fn labels(
    index: &Index<'_>,
    findings: &Findings,
    incorrect: &BTreeSet<StepId>,
    unuseful: &BTreeSet<StepId>,
) -> Labels {
    let mut labels = Labels::new();
    for &step in incorrect.union(unuseful) {
        let verdict = if incorrect.contains(&step) {
            LabelVerdict::Incorrect
        } else {
            LabelVerdict::Unuseful
        };
        let (reason, error, evidence) = if let Some((column, seen)) = findings.loudest(step) {
            let name = columns().get(column).copied().unwrap_or_default();
            let reason = format!("{name}: {}", seen.why);
            (reason, error_type(name), quote(index, &seen.evidence))
        } else {
            let reason = "changes state, and nothing after it shows that this was right";
            let words = quote_action(index, step).unwrap_or_default();
            (reason.to_owned(), error_type(""), words)
        };
        if !evidence.is_empty() {
            labels.push(Label {
                step_id: step,
                verdict,
                error_type: (verdict == LabelVerdict::Incorrect).then_some(error),
                reason,
                evidence,
            });
        }
    }
    labels
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
