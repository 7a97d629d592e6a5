//! Cline and Roo Code; their layouts are described in `LAYOUT.md` beside this file.

mod conversation;
mod result;
mod session;
mod stream;
mod task;
#[cfg(test)]
mod tests;
mod xml;

pub(crate) use session::ClineSession;
pub(crate) use stream::ClineStream;
pub(crate) use task::ClineTask;

use serde_json::Value;
use trace::{Timestamp, Usage};

use crate::time;

const LAYOUT: &str = include_str!("LAYOUT.md");

/// A time in milliseconds since 1970.
fn time_of(stated: Option<&Value>) -> Option<Timestamp> {
    time::from_seconds(stated?.as_f64()? / 1e3)
}

/// Token counts under the names of Cline's command line, of the extension's interface, and of the
/// extension's messages.
fn usage_of(stated: &Value) -> Usage {
    let count = |paths: [&str; 3]| paths.iter().find_map(|path| stated.pointer(path)?.as_u64());
    let input = count(["/inputTokens", "/tokensIn", "/tokens/prompt"]);
    let read = count(["/cacheReadTokens", "/cacheReads", "/tokens/cached"]);
    let written = count(["/cacheWriteTokens", "/cacheWrites", "/cache/writes"]).unwrap_or(0);
    let beside = read.unwrap_or(0).saturating_add(written);
    let cost = ["totalCost", "cost"];
    Usage {
        // Some providers count what goes through the cache beside the rest, some within it.
        input_tokens: match input {
            Some(input) if beside > input => Some(input.saturating_add(beside)),
            input => input,
        },
        cached_tokens: read,
        output_tokens: count(["/outputTokens", "/tokensOut", "/tokens/completion"]),
        cost_usd: cost.iter().find_map(|key| stated.get(*key)?.as_f64()),
    }
}

/// The request in a user's message: without the tag around it and without what the program adds.
fn request_of(text: &str) -> &str {
    let mut text = text.trim();
    if let Some(at) = text.find("<environment_details>") {
        text = text[..at].trim_end();
    }
    for tag in ["task", "user_input", "user_message", "feedback", "answer"] {
        let inner = text
            .strip_prefix('<')
            .and_then(|rest| rest.strip_prefix(tag))
            .filter(|rest| rest.starts_with(['>', ' ']))
            .and_then(|rest| rest.split_once('>'))
            .map(|(_, rest)| rest);
        if let Some(inner) = inner {
            let end = inner.rfind(&format!("</{tag}>")).unwrap_or(inner.len());
            return inner[..end].trim();
        }
    }
    text
}
