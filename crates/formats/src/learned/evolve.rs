//! When a known layout changes: noticing it, and making the next version of its extractor.
//!
//! A version reads files as long as it reads them as well as those it was accepted on. When it falls
//! behind, or kinds of records appear that it never saw, a revision is proposed: the old map with
//! its fields renamed; the old map merged with one induced from the new files; either beside the old
//! map, each for its own files. A proposal is accepted only if every sample of every version it
//! descends from still gives the same steps, the new files reach the bar, and nothing else that was
//! tried reads clearly more of them.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use super::map::{CallFields, Container, Field, FieldMap, Records, ResultFields, Rule, Runs, Says};
use super::package::{Package, Program, Sample};
use super::path::{Path, Segment};
use super::program::{Files, beginning, worth_of};
use super::registry::Registry;
use super::rename::renamed;
use super::sample::records_of;
use super::score::{Score, ratio};
use super::shape::{Likeness, first_records};
use super::validate::{Shortfall, Validation, check, validate};
use super::{Refusal, induce};
use crate::extractor::Extraction;
use crate::pile::{EntryId, Pile};

/// How like its fingerprint files must be for a package to be tried on them.
pub const LEAST_LIKENESS: f64 = 0.3;

/// How far a share may fall below that of the accepted artifacts before it is drift.
pub const MARGIN: f64 = 0.1;

/// How much less text of the same bytes the steps may hold before new fields are drift.
const TOLD_LESS: f64 = 0.6;

/// How many lists of a document are compared with what is known.
const MOST_LISTS: usize = 24;

/// How much better than the version before a revision must read the new files.
const LEAST_GAIN: f64 = 0.005;

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
        self.score.shortcomings(&self.package.bar).is_empty()
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

/// One proposal for a revision and what became of it.
#[derive(Debug, Clone, Serialize)]
pub struct Attempt {
    /// How it was made.
    pub how: String,
    /// What it changes, one sentence each.
    pub changes: Vec<String>,
    /// Whether it could be accepted.
    pub accepted: bool,
    /// Why it could not.
    pub refusals: Vec<Shortfall>,
    /// What it achieves on the new files.
    pub score: Score,
    #[serde(skip)]
    told: f64,
    #[serde(skip)]
    pub(super) program: Option<Program>,
}

impl Attempt {
    /// How much the reading is worth beside others of the same files.
    fn worth(&self) -> f64 {
        self.score.worth() + self.told
    }

    pub(super) fn new(
        how: &str,
        changes: Vec<String>,
        program: Program,
        validation: Validation,
    ) -> Self {
        Self {
            how: how.to_owned(),
            changes,
            accepted: validation.passes(),
            refusals: validation.refusals,
            score: validation.score,
            told: validation.told,
            program: Some(program),
        }
    }
}

/// Every sample a revision of `package` must go on reading: its own and those of the versions it
/// descends from.
#[must_use]
pub fn samples_of_line(registry: &Registry, package: &Package) -> Vec<Sample> {
    let mut samples: Vec<Sample> = Vec::new();
    for older in registry.line(package) {
        samples.extend(older.samples.iter().cloned());
    }
    samples.extend(package.samples.iter().cloned());
    let mut seen = BTreeSet::new();
    samples.retain(|sample| seen.insert((sample.name.clone(), sample.blake3.clone())));
    samples
}

/// The proposals for a revision of `package` that reads `artifacts`, tried, and the best of them
/// that can be accepted as the first. The version itself is tried as well: when it is the best, there
/// is nothing to revise.
#[must_use]
pub fn propose(
    registry: &Registry,
    package: &Package,
    pile: &Pile,
    artifacts: &[Files],
) -> Vec<Attempt> {
    let samples = samples_of_line(registry, package);
    let try_one = |how: &str, changes: Vec<String>, program: Program| {
        let validation = held(package, &program, pile, artifacts, &samples);
        Attempt::new(how, changes, program, validation)
    };
    let mut attempts = vec![try_one(
        "the version as it is",
        Vec::new(),
        package.program.clone(),
    )];
    for (how, changes, program) in proposals(package, &samples, pile, artifacts) {
        let known = attempts
            .iter()
            .any(|a| a.program.as_ref() == Some(&program));
        if !known {
            attempts.push(try_one(how, changes, program));
        }
    }
    rank(attempts)
}

/// Holds a revision to the new files and to the samples of old.
pub(super) fn held(
    package: &Package,
    program: &Program,
    pile: &Pile,
    artifacts: &[Files],
    samples: &[Sample],
) -> Validation {
    let mut validation = validate(program, package.limits, &package.bar, pile, artifacts);
    validation
        .refusals
        .extend(check(program, package.limits, samples));
    validation
}

