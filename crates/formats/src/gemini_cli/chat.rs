//! The records of a session file, brought into the state they leave behind.
//!
//! The file is a log of changes: a message may be written again when its tools have finished or its
//! tokens are known, `$set` changes members of the header, `$rewindTo` takes messages out of the
//! model's sight. What was done stays done, so nothing is taken out here.

use std::collections::HashMap;

use serde_json::{Map, Value};
use trace::Ref;

use crate::json::str_at;

/// A session as its file tells it.
#[derive(Debug, Default)]
pub(super) struct Chat {
    /// Members of the header; of one stated twice the later.
    pub(super) header: Map<String, Value>,
    /// The messages in the order of their first appearance.
    pub(super) messages: Vec<Message>,
    known: HashMap<String, usize>,
}

/// A message with its tool calls.
#[derive(Debug, Default)]
pub(super) struct Message {
    /// All but the tool calls, as last written.
    pub(super) value: Value,
    /// The tool calls in the order of issue.
    pub(super) calls: Vec<ToolCall>,
    /// True for a message that was not recorded when it was said but put in with a rewritten
    /// history: the setting of the scene, a summary.
    pub(super) put_in: bool,
}

/// A tool call and where its call and its result first stand.
#[derive(Debug)]
pub(super) struct ToolCall {
    /// The record of the call.
    pub(super) value: Value,
    /// The first record of the call.
    pub(super) asked: Option<Ref>,
    /// The first record of it with a result.
    pub(super) answered: Option<Ref>,
}

impl Chat {
    /// Takes a message; `cite` gives the place of its tool call number so and so. False when its
    /// kind is unknown.
    pub(super) fn message(
        &mut self,
        mut value: Value,
        put_in: bool,
        cite: impl Fn(usize) -> Option<Ref>,
    ) -> bool {
        let known_kind = super::KINDS.contains(&str_at(&value, "type").unwrap_or_default());
        let calls = value.as_object_mut().and_then(|m| m.remove("toolCalls"));
        let id = str_at(&value, "id").filter(|id| !id.is_empty());
        let found = id.and_then(|id| self.known.get(id).copied());
        let at = found.unwrap_or(self.messages.len());
        if found.is_none() {
            if let Some(id) = id {
                self.known.insert(id.to_owned(), at);
            }
            self.messages.push(Message {
                put_in,
                ..Message::default()
            });
        }
        let held = &mut self.messages[at];
        // A rewritten history may have masked what was said and what came back.
        if !put_in || found.is_none() {
            held.value = value;
        }
        if let Some(Value::Array(calls)) = calls {
            for (number, call) in calls.into_iter().enumerate() {
                held.call(call, put_in, &|| cite(number));
            }
        }
        known_kind
    }

    /// Takes what a `$set` record or a header says.
    pub(super) fn set(&mut self, members: Map<String, Value>, cite: impl Fn() -> Option<Ref>) {
        // A log may begin with all there was to say; later such a list is a rewritten history.
        let put_in = !self.messages.is_empty();
        for (key, value) in members {
            if key == "messages" {
                let Value::Array(messages) = value else {
                    continue;
                };
                for message in messages {
                    self.message(message, put_in, |_| cite());
                }
            } else if !value.is_null() {
                self.header.insert(key, value);
            }
        }
    }
}

impl Message {
    /// Takes a tool call, which may have been written before.
    fn call(&mut self, value: Value, put_in: bool, cite: &dyn Fn() -> Option<Ref>) {
        let id = str_at(&value, "id").filter(|id| !id.is_empty());
        let before = id.and_then(|id| {
            let mut calls = self.calls.iter_mut();
            calls.find(|call| str_at(&call.value, "id") == Some(id))
        });
        let answered = has_result(&value);
        let Some(before) = before else {
            let asked = cite();
            self.calls.push(ToolCall {
                answered: asked.clone().filter(|_| answered),
                asked,
                value,
            });
            return;
        };
        let first_answer = answered && !has_result(&before.value);
        if first_answer {
            before.answered = cite();
        }
        if first_answer || (!put_in && (answered || !has_result(&before.value))) {
            before.value = value;
        }
    }
}

fn has_result(call: &Value) -> bool {
    call.get("result").is_some_and(|result| !result.is_null())
}
