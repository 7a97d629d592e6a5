//! The files a run wrote, as they stood at its end.

use std::collections::{BTreeMap, BTreeSet};

use trace::{ChangeKind, ComparedFile, FileRelation, StepId};

use super::change::StateChange;
use super::place::Place;
use super::sketch::{Sketch, content_hash};
use crate::workspace::{Fidelity, Operation, Text, Version, Workspace};

/// How many token runs of a file are kept: all of most source files.
const KEPT_RUNS: usize = 16_384;

/// How many files of a run are kept.
const MOST_FILES: usize = 4096;

/// From this likeness on two final texts count as alike.
const ALIKE: f64 = 0.8;

/// The final states by path.
#[derive(Debug, Default)]
pub(super) struct Ends {
    files: BTreeMap<Place, End>,
    by_name: BTreeMap<String, Vec<Place>>,
}

/// A file as it stood at the end.
#[derive(Debug, Default)]
pub(super) struct End {
    /// What is known of its text.
    text: Sketch,
    /// A hash of the whole text, where it is known.
    exact: Option<u64>,
    /// True when all of the text is unknown.
    unknown: bool,
    /// False when it was removed.
    exists: bool,
    /// The last step that wrote it.
    step: Option<StepId>,
}

impl Ends {
    /// Takes the final states that are rebuilt for those the changes alone tell.
    pub(super) fn refine(&mut self, workspace: &Workspace) {
        for file in workspace.files().filter(|file| !file.only_shown()) {
            let Some(last) = file.versions.last() else {
                continue;
            };
            let place = Place::new("", &file.path);
            let known = workspace.at(&file.path, last.step);
            let exact = known
                .as_ref()
                .filter(|text| text.fidelity() == Fidelity::Exact)
                .and_then(Text::whole);
            let text = match (&exact, &known) {
                (Some(whole), _) => Sketch::of(whole, KEPT_RUNS),
                (None, Some(text)) => known_lines(text),
                (None, None) => Sketch::default(),
            };
            let end = End {
                unknown: exact.is_none() && text.is_empty(),
                text,
                exact: exact.as_deref().map(content_hash),
                exists: last.exists,
                step: file.writers().last(),
            };
            let ours = self.find(&place).map(|(at, _)| at.clone());
            let by_name = |version: &Version| {
                version.operation.writes() && version.operation != Operation::Program
            };
            if ours.is_none() && (end.unknown || !file.versions.iter().any(by_name)) {
                // A folder, a device, a file that only got another mode: nothing to compare.
                continue;
            }
            let at = ours.unwrap_or(place);
            if let Some(entry) = self.entry(&at) {
                *entry = end;
            }
        }
    }

    /// Applies a change; `whole` is the file's whole new text where the change states it.
    pub(super) fn apply(&mut self, change: &StateChange, whole: Option<&str>) {
        let Some(place) = change.place().filter(|_| !change.failed) else {
            return;
        };
        if matches!(change.kind, ChangeKind::Folder | ChangeKind::Mode) || !place.is_literal() {
            return;
        }
        let Some(end) = self.entry(place) else {
            return;
        };
        end.step = Some(change.step);
        end.exists = change.kind != ChangeKind::Delete;
        if let Some(text) = whole {
            end.text = Sketch::of(text, KEPT_RUNS);
            end.exact = Some(content_hash(text));
            end.unknown = false;
            return;
        }
        end.exact = None;
        if change.kind == ChangeKind::Edit && change.text.stated {
            end.text.remove(&change.text.removed);
            end.text.join(&change.text.added, KEPT_RUNS);
        } else {
            end.text = Sketch::default();
            end.unknown = true;
        }
    }

    /// The state kept under exactly this path; `None` when there are too many.
    fn entry(&mut self, place: &Place) -> Option<&mut End> {
        if !self.files.contains_key(place) {
            if self.files.len() >= MOST_FILES {
                return None;
            }
            let name = place.name().to_owned();
            self.by_name.entry(name).or_default().push(place.clone());
        }
        Some(self.files.entry(place.clone()).or_default())
    }

    /// The state of the file that `place` means in this run.
    pub(super) fn of(&self, place: &Place) -> Option<&End> {
        self.find(place).map(|(_, end)| end)
    }

