//! Events to steps.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::Value;
use trace::{Action, ActionKind, Address, Observation, RefPart, Usage};

use super::kinds;
use crate::extractor::Extraction;
use crate::frame::Account;
use crate::json::{content_text, str_at};
use crate::lines::Line;
use crate::threads::Threads;
use crate::transcript::Call;
use crate::{time, tool};

/// The state of reading a log event by event.
#[derive(Default)]
pub(super) struct Reading {
    threads: Threads,
    /// Sub-agents by the call that started them, and by their own id.
    by_call: HashMap<String, usize>,
    by_agent: HashMap<String, usize>,
    /// Events already read: a log may be written on after it was copied.
    seen: HashSet<String>,
    /// Calls the user made by hand.
    by_hand: HashSet<String>,
    /// What each stretch of the session cost as a whole, by the time it began.
    stretches: BTreeMap<String, Usage>,
    index: u64,
}

impl Reading {
    /// Reads one event; false when its kind is unknown.
    pub(super) fn record(&mut self, record: &Value, line: &Line<'_>) -> bool {
        let index = self.index;
        self.index += 1;
        let kind = str_at(record, "type").unwrap_or_default();
        if !kinds::is_known(kind) {
            return false;
        }
        let fresh = str_at(record, "id").is_none_or(|id| self.seen.insert(id.to_owned()));
        if !fresh {
            return true;
        }
        let data = record.get("data").unwrap_or(record);
        let thread = self.thread_of(record, kind, data);
        let when = record.get("timestamp").and_then(time::of);
        self.threads.get(thread).at(when);
        if thread == 0 {
            self.session(kind, data);
        }
        match kind {
            "user.message" => self.user(thread, data),
            "assistant.turn_start" => self.threads.get(thread).begin_reply(None),
            "assistant.message" => self.message(thread, record, data, line, index),
            "assistant.reasoning" => {
                let text = str_at(data, "content").unwrap_or_default();
                self.threads.get(thread).think(text);
            }
            "assistant.usage" => self.threads.get(thread).usage(usage_of(data)),
            "tool.user_requested" => self
                .by_hand
                .extend(str_at(data, "toolCallId").map(str::to_owned)),
            "tool.execution_start" => self.start(thread, record, data, line, index),
            "tool.execution_complete" => self.complete(thread, data, line),
            _ => {}
        }
        true
    }

    /// The agent an event belongs to.
    fn thread_of(&mut self, record: &Value, kind: &str, data: &Value) -> usize {
        let starts = kind == "subagent.started";
        let call = str_at(
            data,
            if starts {
                "toolCallId"
            } else {
                "parentToolCallId"
            },
        );
        let known = call.and_then(|call| self.by_call.get(call).copied());
        let agent = str_at(record, "agentId").filter(|id| !id.is_empty());
        let known = agent
            .and_then(|agent| self.by_agent.get(agent).copied())
            .or(known);
        let Some(name) = agent.or(call) else {
            return 0;
        };
        let thread = known.unwrap_or_else(|| self.threads.of(name));
        if let Some(agent) = agent {
            self.by_agent.insert(agent.to_owned(), thread);
        }
        if let Some(call) = call {
            self.threads.started_by(thread, self.threads.called(call));
            self.by_call.insert(call.to_owned(), thread);
        }
        // The word that it began or ended is its caller's.
        if kind.starts_with("subagent.") {
            0
        } else {
            thread
        }
    }

    /// What an event says of the session as a whole.
    fn session(&mut self, kind: &str, data: &Value) {
        let about = self.threads.main().about();
        let text = |key: &str| str_at(data, key).map(str::to_owned);
        let status = &mut about.outcome.exit_status;
        match kind {
            "session.start" | "session.resume" => {
                about.session = about.session.take().or_else(|| text("sessionId"));
                about.agent_version = about
                    .agent_version
                    .take()
                    .or_else(|| text("copilotVersion"));
                about.model = about.model.take().or_else(|| text("selectedModel"));
                let cwd = data.pointer("/context/cwd").and_then(Value::as_str);
                about.cwd = about.cwd.take().or_else(|| cwd.map(str::to_owned));
                *status = None;
            }
            "session.model_change" => about.model = text("newModel").or_else(|| about.model.take()),
            "session.shutdown" => {
                let ending = text("shutdownType").map(|ending| format!("shutdown: {ending}"));
                *status = status.take().or(ending);
                let began = data.get("sessionStartTime").map(Value::to_string);
                if let Some(usage) = whole_usage(data) {
                    self.stretches.insert(began.unwrap_or_default(), usage);
                }
            }
            "session.error" | "abort" => {
                let why = text("message").or_else(|| text("reason"));
                let name = kind.rsplit('.').next().unwrap_or(kind);
                *status = Some(why.map_or_else(|| name.to_owned(), |why| format!("{name}: {why}")));
            }
            "result" => {
                about.session = about.session.take().or_else(|| text("sessionId"));
                if let Some(code) = data.get("exitCode").and_then(Value::as_i64) {
                    *status = Some(format!("exit code {code}"));
                }
            }
            "assistant.turn_start" | "user.message" => *status = None,
            _ => {}
        }
    }

    fn user(&mut self, thread: usize, data: &Value) {
        // Skills and the program itself speak in the user's name.
        let source = str_at(data, "source").unwrap_or("user");
        let program = ["system", "skill", "schedule", "thinking"];
        let own = !program.iter().any(|name| source.starts_with(name));
        let text = data.get("content").map(content_text).unwrap_or_default();
        let task = if own { text.trim() } else { "" };
        self.threads.get(thread).user(task);
    }

