//! Rows of an `OpenHands` evaluation; the layout is described in `LAYOUT.md` beside this file.

mod row;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::io;

use serde::Deserialize;
use serde_json::Value;

use self::row::Row;
use crate::extractor::{
    Claim, Detection, ExtractError, Extraction, Extractor, Layout, Part, Rank, Site,
};
use crate::frame;
use crate::pile::Pile;

/// Reads one row of an evaluation's `output.jsonl`.
pub(crate) struct OpenHandsOutput;

/// What names a row.
#[derive(Deserialize)]
struct Name {
    #[serde(default)]
    instance_id: Value,
}

impl Extractor for OpenHandsOutput {
    fn layout(&self) -> Layout {
        Layout {
            name: "openhands-output",
            title: "OpenHands evaluation rows (output.jsonl, one instance a line)",
            doc: include_str!("LAYOUT.md"),
            rank: Rank::Export,
        }
    }

    fn detect(&self, _pile: &Pile, site: Site<'_>) -> io::Result<Option<Detection>> {
        let Site::File(probe) = site else {
            return Ok(None);
        };
        let Some(row) = probe.first().filter(|row| row.get("instance_id").is_some()) else {
            return Ok(None);
        };
        let Some(history) = row.get("history").and_then(Value::as_array) else {
            return Ok(None);
        };
        let beside = ["test_result", "instruction", "metadata", "metrics"];
        let beside = beside.iter().filter(|key| row.get(**key).is_some()).count();
        let by_agent = row.pointer("/metadata/agent_class").is_some()
            || row.pointer("/metadata/llm_config").is_some();
        let known = history.iter().any(is_event);
        if beside < 2 || !(known || (history.is_empty() && by_agent)) {
            return Ok(None);
        }
        let form = if history.iter().any(Value::is_array) {
            "pairs of events"
        } else {
            "events"
        };
        Ok(Some(Detection {
            score: 95,
            evidence: vec![
                "rows with `instance_id`, `history` and `test_result`".to_owned(),
                format!("a history of {form}"),
            ],
            ..Detection::default()
        }))
    }

    fn parts(&self, pile: &Pile, claim: &Claim) -> Result<Vec<Part>, ExtractError> {
        let mut parts = Vec::new();
        let mut seen: HashMap<String, u32> = HashMap::new();
        let id = claim.detection.files[0];
        frame::rows(pile, id, |line| {
            let name = serde_json::from_str::<Name>(&line.text()).ok();
            let name = name.map_or(Value::Null, |name| name.instance_id);
            let name = match name {
                Value::String(name) => name,
                Value::Number(name) => name.to_string(),
                _ => format!("line-{}", line.number),
            };
            let times = seen.entry(name.clone()).or_default();
            *times += 1;
            let key = if *times == 1 {
                name
            } else {
                format!("{name}~{times}")
            };
            parts.push(Part {
                key,
                session: None,
                range: Some(line.offset..line.offset + line.bytes.len() as u64),
                ..Part::default()
            });
        })?;
        Ok(parts)
    }

    fn extract(&self, pile: &Pile, claim: &Claim) -> Result<Extraction, ExtractError> {
        let id = claim.detection.files[0];
        let path = &pile.entry(id).path;
        let failed = |source| ExtractError::io(path, source);
        let range = claim.part.as_ref().and_then(|part| part.range.clone());
        let start = range.map_or(0, |range| range.start);
        let mut lines = pile.lines_from(id, start).map_err(failed)?;
        let line = lines.next_line().map_err(failed)?;
        line.map_or_else(|| Ok(Extraction::default()), |line| Row::read(&line))
    }
}

/// Whether a member of a history is an event of either generation, or a pair of them.
fn is_event(value: &Value) -> bool {
    let first = match value {
        Value::Array(pair) => pair.first(),
        other => Some(other),
    };
    first.is_some_and(|event| {
        let has = |key: &str| event.get(key).is_some_and(Value::is_string);
        has("action") || has("observation") || (has("kind") && has("source"))
    })
}
