//! Where in a JSON value conversations stand, and one of them as a run.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Value;
use serde_json::value::RawValue;

use crate::dialogue::{self, Feed};
use crate::extractor::Extraction;
use crate::frame::Cite;

/// Under which keys an object keeps its messages, the likeliest first.
pub(super) const LISTS: &[&str] = &[
    "messages",
    "conversation",
    "conversations",
    "history",
    "chat_history",
    "message_history",
    "trajectory",
    "turns",
    "contents",
    "items",
    "log",
    "chat",
    "dialog",
    "dialogue",
    "transcript",
    "trace",
    "events",
    "steps",
    "input",
    "output",
];

/// Under which keys an object keeps another that holds the messages.
pub(super) const WRAPPERS: &[&str] = &[
    "request",
    "body",
    "data",
    "result",
    "response",
    "session",
    "conversation",
    "chat",
    "trajectory",
    "kwargs",
    "inputs",
    "outputs",
    "state",
    "values",
];

/// Wrappers within wrappers that are opened.
const DEEPEST: u32 = 4;

/// A conversation.
#[derive(Debug, Default)]
pub(super) struct Talk<'t> {
    /// The text it stands in, with what is said about it.
    pub(super) row: &'t str,
    /// Its messages, each as the text it stands in.
    pub(super) messages: Vec<Cow<'t, str>>,
    /// How many of the last are the answer to those before, kept beside them.
    pub(super) answers: usize,
    /// Short members beside the messages.
    pub(super) about: Value,
}

/// The conversations in one JSON value: one, or those of a list.
pub(super) fn talks_in(text: &str) -> Vec<Talk<'_>> {
    let text = text.trim();
    if !text.starts_with('[') {
        return talk_of(text).into_iter().collect();
    }
    let Ok(items) = serde_json::from_str::<Vec<&RawValue>>(text) else {
        return Vec::new();
    };
    if begins_with_messages(&items) {
        return vec![Talk {
            row: text,
            messages: items.into_iter().map(|item| item.get().into()).collect(),
            answers: 0,
            about: Value::Null,
        }];
    }
    let talks = items.into_iter().filter_map(|item| {
        let text = item.get();
        if !text.starts_with('[') {
            return talk_of(text);
        }
        let messages: Vec<&RawValue> = serde_json::from_str(text).ok()?;
        begins_with_messages(&messages).then(|| Talk {
            row: text,
            messages: messages.into_iter().map(|item| item.get().into()).collect(),
            answers: 0,
            about: Value::Null,
        })
    });
    talks.collect()
}

/// The conversation an object holds.
fn talk_of(row: &str) -> Option<Talk<'_>> {
    let mut text = row;
    let mut about = serde_json::Map::new();
    let mut around: Vec<BTreeMap<String, &RawValue>> = Vec::new();
    for _ in 0..DEEPEST {
        let members: BTreeMap<String, &RawValue> = serde_json::from_str(text).ok()?;
        for (key, raw) in &members {
            // What is said of a run is short; texts and lists are not.
            if raw.get().len() < 4096 && !raw.get().starts_with('[') {
                let value = serde_json::from_str(raw.get()).unwrap_or_default();
                about.entry(key.clone()).or_insert(value);
            }
        }
        if let Some((key, mut messages)) = LISTS
            .iter()
            .find_map(|key| Some((*key, list_at(&members, key)?)))
        {
            around.push(members);
            let mut answers = around
                .iter()
                .rev()
                .map(|members| answer_beside(members, key));
            let answer = answers
                .find(|answer| !answer.is_empty())
                .unwrap_or_default();
            let answers = answer.len();
            messages.extend(answer);
            return Some(Talk {
                row,
                messages,
                answers,
                about: Value::Object(about),
            });
        }
        let inner = WRAPPERS.iter().filter_map(|key| members.get(*key));
        let mut inner = inner
            .map(|raw| raw.get())
            .filter(|raw| raw.starts_with('{'));
        text = inner.find(|raw| LISTS.iter().any(|key| raw.contains(key)))?;
        around.push(members);
    }
    None
}

/// The messages under a key, which may be written out as JSON text.
fn list_at<'t>(members: &BTreeMap<String, &'t RawValue>, key: &str) -> Option<Vec<Cow<'t, str>>> {
    let raw = members.get(key)?.get();
    if raw.starts_with('"') {
        let written: String = serde_json::from_str(raw).ok()?;
        let items: Vec<Box<RawValue>> = serde_json::from_str(&written).ok()?;
        let first = items
            .iter()
            .take(3)
            .map(|item| serde_json::from_str::<Value>(item.get()));
        let all = !items.is_empty() && first.flatten().all(|item| dialogue::is_message(&item));
        return all.then(|| {
            items
                .iter()
                .map(|item| item.get().to_owned().into())
                .collect()
        });
    }
    let items: Vec<&RawValue> = serde_json::from_str(raw).ok()?;
    begins_with_messages(&items).then(|| items.into_iter().map(|item| item.get().into()).collect())
}

