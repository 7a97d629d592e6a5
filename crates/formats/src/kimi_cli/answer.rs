//! What a tool of Kimi CLI gave back: output, a message about it, and whether it failed.

use serde_json::Value;
use trace::{Action, ActionKind, Observation};

use crate::json::content_text;

/// Puts output and message together. The exit status of a shell command stands in the message.
pub(super) fn observe(
    action: Option<&Action>,
    output: &Value,
    message: &str,
    is_error: Option<bool>,
) -> Observation {
    let output = content_text(output);
    let shell = action.is_some_and(|a| matches!(a.kind, ActionKind::Shell { .. }));
    if shell && let Some(exit_status) = exit_status(message) {
        return Observation {
            exit_status: Some(exit_status),
            is_error,
            ..Observation::text(output)
        };
    }
    // Of a tool that worked the output is what counts; the message tells how much it was.
    let told = output.trim().is_empty() || is_error == Some(true) || shell;
    let text = match (output.trim().is_empty(), told && !message.is_empty()) {
        (true, true) => message.to_owned(),
        (false, true) => format!("{}\n{message}", output.trim_end_matches('\n')),
        _ => output,
    };
    Observation {
        is_error,
        ..Observation::text(text)
    }
}

fn exit_status(message: &str) -> Option<i32> {
    let message = message.trim().trim_end_matches('.');
    if message == "Command executed successfully" {
        return Some(0);
    }
    let status = message.strip_prefix("Command failed with exit code: ")?;
    status.parse().ok()
}
