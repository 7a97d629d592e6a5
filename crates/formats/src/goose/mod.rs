//! goose; its layouts are described in `LAYOUT.md` beside this file.

mod conversation;
mod database;
mod session;
mod stream;
#[cfg(test)]
mod tests;

pub(crate) use database::GooseDatabase;
pub(crate) use session::GooseSession;
pub(crate) use stream::GooseStream;

use serde_json::Value;

use crate::json::str_at;

const LAYOUT: &str = include_str!("LAYOUT.md");

/// Kinds of content a message of goose can have.
const CONTENT: [&str; 14] = [
    "text",
    "image",
    "toolRequest",
    "toolResponse",
    "toolConfirmationRequest",
    "frontendToolRequest",
    "thinking",
    "redactedThinking",
    "reasoning",
    "contextLengthExceeded",
    "summarizationRequested",
    "conversationCompacted",
    "systemNotification",
    "actionRequired",
];

/// True for a message as goose writes it: a role, a time in seconds and typed content.
fn is_message(record: &Value) -> bool {
    let typed = record
        .get("content")
        .and_then(Value::as_array)
        .is_some_and(|content| {
            content
                .iter()
                .all(|c| str_at(c, "type").is_some_and(|kind| CONTENT.contains(&kind)))
        });
    typed
        && matches!(str_at(record, "role"), Some("user" | "assistant"))
        && record.get("created").is_some_and(Value::is_number)
}
