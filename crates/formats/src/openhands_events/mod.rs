//! `OpenHands` session events; the layout is described in `LAYOUT.md` beside this file.

mod event;
mod steps;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::io;

use rayon::prelude::*;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::extractor::{
    Claim, Coverage, Detection, ExtractError, Extraction, Extractor, Layout, Probe, Rank, Site,
};
use crate::json;
use crate::pile::{Entry, EntryId, Folder, Pile};

pub(crate) use event::{Event, What, parse as parse_event, tool_action, usage_of};
pub(crate) use steps::build;

/// Reads the event files of one `OpenHands` session.
pub(crate) struct OpenHandsEvents;

impl Extractor for OpenHandsEvents {
    fn layout(&self) -> Layout {
        Layout {
            name: "openhands-events",
            title: "OpenHands session events (sessions/**/events/N.json)",
            doc: include_str!("LAYOUT.md"),
            rank: Rank::Native,
        }
    }

    fn detect(&self, pile: &Pile, site: Site<'_>) -> io::Result<Option<Detection>> {
        let Site::Folder(site) = site else {
            return Ok(None);
        };
        // The session folder is the run where there is one; a bare folder of events will do.
        let within = site.folders.iter().any(|name| name == "events");
        let events = if within {
            let path = child(&site.path, "events");
            pile.folder(&path)
        } else {
            Some(site)
        };
        let Some(events) = events else {
            return Ok(None);
        };
        let mut files = numbered(pile, events);
        if !looks_like_events(pile, &files)? {
            return Ok(None);
        }
        let mut evidence = vec![format!("{} numbered event files", files.len())];
        let session = if within {
            site.path.as_str()
        } else {
            site.path.rsplit_once('/').map_or("", |(s, _)| s)
        };
        if let Some(cache) = pile.folder(&child(session, "event_cache")) {
            files.extend(
                cache
                    .files
                    .iter()
                    .filter(|id| page(pile.entry(**id)).is_some()),
            );
            evidence.push("an event_cache beside them".to_owned());
        }
        // A name is an id only where the event store made it; others may repeat from run to run.
        let id = session.rsplit_once('/').and_then(|(above, name)| {
            (above == "sessions" || above.ends_with("/sessions")).then_some(name)
        });
        Ok(Some(Detection {
            score: if within { 96 } else { 92 },
            evidence,
            files,
            session: id.map(str::to_owned),
        }))
    }

    fn extract(&self, pile: &Pile, claim: &Claim) -> Result<Extraction, ExtractError> {
        let gathered = gather(pile, &claim.detection.files);
        let mut extraction = steps::build(&gathered.events);
        extraction.coverage.add(gathered.broken);
        let trajectory = &mut extraction.trajectory;
        trajectory.session.clone_from(&claim.detection.session);
        extraction.warnings.splice(0..0, gathered.warnings);
        Ok(extraction)
    }
}

fn child(folder: &str, name: &str) -> String {
    if folder.is_empty() {
        name.to_owned()
    } else {
        format!("{folder}/{name}")
    }
}

/// The files of `folder` that are named by a number, in the order of these.
fn numbered(pile: &Pile, folder: &Folder) -> Vec<EntryId> {
    let mut files: Vec<(i64, EntryId)> = folder
        .files
        .iter()
        .filter_map(|id| Some((number(pile.entry(*id))?, *id)))
        .collect();
    files.sort_unstable();
    files.into_iter().map(|(_, id)| id).collect()
}

/// The `N` of `N.json`.
fn number(entry: &Entry) -> Option<i64> {
    let digits = entry.name().strip_suffix(".json")?;
    let plain = digits.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| digits.parse().ok()).flatten()
}

/// The `A` and `B` of `A-B.json`.
fn page(entry: &Entry) -> Option<(i64, i64)> {
    let (first, end) = entry.name().strip_suffix(".json")?.split_once('-')?;
    Some((first.parse().ok()?, end.parse().ok()?))
}

/// Looks into a few files, for the first ones may be broken.
fn looks_like_events(pile: &Pile, files: &[EntryId]) -> io::Result<bool> {
    const LOOKED_AT: usize = 8;
    for id in files.iter().take(LOOKED_AT) {
        let head = pile.head(*id, Probe::HEAD_BYTES)?;
        let Some(value) = json::parse_head(&head) else {
            continue;
        };
        let has = |key: &str| value.get(key).is_some_and(Value::is_string);
        if value.get("id").is_some_and(Value::is_number)
            && has("timestamp")
            && has("source")
            && (has("action") || has("observation"))
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// All events of a session, each once, by number.
struct Gathered {
    events: Vec<Event>,
    /// Records that could not be read.
    broken: Coverage,
    warnings: Vec<String>,
}

fn gather(pile: &Pile, files: &[EntryId]) -> Gathered {
    let (single, pages): (Vec<EntryId>, Vec<EntryId>) = files
        .iter()
        .partition(|id| page(pile.entry(**id)).is_none());
    let mut events: BTreeMap<i64, Event> = BTreeMap::new();
    let mut broken = Coverage::default();
    let mut warnings = Vec::new();
    let mut take = |read: Vec<Read>, events: &mut BTreeMap<i64, Event>| {
        for file in read {
            warnings.extend(file.warnings);
            broken.add(file.broken);
            for event in file.events {
                events.entry(event.id).or_insert(event);
            }
        }
    };
    take(
        single.par_iter().map(|id| read_file(pile, *id)).collect(),
        &mut events,
    );
    // A page is needed only for events that have no file of their own.
    let needed = |id: &&EntryId| {
        page(pile.entry(**id)).is_some_and(|(first, end)| {
            first < end && {
                let there = events.range(first..end).count();
                u64::try_from(there).ok() != Some(end.abs_diff(first))
            }
        })
    };
    let needed: Vec<&EntryId> = pages.iter().filter(needed).collect();
    let mut read: Vec<Read> = needed.par_iter().map(|id| read_file(pile, **id)).collect();
    for file in &mut read {
        file.events.retain(|event| !events.contains_key(&event.id));
    }
    take(read, &mut events);
    Gathered {
        events: events.into_values().collect(),
        broken,
        warnings,
    }
}

/// What one file gave.
#[derive(Default)]
struct Read {
    events: Vec<Event>,
    broken: Coverage,
    warnings: Vec<String>,
}

fn read_file(pile: &Pile, id: EntryId) -> Read {
    let entry = pile.entry(id);
    let mut read = Read::default();
    let document = match pile.read(id) {
        Ok(document) => document,
        Err(error) => {
            read.warnings.push(format!("{}: {error}", entry.path));
            return read;
        }
    };
    read.warnings.extend(document.encoding_warning());
    let text = document.text();
    let cite = |part, slice: &str| document.cite(part, slice);
    let mut refuse = |raw: &str, why: &str| {
        read.broken.count(raw.len(), false);
        read.warnings.push(format!(
            "{}: no whole event ({why}); passed over",
            entry.path
        ));
    };
    if text.trim_start().starts_with('[') {
        match serde_json::from_str::<Vec<&RawValue>>(text) {
            Ok(raws) => {
                for raw in raws {
                    // A gap in the numbers is a null in a page.
                    if raw.get() == "null" {
                        continue;
                    }
                    match event::parse(&cite, raw.get(), None) {
                        Ok(event) => read.events.push(event),
                        Err(why) => refuse(raw.get(), &why),
                    }
                }
            }
            Err(error) => refuse(text, &error.to_string()),
        }
    } else {
        match event::parse(&cite, text, number(entry)) {
            Ok(event) => read.events.push(event),
            Err(why) => refuse(text, &why),
        }
    }
    read
}
