//! The messages a model was shown and those it answered, wherever a convention puts them.

use serde_json::{Map, Value};
use trace::Observation;

use super::attribute::{Attributes, plain};
use crate::dialogue::{self, Message, Piece, Role, decoded, messages_in};
use crate::json::{str_at, str_of};

/// Which messages of a model call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// Those it was shown.
    Input,
    /// Those it answered.
    Output,
}

/// Attributes that hold all messages of a side, as JSON text.
const WHOLE: [(Side, &[&str]); 2] = [
    (
        Side::Input,
        &[
            "gen_ai.input.messages",
            "gen_ai.prompt",
            "ai.prompt.messages",
            "gcp.vertex.agent.llm_request",
        ],
    ),
    (
        Side::Output,
        &[
            "gen_ai.output.messages",
            "gen_ai.completion",
            "gcp.vertex.agent.llm_response",
        ],
    ),
];

/// Attributes that hold each message of a side under its number.
const NUMBERED: [(Side, &[&str]); 2] = [
    (
        Side::Input,
        &["llm.input_messages", "gen_ai.prompt", "llm.prompts"],
    ),
    (
        Side::Output,
        &[
            "llm.output_messages",
            "gen_ai.completion",
            "llm.completions",
        ],
    ),
];

/// Attributes that hold the request or the response itself, whatever its interface.
const VALUES: [(Side, &[&str]); 2] = [
    (
        Side::Input,
        &[
            "input.value",
            "traceloop.entity.input",
            "mlflow.spanInputs",
            "langfuse.observation.input",
        ],
    ),
    (
        Side::Output,
        &[
            "output.value",
            "traceloop.entity.output",
            "mlflow.spanOutputs",
            "langfuse.observation.output",
        ],
    ),
];

/// An event of a span, or a log record of it.
pub(super) struct Event {
    name: String,
    attributes: Value,
    body: Value,
}

impl Event {
    /// An event in a span.
    pub(super) fn of_span(value: &Value) -> Self {
        Self {
            name: str_at(value, "name").unwrap_or_default().to_owned(),
            attributes: Attributes::new(value.get("attributes")).into_object(),
            body: Value::Null,
        }
    }

    /// A log record.
    pub(super) fn of_log(value: &Value) -> Self {
        let attributes = Attributes::new(value.get("attributes"));
        let own = str_of(value, &["eventName", "event_name"]).filter(|name| !name.is_empty());
        let name = own.or_else(|| attributes.text(&["event.name"]));
        Self {
            name: name.unwrap_or_default().to_owned(),
            attributes: attributes.into_object(),
            body: value
                .get("body")
                .map(plain)
                .map_or(Value::Null, |body| decoded(&body)),
        }
    }

    /// Adds the attributes of an event that describes the whole call.
    pub(super) fn details(&self, attributes: &mut Attributes) {
        let whole = [
            "gen_ai.client.inference.operation.details",
            "gen_ai.content.prompt",
            "gen_ai.content.completion",
        ];
        if whole.contains(&self.name.as_str()) {
            attributes.fill(Attributes::new(Some(&self.attributes)));
            attributes.fill(Attributes::new(Some(&self.body)));
        }
    }

    /// What an exception says.
    pub(super) fn exception(&self) -> Option<String> {
        let text = |key: &str| str_at(&self.attributes, key);
        let message = text("exception.message").filter(|_| self.name == "exception")?;
        let kind = text("exception.type");
        Some(kind.map_or_else(|| message.to_owned(), |kind| format!("{kind}: {message}")))
    }

    /// The message it is, and the side it stands on.
    fn message(&self) -> Option<(Side, Message)> {
        let kind = self.name.strip_prefix("gen_ai.")?;
        let (side, role) = match kind {
            "choice" => (Side::Output, "assistant"),
            _ => (Side::Input, kind.strip_suffix(".message")?),
        };
        let content = self.attributes.get("gen_ai.event.content").map(decoded);
        let mut said = match (&self.body, content) {
            (Value::Object(body), _) => body.clone(),
            (_, Some(Value::Object(content))) => content,
            _ => self.attributes.as_object()?.clone(),
        };
        Some((side, message_of(&mut said, role)?))
    }
}

/// A message from the members of an event; `role` holds if it names none.
fn message_of(said: &mut Map<String, Value>, role: &str) -> Option<Message> {
    // A choice holds its message as an object or as a list of blocks, written out or not.
    match said.get("message").map(decoded) {
        Some(Value::Object(mut inner)) => {
            if let Some(calls) = said.remove("tool_calls") {
                inner.entry("tool_calls").or_insert(calls);
            }
            return message_of(&mut inner, role);
        }
        Some(blocks @ (Value::Array(_) | Value::String(_))) => {
            said.insert("content".to_owned(), blocks);
        }
        _ => {}
    }
    if let Some(Value::String(calls)) = said.get("tool_calls") {
        let calls = decoded(&Value::String(calls.clone()));
        said.insert("tool_calls".to_owned(), calls);
    }
    said.entry("role").or_insert_with(|| role.into());
    if role == "tool"
        && said.get("tool_call_id").is_none()
        && let Some(id) = said.get("id").cloned()
    {
        said.insert("tool_call_id".to_owned(), id);
    }
    if said.get("content").is_none() {
        said.insert("content".to_owned(), Value::Null);
    }
    dialogue::read(&Value::Object(said.clone()))
}

fn keys_of(
    table: &'static [(Side, &'static [&'static str]); 2],
    side: Side,
) -> &'static [&'static str] {
    table
        .iter()
        .find(|(of, _)| *of == side)
        .map_or(&[], |(_, keys)| keys)
}

