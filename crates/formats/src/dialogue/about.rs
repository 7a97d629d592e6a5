//! What stands around a message: who wrote it, when, and what it cost.

use serde_json::Value;
use trace::{Timestamp, Usage};

use crate::json::str_of;
use crate::time;

/// Where a message keeps its token counts.
const USAGE: [&str; 8] = [
    "/usage",
    "/usage_metadata",
    "/usageMetadata",
    "/response_metadata/token_usage",
    "/response_metadata/usage",
    "/response_metadata/tokenUsage",
    "/llm_output/token_usage",
    "/models_usage",
];

/// The tokens a message states, under the names of any interface.
pub(crate) fn usage_of(message: &Value) -> Option<Usage> {
    let stated = USAGE
        .iter()
        .find_map(|path| message.pointer(path).filter(|usage| usage.is_object()))?;
    let usage = tokens_of(stated);
    (!usage.is_empty()).then_some(usage)
}

/// Token counts under the names of any interface.
pub(crate) fn tokens_of(stated: &Value) -> Usage {
    let count = |paths: &[&str]| paths.iter().find_map(|path| stated.pointer(path)?.as_u64());
    let cached = count(&[
        "/cache_read_input_tokens",
        "/prompt_tokens_details/cached_tokens",
        "/input_tokens_details/cached_tokens",
        "/input_token_details/cache_read",
        "/cache_read_tokens",
        "/cachedContentTokenCount",
        "/cached_content_token_count",
        "/cachedInputTokens",
    ]);
    let input = count(&[
        "/prompt_tokens",
        "/input_tokens",
        "/promptTokenCount",
        "/prompt_token_count",
        "/promptTokens",
        "/inputTokens",
    ]);
    // Anthropic counts what came from and went to the cache apart.
    let apart: u64 = ["/cache_read_input_tokens", "/cache_creation_input_tokens"]
        .iter()
        .filter_map(|path| stated.pointer(path)?.as_u64())
        .fold(0, u64::saturating_add);
    let hidden = count(&["/thoughtsTokenCount", "/thoughts_token_count"]).unwrap_or(0);
    let output = count(&[
        "/completion_tokens",
        "/output_tokens",
        "/candidatesTokenCount",
        "/candidates_token_count",
        "/completionTokens",
        "/outputTokens",
    ]);
    let cost = ["/cost", "/total_cost", "/cost_usd"];
    Usage {
        input_tokens: input.map(|input| input.saturating_add(apart)),
        cached_tokens: cached,
        output_tokens: output.map(|output| output.saturating_add(hidden)),
        cost_usd: cost.iter().find_map(|path| stated.pointer(path)?.as_f64()),
    }
}

/// The model a message names.
pub(crate) fn model_of(message: &Value) -> Option<String> {
    let own = str_of(
        message,
        &["model", "model_name", "modelVersion", "model_version"],
    );
    let paths = [
        "/response_metadata/model_name",
        "/response_metadata/model",
        "/extra/response/model",
    ];
    let nested = || {
        paths
            .iter()
            .find_map(|path| message.pointer(path)?.as_str())
    };
    own.or_else(nested).map(str::to_owned)
}

/// The id of the reply a message is a part of. Only what is known to name a reply counts: messages
/// of people have ids too.
pub(crate) fn reply_id_of(message: &Value) -> Option<&str> {
    str_of(
        message,
        &["response_id", "provider_response_id", "llm_response_id"],
    )
}

/// When a message was written.
pub(crate) fn time_of(message: &Value) -> Option<Timestamp> {
    let keys = [
        "timestamp",
        "created_at",
        "createdAt",
        "created",
        "time",
        "ts",
        "date",
    ];
    keys.iter().find_map(|key| {
        let stated = message.get(*key)?;
        // Small numbers count from the start of something.
        let small = stated.as_f64().is_some_and(|number| number < 1e8);
        if small { None } else { time::of(stated) }
    })
}
