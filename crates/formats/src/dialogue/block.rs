//! The content of a message to pieces: text, blocks and call lists.

use serde_json::Value;
use trace::Observation;

use super::{Piece, Role, written};
use crate::json::{content_text, str_at, str_of};

/// Keys a tool's name may stand under.
const NAME: &[&str] = &["toolName", "tool_name", "name", "function"];
/// Keys a call's id may stand under.
const ID: &[&str] = &[
    "toolCallId",
    "tool_call_id",
    "toolUseId",
    "tool_use_id",
    "call_id",
    "id",
];
/// Keys a call's arguments may stand under.
const ARGUMENTS: &[&str] = &["arguments", "args", "input", "parameters"];
/// Keys a result may stand under.
const RESULT: &[&str] = &["result", "response", "output", "content", "errorText"];

/// The pieces of the message `body`, said by `role`.
pub(super) fn pieces(body: &Value, role: Role) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let content = ["content", "parts", "contents", "value", "text"];
    let content = content
        .iter()
        .filter_map(|key| body.get(key))
        .find(|content| {
            !content.is_null() && content.as_array().is_none_or(|list| !list.is_empty())
        });
    if role == Role::Assistant
        && let Some(text) = str_of(body, &["reasoning_content", "reasoning", "thinking"])
    {
        push(&mut pieces, Piece::Reasoning(text.to_owned()));
    }
    let nested = content.and_then(Value::as_array).into_iter().flatten();
    let blocks = nested.clone().any(is_result);
    let marked = content
        .and_then(Value::as_str)
        .filter(|text| role == Role::Tool && text.contains("<tool_response>"))
        .and_then(written::pieces);
    if let Some(marked) = marked {
        return marked;
    }
    if role == Role::Tool && !blocks {
        pieces.push(Piece::Result {
            id: str_of(
                body,
                &["tool_call_id", "toolCallId", "call_id", "tool_use_id"],
            )
            .map(str::to_owned),
            name: str_of(body, &["name", "tool_name", "function"]).map(str::to_owned),
            observation: observation_of(body, content.unwrap_or(&Value::Null)),
        });
        return pieces;
    }
    match content {
        Some(Value::Array(blocks)) => {
            for block in blocks {
                add_block(block, &mut pieces);
            }
        }
        Some(Value::Object(_)) => {
            // A single block, or Gemini's content with its parts.
            let inner = content
                .and_then(|c| c.get("parts"))
                .and_then(Value::as_array);
            match inner {
                Some(parts) => parts.iter().for_each(|part| add_block(part, &mut pieces)),
                None => content
                    .into_iter()
                    .for_each(|block| add_block(block, &mut pieces)),
            }
        }
        Some(Value::String(text)) => {
            // A turn of ShareGPT that is a call holds nothing else.
            let turn = str_of(body, &["from", "role"]).filter(|turn| turn.contains("_call"));
            let call = turn.and_then(|_| written::call_of(&serde_json::from_str(text).ok()?));
            match call {
                Some(call) => pieces.push(call),
                None => add_text(text, role, &mut pieces),
            }
        }
        _ => {}
    }
    add_listed(body, &mut pieces);
    pieces
}

/// Words, unless they are nothing but a list of blocks written out as JSON text, or mark calls.
fn add_text(text: &str, role: Role, pieces: &mut Vec<Piece>) {
    if (text.contains("<tool_call>") || text.contains("<tool_response>"))
        && let Some(marked) = written::pieces(text)
    {
        pieces.extend(marked);
        return;
    }
    let blocks = decoded_blocks(text).filter(|_| matches!(role, Role::Assistant | Role::User));
    match blocks {
        Some(blocks) => blocks.iter().for_each(|block| add_block(block, pieces)),
        None => push(pieces, Piece::Words(text.to_owned())),
    }
}

