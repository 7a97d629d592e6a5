//! Logs of Inspect; the layout is described in `LAYOUT.md` beside this file.

mod events;
mod outcome;
mod sample;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::io;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::extractor::{
    Claim, Detection, ExtractError, Extraction, Extractor, Layout, Part, Probe, Rank, Site,
};
use crate::frame::JsonDocument;
use crate::json;
use crate::pile::{Entry, EntryId, Folder, Pile};
use sample::Sample;

/// Reads one sample of an Inspect log.
pub(crate) struct Inspect;

/// How much of a log is looked at for what stands before its samples.
const HEADER_BYTES: usize = 256 * 1024;

impl Extractor for Inspect {
    fn layout(&self) -> Layout {
        Layout {
            name: "inspect",
            title: "Inspect logs (*.eval and *.json), one run a sample and epoch",
            doc: include_str!("LAYOUT.md"),
            rank: Rank::Native,
        }
    }

    fn detect(&self, pile: &Pile, site: Site<'_>) -> io::Result<Option<Detection>> {
        match site {
            Site::Folder(folder) => archive(pile, folder),
            Site::File(probe) => Ok(file(probe)),
        }
    }

    fn parts(&self, pile: &Pile, claim: &Claim) -> Result<Vec<Part>, ExtractError> {
        let files = &claim.detection.files;
        let samples = samples_among(pile, files);
        if !samples.is_empty() {
            if files.len() == 1 {
                return Ok(Vec::new());
            }
            let parts = samples.iter().map(|id| Part {
                key: key_of_file(pile.entry(*id)).to_owned(),
                session: None,
                range: None,
                ..Part::default()
            });
            return Ok(parts.collect());
        }
        rows_of(pile, files[0])
    }

    fn extract(&self, pile: &Pile, claim: &Claim) -> Result<Extraction, ExtractError> {
        let files = &claim.detection.files;
        let samples = samples_among(pile, files);
        let wanted = claim.part.as_ref();
        let own = samples
            .iter()
            .find(|id| wanted.is_none_or(|part| key_of_file(pile.entry(**id)) == part.key));
        let Some(own) = own else {
            let range = wanted.and_then(|part| part.range.clone());
            let header = header_of(pile, files[0]);
            return Sample::of_log(pile, files[0], range, &header);
        };
        let header = header_beside(pile, pile.entry(*own));
        let mut extraction = Sample::of_file(pile, *own, &header)?;
        extraction.trajectory.source.files = vec![pile.entry(*own).path.clone()];
        Ok(extraction)
    }
}

/// Claims an unpacked archive: a header or journal with a folder of samples beside it.
fn archive(pile: &Pile, folder: &Folder) -> io::Result<Option<Detection>> {
    if !folder.folders.iter().any(|name| name == "samples") {
        return Ok(None);
    }
    let below = |name: &str| match folder.path.as_str() {
        "" => name.to_owned(),
        path => format!("{path}/{name}"),
    };
    let header = ["header.json", "_journal/start.json"];
    let Some(header) = header.iter().find_map(|name| pile.find(&below(name))) else {
        return Ok(None);
    };
    let head = pile.head(header.id, HEADER_BYTES)?;
    if !json::parse_head(&head).is_some_and(|value| is_header(&value)) {
        return Ok(None);
    }
    let files: Vec<EntryId> = pile
        .below(&folder.path)
        .iter()
        .map(|entry| entry.id)
        .collect();
    let count = samples_among(pile, &files).len();
    Ok((count > 0).then(|| Detection {
        score: 97,
        evidence: vec![
            format!("{} with `eval.task` and `eval.model`", header.name()),
            format!("{count} files samples/<id>_epoch_<n>.json"),
        ],
        files,
        session: None,
    }))
}

