//! GitHub Copilot CLI: the event log it keeps of a session. `LAYOUT.md` beside this file describes it.

mod kinds;
mod reading;

use std::io;

use serde_json::Value;

use crate::extractor::{
    Claim, Detection, ExtractError, Extraction, Extractor, Layout, Probe, Rank, Site,
};
use crate::frame;
use crate::json::str_at;
use crate::pile::Pile;

/// Reads the event logs of GitHub Copilot CLI and of agents built on its runtime.
pub(crate) struct CopilotCli;

impl Extractor for CopilotCli {
    fn layout(&self) -> Layout {
        Layout {
            name: "copilot-cli",
            title: "GitHub Copilot CLI event logs (session-state/*/events.jsonl)",
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
        let mut reading = reading::Reading::default();
        let account = frame::lines(pile, claim, |record, line| reading.record(record, line))?;
        Ok(reading.finish(account))
    }
}

fn recognise(probe: &Probe<'_>) -> Option<Detection> {
    let events: Vec<&Value> = probe.records().iter().filter(|r| is_event(r)).collect();
    let first = events.first()?;
    let start = events
        .iter()
        .find(|event| str_at(event, "type") == Some("session.start"));
    let session = start.and_then(|event| event.pointer("/data/sessionId")?.as_str());
    let named = start.is_some_and(|event| {
        event.pointer("/data/copilotVersion").is_some()
            || event.pointer("/data/producer").and_then(Value::as_str) == Some("copilot-agent")
    });
    let kind = str_at(first, "type").unwrap_or_default();
    let (score, what) = if named {
        (97, "`session.start` event with `copilotVersion`".to_owned())
    } else {
        (
            86,
            format!("`{kind}` event with `id`, `timestamp` and `data`"),
        )
    };
    Some(Detection {
        score,
        evidence: vec![what],
        session: session.map(str::to_owned),
        ..Detection::default()
    })
}

fn is_event(record: &Value) -> bool {
    str_at(record, "type").is_some_and(|kind| kind.contains('.') && kinds::is_known(kind))
        && record.get("data").is_some_and(Value::is_object)
        && str_at(record, "id").is_some()
        && str_at(record, "timestamp").is_some()
}

#[cfg(test)]
mod tests;
