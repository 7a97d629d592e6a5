//! Where the records of a layout stand after they were moved.

use std::collections::BTreeSet;

use serde_json::Value;

use super::LEAST_LIKENESS;
use crate::learned::map::{Container, FieldMap, Records, Runs};
use crate::learned::package::Package;
use crate::learned::path::{Path, Segment};
use crate::learned::program::Files;
use crate::learned::shape::{Likeness, fields_of, first_records};
use crate::pile::Pile;

/// How many lists of a document are compared with what is known.
const MOST_LISTS: usize = 24;

/// The first records at a place in some of the artifacts.
pub(super) fn records_at(pile: &Pile, artifacts: &[Files], place: &Records) -> Vec<Value> {
    artifacts
        .iter()
        .take(8)
        .flat_map(|files| first_records(pile, files, place))
        .collect()
}

/// The list of objects in the files that is most like the records a fingerprint knows, where it is
/// like them at all.
pub(super) fn elsewhere(
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
            fields_of(value, &Path::root(), 5, &mut lists);
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
pub(super) fn place_for(
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

pub(super) fn moved(from: &Records, to: &Records) -> String {
    let said = |place: &Records| {
        let container = match place.container {
            Container::Lines => "lines",
            Container::Document => "a document",
            Container::Files => "files",
            Container::Database => "a database",
            Container::Markdown => "Markdown",
            Container::Log => "a log",
            Container::Text => "a text",
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
