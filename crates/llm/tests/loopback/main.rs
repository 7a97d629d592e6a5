//! The client against a real HTTP server on loopback that speaks both protocols, well and badly.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test that cannot go on has failed"
)]

mod budgets;
mod cassettes;
mod conversation;
#[cfg(unix)]
mod examples;
mod faults;
mod folders;
mod json_answers;
mod patience;
#[cfg(unix)]
mod programs;
mod server;

use std::time::Duration;

use llm::{Client, ClientBuilder, Message, Request, Retry, Settings, Tool};
use serde_json::{Value, json};

use server::{Reply, Server};

const KEY: &str = "sk-test-0123456789";

/// A client of `model` at the server, that waits little between attempts.
fn builder(server: &Server, model: &str) -> ClientBuilder {
    let settings = Settings::from_pairs([
        ("OPENAI_BASE_URL", server.url("/v1")),
        ("OLLAMA_BASE_URL", server.url("/v1")),
        ("OPENROUTER_BASE_URL", server.url("/v1")),
        ("ANTHROPIC_BASE_URL", server.url("")),
        ("OPENAI_API_KEY", KEY.to_owned()),
        ("ANTHROPIC_API_KEY", KEY.to_owned()),
    ]);
    let retry = Retry {
        first_wait: Duration::from_millis(1),
        ..Retry::default()
    };
    Client::builder(model, &settings).unwrap().retry(retry)
}

fn client(server: &Server, model: &str) -> Client {
    builder(server, model).build().unwrap()
}

const OPENAI: &str = "openai/gpt-5.4-mini";
const ANTHROPIC: &str = "anthropic/claude-sonnet-5";

fn ask(text: &str) -> Request {
    Request::new(vec![Message::user(text)])
}

fn show_step() -> Tool {
    Tool {
        name: "show_step".to_owned(),
        description: "Shows one step.".to_owned(),
        parameters: json!({
            "type": "object",
            "properties": {"step": {"type": "integer", "minimum": 1}},
            "required": ["step"],
            "additionalProperties": false,
        }),
    }
}

/// An answer in OpenAI's protocol.
fn openai(text: &str) -> Value {
    json!({
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "model": "gpt-5.4-mini-2026-03-17",
        "choices": [{
            "index": 0,
            "message": {"role": "assistant", "content": text},
            "finish_reason": "stop",
        }],
        "usage": {
            "prompt_tokens": 120,
            "completion_tokens": 30,
            "prompt_tokens_details": {"cached_tokens": 100},
            "completion_tokens_details": {"reasoning_tokens": 20},
        },
    })
}

/// An answer in Anthropic's protocol.
fn anthropic(text: &str) -> Value {
    json!({
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-sonnet-5",
        "content": [{"type": "text", "text": text}],
        "stop_reason": "end_turn",
        "usage": {
            "input_tokens": 20,
            "cache_read_input_tokens": 60,
            "cache_creation_input_tokens": 40,
            "output_tokens": 30,
        },
    })
}

/// A streamed answer in OpenAI's protocol, without its end.
fn openai_chunks(words: &[&str]) -> Vec<Value> {
    words
        .iter()
        .map(|word| json!({"id": "c1", "model": "m", "choices": [{"index": 0, "delta": {"content": word}}]}))
        .collect()
}

fn openai_stream(words: &[&str]) -> Reply {
    let mut chunks = openai_chunks(words);
    chunks.push(json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}));
    chunks.push(json!({"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 3}}));
    Reply::events(&chunks).body("data: [DONE]\n\n")
}
