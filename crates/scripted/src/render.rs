//! A reply in the bytes of the protocol that was asked.

use llm::{Usage, count_tokens};
use serde_json::{Map, Value, json};

use crate::asked::Asked;
use crate::reply::{Answer, Bytes, Fault, Reply, Said};
use crate::wire::{Piece, Sent};
use crate::{Protocol, reply};

/// The name under which every answer says it was written.
const MODEL: &str = "scripted-1";

pub(crate) fn sent(reply: &Reply, asked: &Asked) -> Sent {
    let (bytes, counted) = match &reply.said {
        Said::Bytes(bytes) => (bytes.clone(), Usage::default()),
        Said::Answer(answer) => {
            let mut answer = answer.clone();
            if reply.usage.is_none() {
                hold_to_limit(&mut answer, asked);
            }
            let usage = reply.usage.unwrap_or_else(|| count(&answer, asked));
            (written(&answer, usage, asked), usage)
        }
    };
    let Bytes {
        status,
        headers,
        pieces,
        chunked,
    } = bytes;
    let mut sent = Sent {
        status,
        headers,
        pieces,
        chunked,
        delay: reply.delay,
        usage: reply.usage.unwrap_or(counted),
    };
    for fault in &reply.faults {
        spoil(&mut sent, fault);
    }
    sent
}

fn count(answer: &Answer, asked: &Asked) -> Usage {
    let calls = answer.calls.iter();
    let calls = calls.map(|(name, args)| count_tokens(name) + count_tokens(&arguments(args)));
    Usage {
        input: asked.prompt_tokens(),
        output: count_tokens(&answer.text) + calls.sum::<u64>(),
        ..Usage::default()
    }
}

/// Cuts words where a model would have to stop.
fn hold_to_limit(answer: &mut Answer, asked: &Asked) {
    let Some(limit) = asked.max_output else {
        return;
    };
    loop {
        let counted = count_tokens(&answer.text);
        if counted <= limit {
            return;
        }
        let share = u128::from(limit) * answer.text.len() as u128 / u128::from(counted);
        let most = usize::try_from(share).unwrap_or(usize::MAX);
        let shorter = most.min(answer.text.len() - 1);
        answer
            .text
            .truncate(answer.text.floor_char_boundary(shorter));
        answer.cut_at_limit = true;
    }
}

fn written(answer: &Answer, usage: Usage, asked: &Asked) -> Bytes {
    let usage = answer.counts.then_some(usage);
    let reply = match (asked.protocol, asked.streaming) {
        (Protocol::OpenAi, false) => Reply::json(&openai(answer, usage, asked.number)),
        (Protocol::OpenAi, true) => {
            Reply::events(&openai_events(answer, usage, asked.number)).body("data: [DONE]\n\n")
        }
        (Protocol::Anthropic, false) => Reply::json(&anthropic(answer, usage, asked.number)),
        (Protocol::Anthropic, true) => {
            Reply::events(&anthropic_events(answer, usage, asked.number))
        }
    };
    match reply.said {
        reply::Said::Bytes(bytes) => bytes,
        reply::Said::Answer(_) => unreachable!("these are made of bytes"),
    }
}

/// Arguments as the model writes them.
fn arguments(arguments: &Value) -> String {
    match arguments {
        Value::String(written) => written.clone(),
        other => other.to_string(),
    }
}

fn openai_usage(usage: Usage) -> Value {
    json!({
        "prompt_tokens": usage.prompt(),
        "completion_tokens": usage.output,
        "total_tokens": usage.total(),
        "prompt_tokens_details": {"cached_tokens": usage.cached_read},
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning},
    })
}

fn openai_reason(answer: &Answer) -> &'static str {
    match answer {
        Answer {
            cut_at_limit: true, ..
        } => "length",
        Answer { calls, .. } if !calls.is_empty() => "tool_calls",
        _ => "stop",
    }
}

