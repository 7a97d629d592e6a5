//! `rollout-*.jsonl`: what Codex itself keeps of a session.

use std::collections::HashSet;
use std::io;

use serde_json::Value;
use trace::{Observation, RefPart, Step, Steps, Trajectory, Usage};

use super::call::action_of;
use super::record::{EVENTS, ITEMS};
use super::{join_text, output, prompt, usage_of};
use crate::calls::OpenCalls;
use crate::extractor::{
    Claim, Detection, ExtractError, Extraction, Extractor, Layout, Probe, Rank, Site,
};
use crate::frame::{self, Account};
use crate::json::{content_text, str_at, str_of};
use crate::lines::Line;
use crate::pile::Pile;
use crate::time;

/// Reads Codex session files.
pub(crate) struct CodexRollout;

impl Extractor for CodexRollout {
    fn layout(&self) -> Layout {
        Layout {
            name: "codex-rollout",
            title: "Codex session files (rollout-*.jsonl)",
            doc: include_str!("LAYOUT.md"),
            rank: Rank::Native,
        }
    }

    fn detect(&self, _pile: &Pile, site: Site<'_>) -> io::Result<Option<Detection>> {
        let Site::File(probe) = site else {
            return Ok(None);
        };
        Ok(recognise(probe))
    }

    fn extract(&self, pile: &Pile, claim: &Claim) -> Result<Extraction, ExtractError> {
        let mut reading = Reading::default();
        let account = frame::lines(pile, claim, |record, line| reading.line(record, line))?;
        Ok(reading.finish(account))
    }
}

fn recognise(probe: &Probe<'_>) -> Option<Detection> {
    let records = probe.records();
    let first = records.first()?;
    let found = |score, evidence: &str, session: Option<&str>| {
        Some(Detection {
            score,
            evidence: vec![evidence.to_owned()],
            session: session.map(str::to_owned),
            ..Detection::default()
        })
    };
    let payload = first.get("payload").filter(|p| p.is_object());
    if let Some(payload) = payload {
        return match str_at(first, "type")? {
            "session_meta" => found(97, "begins with `session_meta`", str_at(payload, "id")),
            "response_item" | "event_msg" | "turn_context" => {
                found(88, "`type` and `payload` of Codex records", None)
            }
            _ => None,
        };
    }
    let bare = records.iter().skip(1).any(|record| {
        str_at(record, "record_type") == Some("state")
            || str_at(record, "type")
                .is_some_and(|kind| kind != "message" && ITEMS.contains(&kind) || is_prompt(record))
    });
    let header = str_at(first, "id").is_some()
        && str_at(first, "timestamp").is_some()
        && (first.get("instructions").is_some() || first.get("git").is_some());
    if bare && header {
        return found(
            85,
            "session header followed by bare response items",
            str_at(first, "id"),
        );
    }
    None
}

fn is_prompt(record: &Value) -> bool {
    record
        .pointer("/content/0/type")
        .and_then(Value::as_str)
        .is_some_and(|kind| kind == "input_text")
}

/// The state of reading a session line by line.
#[derive(Default)]
struct Reading {
    trajectory: Trajectory,
    steps: Steps,
    calls: OpenCalls,
    /// Calls already seen, to know those that history written again repeats.
    seen: HashSet<blake3::Hash>,
    /// True once the file began to write history again (resume, fork).
    replays: bool,
    /// The session this one was forked from.
    parent: Option<String>,
    /// The turn the records belong to.
    turn: Option<String>,
    inherited: u64,
    orphans: u64,
    thought: Vec<String>,
    reasoning: Vec<String>,
    /// First step of the response being read, which carries its cost.
    response: Option<usize>,
    /// True while no record since the last call speaks against one response holding both.
    adjacent: bool,
    groups: u32,
}

impl Reading {
    fn line(&mut self, record: &Value, line: &Line<'_>) -> bool {
        let known = self.record(record, line);
        if let Some(at) = str_at(record, "timestamp").and_then(time::parse) {
            self.trajectory.started = self.trajectory.started.or(Some(at));
            self.trajectory.ended = self.trajectory.ended.max(Some(at));
        }
        known
    }

