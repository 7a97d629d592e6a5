//! OpenAI-compatible chat completions.
//!
//! Source: OpenAI's API reference, "Chat Completions", and what Ollama, vLLM, llama.cpp, OpenRouter
//! and LiteLLM document of their own versions of it (`reasoning_content` or `reasoning` beside
//! `content`, errors as plain strings, tool calls without ids or with arguments as an object).

use serde_json::{Map, Value, json};

use crate::accepts::Accepts;
use crate::endpoint::Secret;
use crate::message::{Completion, Message, Request, Stop, ToolCall, ToolChoice, ToolFault};
use crate::provider::{BadAnswer, Provider, StreamReader, excerpt};
use crate::schema::OutputSchema;
use crate::usage::Usage;

mod stream;

pub(crate) struct OpenAi;

impl Provider for OpenAi {
    fn path(&self) -> &'static str {
        "/chat/completions"
    }

    fn headers(&self, key: Option<&Secret>) -> Vec<(&'static str, String)> {
        key.map(|key| ("authorization", format!("Bearer {}", key.expose())))
            .into_iter()
            .collect()
    }

    fn body(&self, model: &str, request: &Request, accepts: Accepts, stream: bool) -> Value {
        let mut body = Map::new();
        body.insert("model".into(), model.into());
        let system = request
            .system
            .iter()
            .map(|text| json!({"role": "system", "content": text}));
        let mut messages: Vec<_> = system.chain(request.messages.iter().map(message)).collect();
        if accepts.cache && request.cache && wants_marks(model) {
            mark(&mut messages);
        }
        body.insert("messages".into(), Value::Array(messages));
        let limit = if accepts.max_completion_tokens {
            "max_completion_tokens"
        } else {
            "max_tokens"
        };
        body.insert(limit.into(), request.max_output_tokens.into());
        if let Some(temperature) = request.temperature.filter(|_| accepts.temperature) {
            body.insert("temperature".into(), temperature.into());
        }
        if let Some(effort) = request.effort.filter(|_| accepts.effort) {
            body.insert("reasoning_effort".into(), effort.as_str().into());
        }
        if !request.tools.is_empty() {
            body.insert("tools".into(), tools(request));
            body.insert("tool_choice".into(), tool_choice(&request.tool_choice));
        }
        if let Some(schema) = request.schema.as_ref().filter(|_| accepts.schema) {
            body.insert("response_format".into(), response_format(schema));
        }
        if stream {
            body.insert("stream".into(), true.into());
            if accepts.stream_usage {
                body.insert("stream_options".into(), json!({"include_usage": true}));
            }
        }
        Value::Object(body)
    }

    fn whole(&self, body: &Value) -> Result<Completion, BadAnswer> {
        fault(body)?;
        let choice = body
            .pointer("/choices/0")
            .ok_or_else(|| foreign("it has no `choices`", body))?;
        let message = choice
            .get("message")
            .and_then(Value::as_object)
            .ok_or_else(|| foreign("its choice has no `message`", body))?;
        let calls: Vec<_> = array(message.get("tool_calls"))
            .iter()
            .map(|call| {
                let mut piece = CallPiece::default();
                piece.add(call);
                piece
            })
            .collect();
        let mut completion = Completion {
            text: text(message.get("content")),
            reasoning: reasoning(message),
            ..Completion::default()
        };
        if let Some(refusal) = string(message.get("refusal")) {
            completion.text.push_str(refusal);
            completion.stop = Stop::Refusal;
        }
        finish(&mut completion, calls, choice.get("finish_reason"));
        head(&mut completion, body);
        Ok(completion)
    }

    fn stream(&self) -> Box<dyn StreamReader> {
        Box::new(stream::Reader::default())
    }
}

/// Whether a model's provider keeps prompts in its cache only where it is told to: Anthropic, behind
/// `OpenRouter` or `LiteLLM`, which hand on its marks. Others do so by themselves.
fn wants_marks(model: &str) -> bool {
    model.starts_with("anthropic/")
}

