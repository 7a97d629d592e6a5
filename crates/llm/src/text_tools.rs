//! Tool calls for models that have none: fenced JSON in the answer's text.
//!
//! The convention, told to the model in the system's words: to call a tool, write a block that
//! begins with a line of three backticks and `tool_call`, holds one JSON object with exactly
//! `name` and `arguments`, and ends with a line of three backticks.
//!
//! ````text
//! ```tool_call
//! {"name": "show_step", "arguments": {"step": 3}}
//! ```
//! ````
//!
//! Several blocks are several calls. Whatever is inside such a block but not of this form becomes a
//! call whose arguments are a [`ToolFault`], to be sent back; nothing is guessed. A JSON text holds
//! no raw line feeds inside strings, so a line of backticks always ends the block.

use std::fmt::Write as _;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::message::{Completion, Message, Request, Stop, ToolCall, ToolChoice, ToolFault};

const FENCE: &str = "```";
const OPENING: &str = "```tool_call";

/// The request with its tools, earlier calls and results written as text.
pub(crate) fn lower(mut request: Request) -> Request {
    let instruction = instruction(&request);
    request.system = match (request.system.take().filter(|s| !s.is_empty()), instruction) {
        (Some(system), Some(words)) => Some(format!("{system}\n\n{words}")),
        (system, words) => system.or(words),
    };
    let mut messages: Vec<Message> = Vec::with_capacity(request.messages.len());
    for message in request.messages {
        match message {
            Message::Assistant { text, calls, .. } => {
                messages.push(Message::assistant(with_calls(text, &calls)));
            }
            Message::Tool(result) => {
                let word = if result.failed { "failed" } else { "gave" };
                add_user(
                    &mut messages,
                    &format!(
                        "{} ({}) {word}:\n{}",
                        result.call_id, result.name, result.text
                    ),
                );
            }
            Message::User(text) => add_user(&mut messages, &text),
        }
    }
    request.messages = messages;
    request.tools = Vec::new();
    request.tool_choice = ToolChoice::Auto;
    request
}

/// Adds words of the user; after others of theirs they are one message with them, because models
/// of this kind often insist that roles take turns.
fn add_user(messages: &mut Vec<Message>, text: &str) {
    match messages.last_mut() {
        Some(Message::User(last)) => {
            last.push_str("\n\n");
            last.push_str(text);
        }
        _ => messages.push(Message::user(text)),
    }
}

fn instruction(request: &Request) -> Option<String> {
    if request.tools.is_empty() || request.tool_choice == ToolChoice::None {
        return None;
    }
    let mut words = format!(
        "You can call tools. To call one, write a block of exactly this form, the fences on lines \
         of their own:\n{OPENING}\n{{\"name\": \"the tool's name\", \"arguments\": {{}}}}\n{FENCE}\n\
         Write one block for each call, then stop and wait: the results come in the next message. \
         The tools:"
    );
    for tool in &request.tools {
        // Writing to a string cannot fail.
        let _ = write!(words, "\n- {}: {}", tool.name, tool.description);
        let _ = write!(words, "\n  arguments: {}", tool.parameters);
    }
    if let Some(demand) = demand(&request.tool_choice) {
        words.push('\n');
        words.push_str(&demand);
    }
    Some(words)
}

/// A choice that forces a call, in words.
fn demand(choice: &ToolChoice) -> Option<String> {
    match choice {
        ToolChoice::Required => Some("Call at least one tool in this answer.".to_owned()),
        ToolChoice::Named(name) => Some(format!("Call the tool {name} in this answer.")),
        ToolChoice::Auto | ToolChoice::None => None,
    }
}

/// The request with its tools, but a choice that forces a call as the user's last words.
pub(crate) fn ask_for_call(mut request: Request) -> Request {
    if let Some(words) = demand(&request.tool_choice) {
        add_user(&mut request.messages, &words);
        request.tool_choice = ToolChoice::Auto;
    }
    request
}

/// An earlier answer as the model wrote or would have written it.
fn with_calls(mut text: String, calls: &[ToolCall]) -> String {
    if calls.is_empty() || text.contains(OPENING) {
        return text;
    }
    for call in calls {
        let arguments = match &call.arguments {
            Ok(arguments) => Value::Object(arguments.clone()),
            Err(_) => Value::String(call.raw.clone()),
        };
        let object = serde_json::json!({"name": call.name, "arguments": arguments});
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        let _ = writeln!(text, "{OPENING}\n{object}\n{FENCE}");
    }
    text
}

/// The completion with the calls in its text. `earlier` is the number of calls before this answer,
/// so that ids differ within a conversation.
pub(crate) fn lift(mut completion: Completion, earlier: usize) -> Completion {
    completion.calls = parse(&completion.text, earlier);
    if !completion.calls.is_empty() && completion.stop == Stop::End {
        completion.stop = Stop::Tools;
    }
    completion
}

