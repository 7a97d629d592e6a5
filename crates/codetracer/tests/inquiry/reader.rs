//! What a competent reader of the bundled run does, and conclusions for others to spoil.

use scripted::{Asked, Reply};
use serde_json::{Value, json};

const ONSET: &str = "sed -i 's/day.weekday() != 6/day.weekday() not in (5, 6)/'";

/// Opens what it will name and the steps around it, then concludes with what it read.
pub(crate) fn honest(asked: &Asked) -> Reply {
    let conclusion = conclusion();
    let quotes = conclusion["claims"].as_array().into_iter().flatten();
    let mut quotes = quotes.filter_map(|claim| claim["quote"].as_str());
    if !quotes.all(|quote| asked.shown().contains(quote)) {
        return look();
    }
    if asked.schema.is_some() {
        // No tools any more: it is asked for the conclusion alone.
        return Reply::text(conclusion.to_string());
    }
    Reply::calls([("conclude", conclusion)])
}

/// Looks at four stages, several steps in one turn.
pub(crate) fn look() -> Reply {
    Reply::calls([open(&[3, 5, 8, 9, 10, 11])])
}

/// A call that opens steps.
pub(crate) fn open(steps: &[u64]) -> (&'static str, Value) {
    ("show_step", json!({"steps": steps}))
}

/// Always looks on, and never at the same.
pub(crate) fn endless(asked: &Asked) -> Reply {
    if asked.tools.is_empty() {
        return Reply::text("I would rather look on.");
    }
    let round = asked.round as u64;
    let lines = json!({"steps": [round * 5 % 12 + 1], "from_line": round});
    Reply::calls([("show_step", lines)])
}

/// A claim of some kind about a step.
pub(crate) fn claim(kind: &str, step: u64, why: &str, quote: &str) -> Value {
    json!({"kind": kind, "step": step, "why": why, "quote": quote, "quoted_step": null})
}

/// The conclusion that stands.
pub(crate) fn conclusion() -> Value {
    json!({
        "verdict": "failure_found",
        "fault": "incorrect_hypothesis",
        "claims": [
            claim("onset", 9, "It closes Saturdays to make one test pass, though the calendar was right.", ONSET),
            claim("missed_signal", 11, "Two tests fail and both are set aside.", "2 failed, 7 passed in 0.04s"),
            claim("unuseful", 10, "It runs only the test that its edit was fitted to.", "1 passed, 4 deselected"),
        ],
        "summary": "Step 9 changes the calendar, which was right, instead of the count.",
        "advice": "From step 9: count the day itself before moving on, and leave the calendar alone.",
        "confidence": 0.8,
        "differs": "",
        "lessons": [],
    })
}

/// The conclusion with one field changed.
pub(crate) fn with(field: &str, value: Value) -> Value {
    let mut conclusion = conclusion();
    conclusion[field] = value;
    conclusion
}

/// The conclusion with another onset.
pub(crate) fn with_onset(onset: Value) -> Value {
    let mut conclusion = conclusion();
    conclusion["claims"][0] = onset;
    conclusion
}

/// Looks first, then always concludes with this.
pub(crate) fn insists(asked: &Asked, conclusion: Value) -> Reply {
    match asked.round {
        1 => look(),
        _ => Reply::calls([("conclude", conclusion)]),
    }
}
