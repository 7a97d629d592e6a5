//! Gemini CLI: the session files it keeps and the stream it prints. `LAYOUT.md` beside this file
//! describes both.

mod chat;
pub(crate) mod parts;
mod steps;
mod stream;

use std::collections::{BTreeMap, HashSet};
use std::io;

use serde_json::Value;
use serde_json::value::RawValue;
use trace::{RefPart, Trajectory};

use self::chat::Chat;
pub(crate) use self::stream::GeminiCliStream;
use crate::extractor::{
    Claim, Coverage, Detection, ExtractError, Extraction, Extractor, Layout, Probe, Rank, Site,
};
use crate::frame::{self, JsonDocument};
use crate::json::str_at;
use crate::pile::{Entry, EntryId, Pile};

/// Reads the session files of Gemini CLI, with those of its sub-agents.
pub(crate) struct GeminiCli;

/// Kinds of messages.
const KINDS: &[&str] = &["user", "gemini", "info", "error", "warning"];

/// Members of the header.
const MEMBERS: &[&str] = &[
    "sessionId",
    "projectHash",
    "startTime",
    "lastUpdated",
    "messages",
    "summary",
    "directories",
    "kind",
    "activeExtensionName",
    "memoryScratchpad",
];

impl Extractor for GeminiCli {
    fn layout(&self) -> Layout {
        Layout {
            name: "gemini-cli",
            title: "Gemini CLI session files (session-*.json, session-*.jsonl)",
            doc: include_str!("LAYOUT.md"),
            rank: Rank::Native,
        }
    }

    fn detect(&self, pile: &Pile, site: Site<'_>) -> io::Result<Option<Detection>> {
        match site {
            Site::File(probe) => recognise(pile, probe),
            Site::Folder(_) => Ok(None),
        }
    }

    fn extract(&self, pile: &Pile, claim: &Claim) -> Result<Extraction, ExtractError> {
        let mut extraction = Extraction::default();
        let mut chats: Vec<(EntryId, Chat)> = Vec::new();
        for &id in &claim.detection.files {
            let sub_agent = is_below_a_session(pile, &claim.detection.files, id);
            // The same session in its older and its newer form is one chat.
            if let Some((_, chat)) = chats.first_mut().filter(|_| !sub_agent) {
                read(pile, id, chat, &mut extraction)?;
            } else {
                let mut chat = Chat::default();
                read(pile, id, &mut chat, &mut extraction)?;
                chats.push((id, chat));
            }
        }
        extraction.trajectory = assemble(pile, &chats);
        Ok(extraction)
    }
}

fn recognise(pile: &Pile, probe: &Probe<'_>) -> io::Result<Option<Detection>> {
    let Some(first) = probe.first() else {
        return Ok(None);
    };
    let session = str_at(first, "sessionId");
    if session.is_none() || str_at(first, "projectHash").is_none() {
        let messages = probe.records().iter().filter(|record| {
            str_at(record, "type") == Some("gemini")
                && str_at(record, "id").is_some()
                && record.get("content").is_some()
        });
        return Ok((messages.count() > 0).then(|| Detection {
            score: 78,
            evidence: vec!["messages of `type` `gemini`, without their header".to_owned()],
            ..Detection::default()
        }));
    }
    let session = session.map(str::to_owned);
    if str_at(first, "kind") == Some("subagent") {
        return Ok(Some(Detection {
            score: 76,
            evidence: vec!["`projectHash` header of a sub-agent's session".to_owned()],
            session,
            ..Detection::default()
        }));
    }
    let files = files_of(pile, probe.entry(), session.as_deref())?;
    let mut evidence = vec!["header with `sessionId` and `projectHash`".to_owned()];
    if files.len() > 1 {
        evidence.push(format!("{} more files of the session", files.len() - 1));
    }
    Ok(Some(Detection {
        score: 95,
        evidence,
        files,
        session,
    }))
}

/// The session's file, in its older form before it was carried on in the newer, and the files of
/// its sub-agents, which stand in a folder named after the session that started them.
fn files_of(pile: &Pile, entry: &Entry, session: Option<&str>) -> io::Result<Vec<EntryId>> {
    let mut files = Vec::new();
    let older = entry
        .path
        .strip_suffix('l')
        .filter(|_| entry.has_ending("jsonl"));
    if let Some(older) = older.and_then(|path| pile.find(path))
        && header_of(pile, older)?.1.as_deref() == session
    {
        files.push(older.id);
    }
    files.push(entry.id);
    let mut parents: Vec<String> = session.map(str::to_owned).into_iter().collect();
    let mut seen: HashSet<String> = parents.iter().cloned().collect();
    while let Some(parent) = parents.pop() {
        let at = match entry.folder() {
            "" => parent,
            folder => format!("{folder}/{parent}"),
        };
        for &id in pile.folder(&at).map_or(&[][..], |folder| &folder.files) {
            let (kind, own) = header_of(pile, pile.entry(id))?;
            if kind.as_deref() != Some("subagent") {
                continue;
            }
            files.push(id);
            parents.extend(own.filter(|own| seen.insert(own.clone())));
        }
    }
    Ok(files)
}

/// `kind` and `sessionId` in the header of a session file.
fn header_of(pile: &Pile, entry: &Entry) -> io::Result<(Option<String>, Option<String>)> {
    let probe = Probe::new(entry, pile.head(entry.id, Probe::HEAD_BYTES)?);
    let header = probe
        .first()
        .filter(|first| first.get("projectHash").is_some());
    let member = |key: &str| {
        header
            .and_then(|header| str_at(header, key))
            .map(str::to_owned)
    };
    Ok((member("kind"), member("sessionId")))
}

