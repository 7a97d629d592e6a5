//! What the conventions for spans of models, agents and tools call things.
//!
//! Sources: the OpenTelemetry semantic conventions for generative AI (before and after 1.37), the
//! `OpenInference` semantic conventions, `OpenLLMetry`, and the attributes that the AI SDK, ADK,
//! pydantic-ai, `MLflow` and Langfuse add to spans of their own.

use serde_json::Value;
use trace::{Observation, Timestamp, Usage};

use super::attribute::Attributes;
use super::message::{self, Side};
use super::record::Record;
use crate::dialogue::{self, Message, Piece, Role, decoded, text_of};
use crate::json::{str_at, str_of};
use crate::spans::{Kind, Span};
use crate::time;

/// Where the name of a tool stands.
pub(crate) const TOOL_NAME: &[&str] = &[
    "gen_ai.tool.name",
    "tool.name",
    "tool_call.function.name",
    "ai.toolCall.name",
];
/// Where the id of a call stands.
pub(crate) const CALL_ID: &[&str] = &["gen_ai.tool.call.id", "tool_call.id", "ai.toolCall.id"];
const ARGUMENTS: &[&str] = &[
    "gen_ai.tool.call.arguments",
    "tool_arguments",
    "tool_call.function.arguments",
    "ai.toolCall.args",
    "ai.toolCall.input",
    "gcp.vertex.agent.tool_call_args",
    "input.value",
    "traceloop.entity.input",
    "mlflow.spanInputs",
    "langfuse.observation.input",
];
/// Where the result of a call stands.
pub(crate) const RESULT: &[&str] = &[
    "gen_ai.tool.call.result",
    "tool_response",
    "ai.toolCall.result",
    "ai.toolCall.output",
    "gcp.vertex.agent.tool_response",
    "output.value",
    "traceloop.entity.output",
    "mlflow.spanOutputs",
    "langfuse.observation.output",
];
const MODEL: &[&str] = &[
    "gen_ai.response.model",
    "gen_ai.request.model",
    "llm.model_name",
    "llm.response.model",
    "ai.response.model",
    "ai.model.id",
    "model_name",
];
const SESSION: &[&str] = &[
    "gen_ai.conversation.id",
    "session.id",
    "langfuse.session.id",
    "gcp.vertex.agent.session_id",
    "traceloop.association.properties.session_id",
    "traceloop.association.properties.thread_id",
];
/// Where the name of an agent stands.
pub(crate) const AGENT: &[&str] = &["gen_ai.agent.name", "agent.name", "agent_name"];
/// What an agent was asked and what it answered.
const TASK: &[&str] = &[
    "gen_ai.input.messages",
    "pydantic_ai.all_messages",
    "all_messages_events",
    "input.value",
    "ai.prompt",
    "ai.prompt.messages",
    "traceloop.entity.input",
    "mlflow.spanInputs",
    "langfuse.observation.input",
    "langfuse.trace.input",
];
const ANSWER: &[&str] = &[
    "final_result",
    "gen_ai.output.messages",
    "ai.response.text",
    "output.value",
    "traceloop.entity.output",
    "mlflow.spanOutputs",
    "langfuse.observation.output",
];

/// What a span covers, and whether the conventions know it.
pub(crate) fn kind_of(name: &str, attributes: &Attributes) -> (Kind, bool) {
    let stated = [
        "openinference.span.kind",
        "gen_ai.operation.name",
        "langfuse.observation.type",
        "mlflow.spanType",
        "traceloop.span.kind",
        "llm.request.type",
    ];
    for key in stated {
        let Some(word) = attributes.text(&[key]) else {
            continue;
        };
        let word = word.trim_matches('"').to_ascii_lowercase();
        let kind = match word.as_str() {
            "agent" | "invoke_agent" => Kind::Agent,
            "llm" | "chat_model" | "chat" | "text_completion" | "completion"
            | "generate_content" | "generation" => Kind::Model,
            "tool" | "execute_tool" => Kind::Tool,
            _ => continue,
        };
        return (kind, true);
    }
    if let Some(operation) = attributes.text(&["ai.operationId", "operation.name"]) {
        let operation = operation.split(' ').next().unwrap_or(operation);
        let kind = match operation.rsplit('.').next() {
            Some("doGenerate" | "doStream") => Some(Kind::Model),
            Some("toolCall") => Some(Kind::Tool),
            Some("generateText" | "streamText" | "generateObject" | "streamObject") => {
                Some(Kind::Agent)
            }
            _ => None,
        };
        if let Some(kind) = kind {
            return (kind, true);
        }
    }
    let asks = [
        "gen_ai.usage.",
        "gen_ai.output.messages",
        "gen_ai.completion.",
        "llm.output_messages.",
    ];
    if asks.iter().any(|prefix| attributes.has(prefix)) && attributes.value(MODEL).is_some() {
        return (Kind::Model, true);
    }
    if attributes.value(CALL_ID).is_some() || name.starts_with("execute_tool ") {
        return (Kind::Tool, true);
    }
    let known = stated.iter().any(|key| attributes.value(&[*key]).is_some());
    (
        Kind::Other,
        known || attributes.has("gen_ai.") || attributes.has("traceloop."),
    )
}

