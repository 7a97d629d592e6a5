//! What `qwen --output-format stream-json` prints.

use std::collections::HashSet;

use serde_json::Value;
use trace::{Address, Observation, RefPart, Usage};

use super::conclude;
use crate::extractor::Extraction;
use crate::frame::Account;
use crate::gemini_cli::parts;
use crate::json::{content_text, str_at};
use crate::lines::Line;
use crate::threads::Threads;
use crate::transcript::Call;
use crate::{time, tool};

/// Kinds of records that are no messages.
const OTHER_KINDS: &[&str] = &[
    "stream_event",
    "control_request",
    "control_response",
    "control_cancel_request",
    "tool_progress",
];

/// The state of reading a stream record by record.
#[derive(Default)]
pub(super) struct Reading {
    threads: Threads,
    seen: HashSet<String>,
    result: Option<Value>,
    index: u64,
}

impl Reading {
    /// Reads one record; false when its kind is unknown.
    pub(super) fn record(&mut self, record: &Value, line: &Line<'_>) -> bool {
        let index = self.index;
        self.index += 1;
        let Some(kind) = str_at(record, "type") else {
            return false;
        };
        if OTHER_KINDS.contains(&kind) {
            return true;
        }
        let fresh = str_at(record, "uuid").is_none_or(|uuid| {
            let kind_and_id = format!("{kind}\n{uuid}");
            self.seen.insert(kind_and_id)
        });
        match kind {
            _ if !fresh => {}
            "system" => self.describe(record),
            "assistant" => self.reply(record, line, index),
            "user" => self.user(record, line),
            "result" => self.result = Some(record.clone()),
            _ => return false,
        }
        true
    }

    fn describe(&mut self, record: &Value) {
        let about = self.threads.main().about();
        let fill = |slot: &mut Option<String>, key: &str| {
            if slot.is_none() {
                *slot = str_at(record, key).map(str::to_owned);
            }
        };
        fill(&mut about.session, "session_id");
        fill(&mut about.cwd, "cwd");
        fill(&mut about.model, "model");
        fill(&mut about.agent_version, "qwen_code_version");
    }

    fn thread_of(&mut self, record: &Value) -> usize {
        let thread = match str_at(record, "parent_tool_use_id") {
            None => 0,
            Some(call) => {
                let thread = self.threads.of(call);
                self.threads.started_by(thread, self.threads.called(call));
                thread
            }
        };
        let when = record.get("timestamp").and_then(time::of);
        self.threads.get(thread).at(when);
        thread
    }

    fn reply(&mut self, record: &Value, line: &Line<'_>, index: u64) {
        let thread = self.thread_of(record);
        let message = record.get("message").unwrap_or(&Value::Null);
        let transcript = self.threads.get(thread);
        // Words and calls of one reply are records of their own; it lasts until a result comes.
        transcript.begin_reply(Some("reply"));
        let about = transcript.about();
        if about.model.is_none() {
            about.model = str_at(message, "model").map(str::to_owned);
        }
        if let Some(usage) = message.get("usage").and_then(usage_of) {
            transcript.usage(usage);
        }
        let content = message.get("content").unwrap_or(&Value::Null);
        for (command, block) in (0..).zip(parts::listed(content)) {
            let transcript = self.threads.get(thread);
            match str_at(block, "type") {
                Some("thinking") => {
                    transcript.think(str_at(block, "thinking").unwrap_or_default());
                }
                Some("tool_use") => {
                    let name = str_at(block, "name").unwrap_or_default();
                    let input = block.get("input").cloned().unwrap_or_default();
                    let call = Call {
                        id: str_at(block, "id"),
                        action: tool::action(name, input),
                        address: Address {
                            message: Some(index),
                            command: Some(command),
                            event: str_at(record, "uuid").map(str::to_owned),
                            ..Address::default()
                        },
                        cite: Some(line.cite(RefPart::Action)),
                    };
                    self.threads.call(thread, call);
                }
                _ => transcript.say(&parts::words(block)),
            }
        }
    }

    fn user(&mut self, record: &Value, line: &Line<'_>) {
        let thread = self.thread_of(record);
        let content = record.pointer("/message/content").unwrap_or(&Value::Null);
        let mut answers = false;
        for block in parts::listed(content) {
            if str_at(block, "type") != Some("tool_result") {
                continue;
            }
            answers = true;
            self.result(thread, block, line);
        }
        if !answers {
            self.threads.get(thread).user(parts::words(content).trim());
        }
    }

    fn result(&mut self, thread: usize, block: &Value, line: &Line<'_>) {
        let id = str_at(block, "tool_use_id");
        self.threads.get(thread).begin_reply(None);
        let text = block.get("content").map(content_text).unwrap_or_default();
        let mut seen = match self.threads.asked(thread, id) {
            Some(step) => parts::observe(&step.action, text),
            None => Observation::text(text),
        };
        seen.is_error = block.get("is_error").and_then(Value::as_bool);
        let cite = Some(line.cite(RefPart::Observation));
        self.threads.get(thread).result(id, seen, cite);
    }

    pub(super) fn finish(mut self, account: Account) -> Extraction {
        let result = self.result.take();
        let mut extraction = conclude(self.threads, account);
        let run = &mut extraction.trajectory;
        let Some(result) = result else {
            return extraction;
        };
        let failed = result.get("is_error").and_then(Value::as_bool) == Some(true);
        let ending = str_at(&result, "subtype").map(str::to_owned);
        let error = result.pointer("/error/message").and_then(Value::as_str);
        run.outcome.exit_status = match error.filter(|_| failed) {
            Some(error) => Some(format!("{}: {error}", ending.unwrap_or_default())),
            None => ending,
        };
        if let Some(usage) = result.get("usage").and_then(usage_of)
            && usage.input_tokens.unwrap_or(0) > 0
        {
            run.usage = usage;
        }
        if run.final_message.is_none() && !failed {
            let words = str_at(&result, "result").map(str::trim);
            run.final_message = words.filter(|w| !w.is_empty()).map(str::to_owned);
        }
        extraction
    }
}

/// Tokens of a model call; `None` for a record that only holds a part of a reply and counts nothing.
/// What was read from the cache is a part of the input.
fn usage_of(stated: &Value) -> Option<Usage> {
    let count = |key: &str| stated.get(key).and_then(Value::as_u64);
    let usage = Usage {
        input_tokens: count("input_tokens"),
        cached_tokens: count("cache_read_input_tokens"),
        output_tokens: count("output_tokens"),
        cost_usd: None,
    };
    let counts = [usage.input_tokens, usage.output_tokens];
    counts
        .iter()
        .flatten()
        .any(|count| *count > 0)
        .then_some(usage)
}