/// Marks the ends of what is to be kept: the standing instructions, and the last words of the user
/// (results of tools must stay plain texts in this protocol).
fn mark(messages: &mut [Value]) {
    let system = messages
        .iter()
        .position(|message| message["role"] == "system");
    let user = messages
        .iter()
        .rposition(|message| message["role"] == "user");
    for at in [system, user].into_iter().flatten() {
        let Some(content) = messages.get_mut(at).and_then(|m| m.get_mut("content")) else {
            continue;
        };
        if let Some(text) = content.as_str().filter(|text| !text.is_empty()) {
            *content = json!([
                {"type": "text", "text": text, "cache_control": {"type": "ephemeral"}},
            ]);
        }
    }
}

fn message(message: &Message) -> Value {
    match message {
        Message::User(text) => json!({"role": "user", "content": text}),
        Message::Assistant { text, calls, .. } => {
            let mut out = Map::new();
            out.insert("role".into(), "assistant".into());
            // Some servers want the field, others no empty text beside calls: null suits both.
            let content = if text.is_empty() && !calls.is_empty() {
                Value::Null
            } else {
                text.as_str().into()
            };
            out.insert("content".into(), content);
            if !calls.is_empty() {
                out.insert("tool_calls".into(), calls.iter().map(sent_call).collect());
            }
            Value::Object(out)
        }
        Message::Tool(result) => {
            let content = if result.failed {
                format!("Error: {}", result.text)
            } else {
                result.text.clone()
            };
            json!({"role": "tool", "tool_call_id": result.call_id, "content": content})
        }
    }
}

fn sent_call(call: &ToolCall) -> Value {
    // Servers that template the call into a prompt parse the arguments; what the model garbled is
    // sent back as a text inside an object.
    let arguments = match serde_json::from_str::<Map<String, Value>>(&call.raw) {
        Ok(_) => call.raw.clone(),
        Err(_) => json!({"unreadable": call.raw}).to_string(),
    };
    json!({
        "id": call.id,
        "type": "function",
        "function": {"name": call.name, "arguments": arguments},
    })
}

fn tools(request: &Request) -> Value {
    let tool = |tool: &crate::message::Tool| {
        json!({
            "type": "function",
            "function": {
                "name": tool.name,
                "description": tool.description,
                "parameters": tool.parameters,
            },
        })
    };
    request.tools.iter().map(tool).collect()
}

fn tool_choice(choice: &ToolChoice) -> Value {
    match choice {
        ToolChoice::Auto => "auto".into(),
        ToolChoice::None => "none".into(),
        ToolChoice::Required => "required".into(),
        ToolChoice::Named(name) => json!({"type": "function", "function": {"name": name}}),
    }
}

fn response_format(schema: &OutputSchema) -> Value {
    json!({
        "type": "json_schema",
        "json_schema": {
            "name": schema.name(),
            "schema": schema.value(),
            "strict": schema.is_closed(),
        },
    })
}

/// A tool call whose parts arrive one after the other.
#[derive(Default)]
struct CallPiece {
    id: String,
    name: String,
    arguments: String,
}

impl CallPiece {
    /// Adds a whole call or a part of one; gives the name when it has just become known.
    fn add(&mut self, call: &Value) -> Option<&str> {
        if let Some(id) = string(call.get("id")).filter(|id| !id.is_empty()) {
            id.clone_into(&mut self.id);
        }
        let function = call.get("function").unwrap_or(call);
        match function.get("arguments") {
            Some(Value::String(part)) => self.arguments.push_str(part),
            Some(Value::Null) | None => {}
            Some(object) => self.arguments = object.to_string(),
        }
        let name = string(function.get("name")).filter(|name| !name.is_empty())?;
        let new = self.name.is_empty();
        if new {
            name.clone_into(&mut self.name);
        }
        new.then_some(&self.name)
    }
}

