//! What a competent reader of the bundled run does, and conclusions for others to spoil.

use scripted::{Asked, Reply};
use serde_json::{Value, json};

const ONSET: &str = "sed -i 's/day.weekday() != 6/day.weekday() not in (5, 6)/'";

/// Opens what it will name and the steps around it, then concludes with what it read.
pub(crate) fn honest(asked: &Asked) -> Reply {
    if asked.round == 1 {
        return look();
    }
    let conclusion = conclusion();
    for claim in claims(&conclusion) {
        let quote = claim["quote"].as_str().unwrap_or_default();
        assert!(asked.shown().contains(quote), "was not shown: {quote}");
    }
    Reply::calls([("conclude", conclusion)])
}

/// Looks at four stages, several steps in one turn.
pub(crate) fn look() -> Reply {
    let steps = [3, 5, 8, 9, 10, 11];
    Reply::calls(steps.map(|step| ("show_step", json!({"step": step}))))
}

pub(crate) fn claim(step: u64, why: &str, quote: &str) -> Value {
    json!({"step": step, "why": why, "quote": quote, "quoted_step": null})
}

/// The conclusion that stands.
pub(crate) fn conclusion() -> Value {
    let missed = claim(
        11,
        "Two tests fail and both are set aside.",
        "2 failed, 7 passed in 0.04s",
    );
    json!({
        "verdict": "failure_found",
        "onset": claim(9, "It closes Saturdays to make one test pass, though the calendar was right.", ONSET),
        "fault": "incorrect_hypothesis",
        "chain": [{"role": "missed_signal", "claim": missed}],
        "incorrect": [],
        "unuseful": [claim(10, "It runs only the test that its edit was fitted to.", "1 passed, 4 deselected")],
        "evidence": [],
        "summary": "Step 9 changes the calendar, which was right, instead of the count.",
        "advice": "From step 9: count the day itself before moving on, and leave the calendar alone.",
        "confidence": 0.8,
        "differs": "",
        "lessons": [],
    })
}

/// Every claim of a conclusion.
pub(crate) fn claims(conclusion: &Value) -> Vec<&Value> {
    let mut claims: Vec<&Value> = conclusion["onset"]
        .is_object()
        .then(|| &conclusion["onset"])
        .into_iter()
        .collect();
    for list in ["incorrect", "unuseful", "evidence"] {
        claims.extend(conclusion[list].as_array().into_iter().flatten());
    }
    let links = conclusion["chain"].as_array().into_iter().flatten();
    claims.extend(links.map(|link| &link["claim"]));
    claims
}

/// The conclusion with one field changed.
pub(crate) fn with(field: &str, value: Value) -> Value {
    let mut conclusion = conclusion();
    conclusion[field] = value;
    conclusion
}

/// Looks first, then always concludes with this.
pub(crate) fn insists(asked: &Asked, conclusion: Value) -> Reply {
    match asked.round {
        1 => look(),
        _ => Reply::calls([("conclude", conclusion)]),
    }
}
