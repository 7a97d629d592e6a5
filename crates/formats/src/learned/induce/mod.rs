//! Structure induction: from artifacts nobody knows to a field map, offline.
//!
//! The records of a layout are found first ([`place`], [`runs`]): the lists of objects in a document,
//! the lines of JSON Lines, the documents of a folder, the rows of a database, the labelled sections
//! of a text. For each candidate the kinds of its records are told apart ([`kind`]); calls are found
//! among them and their parts ([`call`], [`id`]), and so are results ([`result`], [`output`]). What
//! fields hold ([`field`], [`shape`]) weighs more than what they are called ([`lexicon`]): a tool is
//! a name that tells the shape of the arguments beside it, an id differs each time and is said
//! elsewhere, an output looks like what a program prints and follows its call. Copies of a call are
//! told from calls ([`settle`]), words from work ([`words`]), and a map is drafted ([`draft`],
//! [`told`]). The drafts are tried, and the one that reads most is kept, if it reaches the bar and
//! somebody seems to have worked ([`evidence`]).

mod call;
mod draft;
mod evidence;
mod field;
mod id;
mod kind;
mod lexicon;
mod output;
mod place;
mod result;
mod runs;
mod settle;
mod shape;
mod told;
mod words;

use thiserror::Error;

use super::event::{Assembly, Origin};
use super::interpret;
use super::path::Path;
use super::score::{Bar, Score};
use super::{Container, FieldMap, Says};
use crate::extractor::{Coverage, ExtractError, Extraction};
use crate::pile::{EntryId, Pile};
pub(super) use place::{Candidate, candidates};

/// A layout worked out from its artifacts.
#[derive(Debug, Clone)]
pub struct Induction {
    /// The extractor.
    pub map: FieldMap,
    /// What it achieves on the artifacts it was made from, or on the sample of them it saw.
    pub score: Score,
}

/// Why no extractor could be made.
#[derive(Debug, Error)]
pub enum Refusal {
    /// The artifact could not be read.
    #[error(transparent)]
    Unreadable(#[from] ExtractError),
    /// There is nothing that looks like records of a run.
    #[error("no records of a run: {0}; {HELP}")]
    NoRecords(String),
    /// A map was found and does not read well enough.
    #[error(
        "the best reading, of {}, falls short: {}; {HELP}",
        described(&.found.map),
        .shortcomings.join("; ")
    )]
    BelowBar {
        /// What was found.
        found: Box<Induction>,
        /// What keeps it below the bar.
        shortcomings: Vec<String>,
    },
}

/// What helps where structure alone does not.
const HELP: &str = "name the records with a hint, or let `codetracer extractors learn --model` \
                    have a model write the extractor";

/// What a map takes for what, in a few words.
fn described(map: &FieldMap) -> String {
    let list = |field: &[Path]| {
        field
            .first()
            .map_or("-".to_owned(), |path| format!("`{path}`"))
    };
    let calls = map.rules.iter().filter_map(|rule| match &rule.says {
        Says::Call(call) => Some(format!(
            "calls at `{}` (tool {}, arguments {}, id {}, result {})",
            rule.each,
            list(&call.tool),
            list(&call.arguments),
            list(&call.id),
            call.result
                .as_ref()
                .map_or("-".to_owned(), |r| list(&r.text)),
        )),
        _ => None,
    });
    let results = map.rules.iter().filter_map(|rule| match &rule.says {
        Says::Result(result) => Some(format!(
            "results at `{}` (id {}, text {})",
            rule.each,
            list(&result.id),
            list(&result.text),
        )),
        _ => None,
    });
    let said: Vec<String> = calls.chain(results).collect();
    format!(
        "{:?} records at `{}` with {}",
        map.records.container,
        map.records.at,
        said.join(", ")
    )
}

/// What a person knows of a layout.
#[derive(Debug, Clone, Default)]
pub struct Hints {
    /// Where the records stand in the document, line or database; only these are tried.
    pub records: Option<Path>,
}

/// Works out how `files` are read: one file, or the records of a folder.
///
/// # Errors
/// [`Refusal`] when the artifact cannot be read, holds nothing like a run, or the best reading stays
/// below the bar: guessing is left to those who can check the guess.
pub fn induce(pile: &Pile, files: &[EntryId]) -> Result<Induction, Refusal> {
    induce_with(pile, files, &Hints::default())
}

