//! One event file as the few parts a trajectory is made of.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use trace::{Action, ActionKind, Observation, Ref, RefPart, Timestamp, Usage};

use crate::json::{content_text, str_at, str_of};
use crate::{time, tool};

/// An event as it stands in the file. Everything is kept raw, so that one odd field does not cost
/// the event and what is not needed is not parsed.
#[derive(Deserialize)]
struct Saved<'a> {
    #[serde(borrow, default)]
    id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    timestamp: Option<&'a RawValue>,
    #[serde(borrow, default)]
    source: Option<&'a RawValue>,
    #[serde(borrow, default)]
    message: Option<&'a RawValue>,
    #[serde(borrow, default)]
    action: Option<&'a RawValue>,
    #[serde(borrow, default)]
    observation: Option<&'a RawValue>,
    #[serde(borrow, default)]
    cause: Option<&'a RawValue>,
    #[serde(borrow, default)]
    args: Option<&'a RawValue>,
    #[serde(borrow, default)]
    content: Option<&'a RawValue>,
    #[serde(borrow, default)]
    extras: Option<&'a RawValue>,
    #[serde(borrow, default)]
    tool_call_metadata: Option<&'a RawValue>,
    #[serde(borrow, default)]
    llm_metrics: Option<&'a RawValue>,
}

/// The metadata of a tool call without the model's reply.
#[derive(Deserialize, Default)]
struct CallName {
    #[serde(default)]
    tool_call_id: Option<String>,
}

/// The metadata of a tool call.
#[derive(Deserialize, Default)]
struct Call {
    #[serde(default)]
    function_name: Option<String>,
    #[serde(default)]
    tool_call_id: Option<String>,
    #[serde(default)]
    model_response: Value,
}

/// The metrics the agent had gathered so far.
#[derive(Deserialize)]
struct Metrics {
    #[serde(default)]
    accumulated_cost: Option<f64>,
}

/// One event.
pub(crate) struct Event {
    /// Its number in the stream.
    pub id: i64,
    /// When it happened.
    pub time: Option<Timestamp>,
    /// `agent`, `user` or `environment`.
    pub source: String,
    /// Bytes of its record.
    pub size: usize,
    /// The tool call it belongs to.
    pub call_id: Option<String>,
    /// Where it stands.
    pub cited: Option<Ref>,
    /// What it is.
    pub what: What,
}

/// What an event is.
pub(crate) enum What {
    /// Something was asked for.
    Action(Box<Asked>),
    /// Something came back.
    Observation(Box<Answer>),
    /// Neither.
    Nothing,
}

/// An action event.
pub(crate) struct Asked {
    /// The event's own word for it (`run`, `edit` …).
    pub kind: String,
    /// What was asked for.
    pub action: Action,
    /// Text before it.
    pub thought: String,
    /// Hidden reasoning before it.
    pub reasoning: String,
    /// The reply of the model it came from.
    pub response: Option<String>,
    /// The model that signed the reply.
    pub model: Option<String>,
    /// Tokens of the whole reply.
    pub usage: Usage,
    /// Dollars spent so far.
    pub cost: Option<f64>,
    /// The version a system message states.
    pub version: Option<String>,
}

/// An observation event.
pub(crate) struct Answer {
    /// The event's own word for it.
    pub kind: String,
    /// The action it answers.
    pub cause: Option<i64>,
    /// What came back.
    pub seen: Observation,
    /// The state the agent changed to.
    pub state: Option<String>,
}

/// Cites a part of the text events are read from.
pub(crate) type Cite<'c> = dyn Fn(RefPart, &str) -> Option<Ref> + 'c;

/// Reads the event `raw`, a part of the text that `cite` cites. `default_id` stands in for a number
/// the event does not have, such as that in the file's name.
///
/// # Errors
/// When `raw` is no JSON object or has no number.
pub(crate) fn parse(cite: &Cite<'_>, raw: &str, default_id: Option<i64>) -> Result<Event, String> {
    let saved: Saved<'_> = serde_json::from_str(raw).map_err(|error| error.to_string())?;
    let id = integer(saved.id)
        .or(default_id)
        .ok_or("the event has no id")?;
    let call_id = decode::<CallName>(saved.tool_call_metadata)
        .unwrap_or_default()
        .tool_call_id;
    let (part, what) = if let Some(kind) = text(saved.action) {
        (RefPart::Action, What::Action(Box::new(asked(&saved, kind))))
    } else if let Some(kind) = text(saved.observation) {
        let answer = answer(&saved, kind);
        (RefPart::Observation, What::Observation(Box::new(answer)))
    } else {
        (RefPart::Action, What::Nothing)
    };
    Ok(Event {
        id,
        time: text(saved.timestamp).and_then(|t| time::parse(&t)),
        source: text(saved.source).unwrap_or_default(),
        size: raw.len(),
        call_id,
        cited: cite(part, raw),
        what,
    })
}

fn decode<'a, T: Deserialize<'a>>(raw: Option<&'a RawValue>) -> Option<T> {
    serde_json::from_str(raw?.get()).ok()
}

fn text(raw: Option<&RawValue>) -> Option<String> {
    decode(raw)
}

/// A number, or a string that holds one.
fn integer(raw: Option<&RawValue>) -> Option<i64> {
    raw?.get().trim_matches('"').parse().ok()
}

