//! Messages of a conversation: native tool blocks, or calls and results in text.

use serde_json::Value;
use trace::{Address, Ref, RefPart, Trajectory, Usage};

use super::{request_of, result, time_of, usage_of, xml};
use crate::json::str_at;
use crate::tool;
use crate::transcript::{Call, Transcript};

/// Gives the place of the message being read in the artifact.
pub(super) type Cite<'c> = &'c dyn Fn(RefPart) -> Option<Ref>;

/// Builds the trajectory of one conversation.
#[derive(Default)]
pub(super) struct Conversation {
    transcript: Transcript,
    index: Option<u64>,
    replies: usize,
    /// Calls of the last reply that wait for a result, with their tools: results in text name only
    /// the tool, whether the call was native or written.
    written: Vec<(String, usize)>,
    /// What each reply cost and when it was asked for, where another file says so.
    pub(super) requests: Vec<Request>,
    asked_before: bool,
    /// False for messages that do not say when they were written.
    timed: bool,
}

/// One request to the model as the extension's interface lists it.
#[derive(Clone, Copy, Default)]
pub(super) struct Request {
    pub(super) time: Option<trace::Timestamp>,
    pub(super) usage: Usage,
}

impl Conversation {
    /// The run's own fields.
    pub(super) fn run(&mut self) -> &mut Trajectory {
        self.transcript.about()
    }

    /// Reads one message; false when its role or a block of it is unknown.
    pub(super) fn message(&mut self, message: &Value, cite: Cite<'_>) -> bool {
        self.index = Some(self.index.map_or(0, |index| index + 1));
        self.timed = message.get("ts").is_some();
        self.transcript.at(time_of(message.get("ts")));
        let summary = message.get("isSummary").and_then(Value::as_bool) == Some(true);
        match str_at(message, "role") {
            Some("assistant") => self.reply(message, summary, cite),
            Some("user") => self.user(message, summary, cite),
            _ => false,
        }
    }

    fn reply(&mut self, message: &Value, summary: bool, cite: Cite<'_>) -> bool {
        self.transcript.begin_reply(None);
        self.written.clear();
        let request = self.requests.get(self.replies).copied().unwrap_or_default();
        self.replies += 1;
        if !self.timed {
            self.transcript.at(request.time);
        }
        let metrics = if request.usage.is_empty() {
            message.get("metrics").map(usage_of).unwrap_or_default()
        } else {
            request.usage
        };
        if let Some(model) = message
            .pointer("/modelInfo/id")
            .or(message.pointer("/modelInfo/modelId"))
        {
            self.run().model = model.as_str().map(str::to_owned);
        }
        let mut known = true;
        match message.get("content") {
            Some(Value::String(text)) if !summary => self.told(text, cite),
            Some(Value::Array(blocks)) => {
                for block in blocks {
                    known &= self.reply_block(block, summary, cite);
                }
            }
            _ => {}
        }
        self.transcript.usage(metrics);
        known
    }

    fn reply_block(&mut self, block: &Value, summary: bool, cite: Cite<'_>) -> bool {
        let text = str_at(block, "text").unwrap_or_default();
        match str_at(block, "type").unwrap_or_default() {
            "text" if summary => {}
            "text" => self.told(text, cite),
            "thinking" | "reasoning" => {
                self.transcript
                    .think(str_at(block, "thinking").unwrap_or(text));
            }
            "tool_use" => {
                let name = str_at(block, "name").unwrap_or_default();
                let input = block.get("input").cloned().unwrap_or_default();
                let index = self.call(str_at(block, "id"), tool::action(name, input), cite);
                self.written.push((name.to_owned(), index));
            }
            kind => {
                return matches!(
                    kind,
                    "redacted_thinking" | "thoughtSignature" | "image" | "file"
                );
            }
        }
        true
    }

    /// Words of a reply with the calls written among them.
    fn told(&mut self, text: &str, cite: Cite<'_>) {
        let mut at = 0;
        for call in xml::calls(text) {
            self.say(&text[at..call.range.start]);
            at = call.range.end;
            let index = self.call(None, tool::action(call.tool, call.arguments), cite);
            self.written.push((call.tool.to_owned(), index));
        }
        self.say(&text[at..]);
    }

    fn say(&mut self, text: &str) {
        let text = text.trim();
        let inner = text
            .strip_prefix("<thinking>")
            .and_then(|rest| rest.split_once("</thinking>"));
        match inner {
            Some((thought, rest)) => {
                self.transcript.think(thought);
                self.transcript.say(rest);
            }
            None => self.transcript.say(text),
        }
    }

    fn call(&mut self, id: Option<&str>, action: trace::Action, cite: Cite<'_>) -> usize {
        self.transcript.call(Call {
            address: Address {
                message: self.index,
                ..Address::default()
            },
            cite: cite(RefPart::Action),
            ..Call::new(id, action)
        })
    }

