//! Plain lists of chat messages; the layout is described in `LAYOUT.md` beside this file.

mod talk;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::io;
use std::ops::Range;

use serde::de::IgnoredAny;
use serde_json::Value;
use serde_json::value::RawValue;

use self::talk::{LISTS, Talk, WRAPPERS, read_talk, talks_in};
use crate::dialogue::{self, Feed};
use crate::document::Document;
use crate::extractor::{
    Claim, Detection, ExtractError, Extraction, Extractor, Layout, Part, Rank, Site,
};
use crate::frame::{self, JsonDocument};
use crate::json::{close_truncated, str_at};
use crate::pile::{EntryId, Pile};

/// Reads plain lists of chat messages with tool calls.
pub(crate) struct ChatMessages;

/// How words begin without which there is no tool call in any interface; in a list that is written
/// out as text they end otherwise.
const CALLS: [&str; 13] = [
    "\"tool_calls",
    "\"tool_use",
    "\"function_call",
    "\"functionCall",
    "\"custom_tool_call",
    "\"toolUse",
    "\"tool-call",
    "\"tool_call",
    "\"tool-invocation",
    "\"toolInvocations",
    "\"dynamic-tool",
    "\"ToolCallRequestEvent",
    "<tool_call>",
];

/// How much of a file is looked through for its first call.
const LOOKED_AT: usize = 1 << 20;

impl Extractor for ChatMessages {
    fn layout(&self) -> Layout {
        Layout {
            name: "chat-messages",
            title: "lists of chat messages with tool calls (OpenAI, Anthropic, Gemini, LangChain, AI SDK …)",
            doc: include_str!("LAYOUT.md"),
            rank: Rank::Export,
        }
    }

    fn detect(&self, pile: &Pile, site: Site<'_>) -> io::Result<Option<Detection>> {
        let Site::File(probe) = site else {
            return Ok(None);
        };
        let head = probe.head();
        let mut lines = probe.records().iter().take(4);
        let one_a_line = lines.by_ref().filter(|r| dialogue::is_message(r)).count() >= 2;
        let shape = if one_a_line {
            "one message a line"
        } else if probe.first().is_some_and(|first| holds_talk(first, 4)) {
            "a list of messages"
        } else {
            return Ok(None);
        };
        let found = match call_in(head) {
            Some(word) => Some(word),
            None if probe.entry().size > head.len() as u64 => {
                call_in(&pile.head(probe.entry().id, LOOKED_AT)?)
            }
            None => None,
        };
        Ok(found.map(|word| Detection {
            score: 45,
            evidence: vec![
                format!("{shape} with `role` and `content`"),
                format!("has {}", word.trim_matches(['"', '<', '>'])),
            ],
            ..Detection::default()
        }))
    }

    fn parts(&self, pile: &Pile, claim: &Claim) -> Result<Vec<Part>, ExtractError> {
        let id = claim.detection.files[0];
        let mut rows = Rows::default();
        let mut first = true;
        let mut document = false;
        frame::rows(pile, id, |line| {
            let text = line.text();
            if std::mem::take(&mut first) {
                // A document over several lines, a document on one, or one message a line.
                let value: Option<Value> = serde_json::from_str(&text).ok();
                document =
                    value.is_none_or(|value| value.is_array() || dialogue::is_message(&value));
            }
            if !document {
                let start = line.offset + (line.bytes.len() - text.len()) as u64;
                rows.add(&text, start, line.number);
            }
        })?;
        if document {
            let file = JsonDocument::open(pile, id)?;
            let parsed = file.parse::<&RawValue>();
            let text = parsed.as_ref().map_or("", |parsed| parsed.base);
            for (number, talk) in (1..).zip(talks_in(text)) {
                if talk.row != text.trim() {
                    let start = talk.row.as_ptr().addr() - text.as_ptr().addr();
                    rows.add(talk.row, start as u64, number);
                }
            }
        }
        Ok(rows.into_parts(document))
    }

