//! Runs written down as records of JSON.

use serde_json::{Map, Value, json};

use super::run::{Call, Reply, Run};
use super::style::Style;

/// The records of a run in the shape of the style.
pub(crate) fn records(style: &Style, run: &Run) -> Vec<Value> {
    let mut out = Vec::new();
    let start = run.replies.first().map_or(0, |reply| reply.at) - 900;
    if style.noise == "header" {
        let header = style.object([
            ("session_id", json!(run.session)),
            ("version", json!("3.1.0")),
            ("model", json!("some-model-4")),
        ]);
        out.push(style.record(None, header, start));
    }
    let mut last = start;
    match style.shape {
        "openai" | "anthropic" | "gemini" => {
            let system = "You are a coding agent. Use the tools to work on the repository. Be careful and verify what you did.";
            out.push(message(style, "system", text(style, system), start));
            out.push(message(style, "user", text(style, &run.task), start));
        }
        "events" | "start-end" => {
            let task = style.object([("text", json!(run.task))]);
            out.push(style.record(Some(("type", "user")), task, start));
        }
        "spans" | "turns" => {}
        _ if !style.seed.is_multiple_of(3) => {
            let task = style.object([("content", json!(run.task))]);
            out.push(style.record(Some(("role", "user")), task, start));
        }
        _ => {}
    }
    for (number, reply) in run.replies.iter().enumerate() {
        match style.shape {
            "openai" => openai(style, reply, &mut out),
            "anthropic" => anthropic(style, reply, &mut out),
            "gemini" => gemini(style, reply, &mut out),
            "events" => events(style, reply, &mut out),
            "start-end" => start_end(style, reply, &mut out),
            "many-steps" => many_steps(style, reply, number, &mut out),
            "turns" => turn(style, reply, (number == 0).then_some(&run.task), &mut out),
            "spans" => spans(style, run, reply, &mut out),
            flat => steps(style, reply, flat == "flat-steps", &mut out),
        }
        last = reply
            .calls
            .last()
            .map_or(reply.at, |call| call.at + call.took);
        if style.noise == "telemetry" {
            let usage = style.object([
                ("input_tokens", json!(reply.tokens.0)),
                ("output_tokens", json!(reply.tokens.1)),
            ]);
            let mut body = style.object([("name", json!("api_request")), ("usage", usage)]);
            if let (Some(first), Value::Object(members)) = (reply.calls.first(), &mut body) {
                members.extend(
                    style
                        .id(&first.id)
                        .map(|id| (style.name("tool_call_id"), id)),
                );
                members.insert(style.name("tool"), json!(first.tool));
            }
            out.push(style.record(Some(("type", "telemetry")), body, last));
        }
    }
    match style.shape {
        "openai" | "anthropic" | "gemini" => {
            out.push(message(
                style,
                "assistant",
                text(style, &run.answer),
                last + 5,
            ));
        }
        "events" | "start-end" => {
            let answer = style.object([("text", json!(run.answer))]);
            out.push(style.record(Some(("type", "assistant")), answer, last + 5));
        }
        _ => {}
    }
    out
}

fn text(style: &Style, words: &str) -> Value {
    match style.shape {
        "anthropic" => {
            let part = style.object([("type", json!(style.word("text"))), ("text", json!(words))]);
            json!([part])
        }
        "gemini" => json!([style.object([("text", json!(words))])]),
        _ => json!(words),
    }
}

fn message(style: &Style, role: &str, content: Value, at: u64) -> Value {
    let name = if style.shape == "gemini" {
        "parts"
    } else {
        "content"
    };
    let body = style.object([(name, content)]);
    style.record(Some(("role", role)), body, at)
}

fn id(style: &Style, call: &Call) -> Value {
    style.id(&call.id).unwrap_or_default()
}

fn openai(style: &Style, reply: &Reply, out: &mut Vec<Value>) {
    let calls: Vec<Value> = reply
        .calls
        .iter()
        .map(|call| {
            let function = style.object([
                ("name", json!(call.tool)),
                ("arguments", style.arguments(&call.arguments)),
            ]);
            style.object([
                ("id", id(style, call)),
                ("type", json!("function")),
                ("function", function),
            ])
        })
        .collect();
    let hidden = Some(&reply.hidden).filter(|text| !text.is_empty());
    let body = style.object([
        ("content", json!(reply.thought)),
        ("reasoning", json!(hidden)),
        ("tool_calls", json!(calls)),
    ]);
    out.push(style.record(Some(("role", "assistant")), body, reply.at));
    for call in &reply.calls {
        let body = style.object([
            ("tool_call_id", id(style, call)),
            ("content", json!(call.output)),
        ]);
        out.push(style.record(Some(("role", "tool")), body, call.at + call.took));
    }
}

