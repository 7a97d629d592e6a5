//! Messages that are told by their kind and not by a role: items of `OpenAI`'s responses, requests
//! and responses of pydantic-ai, events of `AutoGen`.

use serde_json::Value;
use trace::Observation;

use super::block::{observation_of, text_of};
use super::{Message, Piece, Role, block};
use crate::json::{content_text, str_at, str_of};

/// What an item says; `None` when its kind is none of these.
pub(super) fn read(item: &Value) -> Option<Message> {
    if let Some(kind @ ("request" | "response")) = str_at(item, "kind") {
        return Some(pydantic(item, kind));
    }
    let kind = str_at(item, "type")?;
    match kind {
        "function_call" | "custom_tool_call" | "local_shell_call" | "shell_call"
        | "apply_patch_call" | "computer_call" => Some(said(vec![call(item, kind)])),
        "mcp_call"
        | "web_search_call"
        | "file_search_call"
        | "code_interpreter_call"
        | "image_generation_call" => Some(hosted(item, kind)),
        "reasoning" if item.get("role").is_none() => {
            let text = item
                .get("summary")
                .map(content_text)
                .filter(|t| !t.is_empty());
            let text = text.or_else(|| item.get("content").map(content_text));
            Some(said(vec![Piece::Reasoning(text.unwrap_or_default())]))
        }
        "ToolCallRequestEvent" => autogen_calls(item),
        "ToolCallExecutionEvent" => autogen_results(item),
        "ThoughtEvent" => {
            let text = item.get("content").map(content_text).unwrap_or_default();
            Some(said(vec![Piece::Reasoning(text)]))
        }
        "TextMessage"
        | "MultiModalMessage"
        | "ToolCallSummaryMessage"
        | "StopMessage"
        | "HandoffMessage" => {
            let role = match str_at(item, "source") {
                Some("user") => Role::User,
                _ => Role::Assistant,
            };
            let text = item.get("content").map(content_text).unwrap_or_default();
            Some(Message::words(role, text))
        }
        _ if kind.ends_with("_call_output") => Some(Message {
            role: Role::Tool,
            pieces: vec![Piece::Result {
                id: str_at(item, "call_id").map(str::to_owned),
                name: None,
                observation: observation_of(item, item.get("output").unwrap_or(&Value::Null)),
            }],
        }),
        _ => None,
    }
}

fn said(pieces: Vec<Piece>) -> Message {
    Message {
        role: Role::Assistant,
        pieces,
    }
}

fn call(item: &Value, kind: &str) -> Piece {
    let arguments = ["arguments", "input", "action", "operation"];
    let arguments = arguments.iter().find_map(|key| item.get(*key));
    Piece::Call {
        id: str_of(item, &["call_id", "id"]).map(str::to_owned),
        name: name_of(item, kind),
        arguments: arguments.cloned().unwrap_or_default(),
    }
}

fn name_of(item: &Value, kind: &str) -> String {
    let bare = kind.strip_suffix("_call").unwrap_or(kind);
    str_at(item, "name").unwrap_or(bare).to_owned()
}

/// A tool the provider itself runs: the item is the call and, when done, its result.
fn hosted(item: &Value, kind: &str) -> Message {
    let id = str_of(item, &["call_id", "id"]).map(str::to_owned);
    let keys = ["arguments", "action", "queries", "code"];
    let stated = keys.iter().find_map(|key| Some((*key, item.get(*key)?)));
    let arguments = match stated {
        Some(("arguments" | "action", value)) => value.clone(),
        Some((key, value)) => {
            Value::Object(std::iter::once((key.to_owned(), value.clone())).collect())
        }
        None => Value::Null,
    };
    let mut pieces = vec![Piece::Call {
        id: id.clone(),
        name: name_of(item, kind),
        arguments,
    }];
    let result = ["output", "outputs", "results"];
    let result = result
        .iter()
        .find_map(|key| item.get(*key))
        .filter(|result| !result.is_null());
    let failed = str_at(item, "status").map(|status| status == "failed");
    if result.is_some() || failed.is_some() || item.get("error").is_some_and(|e| !e.is_null()) {
        let mut observation = observation_of(item, result.unwrap_or(&Value::Null));
        if failed == Some(true) {
            observation.is_error = Some(true);
        }
        pieces.push(Piece::Result {
            id,
            name: None,
            observation,
        });
    }
    said(pieces)
}

/// A request or response of pydantic-ai: a list of parts of all kinds.
fn pydantic(item: &Value, kind: &str) -> Message {
    let role = if kind == "response" {
        Role::Assistant
    } else {
        Role::User
    };
    Message {
        role,
        pieces: block::pieces(item, role),
    }
}

fn autogen_calls(item: &Value) -> Option<Message> {
    let calls = item.get("content")?.as_array()?;
    let calls = calls.iter().filter_map(|call| {
        Some(Piece::Call {
            id: str_at(call, "id").map(str::to_owned),
            name: str_at(call, "name")?.to_owned(),
            arguments: call.get("arguments").cloned().unwrap_or_default(),
        })
    });
    Some(said(calls.collect()))
}

fn autogen_results(item: &Value) -> Option<Message> {
    let results = item.get("content")?.as_array()?;
    let results = results.iter().map(|result| Piece::Result {
        id: str_at(result, "call_id").map(str::to_owned),
        name: str_at(result, "name").map(str::to_owned),
        observation: Observation {
            is_error: result.get("is_error").and_then(Value::as_bool),
            ..Observation::text(text_of(result.get("content").unwrap_or(&Value::Null)))
        },
    });
    Some(Message {
        role: Role::Tool,
        pieces: results.collect(),
    })
}
