//! Sessions in files: `sessions/<id>.jsonl`, `goose session export`, and rows of the database
//! written out as JSON Lines.

use std::collections::BTreeMap;
use std::io;
use std::ops::Range;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use trace::RefPart;

use super::conversation::{Conversation, Message};
use super::database::read_row;
use super::{LAYOUT, is_message};
use crate::extractor::{
    Claim, Coverage, Detection, ExtractError, Extraction, Extractor, Layout, Part, Probe, Rank,
    Site,
};
use crate::frame::{self, JsonDocument};
use crate::json::str_at;
use crate::pile::Pile;

/// Reads goose sessions that stand in files.
pub(crate) struct GooseSession;

/// The ways a session stands in a file.
#[derive(Clone, Copy, PartialEq)]
enum Shape {
    /// A header line, then a message a line.
    Lines,
    /// A row of the table `messages` a line.
    Rows,
    /// One document with the whole conversation.
    Export,
}

impl Extractor for GooseSession {
    fn layout(&self) -> Layout {
        Layout {
            name: "goose-session",
            title: "goose session files, exports and rows (JSON Lines, JSON)",
            doc: LAYOUT,
            rank: Rank::Native,
        }
    }

    fn detect(&self, _pile: &Pile, site: Site<'_>) -> io::Result<Option<Detection>> {
        let Site::File(probe) = site else {
            return Ok(None);
        };
        let records = probe.records();
        let (Some(shape), Some(first)) = (shape_of(records), records.first()) else {
            return Ok(None);
        };
        let (evidence, session) = match shape {
            Shape::Lines => ("a header with `working_dir`, then goose's messages", None),
            Shape::Rows => (
                "rows with `session_id`, `role` and `content_json`",
                str_at(first, "session_id"),
            ),
            Shape::Export => ("`working_dir` and `conversation`", str_at(first, "id")),
        };
        // A session file of its own is named by its session.
        let name = probe.entry().name().strip_suffix(".jsonl");
        let session = session.or(name.filter(|_| shape == Shape::Lines));
        Ok(Some(Detection {
            score: 93,
            evidence: vec![evidence.to_owned()],
            session: session.map(str::to_owned),
            ..Detection::default()
        }))
    }

    fn parts(&self, pile: &Pile, claim: &Claim) -> Result<Vec<Part>, ExtractError> {
        let id = claim.detection.files[0];
        if shape_in(pile, claim)? != Some(Shape::Rows) {
            return Ok(Vec::new());
        }
        let mut sessions: BTreeMap<String, Range<u64>> = BTreeMap::new();
        frame::rows(pile, id, |line| {
            let Ok(record) = serde_json::from_str::<Value>(&line.text()) else {
                return;
            };
            let session = str_at(&record, "session_id").unwrap_or_default();
            let end = line.offset + line.bytes.len() as u64;
            let range = sessions
                .entry(session.to_owned())
                .or_insert(line.offset..end);
            range.end = end;
        })?;
        if sessions.len() < 2 {
            return Ok(Vec::new());
        }
        let part = |(session, range): (String, Range<u64>)| Part {
            key: session.clone(),
            session: Some(session),
            range: Some(range),
            ..Part::default()
        };
        Ok(sessions.into_iter().map(part).collect())
    }

    fn extract(&self, pile: &Pile, claim: &Claim) -> Result<Extraction, ExtractError> {
        if shape_in(pile, claim)? == Some(Shape::Export) {
            return export(pile, claim);
        }
        let mut conversation = Conversation::default();
        let own = claim.part.as_ref().map(|part| part.key.as_str());
        conversation.about(&serde_json::json!({"id": claim.detection.session}));
        // Lines of other sessions that stand between those of this one are not its own.
        let mut others = Coverage::default();
        let account = frame::lines(pile, claim, |record, line| {
            let cite = |part: RefPart| vec![line.cite(part)];
            if record.get("content_json").is_some() {
                if own.is_some_and(|own| str_at(record, "session_id") != Some(own)) {
                    others.count(line.bytes.len(), true);
                    return true;
                }
                return read_row(&mut conversation, record, &cite);
            }
            if record.get("role").is_none() {
                conversation.about(record);
                return record.get("working_dir").is_some();
            }
            conversation.message(&Message::of(record), &cite)
        })?;
        let (trajectory, mut warnings) = conversation.finish();
        warnings.extend(account.warnings);
        let mut coverage = account.coverage;
        for (share, other) in [
            (&mut coverage.bytes, others.bytes),
            (&mut coverage.events, others.events),
        ] {
            share.total -= other.total;
            share.explained -= other.explained;
        }
        Ok(Extraction {
            trajectory,
            coverage,
            warnings,
        })
    }
}

fn shape_of(records: &[Value]) -> Option<Shape> {
    let first = records.first()?;
    let is_row = |record: &Value| {
        ["content_json", "role", "session_id"]
            .iter()
            .all(|key| str_at(record, key).is_some())
    };
    if is_row(first) {
        return Some(Shape::Rows);
    }
    str_at(first, "working_dir")?;
    let conversation = first.get("conversation").and_then(Value::as_array);
    if conversation.is_some_and(|messages| messages.first().is_none_or(is_message)) {
        return Some(Shape::Export);
    }
    let counted = first.get("message_count").is_some() || first.get("description").is_some();
    let lines = first.get("role").is_none()
        && (records.get(1).is_some_and(is_message) || records.len() == 1 && counted);
    lines.then_some(Shape::Lines)
}

fn shape_in(pile: &Pile, claim: &Claim) -> Result<Option<Shape>, ExtractError> {
    let entry = pile.entry(claim.detection.files[0]);
    let head = pile
        .head(entry.id, Probe::HEAD_BYTES)
        .map_err(|source| ExtractError::io(&entry.path, source))?;
    Ok(shape_of(Probe::new(entry, head).within(pile).records()))
}

#[derive(Deserialize)]
struct Export<'d> {
    #[serde(borrow, default)]
    conversation: Vec<&'d RawValue>,
}

fn export(pile: &Pile, claim: &Claim) -> Result<Extraction, ExtractError> {
    let file = JsonDocument::open(pile, claim.detection.files[0])?;
    let about = file.parse::<BTreeMap<String, &RawValue>>()?;
    let parsed = file.parse::<Export<'_>>()?;
    let mut conversation = Conversation::default();
    let members = about.value.iter().filter(|(key, _)| *key != "conversation");
    let members = members.filter_map(|(key, raw)| {
        Some((key.clone(), serde_json::from_str::<Value>(raw.get()).ok()?))
    });
    conversation.about(&Value::Object(members.collect()));
    let mut coverage = Coverage::default();
    for raw in parsed.value.conversation {
        let raw = raw.get();
        let record: Value = serde_json::from_str(raw).unwrap_or_default();
        let cite = |part: RefPart| {
            let cited = file.document().cite_in(parsed.base, part, raw);
            cited.into_iter().collect()
        };
        let known = conversation.message(&Message::of(&record), &cite);
        coverage.count(raw.len(), known);
    }
    let rest = (parsed.base.len() as u64).saturating_sub(coverage.bytes.total);
    coverage.bytes.total += rest;
    coverage.bytes.explained += rest;
    let (trajectory, mut warnings) = conversation.finish();
    warnings.extend(parsed.warnings);
    Ok(Extraction {
        trajectory,
        coverage,
        warnings,
    })
}