fn anthropic(style: &Style, reply: &Reply, out: &mut Vec<Value>) {
    let mut parts = Vec::new();
    if !reply.thought.is_empty() {
        let kind = json!(style.word("text"));
        parts.push(style.object([("type", kind), ("text", json!(reply.thought))]));
    }
    for call in &reply.calls {
        parts.push(style.object([
            ("type", json!(style.word("tool_call"))),
            ("id", id(style, call)),
            ("name", json!(call.tool)),
            ("arguments", style.arguments(&call.arguments)),
        ]));
    }
    out.push(message(style, "assistant", json!(parts), reply.at));
    let results: Vec<Value> = reply
        .calls
        .iter()
        .map(|call| {
            style.object([
                ("type", json!(style.word("tool_result"))),
                ("tool_call_id", id(style, call)),
                ("content", json!(call.output)),
                ("is_error", json!(call.failed)),
            ])
        })
        .collect();
    let end = reply
        .calls
        .last()
        .map_or(reply.at, |call| call.at + call.took);
    out.push(message(style, "user", json!(results), end));
}

fn gemini(style: &Style, reply: &Reply, out: &mut Vec<Value>) {
    let mut parts = Vec::new();
    if !reply.thought.is_empty() {
        parts.push(style.object([("text", json!(reply.thought))]));
    }
    for call in &reply.calls {
        let inner = style.object([
            ("id", id(style, call)),
            ("name", json!(call.tool)),
            ("arguments", style.arguments(&call.arguments)),
        ]);
        parts.push(style.object([("function", inner)]));
    }
    out.push(message(style, "assistant", json!(parts), reply.at));
    let results: Vec<Value> = reply
        .calls
        .iter()
        .map(|call| {
            let response = style.object([("output", json!(call.output))]);
            let inner = style.object([
                ("id", id(style, call)),
                ("name", json!(call.tool)),
                ("result", response),
            ]);
            style.object([("function_response", inner)])
        })
        .collect();
    let end = reply
        .calls
        .last()
        .map_or(reply.at, |call| call.at + call.took);
    out.push(message(style, "user", json!(results), end));
}

fn words(style: &Style, reply: &Reply, out: &mut Vec<Value>) {
    if !reply.hidden.is_empty() {
        let body = style.object([("text", json!(reply.hidden))]);
        out.push(style.record(Some(("type", "reasoning")), body, reply.at));
    }
    if !reply.thought.is_empty() {
        let body = style.object([("text", json!(reply.thought))]);
        out.push(style.record(Some(("type", "assistant")), body, reply.at));
    }
}

fn events(style: &Style, reply: &Reply, out: &mut Vec<Value>) {
    words(style, reply, out);
    for call in &reply.calls {
        let body = style.object([
            ("tool_call_id", id(style, call)),
            ("name", json!(call.tool)),
            ("arguments", style.arguments(&call.arguments)),
        ]);
        out.push(style.record(Some(("type", "tool_call")), body, call.at));
    }
    // Results come back in any order where ids tell whose they are.
    let turned = style.ids != "none" && reply.at.is_multiple_of(2);
    let mut calls: Vec<&Call> = reply.calls.iter().collect();
    if turned {
        calls.reverse();
    }
    for call in calls {
        let body = style.object([
            ("tool_call_id", id(style, call)),
            ("output", json!(call.output)),
            ("exit_code", json!(call.exit)),
            ("is_error", json!(call.failed)),
        ]);
        let end = reply
            .calls
            .last()
            .map_or(call.at, |last| last.at + last.took);
        out.push(style.record(Some(("type", "tool_result")), body, end));
    }
}

fn start_end(style: &Style, reply: &Reply, out: &mut Vec<Value>) {
    words(style, reply, out);
    for call in &reply.calls {
        let body = style.object([
            ("id", id(style, call)),
            ("name", json!(call.tool)),
            ("arguments", style.arguments(&call.arguments)),
        ]);
        out.push(style.record(Some(("type", "tool_start")), body, call.at));
        if style.noise == "progress" {
            let half = call.output.chars().take(40).collect::<String>();
            let body = style.object([("id", id(style, call)), ("text", json!(half))]);
            out.push(style.record(Some(("type", "progress")), body, call.at + 3));
        }
        let body = style.object([
            ("id", id(style, call)),
            ("name", json!(call.tool)),
            ("output", json!(call.output)),
            ("exit_code", json!(call.exit)),
            ("duration_ms", json!(call.took)),
        ]);
        out.push(style.record(Some(("type", "tool_end")), body, call.at + call.took));
    }
}

