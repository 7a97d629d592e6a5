//! `wire.jsonl`: the events of a session, those of sub-agents within them.

use std::collections::BTreeMap;

use serde_json::Value;
use trace::{Address, Ref, RefPart, Timestamp, Usage};

use super::answer;
use crate::json::{content_text, str_at, str_of};
use crate::lines::Line;
use crate::threads::Threads;
use crate::transcript::Call;
use crate::{time, tool};

/// Kinds of events.
pub(super) const KINDS: &[&str] = &[
    "ApprovalRequest",
    "ApprovalRequestResolved",
    "ApprovalResponse",
    "BtwBegin",
    "BtwEnd",
    "CompactionBegin",
    "CompactionEnd",
    "ContentPart",
    "HookRequest",
    "HookResolved",
    "HookTriggered",
    "MCPLoadingBegin",
    "MCPLoadingEnd",
    "Notification",
    "PlanDisplay",
    "QuestionRequest",
    "StatusUpdate",
    "SteerInput",
    "StepBegin",
    "StepInterrupted",
    "SubagentEvent",
    "ToolCall",
    "ToolCallPart",
    "ToolCallRequest",
    "ToolOutputPart",
    "ToolResult",
    "TurnBegin",
    "TurnEnd",
];

/// The name of a sub-agent's thread that is read from its own wire, while one of the same agent may
/// be read from the events its caller passed on.
const OWN: &str = "\u{1}own";

/// The state of reading wires event by event.
#[derive(Default)]
pub(super) struct Reading {
    threads: Threads,
    /// What is not complete yet, by thread.
    pending: BTreeMap<usize, Pending>,
    /// The thread of the wire being read.
    base: usize,
    index: u64,
    /// Sub-agents with a wire of their own.
    own: Vec<String>,
}

/// Pieces of a model's reply that more may come of.
#[derive(Default)]
struct Pending {
    words: String,
    thoughts: String,
    call: Option<PendingCall>,
}

struct PendingCall {
    id: Option<String>,
    name: String,
    arguments: String,
    index: u64,
    cite: Ref,
}

impl Reading {
    /// A wire begins: the main agent's, or a sub-agent's own.
    pub(super) fn begin(&mut self, agent: Option<&str>) {
        self.flush_all();
        self.index = 0;
        self.base = match agent {
            None => 0,
            Some(agent) => {
                self.own.push(agent.to_owned());
                self.threads.of(&format!("{agent}{OWN}"))
            }
        };
    }

    /// Reads one record; false when its kind is unknown.
    pub(super) fn record(&mut self, record: &Value, line: &Line<'_>) -> bool {
        let index = self.index;
        self.index += 1;
        if str_at(record, "type") == Some("metadata") {
            let version = str_at(record, "protocol_version").map(str::to_owned);
            let about = self.threads.main().about();
            about.format_version = about.format_version.take().or(version);
            return true;
        }
        let Some(mut event) = record.get("message") else {
            return false;
        };
        let when = record.get("timestamp").and_then(time::of);
        let mut thread = self.base;
        while str_at(event, "type") == Some("SubagentEvent") {
            let Some(payload) = event.get("payload") else {
                return false;
            };
            thread = self.sub_agent(payload);
            let Some(inner) = payload.get("event") else {
                return false;
            };
            event = inner;
        }
        let kind = str_at(event, "type").unwrap_or_default();
        let empty = Value::Null;
        let payload = event.get("payload").unwrap_or(&empty);
        self.event(thread, kind, payload, when, index, line);
        KINDS.contains(&kind)
    }

    /// The thread of the sub-agent an event was passed on from.
    fn sub_agent(&mut self, payload: &Value) -> usize {
        let call = str_of(payload, &["parent_tool_call_id", "task_tool_call_id"]);
        let name = str_at(payload, "agent_id").or(call).unwrap_or("agent");
        if let Some(call) = call {
            // The call may be the last that was written.
            for thread in self.pending.keys().copied().collect::<Vec<_>>() {
                self.flush(thread);
            }
            let thread = self.threads.of(name);
            self.threads.started_by(thread, self.threads.called(call));
        }
        self.threads.of(name)
    }

