//! Messages as the model saw them: `context.jsonl`, and what `--print` writes out.

use std::collections::HashMap;

use serde_json::Value;
use trace::{Address, RefPart, Trajectory};

use super::answer;
use crate::json::{content_text, str_at};
use crate::lines::Line;
use crate::tool;
use crate::transcript::{Call, Transcript};

/// Roles that are no words of anybody.
const MARKS: &[&str] = &["_system_prompt", "_checkpoint", "_usage", "system"];

/// The state of reading messages one by one.
#[derive(Default)]
pub(super) struct Reading {
    transcript: Transcript,
    /// The latest call under each id.
    calls: HashMap<String, usize>,
    index: u64,
}

impl Reading {
    /// Reads one message; false when its role is unknown.
    pub(super) fn record(&mut self, record: &Value, line: &Line<'_>) -> bool {
        let index = self.index;
        self.index += 1;
        let content = record.get("content").unwrap_or(&Value::Null);
        match str_at(record, "role") {
            Some("user") => {
                let text = content_text(content);
                let text = text.trim();
                if !text.starts_with("<system") {
                    self.transcript.user(text);
                }
            }
            Some("assistant") => self.reply(record, content, line, index),
            Some("tool") => self.result(record, content, line),
            _ => {
                let about = self.transcript.about();
                about.cwd = about.cwd.take().or_else(|| work_folder(record));
                return is_known(record);
            }
        }
        true
    }

    fn reply(&mut self, record: &Value, content: &Value, line: &Line<'_>, index: u64) {
        self.transcript.begin_reply(None);
        match content {
            Value::Array(parts) => {
                for part in parts {
                    if let Some(thought) = str_at(part, "think") {
                        self.transcript.think(thought);
                    } else {
                        self.transcript
                            .say(&content_text(&vec![part.clone()].into()));
                    }
                }
            }
            other => self.transcript.say(&content_text(other)),
        }
        for (command, call) in (0..).zip(calls_in(record)) {
            let function = call.get("function").unwrap_or(&Value::Null);
            let name = str_at(function, "name").unwrap_or_default();
            let arguments = function.get("arguments").cloned().unwrap_or_default();
            let id = str_at(call, "id");
            let step = self.transcript.call(Call {
                id,
                action: tool::action(name, arguments),
                address: Address {
                    message: Some(index),
                    command: Some(command),
                    ..Address::default()
                },
                cite: Some(line.cite(RefPart::Action)),
            });
            self.calls.insert(id.unwrap_or_default().to_owned(), step);
        }
    }

    fn result(&mut self, record: &Value, content: &Value, line: &Line<'_>) {
        let id = str_at(record, "tool_call_id");
        let note = system_note(record);
        let message = note.unwrap_or_default();
        let failed = message.strip_prefix("ERROR:").map(str::trim);
        let rest = match content {
            Value::Array(parts) => {
                let parts = parts.iter().skip(usize::from(note.is_some()));
                Value::Array(parts.cloned().collect())
            }
            _ if note.is_some() => Value::Null,
            other => other.clone(),
        };
        let step = id.and_then(|id| self.calls.get(id).copied());
        let steps = self.transcript.steps_mut();
        let action = step
            .and_then(|step| steps.get(step))
            .map(|s| s.action.clone());
        let is_error = note.map(|_| failed.is_some());
        let seen = answer::observe(action.as_ref(), &rest, failed.unwrap_or(message), is_error);
        let cite = Some(line.cite(RefPart::Observation));
        self.transcript.result(id, seen, cite);
    }

    /// The run, and how many results belong to no call.
    pub(super) fn finish(self) -> (Trajectory, u64) {
        let orphans = self.transcript.orphans();
        (self.transcript.finish(), orphans)
    }
}

/// Whether a record is one of a context or of printed messages.
pub(super) fn is_known(record: &Value) -> bool {
    match str_at(record, "role") {
        Some("user" | "assistant" | "tool") => true,
        Some(role) => MARKS.contains(&role),
        // Notices and plans are printed between the messages.
        None => record.get("category").is_some() || record.get("file_path").is_some(),
    }
}

/// The tool calls of a message.
pub(super) fn calls_in(record: &Value) -> &[Value] {
    let calls = record.get("tool_calls").and_then(Value::as_array);
    calls.map_or(&[], Vec::as_slice)
}

/// What the program says of a result, in `<system>…</system>` before it.
pub(super) fn system_note(record: &Value) -> Option<&str> {
    let content = record.get("content")?;
    let first = content
        .as_str()
        .or_else(|| str_at(content.get(0)?, "text"))?;
    let note = first.trim().strip_prefix("<system>")?;
    note.strip_suffix("</system>").map(str::trim)
}

/// The working folder the system prompt states.
pub(super) fn work_folder(record: &Value) -> Option<String> {
    if str_at(record, "role") != Some("_system_prompt") {
        return None;
    }
    let text = content_text(record.get("content")?);
    let (_, rest) = text.split_once("current working directory is `")?;
    let (folder, _) = rest.split_once('`')?;
    (!folder.is_empty()).then(|| folder.to_owned())
}