    /// Every file that either run wrote and that is not gone from both.
    pub(super) fn compare(&self, other: &Self) -> Vec<ComparedFile> {
        let mut taken = BTreeSet::new();
        let mut files = Vec::new();
        for (place, end) in &self.files {
            let found = other
                .find(place)
                .filter(|(at, _)| taken.insert((*at).clone()));
            files.extend(compared(place, Some(end), found.map(|(_, end)| end)));
        }
        for (place, end) in other.files.iter().filter(|(at, _)| !taken.contains(*at)) {
            files.extend(compared(place, None, Some(end)));
        }
        files.sort_by(|one, other| one.path.cmp(&other.path));
        files
    }

    fn find(&self, place: &Place) -> Option<(&Place, &End)> {
        if let Some(found) = self.files.get_key_value(place) {
            return Some(found);
        }
        let named = self.by_name.get(place.name())?.iter();
        let kin = named.map(|at| (at.compare(place), at));
        let (_, at) = kin
            .filter(|(kinship, _)| kinship.is_one_file())
            .min_by_key(|(kinship, _)| *kinship)?;
        self.files.get_key_value(at)
    }
}

impl End {
    /// True when the file is there.
    pub(super) fn exists(&self) -> bool {
        self.exists
    }

    /// The share of a change's text that the file holds; `None` when that cannot be told.
    pub(super) fn holds(&self, text: &Sketch) -> Option<f64> {
        if !self.exists {
            return Some(0.0);
        }
        if self.tells_nothing() || text.is_empty() {
            return None;
        }
        text.contained_in(&self.text)
    }

    /// True when no word of it is known.
    fn tells_nothing(&self) -> bool {
        self.unknown || (self.exact.is_none() && self.text.is_empty())
    }

    /// True when every word of it is known.
    pub(super) fn is_exact(&self) -> bool {
        self.exact.is_some()
    }

    /// How alike both texts are, as far as they are known: a part is looked for in the whole.
    fn likeness(&self, other: &Self) -> f64 {
        let part_of = |part: &Self, whole: &Self| part.text.contained_in(&whole.text);
        match (self.exact, other.exact) {
            (Some(_), Some(_)) => self.text.likeness(&other.text),
            (None, Some(_)) => part_of(self, other).unwrap_or(0.0),
            (Some(_), None) => part_of(other, self).unwrap_or(0.0),
            (None, None) => {
                let both = [part_of(self, other), part_of(other, self)];
                both.into_iter().flatten().fold(0.0, f64::max)
            }
        }
    }

    /// True when both are known whole and are the same.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.exists == other.exists && self.exact.is_some() && self.exact == other.exact
    }
}

/// What is known of a text that is not known whole.
fn known_lines(text: &Text<'_>) -> Sketch {
    let mut all = String::new();
    for line in text.lines() {
        all.push_str(line.text);
        all.push('\n');
    }
    Sketch::of(&all, KEPT_RUNS)
}

fn compared(place: &Place, a: Option<&End>, b: Option<&End>) -> Option<ComparedFile> {
    let there = |end: Option<&End>| end.is_some_and(|end| end.exists);
    let exact = a.is_none_or(|a| a.exact.is_some()) && b.is_none_or(|b| b.exact.is_some());
    let mut likeness = None;
    let relation = match (there(a), there(b)) {
        (false, false) => return None,
        (true, false) => FileRelation::OnlyA,
        (false, true) => FileRelation::OnlyB,
        (true, true) => {
            let (a, b) = (a?, b?);
            if a.is_same(b) {
                likeness = Some(1.0);
                FileRelation::Same
            } else if a.tells_nothing() || b.tells_nothing() {
                FileRelation::Unknown
            } else {
                let share = a.likeness(b);
                likeness = Some(share);
                if share >= ALIKE {
                    FileRelation::Alike
                } else {
                    FileRelation::Differs
                }
            }
        }
    };
    Some(ComparedFile {
        path: place.to_string(),
        relation,
        likeness,
        a_step_id: a.and_then(|a| a.step),
        b_step_id: b.and_then(|b| b.step),
        exact,
    })
}