    fn event(
        &mut self,
        thread: usize,
        kind: &str,
        payload: &Value,
        when: Option<Timestamp>,
        index: u64,
        line: &Line<'_>,
    ) {
        if !matches!(kind, "ContentPart" | "ToolCallPart" | "Notification") {
            self.flush(thread);
        }
        self.threads.get(thread).at(when);
        let pending = self.pending.entry(thread).or_default();
        let transcript = self.threads.get(thread);
        match kind {
            "TurnBegin" | "SteerInput" => {
                let input = payload.get("user_input").unwrap_or(&Value::Null);
                transcript.user(content_text(input).trim());
                transcript.about().outcome.exit_status = None;
            }
            "StepBegin" => {
                transcript.begin_reply(None);
                transcript.about().outcome.exit_status = None;
            }
            "StepInterrupted" | "TurnEnd" => {
                let interrupted = kind == "StepInterrupted";
                let status = &mut transcript.about().outcome.exit_status;
                if interrupted || status.is_none() {
                    *status = Some(kind.to_owned());
                }
            }
            "ContentPart" => match str_at(payload, "type") {
                Some("think") => {
                    pending.thoughts += str_at(payload, "think").unwrap_or_default();
                }
                _ => pending.words += str_at(payload, "text").unwrap_or_default(),
            },
            "ToolCall" => {
                let function = payload.get("function").unwrap_or(payload);
                pending.call = Some(PendingCall {
                    id: str_at(payload, "id").map(str::to_owned),
                    name: str_at(function, "name").unwrap_or_default().to_owned(),
                    arguments: match function.get("arguments") {
                        None | Some(Value::Null) => String::new(),
                        Some(Value::String(text)) => text.clone(),
                        Some(other) => other.to_string(),
                    },
                    index,
                    cite: line.cite(RefPart::Action),
                });
            }
            "ToolCallPart" => {
                if let Some(call) = &mut pending.call {
                    call.arguments += str_at(payload, "arguments_part").unwrap_or_default();
                }
            }
            "ToolResult" => self.result(thread, payload, line),
            "StatusUpdate" => {
                if let Some(usage) = payload.get("token_usage").and_then(usage_of) {
                    transcript.usage(usage);
                }
            }
            _ => {}
        }
    }

    fn result(&mut self, thread: usize, payload: &Value, line: &Line<'_>) {
        let id = str_at(payload, "tool_call_id");
        let value = ["return_value", "result"]
            .iter()
            .find_map(|key| payload.get(*key))
            .unwrap_or(&Value::Null);
        let flag = |value: &Value, key: &str| value.get(key).and_then(Value::as_bool);
        let is_error = flag(value, "is_error").or_else(|| flag(payload, "ok").map(|ok| !ok));
        let bare = Some(value).filter(|value| value.is_string());
        let output = value.get("output").or(bare).unwrap_or(&Value::Null);
        let message = str_at(value, "message").unwrap_or_default();
        let seen = {
            let step = self.threads.asked(thread, id);
            let action = step.as_ref().map(|step| &step.action);
            answer::observe(action, output, message, is_error)
        };
        let cite = Some(line.cite(RefPart::Observation));
        self.threads.get(thread).result(id, seen, cite);
    }

    /// Tells the transcript what is complete now.
    fn flush(&mut self, thread: usize) {
        let Some(pending) = self.pending.remove(&thread) else {
            return;
        };
        let transcript = self.threads.get(thread);
        transcript.think(&pending.thoughts);
        transcript.say(&pending.words);
        if let Some(call) = pending.call {
            let arguments = match call.arguments.as_str() {
                "" => Value::Null,
                text => text.into(),
            };
            self.threads.call(
                thread,
                Call {
                    id: call.id.as_deref(),
                    action: tool::action(&call.name, arguments),
                    address: Address {
                        message: Some(call.index),
                        ..Address::default()
                    },
                    cite: Some(call.cite),
                },
            );
        }
    }

    fn flush_all(&mut self) {
        for thread in self.pending.keys().copied().collect::<Vec<_>>() {
            self.flush(thread);
        }
    }

    /// The agents' transcripts. Of a sub-agent that was passed on and has a wire of its own the
    /// longer record is kept.
    pub(super) fn finish(mut self) -> Threads {
        self.flush_all();
        for agent in std::mem::take(&mut self.own) {
            let known = self.threads.knows(&agent);
            let passed_on = self.threads.of(&agent);
            let own = self.threads.of(&format!("{agent}{OWN}"));
            let length = |threads: &mut Threads, at: usize| threads.get(at).steps_mut().len();
            let longer = length(&mut self.threads, own) > length(&mut self.threads, passed_on);
            if !known || longer {
                if !known {
                    let caller = self.threads.saying(&agent);
                    self.threads.started_by(passed_on, caller);
                }
                self.threads.swap(passed_on, own);
            }
            self.threads.forget(own);
        }
        self.threads
    }
}

/// Tokens of a step.
fn usage_of(stated: &Value) -> Option<Usage> {
    let count = |key: &str| stated.get(key).and_then(Value::as_u64);
    let cached = count("input_cache_read");
    let input = [count("input_other"), cached, count("input_cache_creation")];
    let usage = Usage {
        input_tokens: input.into_iter().flatten().reduce(u64::saturating_add),
        cached_tokens: cached,
        output_tokens: count("output"),
        cost_usd: None,
    };
    (!usage.is_empty()).then_some(usage)
}
