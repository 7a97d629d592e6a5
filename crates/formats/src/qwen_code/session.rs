//! `chats/<session>.jsonl`: what Qwen Code itself keeps of a session.

use std::collections::HashSet;

use serde_json::Value;
use trace::{Action, ActionKind, Address, Observation, RefPart};

use super::conclude;
use super::telemetry::Background;
use crate::extractor::Extraction;
use crate::frame::Account;
use crate::gemini_cli::parts;
use crate::json::{str_at, str_of};
use crate::lines::Line;
use crate::threads::{Place, Threads};
use crate::transcript::Call;
use crate::{time, tool};

/// Kinds of `system` records.
const SUBTYPES: &[&str] = &[
    "agent_bootstrap",
    "agent_launch_prompt",
    "agent_retry",
    "agent_session_ready",
    "at_command",
    "attribution_snapshot",
    "background_task_completed",
    "branch_checkpoint",
    "chat_compression",
    "cron",
    "custom_title",
    "file_history_snapshot",
    "goal_runtime",
    "goal_state",
    "goal_turn_end",
    "mid_turn_user_message",
    "notification",
    "omni_recall",
    "parent_session",
    "realtime_message",
    "rewind",
    "session_approval_mode",
    "session_artifact_event",
    "session_artifact_snapshot",
    "session_execution_engine",
    "session_model",
    "session_notes",
    "session_source",
    "session_sources_snapshot",
    "slash_command",
    "turn_result",
    "ui_telemetry",
    "user_text_elements",
];

/// How many calls before a result without an id are looked at for the one it answers.
const MOST_WAITING: usize = 64;

/// The state of reading a session record by record.
#[derive(Default)]
pub(super) struct Reading {
    threads: Threads,
    seen: HashSet<String>,
    background: Background,
    /// Sub-agents whose work a result brought along: the call and the list.
    brought: Vec<(Place, Value)>,
    inherited: u64,
    index: u64,
}