fn decoded_blocks(text: &str) -> Option<Vec<Value>> {
    if !text.starts_with("[{") || !text.ends_with("}]") {
        return None;
    }
    let blocks: Vec<Value> = serde_json::from_str(text).ok()?;
    let typed = |block: &Value| {
        let known = ["text", "tool_use", "tool_result", "thinking", "tool_call"];
        str_at(block, "type").is_some_and(|kind| known.contains(&kind))
            || block.get("toolUse").is_some()
            || block.get("toolResult").is_some()
            || (block.get("text").is_some() && block.as_object().is_some_and(|b| b.len() == 1))
    };
    blocks.iter().all(typed).then_some(blocks)
}

/// The calls a message lists beside its content.
fn add_listed(body: &Value, pieces: &mut Vec<Piece>) {
    let own = |key: &str| body.get(key).and_then(Value::as_array);
    let extra = |key: &str| body.get("additional_kwargs")?.get(key)?.as_array();
    let listed = own("tool_calls")
        .filter(|calls| !calls.is_empty())
        .or_else(|| own("toolCalls"))
        .or_else(|| extra("tool_calls"))
        .into_iter()
        .flatten();
    for call in listed.chain(own("invalid_tool_calls").into_iter().flatten()) {
        let call = call.get("tool_call").unwrap_or(call);
        let function = call
            .get("function")
            .filter(|f| f.is_object())
            .unwrap_or(call);
        add_call(call, function, pieces);
    }
    for invocation in own("toolInvocations").into_iter().flatten() {
        add_invocation(invocation, pieces);
    }
    let older = body
        .get("function_call")
        .or_else(|| body.get("additional_kwargs")?.get("function_call"));
    if let Some(call) = older.filter(|call| call.is_object()) {
        add_call(call, call, pieces);
    }
}

/// Adds a call unless the message has already made it: some interfaces state calls twice.
fn add_call(call: &Value, function: &Value, pieces: &mut Vec<Piece>) {
    let Some(name) = str_of(function, NAME) else {
        return;
    };
    let id = str_of(call, ID).map(str::to_owned);
    let made = |piece: &Piece| matches!(piece, Piece::Call { id: known, name: named, .. } if id.is_some() && *known == id && named == name);
    if pieces.iter().any(made) {
        return;
    }
    let arguments = ARGUMENTS.iter().find_map(|key| function.get(*key));
    pieces.push(Piece::Call {
        id,
        name: name.to_owned(),
        arguments: arguments.cloned().unwrap_or_default(),
    });
}

/// A call of the AI SDK with its result once there is one.
fn add_invocation(invocation: &Value, pieces: &mut Vec<Piece>) {
    let kind = str_at(invocation, "type").and_then(|kind| kind.strip_prefix("tool-"));
    let named = str_of(invocation, &["toolName", "tool_name"]).or(kind);
    let Some(name) = named.map(str::to_owned) else {
        return;
    };
    let id = str_of(invocation, ID).map(str::to_owned);
    let arguments = ["args", "input", "rawInput"];
    let arguments = arguments.iter().find_map(|key| invocation.get(*key));
    pieces.push(Piece::Call {
        id: id.clone(),
        name: name.clone(),
        arguments: arguments.cloned().unwrap_or_default(),
    });
    let result = ["result", "output", "errorText"];
    if let Some(result) = result.iter().find_map(|key| invocation.get(*key)) {
        let mut observation = observation_of(invocation, result);
        if str_at(invocation, "state") == Some("output-error") {
            observation.is_error = Some(true);
        }
        pieces.push(Piece::Result {
            id,
            name: Some(name),
            observation,
        });
    }
}

fn is_result(block: &Value) -> bool {
    let kind = str_of(block, &["type", "part_kind"]).unwrap_or_default();
    RESULTS.contains(&kind)
        || ["toolResult", "functionResponse", "function_response"]
            .iter()
            .any(|key| block.get(*key).is_some())
}