/// Claims a log in one document, or a sample on its own.
fn file(probe: &Probe<'_>) -> Option<Detection> {
    let first = probe.first()?;
    let (score, evidence) = if is_header(first) && first.get("samples").is_some() {
        (96, "a log with `eval`, `plan` and `samples`")
    } else if is_sample(first) {
        (
            93,
            "a sample with `epoch`, `target`, `messages` and `events` or `scores`",
        )
    } else {
        return None;
    };
    Some(Detection {
        score,
        evidence: vec![evidence.to_owned()],
        ..Detection::default()
    })
}

fn is_header(value: &Value) -> bool {
    let about = |key: &str| value.pointer(&format!("/eval/{key}")).is_some();
    about("task") && about("model") && (about("created") || about("run_id"))
}

fn is_sample(value: &Value) -> bool {
    let has = |key: &str| value.get(key).is_some();
    let number = |key: &str| value.get(key).is_some_and(Value::is_number);
    number("epoch")
        && has("id")
        && has("input")
        && (has("target") || has("messages"))
        && (has("events") || has("scores") || has("store") || has("model_usage"))
}

/// The files of samples among `files`.
fn samples_among(pile: &Pile, files: &[EntryId]) -> Vec<EntryId> {
    let sample = |id: &&EntryId| {
        let entry = pile.entry(**id);
        let place = entry.folder();
        let stem = entry.name().strip_suffix(".json").unwrap_or_default();
        let numbered = stem.rsplit_once("_epoch_").is_some_and(|(_, epoch)| {
            !epoch.is_empty() && epoch.bytes().all(|byte| byte.is_ascii_digit())
        });
        numbered && (files.len() == 1 || place.ends_with("samples"))
    };
    files.iter().filter(sample).copied().collect()
}

fn key_of_file(entry: &Entry) -> &str {
    entry.name().strip_suffix(".json").unwrap_or(entry.name())
}

/// What stands before the samples of a log.
fn header_of(pile: &Pile, id: EntryId) -> Value {
    let head = pile.head(id, HEADER_BYTES).ok();
    head.and_then(|head| json::parse_head(&head))
        .unwrap_or_default()
}

/// The header of the archive a sample file stands in.
fn header_beside(pile: &Pile, sample: &Entry) -> Value {
    let folder = sample.folder();
    let above = folder.rsplit_once('/').map_or("", |(above, _)| above);
    let at = |name: &str| match above {
        "" => pile.find(name),
        above => pile.find(&format!("{above}/{name}")),
    };
    let header = at("header.json").or_else(|| at("_journal/start.json"));
    header
        .map(|entry| header_of(pile, entry.id))
        .unwrap_or_default()
}

/// A log as far as its samples can be told apart.
#[derive(Deserialize)]
struct Log<'a> {
    #[serde(borrow, default)]
    samples: Option<Vec<&'a RawValue>>,
}

/// What names a sample.
#[derive(Deserialize, Default)]
struct Name {
    #[serde(default)]
    id: Value,
    #[serde(default)]
    epoch: Value,
    #[serde(default)]
    uuid: Option<String>,
}

/// The samples of a log in one document.
fn rows_of(pile: &Pile, id: EntryId) -> Result<Vec<Part>, ExtractError> {
    let file = JsonDocument::open(pile, id)?;
    let parsed = file.parse::<Log<'_>>()?;
    let mut seen: HashMap<String, u32> = HashMap::new();
    let parts = parsed
        .value
        .samples
        .unwrap_or_default()
        .into_iter()
        .filter_map(|raw| {
            let name: Name = serde_json::from_str(raw.get()).unwrap_or_default();
            let id = name
                .id
                .as_str()
                .map_or_else(|| name.id.to_string(), str::to_owned);
            let mut key = format!("{id}_epoch_{}", name.epoch);
            let times = seen.entry(key.clone()).or_default();
            *times += 1;
            if *times > 1 {
                key = format!("{key}~{times}");
            }
            let start = raw
                .get()
                .as_ptr()
                .addr()
                .checked_sub(parsed.base.as_ptr().addr())? as u64;
            Some(Part {
                key,
                session: name.uuid,
                range: Some(start..start + raw.get().len() as u64),
                ..Part::default()
            })
        });
    Ok(parts.collect())
}
