//! Each signal on the smallest run that shows what it is about.

#![allow(clippy::expect_used, reason = "tests")]

mod contract;
mod text;

use analysis::Index;
use localize::signal::signals;
use trace::{Action, ActionKind, Change, FileEdit, Observation, Step, Trajectory};

fn shell(command: &str, output: &str, exit_status: i32) -> Step {
    let mut step = Step::new(0, Action::shell("bash", command));
    step.observation = Some(Observation {
        exit_status: Some(exit_status),
        ..Observation::text(output)
    });
    step
}

fn thinking(mut step: Step, thought: &str) -> Step {
    thought.clone_into(&mut step.thought);
    step
}

fn replace(path: &str, answer: &str) -> Step {
    let change = Change::Replace {
        old: "a".to_owned(),
        new: "b".to_owned(),
        all: false,
    };
    let edits = vec![FileEdit {
        path: path.to_owned(),
        change,
    }];
    let action = Action {
        tool: "Edit".to_owned(),
        kind: ActionKind::Edit { edits },
        arguments: serde_json::Value::Null,
    };
    let mut step = Step::new(0, action);
    step.observation = Some(Observation {
        is_error: Some(true),
        ..Observation::text(answer)
    });
    step
}

/// The steps that the signal `name` holds something against.
fn suspects(name: &str, task: &str, steps: Vec<Step>) -> Vec<u32> {
    let mut run = Trajectory {
        task: Some(task.to_owned()),
        steps: steps.into(),
        ..Trajectory::default()
    };
    run.renumber();
    let index = Index::new(&run);
    let signal = signals()
        .iter()
        .find(|signal| signal.name() == name)
        .expect(name);
    let found = signal.measure(&localize::Case::new(&index));
    assert!(
        found.iter().all(|suspicion| !suspicion.evidence.is_empty()),
        "{name}"
    );
    found.iter().map(|suspicion| suspicion.step.get()).collect()
}

const GREEN: &str = "===== 3 passed in 0.10s =====";
const RED: &str = "FAILED t.py::test_a - assert 1 == 2\n===== 1 failed, 2 passed in 0.10s =====";

#[test]
fn a_failure_nothing_repairs_is_held_against_the_change_behind_it() {
    let write = || shell("echo 'x = ' > a.py", "", 0);
    let fail = || {
        shell(
            "python a.py",
            "  File \"a.py\", line 1\nSyntaxError: invalid syntax",
            1,
        )
    };
    let name = "unrepaired_failure";
    assert_eq!(suspects(name, "", vec![write(), fail()]), [1]);
    let repaired = vec![write(), fail(), write(), shell("python a.py", "ok", 0)];
    assert!(suspects(name, "", repaired).is_empty());
}

#[test]
fn a_worse_test_report_is_held_against_the_change_before_it() {
    let steps = vec![
        shell("pytest", GREEN, 0),
        shell("sed -i s/a/b/ a.py", "", 0),
        shell("pytest", RED, 1),
    ];
    assert_eq!(suspects("regression", "", steps), [2]);
}

#[test]
fn saying_the_same_command_again_and_again_is_a_repetition() {
    let again = || shell("cat notes.txt", "same", 0);
    assert!(!suspects("repetition", "", vec![again(), again(), again(), again()]).is_empty());
    assert!(suspects("repetition", "", vec![again(), shell("ls", "a", 0)]).is_empty());
}

#[test]
fn a_path_that_is_not_there_is_held_against_who_took_it_for_granted() {
    let missing = "cat: /app/none.txt: No such file or directory";
    let steps = vec![shell("ls", "a", 0), shell("cat /app/none.txt", missing, 1)];
    assert_eq!(suspects("missing_path", "", steps), [2]);
}

#[test]
fn a_refused_edit_is_held_against_its_step() {
    let steps = vec![replace("a.py", "String to replace not found in file.")];
    assert_eq!(suspects("rejected_edit", "", steps), [1]);
}

#[test]
fn an_unchecked_last_change_is_noticed() {
    let edit = || shell("sed -i s/a/b/ a.py", "", 0);
    assert_eq!(
        suspects(
            "unverified_change",
            "",
            vec![shell("cat a.py", "a", 0), edit()]
        ),
        [2]
    );
    assert!(
        suspects(
            "unverified_change",
            "",
            vec![edit(), shell("pytest", GREEN, 0)]
        )
        .is_empty()
    );
}

#[test]
fn a_claim_of_success_over_a_failure_is_noticed() {
    let claim = thinking(shell("echo done", "done", 0), "All tests pass now.");
    assert_eq!(
        suspects("false_claim", "", vec![shell("pytest", RED, 1), claim]),
        [2]
    );
}

#[test]
fn an_admission_is_held_against_the_change_before_it() {
    let edit = shell("sed -i s/a/b/ a.py", "", 0);
    let sorry = thinking(
        shell("cat a.py", "b", 0),
        "I made a mistake in the last edit.",
    );
    assert_eq!(suspects("admission", "", vec![edit, sorry]), [1]);
}

#[test]
fn a_stand_in_for_the_result_is_noticed() {
    let fake = thinking(
        shell("echo 1,2 > /app/result.csv", "", 0),
        "The download fails, so I will write dummy data instead.",
    );
    assert!(
        !suspects(
            "fabrication",
            "",
            vec![shell("curl x", "Could not resolve host", 6), fake]
        )
        .is_empty()
    );
}

#[test]
fn who_made_a_demanded_file_is_remembered_but_speaks_for_no_failure() {
    let steps = vec![shell("ls", "", 0), shell("echo 1 > /app/out.txt", "", 0)];
    assert_eq!(suspects("deliverable", "Write /app/out.txt.", steps), [2]);
    let signal = signals()
        .iter()
        .find(|signal| signal.name() == "deliverable");
    assert!(signal.is_some_and(|signal| !signal.speaks_for_failure()));
}

#[test]
fn what_shows_the_failure_at_the_end_is_noticed() {
    let steps = vec![
        shell("echo 'x = ' > a.py", "", 0),
        shell("pytest", RED, 1),
        shell("ls", "a.py", 0),
    ];
    assert_eq!(suspects("observed_failure", "", steps)[..1], [2]);
    let clean = vec![
        shell("echo 'x = 1' > a.py", "", 0),
        shell("pytest", GREEN, 0),
    ];
    assert!(suspects("observed_failure", "", clean).is_empty());
}

#[test]
fn a_claim_over_a_failure_that_a_change_caused_is_its_consequence() {
    let claim = || {
        thinking(
            shell("ls", "a.py", 0),
            "All tests pass now. The task is complete.",
        )
    };
    let caused = vec![
        shell("echo 'x = ' > a.py", "", 0),
        shell("pytest a.py", RED, 1),
        claim(),
    ];
    assert_eq!(suspects("consequence", "", caused), [3]);
    let given = vec![shell("pytest", RED, 1), claim()];
    assert!(suspects("consequence", "", given).is_empty());
}
