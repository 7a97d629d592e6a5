//! `opencode export`: one session as one JSON document.

use std::collections::HashSet;
use std::io;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use trace::RefPart;

use super::session::Session;
use super::{LAYOUT, is_session};
use crate::extractor::{
    Claim, Detection, ExtractError, Extraction, Extractor, Layout, Probe, Rank, Site,
};
use crate::frame::JsonDocument;
use crate::json::{parse_head, str_at};
use crate::pile::{EntryId, Pile};
use crate::sessions;

/// Reads exported opencode sessions.
pub(crate) struct OpencodeExport;

/// How much of a neighbour is looked at to see whose session it is.
const NEIGHBOUR_BYTES: usize = 4096;
/// How many neighbours are looked at.
const MOST_NEIGHBOURS: usize = 512;

impl Extractor for OpencodeExport {
    fn layout(&self) -> Layout {
        Layout {
            name: "opencode-export",
            title: "opencode session exports (opencode export)",
            doc: LAYOUT,
            rank: Rank::Export,
        }
    }

    fn detect(&self, pile: &Pile, site: Site<'_>) -> io::Result<Option<Detection>> {
        let Site::File(probe) = site else {
            return Ok(None);
        };
        let Some(info) = exported(probe) else {
            return Ok(None);
        };
        let session = str_at(info, "id").unwrap_or_default();
        let parent = str_at(info, "parentID");
        let files = with_children(pile, probe.entry().id, session)?;
        let mut evidence = vec!["`info` of a session (`ses_…`) and `messages`".to_owned()];
        if files.len() > 1 {
            evidence.push(format!("{} sub-agents' exports beside it", files.len() - 1));
        }
        Ok(Some(Detection {
            // A sub-agent's session stands below the one that started it, if that is there too.
            score: if parent.is_none() { 96 } else { 94 },
            evidence,
            files,
            session: Some(session.to_owned()),
        }))
    }

    fn extract(&self, pile: &Pile, claim: &Claim) -> Result<Extraction, ExtractError> {
        let mut sessions = Vec::new();
        for id in &claim.detection.files {
            sessions.push(read(pile, *id)?);
        }
        Ok(sessions::nest(sessions))
    }
}

fn exported<'p>(probe: &'p Probe<'_>) -> Option<&'p Value> {
    let first = probe.first()?;
    let whole = first.get("messages").is_none_or(Value::is_array);
    first.get("info").filter(|info| whole && is_session(info))
}

/// The file and the exports beside it of the sessions below its own, parents first.
fn with_children(pile: &Pile, own: EntryId, session: &str) -> io::Result<Vec<EntryId>> {
    let entry = pile.entry(own);
    let text = pile.read(own)?;
    // Only a session that delegated has others below it.
    if memchr::memmem::find(text.text().as_bytes(), b"\"sessionId\"").is_none() {
        return Ok(vec![own]);
    }
    let beside = pile
        .folder(entry.folder())
        .map_or(&[][..], |folder| &folder.files);
    let beside = beside
        .iter()
        .filter(|id| **id != own && pile.entry(**id).has_ending("json"));
    let mut files = vec![own];
    let mut sessions = vec![(session.to_owned(), None)];
    for id in beside.take(MOST_NEIGHBOURS) {
        let head = parse_head(&pile.head(*id, NEIGHBOUR_BYTES)?).unwrap_or_default();
        let Some(info) = head.get("info").filter(|info| is_session(info)) else {
            continue;
        };
        if let (Some(session), Some(parent)) = (str_at(info, "id"), str_at(info, "parentID")) {
            files.push(*id);
            sessions.push((session.to_owned(), Some(parent.to_owned())));
        }
    }
    let below = sessions::below(session, &sessions);
    let mut taken = HashSet::new();
    Ok(below
        .iter()
        .filter(|id| taken.insert(id.as_str()))
        .filter_map(|id| sessions.iter().position(|(own, _)| own == id))
        .map(|at| files[at])
        .collect())
}

#[derive(Deserialize)]
struct Export<'d> {
    #[serde(default)]
    info: Value,
    #[serde(borrow, default)]
    messages: Vec<Message<'d>>,
}

#[derive(Deserialize)]
struct Message<'d> {
    #[serde(borrow)]
    info: Option<&'d RawValue>,
    #[serde(borrow, default)]
    parts: Vec<&'d RawValue>,
}

fn read(pile: &Pile, id: EntryId) -> Result<(sessions::Session, Option<String>), ExtractError> {
    let file = JsonDocument::open(pile, id)?;
    let parsed = file.parse::<Export<'_>>()?;
    let document = file.document();
    let export = parsed.value;
    let mut session = Session::default();
    session.about(&export.info);
    let mut said = 0;
    for message in &export.messages {
        let raw = message.info.map_or("{}", RawValue::get);
        let info: Value = serde_json::from_str(raw).unwrap_or_default();
        said += raw.len();
        session.message(str_at(&info, "id").unwrap_or_default(), &info, raw.len());
        for raw in &message.parts {
            let raw = raw.get();
            said += raw.len();
            let part: Value = serde_json::from_str(raw).unwrap_or_default();
            let cite = |which: RefPart| {
                let cited = document.cite_in(parsed.base, which, raw);
                cited.into_iter().collect()
            };
            session.part(&part, raw.len(), &cite);
        }
    }
    let mut read = session.finish();
    read.warnings.extend(parsed.warnings);
    // Braces, and what is known of the session as a whole.
    let rest = (parsed.base.len() as u64).saturating_sub(said as u64);
    read.coverage.bytes.total += rest;
    read.coverage.bytes.explained += rest;
    Ok((read, str_at(&export.info, "parentID").map(str::to_owned)))
}