/// Kinds of blocks that hold a result.
const RESULTS: &[&str] = &[
    "tool_result",
    "tool-result",
    "tool-return",
    "builtin-tool-return",
    "tool_call_response",
    "mcp_tool_result",
    "web_search_tool_result",
    "web_fetch_tool_result",
    "code_execution_tool_result",
    "bash_code_execution_tool_result",
    "text_editor_code_execution_tool_result",
    "server_tool_call_response",
];

/// Kinds of blocks that hold a call.
const CALLS: &[&str] = &[
    "tool_use",
    "server_tool_use",
    "mcp_tool_use",
    "tool_call",
    "server_tool_call",
    "tool-call",
    "builtin-tool-call",
    "function_call",
];

/// Adds what one block of a content says.
fn add_block(block: &Value, pieces: &mut Vec<Piece>) {
    if let Some(text) = block.as_str() {
        push(pieces, Piece::Words(text.to_owned()));
        return;
    }
    let block = block.get("message_content").unwrap_or(block);
    let kind = str_of(block, &["type", "part_kind"]).unwrap_or_default();
    let text = || {
        let said = block.get("text").or_else(|| block.get("content"));
        said.map(content_text).unwrap_or_default()
    };
    match kind {
        _ if CALLS.contains(&kind) => {
            let inner = block
                .get("tool_call")
                .or_else(|| block.get("function_call"));
            let call = inner.filter(|inner| inner.is_object()).unwrap_or(block);
            add_call(call, call, pieces);
        }
        _ if RESULTS.contains(&kind) => add_result(block, pieces),
        "tool-invocation" => {
            add_invocation(block.get("toolInvocation").unwrap_or(block), pieces);
        }
        "dynamic-tool" => add_invocation(block, pieces),
        "thinking" | "think" | "reasoning" | "redacted_thinking" => {
            let said = str_of(
                block,
                &["thinking", "think", "reasoning", "text", "content"],
            );
            let said = said.map(str::to_owned);
            let said = said.or_else(|| block.get("summary").map(content_text));
            push(pieces, Piece::Reasoning(said.unwrap_or_default()));
        }
        // A refused or malformed call is answered by a prompt to try again.
        "retry-prompt" if block.get("tool_name").is_some_and(Value::is_string) => {
            add_result(block, pieces);
            if let Some(Piece::Result { observation, .. }) = pieces.last_mut() {
                observation.is_error = Some(true);
            }
        }
        "system-prompt" | "instructions" => {}
        _ if kind.starts_with("tool-") => add_invocation(block, pieces),
        "" => add_untyped(block, pieces),
        _ => push(pieces, Piece::Words(text())),
    }
}

/// Blocks that are told apart by their one member, as Gemini and Bedrock write them.
fn add_untyped(block: &Value, pieces: &mut Vec<Piece>) {
    let member = |keys: [&str; 2]| keys.iter().find_map(|key| block.get(*key));
    if let Some(call) = member(["functionCall", "function_call"]) {
        add_call(call, call, pieces);
    } else if let Some(call) = member(["toolUse", "tool_use"]) {
        add_call(call, call, pieces);
    } else if let Some(result) = member(["functionResponse", "function_response"]) {
        add_result(result, pieces);
    } else if let Some(result) = member(["toolResult", "tool_result"]) {
        add_result(result, pieces);
    } else if let Some(code) = member(["executableCode", "executable_code"]) {
        pieces.push(Piece::Call {
            id: None,
            name: "code_execution".to_owned(),
            arguments: code.clone(),
        });
    } else if let Some(result) = member(["codeExecutionResult", "code_execution_result"]) {
        let failed = str_at(result, "outcome").map(|outcome| outcome != "OUTCOME_OK");
        pieces.push(Piece::Result {
            id: None,
            name: Some("code_execution".to_owned()),
            observation: Observation {
                is_error: failed.filter(|failed| *failed),
                ..Observation::text(str_at(result, "output").unwrap_or_default())
            },
        });
    } else if let Some(thought) = member(["reasoningContent", "reasoning_content"]) {
        let text = thought.get("reasoningText").unwrap_or(thought);
        push(pieces, Piece::Reasoning(text_of(text)));
    } else if let Some(text) = str_of(block, &["text", "content"]) {
        let hidden = block.get("thought").and_then(Value::as_bool) == Some(true);
        let piece = if hidden {
            Piece::Reasoning
        } else {
            Piece::Words
        };
        push(pieces, piece(text.to_owned()));
    }
}

