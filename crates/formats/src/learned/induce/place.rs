//! Where the records of an unknown artifact may stand.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use super::runs::{order_of, outer_of, run_field, sort_by, split_by};
use crate::extractor::ExtractError;
use crate::frame::JsonDocument;
use crate::learned::canonical::canonical;
use crate::learned::map::{Container, Records, Runs};
use crate::learned::path::{Path, Segment};
use crate::learned::records::{in_order, read_text, sample, split_text};
use crate::pile::{EntryId, Pile};

/// How many records of a candidate are looked at.
const MOST_RECORDS: usize = 3_000;
/// How many bytes of an artifact are looked at.
const MOST_BYTES: u64 = 64 << 20;
/// How many lists are tried as records.
const MOST_CANDIDATES: usize = 12;
/// How deep lists are looked for.
const DEEPEST: usize = 8;

/// A list of records, with the records.
pub(in crate::learned) struct Candidate {
    /// Where they stand.
    pub(in crate::learned) place: Records,
    /// The records, telemetry habits undone.
    pub(in crate::learned) values: Vec<Value>,
    /// The length of each as JSON.
    pub(in crate::learned) bytes: Vec<usize>,
    /// The run each belongs to, counted from 0.
    pub(in crate::learned) runs: Vec<usize>,
}

impl Candidate {
    /// Where the records stand from the document or line on, runs included.
    pub(super) fn whole_path(&self) -> Path {
        match &self.place.runs {
            Runs::Each(outer) => outer.join(&self.place.at),
            _ => self.place.at.clone(),
        }
    }
}

impl fmt::Display for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = if self.place.at.is_root() {
            match self.place.container {
                Container::Lines => "the lines".to_owned(),
                Container::Files => "the files".to_owned(),
                Container::Database => "the tables".to_owned(),
                Container::Markdown => "the labelled sections".to_owned(),
                Container::Log => "the labelled lines".to_owned(),
                Container::Text => "the lines of the text".to_owned(),
                Container::Document => "the document".to_owned(),
            }
        } else {
            format!("`{}`", self.place.at)
        };
        write!(f, "{at} ({} records)", self.values.len())
    }
}

/// The lists of objects in the artifact, those that hold most first.
pub(in crate::learned) fn candidates(
    pile: &Pile,
    files: &[EntryId],
) -> Result<Vec<Candidate>, ExtractError> {
    if let [id] = files
        && crate::database::is_database(&pile.head(*id, 16).unwrap_or_default())
    {
        return in_tables(pile, *id);
    }
    if let [id] = files
        && is_mostly_text(pile, *id)?
    {
        return in_text(pile, *id);
    }
    let (container, wholes) = match (load(pile, files), files) {
        // What is no JSON may be a transcript for people to read.
        (Err(ExtractError::Malformed { .. }), [id]) => return in_text(pile, *id),
        (loaded, _) => loaded?,
    };
    let mut lists: BTreeMap<Path, (usize, usize)> = BTreeMap::new();
    for whole in &wholes {
        count_lists(whole, &mut lists);
    }
    let mut paths: Vec<(Path, usize)> = lists
        .into_iter()
        .filter(|(_, (objects, _))| *objects >= 2)
        .map(|(path, (_, bytes))| (path, bytes))
        .collect();
    if container != Container::Document || wholes.len() > 1 {
        paths.push((Path::root(), usize::MAX));
    }
    paths.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    paths.truncate(MOST_CANDIDATES);
    let made = paths
        .into_iter()
        .map(|(at, _)| candidate(container, at, &wholes));
    Ok(made.collect())
}

/// Whether few lines at the beginning of a file are JSON, and the file is none either.
fn is_mostly_text(pile: &Pile, id: EntryId) -> Result<bool, ExtractError> {
    const LOOKED_AT: usize = 64 << 10;
    let path = &pile.entry(id).path;
    let head = pile.head(id, LOOKED_AT);
    let head = head.map_err(|source| ExtractError::io(path, source))?;
    if head.trim_start().starts_with(['{', '[']) {
        // A log whose lines begin with a time in brackets is no JSON either.
        let line = head.trim_start().lines().next().unwrap_or_default();
        return Ok(line.starts_with('[')
            && serde_json::from_str::<Value>(line).is_err()
            && line
                .as_bytes()
                .get(1)
                .is_some_and(u8::is_ascii_alphanumeric)
            && !line[1..].starts_with(['{', '[', '"']));
    }
    let lines = head.lines().filter(|line| !line.trim().is_empty());
    let (mut all, mut json) = (0, 0);
    for line in lines {
        all += 1;
        let object = line.trim_start().starts_with('{') && line.trim_end().ends_with('}');
        json += usize::from(object);
    }
    Ok(all > 0 && json * 2 < all)
}

