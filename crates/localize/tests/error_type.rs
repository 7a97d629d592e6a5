//! The kind of error of single steps.

#![allow(clippy::unwrap_used, reason = "tests")]

mod runs;

use localize::Case;
use localize::error_type::{Accused, Choice, choose};
use runs::{edit, run, shell, thinking};
use trace::{Change, ErrorType, Fault, Step, StepId};

fn kind(step: u32, signals: &[&'static str], steps: Vec<Step>) -> Choice {
    let run = run("", steps);
    let index = analysis::Index::new(&run);
    let step = StepId::new(step).unwrap();
    choose(&Case::new(&index), Accused { step, signals })
}

#[test]
fn an_installation_that_fails_is_about_dependencies() {
    let fails = shell(
        "pip install left==9",
        "ERROR: No matching distribution found for left==9",
        1,
    );
    let choice = kind(1, &[], vec![fails]);
    assert_eq!(
        (choice.fault, choice.rule),
        (Fault::DependencyResolution, "install_failed")
    );
    assert!(choice.explained().starts_with("install_failed: "));
}

#[test]
fn an_installation_that_works_and_is_the_error_left_the_environment_unfit() {
    let works = shell("apt-get install -y zsh", "Setting up zsh (5.9)", 0);
    assert_eq!(kind(1, &[], vec![works]).fault, Fault::EnvironmentSetup);
}

#[test]
fn a_missing_tool_counts_when_no_later_step_installs_it() {
    let looks = || shell("which xorriso", "", 1);
    let choice = kind(1, &[], vec![looks(), shell("ls", "a", 0)]);
    assert_eq!(choice.fault, Fault::DependencyResolution);
    let brings = shell("apt-get install -y xorriso", "Setting up xorriso", 0);
    let choice = kind(1, &[], vec![looks(), brings]);
    assert_eq!(choice.rule, "wrong_belief");
}

#[test]
fn going_on_over_a_failed_check_misreads_it() {
    let fails = shell("make", "make: *** [all] Error 2", 2);
    let goes_on = thinking(shell("ls -la app", "app", 0), "It was built successfully.");
    let choice = kind(2, &["false_claim"], vec![fails, goes_on]);
    assert_eq!(choice.fault, Fault::VerificationMisinterpretation);
    assert!(choice.why.contains("step 1"), "{}", choice.why);
}

#[test]
fn a_refused_edit_that_nobody_repeats_is_mislocalised() {
    let replace = |new: &str| {
        edit(
            "a.py",
            Change::Replace {
                old: "alpha".to_owned(),
                new: new.to_owned(),
                all: false,
            },
        )
    };
    let mut refused = replace("beta");
    refused.observation = Some(trace::Observation {
        is_error: Some(true),
        ..trace::Observation::text("String to replace not found in file.")
    });
    assert_eq!(
        kind(1, &[], vec![refused.clone()]).fault,
        Fault::MislocalisedEdit
    );
    let repaired = kind(1, &[], vec![refused, replace("gamma")]);
    assert_eq!(repaired.rule, "wrong_belief");
}

#[test]
fn what_the_paper_has_no_word_for_is_a_wrong_belief_there() {
    let write = || shell("echo 1 > out.csv", "", 0);
    for (signal, fault) in [
        ("fabrication", Fault::FabricatedResult),
        ("dropped_demand", Fault::SpecificationMisread),
    ] {
        let choice = kind(1, &[signal], vec![write(), shell("ls", "a", 0)]);
        assert_eq!(choice.fault, fault);
        assert_eq!(choice.fault.error_type(), ErrorType::IncorrectHypothesis);
    }
    let gives_up = thinking(write(), "I was unable to find the data.");
    assert_eq!(kind(1, &[], vec![gives_up]).fault, Fault::GaveUpEarly);
}

#[test]
fn removing_what_is_missed_later_destroys() {
    let gone = shell("rm data/input.json", "", 0);
    let missed = shell(
        "cat data/input.json",
        "cat: data/input.json: No such file or directory",
        1,
    );
    assert_eq!(
        kind(1, &[], vec![gone, missed]).fault,
        Fault::DestructiveAction
    );
}

#[test]
fn handing_in_what_nothing_ran_is_an_unverified_claim() {
    let submit = || shell("echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT", "", 0);
    let edits = || shell("sed -i s/a/b/ a.py", "", 0);
    assert_eq!(
        kind(2, &[], vec![edits(), submit()]).fault,
        Fault::UnverifiedClaim
    );
    let checked = vec![
        edits(),
        shell("pytest", "== 1 passed in 0.1s ==", 0),
        submit(),
    ];
    assert_eq!(kind(3, &[], checked).rule, "wrong_belief");
}

#[test]
fn without_a_pattern_it_is_a_wrong_belief() {
    let choice = kind(1, &[], vec![shell("sed -i s/a/b/ a.py", "", 0)]);
    assert_eq!(
        (choice.fault, choice.rule),
        (Fault::IncorrectHypothesis, "wrong_belief")
    );
}

#[test]
fn a_host_that_never_answers_is_no_decision_of_the_run() {
    let fails = || {
        shell(
            "curl -O https://example.org/a.tgz",
            "curl: (6) Could not resolve host: example.org",
            6,
        )
    };
    assert_eq!(
        kind(1, &[], vec![fails(), fails()]).fault,
        Fault::OutsideCause
    );
    let reached = vec![
        fails(),
        fails(),
        shell("curl -O https://example.net/a.tgz", "saved", 0),
    ];
    assert_eq!(kind(1, &[], reached).fault, Fault::EnvironmentSetup);
}