/// The messages of a side of a model call.
pub(super) fn side(attributes: &Attributes, events: &[Event], side: Side) -> Vec<Message> {
    static WHOLES: [(Side, &[&str]); 2] = WHOLE;
    static NUMBERS: [(Side, &[&str]); 2] = NUMBERED;
    static ANYTHING: [(Side, &[&str]); 2] = VALUES;
    let mut messages = Vec::new();
    for key in keys_of(&NUMBERS, side) {
        let list = attributes.list(key);
        messages = list
            .into_iter()
            .filter_map(|value| numbered(value, side))
            .collect();
        if !messages.is_empty() {
            return messages;
        }
    }
    if let Some(value) = attributes.value(keys_of(&WHOLES, side)) {
        messages = from_value(value, side);
    }
    if messages.is_empty() && side == Side::Output {
        messages.extend(sdk_answer(attributes));
    }
    if messages.is_empty() {
        messages = said_in(events, side);
    }
    // Older pydantic-ai keeps the events as one attribute.
    if messages.is_empty()
        && let Some(listed) = attributes.value(&["events"])
    {
        messages = listed_events(&decoded(listed), side);
    }
    if messages.is_empty()
        && let Some(value) = attributes.value(keys_of(&ANYTHING, side))
    {
        messages = from_value(value, side);
    }
    messages
}

/// A message of a flattened list, which need not name its role.
fn numbered(value: Value, side: Side) -> Option<Message> {
    let mut members = match value {
        Value::Object(members) => members,
        Value::String(text) => return Some(Message::words(role_on(side), text)),
        _ => return None,
    };
    let content = members
        .get("content")
        .or_else(|| members.get("contents"))
        .map(decoded);
    if let Some(blocks @ Value::Array(_)) = content {
        members.insert("content".to_owned(), blocks);
    }
    if side == Side::Output {
        members.entry("role").or_insert_with(|| "assistant".into());
    }
    members.entry("content").or_insert(Value::Null);
    dialogue::read(&Value::Object(members))
}

fn role_on(side: Side) -> Role {
    match side {
        Side::Input => Role::User,
        Side::Output => Role::Assistant,
    }
}

/// The messages of a request or response; bare text is one message. What the model answered is
/// said by the model, whatever role it was given.
pub(crate) fn from_value(value: &Value, side: Side) -> Vec<Message> {
    let mut messages = messages_in(value);
    let read = decoded(value);
    if messages.is_empty()
        && let Some(text) = read.as_str().filter(|text| !text.trim().is_empty())
    {
        return vec![Message::words(role_on(side), text)];
    }
    if side == Side::Output {
        messages.retain(|message| matches!(message.role, Role::Assistant | Role::Tool));
    }
    messages
}

/// The answer as the AI SDK states it: its text, and its calls as JSON text.
fn sdk_answer(attributes: &Attributes) -> Option<Message> {
    let text = attributes.text(&["ai.response.text", "ai.result.text"]);
    let calls = attributes.value(&["ai.response.toolCalls", "ai.result.toolCalls"]);
    let thought = attributes.text(&["ai.response.reasoning"]);
    if text.is_none() && calls.is_none() {
        return None;
    }
    let mut message = Message {
        role: Role::Assistant,
        pieces: Vec::new(),
    };
    message
        .pieces
        .extend(thought.map(|text| Piece::Reasoning(text.to_owned())));
    message
        .pieces
        .extend(text.map(|text| Piece::Words(text.to_owned())));
    let calls = serde_json::json!({"role": "assistant", "content": null,
        "tool_calls": calls.map(decoded).unwrap_or_default()});
    let calls = dialogue::read(&calls).map(|message| message.pieces);
    message.pieces.extend(calls.unwrap_or_default());
    Some(message)
}

fn listed_events(list: &Value, side: Side) -> Vec<Message> {
    let events = list.as_array().into_iter().flatten();
    let events = events.filter_map(|event| {
        Some(Event {
            name: str_at(event, "event.name")?.to_owned(),
            attributes: event.clone(),
            body: Value::Null,
        })
    });
    said_in(&events.collect::<Vec<_>>(), side)
}

/// The messages of a side among events. Where nothing is called a choice, the last messages of the
/// model are what it answered.
fn said_in(events: &[Event], side: Side) -> Vec<Message> {
    let mut said: Vec<(Side, Message)> = events.iter().filter_map(Event::message).collect();
    if said.iter().all(|(of, _)| *of == Side::Input) {
        let shown = said
            .iter()
            .rposition(|(_, message)| message.role != Role::Assistant);
        for (of, _) in said.iter_mut().skip(shown.map_or(0, |last| last + 1)) {
            *of = Side::Output;
        }
    }
    let own = said.into_iter().filter(|(of, _)| *of == side);
    own.map(|(_, message)| message).collect()
}

/// The arguments and the result of a tool whose span keeps them as events.
pub(super) fn of_tool(events: &[Event]) -> (Option<Value>, Option<Observation>) {
    let (mut arguments, mut result) = (None, None);
    for message in events.iter().filter_map(Event::message) {
        match message {
            (Side::Input, message) => {
                let told = message.pieces.into_iter().find_map(|piece| match piece {
                    Piece::Result { observation, .. } => Some(observation.text),
                    _ => None,
                });
                arguments = arguments.or(told.map(|text| decoded(&text.into())));
            }
            (Side::Output, message) => result = Some(Observation::text(message.text())),
        }
    }
    (arguments.filter(Value::is_object), result)
}