    fn user(&mut self, message: &Value, summary: bool, cite: Cite<'_>) -> bool {
        let lone;
        let blocks = match message.get("content") {
            Some(Value::Array(blocks)) => blocks.as_slice(),
            Some(content @ Value::String(_)) => {
                lone = [serde_json::json!({"type": "text", "text": content})];
                &lone
            }
            _ => return false,
        };
        let mut known = true;
        let mut words: Vec<&str> = Vec::new();
        // The result being put together: which tool's, and its text.
        let mut open: Option<(&str, String)> = None;
        // Beside results, a person's words are marked; the rest is the program's.
        let mut answered = false;
        for block in blocks {
            let text = str_at(block, "text").unwrap_or_default();
            match str_at(block, "type").unwrap_or_default() {
                "tool_result" => {
                    answered = true;
                    let id = str_at(block, "tool_use_id");
                    let cited = cite(RefPart::Observation);
                    let index = self.transcript.result(id, result::native(block), cited);
                    self.written.retain(|(_, own)| Some(*own) != index);
                    self.untime(index);
                }
                "text" => {
                    if let Some((tool, rest)) = header_of(text) {
                        answered = true;
                        self.close(open.take(), cite);
                        open = Some((tool, rest.to_owned()));
                        // What stands in the same block as its head is whole.
                        if !rest.trim().is_empty() {
                            self.close(open.take(), cite);
                        }
                    } else if let Some((_, result)) = open.as_mut().filter(|_| !is_added(text)) {
                        result.push('\n');
                        result.push_str(text);
                    } else if !is_added(text) && (!answered || is_marked(text)) {
                        words.push(text);
                    }
                }
                kind => known &= matches!(kind, "image" | "file"),
            }
        }
        self.close(open.take(), cite);
        if !words.is_empty() && !summary {
            self.asked(&words);
        }
        known
    }

    /// What a person wrote; the first is the task.
    fn asked(&mut self, words: &[&str]) {
        let words: Vec<&str> = words.iter().map(|text| request_of(text)).collect();
        let words = words.join("\n\n");
        // Reminders that the program sends by itself are no words of a person.
        if self.asked_before && words.starts_with("[ERROR]")
            || words.starts_with("[TASK RESUMPTION]")
        {
            return;
        }
        self.asked_before |= !words.trim().is_empty();
        self.transcript.user(words.trim());
    }

    /// Gives a result in text to the call it names.
    fn close(&mut self, open: Option<(&str, String)>, cite: Cite<'_>) {
        let Some((tool, text)) = open else { return };
        let text = without_environment(&text);
        let named = self.written.iter().position(|(own, _)| own == tool);
        let Some(at) = named.or((!self.written.is_empty()).then_some(0)) else {
            return;
        };
        let (_, index) = self.written.remove(at);
        let cited = cite(RefPart::Observation);
        self.transcript
            .result_of(index, result::in_text(text), cited);
        self.untime(Some(index));
    }

    /// Takes back the time of a result that has none of its own.
    fn untime(&mut self, index: Option<usize>) {
        if let Some(index) = index.filter(|_| !self.timed) {
            self.transcript.steps_mut()[index].ended = None;
        }
    }

    /// The run, and what was odd about it.
    pub(super) fn finish(self) -> (Trajectory, Vec<String>) {
        let orphans = self.transcript.orphans();
        let warnings = (orphans > 0).then(|| format!("{orphans} results answer no known call"));
        (self.transcript.finish(), warnings.into_iter().collect())
    }
}

/// `[execute_command for 'ls'] Result:` and what follows it: the tool's name and the rest.
fn header_of(text: &str) -> Option<(&str, &str)> {
    let inner = text.strip_prefix('[')?;
    let name = inner
        .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .map(|end| &inner[..end])?;
    let (_, rest) = text.split_once("] Result:")?;
    (!name.is_empty()).then_some((name, rest))
}

/// True for what the program adds to a message by itself.
fn is_added(text: &str) -> bool {
    const HEADS: [&str; 5] = [
        "<environment_details>",
        "<mode_notice>",
        "<explicit_instructions",
        "# task_progress",
        "# TODO LIST",
    ];
    let text = text.trim_start();
    text.is_empty() || HEADS.iter().any(|head| text.starts_with(head))
}

/// True for a person's words in a tag that says so.
fn is_marked(text: &str) -> bool {
    request_of(text).len() < text.trim().len() && text.trim_start().starts_with('<')
}

fn without_environment(text: &str) -> &str {
    match text.rfind("<environment_details>") {
        Some(at) if text.trim_end().ends_with("</environment_details>") => text[..at].trim_end(),
        _ => text,
    }
}
