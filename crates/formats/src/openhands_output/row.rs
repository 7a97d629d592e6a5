//! One row to one run.

use std::collections::BTreeMap;

use serde_json::Value;
use serde_json::value::RawValue;
use trace::{Ref, RefPart, Trajectory, Usage};

use super::is_event;
use crate::document::cite_bytes;
use crate::extractor::{Coverage, ExtractError, Extraction};
use crate::json::{close_truncated, str_at};
use crate::lines::Line;
use crate::openhands_conversation::{Building, Record};
use crate::openhands_events::{Event, What, build, parse_event};

/// The members of a row that are understood or known to hold nothing of the run.
const KNOWN: &[&str] = &[
    "attempt",
    "error",
    "history",
    "instance",
    "instance_id",
    "instruction",
    "metadata",
    "metrics",
    "report",
    "resume_count",
    "test_result",
];

/// Where a run's check may say that it passed.
const VERDICTS: [&str; 6] = [
    "/report/resolved",
    "/test_result/report/resolved",
    "/test_result/result/resolved",
    "/test_result/resolved",
    "/test_result/result",
    "/test_result/score",
];

/// A row while it is read.
pub(super) struct Row<'a> {
    line: &'a Line<'a>,
    text: &'a str,
    extraction: Extraction,
    /// Bytes of records of an unknown kind.
    unknown: u64,
}

impl<'a> Row<'a> {
    /// Reads the row in `line`.
    pub(super) fn read(line: &'a Line<'a>) -> Result<Extraction, ExtractError> {
        let text = line.text();
        let mut row = Row {
            line,
            text: &text,
            extraction: Extraction::default(),
            unknown: 0,
        };
        let parsed = serde_json::from_str::<BTreeMap<String, &RawValue>>(&text);
        let closed;
        let members = match parsed {
            Ok(members) => members,
            Err(error) => {
                let failed = || ExtractError::Malformed {
                    path: line.path.to_owned(),
                    byte: line.offset + error.column().saturating_sub(1) as u64,
                    what: error.to_string(),
                };
                closed = close_truncated(&text).ok_or_else(failed)?;
                row.warn(&format!("is cut off ({error})"));
                // The copy keeps the offsets of the text.
                return match serde_json::from_str(&closed) {
                    Ok(members) => Ok(Row {
                        text: &closed,
                        ..row
                    }
                    .fill(&members)),
                    Err(_) => Err(failed()),
                };
            }
        };
        Ok(row.fill(&members))
    }

    fn fill(mut self, members: &BTreeMap<String, &RawValue>) -> Extraction {
        let value = |key: &str| -> Value {
            let raw = members.get(key).map_or("null", |raw| raw.get());
            serde_json::from_str(raw).unwrap_or_default()
        };
        if let Some(history) = members.get("history") {
            self.history(history.get());
        }
        for (key, raw) in members {
            if !KNOWN.contains(&key.as_str()) {
                self.unknown += raw.get().len() as u64;
            }
        }
        let about = ["metadata", "metrics", "test_result", "report"];
        let about: serde_json::Map<_, _> = about
            .map(|key| (key.to_owned(), value(key)))
            .into_iter()
            .collect();
        let trajectory = &mut self.extraction.trajectory;
        describe(trajectory, &Value::Object(about));
        let text = |key: &str| value(key).as_str().map(str::to_owned);
        trajectory.session = text("instance_id");
        trajectory.task = trajectory.task.take().or_else(|| text("instruction"));
        if let Some(error) = text("error").filter(|error| !error.trim().is_empty()) {
            trajectory.outcome.exit_status = Some(error);
        }
        if trajectory.outcome.resolved.is_some() {
            trajectory.outcome.source = Some(self.line.path.to_owned());
        }
        let total = self.line.bytes.len() as u64;
        let bytes = &mut self.extraction.coverage.bytes;
        bytes.total = total;
        bytes.explained = total.saturating_sub(self.unknown);
        self.extraction
    }

    fn warn(&mut self, what: &str) {
        let Line { path, number, .. } = self.line;
        self.extraction
            .warnings
            .push(format!("{path}: row at line {number} {what}"));
    }

    /// Cites a slice of the row.
    fn cite(&self, part: RefPart, slice: &str) -> Option<Ref> {
        let start = slice
            .as_ptr()
            .addr()
            .checked_sub(self.text.as_ptr().addr())?;
        // A byte-order mark stands before the text.
        let skipped = self.line.bytes.len() - self.line.text().len();
        let bytes = self.line.bytes.get(start + skipped..)?.get(..slice.len())?;
        let at = self.line.offset + (start + skipped) as u64;
        Some(cite_bytes(part, self.line.path, at, bytes))
    }

    fn history(&mut self, raw: &str) {
        let Ok(items) = serde_json::from_str::<Vec<&RawValue>>(raw) else {
            self.warn("has a history that is no list");
            return;
        };
        let first: Value = items
            .first()
            .and_then(|item| serde_json::from_str(item.get()).ok())
            .unwrap_or_default();
        if first.get("kind").is_some() && is_event(&first) {
            self.conversation(&items);
        } else {
            self.events(&items);
        }
    }

