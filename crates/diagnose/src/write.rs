//! From a checked conclusion to the diagnosis document.
//!
//! What the model proved takes the place of what the offline engine had found; where it proved nothing,
//! the offline document stands. A method that was not given the offline diagnosis does not fall back on
//! it either: otherwise a baseline would be measured by what it was denied.

mod chain;
mod labels;
mod words;

use localize::error_type::{Accused, choose};
use localize::model::shares;
use localize::{Findings, Model};
use serde_json::{Value, json};
use trace::{
    Diagnosis, Fault, LabelVerdict, Labels, OnsetCandidate, StepId, Verdict, VerdictChange,
};

use crate::check::Checked;
use crate::conclusion::Conclusion;
use crate::ledger::Ledger;
use crate::setup::{Method, Setup};
use crate::subject::Subject;

pub use words::clean;

/// The most bytes of a summary and of an advice.
pub const PROSE_BYTES: usize = 600;

/// The most bytes of a reason.
pub const REASON_BYTES: usize = 300;

/// The document with what the model proved, and the changes that makes against the offline one. Without
/// a conclusion, or with one whose verdict was refused, the verdict is the one that stands without the
/// model; labels that stand are kept.
#[must_use]
pub fn write(
    subject: &Subject<'_>,
    setup: &Setup,
    ledger: &Ledger,
    concluded: Option<(&Conclusion, &Checked)>,
) -> (Diagnosis, Vec<VerdictChange>) {
    let mut document = ground(subject, setup);
    let Some((conclusion, checked)) = concluded else {
        return (document, Vec::new());
    };
    if checked.refused {
        document.labels = labels::over(subject, &document, checked);
    } else {
        take(subject, setup, ledger, conclusion, checked, &mut document);
    }
    document.incorrect_step_ids = labelled(&document.labels, LabelVerdict::Incorrect);
    document.unuseful_step_ids = labelled(&document.labels, LabelVerdict::Unuseful);
    let why = if checked.has_fallen("differs") {
        String::new()
    } else {
        clean(&conclusion.differs, REASON_BYTES)
    };
    let changes = changes(subject.offline, &document, &why);
    (document, changes)
}

/// Whether the method was given the offline diagnosis, and falls back on it.
pub(crate) fn is_grounded(setup: &Setup) -> bool {
    setup.method == Method::Agent && !setup.without.offline
}

/// What stands where the model proves nothing.
fn ground(subject: &Subject<'_>, setup: &Setup) -> Diagnosis {
    let offline = subject.offline.clone();
    if is_grounded(setup) {
        return offline;
    }
    Diagnosis {
        verdict: Verdict::Undecided,
        onset_step_id: None,
        onset_candidates: Vec::new(),
        chain: Vec::new(),
        incorrect_step_ids: Vec::new(),
        unuseful_step_ids: Vec::new(),
        labels: Labels::new(),
        error_type: None,
        fault: None,
        error_type_rule: None,
        confidence: 0.0,
        missing_evidence: vec!["the model gave no verdict that stands the check".to_owned()],
        summary: "No verdict.".to_owned(),
        advice: String::new(),
        ..offline
    }
}