/// The labelled sections of a text, as Markdown and as a log.
fn in_text(pile: &Pile, id: EntryId) -> Result<Vec<Candidate>, ExtractError> {
    const MOST_LOOKED_AT: usize = 8 << 20;
    let document = read_text(pile, id)?;
    let text = document.text();
    let mut end = text.len().min(MOST_LOOKED_AT);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let text = &text[..end];
    let sections = |container| {
        let sections = split_text(text, container == Container::Markdown);
        let values: Vec<Value> = sections.into_iter().map(|s| s.value).collect();
        (values.len() > 1).then(|| candidate(container, Path::root(), &values))
    };
    let both = [Container::Log, Container::Markdown].map(sections);
    Ok(both.into_iter().flatten().collect())
}

/// The rows of each table of a database, and of all together where several have many.
fn in_tables(pile: &Pile, id: EntryId) -> Result<Vec<Candidate>, ExtractError> {
    const MOST_ROWS: u32 = 3_000;
    let mut tables = sample(pile, id, MOST_ROWS)?;
    tables.retain(|(_, rows)| !rows.is_empty());
    tables.sort_by_key(|(_, rows)| std::cmp::Reverse(rows.iter().map(weight).sum::<usize>()));
    tables.truncate(MOST_CANDIDATES);
    let mut found: Vec<Candidate> = tables
        .iter()
        .map(|(name, rows)| {
            let mut candidate = candidate(Container::Database, Path::root(), rows);
            candidate.place.at = Path::root().key(name);
            candidate
        })
        .collect();
    if tables.len() > 1 {
        let all: Vec<Value> = tables.into_iter().flat_map(|(_, rows)| rows).collect();
        found.push(candidate(Container::Database, Path::root(), &all));
    }
    Ok(found)
}

/// The documents or lines of the artifact as far as they are looked at.
fn load(pile: &Pile, files: &[EntryId]) -> Result<(Container, Vec<Value>), ExtractError> {
    if let [id] = files {
        if let Some(lines) = load_lines(pile, *id)? {
            return Ok((Container::Lines, lines));
        }
        let entry = pile.entry(*id);
        if entry.size > MOST_BYTES {
            return Err(ExtractError::Malformed {
                path: entry.path.clone(),
                byte: 0,
                what: format!(
                    "one document of {} bytes; its layout can be worked out up to {MOST_BYTES}",
                    entry.size
                ),
            });
        }
        let file = JsonDocument::open(pile, *id)?;
        return Ok((Container::Document, vec![file.parse::<Value>()?.value]));
    }
    let mut wholes = Vec::new();
    let mut read = 0;
    for id in in_order(pile, files).iter().take(MOST_RECORDS) {
        read += pile.entry(*id).size;
        if read > MOST_BYTES {
            break;
        }
        wholes.push(JsonDocument::open(pile, *id)?.parse::<Value>()?.value);
    }
    Ok((Container::Files, wholes))
}

/// The objects of JSON Lines; `None` when the file is something else.
fn load_lines(pile: &Pile, id: EntryId) -> Result<Option<Vec<Value>>, ExtractError> {
    let failed = |source| ExtractError::io(&pile.entry(id).path, source);
    let mut lines = pile.lines(id).map_err(failed)?;
    let mut values = Vec::new();
    let (mut looked, mut bytes) = (0, 0);
    while let Some(line) = lines.next_line().map_err(failed)? {
        let text = line.text();
        if text.trim().is_empty() {
            continue;
        }
        looked += 1;
        bytes += line.bytes.len() as u64;
        match serde_json::from_str::<Value>(&text) {
            Ok(value) if value.is_object() => values.push(value),
            _ if looked <= 3
                && values.is_empty()
                && text.trim_start().starts_with(['{', '[', '"']) =>
            {
                return Ok(None);
            }
            _ => {}
        }
        if values.len() >= MOST_RECORDS || bytes > MOST_BYTES || looked > 64 && values.is_empty() {
            break;
        }
    }
    let named = pile.entry(id).has_ending("jsonl") || pile.entry(id).has_ending("ndjson");
    Ok((values.len() > 1 || named && values.len() == 1).then_some(values))
}