/// Whether the file stands in a folder below the first one's.
fn is_below_a_session(pile: &Pile, files: &[EntryId], id: EntryId) -> bool {
    files
        .first()
        .is_some_and(|first| pile.entry(*first).folder() != pile.entry(id).folder())
}

/// Reads one file, a document or JSON Lines, into `chat`.
fn read(
    pile: &Pile,
    id: EntryId,
    chat: &mut Chat,
    into: &mut Extraction,
) -> Result<(), ExtractError> {
    let path = &pile.entry(id).path;
    let head = pile
        .head(id, Probe::HEAD_BYTES)
        .map_err(|source| ExtractError::io(path, source))?;
    let first = head.trim_start().lines().next().unwrap_or_default();
    if serde_json::from_str::<BTreeMap<String, &RawValue>>(first).is_ok() {
        read_lines(pile, id, chat, into)
    } else {
        read_document(pile, id, chat, into)
    }
}

fn read_lines(
    pile: &Pile,
    id: EntryId,
    chat: &mut Chat,
    into: &mut Extraction,
) -> Result<(), ExtractError> {
    let only = Claim {
        layout: "gemini-cli",
        root: String::new(),
        detection: Detection {
            files: vec![id],
            ..Detection::default()
        },
        part: None,
        learned: None,
    };
    let account = frame::lines(pile, &only, |record, line| {
        let cite = || Some(line.cite(RefPart::Action));
        let Some(members) = record.as_object() else {
            return false;
        };
        if let Some(Value::Object(changed)) = members.get("$set") {
            chat.set(changed.clone(), cite);
            return changed.keys().all(|key| MEMBERS.contains(&key.as_str()));
        }
        if members.contains_key("$rewindTo") {
            return true;
        }
        if members.contains_key("projectHash") {
            // The whole session on one line says its messages itself.
            let mut members = members.clone();
            let messages = members.remove("messages");
            chat.set(members, cite);
            for message in parts::listed(messages.as_ref().unwrap_or(&Value::Null)) {
                chat.message(message.clone(), false, |_| cite());
            }
            return true;
        }
        members.contains_key("id") && chat.message(record.clone(), false, |_| cite())
    })?;
    into.coverage.add(account.coverage);
    into.warnings.extend(account.warnings);
    Ok(())
}

fn read_document(
    pile: &Pile,
    id: EntryId,
    chat: &mut Chat,
    into: &mut Extraction,
) -> Result<(), ExtractError> {
    let file = JsonDocument::open(pile, id)?;
    let parsed = file.parse::<BTreeMap<String, &RawValue>>()?;
    let mut coverage = Coverage::default();
    let mut unknown = 0;
    for (key, raw) in &parsed.value {
        if key == "messages" {
            let list: Vec<&RawValue> = serde_json::from_str(raw.get()).unwrap_or_default();
            for message in list {
                let raw = message.get();
                let value = serde_json::from_str(raw).unwrap_or_default();
                let calls = call_slices(raw);
                let known = chat.message(value, false, |number| {
                    let slice = calls.get(number).copied().unwrap_or(raw);
                    file.document().cite_in(parsed.base, RefPart::Action, slice)
                });
                coverage.count(0, known);
                unknown += if known { 0 } else { raw.len() as u64 };
            }
        } else {
            unknown += if MEMBERS.contains(&key.as_str()) {
                0
            } else {
                raw.get().len() as u64
            };
            if let Ok(value) = serde_json::from_str::<Value>(raw.get()) {
                chat.header.insert(key.clone(), value);
            }
        }
    }
    let size = file.document().size();
    let cut = size.saturating_sub(parsed.base.len() as u64);
    coverage.bytes.total = size;
    coverage.bytes.explained = size.saturating_sub(unknown.saturating_add(cut));
    into.coverage.add(coverage);
    into.warnings.extend(parsed.warnings);
    Ok(())
}

/// The text of each tool call in the text of a message.
fn call_slices(message: &str) -> Vec<&str> {
    let members: BTreeMap<String, &RawValue> = serde_json::from_str(message).unwrap_or_default();
    let calls = members.get("toolCalls").map_or("", |raw| raw.get());
    let calls: Vec<&RawValue> = serde_json::from_str(calls).unwrap_or_default();
    calls.into_iter().map(RawValue::get).collect()
}

/// The main agent's run with those of its sub-agents below it.
fn assemble(pile: &Pile, chats: &[(EntryId, Chat)]) -> Trajectory {
    let mut runs: Vec<(String, steps::Told)> = chats
        .iter()
        .map(|(id, chat)| {
            let folder = pile.entry(*id).folder();
            let parent = folder.rsplit('/').next().unwrap_or(folder);
            (parent.to_owned(), steps::tell(chat))
        })
        .collect();
    // A sub-agent's file comes after that of the session that started it.
    while runs.len() > 1
        && let Some((parent, sub)) = runs.pop()
    {
        let caller = runs
            .iter()
            .position(|(_, run)| run.trajectory.session.as_deref() == Some(parent.as_str()))
            .unwrap_or(0);
        runs[caller].1.adopt(sub.trajectory);
    }
    let mut run = runs
        .pop()
        .map(|(_, run)| run.trajectory)
        .unwrap_or_default();
    run.subtrajectories.reverse();
    run
}

#[cfg(test)]
mod tests;
