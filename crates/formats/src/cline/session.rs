//! Session folders of Cline's command line: `<id>.messages.json`, `<id>.json` and the sub-agents'
//! `agent_*.messages.json`.

use std::collections::HashMap;
use std::io;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::conversation::Conversation;
use super::{LAYOUT, usage_of};
use crate::extractor::{
    Claim, Coverage, Detection, ExtractError, Extraction, Extractor, Layout, Rank, Site,
};
use crate::frame::JsonDocument;
use crate::json::{parse_head, str_at};
use crate::pile::{EntryId, Pile};
use crate::sessions::{self, Session};
use crate::time;

/// Reads sessions of Cline's command line.
pub(crate) struct ClineSession;

/// How much of a neighbour is looked at to see whose session it is.
const NEIGHBOUR_BYTES: usize = 4096;
/// How many neighbours are looked at; a session has a folder of its own.
const MOST_NEIGHBOURS: usize = 512;
/// An id at least this long is random enough to name one call of all runs.
const TELLING_ID: usize = 16;

impl Extractor for ClineSession {
    fn layout(&self) -> Layout {
        Layout {
            name: "cline-session",
            title: "Cline CLI session folders (*.messages.json)",
            doc: LAYOUT,
            rank: Rank::Native,
        }
    }

    fn detect(&self, pile: &Pile, site: Site<'_>) -> io::Result<Option<Detection>> {
        let Site::File(probe) = site else {
            return Ok(None);
        };
        let Some(first) = probe.first().filter(|first| is_session(first)) else {
            return Ok(None);
        };
        let own = probe.entry().id;
        let session = str_at(first, "sessionId").unwrap_or_default();
        let (mut files, _) = family(pile, own, session)?;
        let subs = files.len() - 1;
        files.extend(about_file(pile, own, session)?);
        let mut evidence = vec!["`sessionId`, `origin` and `messages`".to_owned()];
        if subs > 0 {
            evidence.push(format!("{subs} sub-agents' conversations beside it"));
        }
        Ok(Some(Detection {
            // A sub-agent's conversation stands below the one that started it, if that is there.
            score: if parent_of(first).is_none() { 96 } else { 94 },
            evidence,
            files,
            session: first_call(pile.read(own)?.text()),
        }))
    }

    fn extract(&self, pile: &Pile, claim: &Claim) -> Result<Extraction, ExtractError> {
        let own = claim.detection.files[0];
        let failed = |source| ExtractError::io(&pile.entry(own).path, source);
        let file = JsonDocument::open(pile, own)?;
        let session = file.parse::<Conversations<'_>>()?.value.session;
        let (files, parents) = family(pile, own, &session).map_err(failed)?;
        let mut read = Vec::new();
        for (id, parent) in files.into_iter().zip(parents) {
            read.push((conversation(pile, id)?, parent));
        }
        if let Some(id) = about_file(pile, own, &session).map_err(failed)? {
            about(pile, id, &mut read[0].0)?;
        }
        Ok(sessions::nest(read))
    }
}

/// True for a file that holds one conversation of Cline's command line.
fn is_session(first: &Value) -> bool {
    str_at(first, "sessionId").is_some()
        && first.get("origin").is_some_and(Value::is_object)
        && first.get("messages").is_none_or(Value::is_array)
}

fn parent_of(first: &Value) -> Option<&str> {
    first.pointer("/origin/parentThreadId")?.as_str()
}

/// The first call's id, which the stream of the same run also has: streams do not state their
/// session.
pub(super) fn first_call(text: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Content {
        #[serde(default)]
        messages: Vec<Value>,
    }
    let content: Content = serde_json::from_str(text).ok()?;
    let blocks = content
        .messages
        .iter()
        .filter_map(|m| m.get("content")?.as_array());
    let call = blocks
        .flatten()
        .find(|block| str_at(block, "type") == Some("tool_use"))?;
    telling(str_at(call, "id")?)
}

/// An id that cannot be another run's.
pub(super) fn telling(id: &str) -> Option<String> {
    (id.len() >= TELLING_ID).then(|| format!("call {id}"))
}

