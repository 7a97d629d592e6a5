//! What run it is, and what is concluded.

use std::fmt::Write as _;

use trace::{Diagnosis, TestCase, TestStatus, Verdict};

use crate::output::{Palette, headline, inert};

/// The verdict, where the run comes from, its recorded outcome and its task.
pub(super) fn head(out: &mut String, diagnosis: &Diagnosis, palette: Palette) {
    let sure = match diagnosis.verdict {
        Verdict::Undecided => format!(
            "{:.2} probable to have failed",
            diagnosis.failure_probability
        ),
        _ => format!("confidence {:.2}", diagnosis.confidence),
    };
    let _ = writeln!(
        out,
        "{}  {}  {}",
        verdict(diagnosis.verdict, palette),
        palette.strong(&inert(&diagnosis.run_id)),
        palette.faint(&sure),
    );
    let mut about = vec![format!("read as {}", diagnosis.format)];
    about.extend(diagnosis.agent.as_ref().map(|a| format!("agent {a}")));
    about.extend(diagnosis.model.as_ref().map(|m| format!("model {m}")));
    about.push(format!("{} steps", diagnosis.step_count));
    about.push(recorded(diagnosis));
    let _ = writeln!(out, "{}", palette.faint(&inert(&about.join(" · "))));
    if let Some(tests) = recorded_tests(diagnosis) {
        let _ = writeln!(
            out,
            "{}",
            palette.faint(&headline(&tests, palette.width * 2))
        );
    }
    if let Some(task) = &diagnosis.task {
        let _ = writeln!(
            out,
            "{}",
            palette.faint(&format!("task: {}", headline(task, palette.width - 6)))
        );
    }
}

/// What the artifacts say about the outcome, and whether the engine saw it.
fn recorded(diagnosis: &Diagnosis) -> String {
    let said = match diagnosis.outcome.resolved {
        Some(true) => "recorded outcome: resolved",
        Some(false) => "recorded outcome: not resolved",
        None => return "no recorded outcome".to_owned(),
    };
    let used = if diagnosis.used_outcome {
        "used"
    } else {
        "not used"
    };
    format!("{said} ({used})")
}

/// The tests of the recorded check that did not pass, and how many did.
fn recorded_tests(diagnosis: &Diagnosis) -> Option<String> {
    /// More names than these tell no more.
    const NAMED: usize = 4;
    let tests = &diagnosis.outcome.tests;
    let bad = |test: &&TestCase| matches!(test.status, TestStatus::Failed | TestStatus::Errored);
    let names: Vec<&str> = tests
        .iter()
        .filter(bad)
        .map(|test| test.name.as_str())
        .collect();
    if names.is_empty() {
        return None;
    }
    let passed = tests
        .iter()
        .filter(|test| test.status == TestStatus::Passed)
        .count();
    let more = match names.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let shown = names[..names.len().min(NAMED)].join(", ");
    Some(format!(
        "recorded tests: failed {shown}{more}; {passed} passed"
    ))
}

/// The verdict in its colour.
pub(super) fn verdict(verdict: Verdict, palette: Palette) -> String {
    match verdict {
        Verdict::FailureFound => palette.bad(verdict.as_str()),
        Verdict::NoFailure => palette.good(verdict.as_str()),
        Verdict::Undecided => palette.open(verdict.as_str()),
    }
}
