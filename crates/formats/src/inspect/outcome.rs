//! How a sample ended and what it cost.

use serde_json::Value;
use trace::{RunOutcome, TestCase, TestStatus, Usage};

use crate::json::str_at;

/// The outcome a sample states; `path` is the file it stands in.
pub(super) fn outcome_of(sample: &Value, path: &str) -> RunOutcome {
    let scores = sample.get("scores").and_then(Value::as_object);
    let tests: Vec<TestCase> = scores
        .into_iter()
        .flatten()
        .filter_map(|(name, score)| {
            let passed = passed(score.get("value").unwrap_or(score))?;
            Some(TestCase {
                name: name.clone(),
                status: if passed {
                    TestStatus::Passed
                } else {
                    TestStatus::Failed
                },
            })
        })
        .collect();
    let all = |status| !tests.is_empty() && tests.iter().all(|test| test.status == status);
    let resolved = if all(TestStatus::Passed) {
        Some(true)
    } else {
        all(TestStatus::Failed).then_some(false)
    };
    let error = sample
        .get("error")
        .and_then(|error| str_at(error, "message"));
    let limit = sample.get("limit").and_then(|limit| str_at(limit, "type"));
    let limit = limit.map(|limit| format!("{limit} limit"));
    RunOutcome {
        resolved,
        source: resolved.map(|_| path.to_owned()),
        tests,
        exit_status: error.map(str::to_owned).or(limit),
    }
}

/// Whether a score is one of those that mean passed or failed.
fn passed(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(passed) => Some(*passed),
        Value::String(grade) => match grade.as_str() {
            "C" => Some(true),
            "I" | "N" => Some(false),
            _ => None,
        },
        Value::Number(_) => match value.as_f64()? {
            1.0 => Some(true),
            0.0 => Some(false),
            _ => None,
        },
        _ => None,
    }
}

/// The tokens of all models of a sample.
pub(super) fn usage_of(sample: &Value) -> Option<Usage> {
    let mut sum = Usage::default();
    for used in sample.get("model_usage")?.as_object()?.values() {
        sum.add(&tokens_of(used));
    }
    (!sum.is_empty()).then_some(sum)
}

/// The tokens of one entry. Whether cached prompts are a part of the input shows in the total.
pub(super) fn tokens_of(used: &Value) -> Usage {
    let count = |key: &str| used.get(key).and_then(Value::as_u64);
    let cached = count("input_tokens_cache_read");
    let apart = cached
        .unwrap_or(0)
        .saturating_add(count("input_tokens_cache_write").unwrap_or(0));
    let (input, output) = (count("input_tokens"), count("output_tokens"));
    let plain = input.unwrap_or(0).saturating_add(output.unwrap_or(0));
    let is_apart = count("total_tokens").is_some_and(|total| total >= plain.saturating_add(apart));
    Usage {
        input_tokens: input.map(|input| {
            if is_apart {
                input.saturating_add(apart)
            } else {
                input
            }
        }),
        cached_tokens: cached,
        output_tokens: output,
        cost_usd: used.get("total_cost").and_then(Value::as_f64),
    }
}
