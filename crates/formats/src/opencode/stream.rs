//! `opencode run --format json`: what the agent printed while it ran.

use std::io;

use serde_json::Value;
use trace::RefPart;

use super::LAYOUT;
use super::session::Session;
use crate::extractor::{
    Claim, Detection, ExtractError, Extraction, Extractor, Layout, Probe, Rank, Site,
};
use crate::frame;
use crate::json::str_at;
use crate::pile::Pile;
use crate::time;

/// Reads opencode's event stream.
pub(crate) struct OpencodeStream;

const KINDS: [&str; 6] = [
    "step_start",
    "step_finish",
    "text",
    "reasoning",
    "tool_use",
    "error",
];

impl Extractor for OpencodeStream {
    fn layout(&self) -> Layout {
        Layout {
            name: "opencode-stream",
            title: "opencode event streams (opencode run --format json)",
            doc: LAYOUT,
            rank: Rank::Stream,
        }
    }

    fn detect(&self, _pile: &Pile, site: Site<'_>) -> io::Result<Option<Detection>> {
        let Site::File(probe) = site else {
            return Ok(None);
        };
        Ok(recognise(probe))
    }

    fn extract(&self, pile: &Pile, claim: &Claim) -> Result<Extraction, ExtractError> {
        let mut session = Session::default();
        session.about(&Value::Null);
        let mut message = String::new();
        let mut failed = None;
        let account = frame::lines(pile, claim, |record, line| {
            let kind = str_at(record, "type").unwrap_or_default();
            let time = record.get("timestamp").and_then(Value::as_f64);
            session.heard(
                str_at(record, "sessionID"),
                time.and_then(|ms| time::from_seconds(ms / 1e3)),
            );
            if kind == "error" {
                failed = record.get("error").map(super::session::error_of);
                return true;
            }
            let Some(part) = record.get("part") else {
                return false;
            };
            let own = str_at(part, "messageID").unwrap_or_default();
            if own != message {
                own.clone_into(&mut message);
                session.message(own, &serde_json::json!({"role": "assistant"}), 0);
            }
            let cite = |which: RefPart| vec![line.cite(which)];
            session.part(part, line.bytes.len(), &cite);
            KINDS.contains(&kind)
        })?;
        let read = session.finish();
        let mut trajectory = read.trajectory;
        trajectory.outcome.exit_status = failed.or(trajectory.outcome.exit_status);
        let mut warnings = read.warnings;
        warnings.extend(account.warnings);
        Ok(Extraction {
            trajectory,
            coverage: account.coverage,
            warnings,
        })
    }
}

fn recognise(probe: &Probe<'_>) -> Option<Detection> {
    let records = probe.records();
    let is_event = |record: &&Value| {
        let kind = str_at(record, "type").unwrap_or_default();
        KINDS.contains(&kind)
            && str_at(record, "sessionID").is_some_and(|id| id.starts_with("ses_"))
            && (record.get("part").is_some_and(Value::is_object) || kind == "error")
    };
    let first = records.iter().find(is_event)?;
    Some(Detection {
        score: 95,
        evidence: vec!["events with `sessionID` (`ses_…`) and `part`".to_owned()],
        session: str_at(first, "sessionID").map(str::to_owned),
        ..Detection::default()
    })
}