/// The file and those beside it of the sub-agents below it, parents first, each with its parent.
fn family(
    pile: &Pile,
    own: EntryId,
    session: &str,
) -> io::Result<(Vec<EntryId>, Vec<Option<String>>)> {
    let mut files = HashMap::from([(session.to_owned(), (own, None))]);
    let mut parents = vec![(session.to_owned(), None)];
    let folder = pile.folder(pile.entry(own).folder());
    let beside = folder.map_or(&[][..], |folder| &folder.files);
    for id in beside.iter().take(MOST_NEIGHBOURS) {
        if *id == own || !pile.entry(*id).has_ending("json") {
            continue;
        }
        let head = parse_head(&pile.head(*id, NEIGHBOUR_BYTES)?).unwrap_or_default();
        if let (true, Some(own), Some(parent)) = (
            is_session(&head),
            str_at(&head, "sessionId"),
            parent_of(&head),
        ) {
            let parent = Some(parent.to_owned());
            if files
                .insert(own.to_owned(), (*id, parent.clone()))
                .is_none()
            {
                parents.push((own.to_owned(), parent));
            }
        }
    }
    let below = sessions::below(session, &parents);
    let found = below.iter().filter_map(|id| files.remove(id));
    Ok(found.unzip())
}

/// The file beside a conversation that says how its session went.
fn about_file(pile: &Pile, own: EntryId, session: &str) -> io::Result<Option<EntryId>> {
    let folder = pile.entry(own).folder();
    let path = match folder {
        "" => format!("{session}.json"),
        folder => format!("{folder}/{session}.json"),
    };
    let Some(entry) = pile.find(&path) else {
        return Ok(None);
    };
    let head = parse_head(&pile.head(entry.id, NEIGHBOUR_BYTES)?).unwrap_or_default();
    Ok((str_at(&head, "session_id") == Some(session)).then_some(entry.id))
}

#[derive(Deserialize)]
struct Conversations<'d> {
    #[serde(default, rename = "sessionId")]
    session: String,
    #[serde(default)]
    origin: Value,
    #[serde(borrow, default)]
    messages: Vec<&'d RawValue>,
}

fn conversation(pile: &Pile, id: EntryId) -> Result<Session, ExtractError> {
    let file = JsonDocument::open(pile, id)?;
    let parsed = file.parse::<Conversations<'_>>()?;
    let mut conversation = Conversation::default();
    let run = conversation.run();
    run.agent = Some("cline".to_owned());
    run.agent_version = str_at(&parsed.value.origin, "version").map(str::to_owned);
    run.session = Some(parsed.value.session.clone());
    let mut coverage = Coverage::default();
    for raw in parsed.value.messages {
        let raw = raw.get();
        let message: Value = serde_json::from_str(raw).unwrap_or_default();
        let cite = |part| file.document().cite_in(parsed.base, part, raw);
        let known = conversation.message(&message, &cite);
        coverage.count(raw.len(), known);
    }
    // The system prompt and what is known of the conversation as a whole.
    let rest = (parsed.base.len() as u64).saturating_sub(coverage.bytes.total);
    coverage.bytes.total += rest;
    coverage.bytes.explained += rest;
    let (mut trajectory, mut warnings) = conversation.finish();
    warnings.extend(parsed.warnings);
    trajectory.id = parsed.value.session;
    Ok(Session {
        trajectory,
        coverage,
        warnings,
        links: Vec::new(),
    })
}

fn about(pile: &Pile, id: EntryId, session: &mut Session) -> Result<(), ExtractError> {
    let file = JsonDocument::open(pile, id)?;
    let parsed = file.parse::<Value>()?;
    let about = &parsed.value;
    session.coverage.count(parsed.base.len(), true);
    session.warnings.extend(parsed.warnings);
    let run = &mut session.trajectory;
    let text = |key: &str| {
        str_at(about, key)
            .filter(|t| !t.is_empty())
            .map(str::to_owned)
    };
    run.model = run.model.take().or(text("model"));
    run.cwd = text("cwd");
    run.task = run.task.take().or(text("prompt"));
    run.outcome.exit_status = text("status");
    if let Some(usage) = about.pointer("/metadata/usage").map(usage_of) {
        run.usage = usage;
    }
    run.started = text("started_at")
        .and_then(|t| time::parse(&t))
        .or(run.started);
    run.ended = text("ended_at").and_then(|t| time::parse(&t)).or(run.ended);
    Ok(())
}
