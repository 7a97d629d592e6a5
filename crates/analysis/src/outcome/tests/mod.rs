//! Tests of the module as a whole: statuses, screens, and what must hold for any text.

mod reports;
mod signatures;

use proptest::prelude::*;
use trace::{
    Action, ActionKind, ErrorKind, Observation, Step, StepOutcome, StepStatus, Trajectory,
};

use super::*;

fn shell(command: &str, text: &str, exit_status: Option<i32>) -> Step {
    let mut step = Step::new(0, Action::shell("bash", command));
    step.observation = Some(Observation {
        exit_status,
        ..Observation::text(text)
    });
    step
}

#[test]
fn a_reader_may_still_complain() {
    let outcome = read_outcome(&shell(
        "cat missing.py",
        "cat: missing.py: No such file or directory",
        Some(1),
    ));
    assert_eq!(outcome.errors.len(), 1);
    assert_eq!(outcome.status, StepStatus::Failed);
}

#[test]
fn statuses() {
    use StepStatus::{Failed, Ok, Unknown};
    let trace = "Traceback (most recent call last):\n  File \"a\", line 1\n    x\nValueError: y\n";
    for (command, text, exit, want) in [
        ("make", "done", Some(0), Ok),
        ("make", "", Some(2), Failed),
        ("grep x a.txt", "", Some(1), Ok),
        (
            "grep x a.txt",
            "grep: a.txt: No such file or directory",
            Some(2),
            Failed,
        ),
        ("diff a b", "1c1\n< a\n---\n> b", Some(1), Ok),
        ("python a.py | tail", trace, Some(0), Failed),
        (
            "ls x || mkdir x",
            "ls: cannot access 'x': No such file or directory\ncreated",
            Some(0),
            Ok,
        ),
        (
            "pytest | tail -1",
            "1 failed, 2 passed in 0.10s",
            Some(0),
            Failed,
        ),
        (
            "make; echo \"exit status $?\"",
            "exit status 2",
            Some(0),
            Failed,
        ),
        ("tail run.log", trace, Some(0), Ok),
        ("make", "", None, Unknown),
        ("make", "all done", None, Ok),
        ("rg x", "bash: rg: command not found", None, Failed),
    ] {
        let outcome = read_outcome(&shell(command, text, exit));
        assert_eq!(outcome.status, want, "{command}: {text}");
    }
    assert_eq!(
        read_outcome(&Step::new(0, Action::shell("bash", "ls"))),
        StepOutcome::default()
    );
}

#[test]
fn an_exit_status_in_the_text_counts() {
    let outcome = read_outcome(&shell("make", "Exit code 2\nno luck", None));
    assert_eq!(
        (outcome.exit_status, outcome.status),
        (Some(2), StepStatus::Failed)
    );
    let outcome = read_outcome(&shell("frob", "bash: frob: command not found", None));
    assert_eq!(outcome.exit_status, Some(127));
}

#[test]
fn tools_refuse() {
    let mut step = shell("", "The old text occurs twice.", None);
    step.action = Action {
        tool: "Edit".into(),
        kind: ActionKind::Edit { edits: Vec::new() },
        arguments: serde_json::Value::Null,
    };
    if let Some(observation) = step.observation.as_mut() {
        observation.is_error = Some(true);
    }
    let outcome = read_outcome(&step);
    assert_eq!(outcome.status, StepStatus::Failed);
    assert_eq!(outcome.errors[0].message, "The old text occurs twice.");
    step.action.kind = ActionKind::Invalid { text: "?".into() };
    assert_eq!(read_outcome(&step).errors[0].kind, ErrorKind::ToolCall);
}

fn screen(index: usize, keys: &str, text: Option<&str>) -> Step {
    let kind = ActionKind::Keystrokes {
        keys: keys.into(),
        wait_seconds: None,
    };
    let mut step = Step::new(
        index,
        Action {
            tool: "terminal".into(),
            kind,
            arguments: serde_json::Value::Null,
        },
    );
    step.observation = text.map(|text| Observation {
        screen: true,
        ..Observation::text(text)
    });
    step
}

