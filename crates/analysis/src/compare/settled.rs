//! Which differences part two runs.
//!
//! Not every one does: a change that the other run made at another point, one whose text the other run's
//! file holds in the end, and one of which nothing is left leave both where they would have been.

use std::collections::BTreeMap;

use trace::{ChangeKind, Relation};

use super::change::{StateChange, Target};
use super::ends::{End, Ends};
use super::extract::Changes;
use super::likeness::{ALIKE, compare};
use super::pairing::Entry;
use super::place::Place;
use super::sketch::Sketch;

/// From this share on a text counts as held by a file, below [`GONE`] as lost from it.
const HELD: f64 = 0.8;
const GONE: f64 = 0.2;

/// How many changes of one thing are looked at.
const TRIED: usize = 64;

/// How much a difference tells, the most telling first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Weight {
    /// It is of something both runs changed, or the task names.
    Matters,
    /// Both changed a file alike, but not to the same text.
    Detail,
    /// It is of something else.
    Aside,
    /// Both ran a command alike, but not in the same words.
    Words,
    /// It is of something that is not meant to stay: a file in a scratch folder, a folder, a
    /// mode, a list of packages that is brought up to date.
    Scratch,
}

impl Weight {
    /// The most telling first.
    pub(super) const ALL: [Self; 5] = [
        Self::Matters,
        Self::Detail,
        Self::Aside,
        Self::Words,
        Self::Scratch,
    ];
}

/// One of two runs, ready to be asked what it did.
pub(super) struct Run<'c> {
    pub(super) changes: &'c Changes,
    /// The places of changes that worked, by what they change.
    by_subject: BTreeMap<u64, Vec<usize>>,
}

impl<'c> Run<'c> {
    pub(super) fn new(changes: &'c Changes) -> Self {
        let mut by_subject: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
        for (at, change) in changes.list.iter().enumerate() {
            if !change.failed {
                by_subject.entry(change.subject()).or_default().push(at);
            }
        }
        Self {
            changes,
            by_subject,
        }
    }

    /// True when the run made a change that is at least so much like another, at any point.
    fn did(&self, change: &StateChange, least: f64) -> bool {
        let ours = self.by_subject.get(&change.subject()).into_iter().flatten();
        ours.take(TRIED).any(|at| {
            let likeness = compare(change, &self.changes.list[*at]);
            likeness.is_some_and(|likeness| likeness.share >= least)
        })
    }

    /// True when a change was undone again, or the other run came to have what it did.
    fn is_settled(&self, change: &StateChange, other: &Self, relation: Relation) -> bool {
        if change.failed {
            return true;
        }
        // Of things done alike every word counts.
        let least = if relation == Relation::Alike {
            1.0
        } else {
            ALIKE
        };
        let Some(place) = change.place() else {
            return other.did(change, least);
        };
        let (own_end, other_end) = (self.end(place), other.end(place));
        if own_end
            .zip(other_end)
            .is_some_and(|(own, other)| own.is_same(other))
        {
            return true;
        }
        let exists = |end: Option<&End>| end.is_some_and(End::exists);
        match change.kind {
            ChangeKind::Delete => exists(own_end) || !exists(other_end),
            _ if !exists(own_end) && !exists(other_end) => true,
            ChangeKind::Write | ChangeKind::Edit if change.text.stated => {
                // Otherwise what is mostly there is there.
                let held = if relation == Relation::Alike {
                    1.0
                } else {
                    HELD
                };
                is_held(change, own_end, other_end, held)
            }
            ChangeKind::Folder | ChangeKind::Mode => other.did(change, ALIKE),
            _ => false,
        }
    }

    fn end(&self, place: &Place) -> Option<&'c End> {
        self.changes.ends.of(place)
    }
}

