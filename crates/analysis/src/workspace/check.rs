//! The reconstruction held against what the run shows later.

use serde::Serialize;
use trace::StepId;

/// How many steps are named for each kind of fault.
const NAMED: usize = 32;

/// How a change to a file could be carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Replayed {
    /// What it replaces was found where it must be, once.
    Exactly,
    /// What it replaces was found more than once.
    Ambiguous,
    /// The file is known and does not hold what it replaces.
    NotFound,
    /// The part of the file it changes was never shown.
    Unseen,
}

/// How well edits could be carried out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct EditChecks {
    /// What the edit replaces was found, once, or everywhere it asked for.
    pub exact: usize,
    /// It was found more than once: one of the places is the right one.
    pub ambiguous: usize,
    /// The file is known and does not hold it: the reconstruction is wrong.
    pub not_found: usize,
    /// The part of the file it changes was never shown before: nothing to replay it on.
    pub unseen: usize,
    /// The steps of the first edits that were not found or found more than once.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<StepId>,
}

/// How often what the run showed was what the reconstruction held.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ListingChecks {
    /// Every line that was shown and believed to be known was the same.
    pub matches: usize,
    /// A line differed although the reconstruction was exact: a fault of it, or a change the run does
    /// not show.
    pub differs: usize,
    /// A line differed in a version that was only inferred.
    pub differs_inferred: usize,
    /// Nothing of what was shown was known before.
    pub unknown: usize,
    /// The steps whose listings differed first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<StepId>,
}

impl ListingChecks {
    /// Counts a listing with how many lines of it were known and how many of those differed.
    pub(super) fn count(&mut self, step: StepId, shared: usize, differ: usize, inferred: bool) {
        match (shared, differ) {
            (_, 1..) => {
                if inferred {
                    self.differs_inferred += 1;
                } else {
                    self.differs += 1;
                }
                if self.steps.len() < NAMED {
                    self.steps.push(step);
                }
            }
            (0, _) => self.unknown += 1,
            _ => self.matches += 1,
        }
    }
}

/// The checks of one file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct FileCheck {
    /// The path as it is compared.
    pub path: String,
    /// Listings of it after the run had changed it.
    pub changed: ListingChecks,
    /// Listings of it while the run had only seen it.
    pub unchanged: ListingChecks,
}

impl FileCheck {
    /// Nothing checked yet.
    pub(super) fn default_at(path: &str) -> Self {
        Self {
            path: path.to_owned(),
            ..Self::default()
        }
    }
}

/// The reconstruction held against what the run shows later.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Checks {
    /// Over all edits that state what they replace.
    pub edits: EditChecks,
    /// The files that were shown, by path.
    pub files: Vec<FileCheck>,
}

impl Checks {
    /// Counts an edit.
    pub(super) fn edit(&mut self, step: StepId, replayed: Replayed) {
        let edits = &mut self.edits;
        match replayed {
            Replayed::Exactly => edits.exact += 1,
            Replayed::Ambiguous => edits.ambiguous += 1,
            Replayed::NotFound => edits.not_found += 1,
            Replayed::Unseen => edits.unseen += 1,
        }
        let faulty = matches!(replayed, Replayed::Ambiguous | Replayed::NotFound);
        if faulty && edits.steps.len() < NAMED {
            edits.steps.push(step);
        }
    }
}