    /// A history of SDK events.
    fn conversation(&mut self, items: &[&RawValue]) {
        let mut building = Building::default();
        for item in items {
            let raw = item.get();
            let value: Value = serde_json::from_str(raw).unwrap_or_default();
            let record = Record::new(value, |part| self.cite(part, raw));
            let known = building.take(&record);
            self.count(raw, known);
        }
        self.extraction.trajectory = building.finish(&mut self.extraction.warnings);
    }

    /// A history of stream events, single or in pairs.
    fn events(&mut self, items: &[&RawValue]) {
        let mut events: Vec<Event> = Vec::new();
        let mut broken = 0;
        for item in items {
            if !item.get().starts_with('[') {
                broken += u32::from(!self.event(item.get(), None, &mut events));
                continue;
            }
            let pair: Vec<&RawValue> = serde_json::from_str(item.get()).unwrap_or_default();
            let action = events.len();
            for raw in pair {
                let answered = (events.len() > action).then_some(action);
                broken += u32::from(!self.event(raw.get(), answered, &mut events));
            }
        }
        if broken > 0 {
            self.warn(&format!(
                "has {broken} members of its history that are no events"
            ));
        }
        number_uniquely(&mut events);
        let built = build(&events);
        self.extraction.trajectory = built.trajectory;
        self.extraction.warnings.extend(built.warnings);
        self.extraction.coverage.add(built.coverage);
        let bytes = built.coverage.bytes;
        self.unknown += bytes.total - bytes.explained;
    }

    /// Adds an event; one that stands in a pair answers the event at `answered`.
    fn event(&mut self, raw: &str, answered: Option<usize>, events: &mut Vec<Event>) -> bool {
        let place = i64::try_from(events.len()).ok();
        let cite = |part, slice: &str| self.cite(part, slice);
        let Ok(mut event) = parse_event(&cite, raw, place) else {
            self.count(raw, false);
            return false;
        };
        if let (Some(at), What::Observation(answer)) = (answered, &mut event.what) {
            // Until all are numbered, the place of the action stands for it.
            let asked = &events[at];
            if answer.cause != Some(asked.id) || asked.id < 0 {
                answer.cause = Some(asked.id);
            }
        }
        events.push(event);
        true
    }

    fn count(&mut self, raw: &str, known: bool) {
        let mut one = Coverage::default();
        one.count(raw.len(), known);
        self.extraction.coverage.add(one);
        if !known {
            self.unknown += raw.len() as u64;
        }
    }
}

/// Numbers the events by their place if their own numbers do not tell them apart. What an
/// observation names as its cause is then the nearest such event before it.
fn number_uniquely(events: &mut [Event]) {
    let mut places: BTreeMap<i64, usize> = BTreeMap::new();
    if events
        .iter()
        .enumerate()
        .all(|(at, event)| event.id >= 0 && places.insert(event.id, at).is_none())
    {
        return;
    }
    places.clear();
    for (at, event) in events.iter_mut().enumerate() {
        if let What::Observation(answer) = &mut event.what {
            let asked = answer.cause.and_then(|cause| places.get(&cause));
            answer.cause = asked.and_then(|at| i64::try_from(*at).ok());
        }
        places.insert(event.id, at);
        event.id = i64::try_from(at).unwrap_or(i64::MAX);
    }
}

/// What the row says of the run as a whole.
fn describe(trajectory: &mut Trajectory, row: &Value) {
    let model = ["/metadata/llm_config/model", "/metadata/llm/model"];
    let model = model.iter().find_map(|path| row.pointer(path)?.as_str());
    if trajectory.model.is_none() {
        trajectory.model = model.map(str::to_owned);
    }
    trajectory.agent = Some("openhands".to_owned());
    if let Some(metrics) = row.get("metrics") {
        let spent = metrics.get("accumulated_token_usage");
        let tokens = |key: &str| spent?.get(key)?.as_u64().filter(|tokens| *tokens > 0);
        let cost = metrics.get("accumulated_cost").and_then(Value::as_f64);
        let mut usage = Usage {
            input_tokens: tokens("prompt_tokens"),
            cached_tokens: tokens("cache_read_tokens"),
            output_tokens: tokens("completion_tokens"),
            // 0 means that the price was not known.
            cost_usd: cost.filter(|cost| *cost > 0.0),
        };
        usage.fill_from(&trajectory.usage);
        trajectory.usage = usage;
    }
    let verdict = |path: &&str| match row.pointer(path)? {
        Value::Bool(passed) => Some(*passed),
        Value::Number(number) if path.ends_with("resolved") => Some(number.as_f64()? > 0.0),
        _ => None,
    };
    trajectory.outcome.resolved = VERDICTS.iter().find_map(verdict);
    let state = row
        .get("metadata")
        .and_then(|m| str_at(m, "openhands_version"));
    if trajectory.agent_version.is_none() {
        trajectory.agent_version = state.map(str::to_owned);
    }
}