/// [`induce`] with what a person knows.
///
/// # Errors
/// As [`induce`].
pub fn induce_with(pile: &Pile, files: &[EntryId], hints: &Hints) -> Result<Induction, Refusal> {
    let mut best: Option<(f64, FieldMap, Candidate)> = None;
    let mut seen = Vec::new();
    for candidate in candidates(pile, files)? {
        let hinted = |path: &Path| candidate.whole_path() == *path;
        if !hints.records.as_ref().is_none_or(hinted) {
            continue;
        }
        seen.push(candidate.to_string());
        let Some((worth, map)) = try_candidate(&candidate) else {
            continue;
        };
        // One table that says it all is read rather than all tables.
        let tables = map.records.container == Container::Database && map.records.at.is_root();
        let worth = if tables { worth * 0.8 } else { worth };
        if best.as_ref().is_none_or(|(most, ..)| worth > *most) {
            best = Some((worth, map, candidate));
        }
    }
    let Some((_, map, candidate)) = best else {
        let what = if seen.is_empty() {
            "no list of objects was found".to_owned()
        } else {
            format!("nothing in {} looks like a tool call", seen.join(", "))
        };
        return Err(Refusal::NoRecords(what));
    };
    let (map, score) = simplify(map, &candidate);
    let found = Induction { map, score };
    let mut shortcomings = found.score.shortcomings(&Bar::default());
    let readings = readings_of(&found.map, &candidate);
    shortcomings.extend(evidence::missing(&found.map, &readings, &found.score));
    if shortcomings.is_empty() {
        Ok(found)
    } else {
        Err(Refusal::BelowBar {
            found: Box::new(found),
            shortcomings,
        })
    }
}

/// The best map for a list of records, and what it is worth.
fn try_candidate(candidate: &Candidate) -> Option<(f64, FieldMap)> {
    let mut best: Option<(f64, FieldMap)> = None;
    for map in draft::drafts(&candidate.values, &candidate.place) {
        let score = try_map(&map, candidate);
        // A record with many calls is rather a whole run, and its records stand within.
        let crowded = score.steps > 3 * candidate.values.len();
        let worth = worth_of(&score) * if crowded { 0.8 } else { 1.0 };
        // The likeliest guess leads unless another clearly reads more.
        if best.as_ref().is_none_or(|(most, _)| worth > *most * 1.1) {
            best = Some((worth, map));
        }
    }
    best
}

/// Drops the conditions of calls and results that make no difference here: what is not asked for
/// cannot be missed in records nobody has seen yet.
fn simplify(mut map: FieldMap, candidate: &Candidate) -> (FieldMap, Score) {
    let mut score = try_map(&map, candidate);
    // Labels are all that tells the records of a text apart.
    if matches!(map.records.container, Container::Markdown | Container::Log) {
        return (map, score);
    }
    for at in 0..map.rules.len() {
        if !matches!(map.rules[at].says, Says::Call(_) | Says::Result(_)) {
            continue;
        }
        for condition in (0..map.rules[at].when.len()).rev() {
            let mut simpler = map.clone();
            simpler.rules[at].when.remove(condition);
            let own = simpler.rules[at].clone();
            let mut seen = false;
            simpler
                .rules
                .retain(|rule| *rule != own || !std::mem::replace(&mut seen, true));
            if simpler.rules.len() < map.rules.len() {
                continue;
            }
            let tried = try_map(&simpler, candidate);
            if worth_of(&tried) >= worth_of(&score) && tried.steps <= score.steps.max(tried.joined)
            {
                (map, score) = (simpler, tried);
            }
        }
    }
    map.rules = words::merge(map.rules);
    (map, score)
}

fn try_map(map: &FieldMap, candidate: &Candidate) -> Score {
    Score::of(&readings_of(map, candidate))
}

fn readings_of(map: &FieldMap, candidate: &Candidate) -> Vec<Extraction> {
    let mut readings = Vec::new();
    let mut coverage = Coverage::default();
    let mut assembly = Assembly::new(map);
    let mut run = 0;
    for (index, value) in candidate.values.iter().enumerate() {
        if candidate.runs[index] != run {
            run = candidate.runs[index];
            let done = std::mem::replace(&mut assembly, Assembly::new(map));
            readings.push(finish(done, std::mem::take(&mut coverage)));
        }
        let events = interpret::events(map, value);
        coverage.count(candidate.bytes[index], events.is_some());
        let origin = Origin {
            record: index as u64,
            ..Origin::default()
        };
        for event in events.into_iter().flatten() {
            assembly.take(event, &origin);
        }
    }
    readings.push(finish(assembly, coverage));
    readings
}

fn finish(assembly: Assembly, coverage: Coverage) -> Extraction {
    Extraction {
        coverage: Coverage {
            orphans: assembly.orphans,
            ..coverage
        },
        trajectory: assembly.finish(),
        warnings: Vec::new(),
    }
}

/// How much a reading is worth beside another of the same artifact.
fn worth_of(score: &Score) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a weight")]
    let [steps, joined, meant, orphans, in_order, structured] = [
        score.steps as f64,
        score.joined as f64,
        score.meant as f64,
        score.orphans as f64,
        score.in_order as f64,
        score.structured as f64,
    ];
    // A call that is recorded twice must not count twice.
    #[expect(clippy::cast_precision_loss, reason = "a weight")]
    let repeats = (score.repeats as f64 - 0.25 * steps).max(0.0);
    let read =
        joined - 2.0 * repeats + 0.1 * (steps - joined) + 0.2 * meant.min(joined) + 0.1 * in_order
            - 0.5 * orphans
            - 0.3 * structured;
    read * (0.4 + 0.6 * score.events_explained)
}
