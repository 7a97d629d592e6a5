//! The two frames most artifacts come in: one JSON document, and JSON Lines.
//!
//! A frame opens the file, survives its damage and keeps the account of it; the layout sees only
//! whole values.

use std::cell::OnceCell;
use std::ops::Range;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use trace::{Ref, RefPart};

use crate::document::{Document, cite_bytes};
use crate::extractor::{Claim, Coverage, ExtractError};
use crate::json::close_truncated;
use crate::lines::{Line, Lines};
use crate::pile::{EntryId, Pile};

/// One JSON document in memory, whole or cut.
pub(crate) struct JsonDocument {
    document: Document,
    /// The copy that was closed where the document was cut.
    closed: OnceCell<String>,
}

/// What a document says.
pub(crate) struct Parsed<'d, T> {
    /// The value.
    pub(crate) value: T,
    /// The text it was parsed from; slices of it are cited with [`Document::cite_in`].
    pub(crate) base: &'d str,
    /// What was odd about the file.
    pub(crate) warnings: Vec<String>,
}

impl JsonDocument {
    /// Reads the file.
    pub(crate) fn open(pile: &Pile, id: EntryId) -> Result<Self, ExtractError> {
        let document = pile
            .read(id)
            .map_err(|source| ExtractError::io(&pile.entry(id).path, source))?;
        Ok(Self {
            document,
            closed: OnceCell::new(),
        })
    }

    /// The file, to cite from.
    pub(crate) fn document(&self) -> &Document {
        &self.document
    }

    /// Parses the document as a `T`; of a half-written one, the whole values before the cut.
    pub(crate) fn parse<'d, T: Deserialize<'d>>(&'d self) -> Result<Parsed<'d, T>, ExtractError> {
        self.parse_with(|text| serde_json::from_str(text))
    }

    /// Like [`Self::parse`] with a parser of the layout's own.
    pub(crate) fn parse_with<'d, T>(
        &'d self,
        parse: impl Fn(&'d str) -> Result<T, serde_json::Error>,
    ) -> Result<Parsed<'d, T>, ExtractError> {
        let text = self.document.text();
        let mut warnings: Vec<String> = self.document.encoding_warning().into_iter().collect();
        let error = match parse(text) {
            Ok(value) => {
                return Ok(Parsed {
                    value,
                    base: text,
                    warnings,
                });
            }
            Err(error) => error,
        };
        let failed = || ExtractError::json(self.document.path(), text, &error);
        let closed = close_truncated(text).ok_or_else(failed)?;
        let base = self.closed.get_or_init(|| closed).as_str();
        let value = parse(base).map_err(|_| failed())?;
        warnings.push(format!(
            "{}: cut off ({error}); the whole values before are read",
            self.document.path()
        ));
        Ok(Parsed {
            value,
            base,
            warnings,
        })
    }
}

/// What became of the lines of a file.
#[derive(Debug, Default)]
pub(crate) struct Account {
    /// How much was understood.
    pub(crate) coverage: Coverage,
    /// What was odd, naming file and line.
    pub(crate) warnings: Vec<String>,
    /// Lines that are no JSON at all, such as what a program logs between its records.
    pub(crate) noise: u64,
}