/// Puts a verdict that stands in place.
fn take(
    subject: &Subject<'_>,
    setup: &Setup,
    ledger: &Ledger,
    conclusion: &Conclusion,
    checked: &Checked,
    document: &mut Diagnosis,
) {
    let offline = subject.offline;
    let onset = checked.onset();
    let step = onset.map(|proven| proven.step);
    document.verdict = conclusion.verdict;
    document.onset_step_id = step;
    (document.fault, document.error_type_rule) = match step {
        None => (None, None),
        Some(step) => fault(subject, setup, conclusion, step),
    };
    document.error_type = document.fault.map(Fault::error_type);
    document.chain = match onset {
        None => Vec::new(),
        Some(onset) => chain::chain(subject, checked, onset, is_grounded(setup)),
    };
    document.labels = labels::labels(subject, ledger, document, checked);
    let share = step.map(|step| share(subject, step));
    document.confidence = if (document.verdict, step) == (offline.verdict, offline.onset_step_id) {
        offline.confidence
    } else {
        confidence(offline, document.verdict, step.zip(share))
    };
    if let Some((step, share)) = step.zip(share) {
        lead(&mut document.onset_candidates, step, share);
    }
    if document.verdict != Verdict::Undecided || !is_grounded(setup) {
        document.missing_evidence.clear();
    }
    document.summary = if checked.has_fallen("summary") {
        words::summary(document)
    } else {
        clean(&conclusion.summary, PROSE_BYTES)
    };
    document.advice = if checked.has_fallen("advice") {
        words::advice(document)
    } else {
        clean(&conclusion.advice, PROSE_BYTES)
    };
}

/// The kind of mistake the onset is: as the model says, else by the rules of the offline engine, with the
/// rule that chose it.
fn fault(
    subject: &Subject<'_>,
    setup: &Setup,
    conclusion: &Conclusion,
    step: StepId,
) -> (Option<Fault>, Option<String>) {
    let offline = subject.offline;
    if conclusion.fault.is_some() || !is_grounded(setup) {
        return (conclusion.fault, None);
    }
    if offline.onset_step_id == Some(step) {
        return (offline.fault, offline.error_type_rule.clone());
    }
    let signals = &[];
    let choice = choose(subject.case, Accused { step, signals });
    (Some(choice.fault), Some(choice.explained()))
}

/// How often the offline engine is right with such a verdict: by the formulas it uses for its own. What a
/// model adds to that nobody has measured on this run's kind, and its own figure is no measurement. A
/// step that is not the first suspect is right no more often than its share says.
fn confidence(offline: &Diagnosis, verdict: Verdict, onset: Option<(StepId, f64)>) -> f64 {
    let failed = offline.failure_probability;
    let known = offline.outcome.resolved.filter(|_| offline.used_outcome);
    let named = onset.map_or(0.0, |(step, share)| {
        let sure = Model::shipped().confidence.confidence(share, failed);
        let first = offline.onset_candidates.first();
        if first.is_some_and(|first| first.step_id == step) {
            sure
        } else {
            sure.min(share)
        }
    });
    match verdict {
        Verdict::NoFailure if known == Some(true) => 1.0,
        Verdict::NoFailure => 1.0 - failed,
        Verdict::FailureFound => named,
        Verdict::Undecided if known == Some(false) => named,
        Verdict::Undecided => named.min(failed),
    }
}

/// The share of the suspicion that the offline engine gives a step.
fn share(subject: &Subject<'_>, step: StepId) -> f64 {
    let candidates = &subject.offline.onset_candidates;
    if let Some(known) = candidates.iter().find(|known| known.step_id == step) {
        return known.score;
    }
    let weights = Model::shipped().onset.by_column();
    let table = Findings::new(subject.case, &weights).table;
    let shares = shares(&table, &weights);
    let mut all = table.rows.iter().zip(shares);
    all.find(|(row, _)| row.step == step)
        .map_or(0.0, |(_, share)| share)
}

/// Puts the named step before the other suspects; their shares stay what they are.
fn lead(candidates: &mut Vec<OnsetCandidate>, step: StepId, score: f64) {
    let most = candidates.len().max(1);
    let at = candidates.iter().position(|known| known.step_id == step);
    let named = match at {
        Some(at) => candidates.remove(at),
        None => OnsetCandidate {
            step_id: step,
            score,
            contributions: Vec::new(),
        },
    };
    candidates.insert(0, named);
    candidates.truncate(most);
}

fn labelled(labels: &Labels, verdict: LabelVerdict) -> Vec<StepId> {
    let labels = labels.walk().filter(|label| label.verdict == verdict);
    labels.map(|label| label.step_id).collect()
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