#[test]
fn screens_report_an_error_once() {
    use StepStatus::{Failed, Ok, Unknown};
    let trajectory = Trajectory {
        steps: vec![
            screen(
                0,
                "frob\n",
                Some(
                    "Current Terminal Screen:\nroot@box:/a# frob\nbash: frob: command not found\nroot@box:/a#\n\n",
                ),
            ),
            screen(
                1,
                "cat a.py\n",
                Some(
                    "Current Terminal Screen:\nroot@box:/a# frob\nbash: frob: command not found\nroot@box:/a# cat a.py\nValueError: in a text\nroot@box:/a#\n",
                ),
            ),
            screen(2, "true\n", None),
            screen(
                3,
                "frob\n",
                Some(
                    "New Terminal Output:\n\nroot@box:/a# frob\nbash: frob: command not found\nroot@box:/a#\n",
                ),
            ),
            screen(
                4,
                "sleep 9\n",
                Some("New Terminal Output:\n\nroot@box:/a# sleep 9\n"),
            ),
            screen(5, "", Some("New Terminal Output:\n\n")),
        ]
        .into(),
        ..Trajectory::default()
    };
    let outcomes = read_outcomes(&trajectory);
    let seen: Vec<_> = outcomes
        .iter()
        .map(|o| (o.status, o.errors.len()))
        .collect();
    assert_eq!(
        seen,
        [
            (Failed, 1),
            (Ok, 0),
            (Unknown, 0),
            (Failed, 1),
            (Unknown, 0),
            (Unknown, 0)
        ]
    );
}

/// Lines that come close to what the readers look for.
fn near_line() -> impl Strategy<Value = String> {
    let parts = proptest::sample::select(vec![
        "Traceback (most recent call last):",
        "  File \"a\"",
        "ValueError: x",
        "bash: ",
        "line 1: ",
        "x",
        ": not found",
        "=== ",
        "1 failed",
        ", ",
        "2 passed",
        " in 0.1s",
        " ===",
        "Ran ",
        "5 tests",
        "FAILED (failures=",
        "99999999999999",
        "test result: ok. ",
        "1 passed; ",
        "--- FAIL: ",
        "T (0.0s)",
        "Tests: ",
        "\t",
        "\u{1b}[31m",
        "\u{1b}]0;t",
        "\r",
        "é",
        "≥",
        "‘a’",
        "1..3",
        "not ok 1 - ",
        "root@h:/# ",
        "$ ",
        "> ",
        "a.c:3:5: error: ",
        "'",
        "\"",
        "(",
        ")",
        "make: *** [",
        "{\"Action\":\"fail\"}",
        "Summary [ 1s] 1 tests run: ",
        "E   ",
        "thread 'x' panicked at ",
        ".rb:1:in (XError)",
        "[",
        "]",
        "% tests passed, ",
        " passing (",
    ]);
    proptest::collection::vec(parts, 0..7).prop_map(|parts| parts.concat())
}

fn outcome_of(text: &str) -> StepOutcome {
    StepOutcome {
        errors: error_signatures(text),
        tests: test_reports(text),
        ..StepOutcome::default()
    }
}

proptest! {
    #[test]
    fn never_panics_and_spans_hold(
        lines in proptest::collection::vec(prop_oneof![near_line(), any::<String>()], 0..30),
        command in prop_oneof![near_line(), any::<String>()],
        cut in 0..20_usize,
    ) {
        let text = lines.join("\n");
        let holds = |outcome: &StepOutcome| {
            outcome.errors.iter().map(|e| &e.span).chain(outcome.tests.iter().map(|r| &r.span))
                .all(|span| span.start <= span.end && text.get(span.clone()).is_some())
        };
        prop_assert!(holds(&read_outcome(&shell(&command, &text, None))));
        let read = outcome_of(&text);
        prop_assert!(holds(&read));
        let shorter = lines[..cut.min(lines.len())].join("\n");
        let trajectory = Trajectory {
            steps: vec![screen(0, &command, Some(&shorter)), screen(1, "x", Some(&text)), screen(2, "y", Some(&text))].into(),
            ..Trajectory::default()
        };
        prop_assert!(read_outcomes(&trajectory).iter().skip(1).all(holds));
    }

    #[test]
    fn joining_wrapped_lines_keeps_spans(text in "[a-c\u{e9}\n ]{0,200}", width in 1..9_usize) {
        let page = Page::wrapped(&text, 0..text.len(), Some(width));
        for number in 0..page.len() {
            let span = page.span(number, number);
            let plain: String = text[span].chars().filter(|c| *c != '\n').collect();
            prop_assert_eq!(plain.trim(), page.line(number).trim());
        }
    }
}