/// Counts objects and bytes of every list of objects in a document, by the path of its elements.
fn count_lists(whole: &Value, lists: &mut BTreeMap<Path, (usize, usize)>) {
    let mut open = vec![(Path::root(), whole, 0)];
    while let Some((path, value, depth)) = open.pop() {
        if depth > DEEPEST {
            continue;
        }
        match value {
            Value::Object(members) => {
                let map = members.len() > 2 && is_map(members);
                if map {
                    note(&path, members.values(), lists);
                }
                for (key, inner) in members {
                    let path = if map {
                        path.then(Segment::Each)
                    } else {
                        path.key(key)
                    };
                    open.push((path, inner, depth + 1));
                }
            }
            Value::Array(items) => {
                note(&path, items.iter(), lists);
                let path = path.then(Segment::Each);
                for item in items {
                    open.push((path.clone(), item, depth + 1));
                }
            }
            _ => {}
        }
    }
}

/// Whether an object is a map of like things under ids.
fn is_map(members: &serde_json::Map<String, Value>) -> bool {
    let id = |key: &String| {
        key.bytes().filter(u8::is_ascii_digit).count() >= 4
            || key.bytes().all(|b| b.is_ascii_digit())
    };
    members
        .iter()
        .all(|(key, value)| value.is_object() && id(key))
}

fn note<'v>(
    path: &Path,
    items: impl Iterator<Item = &'v Value>,
    lists: &mut BTreeMap<Path, (usize, usize)>,
) {
    let (mut objects, mut others, mut bytes) = (0, 0, 0);
    for item in items {
        match item {
            Value::Object(members) if members.len() == 2 && members.contains_key("key") => {
                others += 1;
            }
            Value::Object(_) => {
                objects += 1;
                bytes += weight(item);
            }
            _ => others += 1,
        }
    }
    if objects > others {
        let known = lists.entry(path.then(Segment::Each)).or_default();
        known.0 += objects;
        known.1 += bytes;
    }
}

/// The bytes of all texts in a value.
fn weight(value: &Value) -> usize {
    let mut open = vec![value];
    let mut bytes = 0;
    while let Some(value) = open.pop() {
        match value {
            Value::String(text) => bytes += text.len(),
            Value::Array(items) => open.extend(items),
            Value::Object(members) => open.extend(members.values()),
            _ => bytes += 4,
        }
    }
    bytes
}

/// The records at `at` of the documents, and how their runs are told apart.
fn candidate(container: Container, at: Path, wholes: &[Value]) -> Candidate {
    let mut place = Records {
        container,
        at,
        runs: Runs::One,
        order: None,
        thread: None,
    };
    let outer = outer_of(container, &place.at, wholes);
    let mut found = Candidate {
        values: Vec::new(),
        bytes: Vec::new(),
        runs: Vec::new(),
        place: place.clone(),
    };
    let mut run = 0;
    let inner = outer
        .as_ref()
        .and_then(|outer| place.at.below(outer))
        .unwrap_or_else(|| place.at.clone());
    let tops = wholes.iter().flat_map(|whole| match &outer {
        Some(outer) => outer.all(whole),
        None => vec![std::borrow::Cow::Borrowed(whole)],
    });
    for top in tops {
        for record in inner.all(&top) {
            if found.values.len() >= MOST_RECORDS || !record.is_object() {
                continue;
            }
            found.bytes.push(weight(&record));
            found.runs.push(run);
            found.values.push(canonical(record.into_owned()));
        }
        run += usize::from(outer.is_some());
    }
    if let Some(outer) = outer {
        place.runs = Runs::Each(outer);
        place.at = inner;
    } else if let Some(field) = run_field(&found.values) {
        split_by(&field, &mut found);
        place.runs = Runs::By(field);
    }
    place.order = order_of(&found.values);
    if let Some(order) = &place.order {
        sort_by(order, &mut found);
    }
    found.place = place;
    found
}
