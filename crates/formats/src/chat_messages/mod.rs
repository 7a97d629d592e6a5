//! Plain lists of chat messages; the layout is described in `LAYOUT.md` beside this file.

mod reader;

use std::io;

use serde_json::Value;
use serde_json::value::RawValue;

use self::reader::Reader;
use crate::extractor::{Claim, Detection, ExtractError, Extraction, Extractor, Layout, Rank, Site};
use crate::frame::JsonDocument;
use crate::json::str_at;
use crate::pile::Pile;

/// Reads plain lists of chat messages with tool calls.
pub(crate) struct ChatMessages;

/// Under which key an object keeps its messages.
const LISTS: [&str; 3] = ["messages", "history", "conversation"];

/// The roles a message can have.
const ROLES: [&str; 6] = [
    "system",
    "developer",
    "user",
    "assistant",
    "tool",
    "function",
];

impl Extractor for ChatMessages {
    fn layout(&self) -> Layout {
        Layout {
            name: "chat-messages",
            title: "lists of OpenAI- or Anthropic-style chat messages (JSON or JSON Lines)",
            doc: include_str!("LAYOUT.md"),
            rank: Rank::Export,
        }
    }

    fn detect(&self, _pile: &Pile, site: Site<'_>) -> io::Result<Option<Detection>> {
        let Site::File(probe) = site else {
            return Ok(None);
        };
        let head = probe.head();
        let calls = ["\"tool_calls\"", "\"tool_use\"", "\"function_call\""];
        let Some(call) = calls.iter().find(|word| head.contains(**word)) else {
            return Ok(None);
        };
        let in_lines = probe
            .records()
            .iter()
            .take(4)
            .filter(|r| is_message(r))
            .count()
            >= 2;
        let in_list = probe
            .first()
            .and_then(list_in)
            .is_some_and(|list| !list.is_empty() && list.iter().take(3).all(is_message));
        if !in_lines && !in_list {
            return Ok(None);
        }
        let shape = if in_lines {
            "one message a line"
        } else {
            "a list of messages"
        };
        Ok(Some(Detection {
            score: 45,
            evidence: vec![
                format!("{shape} with `role` and `content`"),
                format!("has {call}"),
            ],
            ..Detection::default()
        }))
    }

    fn extract(&self, pile: &Pile, claim: &Claim) -> Result<Extraction, ExtractError> {
        let file = JsonDocument::open(pile, claim.detection.files[0])?;
        let parsed = file.parse_with(messages_in)?;
        let mut reader = Reader::new(file.document(), parsed.base);
        for raw in parsed.value {
            reader.add(raw);
        }
        Ok(reader.finish(parsed.warnings))
    }
}

/// True for an object that looks like a chat message.
fn is_message(value: &Value) -> bool {
    str_at(value, "role").is_some_and(|role| ROLES.contains(&role) || role.starts_with('_'))
}

/// The list of messages in a parsed document.
fn list_in(value: &Value) -> Option<&Vec<Value>> {
    value
        .as_array()
        .or_else(|| LISTS.iter().find_map(|key| value.get(key)?.as_array()))
}

/// The messages of a document or of JSON Lines, each as the text it stands in.
fn messages_in(text: &str) -> Result<Vec<&str>, serde_json::Error> {
    if let Ok(list) = serde_json::from_str::<Vec<&RawValue>>(text) {
        return Ok(list.into_iter().map(RawValue::get).collect());
    }
    match serde_json::from_str::<std::collections::BTreeMap<String, &RawValue>>(text) {
        Ok(members) if !members.contains_key("role") => {
            let list = LISTS.iter().find_map(|key| {
                serde_json::from_str::<Vec<&RawValue>>(members.get(*key)?.get()).ok()
            });
            Ok(list
                .unwrap_or_default()
                .into_iter()
                .map(RawValue::get)
                .collect())
        }
        Err(error) if !text.trim_start().lines().take(2).all(is_whole_object) => Err(error),
        // A half-written last line is no message; the reader passes over what it cannot parse.
        _ => Ok(text
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .collect()),
    }
}

fn is_whole_object(line: &str) -> bool {
    line.starts_with('{') && serde_json::from_str::<serde::de::IgnoredAny>(line).is_ok()
}