/// Refuses what reads clearly less than something else that was tried, and puts the best first.
pub(super) fn rank(mut attempts: Vec<Attempt>) -> Vec<Attempt> {
    let best = attempts.iter().map(Attempt::worth).fold(0.0, f64::max);
    for attempt in &mut attempts {
        if attempt.accepted && attempt.worth() < best - MARGIN / 2.0 {
            attempt.accepted = false;
            attempt.refusals.push(Shortfall::BelowBar {
                figure: format!(
                    "another proposal reads clearly more of the same files (worth {:.2}, this one {:.2})",
                    best,
                    attempt.worth()
                ),
            });
        }
    }
    // A stable sort: of equal readings the earlier proposal, which changes less, stays first.
    attempts.sort_by(|a, b| {
        let key = |attempt: &Attempt| (attempt.worth() / LEAST_GAIN).floor();
        b.accepted.cmp(&a.accepted).then(key(b).total_cmp(&key(a)))
    });
    attempts
}

fn proposals(
    package: &Package,
    samples: &[Sample],
    pile: &Pile,
    artifacts: &[Files],
) -> Vec<(&'static str, Vec<String>, Program)> {
    let mut list = Vec::new();
    let Program::Maps(maps) = &package.program else {
        // A script is revised by its author; a map may stand beside it only in another package.
        return list;
    };
    for (index, map) in maps.iter().enumerate().rev() {
        let before: Vec<Value> = samples
            .iter()
            .flat_map(|sample| records_of(sample, &map.records))
            .collect();
        let (place, mut moved) = place_for(package, map, pile, artifacts);
        let now = records_at(pile, artifacts, &place);
        let here = FieldMap {
            records: place.clone(),
            rules: map.rules.clone(),
        };
        let (adapted, changes) = match renamed(&here, &before, &now) {
            Some((adapted, changes)) => (adapted, changes),
            None if moved.is_empty() => continue,
            None => (here, Vec::new()),
        };
        moved.extend(changes);
        if place == map.records {
            let mut all = maps.clone();
            all[index] = adapted.clone();
            list.push(("fields renamed", moved.clone(), Program::Maps(all)));
        }
        list.push((
            "fields renamed, beside the old map",
            moved,
            beside(maps, adapted),
        ));
    }
    for files in artifacts.iter().take(3) {
        let found = match induce(pile, files) {
            Ok(found) => found,
            Err(Refusal::BelowBar { found, .. }) => *found,
            Err(_) => continue,
        };
        for (index, map) in maps.iter().enumerate() {
            if map.records != found.map.records {
                continue;
            }
            let (merged, changes) = merge(map, &found.map);
            let mut all = maps.clone();
            all[index] = merged;
            list.push(("rules of an induced map added", changes, Program::Maps(all)));
        }
        let changes = vec![format!(
            "a map of {} rules for records at `{}`",
            found.map.rules.len(),
            found.map.records.at
        )];
        list.push((
            "an induced map beside the old one",
            changes,
            beside(maps, found.map),
        ));
    }
    list
}

/// The maps and one more.
fn beside(maps: &[FieldMap], map: FieldMap) -> Program {
    let mut all = maps.to_vec();
    if !all.contains(&map) {
        all.push(map);
    }
    Program::Maps(all)
}

fn records_at(pile: &Pile, artifacts: &[Files], place: &Records) -> Vec<Value> {
    artifacts
        .iter()
        .take(8)
        .flat_map(|files| first_records(pile, files, place))
        .collect()
}

/// The list of objects in the files that is most like the records a fingerprint knows, where it is
/// like them at all.
fn elsewhere(
    package: &Package,
    known: &Records,
    pile: &Pile,
    artifacts: &[Files],
) -> Option<(Likeness, Records)> {
    let mut best: Option<(Likeness, Records)> = None;
    for container in [known.container, Container::Lines, Container::Document] {
        let whole = Records {
            container,
            at: Path::root(),
            runs: Runs::One,
            ..known.clone()
        };
        let wholes = records_at(pile, artifacts, &whole);
        let mut lists = BTreeSet::from([Path::root()]);
        for value in wholes.iter().take(20) {
            super::shape::fields_of(value, &Path::root(), 5, &mut lists);
        }
        lists.retain(|at| {
            at.is_root() || at.segments().last() == Some(&Segment::Each) && !has_json(at)
        });
        for at in lists.into_iter().take(MOST_LISTS) {
            let place = Records {
                at,
                ..whole.clone()
            };
            let values = records_at(pile, artifacts, &place);
            let likeness = package.recognise.likeness(&values);
            let most = best.as_ref().map_or(LEAST_LIKENESS, |(most, _)| most.share);
            if likeness.share > most + 1e-9 {
                best = Some((likeness, place));
            }
        }
    }
    best
}

