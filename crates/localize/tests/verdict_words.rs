//! What is said of runs of which little is known.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod runs;

use std::fmt::Write as _;

use analysis::Index;
use localize::{Case, Findings, Options, diagnose};
use runs::{shell, write};
use trace::{Diagnosis, LabelVerdict, Step, StepId, Trajectory, Verdict};

fn run(steps: Vec<Step>, resolved: Option<bool>) -> Trajectory {
    let mut t = Trajectory::default();
    for (at, mut step) in steps.into_iter().enumerate() {
        step.id = StepId::from_index(at);
        t.steps.push(step);
    }
    t.outcome.resolved = resolved;
    t
}

fn diagnosed(steps: Vec<Step>, resolved: Option<bool>) -> Diagnosis {
    diagnose(&Index::new(&run(steps, resolved)), Options::default())
}

fn looks() -> Vec<Step> {
    vec![shell("ls", "a.py\n", 0), shell("cat a.py", "print(1)\n", 0)]
}

/// One line each: verdict, confidence, summary and what is missing.
fn told(d: &Diagnosis) -> String {
    let verdict = match d.verdict {
        Verdict::FailureFound => "failure_found",
        Verdict::NoFailure => "no_failure",
        Verdict::Undecided => "undecided",
    };
    let mut missing = String::new();
    for sentence in &d.missing_evidence {
        let _ = write!(missing, "\n  - {sentence}");
    }
    format!("{verdict} ({:.2}): {}{missing}", d.confidence, d.summary)
}

#[test]
fn a_verdict_says_what_it_rests_on() {
    let nothing = || (Vec::new(), "no steps");
    let looked = || (looks(), "only looked");
    let worked = || {
        let steps = vec![
            shell("ls", "a.py\n", 0),
            write("a.py", "print(2)\n"),
            shell("python a.py", "2\n", 0),
        ];
        (steps, "worked")
    };
    let mut text = String::new();
    for (steps, what) in [nothing(), looked(), worked()] {
        for resolved in [None, Some(true), Some(false)] {
            let d = diagnosed(steps.clone(), resolved);
            let _ = writeln!(text, "{what}, recorded {resolved:?}\n  {}", told(&d));
            assert_eq!(d.used_outcome, resolved.is_some());
            match d.verdict {
                Verdict::FailureFound => assert!(d.onset_step_id.is_some()),
                Verdict::NoFailure => assert_eq!(d.onset_step_id, None),
                // A step to look at, if any.
                Verdict::Undecided => {}
            }
            assert_eq!(
                d.missing_evidence.is_empty(),
                d.verdict != Verdict::Undecided
            );
        }
    }
    insta::assert_snapshot!(text);
}

#[test]
fn what_is_measured_does_not_know_the_recorded_outcome() {
    let steps = || {
        vec![
            shell("pytest -q", "== 3 passed in 0.1s ==\n", 0),
            write("a.py", "def f():\n    return 1\n"),
            shell(
                "pytest -q",
                "FAILED t.py::t\n== 1 failed, 2 passed in 0.1s ==\n",
                1,
            ),
        ]
    };
    let table = |resolved| {
        let t = run(steps(), resolved);
        let index = Index::new(&t);
        let weights = localize::Model::stated().onset.by_column();
        Findings::new(&Case::new(&index), &weights).table
    };
    assert!(!table(None).rows.is_empty());
    assert_eq!(table(None), table(Some(true)));
    assert_eq!(table(None), table(Some(false)));
}

#[test]
fn a_label_claims_no_more_than_is_known() {
    let mut steps = looks();
    steps.push(shell("mkdir -p out", "", 0));
    steps.push(write("out/a.txt", "x\n"));
    let t = run(steps, Some(false));
    let d = diagnose(&Index::new(&t), Options::default());
    for label in d.labels.walk() {
        assert!(!label.evidence.is_empty() && !label.reason.is_empty());
        for cited in &label.evidence {
            let step = t.step(cited.step_id).unwrap();
            let kind = format!("{:?}", step.action.kind);
            let quote = format!("{:?}", cited.quote);
            assert!(
                kind.contains(quote.trim_matches('"')) || step.observed().contains(&cited.quote),
                "{label:?}"
            );
        }
        if label.verdict == LabelVerdict::Incorrect && !label.reason.contains(": ") {
            assert!(
                label
                    .reason
                    .starts_with("no signal speaks against it; of steps that do the like")
            );
        }
    }
}
