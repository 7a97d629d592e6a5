//! Anthropic Messages.
//!
//! Source: Anthropic's API reference, "Messages", "Streaming Messages", "Prompt caching",
//! "Structured outputs" (`output_config.format`) and "Effort" (`output_config.effort`), version
//! `2023-06-01`.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::accepts::Accepts;
use crate::endpoint::Secret;
use crate::message::{Completion, Message, Request, Stop, ToolCall, ToolChoice, ToolFault};
use crate::openai::arguments;
use crate::provider::{BadAnswer, Provider, StreamReader, excerpt};
use crate::usage::Usage;

mod stream;

pub(crate) struct Anthropic;

impl Provider for Anthropic {
    fn path(&self) -> &'static str {
        "/v1/messages"
    }

    fn headers(&self, key: Option<&Secret>) -> Vec<(&'static str, String)> {
        let version = ("anthropic-version", "2023-06-01".to_owned());
        let key = key.map(|key| ("x-api-key", key.expose().to_owned()));
        [version].into_iter().chain(key).collect()
    }

    fn body(&self, model: &str, request: &Request, accepts: Accepts, stream: bool) -> Value {
        let cache = accepts.cache && request.cache;
        let mut body = Map::new();
        body.insert("model".into(), model.into());
        body.insert("max_tokens".into(), request.max_output_tokens.into());
        // The cache holds tools, system and messages in this order, up to each mark.
        if let Some(system) = request.system.as_ref().filter(|system| !system.is_empty()) {
            let mut block = json!({"type": "text", "text": system});
            mark(&mut block, cache);
            body.insert("system".into(), json!([block]));
        }
        body.insert("messages".into(), messages(&request.messages, cache));
        if let Some(temperature) = request.temperature.filter(|_| accepts.temperature) {
            body.insert("temperature".into(), temperature.into());
        }
        if !request.tools.is_empty() {
            body.insert(
                "tools".into(),
                tools(request, cache && request.system.is_none()),
            );
            body.insert("tool_choice".into(), tool_choice(&request.tool_choice));
        }
        let mut output = Map::new();
        if let Some(schema) = request.schema.as_ref().filter(|_| accepts.schema) {
            let format = json!({"type": "json_schema", "schema": schema.value()});
            output.insert("format".into(), format);
        }
        if let Some(effort) = request.effort.filter(|_| accepts.effort) {
            output.insert("effort".into(), effort.as_str().into());
        }
        if !output.is_empty() {
            body.insert("output_config".into(), Value::Object(output));
        }
        if stream {
            body.insert("stream".into(), true.into());
        }
        Value::Object(body)
    }

    /// Since Claude 4.7 the same text gives some 30 % more tokens than before (Anthropic's models
    /// overview), and before it gave more than OpenAI's encoding, most of all for code.
    fn tokens_per_thousand(&self) -> u64 {
        1500
    }

    fn whole(&self, body: &Value) -> Result<Completion, BadAnswer> {
        if body.get("type").and_then(Value::as_str) == Some("error") {
            return Err(fault(body));
        }
        let content = body
            .get("content")
            .and_then(Value::as_array)
            .ok_or_else(|| foreign("it has no `content`", body))?;
        let mut answer = Answer::default();
        answer.head(body);
        for (index, block) in content.iter().enumerate() {
            answer.blocks.insert(index as u64, Block::new(block));
        }
        Ok(answer.finish())
    }

    fn stream(&self) -> Box<dyn StreamReader> {
        Box::new(stream::Reader::default())
    }
}

fn mark(block: &mut Value, cache: bool) {
    if let Some(block) = block.as_object_mut().filter(|_| cache) {
        block.insert("cache_control".into(), json!({"type": "ephemeral"}));
    }
}