/// The model's answer to the messages, where a log keeps it beside the request.
fn answer_beside<'t>(members: &BTreeMap<String, &'t RawValue>, key: &str) -> Vec<Cow<'t, str>> {
    if key == "input" {
        return list_at(members, "output").unwrap_or_default();
    }
    let mut places: Vec<BTreeMap<String, &'t RawValue>> = vec![members.clone()];
    let response = ["response", "completion"];
    places.extend(
        response
            .iter()
            .filter_map(|key| serde_json::from_str(members.get(*key)?.get()).ok()),
    );
    for place in places {
        if let Some(choices) = place.get("choices") {
            let choices: Vec<BTreeMap<String, &'t RawValue>> =
                serde_json::from_str(choices.get()).unwrap_or_default();
            let first = choices.first().and_then(|choice| choice.get("message"));
            return first
                .into_iter()
                .map(|message| message.get().into())
                .collect();
        }
    }
    // An answer of Anthropic is a message itself.
    let answer = response.iter().filter_map(|key| members.get(*key));
    let answer = answer
        .map(|raw| raw.get())
        .filter(|raw| raw.starts_with('{'));
    answer
        .filter(|raw| {
            serde_json::from_str(raw).is_ok_and(|value: Value| dialogue::is_message(&value))
        })
        .map(Into::into)
        .collect()
}

fn begins_with_messages(items: &[&RawValue]) -> bool {
    let begin = &items[..items.len().min(3)];
    let first = begin
        .iter()
        .map(|item| serde_json::from_str::<Value>(item.get()));
    let messages = first.flatten().filter(dialogue::is_message).count();
    mostly(messages, begin.len())
}

/// Whether `messages` of the `looked_at` first members make a list a conversation. One may have
/// been cut before it says anything.
pub(super) fn mostly(messages: usize, looked_at: usize) -> bool {
    messages > 0 && messages + 1 >= looked_at.max(2)
}

/// The run of a conversation found in the file at `path`.
pub(super) fn read_talk(talk: &Talk<'_>, path: &str, cite: &Cite<'_>) -> Extraction {
    let mut extraction = Extraction::default();
    let mut feed = Feed::default();
    let mut unread = 0;
    for message in &talk.messages {
        let value: Value = serde_json::from_str(message).unwrap_or_default();
        let known = feed.add(&value, |part| match message {
            Cow::Borrowed(raw) => cite(part, raw),
            // A list that is written out as text is cited as a whole.
            Cow::Owned(_) => cite(part, talk.row),
        });
        extraction.coverage.count(message.len(), known);
        unread += u64::from(!known);
    }
    // What stands around the messages is read only where it says something of the run.
    let bytes = &mut extraction.coverage.bytes;
    let explained = bytes.explained.min(talk.row.len() as u64);
    bytes.total = bytes.total.max(talk.row.len() as u64);
    bytes.explained = explained;
    let (mut trajectory, orphans) = feed.finish();
    trajectory.session = talk.text(&[
        "session_id",
        "sessionId",
        "conversation_id",
        "instance_id",
        "id",
    ]);
    trajectory.agent = talk.text(&["agent", "agent_name"]);
    if trajectory.model.is_none() {
        trajectory.model = talk.text(&["model", "model_name", "model_name_or_path"]);
    }
    trajectory.outcome.exit_status = talk.text(&["exit_status", "finish_reason", "stop_reason"]);
    if let Some(resolved) = talk.about.get("resolved").and_then(Value::as_bool) {
        trajectory.outcome.resolved = Some(resolved);
        trajectory.outcome.source = Some(path.to_owned());
    }
    if trajectory.usage.is_empty() {
        trajectory.usage = dialogue::usage_of(&talk.about).unwrap_or_default();
    }
    extraction.trajectory = trajectory;
    warn(&mut extraction, path, unread, orphans);
    extraction
}

/// Says what found no place.
pub(super) fn warn(extraction: &mut Extraction, path: &str, unread: u64, orphans: u64) {
    if unread + orphans > 0 {
        let warning = format!(
            "{path}: {} lines or results belong to no message or call",
            unread + orphans
        );
        extraction.warnings.push(warning);
    }
}
