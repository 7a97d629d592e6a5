//! When a known layout changes: noticing it, and making the next version of its extractor.
//!
//! A version reads files as long as it reads them as well as those it was accepted on. When it falls
//! behind, or kinds of records appear that it never saw, a revision is proposed: the old map with
//! its fields renamed; the old map merged with one induced from the new files; either beside the old
//! map, each for its own files. A proposal is accepted only if every sample of every version it
//! descends from still gives the same steps, the new files reach the bar, and nothing else that was
//! tried reads clearly more of them.

mod merge;
mod place;
mod propose;

use std::sync::Arc;

use super::package::Package;
use super::program::{beginning, worth_of};
use super::score::{Score, ratio};
use super::shape::{Likeness, first_records};
use crate::extractor::Extraction;
use crate::pile::{EntryId, Pile};
use place::{elsewhere, moved};

pub use propose::{Attempt, propose, samples_of_line};
pub(super) use propose::{held, rank};

/// How like its fingerprint files must be for a package to be tried on them.
pub const LEAST_LIKENESS: f64 = 0.3;

/// How far a share may fall below that of the accepted artifacts before it is drift.
pub const MARGIN: f64 = 0.1;

/// How much less text of the same bytes the steps may hold before new fields are drift.
const TOLD_LESS: f64 = 0.6;

/// How a package reads some files.
#[derive(Debug, Clone)]
pub struct Appraisal {
    /// The package.
    pub package: Arc<Package>,
    /// What of the files its fingerprint knows.
    pub likeness: Likeness,
    /// What it achieves on them (on the beginning of large JSON Lines).
    pub score: Score,
    /// One figure to compare packages by.
    pub worth: f64,
    /// Why the layout seems to have changed; empty when it has not.
    pub drift: Vec<String>,
}

impl Appraisal {
    /// Whether the package reads the files well enough to be used on them.
    #[must_use]
    pub fn is_readable(&self) -> bool {
        // Files whose records were moved have no score, and no bar may be below one step.
        self.score.steps > 0 && self.score.shortcomings(&self.package.bar).is_empty()
    }
}

/// Tries every package whose fingerprint is like the files on them; the best reading first. Which of
/// two packages is better is measured: the registry's order, names and ages decide only between
/// equal readings, and then the newest version of a layout is the best.
#[must_use]
pub fn appraise(packages: &[Arc<Package>], pile: &Pile, files: &[EntryId]) -> Vec<Appraisal> {
    let mut all: Vec<Appraisal> = packages
        .iter()
        .filter_map(|package| appraise_one(package, pile, files))
        .collect();
    all.sort_by(|a, b| {
        b.worth
            .total_cmp(&a.worth)
            .then_with(|| b.package.version.cmp(&a.package.version))
            .then_with(|| a.package.name.cmp(&b.package.name))
            .then_with(|| a.package.hash().cmp(b.package.hash()))
    });
    all
}

fn appraise_one(package: &Arc<Package>, pile: &Pile, files: &[EntryId]) -> Option<Appraisal> {
    let mut likeness = Likeness::default();
    for place in package.program.records() {
        let values = first_records(pile, files, place);
        let found = package.recognise.likeness(&values);
        if found.share > likeness.share {
            likeness = found;
        }
    }
    if likeness.share < LEAST_LIKENESS {
        return appraise_moved(package, pile, files);
    }
    let place = package.program.records().into_iter().next()?;
    let part = beginning(pile, files, place);
    let program = &package.program;
    let readings: Vec<Extraction> = match part {
        Some(part) => {
            let reading = program.extract(package.limits, pile, files, Some(&part), &mut |_, _| {});
            vec![reading.ok()?]
        }
        None => program
            .extract_all(package.limits, pile, files, &mut |_, _| {})
            .ok()?,
    };
    let score = Score::of(&readings);
    let worth = readings.iter().map(worth_of).sum::<f64>() / count(readings.len());
    let told = told_of(&readings);
    let drift = drift(package, &likeness, &score, told);
    Some(Appraisal {
        package: Arc::clone(package),
        likeness,
        score,
        worth,
        drift,
    })
}

/// Files that hold records like those of the package where it does not look for them.
fn appraise_moved(package: &Arc<Package>, pile: &Pile, files: &[EntryId]) -> Option<Appraisal> {
    const LARGEST: u64 = 16 << 20;
    let size: u64 = files.iter().map(|id| pile.entry(*id).size).sum();
    let known = package.program.records().into_iter().next_back()?;
    if size > LARGEST {
        return None;
    }
    let (likeness, place) = elsewhere(package, known, pile, &[files.to_vec()])?;
    Some(Appraisal {
        package: Arc::clone(package),
        likeness,
        score: Score::default(),
        worth: 0.0,
        drift: vec!["no steps are found".to_owned(), moved(known, &place)],
    })
}

fn count(number: usize) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a mean")]
    let count = number.max(1) as f64;
    count
}

fn told_of(readings: &[Extraction]) -> f64 {
    let text = |reading: &Extraction| super::validate::text_in(&reading.trajectory);
    let bytes: u64 = readings.iter().map(|r| r.coverage.bytes.total).sum();
    let told: usize = readings.iter().map(text).sum();
    ratio(told, usize::try_from(bytes).unwrap_or(usize::MAX))
}

/// Why the layout seems to have changed since the package was accepted.
fn drift(package: &Package, likeness: &Likeness, score: &Score, told: f64) -> Vec<String> {
    let mut reasons = Vec::new();
    let was = &package.score;
    if score.steps == 0 {
        reasons.push("no steps are found".to_owned());
    }
    let shares = |score: &Score| {
        [
            ratio(score.joined, score.steps),
            ratio(score.meant, score.steps),
            score.events_explained,
            score.bytes_explained,
            answering(score),
        ]
    };
    let named = [
        "of the calls have a result",
        "of the actions are understood",
        "of the records are explained",
        "of the bytes are explained",
        "of the results answer a call",
    ];
    if score.steps > 0 {
        for ((then, now), name) in shares(was).into_iter().zip(shares(score)).zip(named) {
            if now < then - MARGIN {
                let (now, then) = (now * 100.0, then * 100.0);
                reasons.push(format!("{now:.0} % {name}, {then:.0} % were"));
            }
        }
    }
    for (kind, records) in likeness.new_kinds.iter().take(6) {
        reasons.push(format!("{records} records of the new kind `{kind}`"));
    }
    if !likeness.new_fields.is_empty() && told < package.told * TOLD_LESS {
        let fields = likeness
            .new_fields
            .iter()
            .take(4)
            .cloned()
            .collect::<Vec<_>>();
        reasons.push(format!(
            "{:.0} % of the bytes become text of steps, {:.0} % did, and there are new fields ({})",
            told * 100.0,
            package.told * 100.0,
            fields.join(", ")
        ));
    }
    reasons
}

/// Results that answer a call, of all results.
fn answering(score: &Score) -> f64 {
    let orphans = usize::try_from(score.orphans).unwrap_or(usize::MAX);
    ratio(score.joined, score.joined.saturating_add(orphans))
}