    fn extract(&self, pile: &Pile, claim: &Claim) -> Result<Extraction, ExtractError> {
        let id = claim.detection.files[0];
        if let Some(range) = claim.part.as_ref().and_then(|part| part.range.clone()) {
            let text = frame::text_at(pile, id, &range)?;
            let cut = serde_json::from_str::<&RawValue>(&text).is_err();
            let closed = cut.then(|| close_truncated(&text)).flatten();
            let text = closed.unwrap_or(text);
            let cite = |part, slice: &str| {
                let at = slice.as_ptr().addr().checked_sub(text.as_ptr().addr())?;
                // What closes a row that was cut is not in the file.
                let most = pile.entry(id).size.saturating_sub(range.start);
                let end = (at + slice.len()).min(usize::try_from(most).unwrap_or(usize::MAX));
                let bytes = text.as_bytes().get(at..end)?;
                let path = &pile.entry(id).path;
                Some(crate::document::cite_bytes(
                    part,
                    path,
                    range.start + at as u64,
                    bytes,
                ))
            };
            let path = &pile.entry(id).path;
            let talk = talks_in(&text).into_iter().next().unwrap_or_default();
            let mut extraction = read_talk(&talk, path, &cite);
            if cut {
                let warning = format!("{path}: the row at byte {} is cut off", range.start);
                extraction.warnings.push(warning);
            }
            return Ok(extraction);
        }
        whole(pile, id)
    }
}

/// A file that is one conversation.
fn whole(pile: &Pile, id: EntryId) -> Result<Extraction, ExtractError> {
    let file = JsonDocument::open(pile, id)?;
    let text = file.document().text();
    let is_lines = serde_json::from_str::<IgnoredAny>(text).is_err()
        && text
            .lines()
            .find(|line| !line.trim().is_empty())
            .is_some_and(|line| serde_json::from_str::<IgnoredAny>(line).is_ok());
    if is_lines {
        return Ok(lines(file.document()));
    }
    let parsed = file.parse::<&RawValue>()?;
    let cite = |part, slice: &str| file.document().cite_in(parsed.base, part, slice);
    let talk = talks_in(parsed.value.get())
        .into_iter()
        .next()
        .unwrap_or_default();
    let mut extraction = read_talk(&talk, file.document().path(), &cite);
    extraction.warnings.splice(0..0, parsed.warnings);
    Ok(extraction)
}

/// One message a line.
fn lines(document: &Document) -> Extraction {
    let mut extraction = Extraction::default();
    let mut feed = Feed::default();
    let mut unread = 0;
    for line in document
        .text()
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
    {
        let value: Value = serde_json::from_str(line).unwrap_or_default();
        let known = feed.add(&value, |part| document.cite(part, line));
        extraction.coverage.count(line.len(), known);
        unread += u64::from(!known);
    }
    let (trajectory, orphans) = feed.finish();
    extraction.trajectory = trajectory;
    talk::warn(&mut extraction, document.path(), unread, orphans);
    extraction
}

/// The word of a call in `text`, if there is one.
fn call_in(text: &str) -> Option<&'static str> {
    let word = CALLS.iter().find(|word| text.contains(**word)).copied();
    // A part of the AI SDK names its tool in its kind.
    let typed = || text.contains("\"type\":\"tool-") || text.contains("\"type\": \"tool-");
    word.or_else(|| typed().then_some("\"tool-"))
}

