//! `goose run --output-format stream-json`: what the agent printed while it ran.

use std::io;

use serde_json::Value;
use trace::RefPart;

use super::conversation::{Conversation, Message};
use super::{LAYOUT, is_message};
use crate::extractor::{Claim, Detection, ExtractError, Extraction, Extractor, Layout, Rank, Site};
use crate::frame;
use crate::json::str_at;
use crate::pile::Pile;

/// Reads goose's event stream.
pub(crate) struct GooseStream;

impl Extractor for GooseStream {
    fn layout(&self) -> Layout {
        Layout {
            name: "goose-stream",
            title: "goose event streams (goose run --output-format stream-json)",
            doc: LAYOUT,
            rank: Rank::Stream,
        }
    }

    fn detect(&self, _pile: &Pile, site: Site<'_>) -> io::Result<Option<Detection>> {
        let Site::File(probe) = site else {
            return Ok(None);
        };
        let is_event = |record: &Value| {
            str_at(record, "type") == Some("message")
                && record.get("message").is_some_and(is_message)
        };
        Ok(probe.records().iter().any(is_event).then(|| Detection {
            score: 92,
            evidence: vec!["events of type `message` with goose's messages".to_owned()],
            ..Detection::default()
        }))
    }

    fn extract(&self, pile: &Pile, claim: &Claim) -> Result<Extraction, ExtractError> {
        let mut conversation = Conversation::streamed();
        conversation.about(&Value::Null);
        let account = frame::lines(pile, claim, |record, line| {
            let cite = |part: RefPart| vec![line.cite(part)];
            match str_at(record, "type") {
                Some("message") => {
                    let message = record.get("message").unwrap_or(&Value::Null);
                    return conversation.message(&Message::of(message), &cite);
                }
                Some("error") => {
                    let error = str_at(record, "error").unwrap_or("error");
                    conversation.run().outcome.exit_status = Some(format!("error: {error}"));
                }
                Some("complete") => {
                    conversation.run().outcome.exit_status = Some("complete".to_owned());
                }
                kind => return matches!(kind, Some("notification" | "model_change")),
            }
            true
        })?;
        let (trajectory, mut warnings) = conversation.finish();
        warnings.extend(account.warnings);
        Ok(Extraction {
            trajectory,
            coverage: account.coverage,
            warnings,
        })
    }
}
