//! Small, redacted pieces of artifacts that a package keeps to show what it must go on reading.

use std::collections::BTreeMap;

use serde_json::Value;

use super::map::{Container, Records};
use super::package::{Limits, MOST_SAMPLE_BYTES, Program, Sample, SampleFile};
use super::path::{Path, Segment};
use super::program::edition;
use super::records;
use super::shape::{Shape, kind_of};
use crate::frame::JsonDocument;
use crate::pile::{EntryId, Pile};
use redact::Redactor;

/// How many records a sample begins with, and how many of each further kind it adds.
const FIRST: usize = 32;
const OF_EACH_KIND: usize = 2;

/// How long a text may be, in characters, and a list within a record.
const LONGEST_TEXT: usize = 240;
const LONGEST_LIST: usize = 48;

/// How long a sample of a text may be, in bytes.
const TEXT_BYTES: usize = 16 << 10;

/// Makes a sample of an artifact; `None` when nothing small enough gives a step.
pub(super) fn sample_of(
    program: &Program,
    limits: Limits,
    pile: &Pile,
    files: &[EntryId],
    name: &str,
) -> Option<Sample> {
    let place = match program {
        Program::Maps(maps) => &edition(maps, pile, files)?.records,
        Program::Script(script) => &script.records,
    };
    let mut first = FIRST;
    while first >= 2 {
        let mut redactor = Redactor::default();
        let files = match place.container {
            Container::Lines => of_lines(pile, files, place, first, &mut redactor),
            Container::Document => of_document(pile, files, place, first, &mut redactor),
            Container::Files => of_files(pile, files, first, &mut redactor),
            Container::Database => of_rows(pile, files, place, first, &mut redactor),
            Container::Markdown | Container::Log | Container::Text => {
                of_text(pile, files, &mut redactor)
            }
        }?;
        let mut sample = Sample {
            name: name.to_owned(),
            files,
            records_only: place.container == Container::Database,
            blake3: String::new(),
            steps: Vec::new(),
        };
        let bytes: usize = sample.files.iter().map(|file| file.text.len()).sum();
        if bytes > MOST_SAMPLE_BYTES / 2 {
            first /= 2;
            continue;
        }
        sample.blake3 = sample.hash();
        sample.steps = program.steps_of(limits, &sample).ok()?;
        return (!sample.steps.is_empty()).then_some(sample);
    }
    None
}

/// Which of `values` are kept: the first, and some of each kind that comes later.
fn kept(values: &[Value], first: usize) -> Vec<usize> {
    let shape = Shape::of(values, None);
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    (0..values.len())
        .filter(|index| {
            let count = counts
                .entry(kind_of(&values[*index], &shape.by))
                .or_default();
            *count += 1;
            *index < first || *count <= OF_EACH_KIND
        })
        .collect()
}

fn name_of(pile: &Pile, id: EntryId) -> String {
    let name = pile.entry(id).name();
    // Names tell of people and projects; the ending is enough.
    match name.rsplit_once('.') {
        Some((_, ending)) if ending.len() <= 8 => format!("sample.{ending}"),
        _ => "sample".to_owned(),
    }
}

fn of_lines(
    pile: &Pile,
    files: &[EntryId],
    place: &Records,
    first: usize,
    redactor: &mut Redactor,
) -> Option<Vec<SampleFile>> {
    const MOST_LINES: usize = 2_000;
    let id = *files.first()?;
    let mut values: Vec<Value> = Vec::new();
    let mut lines = pile.lines(id).ok()?;
    while let Some(line) = lines.next_line().ok()? {
        if let Ok(value) = serde_json::from_str(&line.text()) {
            values.push(value);
        }
        if values.len() >= MOST_LINES {
            break;
        }
    }
    for value in &values {
        redactor.meet(value);
    }
    let text = join(kept(&values, first).into_iter().map(|index| {
        let short = shortened(&values[index], place.at.segments(), first);
        redactor.value(&short, LONGEST_TEXT, LONGEST_LIST)
    }));
    Some(vec![SampleFile {
        name: name_of(pile, id),
        text,
    }])
}