/// The conversation with neighbours of one role joined, as the protocol wants it.
fn messages(messages: &[Message], cache: bool) -> Value {
    let mut turns: Vec<(&str, Vec<Value>)> = Vec::new();
    for message in messages {
        let (role, blocks) = blocks(message);
        match turns.last_mut() {
            Some((last, turn)) if *last == role => turn.extend(blocks),
            _ => turns.push((role, blocks)),
        }
    }
    if let Some(block) = turns.last_mut().and_then(|(_, blocks)| blocks.last_mut()) {
        mark(
            block,
            cache && block.get("type").is_none_or(|kind| kind != "thinking"),
        );
    }
    turns
        .into_iter()
        .filter(|(_, blocks)| !blocks.is_empty())
        .map(|(role, content)| json!({"role": role, "content": content}))
        .collect()
}

fn blocks(message: &Message) -> (&'static str, Vec<Value>) {
    // The protocol refuses empty texts.
    let words = |text: &str| (!text.is_empty()).then(|| json!({"type": "text", "text": text}));
    match message {
        Message::User(text) => ("user", words(text).into_iter().collect()),
        Message::Assistant { native, .. } if !native.is_empty() => ("assistant", native.clone()),
        Message::Assistant { text, calls, .. } => (
            "assistant",
            words(text)
                .into_iter()
                .chain(calls.iter().map(sent_call))
                .collect(),
        ),
        Message::Tool(result) => {
            let mut block = json!({"type": "tool_result", "tool_use_id": result.call_id});
            if let Some(block) = block.as_object_mut() {
                if !result.text.is_empty() {
                    block.insert("content".into(), result.text.as_str().into());
                }
                if result.failed {
                    block.insert("is_error".into(), true.into());
                }
            }
            ("user", vec![block])
        }
    }
}

fn sent_call(call: &ToolCall) -> Value {
    let input = sent_input(&call.raw);
    json!({"type": "tool_use", "id": call.id, "name": call.name, "input": input})
}

/// The arguments as an object, which the protocol insists on, whatever the model wrote.
fn sent_input(raw: &str) -> Value {
    arguments(raw).map_or_else(|_| json!({"unreadable": raw}), Value::Object)
}

fn tools(request: &Request, cache: bool) -> Value {
    let mut tools: Vec<_> = request
        .tools
        .iter()
        .map(|tool| {
            json!({
                "name": tool.name,
                "description": tool.description,
                "input_schema": tool.parameters,
            })
        })
        .collect();
    if let Some(last) = tools.last_mut() {
        mark(last, cache);
    }
    Value::Array(tools)
}

fn tool_choice(choice: &ToolChoice) -> Value {
    match choice {
        ToolChoice::Auto => json!({"type": "auto"}),
        ToolChoice::None => json!({"type": "none"}),
        ToolChoice::Required => json!({"type": "any"}),
        ToolChoice::Named(name) => json!({"type": "tool", "name": name}),
    }
}

/// A content block, whole or growing.
struct Block {
    /// The block as it began, with everything the provider may want back.
    native: Map<String, Value>,
    /// What the deltas added to its text, thinking or arguments.
    grown: String,
    signature: String,
}

impl Block {
    fn new(block: &Value) -> Self {
        let native = block.as_object().cloned().unwrap_or_default();
        Self {
            native,
            grown: String::new(),
            signature: String::new(),
        }
    }

    fn kind(&self) -> &str {
        self.field("type")
    }