impl Reading {
    /// Reads one record; false when its kind is unknown.
    pub(super) fn record(&mut self, record: &Value, line: &Line<'_>) -> bool {
        let index = self.index;
        self.index += 1;
        let kind = str_at(record, "type").unwrap_or_default();
        let known = match kind {
            "user" | "assistant" | "tool_result" => true,
            "system" => SUBTYPES.contains(&str_at(record, "subtype").unwrap_or_default()),
            _ => false,
        };
        let fresh = str_at(record, "uuid").is_none_or(|uuid| self.seen.insert(uuid.to_owned()));
        if !known || !fresh {
            return known;
        }
        self.describe(record);
        let thread = self.thread_of(record);
        let parts = record.pointer("/message/parts").unwrap_or(&Value::Null);
        let copied = record.get("forkedFrom").is_some_and(Value::is_object);
        self.inherited += u64::from(copied && kind == "assistant");
        if copied && kind != "user" {
            return true;
        }
        let when = str_at(record, "timestamp").and_then(time::parse);
        self.threads.get(thread).at(when);
        match kind {
            "user" => self.user(thread, record, parts),
            "assistant" => self.reply(thread, record, parts, line, index),
            "tool_result" => self.results(thread, record, parts, line),
            _ => {
                if let Some(event) = record.pointer("/systemPayload/uiEvent") {
                    let cite = || line.cite(RefPart::Action);
                    self.background.event(event, when, index, &cite);
                }
            }
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
        fill(&mut about.session, "sessionId");
        fill(&mut about.cwd, "cwd");
        fill(&mut about.agent_version, "version");
    }

    fn thread_of(&mut self, record: &Value) -> usize {
        let side = record.get("isSidechain").and_then(Value::as_bool) == Some(true);
        match str_at(record, "agentId") {
            Some(agent) if side => self.threads.of(agent),
            _ => 0,
        }
    }

    fn user(&mut self, thread: usize, record: &Value, content: &Value) {
        let spoken = matches!(
            str_at(record, "subtype"),
            None | Some("mid_turn_user_message")
        );
        let typed = record
            .pointer("/systemPayload/displayText")
            .and_then(Value::as_str)
            .map(str::to_owned);
        let text = typed.unwrap_or_else(|| parts::words(content));
        let text = text.trim();
        if spoken && !text.starts_with("<system-reminder>") {
            self.threads.get(thread).user(text);
        }
    }

    fn reply(
        &mut self,
        thread: usize,
        record: &Value,
        content: &Value,
        line: &Line<'_>,
        index: u64,
    ) {
        let transcript = self.threads.get(thread);
        // One reply may be spread over records; it lasts until a result or the user comes.
        transcript.begin_reply(Some("reply"));
        transcript.think(&parts::thoughts(content));
        transcript.say(&parts::words(content));
        let about = transcript.about();
        if about.model.is_none() {
            about.model = str_at(record, "model").map(str::to_owned);
        }
        if let Some(usage) = record
            .get("usageMetadata")
            .filter(|usage| usage.is_object())
        {
            transcript.usage(parts::usage(usage, &parts::USAGE_METADATA));
        }
        let asked = parts::listed(content).iter();
        let asked = asked.filter_map(|part| part.get("functionCall"));
        for (command, call) in (0..).zip(asked) {
            let name = str_at(call, "name").unwrap_or_default();
            let arguments = call.get("args").cloned().unwrap_or_default();
            self.threads.call(
                thread,
                Call {
                    id: str_at(call, "id"),
                    action: tool::action(name, arguments),
                    address: Address {
                        message: Some(index),
                        command: Some(command),
                        event: str_at(record, "uuid").map(str::to_owned),
                        ..Address::default()
                    },
                    cite: Some(line.cite(RefPart::Action)),
                },
            );
        }
    }

    fn results(&mut self, thread: usize, record: &Value, content: &Value, line: &Line<'_>) {
        self.threads.get(thread).begin_reply(None);
        let about = record.get("toolCallResult").unwrap_or(&Value::Null);
        let mut rest = parts::listed(content);
        if rest.is_empty() && about.is_object() {
            rest = std::slice::from_ref(about);
        }
        while let Some((first, after)) = rest.split_first() {
            // What follows a response without being one belongs to it: images, long texts.
            let more = after
                .iter()
                .position(|part| part.get("functionResponse").is_some());
            let (own, others) = rest.split_at(more.map_or(rest.len(), |more| more + 1));
            rest = others;
            let response = first.get("functionResponse").unwrap_or(&Value::Null);
            let id = str_at(response, "id").or_else(|| str_at(about, "callId"));
            let name = str_at(response, "name").or_else(|| str_at(about, "name"));
            if id.is_some_and(|id| self.threads.get(thread).knows(id)) {
                self.result(thread, id, own, about, line);
            } else {
                self.result_by_name(thread, name, own, about, line);
            }
        }
    }

    /// The result of a call without an id: the earliest of its name that waits.
    fn result_by_name(
        &mut self,
        thread: usize,
        name: Option<&str>,
        own: &[Value],
        about: &Value,
        line: &Line<'_>,
    ) {
        let transcript = self.threads.get(thread);
        let latest = transcript.steps().len().saturating_sub(MOST_WAITING);
        let found = {
            let mut steps = transcript.steps().iter().enumerate().skip(latest);
            let found = steps.find(|(_, step)| {
                step.address.call_id.is_none()
                    && step.observation.is_none()
                    && name.is_none_or(|name| step.action.tool == name)
            });
            let parts = Value::Array(own.to_vec());
            found.map(|(index, step)| (index, observe(Some(&step.action), &parts, about)))
        };
        if let Some((index, seen)) = found {
            transcript.settle(index, seen, Some(line.cite(RefPart::Observation)));
        } else {
            transcript.result(Some(""), Observation::default(), None);
        }
    }

    fn result(
        &mut self,
        thread: usize,
        id: Option<&str>,
        own: &[Value],
        about: &Value,
        line: &Line<'_>,
    ) {
        let own = Value::Array(own.to_vec());
        let observation = {
            let step = self.threads.asked(thread, id);
            observe(step.as_ref().map(|step| &step.action), &own, about)
        };
        let cite = Some(line.cite(RefPart::Observation));
        let Some(step) = self.threads.get(thread).result(id, observation, cite) else {
            return;
        };
        let shown = about.get("resultDisplay").unwrap_or(&Value::Null);
        if str_at(shown, "type") == Some("task_execution") {
            self.brought.push(((thread, step), shown.clone()));
        }
    }

    pub(super) fn finish(mut self, mut account: Account) -> Extraction {
        if self.inherited > 0 {
            let inherited = self.inherited;
            account.warnings.push(format!(
                "{inherited} replies were copied from the session this one branched off and are \
                 left to it"
            ));
        }
        self.link_by_prompt();
        self.background.tell(&mut self.threads, &self.brought);
        for (place, shown) in std::mem::take(&mut self.brought) {
            self.bring(place, &shown);
        }
        conclude(self.threads, account)
    }

    /// Links the sub-agents with files of their own to the calls that gave them their task.
    fn link_by_prompt(&mut self) {
        for (thread, _) in self.threads.unlinked() {
            let task = self.threads.get(thread).about().task.clone();
            let Some(task) = task else { continue };
            for caller in 0..thread {
                let steps = self.threads.get(caller).steps_mut();
                let calls: Vec<usize> = steps
                    .iter()
                    .enumerate()
                    .filter(|(_, step)| match &step.action.kind {
                        ActionKind::Delegate { prompt } => prompt.trim() == task.trim(),
                        _ => false,
                    })
                    .map(|(index, _)| index)
                    .collect();
                let free = calls
                    .into_iter()
                    .find(|index| !self.threads.has_started((caller, *index)));
                if let Some(index) = free {
                    self.threads.started_by(thread, Some((caller, index)));
                    break;
                }
            }
        }
    }

    /// Makes steps of the work a result lists, unless it is told of at greater length elsewhere.
    fn bring(&mut self, place: Place, shown: &Value) {
        let calls = shown.get("toolCalls").and_then(Value::as_array);
        let Some(calls) = calls.filter(|calls| !calls.is_empty()) else {
            return;
        };
        if self.threads.has_started(place) {
            return;
        }
        let caller = self.threads.get(place.0).steps_mut();
        let name = caller
            .get(place.1)
            .and_then(|step| step.address.call_id.clone());
        let thread = self.threads.of(&name.unwrap_or_default());
        self.threads.started_by(thread, Some(place));
        let transcript = self.threads.get(thread);
        transcript.user(str_at(shown, "taskPrompt").unwrap_or_default());
        for call in calls {
            transcript.begin_reply(None);
            let name = str_at(call, "name").unwrap_or_default();
            let action = tool::action(name, call.get("args").cloned().unwrap_or_default());
            let answer = call.get("responseParts").and_then(parts::answer);
            let text = answer.map(|answer| answer.text).or_else(|| {
                let text = str_of(call, &["result", "error", "resultDisplay"])?;
                Some(text.to_owned())
            });
            let status = str_at(call, "status").unwrap_or_default();
            let over = matches!(status, "success" | "failed" | "error" | "cancelled");
            let observation = over.then(|| Observation {
                is_error: Some(status != "success"),
                ..parts::observe(&action, text.unwrap_or_default())
            });
            let step = transcript.call(Call::new(str_at(call, "callId"), action));
            if let Some(observation) = observation {
                transcript.settle(step, observation, None);
            }
        }
        transcript.begin_reply(None);
        transcript.say(str_at(shown, "result").unwrap_or_default());
    }
}

/// What came back: the parts, and what the record says beside them.
fn observe(action: Option<&Action>, own: &Value, about: &Value) -> Observation {
    let status = str_at(about, "status").unwrap_or_default();
    let shown = str_of(about, &["resultDisplay", "result"]);
    let answer = parts::answer(own).unwrap_or_else(|| parts::Answer {
        text: shown.unwrap_or(status).to_owned(),
        error: false,
    });
    let seen = match action {
        Some(action) => parts::observe(action, answer.text),
        None => Observation::text(answer.text),
    };
    let is_error = match status {
        "success" => Some(answer.error),
        "error" | "cancelled" => Some(true),
        _ => answer.error.then_some(true),
    };
    Observation { is_error, ..seen }
}
