//! aider; its layout is described in `LAYOUT.md` beside this file.

mod edits;
mod history;
mod llm;
mod notes;
mod reader;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::io;
use std::ops::Range;

use crate::extractor::{
    Claim, Detection, ExtractError, Extraction, Extractor, Layout, Part, Rank, Site,
};
use crate::frame;
use crate::pile::{EntryId, Pile};
use reader::Reader;

/// Reads chat histories of aider.
pub(crate) struct Aider;

/// How a session begins.
const HEADER: &str = "# aider chat started at ";

impl Extractor for Aider {
    fn layout(&self) -> Layout {
        Layout {
            name: "aider",
            title: "aider chat histories (.aider.chat.history.md)",
            doc: include_str!("LAYOUT.md"),
            rank: Rank::Native,
        }
    }

    fn detect(&self, pile: &Pile, site: Site<'_>) -> io::Result<Option<Detection>> {
        let Site::File(probe) = site else {
            return Ok(None);
        };
        if !probe
            .head()
            .lines()
            .take(64)
            .any(|line| header_of(line).is_some())
        {
            return Ok(None);
        }
        let own = probe.entry().id;
        let mut files = vec![own];
        files.extend(beside(pile, own)?.into_iter().flatten());
        Ok(Some(Detection {
            score: 96,
            evidence: vec!["`# aider chat started at` with a time".to_owned()],
            files,
            ..Detection::default()
        }))
    }

    fn parts(&self, pile: &Pile, claim: &Claim) -> Result<Vec<Part>, ExtractError> {
        let sections = sections(pile, claim.detection.files[0])?;
        if sections.len() < 2 {
            return Ok(Vec::new());
        }
        let mut seen: HashMap<String, u32> = HashMap::new();
        let part = |(started, range): (String, Range<u64>)| {
            let count = seen.entry(started.clone()).or_default();
            *count += 1;
            Part {
                key: match count {
                    1 => started.replace(' ', "T"),
                    _ => format!("{}-{count}", started.replace(' ', "T")),
                },
                session: None,
                range: Some(range),
                ..Part::default()
            }
        };
        Ok(sections.into_iter().map(part).collect())
    }

    fn extract(&self, pile: &Pile, claim: &Claim) -> Result<Extraction, ExtractError> {
        let own = claim.detection.files[0];
        let path = &pile.entry(own).path;
        let failed = |source| ExtractError::io(path, source);
        let range = claim.part.as_ref().and_then(|part| part.range.clone());
        let range = match range {
            Some(range) => range,
            None => sections(pile, own)?
                .into_iter()
                .next()
                .map_or(0..u64::MAX, |(_, range)| range),
        };
        let [log, _] = beside(pile, own).map_err(failed)?;
        let mut reader = Reader::new(path);
        if let Some(log) = log {
            let exchanges = llm::exchanges(pile, log)?;
            reader.set_log(exchanges);
        }
        let mut lines = pile.lines_from(own, range.start).map_err(failed)?;
        while let Some(line) = lines.next_line().map_err(failed)? {
            if line.offset >= range.end {
                break;
            }
            reader.line(&line.text(), line.bytes, line.offset, line.ended);
        }
        Ok(reader.finish())
    }
}

/// The time in a session's first line.
fn header_of(line: &str) -> Option<&str> {
    let time = line.strip_prefix(HEADER)?.trim();
    (time.len() == 19 && time.starts_with(|c: char| c.is_ascii_digit())).then_some(time)
}

/// The sessions of a history in which anything was said, with the time they began. Without any,
/// the last one.
fn sections(pile: &Pile, id: EntryId) -> Result<Vec<(String, Range<u64>)>, ExtractError> {
    let mut all: Vec<(String, Range<u64>, bool)> = Vec::new();
    frame::rows(pile, id, |line| {
        let text = line.text();
        let end = line.offset + line.bytes.len() as u64 + u64::from(line.ended);
        if let Some(time) = header_of(&text) {
            all.push((time.to_owned(), line.offset..end, false));
        } else if let Some((_, range, spoken)) = all.last_mut() {
            range.end = end;
            *spoken |= !text.starts_with("> ");
        }
    })?;
    if all.iter().any(|(.., spoken)| *spoken) {
        all.retain(|(.., spoken)| *spoken);
    } else {
        all.drain(..all.len().saturating_sub(1));
    }
    Ok(all
        .into_iter()
        .map(|(time, range, _)| (time, range))
        .collect())
}

/// The log of what went to the model and the history of what was typed, if they stand beside.
fn beside(pile: &Pile, own: EntryId) -> io::Result<[Option<EntryId>; 2]> {
    let folder = pile.folder(pile.entry(own).folder());
    let mut found = [None, None];
    for id in folder.map_or(&[][..], |folder| &folder.files) {
        let entry = pile.entry(*id);
        if *id == own || !entry.name().contains("history") {
            continue;
        }
        let head = pile.head(*id, 200)?;
        let first = head.trim_start();
        if first.starts_with(llm::SENT) && first.contains("\n-------") {
            found[0] = found[0].or(Some(*id));
        } else if first.starts_with("# 2") && first.contains("\n+") {
            found[1] = found[1].or(Some(*id));
        }
    }
    Ok(found)
}
