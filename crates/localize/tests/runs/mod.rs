//! The smallest runs, built by hand.

#![allow(dead_code, reason = "every test uses some of it")]

use std::fmt::Write as _;

use localize::{Options, diagnose};
use trace::{
    Action, ActionKind, Change, Diagnosis, FileEdit, Observation, Step, StepId, Trajectory, Usage,
};

/// A shell command with its answer and exit status.
pub(crate) fn shell(command: &str, output: &str, exit_status: i32) -> Step {
    let mut step = Step::new(0, Action::shell("bash", command));
    step.observation = Some(Observation {
        exit_status: Some(exit_status),
        ..Observation::text(output)
    });
    step
}

/// An edit tool that does what it is asked.
pub(crate) fn edit(path: &str, change: Change) -> Step {
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

/// A file written whole.
pub(crate) fn write(path: &str, content: &str) -> Step {
    let content = content.to_owned();
    edit(path, Change::Write { content })
}

/// A pytest report in which the named tests fail.
pub(crate) fn pytest(passed: usize, failed: &[&str]) -> Step {
    let mut text = String::new();
    for name in failed {
        let _ = writeln!(text, "FAILED tests/test_x.py::{name} - assert 1 == 2");
    }
    let counts = if failed.is_empty() {
        format!("{passed} passed")
    } else {
        format!("{} failed, {passed} passed", failed.len())
    };
    let _ = writeln!(text, "======== {counts} in 0.10s ========");
    shell("pytest tests", &text, i32::from(!failed.is_empty()))
}

pub(crate) fn thinking(mut step: Step, thought: &str) -> Step {
    thought.clone_into(&mut step.thought);
    step
}

pub(crate) fn paid(mut step: Step, tokens: u64, dollars: f64) -> Step {
    step.usage = Some(Usage {
        input_tokens: Some(tokens),
        cost_usd: Some(dollars),
        ..Usage::default()
    });
    step
}

pub(crate) fn run(task: &str, steps: Vec<Step>) -> Trajectory {
    let mut run = Trajectory {
        task: Some(task.to_owned()),
        steps: steps.into(),
        ..Trajectory::default()
    };
    run.renumber();
    run
}

pub(crate) fn diagnosis(run: &Trajectory) -> Diagnosis {
    diagnose(&analysis::Index::new(run), Options::default())
}

pub(crate) fn ids(steps: &[StepId]) -> Vec<u32> {
    steps.iter().map(|id| id.get()).collect()
}
