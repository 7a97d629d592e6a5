//! `opencode.db`: all sessions in one SQLite database.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io;

use serde_json::{Map, Value, json};
use trace::{RefPart, Timestamp};

use super::LAYOUT;
use super::session::Session;
use crate::database::{Database, is_database, with_logs};
use crate::extractor::{
    Claim, Detection, ExtractError, Extraction, Extractor, Layout, Part, Rank, Site,
};
use crate::json::str_at;
use crate::pile::Pile;
use crate::sessions;
use crate::time;

/// Reads the sessions of an opencode database.
pub(crate) struct OpencodeDatabase;

impl Extractor for OpencodeDatabase {
    fn layout(&self) -> Layout {
        Layout {
            name: "opencode-database",
            title: "opencode sessions (SQLite, opencode.db)",
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
            // Said of a database that names these tables only, so that it is said once.
            Err(error) if probe.head().contains("message_id") && probe.head().contains("part") => {
                return Err(io::Error::other(error.to_string()));
            }
            Err(_) => return Ok(None),
        };
        let tables = Tables::of(&database);
        if !tables.parts && !tables.events {
            return Ok(None);
        }
        let evidence = if tables.parts {
            "tables `session`, `message` and `part` with JSON in `data`"
        } else {
            "table `event` with sessions as `aggregate_id`"
        };
        Ok(Some(Detection {
            score: 96,
            evidence: vec!["a SQLite database".to_owned(), evidence.to_owned()],
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
        let tables = Tables::of(&database);
        let part = claim.part.as_ref();
        let mut read = Vec::new();
        for (id, parent) in sessions::of_part(part, || listed(&database))? {
            read.push((session(&database, &tables, &id)?, parent));
        }
        if read.is_empty() {
            return Ok(Extraction::default());
        }
        Ok(sessions::nest(read))
    }
}

/// Which of the tables of opencode's versions are there.
struct Tables {
    parts: bool,
    events: bool,
}

impl Tables {
    fn of(database: &Database) -> Self {
        Self {
            parts: database.has("session", &["id", "parent_id"])
                && database.has("message", &["id", "session_id", "data"])
                && database.has("part", &["id", "message_id", "data"]),
            events: database.has("event", &["aggregate_id", "seq", "type", "data"]),
        }
    }
}

/// All sessions that say anything, oldest first, with their parents and, where its version states
/// it, the time they last changed.
fn listed(database: &Database) -> Result<Vec<Part>, ExtractError> {
    let tables = Tables::of(database);
    let mut written: HashMap<String, Timestamp> = HashMap::new();
    let mut found: Vec<(String, Option<String>)> = Vec::new();
    if tables.parts {
        // Ids of sessions count down, so that lists show the newest first.
        let time = if database.has("session", &["time_updated"]) {
            "time_updated"
        } else {
            "null"
        };
        let sql = format!(
            "select id, parent_id, {time} from session
             where exists (select 1 from message where message.session_id = session.id)
             order by id desc"
        );
        database.rows(&sql, &[], |row| {
            let Some(id) = row.text(0) else { return };
            let time = row.integer(2).and_then(|time| time::of(&Value::from(time)));
            written.extend(time.map(|time| (id.clone(), time)));
            found.push((id, row.text(1)));
        })?;
    }
    if tables.events {
        journalled(database, &mut found)?;
    }
    Ok(sessions::parts(&found, &written))
}

/// Adds the sessions that only the journal tells of.
fn journalled(
    database: &Database,
    found: &mut Vec<(String, Option<String>)>,
) -> Result<(), ExtractError> {
    let known: HashSet<String> = found.iter().map(|(id, _)| id.clone()).collect();
    let mut told: Vec<String> = Vec::new();
    // One row a session, where there is such a table; the journal itself may be long.
    let sql = if database.has("event_sequence", &["aggregate_id"]) {
        "select aggregate_id from event_sequence order by aggregate_id desc"
    } else {
        "select distinct aggregate_id from event order by aggregate_id desc"
    };
    database.rows(sql, &[], |row| {
        told.extend(row.text(0).filter(|id| !known.contains(id)));
    })?;
    for id in told {
        let mut parent = None;
        let mut is_session = false;
        let sql = "select data from event
                   where aggregate_id = ?1 and type like 'session.created%' order by seq limit 1";
        database.rows(sql, &[&id], |row| {
            let text = row.text(0).unwrap_or_default();
            let data: Value = serde_json::from_str(&text).unwrap_or_default();
            let info = data.get("info").unwrap_or(&Value::Null);
            is_session = str_at(info, "id") == Some(&id);
            parent = str_at(info, "parentID").map(str::to_owned);
        })?;
        if is_session {
            found.push((id, parent));
        }
    }
    Ok(())
}

fn session(
    database: &Database,
    tables: &Tables,
    id: &str,
) -> Result<sessions::Session, ExtractError> {
    let mut messages: Vec<(String, Value, usize)> = Vec::new();
    if tables.parts {
        let sql = "select id, data from message where session_id = ?1 order by time_created, id";
        let sql = if database.has("message", &["time_created"]) {
            sql
        } else {
            "select id, data from message where session_id = ?1 order by id"
        };
        database.rows(sql, &[id], |row| {
            let text = row.text(1).unwrap_or_default();
            let info = serde_json::from_str(&text).unwrap_or_default();
            messages.push((row.text(0).unwrap_or_default(), info, text.len()));
        })?;
    }
    if messages.is_empty() && tables.events {
        return replay(database, id);
    }
    let mut session = Session::default();
    session.about(&info_of(database, id)?);
    for (message, info, size) in &messages {
        session.message(message, info, *size);
        let sql = "select rowid, id, data from part where message_id = ?1 order by id";
        database.rows(sql, &[message], |row| {
            let rowid = row.integer(0).unwrap_or_default();
            let text = row.text(2).unwrap_or_default();
            let mut part: Value = serde_json::from_str(&text).unwrap_or_default();
            if let (Some(part), Some(id)) = (part.as_object_mut(), row.text(1)) {
                part.insert("id".to_owned(), Value::String(id));
            }
            let cite = |which: RefPart| database.cite(which, "part", rowid, &text);
            session.part(&part, text.len(), &cite);
        })?;
    }
    Ok(session.finish())
}

/// The row of a session in the words of an export; columns differ between versions.
fn info_of(database: &Database, id: &str) -> Result<Value, ExtractError> {
    let mut info = json!({"id": id});
    for (column, key) in [("directory", "directory"), ("version", "version")] {
        if database.has("session", &[column]) {
            let sql = format!("select {column} from session where id = ?1");
            database.rows(&sql, &[id], |row| {
                info[key] = row.text(0).map_or(Value::Null, Value::String);
            })?;
        }
    }
    if database.has("session", &["time_created"]) {
        let sql = "select time_created from session where id = ?1";
        database.rows(sql, &[id], |row| {
            info["time"] = json!({"created": row.integer(0)});
        })?;
    }
    Ok(info)
}

/// One thing the events built, as it last stood.
struct Latest {
    value: Value,
    rowid: i64,
    text: String,
}

/// Rebuilds a session from the journal: the last word on each message and part holds.
fn replay(database: &Database, id: &str) -> Result<sessions::Session, ExtractError> {
    let mut session = Session::default();
    let mut messages: BTreeMap<String, Latest> = BTreeMap::new();
    let mut parts: BTreeMap<(String, String), Latest> = BTreeMap::new();
    let sql = "select rowid, type, data from event where aggregate_id = ?1 order by seq";
    database.rows(sql, &[id], |row| {
        let text = row.text(2).unwrap_or_default();
        let Ok(data) = serde_json::from_str::<Value>(&text) else {
            return;
        };
        let kind = row.text(1).unwrap_or_default();
        let rowid = row.integer(0).unwrap_or_default();
        let own = |key: &str| str_at(&data, key).unwrap_or_default().to_owned();
        let latest = |key: &str| {
            let value = data.get(key).cloned().unwrap_or(Value::Object(Map::new()));
            let text = text.clone();
            let id = str_at(&value, "id").unwrap_or_default().to_owned();
            (id, Latest { value, rowid, text })
        };
        // The number after the kind is the version of the event.
        match kind.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.') {
            "session.created" | "session.updated" => {
                session.about(data.get("info").unwrap_or(&Value::Null));
            }
            "message.updated" => {
                messages.extend([latest("info")]);
            }
            "message.part.updated" => {
                let (id, part) = latest("part");
                let message = str_at(&part.value, "messageID")
                    .unwrap_or_default()
                    .to_owned();
                parts.insert((message, id), part);
            }
            "message.removed" => {
                messages.remove(&own("messageID"));
            }
            "message.part.removed" => {
                parts.remove(&(own("messageID"), own("partID")));
            }
            _ => {}
        }
    })?;
    for (message, info) in &messages {
        session.message(message, &info.value, info.text.len());
        let own = (message.clone(), String::new())..(format!("{message}\0"), String::new());
        for part in parts.range(own).map(|(_, part)| part) {
            let cite = |which: RefPart| database.cite(which, "event", part.rowid, &part.text);
            session.part(&part.value, part.text.len(), &cite);
        }
    }
    Ok(session.finish())
}