    /// Reads one record; false when its kind is unknown.
    fn record(&mut self, record: &Value, line: &Line<'_>) -> bool {
        let kind = str_at(record, "type").unwrap_or_default();
        let Some(payload) = record.get("payload").filter(|p| p.is_object()) else {
            return self.bare(record, kind, line);
        };
        match kind {
            "session_meta" => self.session(payload),
            "turn_context" => self.turn_context(payload),
            "response_item" => return self.item(payload, record, line),
            "event_msg" => return self.event(payload),
            "token_usage_record" => self.tokens(payload),
            // What replaces the history is a summary and old items, all of them seen before.
            "compacted" => self.adjacent = false,
            "world_state" => {}
            _ => return false,
        }
        true
    }

    /// Records of the first versions: no envelope, and a header without a kind.
    fn bare(&mut self, record: &Value, kind: &str, line: &Line<'_>) -> bool {
        if kind.is_empty() {
            if str_at(record, "id").is_some() {
                self.session(record);
                return true;
            }
            return record.get("record_type").is_some();
        }
        self.item(record, record, line)
    }

    fn session(&mut self, meta: &Value) {
        let id = str_at(meta, "id");
        if let Some(own) = self.trajectory.session.as_deref() {
            self.replays = true;
            if id.is_some_and(|id| id != own) {
                self.parent = id.map(str::to_owned);
            }
            return;
        }
        let trajectory = &mut self.trajectory;
        trajectory.session = id.map(str::to_owned);
        trajectory.agent_version = str_at(meta, "cli_version").map(str::to_owned);
        trajectory.cwd = str_at(meta, "cwd").map(str::to_owned);
        trajectory.started = str_at(meta, "timestamp").and_then(time::parse);
        self.parent = str_at(meta, "forked_from_id").map(str::to_owned);
    }

    fn turn_context(&mut self, context: &Value) {
        self.enter_turn(context);
        let text = |key: &str| str_at(context, key).map(str::to_owned);
        self.trajectory.model = text("model").or_else(|| self.trajectory.model.take());
        if self.trajectory.cwd.is_none() {
            self.trajectory.cwd = text("cwd");
        }
    }

    fn enter_turn(&mut self, payload: &Value) {
        if let Some(turn) = str_at(payload, "turn_id") {
            self.turn = Some(turn.to_owned());
        }
    }

    fn event(&mut self, event: &Value) -> bool {
        let kind = str_at(event, "type").unwrap_or_default();
        let outcome = &mut self.trajectory.outcome;
        match kind {
            "task_started" | "turn_started" => {
                self.enter_turn(event);
                self.trajectory.outcome.exit_status = None;
            }
            "task_complete" | "turn_complete" => outcome.exit_status = Some(kind.to_owned()),
            "turn_aborted" => {
                let reason = str_at(event, "reason");
                outcome.exit_status = Some(
                    reason.map_or_else(|| kind.to_owned(), |reason| format!("{kind}: {reason}")),
                );
            }
            "error" => {
                let message = str_at(event, "message").unwrap_or_default();
                outcome.exit_status = Some(format!("error: {message}"));
            }
            "token_count" => {
                self.adjacent = false;
                if let Some(total) = event.pointer("/info/total_token_usage") {
                    self.trajectory.usage = usage_of(total);
                }
            }
            _ => return EVENTS.contains(&kind),
        }
        true
    }

    /// The cost of the response whose items stand before it.
    fn tokens(&mut self, payload: &Value) {
        self.adjacent = false;
        let usage = payload.get("usage").map(usage_of);
        if let Some(index) = self.response.take() {
            self.steps[index].usage = usage.filter(|usage| *usage != Usage::default());
        }
        if let Some(total) = payload.get("thread_token_usage") {
            self.trajectory.usage = usage_of(total);
        }
    }

    fn item(&mut self, item: &Value, record: &Value, line: &Line<'_>) -> bool {
        let own_turn = "/internal_chat_message_metadata_passthrough/turn_id";
        if let Some(turn) = item.pointer(own_turn).and_then(Value::as_str) {
            self.turn = Some(turn.to_owned());
        }
        let kind = str_at(item, "type").unwrap_or_default();
        if kind.ends_with("_call_output") {
            self.result(item, record, line);
            return ITEMS.contains(&kind);
        }
        if kind.ends_with("_call") {
            self.call(kind, item, record, line);
            return ITEMS.contains(&kind);
        }
        match kind {
            "message" => self.message(item),
            "reasoning" => {
                self.adjacent = false;
                for key in ["summary", "content"] {
                    let text = item.get(key).map(content_text).unwrap_or_default();
                    if !text.is_empty() {
                        self.reasoning.push(text);
                    }
                }
            }
            "ghost_snapshot" | "compaction" | "compaction_summary" => {}
            _ => return false,
        }
        true
    }