fn asked(saved: &Saved<'_>, kind: String) -> Asked {
    let args: Value = decode(saved.args).unwrap_or_default();
    let call: Call = decode(saved.tool_call_metadata).unwrap_or_default();
    let response = &call.model_response;
    let reply = response.pointer("/choices/0/message");
    // The thought of a `think` is what it does, not what was said before it.
    let thought = str_at(&args, "thought")
        .filter(|thought| kind != "think" && !thought.trim().is_empty())
        .map(str::to_owned)
        .or_else(|| Some(content_text(reply?.get("content")?)))
        .unwrap_or_default();
    let reasoning = reply.and_then(|r| str_of(r, &["reasoning_content", "reasoning"]));
    let version = str_at(&args, "openhands_version").map(str::to_owned);
    Asked {
        thought: thought.trim().to_owned(),
        reasoning: reasoning.unwrap_or_default().to_owned(),
        response: str_at(response, "id").map(str::to_owned),
        model: str_at(response, "model").map(str::to_owned),
        usage: response.get("usage").map(usage_of).unwrap_or_default(),
        cost: decode::<Metrics>(saved.llm_metrics)
            .and_then(|metrics| metrics.accumulated_cost)
            .filter(|cost| *cost > 0.0),
        action: called(&call).unwrap_or_else(|| from_args(&kind, args)),
        kind,
        version,
    }
}

/// The tokens of one reply, as the chat interface counts them.
pub(crate) fn usage_of(stated: &Value) -> Usage {
    let cached = stated.pointer("/prompt_tokens_details/cached_tokens");
    Usage {
        input_tokens: stated.get("prompt_tokens").and_then(Value::as_u64),
        cached_tokens: cached.and_then(Value::as_u64),
        output_tokens: stated.get("completion_tokens").and_then(Value::as_u64),
        cost_usd: None,
    }
}

/// The call as the model wrote it, if its arguments are whole and its tool is known.
fn called(call: &Call) -> Option<Action> {
    let name = call.function_name.as_deref()?;
    let calls = call
        .model_response
        .pointer("/choices/0/message/tool_calls")?
        .as_array()?;
    let own = calls
        .iter()
        .find(|c| str_at(c, "id") == call.tool_call_id.as_deref())?;
    let written = own.get("function")?.get("arguments")?;
    let arguments: Value = match written {
        Value::String(text) => serde_json::from_str(text).ok()?,
        other => other.clone(),
    };
    arguments.is_object().then(|| tool_action(name, arguments))
}

/// The action of a tool of `OpenHands`.
pub(crate) fn tool_action(name: &str, arguments: Value) -> Action {
    let mut action = tool::action(name, arguments);
    let typed = match action.arguments.get("is_input") {
        Some(Value::Bool(typed)) => *typed,
        Some(Value::String(typed)) => typed.eq_ignore_ascii_case("true"),
        _ => false,
    };
    if typed && let ActionKind::Shell { command } = action.kind {
        action.kind = ActionKind::Keystrokes {
            keys: command,
            wait_seconds: None,
        };
    }
    action
}

/// The action as the event's own fields have it.
fn from_args(kind: &str, args: Value) -> Action {
    match kind {
        "edit" if args.get("command").is_some_and(Value::is_string) => {
            let meant = tool::action("str_replace_editor", args);
            Action {
                tool: kind.to_owned(),
                ..meant
            }
        }
        "call_tool_mcp" | "mcp" => {
            let name = str_at(&args, "name").unwrap_or(kind).to_owned();
            let inner = args.get("arguments").cloned().unwrap_or_default();
            tool_action(&name, inner)
        }
        "delegate" => {
            let prompt = args.get("inputs").map(|inputs| {
                str_at(inputs, "task").map_or_else(|| inputs.to_string(), str::to_owned)
            });
            Action {
                tool: kind.to_owned(),
                kind: ActionKind::Delegate {
                    prompt: prompt.unwrap_or_default(),
                },
                arguments: args,
            }
        }
        "finish" => {
            let words = str_of(&args, &["final_thought", "message", "thought"]);
            Action {
                tool: kind.to_owned(),
                kind: ActionKind::Finish {
                    text: words.unwrap_or_default().to_owned(),
                },
                arguments: args,
            }
        }
        "message" => Action {
            tool: kind.to_owned(),
            kind: ActionKind::Message {
                text: str_at(&args, "content").unwrap_or_default().to_owned(),
            },
            arguments: args,
        },
        _ => tool_action(kind, args),
    }
}

fn answer(saved: &Saved<'_>, kind: String) -> Answer {
    let extras: Value = decode(saved.extras).unwrap_or_default();
    let status = extras
        .pointer("/metadata/exit_code")
        .or_else(|| extras.get("exit_code"))
        .and_then(Value::as_i64)
        .filter(|status| *status != -1)
        .and_then(|status| i32::try_from(status).ok());
    let content: Option<Value> = decode(saved.content);
    let words = content.as_ref().map(content_text);
    let seen = Observation {
        exit_status: status,
        is_error: (kind == "error").then_some(true),
        ..Observation::text(words.or_else(|| text(saved.message)).unwrap_or_default())
    };
    Answer {
        cause: integer(saved.cause),
        seen,
        state: str_at(&extras, "agent_state").map(str::to_owned),
        kind,
    }
}