fn steps(style: &Style, reply: &Reply, flat: bool, out: &mut Vec<Value>) {
    for (at, call) in reply.calls.iter().enumerate() {
        let thought = if at == 0 {
            json!(reply.thought)
        } else {
            json!("")
        };
        let body = if flat {
            style.object([
                ("thought", thought),
                ("name", json!(call.tool)),
                ("arguments", style.arguments(&call.arguments)),
                ("output", json!(call.output)),
                ("exit_code", json!(call.exit)),
            ])
        } else {
            let action = style.object([
                ("id", id(style, call)),
                ("name", json!(call.tool)),
                ("arguments", style.arguments(&call.arguments)),
            ]);
            style.object([
                ("thought", thought),
                ("action", action),
                ("observation", json!(call.output)),
                ("is_error", json!(call.failed)),
            ])
        };
        out.push(style.record(None, body, call.at));
    }
}

fn many_steps(style: &Style, reply: &Reply, number: usize, out: &mut Vec<Value>) {
    let (mut actions, mut seen) = (Vec::new(), Vec::new());
    for call in &reply.calls {
        actions.push(style.object([
            ("id", id(style, call)),
            ("name", json!(call.tool)),
            ("arguments", style.arguments(&call.arguments)),
        ]));
        seen.push(style.object([
            ("tool_call_id", id(style, call)),
            ("output", json!(call.output)),
            ("exit_code", json!(call.exit)),
        ]));
    }
    let body = style.object([
        ("step", json!(number + 1)),
        ("thought", json!(reply.thought)),
        ("actions", json!(actions)),
        ("observations", json!(seen)),
    ]);
    out.push(style.record(None, body, reply.at));
}

fn turn(style: &Style, reply: &Reply, asked: Option<&String>, out: &mut Vec<Value>) {
    let calls: Vec<Value> = reply
        .calls
        .iter()
        .map(|call| {
            let result = style.object([
                ("output", json!(call.output)),
                ("exit_code", json!(call.exit)),
            ]);
            style.object([
                ("id", id(style, call)),
                ("name", json!(call.tool)),
                ("arguments", style.arguments(&call.arguments)),
                ("result", result),
                ("duration_ms", json!(call.took)),
            ])
        })
        .collect();
    let body = style.object([
        ("prompt", json!(asked)),
        ("reasoning", json!(reply.hidden)),
        ("content", json!(reply.thought)),
        ("tool_calls", json!(calls)),
        ("input_tokens", json!(reply.tokens.0)),
        ("output_tokens", json!(reply.tokens.1)),
    ]);
    out.push(style.record(None, body, reply.at));
}

/// Spans as exporters write them: a model's span and one below it for each call, by end time.
fn spans(style: &Style, run: &Run, reply: &Reply, out: &mut Vec<Value>) {
    let attributes = |members: &[(&str, Value)]| {
        let typed = members
            .iter()
            .filter(|(_, v)| !v.is_null())
            .map(|(key, value)| {
                let kind = if value.is_number() {
                    "intValue"
                } else {
                    "stringValue"
                };
                let value = value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned);
                json!({"key": key, "value": {kind: value}})
            });
        Value::Array(typed.collect())
    };
    let span = |id: String, parent: Option<&str>, name: String, from: u64, to: u64, own: Value| {
        let mut span = Map::new();
        span.insert("traceId".into(), json!(run.session.replace('-', "")));
        span.insert("spanId".into(), json!(id));
        span.insert("parentSpanId".into(), json!(parent.unwrap_or("")));
        span.insert("name".into(), json!(name));
        span.insert(
            "startTimeUnixNano".into(),
            json!((from * 1_000_000).to_string()),
        );
        span.insert(
            "endTimeUnixNano".into(),
            json!((to * 1_000_000).to_string()),
        );
        span.insert(style.name("attributes"), own);
        Value::Object(span)
    };
    let parent = reply.id.replace("msg_", "aa");
    let end = reply
        .calls
        .last()
        .map_or(reply.at, |call| call.at + call.took);
    for (at, call) in reply.calls.iter().enumerate() {
        let own = attributes(&[
            ("acme.op", json!(style.word("tool_call"))),
            ("acme.tool.name", json!(call.tool)),
            ("acme.tool.call_id", id(style, call)),
            ("acme.tool.arguments", json!(call.arguments.to_string())),
            ("acme.tool.output", json!(call.output)),
        ]);
        let own_id = format!("{}{at:02x}", &parent[..12]);
        let name = format!("tool {}", call.tool);
        out.push(span(
            own_id,
            Some(&parent),
            name,
            call.at,
            call.at + call.took,
            own,
        ));
    }
    let own = attributes(&[
        ("acme.op", json!(style.word("assistant"))),
        ("acme.model", json!("some-model-4")),
        ("acme.completion", json!(reply.thought)),
        ("acme.input_tokens", json!(reply.tokens.0)),
    ]);
    out.push(span(
        parent.clone(),
        None,
        "chat".into(),
        reply.at,
        end + 1,
        own,
    ));
}