/// The calls in a text, in order; `earlier` is added to the numbers in their ids. Linear in the text.
#[must_use]
pub fn parse(text: &str, earlier: usize) -> Vec<ToolCall> {
    let mut calls = Vec::new();
    let mut block: Option<String> = None;
    let mut add = |raw: String, closed: bool| {
        let id = format!("call_{}", earlier + calls.len() + 1);
        calls.push(read(id, raw, closed));
    };
    for line in text.lines() {
        let bare = line.trim_end();
        match &mut block {
            None if bare == OPENING => block = Some(String::new()),
            None => {}
            Some(_) if bare == FENCE => add(block.take().unwrap_or_default(), true),
            Some(raw) => {
                raw.push_str(line);
                raw.push('\n');
            }
        }
    }
    if let Some(raw) = block {
        add(raw, false);
    }
    calls
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fenced {
    name: String,
    arguments: Map<String, Value>,
}

fn read(id: String, raw: String, closed: bool) -> ToolCall {
    let fault = |reason: String| {
        Err(ToolFault::Unreadable(format!(
            "{reason}; a {OPENING} block holds one JSON object with exactly `name` (a text) and \
             `arguments` (an object), and ends with a line of three backticks"
        )))
    };
    if !closed {
        return ToolCall {
            id,
            name: String::new(),
            arguments: fault("the block is not closed".to_owned()),
            raw,
        };
    }
    match serde_json::from_str::<Fenced>(&raw) {
        Ok(Fenced { name, arguments }) => ToolCall {
            id,
            name,
            raw: serde_json::to_string(&arguments).unwrap_or_default(),
            arguments: Ok(arguments),
        },
        Err(error) => ToolCall {
            id,
            name: String::new(),
            arguments: fault(error.to_string()),
            raw,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn calls_among_words() {
        let text = "Let me look.\n```tool_call\n{\"name\": \"show_step\", \"arguments\": {\"step\": 3}}\n```\n\
                    and\n```tool_call  \n{\n \"name\": \"search\",\n \"arguments\": {\"text\": \"```\\n\"}\n}\n```";
        let calls = parse(text, 4);
        assert_eq!(calls.len(), 2);
        assert_eq!(
            (calls[0].id.as_str(), calls[0].name.as_str()),
            ("call_5", "show_step")
        );
        assert_eq!(
            calls[1].arguments,
            Ok(json!({"text": "```\n"}).as_object().unwrap().clone())
        );
    }

    #[test]
    fn what_is_not_of_the_form_is_a_fault() {
        let faults: Vec<_> = [
            "```tool_call\n{\"name\": \"a\"}\n```",
            "```tool_call\n{\"name\": \"a\", \"arguments\": []}\n```",
            "```tool_call\n{\"name\": \"a\", \"arguments\": {}, \"why\": 1}\n```",
            "```tool_call\nshow_step(3)\n```",
            "```tool_call\n{\"name\": \"a\", \"arguments\": {}}",
            "```tool_call\n{\"name\": \"a\", \"arguments\": {}} {}\n```",
        ]
        .map(|text| parse(text, 0).remove(0).arguments.unwrap_err().to_string())
        .into();
        insta::assert_debug_snapshot!(faults);
    }

    #[test]
    fn other_fences_are_words() {
        for text in [
            "```json\n{\"name\": \"a\", \"arguments\": {}}\n```",
            "`tool_call`",
            "  ```tool_call\n{}\n```",
        ] {
            assert!(parse(text, 0).is_empty(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in ".{0,200}", earlier in 0..5_usize) {
            let _ = parse(&text, earlier);
        }

        #[test]
        fn pieces_of_blocks_are_read(pieces in prop::collection::vec(prop::sample::select(vec![
            "```tool_call", "```", "\n", "{\"name\":\"a\",\"arguments\":{}}", "{", "\"", " ", "\r\n", "x",
        ]), 0..40)) {
            let calls = parse(&pieces.concat(), 0);
            let openings = pieces.concat().matches(OPENING).count();
            prop_assert!(calls.len() <= openings);
        }

        #[test]
        fn what_is_written_is_read(
            names in prop::collection::vec("[a-z_]{1,12}", 1..5),
            value in ".{0,40}",
            prose in "[^`]{0,40}",
        ) {
            let calls: Vec<_> = names.iter().enumerate().map(|(at, name)| {
                let arguments = json!({"text": value, "n": at}).as_object().unwrap().clone();
                ToolCall {
                    id: format!("call_{}", at + 1),
                    name: name.clone(),
                    raw: Value::Object(arguments.clone()).to_string(),
                    arguments: Ok(arguments),
                }
            }).collect();
            prop_assert_eq!(parse(&with_calls(prose, &calls), 0), calls);
        }
    }
}