/// Gives every JSON line of the claimed files, in order, to `record`, which says whether it knew
/// its kind. Of a claimed part with a byte range only the lines in that range are read.
///
/// # Errors
/// Only for files that cannot be read: a line that cannot be parsed is counted and named.
pub(crate) fn lines(
    pile: &Pile,
    claim: &Claim,
    mut record: impl FnMut(&Value, &Line<'_>) -> bool,
) -> Result<Account, ExtractError> {
    let range = claim.part.as_ref().and_then(|part| part.range.as_ref());
    json_lines(pile, &claim.detection.files, range, |text, line| {
        let value = serde_json::from_str::<Value>(text).ok()?;
        Some(record(&value, line))
    })
}

/// Like [`lines`] for layouts that parse a line themselves: `record` gives `None` for one that is no
/// JSON. Its text stands in the line's bytes unless these were not UTF-8.
///
/// # Errors
/// As [`lines`].
pub(crate) fn json_lines(
    pile: &Pile,
    files: &[EntryId],
    range: Option<&Range<u64>>,
    mut record: impl FnMut(&str, &Line<'_>) -> Option<bool>,
) -> Result<Account, ExtractError> {
    counted_lines(pile, files, range, |text, line| {
        let mut coverage = Coverage::default();
        coverage.count(line.bytes.len(), record(text, line)?);
        Some(coverage)
    })
}

/// Like [`json_lines`] for layouts whose lines hold several records: `record` says itself what of
/// the line is counted.
///
/// # Errors
/// As [`lines`].
pub(crate) fn counted_lines(
    pile: &Pile,
    files: &[EntryId],
    range: Option<&Range<u64>>,
    mut record: impl FnMut(&str, &Line<'_>) -> Option<Coverage>,
) -> Result<Account, ExtractError> {
    let mut account = Account::default();
    for id in files {
        let path = &pile.entry(*id).path;
        let failed = |source| ExtractError::io(path, source);
        let (start, end) = range.map_or((0, u64::MAX), |r| (r.start, r.end));
        let mut lines = pile.lines_from(*id, start).map_err(failed)?;
        while let Some(line) = lines.next_line().map_err(failed)? {
            if line.offset >= end {
                break;
            }
            account.line(&line, &mut record);
        }
    }
    if account.noise > 0 {
        let noise = account.noise;
        account
            .warnings
            .push(format!("{noise} lines between the records are no JSON"));
    }
    Ok(account)
}

impl Account {
    fn line(
        &mut self,
        line: &Line<'_>,
        record: &mut impl FnMut(&str, &Line<'_>) -> Option<Coverage>,
    ) {
        if line.bytes.iter().all(u8::is_ascii_whitespace) {
            return;
        }
        let text = line.text();
        if let Some(counted) = record(&text, line) {
            self.coverage.add(counted);
            return;
        }
        let record = text.trim_start().starts_with('{');
        if let Some(note) = line.unfinished().filter(|_| record) {
            self.warnings.push(note);
            return;
        }
        self.coverage.count(line.bytes.len(), false);
        if !record {
            self.noise += 1;
            return;
        }
        self.warnings
            .push(format!("{}: line {} is no JSON", line.path, line.number));
    }
}

/// Shows every line of a file that is not blank, for layouts that keep one run a line.
///
/// # Errors
/// When the file cannot be read.
pub(crate) fn rows(
    pile: &Pile,
    id: EntryId,
    mut row: impl FnMut(&Line<'_>),
) -> Result<(), ExtractError> {
    let failed = |source| ExtractError::io(&pile.entry(id).path, source);
    let mut lines: Lines<_> = pile.lines(id).map_err(failed)?;
    while let Some(line) = lines.next_line().map_err(failed)? {
        if !line.bytes.iter().all(u8::is_ascii_whitespace) {
            row(&line);
        }
    }
    Ok(())
}

/// Members of an object, by key, each as the text it stands in.
pub(crate) type Others<'t> = Vec<(String, &'t str)>;

/// The members of the list a document is, or that it holds under the first of `keys` that has one,
/// each as the text it stands in; what else the document holds comes as its other members.
///
/// # Errors
/// When the text is no JSON, or neither a list nor an object.
pub(crate) fn list_in<'t>(
    text: &'t str,
    keys: &[&str],
) -> Result<(Vec<&'t str>, Others<'t>), serde_json::Error> {
    use std::collections::BTreeMap;
    let plain = |list: Vec<&'t RawValue>| list.into_iter().map(RawValue::get).collect();
    if text.trim_start().starts_with('[') {
        return Ok((plain(serde_json::from_str(text)?), Vec::new()));
    }
    let members: BTreeMap<String, &'t RawValue> = serde_json::from_str(text)?;
    let found = keys.iter().find_map(|key| {
        let list = serde_json::from_str::<Vec<&'t RawValue>>(members.get(*key)?.get());
        Some((*key, list.ok()?))
    });
    let (used, list) = found.map_or((None, Vec::new()), |(key, list)| (Some(key), plain(list)));
    let others = members
        .into_iter()
        .filter(|(key, _)| Some(key.as_str()) != used)
        .map(|(key, raw)| (key, raw.get()));
    Ok((list, others.collect()))
}

/// Cites a slice of the text a value was given in.
pub(crate) type Cite<'c> = dyn Fn(RefPart, &str) -> Option<Ref> + 'c;

/// A JSON value of a file.
pub(crate) struct Whole<'w> {
    /// The text it stands in.
    pub(crate) text: &'w str,
    /// The line it is, if the file is JSON Lines.
    pub(crate) line: Option<Range<u64>>,
    /// Cites slices of the text.
    pub(crate) cite: &'w Cite<'w>,
}

/// Gives each JSON value of a file to `each`: those of JSON Lines, or the one of a document. With a
/// range of lines only these are read. What was odd is returned, naming file and line.
///
/// # Errors
/// When the file cannot be read or does not begin with JSON.
pub(crate) fn json_values(
    pile: &Pile,
    id: EntryId,
    range: Option<&Range<u64>>,
    mut each: impl FnMut(&Whole<'_>),
) -> Result<Vec<String>, ExtractError> {
    let failed = |source| ExtractError::io(&pile.entry(id).path, source);
    let (start, end) = range.map_or((0, u64::MAX), |range| (range.start, range.end));
    let mut warnings = Vec::new();
    let mut lines = pile.lines_from(id, start).map_err(failed)?;
    let mut found = false;
    while let Some(line) = lines.next_line().map_err(failed)? {
        if line.offset >= end {
            break;
        }
        let text = line.text();
        if text.trim().is_empty() {
            continue;
        }
        if serde_json::from_str::<&RawValue>(&text).is_err() {
            if found {
                let Line { path, number, .. } = line;
                warnings.push(format!("{path}: line {number} is no JSON"));
                continue;
            }
            // A document over several lines, or one that was cut.
            drop(lines);
            let file = JsonDocument::open(pile, id)?;
            let parsed = file.parse::<&RawValue>()?;
            each(&Whole {
                text: parsed.value.get(),
                line: None,
                cite: &|part, slice: &str| file.document().cite_in(parsed.base, part, slice),
            });
            return Ok(parsed.warnings);
        }
        found = true;
        let skipped = line.bytes.len() - text.len();
        each(&Whole {
            text: &text,
            line: Some(line.offset..line.offset + line.bytes.len() as u64),
            cite: &|part, slice: &str| {
                let start = slice.as_ptr().addr().checked_sub(text.as_ptr().addr())? + skipped;
                let bytes = line.bytes.get(start..start + slice.len())?;
                let at = line.offset + start as u64;
                Some(cite_bytes(part, line.path, at, bytes))
            },
        });
    }
    Ok(warnings)
}

/// The bytes from the first line to the last of what stands in several; `None` once any part of it
/// stands in no line.
pub(crate) fn span_of_lines(
    known: Option<Range<u64>>,
    more: Option<Range<u64>>,
) -> Option<Range<u64>> {
    let (known, more) = (known?, more?);
    Some(known.start.min(more.start)..known.end.max(more.end))
}

/// The bytes of a range of a file, as text that keeps their offsets.
///
/// # Errors
/// When the file cannot be read.
pub(crate) fn text_at(
    pile: &Pile,
    id: EntryId,
    range: &Range<u64>,
) -> Result<String, ExtractError> {
    let failed = |source| ExtractError::io(&pile.entry(id).path, source);
    let length = usize::try_from(range.end.saturating_sub(range.start)).unwrap_or(usize::MAX);
    let mut text = String::new();
    let mut lines = pile.lines_from(id, range.start).map_err(failed)?;
    while text.len() < length
        && let Some(line) = lines.next_line().map_err(failed)?
    {
        // Line ends are no part of a line; they are made up for by spaces.
        let at = usize::try_from(line.offset - range.start).unwrap_or(usize::MAX);
        while text.len() < at.min(length) {
            text.push(' ');
        }
        text.push_str(&line.text());
    }
    text.truncate(text.floor_char_boundary(length));
    Ok(text)
}
