//! Continue: the session files its command line and its editor extensions keep. `LAYOUT.md` beside
//! this file describes them.

mod item;

use std::collections::BTreeMap;
use std::io;

use serde_json::Value;
use serde_json::value::RawValue;
use trace::Usage;

use self::item::Reading;
use crate::extractor::{
    Claim, Detection, ExtractError, Extraction, Extractor, Layout, Probe, Rank, Site,
};
use crate::frame::JsonDocument;
use crate::json::{str_at, str_of};
use crate::pile::Pile;
use crate::time;

/// Reads the session files of Continue.
pub(crate) struct Continue;

/// Members of a session.
const MEMBERS: &[&str] = &[
    "sessionId",
    "title",
    "workspaceDirectory",
    "history",
    "mode",
    "chatModelTitle",
    "usage",
    "dateCreated",
];

impl Extractor for Continue {
    fn layout(&self) -> Layout {
        Layout {
            name: "continue",
            title: "Continue session files (sessions/*.json)",
            doc: include_str!("LAYOUT.md"),
            rank: Rank::Native,
        }
    }

    fn detect(&self, _pile: &Pile, site: Site<'_>) -> io::Result<Option<Detection>> {
        Ok(match site {
            Site::File(probe) => recognise(probe),
            Site::Folder(_) => None,
        })
    }

    fn extract(&self, pile: &Pile, claim: &Claim) -> Result<Extraction, ExtractError> {
        let Some(&id) = claim.detection.files.first() else {
            return Ok(Extraction::default());
        };
        let file = JsonDocument::open(pile, id)?;
        let parsed = file.parse::<BTreeMap<String, &RawValue>>()?;
        let mut extraction = Extraction {
            warnings: parsed.warnings,
            ..Extraction::default()
        };
        let member = |key: &str| -> Option<Value> {
            serde_json::from_str(parsed.value.get(key)?.get()).ok()
        };
        let mut reading = Reading::new(file.document(), parsed.base);
        reading.describe(&member);
        reading.created(created(pile, claim, &member));
        let history = parsed.value.get("history").map_or("[]", |raw| raw.get());
        let history: Vec<&RawValue> = serde_json::from_str(history).unwrap_or_default();
        let mut unknown = 0;
        let coverage = &mut extraction.coverage;
        for raw in history {
            let known = reading.item(raw.get());
            coverage.count(0, known);
            unknown += if known { 0 } else { raw.get().len() };
        }
        let strange = |(key, _): &(&String, &&RawValue)| !MEMBERS.contains(&key.as_str());
        let strange = parsed.value.iter().filter(strange);
        unknown += strange.map(|(_, raw)| raw.get().len()).sum::<usize>();
        let size = file.document().size();
        let cut = size.saturating_sub(parsed.base.len() as u64);
        coverage.bytes.total = size;
        coverage.bytes.explained = size.saturating_sub(cut.saturating_add(unknown as u64));
        let (trajectory, orphans) = reading.finish();
        coverage.orphans = orphans;
        extraction.trajectory = trajectory;
        let whole = member("usage").map(|usage| whole_usage(&usage));
        if let Some(usage) = whole.filter(|usage| !usage.is_empty()) {
            extraction.trajectory.usage = usage;
        }
        Ok(extraction)
    }
}

fn recognise(probe: &Probe<'_>) -> Option<Detection> {
    let first = probe.first()?;
    let session = str_at(first, "sessionId")?;
    let history = first.get("history")?.as_array()?;
    let item = history.first();
    let shaped = item.is_some_and(|item| item.pointer("/message/role").is_some());
    let own = item.is_some_and(|item| {
        ["contextItems", "toolCallStates", "editorState"]
            .iter()
            .any(|key| item.get(key).is_some())
    });
    let place = first.get("workspaceDirectory").is_some();
    let (score, what) = match (shaped, own, place) {
        (true, true, true) => (95, "`history` of `message` and `contextItems`"),
        (true, _, true) | (true, true, false) => (84, "`history` of items with a `message`"),
        // A session in which nobody has said anything yet.
        (false, _, true) if history.is_empty() && first.get("title").is_some() => (
            70,
            "`sessionId`, `workspaceDirectory` and an empty `history`",
        ),
        _ => return None,
    };
    Some(Detection {
        score,
        evidence: vec![what.to_owned()],
        session: Some(session.to_owned()),
        ..Detection::default()
    })
}

/// When the session was created: it says so itself, or the list of sessions beside it does.
fn created(
    pile: &Pile,
    claim: &Claim,
    member: &impl Fn(&str) -> Option<Value>,
) -> Option<trace::Timestamp> {
    if let Some(own) = member("dateCreated").as_ref().and_then(time::of) {
        return Some(own);
    }
    let session = claim.detection.session.as_deref()?;
    let list = match claim.root.rsplit_once('/') {
        Some((folder, _)) => format!("{folder}/sessions.json"),
        None => "sessions.json".to_owned(),
    };
    let text = pile.read(pile.find(&list)?.id).ok()?.into_text();
    let list: Vec<Value> = serde_json::from_str(&text).ok()?;
    let own = list
        .iter()
        .find(|entry| str_at(entry, "sessionId") == Some(session))?;
    time::of(own.get("dateCreated")?)
}

/// What the whole session cost.
fn whole_usage(stated: &Value) -> Usage {
    let count = |key: &str| stated.get(key).and_then(Value::as_u64);
    let cached = stated.pointer("/promptTokensDetails/cachedTokens");
    Usage {
        input_tokens: count("promptTokens"),
        cached_tokens: cached.and_then(Value::as_u64),
        output_tokens: count("completionTokens"),
        cost_usd: stated.get("totalCost").and_then(Value::as_f64),
    }
}

/// A path that may be written as a `file:` address.
fn plain_path(place: &str) -> String {
    place.strip_prefix("file://").unwrap_or(place).to_owned()
}

/// The model's name in a session or in what a message says of its cost.
fn model_in(value: &Value) -> Option<String> {
    str_of(value, &["model", "chatModelTitle"]).map(str::to_owned)
}

#[cfg(test)]
mod tests;