/// The session a record belongs to.
pub(super) fn session_of(attributes: &Attributes) -> Option<String> {
    attributes.text(SESSION).map(str::to_owned)
}

/// The span of a record, with what the log records of the same span say, and whether its kind is
/// known.
pub(super) fn span_of(record: &Record, mut attributes: Attributes, logs: &[Value]) -> (Span, bool) {
    let value = &record.value;
    let name = str_at(value, "name").unwrap_or_default();
    let events = value.get("events").and_then(Value::as_array);
    let events: Vec<message::Event> = events
        .into_iter()
        .flatten()
        .map(message::Event::of_span)
        .chain(logs.iter().map(message::Event::of_log))
        .collect();
    for event in &events {
        event.details(&mut attributes);
    }
    let (kind, known) = kind_of(name, &attributes);
    let mut span = Span {
        id: id_at(value, &["spanId", "span_id"], "/context/span_id").unwrap_or_default(),
        parent: id_at(
            value,
            &["parentSpanId", "parent_span_id", "parent_id"],
            "/parent/span_id",
        ),
        name: name.to_owned(),
        kind,
        started: time_at(
            value,
            &[
                "startTimeUnixNano",
                "start_time_unix_nano",
                "startTime",
                "start_time",
            ],
        ),
        ended: time_at(
            value,
            &[
                "endTimeUnixNano",
                "end_time_unix_nano",
                "endTime",
                "end_time",
            ],
        ),
        agent: attributes.text(AGENT).map(str::to_owned),
        tool: attributes.text(TOOL_NAME).map(str::to_owned),
        model: attributes.text(MODEL).map(str::to_owned),
        error: error_of(value, &events),
        cite: record.cite.clone(),
        ..Span::default()
    };
    match kind {
        Kind::Tool | Kind::Other => fill_tool(&mut span, &attributes, &events),
        Kind::Agent => fill_agent(&mut span, &attributes, &events),
        Kind::Model => {
            span.usage = usage_of(&attributes);
            span.input = message::side(&attributes, &events, Side::Input);
            span.output = message::side(&attributes, &events, Side::Output);
        }
    }
    (span, known)
}

fn fill_tool(span: &mut Span, attributes: &Attributes, events: &[message::Event]) {
    if span.kind == Kind::Tool && span.tool.is_none() {
        let stated = attributes.text(&["traceloop.entity.name"]);
        let bare = span
            .name
            .strip_prefix("execute_tool ")
            .unwrap_or(&span.name);
        span.tool = Some(stated.unwrap_or(bare).to_owned());
    }
    span.call_id = attributes.text(CALL_ID).map(str::to_owned);
    let arguments = attributes.value(ARGUMENTS).map(decoded);
    let (told, answered) = message::of_tool(events);
    let arguments = arguments.or(told);
    span.arguments = arguments.map(bare_arguments).unwrap_or_default();
    let stated = attributes.value(RESULT).map(result_of);
    let Some((id, mut observation)) = stated.or(answered.map(|answer| (None, answer))) else {
        return;
    };
    span.call_id = span.call_id.take().or(id);
    if let Some(error) = &span.error {
        observation.is_error = Some(true);
        if observation.text.is_empty() {
            observation.text.clone_from(error);
        }
    }
    span.result = Some(observation);
}

/// The arguments of the tool, out of what frameworks wrap around them.
pub(crate) fn bare_arguments(value: Value) -> Value {
    let Some(members) = value.as_object() else {
        return value;
    };
    let no_places = members
        .get("args")
        .and_then(Value::as_array)
        .is_some_and(Vec::is_empty);
    let inner = members
        .get("kwargs")
        .filter(|kwargs| no_places && kwargs.is_object())
        .or_else(|| members.get("inputs").filter(|inputs| inputs.is_object()))
        .cloned();
    inner.unwrap_or(value)
}

/// A result as an observation. It may be a message of a tool, which names its call.
pub(crate) fn result_of(value: &Value) -> (Option<String>, Observation) {
    let read = decoded(value);
    if read.is_object()
        && let Some(message) = dialogue::read(&read)
    {
        for piece in message.pieces {
            if let Piece::Result {
                id, observation, ..
            } = piece
            {
                return (id, observation);
            }
        }
    }
    let text = match (value, &read) {
        (Value::String(_), Value::String(inner)) => inner.clone(),
        (Value::String(text), _) => text.clone(),
        (other, _) => text_of(other),
    };
    (None, Observation::text(text))
}