    fn message(&mut self, item: &Value) {
        self.adjacent = false;
        let content = item.get("content").unwrap_or(&Value::Null);
        match str_at(item, "role") {
            Some("assistant") => self.thought.push(content_text(content)),
            Some("user") => {
                let Some(asked) = prompt::request(content) else {
                    return;
                };
                if self.is_inherited() {
                    return;
                }
                self.trajectory.task.get_or_insert(asked);
                // What the agent said before was its answer to the turn before.
                self.thought.clear();
                self.reasoning.clear();
                self.trajectory.outcome.exit_status = None;
            }
            _ => {}
        }
    }

    /// True for records of a fork's parent, copied to the top of the fork's own file. Turn and
    /// session ids are `UUIDv7`, which sort by time: a turn older than the session is not its own.
    fn is_inherited(&self) -> bool {
        let (Some(_), Some(turn), Some(own)) = (
            self.parent.as_ref(),
            self.turn.as_deref(),
            self.trajectory.session.as_deref(),
        ) else {
            return false;
        };
        is_uuid7(turn) && is_uuid7(own) && turn < own
    }

    fn call(&mut self, kind: &str, item: &Value, record: &Value, line: &Line<'_>) {
        let action = action_of(kind, item);
        let id = str_of(item, &["call_id", "id"]);
        let key = blake3::hash(
            format!(
                "{}\n{}\n{}",
                id.unwrap_or_default(),
                action.tool,
                action.arguments
            )
            .as_bytes(),
        );
        let repeated = !self.seen.insert(key) && self.replays && id.is_some();
        if repeated || self.is_inherited() {
            self.inherited += 1;
            self.thought.clear();
            self.reasoning.clear();
            return;
        }
        let index = self.steps.len();
        let mut step = Step::new(index, action);
        step.address.message = Some(line.number - 1);
        step.address.call_id = id.map(str::to_owned);
        step.thought = join_text(&std::mem::take(&mut self.thought));
        step.reasoning = join_text(&std::mem::take(&mut self.reasoning));
        step.started = str_at(record, "timestamp").and_then(time::parse);
        step.refs.push(line.cite(RefPart::Action));
        if self.adjacent
            && let Some(before) = self.steps.last_mut()
        {
            let group = before.parallel_group.unwrap_or_else(|| {
                self.groups += 1;
                self.groups
            });
            before.parallel_group = Some(group);
            step.parallel_group = Some(group);
        }
        self.adjacent = true;
        self.response = self.response.or(Some(index));
        if kind != "web_search_call"
            && let Some(id) = id
        {
            self.calls.open(id, index);
        }
        self.trajectory.outcome.exit_status = None;
        self.steps.push(step);
    }

    fn result(&mut self, item: &Value, record: &Value, line: &Line<'_>) {
        self.adjacent = false;
        let id = str_at(item, "call_id").unwrap_or_default();
        let Some(index) = self.calls.close(id) else {
            let repeats = self.replays && self.calls.knows(id);
            if !repeats && !self.is_inherited() {
                self.orphans += 1;
            }
            return;
        };
        let Some(step) = self.steps.get_mut(index) else {
            return;
        };
        step.observation = Some(
            item.get("output")
                .map_or_else(Observation::default, output::observation),
        );
        step.ended = str_at(record, "timestamp").and_then(time::parse);
        step.refs.push(line.cite(RefPart::Observation));
    }

    fn finish(self, account: Account) -> Extraction {
        let mut warnings = account.warnings;
        if self.inherited > 0 {
            warnings.push(format!(
                "{} calls repeat an earlier history{} and are not counted",
                self.inherited,
                self.parent
                    .as_ref()
                    .map_or_else(String::new, |parent| format!(" (session {parent})"))
            ));
        }
        if self.orphans > 0 {
            warnings.push(format!("{} results answer no known call", self.orphans));
        }
        let mut trajectory = self.trajectory;
        trajectory.agent = Some("codex".to_owned());
        let last_words = join_text(&self.thought);
        trajectory.final_message = (!last_words.is_empty()).then_some(last_words);
        trajectory.steps = self.steps;
        Extraction {
            trajectory,
            coverage: account.coverage,
            warnings,
        }
    }
}

fn is_uuid7(text: &str) -> bool {
    text.len() == 36 && text.as_bytes()[14] == b'7' && text.is_ascii()
}
