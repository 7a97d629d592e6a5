//! What kinds of records files hold, to recognise a layout and to notice when it changes.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::map::{Container, Records, Runs};
use super::package::{Fingerprint, Kind, Program};
use super::path::{Path, Segment, decoded};
use super::records;
use super::score::ratio;
use crate::extractor::Part;
use crate::pile::{EntryId, Pile};
use redact::Redactor;

/// How many records are looked at.
const MOST_RECORDS: usize = 600;

/// How much of JSON Lines is looked at, in bytes.
const LOOKED_AT: u64 = 1 << 20;

/// The largest document that is looked at, in bytes.
const MOST_DOCUMENT: u64 = 64 << 20;

/// Kinds of records and fields of a kind that are kept.
const MOST_KINDS: usize = 64;
const MOST_FIELDS: usize = 96;

/// How deep fields are looked for.
const DEEPEST: usize = 6;

/// The kinds of records in some files.
#[derive(Debug, Clone, Default)]
pub(super) struct Shape {
    /// The fields that tell kinds apart.
    pub(super) by: Vec<Path>,
    /// The kinds by name.
    pub(super) kinds: BTreeMap<String, KindShape>,
    /// Records looked at.
    pub(super) records: usize,
}

/// One kind of record.
#[derive(Debug, Clone, Default)]
pub(super) struct KindShape {
    /// How many were seen.
    pub(super) count: usize,
    /// In how many of them each field was seen.
    pub(super) fields: BTreeMap<Path, usize>,
}

/// The first records of `files`, read as `records` says, whatever run they belong to. Empty when
/// the files are of another container.
pub(super) fn first_records(pile: &Pile, files: &[EntryId], place: &Records) -> Vec<Value> {
    let size: u64 = files.iter().map(|id| pile.entry(*id).size).sum();
    let lines = place.container == Container::Lines;
    if !lines && size > MOST_DOCUMENT {
        return Vec::new();
    }
    let place = Records {
        runs: Runs::One,
        order: None,
        ..place.clone()
    };
    let part = (lines && size > LOOKED_AT).then(|| Part {
        key: String::new(),
        session: None,
        range: Some(0..LOOKED_AT),
        ..Part::default()
    });
    let mut values = Vec::new();
    let read = records::walk(pile, files, &place, part.as_ref(), &mut |record| {
        if values.len() < MOST_RECORDS && record.value.is_object() {
            values.push(record.value.clone());
        }
    });
    if read.is_err() {
        values.clear();
    }
    values
}

impl Shape {
    /// The kinds of `records`, told apart by the fields `by`, or by those that tell most.
    pub(super) fn of(records: &[Value], by: Option<&[Path]>) -> Self {
        let by = by.map_or_else(|| telling_fields(records), <[Path]>::to_vec);
        let mut shape = Self {
            records: records.len(),
            by,
            kinds: BTreeMap::new(),
        };
        for record in records {
            let name = kind_of(record, &shape.by);
            if !shape.kinds.contains_key(&name) && shape.kinds.len() >= MOST_KINDS {
                continue;
            }
            let kind = shape.kinds.entry(name).or_default();
            kind.count += 1;
            let mut fields = BTreeSet::new();
            fields_of(record, &Path::root(), DEEPEST, &mut fields);
            for field in fields {
                if kind.fields.len() < MOST_FIELDS * 4 || kind.fields.contains_key(&field) {
                    *kind.fields.entry(field).or_default() += 1;
                }
            }
        }
        shape
    }

    /// The fingerprint of these records.
    pub(super) fn fingerprint(&self, program: &Program, endings: Vec<String>) -> Fingerprint {
        let mut containers: Vec<Container> =
            program.records().iter().map(|r| r.container).collect();
        containers.sort_unstable();
        containers.dedup();
        // A name that would be redacted is data, not a name.
        let mut redactor = Redactor::default();
        let mut is_safe = |text: &str| redactor.text(text) == text;
        let mut kinds = Vec::new();
        for (name, kind) in &self.kinds {
            if is_safe(name) {
                let fields = kind.usual().filter(|field| is_safe(&field.to_string()));
                kinds.push(Kind {
                    name: name.clone(),
                    fields: fields.take(MOST_FIELDS).cloned().collect(),
                });
            }
        }
        Fingerprint {
            containers,
            kinds_by: self.by.clone(),
            kinds,
            endings,
        }
    }
}

impl KindShape {
    /// The fields that at least half of the records have.
    fn usual(&self) -> impl Iterator<Item = &Path> {
        let least = self.count.div_ceil(2);
        self.fields
            .iter()
            .filter(move |(_, seen)| **seen >= least)
            .map(|(field, _)| field)
    }
}

/// What of a shape a fingerprint knows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Likeness {
    /// Known kinds and fields of all seen, 0 to 1.
    pub share: f64,
    /// Kinds of records never seen before, each with its number of records.
    pub new_kinds: Vec<(String, usize)>,
    /// Fields of known kinds never seen before, as `kind: field`.
    pub new_fields: Vec<String>,
}

impl Fingerprint {
    /// Compares the records of a file with what was seen before.
    pub(super) fn likeness(&self, values: &[Value]) -> Likeness {
        let shape = Shape::of(values, Some(&self.kinds_by));
        let mut likeness = Likeness::default();
        let known: BTreeMap<&str, BTreeSet<&Path>> = self
            .kinds
            .iter()
            .map(|kind| (kind.name.as_str(), kind.fields.iter().collect()))
            .collect();
        let all: BTreeSet<&Path> = self.kinds.iter().flat_map(|kind| &kind.fields).collect();
        let (mut same, mut whole, mut familiar) = (0, 0, 0);
        for (name, kind) in &shape.kinds {
            let fields = known.get(name.as_str());
            if fields.is_some() {
                familiar += kind.count;
            } else {
                likeness.new_kinds.push((name.clone(), kind.count));
            }
            for field in kind.usual() {
                whole += 1;
                if fields.map_or_else(|| all.contains(field), |fields| fields.contains(field)) {
                    same += 1;
                } else if fields.is_some() {
                    likeness.new_fields.push(format!("{name}: {field}"));
                }
            }
        }
        likeness.share = if shape.records == 0 {
            0.0
        } else {
            f64::midpoint(ratio(same, whole), ratio(familiar, shape.records))
        };
        likeness
    }

