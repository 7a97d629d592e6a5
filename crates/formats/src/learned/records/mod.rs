//! The records of an artifact, one by one, wherever its layout keeps them.

mod database;
mod json;
mod label;
mod plain;
mod text;

use serde_json::Value;
use trace::{Ref, RefPart};

pub(super) use database::{TABLE, sample};
pub(super) use label::{Meaning, meaning};
pub(super) use text::{read as read_text, split as split_text};

use super::canonical::canonical;
use super::event::Origin;
use super::map::{Container, Records, Runs};
use crate::database::Database;
use crate::document::Document;
use crate::extractor::{Coverage, ExtractError, Part};
use crate::frame::Account;
use crate::lines::Line;
use crate::pile::{EntryId, Pile};

/// One record of an artifact.
pub(super) struct Record<'r> {
    /// Its number within the run, counted from 0.
    pub(super) index: u64,
    /// What it says, telemetry habits undone.
    pub(super) value: Value,
    /// Its length in the artifact.
    pub(super) bytes: usize,
    place: Place<'r>,
}

/// Where a record stands, to be cited.
enum Place<'r> {
    /// A slice of a document (or of its copy closed where it was cut).
    Document(&'r Document, &'r str, &'r str),
    /// A line, or a slice of it.
    Line(&'r Line<'r>, &'r [u8]),
    /// A row of a database: the database, table, number and longest text.
    Row(&'r Database, &'r str, i64, &'r str),
    /// Cited before it was moved.
    Kept(Box<Origin>),
}

impl Record<'_> {
    fn cite(&self, part: RefPart) -> Option<Ref> {
        match &self.place {
            Place::Document(document, base, slice) => document.cite_in(base, part, slice),
            Place::Line(line, slice) => line.cite_slice(part, slice),
            Place::Row(database, table, number, text) => {
                let cited = database.cite(part, table, *number, text);
                cited.into_iter().next()
            }
            Place::Kept(origin) => match part {
                RefPart::Action => origin.action.clone(),
                RefPart::Observation => origin.observation.clone(),
            },
        }
    }

    /// Where the record stands. Hashes it, so ask only for records that are cited.
    pub(super) fn origin(&self) -> Origin {
        Origin {
            record: self.index,
            action: self.cite(RefPart::Action),
            observation: self.cite(RefPart::Observation),
        }
    }

    fn kept(&self) -> Record<'static> {
        Record {
            place: Place::Kept(Box::new(self.origin())),
            index: self.index,
            bytes: self.bytes,
            value: self.value.clone(),
        }
    }
}

/// What takes the records.
pub(super) type Take<'t> = dyn FnMut(&Record<'_>) + 't;

