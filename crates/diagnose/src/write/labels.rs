//! Whose word counts for which step.

use std::collections::BTreeMap;

use localize::error_type::{Accused, choose};
use trace::{Diagnosis, ErrorType, Label, LabelVerdict, Labels, StepId};

use super::{REASON_BYTES, clean};
use crate::check::{Checked, Proven};
use crate::conclusion::ClaimKind;
use crate::ledger::Ledger;
use crate::subject::Subject;

/// The labels under a verdict of the model. What it proved counts. Of the steps it opened and did not
/// call wrong, none is incorrect; of the others the labels of `document` stay, and so does what is
/// measured to be unuseful, unless the model calls the step incorrect.
pub(super) fn labels(
    subject: &Subject<'_>,
    ledger: &Ledger,
    document: &Diagnosis,
    checked: &Checked,
) -> Labels {
    let mut by_step: BTreeMap<StepId, Label> = BTreeMap::new();
    for label in document.labels.walk() {
        let judged = ledger.is_open(label.step_id);
        if label.verdict == LabelVerdict::Unuseful || !judged {
            by_step.insert(label.step_id, Label::clone(&label));
        }
    }
    for proven in proven(checked) {
        let error = match proven.kind {
            ClaimKind::Onset => document.error_type,
            _ => None,
        };
        by_step.insert(proven.step, label(subject, proven, error));
    }
    by_step.into_values().collect()
}

/// The labels under a verdict that is not the model's: those of `document`, with what the model proved
/// of other steps than the onset.
pub(super) fn over(subject: &Subject<'_>, document: &Diagnosis, checked: &Checked) -> Labels {
    let labels = document.labels.walk();
    let mut by_step: BTreeMap<StepId, Label> = labels
        .map(|label| (label.step_id, Label::clone(&label)))
        .collect();
    for proven in proven(checked) {
        let onset = proven.kind == ClaimKind::Onset || document.onset_step_id == Some(proven.step);
        if !onset {
            by_step.insert(proven.step, label(subject, proven, None));
        }
    }
    by_step.into_values().collect()
}

/// The labels that stand, each step's weightiest last.
fn proven(checked: &Checked) -> Vec<&Proven> {
    let claims = checked.standing.iter();
    let mut claims: Vec<&Proven> = claims.filter(|proven| proven.kind.labels()).collect();
    claims.sort_by_key(|proven| std::cmp::Reverse(proven.kind));
    claims
}

/// The label of a claim; of a step whose kind of error nobody named the rules of the offline engine
/// name it.
fn label(subject: &Subject<'_>, proven: &Proven, error: Option<ErrorType>) -> Label {
    let verdict = match proven.kind {
        ClaimKind::Unuseful => LabelVerdict::Unuseful,
        _ => LabelVerdict::Incorrect,
    };
    let chosen = || {
        let step = proven.step;
        let signals = &[];
        choose(subject.case, Accused { step, signals })
            .fault
            .error_type()
    };
    Label {
        step_id: proven.step,
        verdict,
        error_type: (verdict == LabelVerdict::Incorrect).then(|| error.unwrap_or_else(chosen)),
        reason: clean(&proven.why, REASON_BYTES),
        evidence: vec![proven.evidence.clone()],
    }
}