/// Where the records of the new files stand: where they stood, or elsewhere.
fn place_for(
    package: &Package,
    map: &FieldMap,
    pile: &Pile,
    artifacts: &[Files],
) -> (Records, Vec<String>) {
    let same = &map.records;
    let here = package
        .recognise
        .likeness(&records_at(pile, artifacts, same));
    if here.share >= LEAST_LIKENESS {
        return (same.clone(), Vec::new());
    }
    match elsewhere(package, same, pile, artifacts) {
        Some((_, place)) if place != *same => {
            let change = moved(same, &place);
            (place, vec![change])
        }
        _ => (same.clone(), Vec::new()),
    }
}

fn moved(from: &Records, to: &Records) -> String {
    let said = |place: &Records| {
        let container = match place.container {
            Container::Lines => "lines",
            Container::Document => "a document",
            Container::Files => "files",
            Container::Database => "a database",
            Container::Markdown => "Markdown",
            Container::Log => "a log",
        };
        if place.at.is_root() {
            container.to_owned()
        } else {
            format!("{container} at `{}`", place.at)
        }
    };
    format!(
        "the records stand in {} instead of {}",
        said(to),
        said(from)
    )
}

fn has_json(path: &Path) -> bool {
    path.segments().contains(&Segment::Json)
}

/// The old map with what the new one knows: fields of rules on the same records put before the old
/// ones, and rules the old one has none for.
fn merge(old: &FieldMap, new: &FieldMap) -> (FieldMap, Vec<String>) {
    let mut merged = old.clone();
    let mut changes = Vec::new();
    for rule in &new.rules {
        let twin = merged.rules.iter_mut().find(|mine| {
            mine.each == rule.each
                && mine.which == rule.which
                && same_tests(mine, rule)
                && std::mem::discriminant(&mine.says) == std::mem::discriminant(&rule.says)
        });
        match twin {
            Some(mine) => join_says(&mut mine.says, &rule.says, &mut changes),
            None => {
                let tests: Vec<String> = rule
                    .when
                    .iter()
                    .map(|test| format!("{}={}", test.field, test.is.join("|")))
                    .collect();
                changes.push(format!("a rule for records with {}", tests.join(" ")));
                merged.rules.push(rule.clone());
            }
        }
    }
    (merged, changes)
}

fn same_tests(a: &Rule, b: &Rule) -> bool {
    a.when.len() == b.when.len()
        && a.when.iter().all(|test| {
            b.when
                .iter()
                .any(|other| other.field == test.field && other.is == test.is)
        })
}

fn join_says(mine: &mut Says, theirs: &Says, changes: &mut Vec<String>) {
    match (mine, theirs) {
        (Says::Call(a), Says::Call(b)) => join_call(a, b, changes),
        (Says::Result(a), Says::Result(b)) => join_result(a, b, changes),
        (Says::User { text: a }, Says::User { text: b })
        | (Says::Think { text: a }, Says::Think { text: b })
        | (Says::Say { text: a }, Says::Say { text: b }) => join("text", a, b, changes),
        _ => {}
    }
}

fn join_call(a: &mut CallFields, b: &CallFields, changes: &mut Vec<String>) {
    join("tool", &mut a.tool, &b.tool, changes);
    join("id", &mut a.id, &b.id, changes);
    join("arguments", &mut a.arguments, &b.arguments, changes);
    match (&mut a.result, &b.result) {
        (Some(a), Some(b)) => join_result(a, b, changes),
        (None, Some(b)) => {
            changes.push("results beside the calls".to_owned());
            a.result = Some(b.clone());
        }
        _ => {}
    }
}

fn join_result(a: &mut ResultFields, b: &ResultFields, changes: &mut Vec<String>) {
    join("id", &mut a.id, &b.id, changes);
    join("text", &mut a.text, &b.text, changes);
    join("exit status", &mut a.exit_status, &b.exit_status, changes);
}

fn join(name: &str, mine: &mut Field, theirs: &Field, changes: &mut Vec<String>) {
    for path in theirs.iter().rev() {
        if !mine.contains(path) {
            changes.push(format!("{name}: also `{path}`"));
            mine.insert(0, path.clone());
        }
    }
}
