//! Small runs, written by hand.

use trace::{Action, ActionKind, Change, FileEdit, Observation, Step, Trajectory};

/// A shell step with its output and exit status.
pub(crate) fn shell(command: &str, output: &str, exit_status: i32) -> Step {
    let mut step = Step::new(0, Action::shell("bash", command));
    step.observation = Some(Observation {
        exit_status: Some(exit_status),
        ..Observation::text(output)
    });
    step
}

/// The same step with a thought before it.
pub(crate) fn thinking(thought: &str, mut step: Step) -> Step {
    thought.clone_into(&mut step.thought);
    step
}

/// A tool that writes a whole file.
pub(crate) fn write(path: &str, content: &str) -> Step {
    let edits = vec![FileEdit {
        path: path.to_owned(),
        change: Change::Write {
            content: content.to_owned(),
        },
    }];
    let mut step = tool("Write", ActionKind::Edit { edits });
    step.observation = Some(Observation::text("written"));
    step
}

/// A step of a tool.
pub(crate) fn tool(name: &str, kind: ActionKind) -> Step {
    let action = Action {
        tool: name.to_owned(),
        kind,
        arguments: serde_json::Value::Null,
    };
    Step::new(0, action)
}

/// The agent hands its work in.
pub(crate) fn finish(text: &str) -> Step {
    let text = text.to_owned();
    tool("finish", ActionKind::Finish { text })
}

/// Keys typed into a terminal, and the screen after them.
pub(crate) fn keys(keys: &str, screen: Option<&str>) -> Step {
    let mut step = tool(
        "terminal",
        ActionKind::Keystrokes {
            keys: keys.to_owned(),
            wait_seconds: None,
        },
    );
    step.observation = screen.map(|text| Observation {
        screen: true,
        ..Observation::text(text)
    });
    step
}

/// A run of these steps at a task.
pub(crate) fn run(task: &str, steps: Vec<Step>) -> Trajectory {
    let mut run = Trajectory {
        task: Some(task.to_owned()),
        steps: steps.into(),
        ..Trajectory::default()
    };
    run.renumber();
    run
}

/// A green pytest report.
pub(crate) const GREEN: &str = "===== 3 passed in 0.10s =====";
/// A red one.
pub(crate) const RED: &str =
    "FAILED t.py::test_a - assert 1 == 2\n===== 1 failed, 2 passed in 0.10s =====";
/// A Python program that does not parse.
pub(crate) const BROKEN: &str =
    "  File \"a.py\", line 1\n    x =\n       ^\nSyntaxError: invalid syntax";