fn add_result(block: &Value, pieces: &mut Vec<Piece>) {
    let result = RESULT.iter().find_map(|key| block.get(*key));
    pieces.push(Piece::Result {
        id: str_of(block, ID).map(str::to_owned),
        name: str_of(block, &["toolName", "tool_name", "name"]).map(str::to_owned),
        observation: observation_of(block, result.unwrap_or(&Value::Null)),
    });
}

/// What came back, with the flags its record carries.
pub(crate) fn observation_of(record: &Value, result: &Value) -> Observation {
    let flag = ["is_error", "isError"];
    let flag = flag.iter().find_map(|key| record.get(*key)?.as_bool());
    let state = str_of(record, &["status", "outcome"])
        .map(|state| state.eq_ignore_ascii_case("error") || state == "failed" || state == "denied");
    let typed = str_at(result, "type").and_then(|kind| kind.starts_with("error-").then_some(true));
    // Gemini's tools answer with `output` or with `error`.
    let told = result
        .get("error")
        .filter(|_| result.get("output").is_none());
    let error = record
        .get("error")
        .or(told)
        .filter(|error| !error.is_null());
    let mut text = text_of(result);
    if let Some(error) = error.filter(|error| !error.is_boolean()) {
        let said = str_at(error, "message").map_or_else(|| text_of(error), str::to_owned);
        if text.is_empty() {
            text = said;
        } else if !text.contains(&said) {
            text = format!("{text}\n{said}");
        }
    }
    let failed = error.is_some_and(|error| error.as_bool() != Some(false));
    let status = ["exit_code", "exitCode", "returncode"];
    let status = status.iter().find_map(|key| record.get(*key)?.as_i64());
    Observation {
        exit_status: status.and_then(|status| i32::try_from(status).ok()),
        is_error: failed
            .then_some(true)
            .or(flag)
            .or(typed)
            .or(state.filter(|failed| *failed)),
        ..Observation::text(text)
    }
}

/// A result as text: text as it is, blocks by their text, anything else as JSON.
pub(crate) fn text_of(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(_) => {
            let text = content_text(value);
            if text.is_empty() && value.as_array().is_some_and(|list| !list.is_empty()) {
                value.to_string()
            } else {
                text
            }
        }
        Value::Object(members) => {
            let only = members.len() == 1 || members.contains_key("type");
            let keys = ["text", "output", "result", "content", "value", "error"];
            let said = str_of(value, &keys).filter(|_| only);
            said.map_or_else(|| value.to_string(), str::to_owned)
        }
        other => other.to_string(),
    }
}

/// A value that may have been written out as JSON text, once or twice.
pub(crate) fn decoded(value: &Value) -> Value {
    let mut value = value.clone();
    for _ in 0..3 {
        let Value::String(text) = &value else { break };
        let text = text.trim_start();
        if !text.starts_with(['{', '[', '"']) {
            break;
        }
        match serde_json::from_str(text) {
            Ok(inner) => value = inner,
            Err(_) => break,
        }
    }
    value
}

fn push(pieces: &mut Vec<Piece>, piece: Piece) {
    let (Piece::Words(text) | Piece::Reasoning(text)) = &piece else {
        return;
    };
    if !text.trim().is_empty() {
        pieces.push(piece);
    }
}