fn join(values: impl Iterator<Item = Value>) -> String {
    let mut text = String::new();
    for value in values {
        text.push_str(&value.to_string());
        text.push('\n');
    }
    text
}

fn of_document(
    pile: &Pile,
    files: &[EntryId],
    place: &Records,
    first: usize,
    redactor: &mut Redactor,
) -> Option<Vec<SampleFile>> {
    let id = *files.first()?;
    let file = JsonDocument::open(pile, id).ok()?;
    let whole: Value = file.parse().ok()?.value;
    let short = shortened(&whole, place.at.segments(), first);
    let safe = redactor.value(&short, LONGEST_TEXT, LONGEST_LIST.max(first * 2));
    Some(vec![SampleFile {
        name: name_of(pile, id),
        text: serde_json::to_string_pretty(&safe).ok()?,
    }])
}

/// The value with the lists on the path to its records cut to what a sample keeps.
fn shortened(value: &Value, at: &[Segment], first: usize) -> Value {
    let Some((segment, rest)) = at.split_first() else {
        return value.clone();
    };
    match (segment, value) {
        (Segment::Key(key), Value::Object(members)) => {
            let mut members = members.clone();
            if let Some(inner) = members.get_mut(key) {
                *inner = shortened(inner, rest, first);
            }
            Value::Object(members)
        }
        (Segment::Each, Value::Array(items)) => kept(items, first)
            .into_iter()
            .map(|index| shortened(&items[index], rest, first))
            .collect(),
        (Segment::Each, Value::Object(members)) => {
            let some = members.iter().take(first);
            Value::Object(
                some.map(|(key, inner)| (key.clone(), shortened(inner, rest, first)))
                    .collect(),
            )
        }
        _ => value.clone(),
    }
}

fn of_files(
    pile: &Pile,
    files: &[EntryId],
    first: usize,
    redactor: &mut Redactor,
) -> Option<Vec<SampleFile>> {
    let mut some = Vec::new();
    for id in files.iter().take(first) {
        let file = JsonDocument::open(pile, *id).ok()?;
        let whole: Value = file.parse().ok()?.value;
        let safe = redactor.value(&whole, LONGEST_TEXT, LONGEST_LIST);
        some.push(SampleFile {
            name: name_of(pile, *id),
            text: serde_json::to_string_pretty(&safe).ok()?,
        });
    }
    Some(some)
}

/// Rows of a database as JSON Lines.
fn of_rows(
    pile: &Pile,
    files: &[EntryId],
    place: &Records,
    first: usize,
    redactor: &mut Redactor,
) -> Option<Vec<SampleFile>> {
    const MOST_ROWS: usize = 2_000;
    let mut values = Vec::new();
    records::walk(pile, files, place, None, &mut |record| {
        if values.len() < MOST_ROWS {
            values.push(record.value.clone());
        }
    })
    .ok()?;
    for value in &values {
        redactor.meet(value);
    }
    let text = join(
        kept(&values, first)
            .into_iter()
            .map(|index| redactor.value(&values[index], LONGEST_TEXT, LONGEST_LIST)),
    );
    Some(vec![SampleFile {
        name: "rows.jsonl".to_owned(),
        text,
    }])
}

fn of_text(pile: &Pile, files: &[EntryId], redactor: &mut Redactor) -> Option<Vec<SampleFile>> {
    let id = *files.first()?;
    let head = pile.head(id, TEXT_BYTES).ok()?;
    let whole = pile.entry(id).size <= TEXT_BYTES as u64;
    let end = if whole {
        head.len()
    } else {
        head.rfind('\n').map_or(head.len(), |at| at + 1)
    };
    Some(vec![SampleFile {
        name: name_of(pile, id),
        text: redactor.text(&head[..end]),
    }])
}

/// The records of a sample, to compare those of other files with.
pub(super) fn records_of(sample: &Sample, place: &Records) -> Vec<Value> {
    let (pile, files) = sample.open();
    let lines = Records {
        container: Container::Lines,
        at: Path::root(),
        ..place.clone()
    };
    let place = if sample.records_only { &lines } else { place };
    super::shape::first_records(&pile, &files, place)
}
