//! Recognises Kimi CLI's session folders, their files standing alone, and its printed messages.

use std::io;

use serde_json::Value;

use super::chat;
use crate::extractor::{Detection, Probe};
use crate::json::str_at;
use crate::pile::{EntryId, Folder, Pile};

/// A session's folder: one with a wire, or with a context alone.
pub(super) fn session(pile: &Pile, folder: &Folder) -> io::Result<Option<Detection>> {
    let named = |name: &str| {
        let mut files = folder.files.iter();
        files.find(|id| pile.entry(**id).name() == name).copied()
    };
    let Some(wire) = named("wire.jsonl") else {
        return Ok(None);
    };
    let probe = Probe::new(pile.entry(wire), pile.head(wire, Probe::HEAD_BYTES)?);
    let Some(evidence) = wire_evidence(&probe) else {
        return Ok(None);
    };
    let mut files = vec![wire];
    files.extend(agents(pile, folder)?);
    files.extend(folder.files.iter().filter(|id| {
        let entry = pile.entry(**id);
        let context = entry.name().starts_with("context") && entry.has_ending("jsonl");
        context || entry.name() == "state.json"
    }));
    let root = pile.root().file_name().map(|name| name.to_string_lossy());
    let own = match folder.path.as_str() {
        "" => root.unwrap_or_default().into_owned(),
        path => path.rsplit('/').next().unwrap_or_default().to_owned(),
    };
    // A sub-agent's folder is taken with the session it stands in.
    let below = agent_of(&format!("{}/wire.jsonl", folder.path)).is_some();
    Ok(Some(Detection {
        score: if below { 90 } else { 95 },
        evidence: vec![evidence.to_owned()],
        files,
        session: Some(own).filter(|own| !own.is_empty()),
    }))
}

/// The files of sub-agents, `subagents/<id>/wire.jsonl`.
fn agents(pile: &Pile, folder: &Folder) -> io::Result<Vec<EntryId>> {
    let path = match folder.path.as_str() {
        "" => "subagents".to_owned(),
        path => format!("{path}/subagents"),
    };
    let mut found = Vec::new();
    for entry in pile.below(&path) {
        let inside = &entry.path[path.len() + 1..];
        let Some((_, name)) = inside.split_once('/') else {
            continue;
        };
        if name == "wire.jsonl" {
            let probe = Probe::new(entry, pile.head(entry.id, Probe::HEAD_BYTES)?);
            found.extend(wire_evidence(&probe).map(|_| entry.id));
        } else if matches!(name, "context.jsonl" | "meta.json") {
            found.push(entry.id);
        }
    }
    Ok(found)
}

/// The sub-agent whose folder, below `subagents`, holds the file.
pub(super) fn agent_of(path: &str) -> Option<String> {
    let mut parts = path.rsplit('/').skip(1);
    let agent = parts.next()?;
    (parts.next()? == "subagents").then(|| agent.to_owned())
}

fn wire_evidence(probe: &Probe<'_>) -> Option<&'static str> {
    let records = probe.records();
    let first = records.first()?;
    if str_at(first, "type") == Some("metadata") && first.get("protocol_version").is_some() {
        return Some("`wire.jsonl` with `protocol_version`");
    }
    records
        .iter()
        .any(is_wire)
        .then_some("`wire.jsonl` with `message.type` and `message.payload`")
}

fn is_wire(record: &Value) -> bool {
    let kind = record.pointer("/message/type").and_then(Value::as_str);
    record.get("timestamp").is_some_and(Value::is_number)
        && kind.is_some_and(|kind| super::wire::KINDS.contains(&kind))
        && record.pointer("/message/payload").is_some()
}

/// A wire or a context that stands alone.
pub(super) fn lone_file(probe: &Probe<'_>) -> Option<Detection> {
    let found = |score, what: &str| {
        Some(Detection {
            score,
            evidence: vec![what.to_owned()],
            ..Detection::default()
        })
    };
    if let Some(evidence) = wire_evidence(probe) {
        return found(93, evidence);
    }
    let marks = ["_system_prompt", "_checkpoint", "_usage"];
    let records = probe.records();
    let marked = records
        .iter()
        .any(|record| str_at(record, "role").is_some_and(|role| marks.contains(&role)));
    if marked {
        return found(90, "messages with roles `_checkpoint` or `_usage`");
    }
    None
}

/// Messages as they are printed: no role but the agent's and its tools'.
pub(super) fn stream(probe: &Probe<'_>) -> Option<Detection> {
    let records = probe.records();
    let messages = || records.iter().filter(|r| r.get("role").is_some());
    let printed = messages().all(|record| {
        matches!(str_at(record, "role"), Some("assistant" | "tool")) && record.get("type").is_none()
    });
    let answered = messages().any(|record| {
        str_at(record, "role") == Some("tool")
            && record.get("tool_call_id").is_some()
            && chat::system_note(record).is_some()
    });
    let asked = messages().flat_map(chat::calls_in).any(|call| {
        let name = call.pointer("/function/name").and_then(Value::as_str);
        name.is_some_and(|name| OWN_TOOLS.contains(&name))
    });
    let (score, what) = match (printed, answered, asked) {
        (true, true, true) => (
            88,
            "tool messages that begin with `<system>`, tools of Kimi CLI",
        ),
        (true, true, false) => (72, "tool messages that begin with `<system>`"),
        (true, false, true) => (64, "tools of Kimi CLI called by an agent that begins"),
        _ => return None,
    };
    Some(Detection {
        score,
        evidence: vec![what.to_owned()],
        ..Detection::default()
    })
}

/// Names of tools that are written so by no other agent.
const OWN_TOOLS: [&str; 7] = [
    "Shell",
    "ReadFile",
    "WriteFile",
    "StrReplaceFile",
    "SetTodoList",
    "SearchWeb",
    "FetchURL",
];