    fn field(&self, name: &str) -> &str {
        self.native
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    /// A text field with what was added to it.
    fn text(&self, name: &str) -> String {
        format!("{}{}", self.field(name), self.grown)
    }

    /// The arguments of a call as JSON text.
    fn raw_arguments(&self) -> String {
        if !self.grown.is_empty() {
            return self.grown.clone();
        }
        self.native
            .get("input")
            .map_or_else(|| "{}".to_owned(), Value::to_string)
    }

    /// The block as it would have come in a whole answer.
    fn whole(&self) -> Value {
        let mut whole = self.native.clone();
        match self.kind() {
            "text" => whole.insert("text".into(), self.text("text").into()),
            "thinking" => {
                let signature = format!("{}{}", self.field("signature"), self.signature);
                whole.insert("signature".into(), signature.into());
                whole.insert("thinking".into(), self.text("thinking").into())
            }
            "tool_use" => whole.insert("input".into(), sent_input(&self.raw_arguments())),
            _ => None,
        };
        Value::Object(whole)
    }
}

#[derive(Default)]
struct Answer {
    completion: Completion,
    blocks: BTreeMap<u64, Block>,
    stop_reason: Option<String>,
}

impl Answer {
    /// Takes what stands around the content: id, model, usage, reason to stop.
    fn head(&mut self, message: &Value) {
        for (field, place) in [
            ("id", &mut self.completion.id),
            ("model", &mut self.completion.model),
        ] {
            if let Some(value) = message.get(field).and_then(Value::as_str) {
                value.clone_into(place);
            }
        }
        if let Some(reason) = message.get("stop_reason").and_then(Value::as_str) {
            self.stop_reason = Some(reason.to_owned());
        }
        if let Some(usage) = message.get("usage") {
            add_usage(&mut self.completion.usage, usage);
        }
    }

    fn finish(mut self) -> Completion {
        for block in self.blocks.values() {
            match block.kind() {
                "text" => self.completion.text.push_str(&block.text("text")),
                "thinking" => self.completion.reasoning.push_str(&block.text("thinking")),
                "tool_use" => {
                    let raw = block.raw_arguments();
                    self.completion.calls.push(ToolCall {
                        id: block.field("id").to_owned(),
                        name: block.field("name").to_owned(),
                        arguments: cut_arguments(&raw, self.stop_reason.as_deref()),
                        raw,
                    });
                }
                _ => {}
            }
        }
        // Thinking is signed together with its place among the blocks.
        if self
            .blocks
            .values()
            .any(|block| block.kind().ends_with("thinking"))
        {
            self.completion.native = self.blocks.values().map(Block::whole).collect();
        }
        self.completion.stop = match self.stop_reason.as_deref() {
            Some("end_turn" | "stop_sequence") | None => Stop::End,
            Some("tool_use") => Stop::Tools,
            Some("max_tokens" | "model_context_window_exceeded") => Stop::Length,
            Some("refusal") => Stop::Refusal,
            Some(other) => Stop::Other(other.to_owned()),
        };
        self.completion
    }
}

fn cut_arguments(raw: &str, stop: Option<&str>) -> Result<Map<String, Value>, ToolFault> {
    arguments(raw).map_err(|fault| match (fault, stop) {
        (ToolFault::Unreadable(reason), Some("max_tokens")) => {
            ToolFault::Unreadable(format!("{reason}; the output was cut at its limit"))
        }
        (fault, _) => fault,
    })
}

fn add_usage(usage: &mut Usage, block: &Value) {
    let set = |place: &mut u64, field: &str| {
        if let Some(count) = block.get(field).and_then(Value::as_u64) {
            *place = count;
        }
    };
    // Later blocks of a stream repeat or raise earlier counts; they are not differences.
    set(&mut usage.input, "input_tokens");
    set(&mut usage.cached_read, "cache_read_input_tokens");
    set(&mut usage.cache_write, "cache_creation_input_tokens");
    set(&mut usage.output, "output_tokens");
}

fn fault(body: &Value) -> BadAnswer {
    let part = |pointer: &str| body.pointer(pointer).and_then(Value::as_str);
    // Source: Anthropic's API reference, "Errors".
    let status = match part("/error/type") {
        Some("invalid_request_error") => 400,
        Some("authentication_error") => 401,
        Some("permission_error") => 403,
        Some("not_found_error") => 404,
        Some("request_too_large") => 413,
        Some("rate_limit_error") => 429,
        Some("overloaded_error") => 529,
        _ => 500,
    };
    let message = part("/error/message").unwrap_or("the server reports an error without words");
    BadAnswer::Server {
        status,
        message: excerpt(message),
    }
}

fn foreign(reason: &str, body: &Value) -> BadAnswer {
    BadAnswer::NotThisProtocol(format!(
        "{reason}; is this a server of Anthropic's protocol? It says: {}",
        excerpt(&body.to_string())
    ))
}