fn finish(completion: &mut Completion, calls: Vec<CallPiece>, reason: Option<&Value>) {
    completion.calls = calls
        .into_iter()
        .map(|call| ToolCall {
            id: call.id,
            name: call.name,
            arguments: arguments(&call.arguments),
            raw: call.arguments,
        })
        .collect();
    if completion.stop == Stop::Refusal {
        return;
    }
    completion.stop = match string(reason) {
        Some("length") => Stop::Length,
        Some("content_filter") => Stop::Refusal,
        // Servers differ in what they say after tool calls; the calls themselves do not lie.
        _ if !completion.calls.is_empty() => Stop::Tools,
        Some("stop" | "tool_calls" | "function_call" | "eos") | None => Stop::End,
        Some(other) => Stop::Other(other.to_owned()),
    };
}

/// Arguments as the model wrote them, read; no arguments are an empty object.
pub(crate) fn arguments(raw: &str) -> Result<Map<String, Value>, ToolFault> {
    if raw.trim().is_empty() {
        return Ok(Map::new());
    }
    match serde_json::from_str(raw) {
        Ok(Value::Object(arguments)) => Ok(arguments),
        Ok(_) => Err(ToolFault::Unreadable(
            "the arguments are not a JSON object".into(),
        )),
        Err(error) => Err(ToolFault::Unreadable(format!(
            "the arguments are not JSON: {error}"
        ))),
    }
}

fn head(completion: &mut Completion, body: &Value) {
    if let Some(model) = string(body.get("model")) {
        model.clone_into(&mut completion.model);
    }
    if let Some(id) = string(body.get("id")) {
        id.clone_into(&mut completion.id);
    }
    if let Some(usage) = body.get("usage").filter(|usage| usage.is_object()) {
        completion.usage = read_usage(usage);
    }
}

fn read_usage(usage: &Value) -> Usage {
    let count = |pointer: &str| usage.pointer(pointer).and_then(Value::as_u64).unwrap_or(0);
    let prompt = count("/prompt_tokens");
    // DeepSeek's name stands beside OpenAI's.
    let cached_read =
        count("/prompt_tokens_details/cached_tokens").max(count("/prompt_cache_hit_tokens"));
    let cached_read = cached_read.min(prompt);
    let cache_write = count("/prompt_tokens_details/cache_write_tokens").min(prompt - cached_read);
    let output = count("/completion_tokens");
    Usage {
        input: prompt - cached_read - cache_write,
        cached_read,
        cache_write,
        output,
        reasoning: count("/completion_tokens_details/reasoning_tokens").min(output),
        estimated: false,
    }
}

/// A fault that came with status 200, as OpenRouter and vLLM send it.
fn fault(body: &Value) -> Result<(), BadAnswer> {
    let Some(error) = body.get("error").filter(|error| !error.is_null()) else {
        return Ok(());
    };
    let code = error
        .get("code")
        .and_then(Value::as_u64)
        .and_then(|code| u16::try_from(code).ok());
    let message = string(error.get("message")).or_else(|| error.as_str());
    Err(BadAnswer::Server {
        status: code.filter(|code| (400..600).contains(code)).unwrap_or(500),
        message: excerpt(message.unwrap_or("the server reports an error without words")),
    })
}

fn foreign(reason: &str, body: &Value) -> BadAnswer {
    BadAnswer::NotThisProtocol(format!(
        "{reason}; is this a server of OpenAI's protocol? It says: {}",
        excerpt(&body.to_string())
    ))
}

fn reasoning(message: &Map<String, Value>) -> String {
    ["reasoning_content", "reasoning"]
        .iter()
        .find_map(|field| string(message.get(*field)))
        .unwrap_or_default()
        .to_owned()
}

/// Content: a text, or a list of parts of which the texts count.
fn text(content: Option<&Value>) -> String {
    match content {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => parts
            .iter()
            .filter_map(|part| string(part.get("text")))
            .collect(),
        _ => String::new(),
    }
}

fn array(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn string(value: Option<&Value>) -> Option<&str> {
    value.and_then(Value::as_str)
}
