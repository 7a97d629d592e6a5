//! `sessions.db`: all sessions in one SQLite database.

use std::io;

use serde_json::Value;
use trace::RefPart;

use super::LAYOUT;
use super::conversation::{Conversation, Message};
use crate::database::{Database, is_database};
use crate::extractor::{
    Claim, Coverage, Detection, ExtractError, Extraction, Extractor, Layout, Part, Rank, Site,
};
use crate::pile::Pile;

/// Reads the sessions of a goose database.
pub(crate) struct GooseDatabase;

impl Extractor for GooseDatabase {
    fn layout(&self) -> Layout {
        Layout {
            name: "goose-database",
            title: "goose sessions (SQLite, sessions.db)",
            doc: LAYOUT,
            rank: Rank::Native,
        }
    }

    fn detect(&self, pile: &Pile, site: Site<'_>) -> io::Result<Option<Detection>> {
        let Site::File(probe) = site else {
            return Ok(None);
        };
        if !is_database(probe.head()) {
            return Ok(None);
        }
        let Ok(database) = Database::open(pile, probe.entry().id) else {
            return Ok(None);
        };
        let known = database.has("sessions", &["id", "working_dir"])
            && database.has("messages", &["session_id", "role", "content_json"]);
        Ok(known.then(|| Detection {
            score: 96,
            evidence: vec![
                "a SQLite database".to_owned(),
                "tables `sessions` and `messages` with `content_json`".to_owned(),
            ],
            ..Detection::default()
        }))
    }

    fn parts(&self, pile: &Pile, claim: &Claim) -> Result<Vec<Part>, ExtractError> {
        let database = Database::open(pile, claim.detection.files[0])?;
        let mut parts = Vec::new();
        let sql = "select session_id from messages group by session_id order by min(rowid)";
        database.rows(sql, &[], |row| {
            parts.extend(row.text(0).map(|id| Part {
                key: id.clone(),
                session: Some(id),
                range: None,
            }));
        })?;
        Ok(parts)
    }

    fn extract(&self, pile: &Pile, claim: &Claim) -> Result<Extraction, ExtractError> {
        let database = Database::open(pile, claim.detection.files[0])?;
        let session = claim.part.as_ref().map_or("", |part| part.key.as_str());
        let mut conversation = Conversation::default();
        conversation.about(&serde_json::json!({"id": session}));
        let sql = "select * from sessions where id = ?1";
        database.rows(sql, &[session], |row| conversation.about(&row.object()))?;
        let mut coverage = Coverage::default();
        // Rows are written in order, and written anew in order where a conversation is rewritten.
        let sql = "select rowid as stands_at, * from messages where session_id = ?1 order by rowid";
        database.rows(sql, &[session], |row| {
            let record = row.object();
            let rowid = record
                .get("stands_at")
                .and_then(Value::as_i64)
                .unwrap_or_default();
            let text = record
                .get("content_json")
                .and_then(Value::as_str)
                .unwrap_or_default();
            let cite = |part: RefPart| database.cite(part, "messages", rowid, text);
            let known = read_row(&mut conversation, &record, &cite);
            coverage.count(text.len(), known);
        })?;
        let (trajectory, warnings) = conversation.finish();
        Ok(Extraction {
            trajectory,
            coverage,
            warnings,
        })
    }
}

/// Reads a row of the table `messages`, also where rows were written out as JSON; false when its
/// content is not known.
pub(super) fn read_row(
    conversation: &mut Conversation,
    record: &Value,
    cite: super::conversation::Cite<'_>,
) -> bool {
    let json = |key: &str| -> Option<Value> {
        match record.get(key)? {
            Value::String(text) => serde_json::from_str(text).ok(),
            value => Some(value.clone()),
        }
    };
    let content = json("content_json").unwrap_or_default();
    let message = Message {
        id: record.get("message_id").and_then(Value::as_str),
        role: record
            .get("role")
            .and_then(Value::as_str)
            .unwrap_or_default(),
        created: record.get("created_timestamp").and_then(Value::as_f64),
        content: &content,
        metadata: None,
    };
    let metadata = json("metadata_json");
    conversation.message(
        &Message {
            metadata: metadata.as_ref(),
            ..message
        },
        cite,
    )
}
