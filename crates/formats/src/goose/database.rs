//! `sessions.db`: all sessions in one SQLite database.

use std::collections::HashMap;
use std::io;

use serde_json::Value;
use trace::{RefPart, Timestamp};

use super::LAYOUT;
use super::conversation::{Conversation, Message};
use crate::database::{Database, is_database, with_logs};
use crate::extractor::{
    Claim, Coverage, Detection, ExtractError, Extraction, Extractor, Layout, Part, Rank, Site,
};
use crate::pile::Pile;
use crate::sessions::{self, Session};
use crate::time;

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
        let database = match Database::open(pile, probe.entry().id) {
            Ok(database) => database,
            // Said of a database that names this column only, so that it is said once.
            Err(error) if probe.head().contains("content_json") => {
                return Err(io::Error::other(error.to_string()));
            }
            Err(_) => return Ok(None),
        };
        let known = database.has("sessions", &["id", "working_dir"])
            && database.has("messages", &["session_id", "role", "content_json"]);
        Ok(known.then(|| Detection {
            score: 96,
            evidence: vec![
                "a SQLite database".to_owned(),
                "tables `sessions` and `messages` with `content_json`".to_owned(),
            ],
            files: with_logs(pile, probe.entry().id),
            ..Detection::default()
        }))
    }

    fn parts(&self, pile: &Pile, claim: &Claim) -> Result<Vec<Part>, ExtractError> {
        let database = Database::open(pile, claim.detection.files[0])?;
        listed(&database)
    }

    fn extract(&self, pile: &Pile, claim: &Claim) -> Result<Extraction, ExtractError> {
        let database = Database::open(pile, claim.detection.files[0])?;
        let part = claim.part.as_ref();
        let mut read = Vec::new();
        for (id, parent) in sessions::of_part(part, || listed(&database))? {
            read.push((session(&database, &id)?, parent));
        }
        if read.is_empty() {
            return Ok(Extraction::default());
        }
        Ok(sessions::nest(read))
    }
}

/// All sessions that say anything, in the order they began, with their parents where the version
/// states them and the time of their last message.
fn listed(database: &Database) -> Result<Vec<Part>, ExtractError> {
    let mut found: Vec<(String, Option<String>)> = Vec::new();
    let mut written: HashMap<String, Timestamp> = HashMap::new();
    let parent = if database.has("sessions", &["parent_session_id"]) {
        "(select parent_session_id from sessions where id = session_id)"
    } else {
        "null"
    };
    let time = if database.has("messages", &["created_timestamp"]) {
        "max(created_timestamp)"
    } else {
        "null"
    };
    let sql = format!(
        "select session_id, {parent}, {time} from messages
         group by session_id order by min(rowid)"
    );
    database.rows(&sql, &[], |row| {
        let Some(id) = row.text(0) else { return };
        let time = row.integer(2).and_then(|time| time::of(&Value::from(time)));
        written.extend(time.map(|time| (id.clone(), time)));
        found.push((id, row.text(1)));
    })?;
    Ok(sessions::parts(&found, &written))
}

fn session(database: &Database, id: &str) -> Result<Session, ExtractError> {
    let mut conversation = Conversation::default();
    conversation.about(&serde_json::json!({"id": id}));
    let sql = "select * from sessions where id = ?1";
    database.rows(sql, &[id], |row| conversation.about(&row.object()))?;
    let mut coverage = Coverage::default();
    // Rows are written in order, and written anew in order where a conversation is rewritten.
    let sql = "select rowid as stands_at, * from messages where session_id = ?1 order by rowid";
    database.rows(sql, &[id], |row| {
        let record = row.object();
        let rowid = record.get("stands_at").and_then(Value::as_i64);
        let text = record.get("content_json").and_then(Value::as_str);
        let (rowid, text) = (rowid.unwrap_or_default(), text.unwrap_or_default());
        let cite = |part: RefPart| database.cite(part, "messages", rowid, text);
        let known = read_row(&mut conversation, &record, &cite);
        coverage.count(text.len(), known);
    })?;
    let (mut trajectory, warnings) = conversation.finish();
    id.clone_into(&mut trajectory.id);
    Ok(Session {
        trajectory,
        coverage,
        warnings,
        links: Vec::new(),
    })
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
