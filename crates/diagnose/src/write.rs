//! From a checked conclusion to the diagnosis document.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use trace::{ChainLink, Diagnosis, Label, LabelVerdict, Labels, StepId, VerdictChange};

use crate::check::{Checked, Proven};
use crate::conclusion::{ClaimKind, Conclusion};

/// The offline document with what the model proved in its place, and the changes that makes.
#[must_use]
pub fn write(
    offline: &Diagnosis,
    conclusion: &Conclusion,
    checked: &Checked,
) -> (Diagnosis, Vec<VerdictChange>) {
    let mut document = offline.clone();
    if checked.refused {
        return (document, Vec::new());
    }
    document.verdict = conclusion.verdict;
    let onset = checked.onset();
    document.onset_step_id = onset.map(|proven| proven.step);
    document.fault = onset.and(conclusion.fault.or(offline.fault));
    document.error_type = document.fault.map(trace::Fault::error_type);
    document.chain = chain(checked);
    document.labels = labels(document.error_type, checked);
    let ids = |wanted| {
        let labels = document.labels.walk();
        labels
            .filter(|label| label.verdict == wanted)
            .map(|label| label.step_id)
            .collect()
    };
    document.incorrect_step_ids = ids(LabelVerdict::Incorrect);
    document.unuseful_step_ids = ids(LabelVerdict::Unuseful);
    document.summary.clone_from(&conclusion.summary);
    document.advice.clone_from(&conclusion.advice);
    if document.onset_step_id != offline.onset_step_id {
        document.confidence = confidence(offline, document.onset_step_id);
    }
    document.missing_evidence.clear();
    document.error_type_rule = None;
    let changes = changes(offline, &document, &conclusion.differs);
    (document, changes)
}

/// What the offline engine gives the step the model names: its share of the suspicion. A model's own
/// figure is not calibrated.
fn confidence(offline: &Diagnosis, onset: Option<StepId>) -> f64 {
    let share = |step| {
        let candidates = offline.onset_candidates.iter();
        candidates
            .filter(|candidate| candidate.step_id == step)
            .map(|candidate| candidate.score)
            .next()
    };
    onset.and_then(share).unwrap_or(0.0)
}

fn chain(checked: &Checked) -> Vec<ChainLink> {
    let links = checked.standing.iter().filter_map(|proven| {
        Some(ChainLink {
            step_id: proven.step,
            role: proven.kind.role()?,
            why: proven.why.clone(),
            evidence: vec![proven.evidence.clone()],
        })
    });
    let mut chain: Vec<ChainLink> = links.collect();
    chain.sort_by_key(|link| (link.step_id, link.role));
    chain.dedup_by_key(|link| link.step_id);
    chain
}

fn labels(error_type: Option<trace::ErrorType>, checked: &Checked) -> Labels {
    let mut by_step: BTreeMap<StepId, Label> = BTreeMap::new();
    let mut claims: Vec<&Proven> = checked.standing.iter().collect();
    claims.retain(|proven| proven.kind.labels());
    claims.sort_by_key(|proven| proven.kind);
    for proven in claims {
        let verdict = match proven.kind {
            ClaimKind::Unuseful => LabelVerdict::Unuseful,
            _ => LabelVerdict::Incorrect,
        };
        by_step.entry(proven.step).or_insert_with(|| Label {
            step_id: proven.step,
            verdict,
            error_type: error_type.filter(|_| verdict == LabelVerdict::Incorrect),
            reason: proven.why.clone(),
            evidence: vec![proven.evidence.clone()],
        });
    }
    by_step.into_values().collect()
}

fn changes(offline: &Diagnosis, now: &Diagnosis, why: &str) -> Vec<VerdictChange> {
    type Field = (&'static str, fn(&Diagnosis) -> Value);
    let fields: [Field; 5] = [
        ("verdict", |d| json!(d.verdict)),
        ("onset_step_id", |d| json!(d.onset_step_id)),
        ("fault", |d| json!(d.fault)),
        ("incorrect_step_ids", |d| json!(d.incorrect_step_ids)),
        ("unuseful_step_ids", |d| json!(d.unuseful_step_ids)),
    ];
    let differing = fields.into_iter().filter_map(|(field, of)| {
        let (offline, now) = (of(offline), of(now));
        (offline != now).then(|| VerdictChange {
            field: field.to_owned(),
            offline,
            now,
            why: why.to_owned(),
        })
    });

    differing.collect()
}
