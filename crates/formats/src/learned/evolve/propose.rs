//! Proposals for a revision, tried and ranked.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;

use super::MARGIN;
use super::merge::merge;
use super::place::{place_for, records_at};
use crate::learned::map::FieldMap;
use crate::learned::package::{Package, Program, Sample};
use crate::learned::program::Files;
use crate::learned::registry::Registry;
use crate::learned::rename::renamed;
use crate::learned::sample::records_of;
use crate::learned::score::{Score, ratio};
use crate::learned::validate::{Shortfall, Validation, check, validate};
use crate::learned::{Refusal, induce};
use crate::pile::Pile;

/// How much better than the version before a revision must read the new files.
const LEAST_GAIN: f64 = 0.005;

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
    pub(in crate::learned) program: Option<Program>,
}

impl Attempt {
    /// How much the reading is worth beside others of the same files.
    fn worth(&self) -> f64 {
        self.score.worth() + self.told
    }

    pub(in crate::learned) fn new(
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
pub(in crate::learned) fn held(
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
        .refusals
        .extend(understands_less(&package.score, &validation.score));
    validation
}

/// What a revision no longer understands of what the version before understood: a field renamed by
/// mistake still joins its results, and its actions mean nothing any more.
fn understands_less(before: &Score, after: &Score) -> Option<Shortfall> {
    const MOST_LOST: f64 = 0.3;
    let share = |score: &Score| ratio(score.meant, score.steps);
    let (before, after) = (share(before), share(after));
    (after < before - MOST_LOST).then(|| Shortfall::BelowBar {
        figure: format!(
            "{:.0} % of the actions are understood, where the version before understood {:.0} %",
            after * 100.0,
            before * 100.0
        ),
    })
}

/// Refuses what reads clearly less than something else that was tried, and puts the best first.
pub(in crate::learned) fn rank(mut attempts: Vec<Attempt>) -> Vec<Attempt> {
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
        let before = known_records(package, samples, map);
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

/// Records the map was made for: those of the newest samples it reads.
fn known_records(package: &Package, samples: &[Sample], map: &FieldMap) -> Vec<Value> {
    let newest = format!("{}.", package.version);
    let of = |only_newest: bool| -> Vec<Value> {
        samples
            .iter()
            .filter(|sample| !only_newest || sample.name.starts_with(&newest))
            .flat_map(|sample| records_of(sample, &map.records))
            .collect()
    };
    let records = of(true);
    if records.is_empty() {
        of(false)
    } else {
        records
    }
}

/// The maps and one more.
fn beside(maps: &[FieldMap], map: FieldMap) -> Program {
    let mut all = maps.to_vec();
    if !all.contains(&map) {
        all.push(map);
    }
    Program::Maps(all)
}