    fn message(
        &mut self,
        thread: usize,
        record: &Value,
        data: &Value,
        line: &Line<'_>,
        index: u64,
    ) {
        let transcript = self.threads.get(thread);
        transcript.begin_reply(str_at(data, "messageId"));
        transcript.think(str_at(data, "reasoningText").unwrap_or_default());
        transcript.say(&data.get("content").map(content_text).unwrap_or_default());
        let about = transcript.about();
        if about.model.is_none() {
            about.model = str_at(data, "model").map(str::to_owned);
        }
        let usage = usage_of(data);
        if !usage.is_empty() {
            transcript.usage(usage);
        }
        let requests = data.get("toolRequests").and_then(Value::as_array);
        for (command, request) in (0..).zip(requests.into_iter().flatten()) {
            let address = Address {
                message: Some(index),
                command: Some(command),
                event: str_at(record, "id").map(str::to_owned),
                ..Address::default()
            };
            self.call(thread, request, address, line);
        }
    }

    fn call(&mut self, thread: usize, asked: &Value, address: Address, line: &Line<'_>) {
        let name = str_at(asked, "name").or_else(|| str_at(asked, "toolName"));
        let arguments = ["arguments", "input", "parameters"]
            .iter()
            .find_map(|key| asked.get(*key));
        let action = tool::action(
            name.unwrap_or_default(),
            arguments.cloned().unwrap_or_default(),
        );
        self.threads.call(
            thread,
            Call {
                id: str_at(asked, "toolCallId"),
                action,
                address,
                cite: Some(line.cite(RefPart::Action)),
            },
        );
    }

    /// A tool begins its work, usually of a call that a message asked for.
    fn start(&mut self, thread: usize, record: &Value, data: &Value, line: &Line<'_>, index: u64) {
        let id = str_at(data, "toolCallId");
        if id.is_some_and(|id| self.by_hand.contains(id))
            || self.threads.asked(thread, id).is_some()
        {
            return;
        }
        let address = Address {
            message: Some(index),
            event: str_at(record, "id").map(str::to_owned),
            ..Address::default()
        };
        self.call(thread, data, address, line);
    }

    fn complete(&mut self, thread: usize, data: &Value, line: &Line<'_>) {
        let id = str_at(data, "toolCallId");
        if id.is_some_and(|id| self.by_hand.contains(id)) {
            return;
        }
        let seen = observe(
            self.threads.asked(thread, id).as_ref().map(|s| &s.action),
            data,
        );
        let cite = Some(line.cite(RefPart::Observation));
        self.threads.get(thread).result(id, seen, cite);
    }

    pub(super) fn finish(mut self, account: Account) -> Extraction {
        let Account {
            mut coverage,
            mut warnings,
            ..
        } = account;
        coverage.orphans = self.threads.orphans();
        if coverage.orphans > 0 {
            let orphans = coverage.orphans;
            warnings.push(format!("{orphans} tool results answer no recorded call"));
        }
        let about = self.threads.main().about();
        about.agent = Some("copilot-cli".to_owned());
        for usage in self.stretches.values() {
            about.usage.add(usage);
        }
        Extraction {
            trajectory: self.threads.finish(),
            coverage,
            warnings,
        }
    }
}

/// What came back from a call, and how it ended.
fn observe(action: Option<&Action>, data: &Value) -> Observation {
    let result = data.get("result").unwrap_or(&Value::Null);
    let content = result.get("content").unwrap_or(result);
    let mut text = content_text(content);
    let error = data.get("error").unwrap_or(&Value::Null);
    let message = error.as_str().or_else(|| str_at(error, "message"));
    if let Some(message) = message.filter(|message| !text.contains(*message)) {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(message);
    }
    let success = data.get("success").and_then(Value::as_bool);
    if text.is_empty() && success == Some(false) {
        // Refused or broken off, and nothing said but a code.
        text.push_str(str_at(error, "code").unwrap_or("failed"));
    }
    let metrics = data.pointer("/toolTelemetry/metrics");
    let stated = ["exit_code", "exitCode"]
        .iter()
        .find_map(|key| metrics?.get(*key)?.as_i64())
        .and_then(|code| i32::try_from(code).ok());
    let shell = action.is_some_and(|action| {
        matches!(
            action.kind,
            ActionKind::Shell { .. } | ActionKind::Keystrokes { .. }
        )
    });
    Observation {
        exit_status: stated.or_else(|| shell.then(|| closing_status(&text)).flatten()),
        is_error: success.map(|success| !success),
        ..Observation::text(text)
    }
}

/// The status in the line a shell tool closes its output with, such as
/// `<shellId: 0 completed with exit code 0>` or `<exited with exit code 1>`.
fn closing_status(text: &str) -> Option<i32> {
    let last = text.trim_end().lines().next_back()?.trim();
    let inner = last.strip_prefix('<')?.strip_suffix('>')?;
    let (_, code) = inner.rsplit_once("exit code ")?;
    code.trim().parse().ok()
}

/// Tokens of one reply.
fn usage_of(data: &Value) -> Usage {
    let count = |key: &str| data.get(key).and_then(Value::as_u64);
    Usage {
        input_tokens: count("inputTokens"),
        cached_tokens: count("cacheReadTokens"),
        output_tokens: count("outputTokens"),
        cost_usd: None,
    }
}

/// What the closing event counts, over all models.
fn whole_usage(data: &Value) -> Option<Usage> {
    let models = data.get("modelMetrics")?.as_object()?;
    let mut whole = Usage::default();
    for model in models.values() {
        whole.add(&model.get("usage").map(usage_of).unwrap_or_default());
    }
    (!whole.is_empty()).then_some(whole)
}