fn fill_agent(span: &mut Span, attributes: &Attributes, events: &[message::Event]) {
    let keys = [
        "pydantic_ai.all_messages",
        "all_messages_events",
        "gen_ai.input.messages",
    ];
    span.input = attributes
        .value(&keys)
        .map(dialogue::messages_in)
        .unwrap_or_default();
    if span.input.is_empty() {
        span.input = message::side(attributes, events, Side::Input);
    }
    span.task = attributes.value(TASK).and_then(task_of).or_else(|| {
        let asked = span.input.iter().find(|message| message.role == Role::User);
        asked.map(Message::text).filter(|text| !text.is_empty())
    });
    span.answer = attributes.value(ANSWER).and_then(answer_of);
}

/// What a person asked, out of the input of an agent.
pub(crate) fn task_of(value: &Value) -> Option<String> {
    let read = decoded(value);
    let keys = [
        "task",
        "input",
        "prompt",
        "query",
        "question",
        "message",
        "user_input",
        "content",
    ];
    let messages = dialogue::messages_in(&read);
    let asked = messages.iter().find(|message| message.role == Role::User);
    let text = asked.map(Message::text).filter(|text| !text.is_empty());
    text.or_else(|| {
        let new = read.get("new_message").or_else(|| read.get("inputs"))?;
        task_of(new)
    })
    .or_else(|| str_of(&read, &keys).map(str::to_owned))
    .or_else(|| Some(read.as_str()?.to_owned()))
    .filter(|text| !text.trim().is_empty())
}

/// What an agent answered, out of its output.
pub(crate) fn answer_of(value: &Value) -> Option<String> {
    let read = decoded(value);
    let messages = dialogue::messages_in(&read);
    let said = messages
        .iter()
        .rev()
        .find(|message| message.role == Role::Assistant);
    let text = match said {
        Some(message) => message.text(),
        None => match value {
            Value::String(text) if !read.is_string() => text.clone(),
            _ => text_of(&read),
        },
    };
    (!text.trim().is_empty()).then_some(text)
}

fn usage_of(attributes: &Attributes) -> Usage {
    Usage {
        input_tokens: attributes.count(&[
            "gen_ai.usage.input_tokens",
            "gen_ai.usage.prompt_tokens",
            "llm.token_count.prompt",
            "llm.usage.prompt_tokens",
            "ai.usage.promptTokens",
            "ai.usage.inputTokens",
        ]),
        cached_tokens: attributes.count(&[
            "gen_ai.usage.cache_read.input_tokens",
            "gen_ai.usage.cache_read_input_tokens",
            "gen_ai.usage.details.cache_read_tokens",
            "llm.token_count.prompt_details.cache_read",
            "ai.usage.cachedInputTokens",
        ]),
        output_tokens: attributes.count(&[
            "gen_ai.usage.output_tokens",
            "gen_ai.usage.completion_tokens",
            "llm.token_count.completion",
            "llm.usage.completion_tokens",
            "ai.usage.completionTokens",
            "ai.usage.outputTokens",
        ]),
        cost_usd: attributes.amount(&["gen_ai.usage.cost", "llm.cost.total", "operation.cost"]),
    }
}

fn id_at(value: &Value, keys: &[&str], path: &str) -> Option<String> {
    let id = str_of(value, keys).or_else(|| value.pointer(path)?.as_str())?;
    // Nothing is written as an empty id or as zeros.
    (id.bytes().any(|byte| byte != b'0')).then(|| id.to_owned())
}

/// Nanoseconds since 1970, as a number or as its digits, or a written time.
pub(super) fn time_at(value: &Value, keys: &[&str]) -> Option<Timestamp> {
    keys.iter().find_map(|key| {
        let stated = value.get(*key)?;
        let nanoseconds = stated
            .as_i64()
            .or_else(|| stated.as_str()?.parse().ok())
            .filter(|nanoseconds| *nanoseconds > 1_000_000_000_000_000);
        match nanoseconds {
            Some(nanoseconds) => Timestamp::from_nanosecond(i128::from(nanoseconds)).ok(),
            None => stated.as_str().and_then(time::parse),
        }
    })
}

/// What the status or an exception says went wrong.
fn error_of(value: &Value, events: &[message::Event]) -> Option<String> {
    let status = value.get("status").unwrap_or(&Value::Null);
    let code = status.get("code").or_else(|| status.get("status_code"));
    let code = code.or_else(|| value.get("status_code"));
    let failed = match code {
        Some(Value::Number(code)) => code.as_u64() == Some(2),
        Some(Value::String(code)) => code == "2" || code.to_ascii_uppercase().ends_with("ERROR"),
        _ => false,
    };
    if !failed {
        return None;
    }
    let said = str_of(status, &["message", "description"]);
    let said = said
        .or_else(|| str_at(value, "status_message"))
        .filter(|text| !text.is_empty());
    let thrown = || events.iter().find_map(message::Event::exception);
    Some(
        said.map(str::to_owned)
            .or_else(thrown)
            .unwrap_or_else(|| "error".to_owned()),
    )
}
