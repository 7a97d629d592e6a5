//! Records in JSON documents and JSON Lines.

use super::{Place, Take, record};
use crate::extractor::{Coverage, ExtractError, Part};
use crate::frame::{Account, JsonDocument};
use crate::json::str_of;
use crate::learned::map::Container;
use crate::learned::path::Path;
use crate::learned::raw::texts_at;
use crate::lines::Line;
use crate::pile::{EntryId, Pile};

/// Where a run usually says its own name.
const NAMES: &[&str] = &[
    "instance_id",
    "run_id",
    "session_id",
    "sessionId",
    "conversation_id",
    "trace_id",
    "traceId",
    "task_id",
    "id",
    "name",
];

/// The records at `at` of each document, or of the part of it that is the run.
pub(super) fn documents(
    pile: &Pile,
    files: &[EntryId],
    at: &Path,
    part: Option<&Part>,
    take: &mut Take<'_>,
) -> Result<Account, ExtractError> {
    let mut account = Account::default();
    let mut index = 0;
    for id in files {
        let file = JsonDocument::open(pile, *id)?;
        let range = part.and_then(|part| part.range.clone());
        let parsed = file.parse_with(|text| texts_at(within(text, range.as_ref()), at))?;
        account.warnings.extend(parsed.warnings);
        let size = range.map_or(file.document().size(), |range| range.end - range.start);
        let mut inside = 0;
        for text in parsed.value {
            inside += text.len() as u64;
            let place = Place::Document(file.document(), parsed.base, text);
            give(index, text, place, &mut account.coverage, take);
            index += 1;
        }
        // What stands around the records is not read.
        account.coverage.bytes.total += size.saturating_sub(inside);
    }
    Ok(account)
}

fn within<'t>(text: &'t str, range: Option<&std::ops::Range<u64>>) -> &'t str {
    let bounds = range.and_then(|range| {
        let start = usize::try_from(range.start).ok()?;
        text.get(start..usize::try_from(range.end).ok()?)
    });
    bounds.unwrap_or(text)
}

/// Gives a record to `take`, which counts it; a text that is no value is counted here.
fn give(index: u64, text: &str, place: Place<'_>, coverage: &mut Coverage, take: &mut Take<'_>) {
    match record(index, text, place) {
        Some(record) => take(&record),
        None => coverage.count(text.len(), false),
    }
}

/// The records at `at` of each line.
pub(super) fn lines(
    pile: &Pile,
    files: &[EntryId],
    at: &Path,
    part: Option<&Part>,
    take: &mut Take<'_>,
) -> Result<Account, ExtractError> {
    let mut index = 0;
    let range = part.and_then(|part| part.range.as_ref());
    crate::frame::counted_lines(pile, files, range, |text, line| {
        let texts = texts_at(text, at).ok()?;
        let mut coverage = Coverage::default();
        if texts.is_empty() {
            coverage.count(line.bytes.len(), false);
            return Some(coverage);
        }
        let mut inside = 0;
        for text in texts {
            inside += text.len();
            let place = Place::Line(line, text.as_bytes());
            give(index, text, place, &mut coverage, take);
            index += 1;
        }
        // What stands around the records is not read.
        coverage.bytes.total += line.bytes.len().saturating_sub(inside) as u64;
        Some(coverage)
    })
}

/// The elements at `at` of a document, or the lines of JSON Lines, as runs of their own.
pub(super) fn elements(
    pile: &Pile,
    files: &[EntryId],
    container: Container,
    at: &Path,
) -> Result<Vec<Part>, ExtractError> {
    let mut parts: Vec<Part> = Vec::new();
    let Some(id) = files.first() else {
        return Ok(parts);
    };
    if container == Container::Lines {
        crate::frame::rows(pile, *id, |line: &Line<'_>| {
            let text = line.text();
            let range = line.offset..line.offset + line.bytes.len() as u64;
            parts.push(part_of(parts.len(), &text, range));
        })?;
    } else {
        let file = JsonDocument::open(pile, *id)?;
        let parsed = file.parse_with(|text| texts_at(text, at))?;
        for text in parsed.value {
            let start = offset_of(text, parsed.base);
            parts.push(part_of(parts.len(), text, start..start + text.len() as u64));
        }
    }
    number_repeated(&mut parts);
    Ok(parts)
}

fn offset_of(slice: &str, base: &str) -> u64 {
    (slice.as_ptr().addr() - base.as_ptr().addr()) as u64
}

fn part_of(index: usize, text: &str, range: std::ops::Range<u64>) -> Part {
    let outline = crate::json::outline(text).unwrap_or_default();
    let name = str_of(&outline, NAMES).filter(|name| !name.is_empty());
    Part {
        key: name.map_or_else(|| (index + 1).to_string(), str::to_owned),
        session: None,
        range: Some(range),
        ..Part::default()
    }
}

/// Names that occur twice get their number, so that every key is unique.
fn number_repeated(parts: &mut [Part]) {
    let mut seen = std::collections::BTreeSet::new();
    for (at, part) in parts.iter_mut().enumerate() {
        if !seen.insert(part.key.clone()) {
            part.key = format!("{}.{}", part.key, at + 1);
            seen.insert(part.key.clone());
        }
    }
}