    /// Adds what another fingerprint of the same layout knows.
    pub(super) fn add(&mut self, other: &Self) {
        self.containers.extend(&other.containers);
        self.containers.sort_unstable();
        self.containers.dedup();
        for field in &other.kinds_by {
            if !self.kinds_by.contains(field) {
                self.kinds_by.push(field.clone());
            }
        }
        for kind in &other.kinds {
            match self.kinds.iter_mut().find(|mine| mine.name == kind.name) {
                Some(mine) => {
                    mine.fields.extend(kind.fields.iter().cloned());
                    mine.fields.sort();
                    mine.fields.dedup();
                }
                None => self.kinds.push(kind.clone()),
            }
        }
        self.kinds.sort_by(|a, b| a.name.cmp(&b.name));
        self.endings.extend(other.endings.iter().cloned());
        self.endings.sort();
        self.endings.dedup();
    }
}

/// The name of a record's kind.
pub(super) fn kind_of(record: &Value, by: &[Path]) -> String {
    let mut named: Vec<String> = Vec::new();
    for field in by {
        if let Some(value) = field.first(record).filter(|value| is_word(value)) {
            let value = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            named.push(format!("{field}={value}"));
        }
    }
    if !named.is_empty() {
        return named.join(" ");
    }
    let mut keys: Vec<&str> = record
        .as_object()
        .map(|members| members.keys().map(String::as_str).take(12).collect())
        .unwrap_or_default();
    keys.sort_unstable();
    format!("{{{}}}", keys.join(","))
}

/// Whether a value could be the name of a kind.
fn is_word(value: &Value) -> bool {
    match value {
        Value::String(text) => {
            (1..=40).contains(&text.len()) && !text.contains(char::is_whitespace)
        }
        Value::Bool(_) => true,
        _ => false,
    }
}

/// The fields whose values tell kinds of records apart, at most two: few different words, each in
/// several records, and with them most records named.
fn telling_fields(records: &[Value]) -> Vec<Path> {
    const TELLING: &[&str] = &[
        "type", "kind", "role", "event", "ev", "@table", "record", "action", "method", "category",
        "op", "t",
    ];
    let mut words: BTreeMap<Path, BTreeMap<String, usize>> = BTreeMap::new();
    for record in records {
        let mut look = |path: Path, value: &Value| {
            if is_word(value) && !value.is_boolean() {
                let word = value.as_str().unwrap_or_default().to_owned();
                *words.entry(path).or_default().entry(word).or_default() += 1;
            }
        };
        for (key, value) in record.as_object().into_iter().flatten() {
            let path = Path::root().key(key);
            if let Some(members) = value.as_object().filter(|members| members.len() <= 24) {
                for (inner, value) in members {
                    look(path.key(inner), value);
                }
            }
            look(path, value);
        }
    }
    let mut telling: Vec<(bool, usize, Path)> = words
        .into_iter()
        .filter_map(|(path, words)| {
            let seen: usize = words.values().sum();
            let telling = path
                .last_key()
                .is_some_and(|key| TELLING.iter().any(|t| key.eq_ignore_ascii_case(t)));
            // Ids of calls and their results occur twice; kinds occur often.
            let often = if telling { 2 } else { 4 };
            let few = words.len() <= 24 && words.len() * often <= seen + 2 * often;
            // A field nobody names so must tell at least two kinds apart.
            let tells = telling || words.len() >= 2 && path.segments().len() == 1;
            let least = if telling { 3 } else { 2 };
            (few && tells && seen * least >= records.len()).then_some((telling, seen, path))
        })
        .collect();
    telling.sort_by(|a, b| {
        b.0.cmp(&a.0)
            .then(a.2.segments().len().cmp(&b.2.segments().len()))
            .then(b.1.cmp(&a.1))
            .then(a.2.cmp(&b.2))
    });
    let named = telling.iter().any(|(named, _, _)| *named);
    telling
        .into_iter()
        .filter(|(telling, _, _)| *telling || !named)
        .take(2)
        .map(|(_, _, path)| path)
        .collect()
}

/// The paths of the values of a record, lists and texts that are JSON entered.
pub(super) fn fields_of(value: &Value, at: &Path, depth: usize, fields: &mut BTreeSet<Path>) {
    /// An object with more members than this is a map whose keys are data.
    const MOST_MEMBERS: usize = 40;
    if !at.is_root() {
        fields.insert(at.clone());
    }
    if depth == 0 || at.segments().len() > 24 {
        return;
    }
    match value {
        Value::Object(members) if members.len() > MOST_MEMBERS => {
            if let Some(first) = members.values().next() {
                fields_of(first, &at.then(Segment::Each), depth - 1, fields);
            }
        }
        Value::Object(members) => {
            for (key, member) in members {
                fields_of(member, &at.key(key), depth - 1, fields);
            }
        }
        Value::Array(items) => {
            for item in items.iter().take(8) {
                fields_of(item, &at.then(Segment::Each), depth - 1, fields);
            }
        }
        Value::String(_) => {
            if let Some(inner) = decoded(value) {
                fields_of(&inner, &at.then(Segment::Json), depth - 1, fields);
            }
        }
        _ => {}
    }
}
