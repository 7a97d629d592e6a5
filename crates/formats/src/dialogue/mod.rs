//! What one chat message says, whichever interface it was written for.
//!
//! The interfaces of `OpenAI` (chat and responses), Anthropic, Gemini and Bedrock, the message types
//! of `LangChain`, Vercel's AI SDK, pydantic-ai, `AutoGen` and smolagents, and the message schema of
//! the OpenTelemetry conventions for generative AI differ in names, not in what they say. [`read`]
//! gives the same few [`Piece`]s for all of them.

mod about;
mod block;
mod feed;
mod item;
#[cfg(test)]
mod tests;
mod written;

use serde_json::Value;
use trace::Observation;

pub(crate) use about::{model_of, reply_id_of, time_of, usage_of};
pub(crate) use block::{decoded, observation_of, text_of};
pub(crate) use feed::Feed;

use crate::json::{str_at, str_of};

/// Who says a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Instructions of the program around the model.
    System,
    /// A person, or the program in a person's place.
    User,
    /// The model.
    Assistant,
    /// A tool.
    Tool,
}

/// One thing a message says.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Piece {
    /// Words, of whoever says the message.
    Words(String),
    /// What the model thought and did not say.
    Reasoning(String),
    /// A call of a tool.
    Call {
        /// Its id, if it has one.
        id: Option<String>,
        /// The tool.
        name: String,
        /// The arguments, as an object or as the JSON text of one.
        arguments: Value,
    },
    /// The result of a call.
    Result {
        /// The call's id, if it is named.
        id: Option<String>,
        /// The tool, if it is named.
        name: Option<String>,
        /// What came back.
        observation: Observation,
    },
}

/// A chat message.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Message {
    /// Who says it.
    pub(crate) role: Role,
    /// What it says, in order.
    pub(crate) pieces: Vec<Piece>,
}

impl Message {
    /// A message of words only.
    pub(crate) fn words(role: Role, text: impl Into<String>) -> Self {
        Self {
            role,
            pieces: vec![Piece::Words(text.into())],
        }
    }

    /// All its words together.
    pub(crate) fn text(&self) -> String {
        let words = self.pieces.iter().filter_map(|piece| match piece {
            Piece::Words(text) => Some(text.as_str()),
            _ => None,
        });
        words.collect::<Vec<_>>().join("\n")
    }
}

/// Wrappers within wrappers that are opened.
const DEEPEST_WRAPPER: usize = 4;

/// What `value` says; `None` when it is no message of any interface.
pub(crate) fn read(value: &Value) -> Option<Message> {
    let mut body = value;
    let mut known = None;
    for _ in 0..DEEPEST_WRAPPER {
        // `LangChain` writes its messages as constructor calls or as type and data.
        if let Some(kwargs) = body.get("kwargs").filter(|_| body.get("id").is_some()) {
            let class = body.get("id").and_then(Value::as_array);
            known = class.and_then(|path| role_named(path.last()?.as_str()?));
            body = kwargs;
        } else if let Some(data) = body
            .get("data")
            .filter(|data| data.get("content").is_some())
        {
            known = str_at(body, "type").and_then(role_named);
            body = data;
        } else if str_at(body, "role").is_none()
            && let Some(inner) = body.get("message").filter(|inner| inner.is_object())
        {
            body = inner;
        } else {
            break;
        }
    }
    if known.is_none()
        && let Some(message) = item::read(body)
    {
        return Some(message);
    }
    let role = known.or_else(|| role_of(body))?;
    Some(Message {
        role,
        pieces: block::pieces(body, role),
    })
}

/// Whether `value` has the shape of a message.
pub(crate) fn is_message(value: &Value) -> bool {
    read(value).is_some()
}

fn role_of(body: &Value) -> Option<Role> {
    let content = [
        "content",
        "parts",
        "contents",
        "value",
        "text",
        "tool_calls",
    ];
    if !content.iter().any(|key| body.get(key).is_some()) && body.get("function_call").is_none() {
        return None;
    }
    let stated = str_of(body, &["role", "from"]).or_else(|| str_at(body, "type"));
    let role = stated.and_then(role_named);
    // A tool's answer may carry the tool's name for a role.
    role.or_else(|| body.get("tool_call_id").map(|_| Role::Tool))
}

/// The names roles have, compared without case.
const ROLES: [(Role, &[&str]); 4] = [
    (
        Role::System,
        &["system", "developer", "systemmessage", "systemmessagechunk"],
    ),
    (
        Role::User,
        &[
            "user",
            "human",
            "humanmessage",
            "humanmessagechunk",
            "usermessage",
        ],
    ),
    (
        Role::Assistant,
        &[
            "assistant",
            "ai",
            "model",
            "gpt",
            "chatbot",
            "bot",
            "aimessage",
            "aimessagechunk",
            "assistantmessage",
            "tool-call",
            "tool_call",
            "function_call",
        ],
    ),
    (
        Role::Tool,
        &[
            "tool",
            "function",
            "toolmessage",
            "toolmessagechunk",
            "functionmessage",
            "tool-response",
            "tool_response",
            "tool_result",
            "toolresult",
            "observation",
            "ipython",
        ],
    ),
];

fn role_named(name: &str) -> Option<Role> {
    let named = |(_, names): &&(Role, &[&str])| names.iter().any(|n| n.eq_ignore_ascii_case(name));
    ROLES.iter().find(named).map(|(role, _)| *role)
}

/// Where a request or a response of an interface keeps its messages.
const LISTS: [&str; 8] = [
    "/messages",
    "/input",
    "/contents",
    "/output",
    "/generations/0",
    "/choices",
    "/candidates",
    "/request/contents",
];

/// The messages of a request or response, whatever is around them: a list, an object that holds
/// one, a single message, or any of these written out as JSON text.
pub(crate) fn messages_in(value: &Value) -> Vec<Message> {
    let value = decoded(value);
    if let Value::Array(list) = &value {
        return list.iter().filter_map(one_of_a_list).collect();
    }
    if let Some(message) = read(&value) {
        return vec![message];
    }
    for path in LISTS {
        if let Some(list) = value.pointer(path).and_then(Value::as_array) {
            let found: Vec<Message> = list.iter().filter_map(one_of_a_list).collect();
            if !found.is_empty() {
                return found;
            }
        }
    }
    // Gemini keeps a response's message as its content.
    let content = value.get("content").or_else(|| value.get("message"));
    content.and_then(read).into_iter().collect()
}

fn one_of_a_list(value: &Value) -> Option<Message> {
    let value = decoded(value);
    let inner = match &value {
        Value::Array(several) => several.first(),
        other => Some(other),
    }?;
    read(inner).or_else(|| {
        let content = inner.get("content").or_else(|| inner.get("message"))?;
        read(content)
    })
}
