//! Message histories of pydantic-ai; the layout is described in `LAYOUT.md` beside this file.

#[cfg(test)]
mod tests;

use std::io;

use serde_json::Value;

use crate::dialogue::Feed;
use crate::extractor::{Claim, Detection, ExtractError, Extraction, Extractor, Layout, Rank, Site};
use crate::frame::{JsonDocument, list_in};
use crate::json::{str_at, str_of};
use crate::pile::Pile;

/// Reads message histories of pydantic-ai.
pub(crate) struct PydanticAi;

/// Under which keys an object keeps the messages.
const LISTS: [&str; 3] = ["messages", "all_messages", "message_history"];

impl Extractor for PydanticAi {
    fn layout(&self) -> Layout {
        Layout {
            name: "pydantic-ai",
            title: "pydantic-ai message histories (all_messages_json)",
            doc: include_str!("LAYOUT.md"),
            rank: Rank::Native,
        }
    }

    fn detect(&self, _pile: &Pile, site: Site<'_>) -> io::Result<Option<Detection>> {
        let Site::File(probe) = site else {
            return Ok(None);
        };
        let head = probe.head();
        if !head.contains("\"part_kind\"") && !head.contains("\"parts\"") {
            return Ok(None);
        }
        let list = probe.first().and_then(|first| match first {
            Value::Array(list) => Some(list),
            other => LISTS.iter().find_map(|key| other.get(*key)?.as_array()),
        });
        let Some(list) = list.filter(|list| !list.is_empty()) else {
            return Ok(None);
        };
        if !list.iter().take(3).all(is_message) {
            return Ok(None);
        }
        Ok(Some(Detection {
            score: 93,
            evidence: vec![
                "a list of `request` and `response` messages".to_owned(),
                "parts with `part_kind`".to_owned(),
            ],
            ..Detection::default()
        }))
    }

    fn extract(&self, pile: &Pile, claim: &Claim) -> Result<Extraction, ExtractError> {
        let file = JsonDocument::open(pile, claim.detection.files[0])?;
        let parsed = file.parse_with(|text| list_in(text, &LISTS))?;
        let mut extraction = Extraction {
            warnings: parsed.warnings,
            ..Extraction::default()
        };
        let (messages, others) = parsed.value;
        let mut feed = Feed::default();
        let (mut run, mut talk) = (None, None);
        for raw in messages {
            let value: Value = serde_json::from_str(raw).unwrap_or_default();
            run = run.or_else(|| str_at(&value, "run_id").map(str::to_owned));
            talk = talk.or_else(|| str_at(&value, "conversation_id").map(str::to_owned));
            let known = feed.add(&value, |part| {
                file.document().cite_in(parsed.base, part, raw)
            });
            extraction.coverage.count(raw.len(), known);
        }
        for (_, raw) in others {
            extraction.coverage.bytes.total += raw.len() as u64;
        }
        let (mut trajectory, orphans) = feed.finish();
        if orphans > 0 {
            let path = file.document().path();
            let warning = format!("{path}: {orphans} results belong to no call");
            extraction.warnings.push(warning);
        }
        trajectory.agent = Some("pydantic-ai".to_owned());
        trajectory.session = run.or(talk);
        extraction.trajectory = trajectory;
        Ok(extraction)
    }
}

fn is_message(value: &Value) -> bool {
    let kind = matches!(str_of(value, &["kind"]), Some("request" | "response"));
    let parts = value.get("parts").and_then(Value::as_array);
    // A cut list may hold a message whose last part lost its kind, or one cut before its kind.
    let typed = parts.is_some_and(|parts| parts.iter().any(|p| p.get("part_kind").is_some()));
    typed || (kind && parts.is_some())
}