fn openai_calls(answer: &Answer, number: usize) -> Vec<Value> {
    let calls = answer.calls.iter().enumerate();
    calls
        .map(|(at, (name, args))| {
            json!({
                "index": at,
                "id": format!("call_{number}_{at}"),
                "type": "function",
                "function": {"name": name, "arguments": arguments(args)},
            })
        })
        .collect()
}

fn openai(answer: &Answer, usage: Option<Usage>, number: usize) -> Value {
    let mut message = Map::new();
    message.insert("role".into(), "assistant".into());
    let said = Value::from(answer.text.as_str());
    let (content, refusal) = if answer.refuses {
        (Value::Null, said)
    } else {
        (said, Value::Null)
    };
    message.insert("content".into(), content);
    message.insert("refusal".into(), refusal);
    if !answer.calls.is_empty() {
        message.insert("tool_calls".into(), openai_calls(answer, number).into());
    }
    let choice = json!({"index": 0, "message": message, "finish_reason": openai_reason(answer)});
    let mut body = json!({
        "id": format!("chatcmpl-{number}"),
        "object": "chat.completion",
        "created": 1,
        "model": MODEL,
        "choices": [choice],
    });
    if let Some(usage) = usage {
        body["usage"] = openai_usage(usage);
    }
    body
}

fn openai_events(answer: &Answer, usage: Option<Usage>, number: usize) -> Vec<Value> {
    let chunk = |delta: Value, reason: Option<&str>| {
        json!({
            "id": format!("chatcmpl-{number}"),
            "object": "chat.completion.chunk",
            "created": 1,
            "model": MODEL,
            "choices": [{"index": 0, "delta": delta, "finish_reason": reason}],
        })
    };
    let mut events = vec![chunk(json!({"role": "assistant", "content": ""}), None)];
    let field = if answer.refuses { "refusal" } else { "content" };
    for part in parts(&answer.text) {
        events.push(chunk(json!({field: part}), None));
    }
    for (at, mut call) in openai_calls(answer, number).into_iter().enumerate() {
        let written = call["function"]["arguments"].take();
        call["function"]["arguments"] = "".into();
        events.push(chunk(json!({"tool_calls": [call]}), None));
        for part in parts(written.as_str().unwrap_or_default()) {
            let more = json!({"index": at, "function": {"arguments": part}});
            events.push(chunk(json!({"tool_calls": [more]}), None));
        }
    }
    events.push(chunk(json!({}), Some(openai_reason(answer))));
    if let Some(usage) = usage {
        events.push(json!({"id": format!("chatcmpl-{number}"), "model": MODEL, "choices": [], "usage": openai_usage(usage)}));
    }
    events
}

fn anthropic_usage(usage: Usage) -> Value {
    json!({
        "input_tokens": usage.input,
        "cache_read_input_tokens": usage.cached_read,
        "cache_creation_input_tokens": usage.cache_write,
        "output_tokens": usage.output,
    })
}

fn anthropic_reason(answer: &Answer) -> &'static str {
    match answer {
        Answer { refuses: true, .. } => "refusal",
        Answer {
            cut_at_limit: true, ..
        } => "max_tokens",
        Answer { calls, .. } if !calls.is_empty() => "tool_use",
        _ => "end_turn",
    }
}

fn anthropic(answer: &Answer, usage: Option<Usage>, number: usize) -> Value {
    let mut content = Vec::new();
    if !answer.text.is_empty() {
        content.push(json!({"type": "text", "text": answer.text}));
    }
    for (at, (name, args)) in answer.calls.iter().enumerate() {
        // The protocol's arguments are JSON by their place; garbled ones are a text there.
        content.push(json!({
            "type": "tool_use",
            "id": format!("toolu_{number}_{at}"),
            "name": name,
            "input": args,
        }));
    }
    let mut body = json!({
        "id": format!("msg_{number}"),
        "type": "message",
        "role": "assistant",
        "model": MODEL,
        "content": content,
        "stop_reason": anthropic_reason(answer),
        "stop_sequence": null,
    });
    if let Some(usage) = usage {
        body["usage"] = anthropic_usage(usage);
    }
    body
}

