//! Answers of chat completions that arrive in pieces.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{CallPiece, array, fault, finish, foreign, head, reasoning, string, text};
use crate::message::{Completion, Delta, Stop};
use crate::provider::{BadAnswer, StreamReader, excerpt};
use crate::sse::Event;

#[derive(Default)]
pub(super) struct Reader {
    completion: Completion,
    calls: Vec<CallPiece>,
    /// The call that each index stands for at the moment.
    at_index: BTreeMap<u64, usize>,
    finish_reason: Option<Value>,
    done: bool,
}

impl StreamReader for Reader {
    fn event(&mut self, event: &Event, give: &mut dyn FnMut(Delta)) -> Result<(), BadAnswer> {
        if event.data.trim() == "[DONE]" {
            self.done = true;
            return Ok(());
        }
        let chunk: Value = serde_json::from_str(&event.data).map_err(|error| {
            BadAnswer::Garbled(format!(
                "an event is not JSON ({error}): {}",
                excerpt(&event.data)
            ))
        })?;
        fault(&chunk)?;
        head(&mut self.completion, &chunk);
        if chunk.get("choices").is_none() && chunk.get("usage").is_none() {
            return Err(foreign("an event has no `choices`", &chunk));
        }
        let Some(choice) = chunk.pointer("/choices/0") else {
            return Ok(());
        };
        if let Some(delta) = choice.get("delta").and_then(Value::as_object) {
            self.delta(delta, give);
        }
        if let Some(reason) = choice
            .get("finish_reason")
            .filter(|reason| !reason.is_null())
        {
            self.finish_reason = Some(reason.clone());
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<Completion, BadAnswer> {
        if !self.done && self.finish_reason.is_none() {
            return Err(BadAnswer::Incomplete(
                "neither a finish reason nor [DONE] came".into(),
            ));
        }
        finish(
            &mut self.completion,
            self.calls,
            self.finish_reason.as_ref(),
        );
        Ok(self.completion)
    }
}

impl Reader {
    fn delta(&mut self, delta: &Map<String, Value>, give: &mut dyn FnMut(Delta)) {
        let thought = reasoning(delta);
        if !thought.is_empty() {
            self.completion.reasoning.push_str(&thought);
            give(Delta::Reasoning(thought));
        }
        let mut words = text(delta.get("content"));
        if let Some(refusal) = string(delta.get("refusal")) {
            words.push_str(refusal);
            self.completion.stop = Stop::Refusal;
        }
        if !words.is_empty() {
            self.completion.text.push_str(&words);
            give(Delta::Text(words));
        }
        for (position, call) in array(delta.get("tool_calls")).iter().enumerate() {
            let index = call
                .get("index")
                .and_then(Value::as_u64)
                .unwrap_or(position as u64);
            if let Some(name) = self
                .piece(index, string(call.get("id")))
                .and_then(|p| p.add(call))
            {
                give(Delta::ToolCall {
                    name: name.to_owned(),
                });
            }
        }
    }

    /// The call that a part belongs to. Servers exist that give every call the index 0, so that an
    /// id of its own begins a new call.
    fn piece(&mut self, index: u64, id: Option<&str>) -> Option<&mut CallPiece> {
        let known = self.at_index.get(&index).copied().filter(|at| {
            let old = self.calls.get(*at).map_or("", |call| &call.id);
            id.is_none_or(|id| id.is_empty() || old.is_empty() || id == old)
        });
        let at = known.unwrap_or_else(|| {
            self.calls.push(CallPiece::default());
            self.at_index.insert(index, self.calls.len() - 1);
            self.calls.len() - 1
        });
        self.calls.get_mut(at)
    }
}
