//! One sample to one run.

use std::collections::BTreeMap;
use std::ops::Range;

use serde_json::Value;
use serde_json::value::RawValue;
use trace::{Ref, RefPart, Trajectory};

use super::events::Events;
use super::outcome;
use crate::dialogue::{self, Feed, Role};
use crate::document::{Document, cite_bytes};
use crate::extractor::{ExtractError, Extraction};
use crate::frame::{self, JsonDocument};
use crate::json::{close_truncated, str_at};
use crate::pile::{EntryId, Pile};

/// Members of a sample that are read, or known to repeat or describe what is.
const KNOWN: &[&str] = &[
    "id",
    "epoch",
    "input",
    "choices",
    "target",
    "sandbox",
    "files",
    "setup",
    "messages",
    "output",
    "scores",
    "metadata",
    "store",
    "events",
    "timelines",
    "model_usage",
    "role_usage",
    "started_at",
    "completed_at",
    "total_time",
    "working_time",
    "uuid",
    "invalidation",
    "error",
    "error_retries",
    "attachments",
    "events_data",
    "turn_count",
    "limit",
];

/// A sample while it is read.
pub(super) struct Sample<'a> {
    path: &'a str,
    /// The text of the sample and where it begins in the file.
    text: &'a str,
    start: u64,
    /// The file, where the sample is all of it.
    document: Option<&'a Document>,
    header: &'a Value,
    warnings: Vec<String>,
}

