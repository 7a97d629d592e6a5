//! Each signal on the smallest run that shows what it is about.

#![allow(clippy::expect_used, reason = "tests")]

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

/// A step that sets a to-do list of these items and states.
fn plan(items: &[(&str, &str)]) -> Step {
    let items: Vec<_> = items
        .iter()
        .map(|(content, status)| serde_json::json!({ "content": content, "status": status }))
        .collect();
    let action = Action {
        tool: "TodoWrite".to_owned(),
        kind: ActionKind::Message {
            text: String::new(),
        },
        arguments: serde_json::json!({ "todos": items }),
    };
    let mut step = Step::new(0, action);
    step.observation = Some(Observation::text("The list was changed."));
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
fn a_demanded_file_nobody_touched_is_noticed() {
    let steps = vec![shell("ls", "", 0), shell("echo 1 > b.txt", "", 0)];
    assert_eq!(
        suspects("untouched_requirement", "Write /app/out.txt now.", steps),
        [2]
    );
}

#[test]
fn long_changes_weigh_more_than_short_ones_and_speak_for_no_failure() {
    let long = format!("cat > a.py <<'EOF'\n{}EOF", "x = read()\n".repeat(100));
    let steps = vec![shell("touch b", "", 0), shell(&long, "", 0)];
    assert_eq!(suspects("authored_text", "", steps), [2]);
    let named = |signal: &&&dyn localize::Signal| {
        ["authored_text", "first_design"].contains(&signal.name())
    };
    assert!(
        signals()
            .iter()
            .filter(named)
            .all(|s| !s.speaks_for_failure())
    );
}

#[test]
fn the_first_large_text_is_the_design_later_ones_build_on() {
    let write = |name: &str, lines| {
        let body = "x = read()\n".repeat(lines);
        shell(&format!("cat > {name} <<'EOF'\n{body}EOF"), "", 0)
    };
    let steps = vec![write("a.py", 3), write("b.py", 40), write("b.py", 60)];
    assert_eq!(suspects("first_design", "", steps), [2]);
}

#[test]
fn values_nobody_saw_are_noticed_where_they_are_first_written() {
    let write = || shell("printf 'low = 0.35\\nhigh = 0.85\\n' > a.toml", "", 0);
    let name = "unsourced_value";
    assert_eq!(suspects(name, "", vec![write(), write()]), [1]);
    let told = "Write limits between 0.35 and 0.85.";
    assert!(suspects(name, told, vec![write()]).is_empty());
    let shown = vec![shell("cat old.toml", "0.85ms .. 0.35ms", 0), write()];
    assert!(suspects(name, "", shown).is_empty());
}

#[test]
fn work_that_calls_itself_provisional_is_noticed() {
    let steps = vec![
        shell("echo '# simplified for now' > a.py", "", 0),
        shell("echo 1 > b.py", "", 0),
        thinking(shell("echo 2 > c.py", "", 0), "Use a placeholder."),
        thinking(shell("cat c.py", "2", 0), "A placeholder."),
    ];
    assert_eq!(suspects("makeshift", "", steps), [1, 3]);
}

#[test]
fn deciding_after_output_that_was_cut_off_is_noticed() {
    let look = || shell("cat long.py", "a = 1\n[output truncated]", 0);
    let edit = || shell("sed -i s/a/b/ long.py", "", 0);
    assert_eq!(suspects("partial_view", "", vec![look(), edit()]), [2]);
    let again = vec![look(), shell("sed -n 1,9p long.py", "a = 1", 0), edit()];
    assert!(suspects("partial_view", "", again).is_empty());
}

#[test]
fn a_program_that_writes_files_is_noticed_and_a_short_command_is_not() {
    let body = "text = read()\n".repeat(10);
    let program = format!("python3 - <<'EOF'\n{body}open('a.txt', 'w').write(text)\nEOF");
    let steps = vec![shell(&program, "", 0), shell("echo 1 > a.txt", "", 0)];
    assert_eq!(suspects("programmed_write", "", steps), [1]);
}

#[test]
fn a_text_that_prints_its_own_success_is_noticed() {
    let body = "x = read()\n".repeat(30);
    let script = |last| shell(&format!("cat > a.py <<'EOF'\n{body}{last}\nEOF"), "", 0);
    let steps = vec![
        script("print('All checks passed')"),
        script("print(len(x))"),
        script("passed = x"),
    ];
    assert_eq!(suspects("announced_success", "", steps), [1]);
}

#[test]
fn much_work_on_a_demanded_file_is_told_from_side_work() {
    let write = |name| {
        let body = "x = read()\n".repeat(30);
        shell(&format!("cat > {name} <<'EOF'\n{body}EOF"), "", 0)
    };
    let steps = || vec![write("main.py"), write("test_main.py"), write("latest.py")];
    let task = "Write main.py.";
    assert_eq!(suspects("demanded_work", task, steps()), [1]);
    assert_eq!(suspects("side_work", task, steps()), [2]);
    assert!(suspects("side_work", "Write test_main.py.", steps()).is_empty());
}

#[test]
fn words_of_giving_up_count_where_something_is_decided() {
    let tired = "I keep having trouble; one final attempt.";
    let steps = vec![
        thinking(shell("cat a", "a", 0), tired),
        thinking(shell("echo 1 > a", "", 0), tired),
    ];
    assert_eq!(suspects("resignation", "", steps), [2]);
}

#[test]
fn going_back_to_an_earlier_version_is_noticed() {
    let write = |line: &str| {
        let body = line.repeat(20);
        shell(&format!("cat > a.py <<'EOF'\n{body}EOF"), "", 0)
    };
    let (one, two) = ("x = one()\n", "x = two()\n");
    let name = "returned_version";
    assert_eq!(
        suspects(name, "", vec![write(one), write(two), write(one)]),
        [3]
    );
    assert!(suspects(name, "", vec![write(one), write(one)]).is_empty());
}

#[test]
fn the_work_is_declared_done_once() {
    let done = || thinking(shell("echo done", "done", 0), "The task is complete.");
    let steps = vec![shell("ls", "a", 0), done(), done()];
    assert_eq!(suspects("declared_done", "", steps), [2]);
    let all_done = vec![plan(&[("write it", "completed")])];
    assert_eq!(suspects("declared_done", "", all_done), [1]);
}

#[test]
fn what_vanishes_undone_from_a_plan_is_noticed_and_what_is_reworded_is_not() {
    let steps = vec![
        plan(&[
            ("build the image", "pending"),
            ("boot the image in the emulator", "pending"),
        ]),
        plan(&[
            ("build a small image", "completed"),
            ("boot the image with an emulator", "pending"),
        ]),
        plan(&[
            ("build a small image", "completed"),
            ("write instructions", "pending"),
        ]),
    ];
    assert_eq!(suspects("plan_cut", "", steps), [3]);
}

#[test]
fn trying_again_with_less_is_noticed_and_another_command_is_not() {
    let steps = vec![
        shell(
            "pip install --strict one two",
            "error: no matching distribution found for two",
            1,
        ),
        shell("pip install --strict one", "", 0),
        shell("pip install --strict three four", "", 0),
    ];
    assert_eq!(suspects("weakened_retry", "", steps), [2]);
}