/// True when the other run's file holds what a change put in place, or its own file no longer does.
fn is_held(change: &StateChange, own: Option<&End>, other: Option<&End>, held: f64) -> bool {
    let share = |end: Option<&End>, text: &Sketch| end.and_then(|end| end.holds(text));
    let (added, removed) = (&change.text.added, &change.text.removed);
    if added.is_empty() {
        // Nothing but a removal: settled when the other run does not have it either.
        let other = other.filter(|other| other.is_exact());
        return share(other, removed).is_some_and(|share| share <= GONE);
    }
    // What was there before says nothing of the change.
    let mut fresh = added.clone();
    fresh.remove(removed);
    fresh.is_empty()
        || share(other, &fresh).is_some_and(|share| share >= held)
        || share(own, &fresh).is_some_and(|share| share <= GONE)
}

/// What an entry of the alignment tells; `None` when the runs did not part there. `tasks` are the task
/// texts in lower case.
pub(super) fn weigh(entry: &Entry, runs: &[Run<'_>; 2], tasks: &[String; 2]) -> Option<Weight> {
    let [a, b] = runs;
    let relation = entry.relation();
    match relation {
        Relation::Same => return None,
        Relation::Alike if entry.moved => return None,
        _ => {}
    }
    let sides = [
        (entry.a.map(|at| &a.changes.list[at]), a, b),
        (entry.b.map(|at| &b.changes.list[at]), b, a),
    ];
    let open = |(change, own, other): &(Option<&StateChange>, &Run<'_>, &Run<'_>)| {
        change.is_some_and(|change| !own.is_settled(change, other, relation))
    };
    if !sides.iter().any(open) {
        return None;
    }
    if relation == Relation::Alike {
        let of_file = sides
            .iter()
            .any(|(change, ..)| change.is_some_and(|c| c.place().is_some()));
        return Some(if of_file {
            Weight::Detail
        } else {
            Weight::Words
        });
    }
    let matters = sides.iter().any(|(change, _, other)| {
        change.is_some_and(|change| matters(change, &other.changes.ends, tasks))
    });
    let scratch = sides
        .iter()
        .all(|(change, ..)| change.is_none_or(is_scratch));
    Some(match (matters, scratch) {
        (true, _) => Weight::Matters,
        (false, true) => Weight::Scratch,
        (false, false) => Weight::Aside,
    })
}

/// True when nothing a run leaves behind depends on a change.
fn is_scratch(change: &StateChange) -> bool {
    let refreshes = |program: &str| program.ends_with(" update") || program.ends_with(" upgrade");
    let lists = matches!(&change.target, Target::Command { program, words }
        if change.kind == ChangeKind::Install && words.is_empty() && refreshes(program));
    change.failed
        || lists
        || matches!(change.kind, ChangeKind::Folder | ChangeKind::Mode)
        || change.place().is_some_and(Place::is_scratch)
}

/// True when a change is of something that the other run changed too or that the task names.
fn matters(change: &StateChange, other: &Ends, tasks: &[String; 2]) -> bool {
    let names = |word: &str| {
        let word = word.to_lowercase();
        word.len() > 2 && tasks.iter().any(|task| names_word(task, &word))
    };
    // The words of a command are everyday words more often than names.
    let is_name = |word: &str| word.contains(|c: char| !c.is_alphabetic());
    match &change.target {
        Target::File(place) if is_scratch(change) => {
            // A name of the task in a scratch folder is a try at it.
            matches!(change.kind, ChangeKind::Write | ChangeKind::Edit) && names(place.as_str())
        }
        _ if is_scratch(change) => false,
        Target::File(place) => names(place.name()) || other.of(place).is_some(),
        Target::Package { name, .. } | Target::Service { name, .. } => names(name),
        Target::Command { words, .. } => words.iter().any(|word| is_name(word) && names(word)),
    }
}

/// True when `text` holds `word` and not merely as a part of another word.
fn names_word(text: &str, word: &str) -> bool {
    let inner = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    text.match_indices(word).any(|(at, _)| {
        !inner(text[..at].chars().next_back()) && !inner(text[at + word.len()..].chars().next())
    })
}
