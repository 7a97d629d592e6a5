//! `OpenHands` SDK conversations; the layout is described in `LAYOUT.md` beside this file.

#[cfg(test)]
mod tests;

use std::collections::{HashMap, VecDeque};
use std::io;

use rayon::prelude::*;
use serde_json::Value;
use trace::{
    Action, ActionKind, Observation, Ref, RefPart, Step, Steps, Timestamp, Trajectory, Usage,
};

use crate::extractor::{
    Claim, Detection, ExtractError, Extraction, Extractor, Layout, Probe, Rank, Site,
};
use crate::json::{self, content_text, str_at};
use crate::openhands_events::tool_action;
use crate::pile::{Entry, EntryId, Pile};
use crate::time;

/// Reads one persisted conversation of the `OpenHands` agent SDK.
pub(crate) struct OpenHandsConversation;

impl Extractor for OpenHandsConversation {
    fn layout(&self) -> Layout {
        Layout {
            name: "openhands-conversation",
            title: "OpenHands SDK conversation (base_state.json, events/event-N-<uuid>.json)",
            doc: include_str!("LAYOUT.md"),
            rank: Rank::Native,
        }
    }

    fn detect(&self, pile: &Pile, site: Site<'_>) -> io::Result<Option<Detection>> {
        const LOOKED_AT: usize = 4;
        let Site::Folder(site) = site else {
            return Ok(None);
        };
        let prefix = if site.path.is_empty() {
            String::new()
        } else {
            format!("{}/", site.path)
        };
        let Some(events) = pile.folder(&format!("{prefix}events")) else {
            return Ok(None);
        };
        let named = |id: &&EntryId| is_event(pile.entry(**id));
        let mut files: Vec<EntryId> = events.files.iter().filter(named).copied().collect();
        let mut seen = false;
        for id in files.iter().take(LOOKED_AT) {
            let head = pile.head(*id, Probe::HEAD_BYTES)?;
            // A long first event is cut before its `kind`, so the fields every event has will do.
            seen |= json::parse_head(&head).is_some_and(|value| {
                ["id", "timestamp", "source"]
                    .iter()
                    .all(|key| value.get(key).is_some_and(Value::is_string))
            });
        }
        if !seen {
            return Ok(None);
        }
        let mut evidence = vec![format!("{} event files event-N-<uuid>.json", files.len())];
        if let Some(state) = pile.find(&format!("{prefix}base_state.json")) {
            files.push(state.id);
            evidence.push("base_state.json beside them".to_owned());
        }
        Ok(Some(Detection {
            score: 95,
            evidence,
            files,
            session: None,
        }))
    }

    fn extract(&self, pile: &Pile, claim: &Claim) -> Result<Extraction, ExtractError> {
        let read: Vec<Result<Record, String>> = claim
            .detection
            .files
            .par_iter()
            .map(|id| read_file(pile, *id))
            .collect();
        let mut extraction = Extraction::default();
        let mut building = Building::default();
        for (id, record) in claim.detection.files.iter().zip(read) {
            let entry = pile.entry(*id);
            let size = usize::try_from(entry.size).unwrap_or(usize::MAX);
            match record {
                Ok(record) if !is_event(entry) => {
                    extraction.coverage.count(size, true);
                    building.describe(&record.value);
                }
                Ok(record) => {
                    let known = building.take(&record);
                    extraction.coverage.count(size, known);
                }
                Err(warning) => {
                    extraction.coverage.count(size, false);
                    extraction.warnings.push(warning);
                }
            }
        }
        extraction.trajectory = building.finish(&mut extraction.warnings);
        Ok(extraction)
    }
}

