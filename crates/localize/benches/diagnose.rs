//! What the offline analysis of a run costs: the index over what its steps did, and the diagnosis, for
//! runs that fit in memory and for one that is longer than what is held at once.

use analysis::Index;
use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use localize::{Options, diagnose};
use trace::{Action, ActionKind, Change, FileEdit, Observation, Step, Trajectory};

const TASK: &str = "Make the tests in /app/tests pass. Write the totals to /app/out/totals.json with \
    the keys `total` and `count`. Do not change anything under /app/tests.";

fn main() {
    divan::main();
}

/// A run of `steps` steps as real ones are: files written, changed and read, tests, errors, programs.
fn run(steps: usize) -> Trajectory {
    let mut run = Trajectory {
        task: Some(TASK.to_owned()),
        steps: (0..steps).map(step).collect::<Vec<_>>().into(),
        ..Trajectory::default()
    };
    run.renumber();
    run
}

fn step(number: usize) -> Step {
    let file = format!("/app/src/module_{}.py", number * 7 % 97);
    let mut step = match number % 8 {
        0 => edit(
            &file,
            Change::Write {
                content: source(number),
            },
        ),
        1 => shell(
            &format!("cat > {file} <<'EOF'\n{}EOF", source(number)),
            "",
            0,
        ),
        2 | 3 => shell("cd /app && python -m pytest -v tests", &report(number), 1),
        4 => shell(
            &format!("python -m ledger --check {file}"),
            &format!(
                "Traceback (most recent call last):\n  File \"{file}\", line {}, in <module>\n    \
                 main()\nKeyError: 'amount_{}'",
                number % 90,
                number % 50
            ),
            1,
        ),
        5 => shell(
            &format!("sed -i 's/total = 0/total = {number}/' {file}"),
            "",
            0,
        ),
        6 => shell(&format!("cat -n {file}"), &source(number), 0),
        _ => shell(
            "ls -la /app/src && git status --short",
            " M src/module_1.py\n",
            0,
        ),
    };
    if number.is_multiple_of(3) {
        step.thought = format!("The total of value_{number} was wrong, so I change {file} now.");
    }
    step
}

fn shell(command: &str, output: &str, exit_status: i32) -> Step {
    let mut step = Step::new(0, Action::shell("bash", command));
    step.observation = Some(Observation {
        exit_status: Some(exit_status),
        ..Observation::text(output)
    });
    step
}

fn edit(path: &str, change: Change) -> Step {
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
    step.observation = Some(Observation::text("done"));
    step
}

fn source(number: usize) -> String {
    let function = |k: usize| {
        format!(
            "def value_{number}_{k}(rows):\n    total = {}\n    for row in rows:\n        \
             total += int(row['amount_{k}'])\n    return total\n\n",
            number * k % 1000
        )
    };
    (0..20).map(function).collect()
}

fn report(number: usize) -> String {
    let case = |k: usize| {
        let result = if (number + k).is_multiple_of(9) {
            "FAILED"
        } else {
            "PASSED"
        };
        format!("tests/test_ledger.py::test_case_{k} {result}\n")
    };
    let cases: String = (0..40).map(case).collect();
    let failed = (0..40).filter(|k| (number + k).is_multiple_of(9)).count();
    format!(
        "collected 40 items\n\n{cases}\n===== {failed} failed, {} passed in 1.20s =====\n",
        40 - failed
    )
}

#[divan::bench(args = [100, 1_000, 10_000], sample_count = 10)]
fn index(bencher: Bencher<'_, '_>, steps: usize) {
    let run = run(steps);
    let counter = ItemsCount::new(steps);
    bencher
        .counter(counter)
        .bench(|| Index::new(black_box(&run)).len());
}

#[divan::bench(args = [100, 1_000, 10_000], sample_count = 10)]
fn index_and_diagnose(bencher: Bencher<'_, '_>, steps: usize) {
    let run = run(steps);
    bencher.counter(ItemsCount::new(steps)).bench(|| {
        let index = Index::new(black_box(&run));
        diagnose(&index, Options::default()).onset_step_id
    });
}