fn anthropic_events(answer: &Answer, usage: Option<Usage>, number: usize) -> Vec<Value> {
    let mut message = anthropic(&Answer::default(), usage, number);
    message["stop_reason"] = Value::Null;
    if usage.is_some() {
        message["usage"]["output_tokens"] = 1.into();
    }
    let mut events = vec![json!({"type": "message_start", "message": message})];
    let mut index = 0;
    let mut block = |start: Value, deltas: Vec<Value>| {
        events.push(json!({"type": "content_block_start", "index": index, "content_block": start}));
        for delta in deltas {
            events.push(json!({"type": "content_block_delta", "index": index, "delta": delta}));
        }
        events.push(json!({"type": "content_block_stop", "index": index}));
        index += 1;
    };
    if !answer.text.is_empty() {
        let delta = |part| json!({"type": "text_delta", "text": part});
        let deltas = parts(&answer.text).into_iter().map(delta).collect();
        block(json!({"type": "text", "text": ""}), deltas);
    }
    for (at, (name, args)) in answer.calls.iter().enumerate() {
        let written = arguments(args);
        let delta = |part| json!({"type": "input_json_delta", "partial_json": part});
        let deltas = parts(&written).into_iter().map(delta).collect();
        let id = format!("toolu_{number}_{at}");
        block(
            json!({"type": "tool_use", "id": id, "name": name, "input": {}}),
            deltas,
        );
    }
    let mut end = json!({
        "type": "message_delta",
        "delta": {"stop_reason": anthropic_reason(answer), "stop_sequence": null},
    });
    if let Some(usage) = usage {
        end["usage"] = json!({"output_tokens": usage.output});
    }
    events.extend([end, json!({"type": "message_stop"})]);
    events
}

/// The pieces in which a text is streamed: a few words each, and never very many of them.
fn parts(text: &str) -> Vec<&str> {
    let size = (text.len() / 256).max(16);
    let mut parts = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let at = rest.ceil_char_boundary(size);
        let (part, more) = rest.split_at(at);
        parts.push(part);
        rest = more;
    }
    parts
}

fn spoil(sent: &mut Sent, fault: &Fault) {
    match fault {
        Fault::Malformed if sent.chunked => {
            let at = sent.pieces.len().min(1);
            let event = b"data: {\"id\": \"broken\", \"choices\": [{\"del\n\n".to_vec();
            sent.pieces.insert(at, Piece::Bytes(event));
        }
        Fault::Malformed => {
            let body = joined(sent);
            let (first, second) = body.split_at(body.len() / 2);
            sent.pieces = vec![Piece::Bytes([first, b"\"}]?{", second].concat())];
        }
        Fault::Truncated if sent.chunked => {
            // The last three say in either protocol that the answer is whole.
            let events = sent.pieces.len();
            sent.pieces
                .truncate(events.div_ceil(2).min(events.saturating_sub(3)));
        }
        Fault::Truncated => {
            let body = joined(sent);
            let half = body[..body.len() / 2].to_vec();
            sent.pieces = vec![Piece::Bytes(half), Piece::Cut];
        }
        Fault::Drip(bytes, every) => {
            let body = joined(sent);
            let size = (*bytes).max(1);
            sent.pieces = body
                .chunks(size)
                .flat_map(|part| [Piece::Bytes(part.to_vec()), Piece::Pause(*every)])
                .collect();
        }
        Fault::Stall => sent.pieces.push(Piece::Stall),
        Fault::Cut => sent.pieces.push(Piece::Cut),
    }
}

fn joined(sent: &Sent) -> Vec<u8> {
    let bytes = sent.pieces.iter().filter_map(|piece| match piece {
        Piece::Bytes(bytes) => Some(bytes.as_slice()),
        Piece::Pause(_) | Piece::Stall | Piece::Cut => None,
    });
    bytes.collect::<Vec<_>>().concat()
}