fn is_event(entry: &Entry) -> bool {
    let name = entry.name().strip_suffix(".json");
    let number = name
        .and_then(|name| name.strip_prefix("event-"))
        .and_then(|rest| rest.split_once('-'));
    number
        .is_some_and(|(digits, _)| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
}

/// One event, parsed, with citations of the whole of it.
pub(crate) struct Record {
    value: Value,
    action: Option<Ref>,
    observation: Option<Ref>,
    time: Option<Timestamp>,
}

impl Record {
    /// An event whose record `cite` cites as either part of a step.
    pub(crate) fn new(value: Value, cite: impl Fn(RefPart) -> Option<Ref>) -> Self {
        let is_action = str_at(&value, "kind") == Some("ActionEvent");
        Self {
            action: is_action.then(|| cite(RefPart::Action)).flatten(),
            observation: (!is_action).then(|| cite(RefPart::Observation)).flatten(),
            time: str_at(&value, "timestamp").and_then(time::parse),
            value,
        }
    }
}

fn read_file(pile: &Pile, id: EntryId) -> Result<Record, String> {
    let path = &pile.entry(id).path;
    let document = pile.read(id).map_err(|error| format!("{path}: {error}"))?;
    let value: Value = serde_json::from_str(document.text())
        .map_err(|error| format!("{path}: no whole event ({error}); passed over"))?;
    Ok(Record::new(value, |part| {
        document.cite(part, document.text())
    }))
}

/// The trajectory while events come in.
#[derive(Default)]
pub(crate) struct Building {
    trajectory: Trajectory,
    /// The reply each step came from.
    responses: Vec<Option<String>>,
    by_event: HashMap<String, usize>,
    /// Calls that wait for an answer, earliest first, for ids may repeat.
    by_call: HashMap<String, VecDeque<usize>>,
}

impl Building {
    /// Takes one event; false when its kind is not known.
    pub(crate) fn take(&mut self, record: &Record) -> bool {
        let value = &record.value;
        let trajectory = &mut self.trajectory;
        trajectory.started = trajectory.started.or(record.time);
        trajectory.ended = record.time.or(trajectory.ended);
        match str_at(value, "kind").unwrap_or_default() {
            "ActionEvent" => self.act(record),
            "ObservationEvent" | "AgentErrorEvent" | "UserRejectObservation" => self.answer(record),
            "MessageEvent" => {
                let message = value.get("llm_message").and_then(|m| m.get("content"));
                let text = message.map(content_text).unwrap_or_default();
                if str_at(value, "source") == Some("agent") {
                    trajectory.final_message = Some(text.trim().to_owned());
                } else if trajectory.task.is_none() && str_at(value, "source") == Some("user") {
                    trajectory.task = Some(text);
                }
            }
            "SystemPromptEvent"
            | "ConversationStateUpdateEvent"
            | "PauseEvent"
            | "Condensation"
            | "CondensationRequest"
            | "CondensationSummaryEvent"
            | "ConversationErrorEvent"
            | "TokenEvent"
            | "LLMCompletionLogEvent" => {}
            _ => return false,
        }
        true
    }

    fn act(&mut self, record: &Record) {
        let value = &record.value;
        let index = self.trajectory.steps.len();
        let mut step = Step::new(index, action_of(value));
        let text = |key: &str| str_at(value, key).map(str::to_owned);
        step.address.event = text("id");
        step.address.call_id = text("tool_call_id");
        let thought = value.get("thought").map(content_text).unwrap_or_default();
        thought.trim().clone_into(&mut step.thought);
        step.reasoning = text("reasoning_content").unwrap_or_default();
        step.started = record.time;
        step.refs.extend(record.action.clone());
        self.trajectory.final_message = match &step.action.kind {
            ActionKind::Finish { text } => Some(text.trim().to_owned()),
            _ => None,
        };
        if let Some(id) = text("id") {
            self.by_event.insert(id, index);
        }
        if let Some(id) = text("tool_call_id") {
            self.by_call.entry(id).or_default().push_back(index);
        }
        self.responses.push(text("llm_response_id"));
        self.trajectory.steps.push(step);
    }

    fn answer(&mut self, record: &Record) {
        let value = &record.value;
        let named = str_at(value, "action_id").and_then(|id| self.by_event.get(id).copied());
        let waiting = str_at(value, "tool_call_id").and_then(|id| self.by_call.get_mut(id));
        let at = match (named, waiting) {
            (Some(at), Some(waiting)) => {
                waiting.retain(|index| *index != at);
                Some(at)
            }
            (None, Some(waiting)) => waiting.pop_front(),
            (named, None) => named,
        };
        let Some(step) = at.and_then(|at| self.trajectory.steps.get_mut(at)) else {
            return;
        };
        if step.observation.is_none() {
            step.observation = Some(observation(value));
            step.ended = record.time;
            step.refs.extend(record.observation.clone());
        }
    }

    /// Takes what the base state says about the run.
    fn describe(&mut self, state: &Value) {
        let trajectory = &mut self.trajectory;
        trajectory.session = str_at(state, "id").map(str::to_owned);
        let text = |path: &str| {
            state
                .pointer(path)
                .and_then(Value::as_str)
                .map(str::to_owned)
        };
        trajectory.model = text("/agent/llm/model");
        trajectory.outcome.exit_status = text("/execution_status");
        let metrics = state
            .pointer("/stats/usage_to_metrics")
            .and_then(Value::as_object);
        for spent in metrics.into_iter().flat_map(|all| all.values()) {
            let tokens = |key: &str| spent.get("accumulated_token_usage")?.get(key)?.as_u64();
            let cost = spent.get("accumulated_cost").and_then(Value::as_f64);
            trajectory.usage.add(&Usage {
                input_tokens: tokens("prompt_tokens"),
                cached_tokens: tokens("cache_read_tokens"),
                output_tokens: tokens("completion_tokens"),
                // 0 means that the price was not known.
                cost_usd: cost.filter(|cost| *cost > 0.0),
            });
        }
    }

    /// Keeps the answered actions and groups those of one reply.
    pub(crate) fn finish(mut self, warnings: &mut Vec<String>) -> Trajectory {
        let mut steps = Steps::new();
        let mut last: Option<String> = None;
        let mut group = 0;
        let asked = std::mem::take(&mut self.trajectory.steps);
        for (step, response) in asked.into_iter().zip(self.responses) {
            if step.observation.is_none() {
                let event = step.address.event.as_deref().unwrap_or("?");
                warnings.push(format!(
                    "event {event}: the `{}` action has no observation and is no step",
                    step.action.tool
                ));
                continue;
            }
            let same = response.is_some() && response == last;
            last = response;
            steps.push(step);
            if same && let Some(before) = steps.len().checked_sub(2) {
                let own = *steps[before].parallel_group.get_or_insert_with(|| {
                    group += 1;
                    group
                });
                steps[before + 1].parallel_group = Some(own);
            }
        }
        self.trajectory.steps = steps;
        self.trajectory.renumber();
        self.trajectory.agent = Some("openhands".to_owned());
        self.trajectory
    }
}

/// The call as the model wrote it, else the action the SDK made of it.
fn action_of(event: &Value) -> Action {
    let name = str_at(event, "tool_name").unwrap_or("unknown");
    let written = event
        .get("tool_call")
        .and_then(|call| call.get("arguments"))
        .and_then(|arguments| match arguments {
            Value::String(text) => serde_json::from_str(text).ok(),
            other => Some(other.clone()),
        })
        .filter(Value::is_object);
    let arguments = written.or_else(|| event.get("action").cloned());
    tool_action(name, arguments.unwrap_or_default())
}

fn observation(event: &Value) -> Observation {
    if let Some(seen) = event.get("observation") {
        let status = seen.get("exit_code").and_then(Value::as_i64);
        let text = seen
            .get("content")
            .or_else(|| seen.get("output"))
            .map(content_text);
        return Observation {
            exit_status: status
                .filter(|status| *status != -1)
                .and_then(|status| i32::try_from(status).ok()),
            is_error: seen.get("is_error").and_then(Value::as_bool),
            ..Observation::text(text.unwrap_or_default())
        };
    }
    let words = json::str_of(event, &["error", "rejection_reason"]);
    Observation {
        is_error: Some(true),
        ..Observation::text(words.unwrap_or_default())
    }
}