/// Whether a value, perhaps an outline, is or holds a list of messages.
fn holds_talk(value: &Value, depth: u32) -> bool {
    if depth == 0 {
        return false;
    }
    match value {
        Value::Array(list) => {
            let begin = &list[..list.len().min(3)];
            let messages = begin
                .iter()
                .filter(|item| dialogue::is_message(item))
                .count();
            talk::mostly(messages, begin.len())
                || (!begin.is_empty() && begin.iter().all(|item| holds_talk(item, depth - 1)))
        }
        Value::Object(members) => {
            let lists = LISTS.iter().filter_map(|key| members.get(*key));
            let mut lists = lists.filter(|list| list.is_array() || list.is_string());
            let written = |list: &Value| {
                list.as_str()
                    .is_some_and(|text| text.starts_with("[{") && text.contains("\"role\""))
            };
            lists.any(|list| written(list) || (list.is_array() && holds_talk(list, depth - 1)))
                || WRAPPERS
                    .iter()
                    .filter_map(|key| members.get(*key))
                    .any(|inner| inner.is_object() && holds_talk(inner, depth - 1))
        }
        _ => false,
    }
}

/// Conversations of one file, each kept once.
#[derive(Default)]
struct Rows {
    rows: Vec<Row>,
    /// The rows by the hash of all their messages.
    by_content: HashMap<blake3::Hash, usize>,
    /// Rows looked at.
    seen: u64,
    keys: HashMap<String, u32>,
}

/// A conversation, as far as it was logged.
struct Row {
    key: String,
    /// What the row calls itself.
    called: Option<String>,
    /// The hash of its messages.
    whole: blake3::Hash,
    range: Range<u64>,
}

impl Rows {
    /// Adds the conversation in `text`, unless it has no call; it takes the place of one that it
    /// begins with.
    fn add(&mut self, text: &str, start: u64, number: u64) {
        let closed;
        let mut talks = talks_in(text);
        if talks.is_empty() && serde_json::from_str::<IgnoredAny>(text).is_err() {
            closed = close_truncated(text).unwrap_or_default();
            talks = talks_in(&closed);
        }
        self.seen += 1;
        let Some(talk) = talks.first() else { return };
        let mut hasher = blake3::Hasher::new();
        let mut before = None;
        for message in &talk.messages[..talk.messages.len() - talk.answers] {
            hasher.update(message.as_bytes());
            hasher.update(b"\n");
            before = self.by_content.get(&hasher.finalize()).copied().or(before);
        }
        if !talk
            .messages
            .iter()
            .any(|message| call_in(message).is_some())
        {
            return;
        }
        // Two tries at one task may say the same; then their names tell them apart.
        let whole = hasher.finalize();
        let called = talk.name();
        let before = before.filter(|place| {
            let known = &self.rows[*place];
            known.called == called || known.whole != whole
        });
        let range = start..start + text.len() as u64;
        if let Some(place) = before {
            let known = &mut self.rows[place];
            self.by_content.remove(&known.whole);
            known.whole = whole;
            known.range = range;
            self.by_content.insert(whole, place);
            return;
        }
        let name = called.clone().unwrap_or_else(|| format!("line-{number}"));
        let times = self.keys.entry(name.clone()).or_default();
        *times += 1;
        let key = if *times == 1 {
            name
        } else {
            format!("{name}~{times}")
        };
        self.by_content.insert(whole, self.rows.len());
        self.rows.push(Row {
            key,
            called,
            whole,
            range,
        });
    }

    /// The parts; none if the file holds but one conversation.
    fn into_parts(self, document: bool) -> Vec<Part> {
        if self.seen < 2 || (document && self.rows.len() < 2) {
            return Vec::new();
        }
        let parts = self.rows.into_iter().map(|row| Part {
            key: row.key,
            session: None,
            range: Some(row.range),
            ..Part::default()
        });
        parts.collect()
    }
}

/// A conversation is named by what its row calls itself.
impl Talk<'_> {
    fn name(&self) -> Option<String> {
        let keys = [
            "instance_id",
            "session_id",
            "sessionId",
            "conversation_id",
            "task_id",
            "traj_id",
            "id",
            "uuid",
        ];
        keys.iter().find_map(|key| match self.about.get(*key)? {
            Value::String(name) if !name.is_empty() => Some(name.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        })
    }

    fn text(&self, keys: &[&str]) -> Option<String> {
        keys.iter()
            .find_map(|key| str_at(&self.about, key))
            .map(str::to_owned)
    }
}
