//! Answers of Anthropic's messages that arrive in pieces.

use serde_json::Value;

use super::{Answer, Block, add_usage, fault, foreign};
use crate::message::{Completion, Delta};
use crate::provider::{BadAnswer, StreamReader, excerpt};
use crate::sse::Event;

#[derive(Default)]
pub(super) struct Reader {
    answer: Answer,
    started: bool,
    stopped: bool,
}

impl StreamReader for Reader {
    fn event(&mut self, event: &Event, give: &mut dyn FnMut(Delta)) -> Result<(), BadAnswer> {
        let value: Value = serde_json::from_str(&event.data).map_err(|error| {
            BadAnswer::Garbled(format!(
                "an event is not JSON ({error}): {}",
                excerpt(&event.data)
            ))
        })?;
        let index = value.get("index").and_then(Value::as_u64).unwrap_or(0);
        let kind = value
            .get("type")
            .and_then(Value::as_str)
            .unwrap_or(&event.name);
        match kind {
            "message_start" => {
                let message = value.get("message").unwrap_or(&Value::Null);
                self.started = true;
                self.answer.head(message);
            }
            "content_block_start" => {
                let block = Block::new(value.get("content_block").unwrap_or(&Value::Null));
                match block.kind() {
                    "tool_use" => give(Delta::ToolCall {
                        name: block.field("name").to_owned(),
                    }),
                    "text" if !block.field("text").is_empty() => {
                        give(Delta::Text(block.field("text").to_owned()));
                    }
                    _ => {}
                }
                self.answer.blocks.insert(index, block);
            }
            "content_block_delta" => self.delta(index, value.get("delta"), give),
            "message_delta" => {
                if let Some(delta) = value.get("delta") {
                    self.answer.head(delta);
                }
                if let Some(usage) = value.get("usage") {
                    add_usage(&mut self.answer.completion.usage, usage);
                }
            }
            "message_stop" => self.stopped = true,
            "error" => return Err(fault(&value)),
            // Pings, ends of blocks, and what is added to the protocol later.
            _ if self.started => {}
            _ => {
                return Err(foreign(
                    "its stream does not begin with `message_start`",
                    &value,
                ));
            }
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<Completion, BadAnswer> {
        if !self.stopped {
            return Err(BadAnswer::Incomplete("`message_stop` did not come".into()));
        }
        Ok(self.answer.finish())
    }
}

impl Reader {
    fn delta(&mut self, index: u64, delta: Option<&Value>, give: &mut dyn FnMut(Delta)) {
        let (Some(delta), Some(block)) = (delta, self.answer.blocks.get_mut(&index)) else {
            return;
        };
        let part = |field: &str| delta.get(field).and_then(Value::as_str).unwrap_or_default();
        match part("type") {
            "text_delta" => {
                block.grown.push_str(part("text"));
                give(Delta::Text(part("text").to_owned()));
            }
            "thinking_delta" => {
                block.grown.push_str(part("thinking"));
                give(Delta::Reasoning(part("thinking").to_owned()));
            }
            "input_json_delta" => block.grown.push_str(part("partial_json")),
            "signature_delta" => block.signature.push_str(part("signature")),
            _ => {}
        }
    }
}