/// Gives the records of the run `part` of `files` to `take`, in the order the map wants, and counts
/// them: `take` says whether it knew the record's kind.
///
/// # Errors
/// When a file cannot be read or is not what `records` promises.
pub(super) fn each(
    pile: &Pile,
    files: &[EntryId],
    records: &Records,
    part: Option<&Part>,
    take: &mut dyn FnMut(&Record<'_>) -> bool,
) -> Result<Account, ExtractError> {
    let mut counted = Coverage::default();
    let mut account = walk(pile, files, records, part, &mut |record| {
        let known = take(record);
        counted.count(record.bytes, known);
    })?;
    account.coverage.add(counted);
    Ok(account)
}

/// Like [`each`], for those who count the records themselves: the account has only what stands
/// around them.
///
/// # Errors
/// As [`each`].
pub(super) fn walk(
    pile: &Pile,
    files: &[EntryId],
    records: &Records,
    part: Option<&Part>,
    take: &mut Take<'_>,
) -> Result<Account, ExtractError> {
    let files = &in_order(pile, files);
    let mut ours = |record: &Record<'_>| match (&records.runs, part) {
        (Runs::By(field), Some(part)) => {
            let run = field.first(&record.value);
            // Records of no run, such as a header, belong to each.
            if run.is_none_or(|run| run_name(&run) == part.key) {
                take(record);
            }
        }
        _ => take(record),
    };
    let Some(order) = &records.order else {
        return read(pile, files, records, part, &mut ours);
    };
    let mut kept: Vec<(Rank, Record<'static>)> = Vec::new();
    let account = read(pile, files, records, part, &mut |record| {
        let rank = Rank::of(order.first(&record.value).as_deref());
        kept.push((rank, record.kept()));
    })?;
    kept.sort_by(|a, b| a.0.total_cmp(b.0));
    for (_, record) in &kept {
        ours(record);
    }
    Ok(account)
}

/// The runs in `files`, in the order they begin; empty when the files are one run.
///
/// # Errors
/// When a file cannot be read.
pub(super) fn runs(
    pile: &Pile,
    files: &[EntryId],
    records: &Records,
) -> Result<Vec<Part>, ExtractError> {
    match &records.runs {
        Runs::One => Ok(Vec::new()),
        Runs::Each(at) => json::elements(pile, files, records.container, at),
        Runs::By(field) => {
            let mut names: Vec<String> = Vec::new();
            let mut seen = std::collections::BTreeSet::new();
            read(pile, files, records, None, &mut |record| {
                if let Some(run) = field.first(&record.value) {
                    let name = run_name(&run);
                    if seen.insert(name.clone()) {
                        names.push(name);
                    }
                }
            })?;
            let part = |key: String| Part {
                session: Some(key.clone()),
                key,
                range: None,
                ..Part::default()
            };
            Ok(names.into_iter().map(part).collect())
        }
    }
}

fn read(
    pile: &Pile,
    files: &[EntryId],
    records: &Records,
    part: Option<&Part>,
    take: &mut Take<'_>,
) -> Result<Account, ExtractError> {
    match records.container {
        Container::Lines => json::lines(pile, files, &records.at, part, take),
        Container::Document | Container::Files => {
            json::documents(pile, files, &records.at, part, take)
        }
        Container::Database => database::rows(pile, files, &records.at, take),
        Container::Text => plain::lines(pile, files, take),
        Container::Markdown | Container::Log => {
            let markdown = records.container == Container::Markdown;
            text::sections(pile, files, markdown, take)
        }
    }
}

/// Files in the order of the numbers in their names, then of their names.
pub(super) fn in_order(pile: &Pile, files: &[EntryId]) -> Vec<EntryId> {
    let mut files = files.to_vec();
    files.sort_by_cached_key(|id| naturally(&pile.entry(*id).path));
    files
}

/// A path in pieces that compare as people expect: digits as numbers, the rest as text.
fn naturally(path: &str) -> Vec<(String, u64)> {
    let mut pieces = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        let words = rest
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(rest.len());
        let (text, after) = rest.split_at(words);
        let digits = after.find(|c: char| !c.is_ascii_digit());
        let (number, after) = after.split_at(digits.unwrap_or(after.len()));
        pieces.push((text.to_owned(), number.parse().unwrap_or(u64::MAX)));
        rest = after;
    }
    pieces
}

/// The name of a run by the value that tells it from others.
fn run_name(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// A record from the text it stands in.
fn record<'r>(index: u64, text: &str, place: Place<'r>) -> Option<Record<'r>> {
    let value: Value = serde_json::from_str(text).ok()?;
    Some(Record {
        index,
        value: canonical(value),
        bytes: text.len(),
        place,
    })
}

/// What records are ordered by.
#[derive(Clone, Copy)]
struct Rank(f64);

impl Rank {
    /// Numbers by size, texts that are times by time, everything else last.
    fn of(value: Option<&Value>) -> Self {
        let number = value.and_then(|value| {
            let number = value.as_f64();
            let digits = || value.as_str()?.trim().parse::<f64>().ok();
            let time = || {
                let time = crate::time::of(value)?;
                #[expect(clippy::cast_precision_loss, reason = "an order needs no more")]
                let micros = time.as_microsecond() as f64;
                Some(micros)
            };
            number.or_else(digits).or_else(time)
        });
        Self(number.unwrap_or(f64::INFINITY))
    }

    fn total_cmp(self, other: Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}
