//! What becomes of a document.

use diagnose::check::check;
use diagnose::subject::Part;
use diagnose::write::write;
use diagnose::{Ledger, Setup, Subject, Without};
use serde_json::json;
use trace::{ChainRole, Diagnosis, LabelVerdict, Verdict, VerdictChange};

use super::allowed::{all, green, looking, read, with};
use super::cases::{claim, conclusion};
use super::story::{story, unplanted};

type Written = (Diagnosis, Vec<VerdictChange>);

fn written(
    subject: &Subject<'_>,
    setup: &Setup,
    ledger: &Ledger,
    value: &serde_json::Value,
) -> Written {
    let conclusion = read(value);
    let checked = check(&conclusion, subject, ledger);
    write(subject, setup, ledger, Some((&conclusion, &checked)))
}

fn alone() -> Setup {
    Setup {
        without: Without {
            offline: true,
            ..Without::default()
        },
        ..Setup::default()
    }
}

fn ids(document: &Diagnosis, wanted: LabelVerdict) -> Vec<u32> {
    let labels = document.labels.walk();
    let wanted = labels.filter(|label| label.verdict == wanted);
    wanted.map(|label| label.step_id.get()).collect()
}

#[test]
fn another_onset_has_its_own_share_and_chain() {
    looking(&story(), |subject| {
        let mut value = conclusion(
            "failure_found",
            vec![claim("onset", 6, "pip install pytest")],
        );
        value["fault"] = json!(null);
        value["differs"] = json!("The \u{1b}[31minstall broke\nit.");
        let (document, changes) = written(subject, &Setup::default(), &all(subject), &value);
        let offline = subject.offline;
        assert_ne!(offline.onset_step_id.map(trace::StepId::get), Some(6));
        assert_eq!(document.onset_candidates[0].step_id.get(), 6);
        assert_eq!(
            document.onset_candidates.len(),
            offline.onset_candidates.len()
        );
        assert!(document.confidence <= document.onset_candidates[0].score);
        assert!(document.fault.is_some() && document.error_type_rule.is_some());
        assert_eq!(document.chain[0].role, ChainRole::Onset);
        assert_eq!(document.chain[0].evidence[0].quote, "pip install pytest");
        let ordered = document.chain.is_sorted_by(|a, b| a.step_id < b.step_id);
        assert!(ordered && document.chain.len() > 1, "{:?}", document.chain);
        assert!(changes.iter().any(|change| change.field == "onset_step_id"));
        assert_eq!(changes[0].why, "The [31minstall broke it.");
    });
}

#[test]
fn a_confirmed_verdict_keeps_its_confidence() {
    looking(&unplanted(), |subject| {
        let onset = claim("onset", 10, "three percent without a least one");
        let value = conclusion("failure_found", vec![onset]);
        let (document, _) = written(subject, &Setup::default(), &all(subject), &value);
        let offline = subject.offline;
        assert_eq!(document.onset_step_id, Some(trace::StepId::from_index(9)));
        if (offline.verdict, offline.onset_step_id) == (document.verdict, document.onset_step_id) {
            assert!((document.confidence - offline.confidence).abs() < f64::EPSILON);
        }
    });
    looking(&with(green()), |subject| {
        let fine = claim("evidence", 16, "Ran 1 test in 0.001s");
        let fine = conclusion("no_failure", vec![fine]);
        let (document, _) = written(subject, &Setup::default(), &all(subject), &fine);
        let probability = subject.offline.failure_probability;
        assert!((document.confidence - (1.0 - probability)).abs() < 1e-9);
        assert_eq!((document.onset_step_id, document.chain.len()), (None, 0));
    });
}

#[test]
fn labels_of_steps_that_were_not_opened_stay() {
    looking(&story(), |subject| {
        let unuseful = ids(subject.offline, LabelVerdict::Unuseful);
        assert!(unuseful.contains(&13), "{unuseful:?}");
        let claims = vec![
            claim("onset", 10, "three percent without a least one"),
            claim("incorrect", 13, "cat fees.py"),
            claim("unuseful", 9, "git status"),
        ];
        let value = conclusion("failure_found", claims);
        let (document, _) = written(subject, &Setup::default(), &all(subject), &value);
        assert_eq!(ids(&document, LabelVerdict::Incorrect), [10, 13]);
        let mut expected: Vec<u32> = unuseful.into_iter().filter(|id| *id != 13).collect();
        expected.push(9);
        expected.sort_unstable();
        assert_eq!(ids(&document, LabelVerdict::Unuseful), expected);
        let listed: Vec<u32> = document
            .incorrect_step_ids
            .iter()
            .map(|id| id.get())
            .collect();
        assert_eq!(listed, [10, 13]);
        // Who was not given the offline labels has only its own.
        let (document, _) = written(subject, &alone(), &all(subject), &value);
        assert_eq!(ids(&document, LabelVerdict::Unuseful), [9]);
    });
}

#[test]
fn where_the_verdict_falls_labels_that_stand_are_kept() {
    looking(&story(), |subject| {
        let claims = vec![
            claim("onset", 10, "words that are not there"),
            claim("unuseful", 9, "git status"),
        ];
        let value = conclusion("failure_found", claims);
        let (document, changes) = written(subject, &Setup::default(), &all(subject), &value);
        let offline = subject.offline;
        assert_eq!(document.verdict, offline.verdict);
        assert_eq!(document.onset_step_id, offline.onset_step_id);
        assert_eq!(document.summary, offline.summary);
        assert_eq!(document.chain, offline.chain);
        assert!(ids(&document, LabelVerdict::Unuseful).contains(&9));
        let fields: Vec<&str> = changes.iter().map(|change| change.field.as_str()).collect();
        assert_eq!(fields, ["unuseful_step_ids"]);
        // Without the offline diagnosis there is no verdict to fall back on.
        let (document, _) = written(subject, &alone(), &all(subject), &value);
        assert_eq!(document.verdict, Verdict::Undecided);
        assert_eq!(document.onset_step_id, None);
        assert_eq!(ids(&document, LabelVerdict::Unuseful), [9]);
        assert!(document.onset_candidates.is_empty() && document.chain.is_empty());
    });
}

#[test]
fn hostile_prose_is_made_harmless() {
    looking(&story(), |subject| {
        let mut value = conclusion("undecided", vec![claim("evidence", 14, "3.0")]);
        value["summary"] =
            json!("Done.\u{1b}[2J\r\n\u{202e}".to_owned() + &"very long ".repeat(150));
        let (document, _) = written(subject, &Setup::default(), &all(subject), &value);
        assert!(
            document.summary.starts_with("Done. [2J very long")
                || document.summary.starts_with("Done.[2J")
        );
        assert!(document.summary.len() <= diagnose::write::PROSE_BYTES);
        assert!(!document.summary.chars().any(char::is_control));
    });
}

#[test]
fn without_a_conclusion_nothing_changes() {
    looking(&story(), |subject| {
        let (document, changes) = write(subject, &Setup::default(), &Ledger::default(), None);
        assert_eq!(&document, subject.offline);
        assert_eq!(changes, []);
        let mut ledger = Ledger::default();
        ledger.show(trace::StepId::from_index(0), Part::Action, 1..=1);
        let (document, _) = write(subject, &alone(), &ledger, None);
        assert_eq!(
            (document.verdict, document.onset_step_id),
            (Verdict::Undecided, None)
        );
    });
}
