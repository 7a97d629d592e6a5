//! Recognises Qwen Code's two layouts, which resemble Claude Code's.

use std::io;

use serde_json::Value;

use crate::extractor::{Detection, Probe};
use crate::json::str_at;
use crate::pile::{Entry, EntryId, Pile};

/// A session file, or a sub-agent's file on its own.
pub(super) fn session(pile: &Pile, probe: &Probe<'_>) -> io::Result<Option<Detection>> {
    let records = probe.records();
    let Some(first) = records.iter().find(|record| is_own(record)) else {
        return Ok(None);
    };
    // Records of the program's own kinds say nothing the messages would not.
    if !records
        .iter()
        .any(|r| r.pointer("/message/parts").is_some())
        && !records.iter().any(|r| r.get("systemPayload").is_some())
    {
        return Ok(None);
    }
    let session = str_at(first, "sessionId").map(str::to_owned);
    let side = first.get("isSidechain").and_then(Value::as_bool) == Some(true);
    if side {
        return Ok(Some(Detection {
            score: 94,
            evidence: vec!["records of one sub-agent with `message.parts`".to_owned()],
            session,
            ..Detection::default()
        }));
    }
    let mut files = vec![probe.entry().id];
    files.extend(agent_files(pile, probe.entry(), session.as_deref())?);
    let mut evidence = vec!["records with `sessionId` and `message.parts`".to_owned()];
    if files.len() > 1 {
        evidence.push(format!("{} files of sub-agents", files.len() - 1));
    }
    Ok(Some(Detection {
        score: 96,
        evidence,
        files,
        session,
    }))
}

fn is_own(record: &Value) -> bool {
    let has = |key: &str| record.get(key).is_some();
    let kind = match str_at(record, "type") {
        Some("user" | "assistant" | "tool_result") => record.pointer("/message/parts").is_some(),
        Some("system") => has("subtype") && has("systemPayload"),
        _ => false,
    };
    kind && has("sessionId") && (has("uuid") || has("timestamp"))
}

/// The files of this session's sub-agents, `subagents/<session>/agent-<id>.jsonl` beside the folder
/// of the sessions or in it.
fn agent_files(pile: &Pile, entry: &Entry, session: Option<&str>) -> io::Result<Vec<EntryId>> {
    let Some(session) = session else {
        return Ok(Vec::new());
    };
    let at = entry.folder();
    let above = at.rsplit_once('/').map_or("", |(above, _)| above);
    let mut found = Vec::new();
    for folder in if above == at {
        vec![at]
    } else {
        vec![above, at]
    } {
        let path = if folder.is_empty() {
            format!("subagents/{session}")
        } else {
            format!("{folder}/subagents/{session}")
        };
        for &id in pile.folder(&path).map_or(&[][..], |folder| &folder.files) {
            let file = pile.entry(id);
            let named = file.name().starts_with("agent-");
            if !named || found.contains(&id) {
                continue;
            }
            if file.has_ending("jsonl") {
                let probe = Probe::new(file, pile.head(id, Probe::HEAD_BYTES)?);
                let of = probe.first().and_then(|record| str_at(record, "sessionId"));
                found.extend((of == Some(session)).then_some(id));
            }
        }
    }
    Ok(found)
}

/// Output of `--output-format stream-json`.
pub(super) fn stream(probe: &Probe<'_>) -> Option<Detection> {
    probe.records().iter().find_map(stream_record)
}

/// Tools that no other agent with such a stream has.
const OWN_TOOLS: [&str; 2] = ["run_shell_command", "read_file"];

fn stream_record(record: &Value) -> Option<Detection> {
    let session = str_at(record, "session_id")?;
    let (score, what) = match str_at(record, "type")? {
        "system" if str_at(record, "subtype") == Some("init") => {
            let tools = record.get("tools").and_then(Value::as_array);
            let has = |name: &str| tools.is_some_and(|t| t.iter().any(|tool| tool == name));
            if record.get("qwen_code_version").is_some() {
                (95, "`init` event with `qwen_code_version`")
            } else if OWN_TOOLS.iter().all(|name| has(name)) {
                (84, "`init` event with the tools of Qwen Code")
            } else {
                return None;
            }
        }
        "assistant"
            if record.get("parent_tool_use_id").is_some()
                && record.pointer("/message/usage/total_tokens").is_some() =>
        {
            (78, "messages with `parent_tool_use_id` and `total_tokens`")
        }
        _ => return None,
    };
    Some(Detection {
        score,
        evidence: vec![what.to_owned()],
        session: Some(session.to_owned()),
        ..Detection::default()
    })
}