impl Sample<'_> {
    /// Reads a file that is one sample.
    pub(super) fn of_file(
        pile: &Pile,
        id: EntryId,
        header: &Value,
    ) -> Result<Extraction, ExtractError> {
        let file = JsonDocument::open(pile, id)?;
        let parsed = file.parse::<&RawValue>()?;
        let sample = Sample {
            path: file.document().path(),
            text: parsed.base,
            start: 0,
            document: Some(file.document()),
            header,
            warnings: parsed.warnings,
        };
        Ok(sample.read())
    }

    /// Reads the sample at `range` of a log in one document; without a range, its first.
    pub(super) fn of_log(
        pile: &Pile,
        id: EntryId,
        range: Option<Range<u64>>,
        header: &Value,
    ) -> Result<Extraction, ExtractError> {
        let path = &pile.entry(id).path;
        let range = match range {
            Some(range) => range,
            None => match super::rows_of(pile, id)?.into_iter().next() {
                Some(part) => part.range.unwrap_or_default(),
                None => return Self::of_file(pile, id, header),
            },
        };
        let text = frame::text_at(pile, id, &range)?;
        let mut warnings = Vec::new();
        let text = match serde_json::from_str::<&RawValue>(&text) {
            Ok(_) => text,
            Err(error) => {
                warnings.push(format!(
                    "{path}: the sample at byte {} is cut off ({error})",
                    range.start
                ));
                close_truncated(&text).unwrap_or_else(|| "{}".to_owned())
            }
        };
        let sample = Sample {
            path,
            text: &text,
            start: range.start,
            document: None,
            header,
            warnings,
        };
        Ok(sample.read())
    }

    fn cite(&self, part: RefPart, slice: &str) -> Option<Ref> {
        if let Some(document) = self.document {
            return document.cite_in(self.text, part, slice);
        }
        let at = slice
            .as_ptr()
            .addr()
            .checked_sub(self.text.as_ptr().addr())?;
        let bytes = self.text.as_bytes().get(at..at + slice.len())?;
        Some(cite_bytes(part, self.path, self.start + at as u64, bytes))
    }

    fn read(mut self) -> Extraction {
        let members: BTreeMap<String, &RawValue> =
            serde_json::from_str(self.text).unwrap_or_default();
        let value = |key: &str| -> Value {
            let raw = members.get(key).map_or("null", |raw| raw.get());
            serde_json::from_str(raw).unwrap_or_default()
        };
        let list = |key: &str| -> Vec<&RawValue> {
            let raw = members.get(key).map_or("[]", |raw| raw.get());
            serde_json::from_str(raw).unwrap_or_default()
        };
        let attachments = value("attachments");
        let pool = value("events_data");
        let mut extraction = Extraction::default();
        let events = list("events");
        let mut trajectory = if events.is_empty() {
            self.read_messages(&list("messages"), &attachments, &mut extraction)
        } else {
            let mut reader = Events::new(&attachments, &pool);
            for raw in events {
                let event: Value = serde_json::from_str(raw.get()).unwrap_or_default();
                let known = reader.take(&event, &|part| self.cite(part, raw.get()));
                extraction.coverage.count(raw.get().len(), known);
            }
            reader.finish()
        };
        let unknown: u64 = members
            .iter()
            .filter(|(key, _)| !KNOWN.contains(&key.as_str()))
            .map(|(_, raw)| raw.get().len() as u64)
            .sum();
        let bytes = &mut extraction.coverage.bytes;
        let missed = bytes.total - bytes.explained + unknown;
        bytes.total = self.text.len() as u64;
        bytes.explained = bytes.total.saturating_sub(missed);
        let about = [
            "id",
            "epoch",
            "uuid",
            "input",
            "output",
            "scores",
            "error",
            "limit",
            "model_usage",
        ];
        let about = about.map(|key| (key.to_owned(), resolved(&value(key), &attachments)));
        self.describe(&mut trajectory, &Value::Object(about.into_iter().collect()));
        extraction.warnings.append(&mut self.warnings);
        extraction.trajectory = trajectory;
        extraction
    }

    /// A log without events keeps what is left in the messages.
    fn read_messages(
        &mut self,
        messages: &[&RawValue],
        attachments: &Value,
        extraction: &mut Extraction,
    ) -> Trajectory {
        let mut feed = Feed::default();
        for raw in messages {
            let message: Value = serde_json::from_str(raw.get()).unwrap_or_default();
            let message = resolved(&message, attachments);
            let known = feed.add(&message, |part| self.cite(part, raw.get()));
            extraction.coverage.count(raw.get().len(), known);
        }
        self.warnings.push(format!(
            "{}: the sample has no events; its messages are read",
            self.path
        ));
        feed.finish().0
    }

    /// What the sample and the header say of the run as a whole.
    fn describe(&self, trajectory: &mut Trajectory, sample: &Value) {
        let input = sample.get("input").unwrap_or(&Value::Null);
        let asked = dialogue::messages_in(input);
        let asked = asked
            .iter()
            .rev()
            .find(|message| message.role == Role::User);
        let asked = asked.map(dialogue::Message::text);
        let task = input.as_str().map(str::to_owned).or(asked);
        trajectory.task = task
            .filter(|task| !task.is_empty())
            .or_else(|| trajectory.task.take());
        let header = |path: &str| {
            self.header
                .pointer(path)
                .and_then(Value::as_str)
                .map(str::to_owned)
        };
        trajectory.model = header("/eval/model").or_else(|| trajectory.model.take());
        trajectory.agent = header("/eval/solver")
            .or_else(|| trajectory.agent.take())
            .or_else(|| {
                let steps = self.header.pointer("/plan/steps")?.as_array()?;
                Some(str_at(steps.last()?, "solver")?.to_owned())
            });
        let version = self.header.get("version").and_then(Value::as_u64);
        trajectory.format_version = version.map(|version| version.to_string());
        let id = sample
            .get("id")
            .map(|id| id.as_str().map_or_else(|| id.to_string(), str::to_owned));
        trajectory.session = str_at(sample, "uuid").map(str::to_owned).or(id);
        if trajectory.final_message.is_none() {
            let said = sample.pointer("/output/completion").and_then(Value::as_str);
            trajectory.final_message = said.filter(|said| !said.is_empty()).map(str::to_owned);
        }
        if let Some(usage) = outcome::usage_of(sample) {
            trajectory.usage = usage;
        }
        trajectory.outcome = outcome::outcome_of(sample, self.path);
    }
}

/// The value with every pointer to an attachment followed.
pub(super) fn resolved(value: &Value, attachments: &Value) -> Value {
    match value {
        Value::String(text) => {
            let named = text.strip_prefix("attachment://");
            let found = named.and_then(|name| attachments.get(name));
            found.cloned().unwrap_or_else(|| value.clone())
        }
        Value::Array(list) => list
            .iter()
            .map(|item| resolved(item, attachments))
            .collect(),
        Value::Object(members) => members
            .iter()
            .map(|(key, value)| (key.clone(), resolved(value, attachments)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        other => other.clone(),
    }
}
