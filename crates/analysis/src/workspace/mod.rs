//! The workspace time machine: every file a run wrote or showed, as it stood after every step.
//!
//! Edits of tools, heredocs, redirections, appends, `sed -i`, patches, `git` and moves are carried out
//! on what is known of the files; what the run shows of them, in listings, numbered views and diffs, is
//! held against the result ([`Workspace::checks`]) and then believed. Of a file that was only seen in
//! part the seen lines are known, at their places or, where lines came and went out of sight,
//! somewhere. A change the run does not record makes a version [`Fidelity::Inferred`] until the file is
//! shown again.
//!
//! One pass over the steps. Bounds: 64 MiB of distinct lines, four million lines held by all versions
//! together (then only the first and last versions of each file keep their text), files up to 200 000
//! lines.

mod check;
mod content;
mod diff;
mod folder;
mod git;
mod history;
mod ledger;
mod line;
mod listing;
mod notebook;
mod patch;
mod path;
mod python;
mod read;
mod replay;
mod sed;
mod shell;
mod view;

use std::collections::BTreeMap;

use trace::StepId;

pub use check::{Checks, EditChecks, FileCheck, ListingChecks};
pub use history::{BlamedLine, Fidelity, FileHistory, Operation, Provenance, Version};
pub use line::Origin;
pub use view::{FileDiff, Text};

use ledger::Ledger;
use line::Lines;

use crate::Index;

/// The files of a run through its steps.
pub struct Workspace {
    /// Sorted by path.
    files: Vec<FileHistory>,
    by_path: BTreeMap<String, usize>,
    lines: Lines,
    ledger: Ledger,
    /// Step, file and version, in step order.
    touches: Vec<(StepId, usize, usize)>,
    checks: Checks,
}

/// How the lines a step wrote fared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Survival {
    /// Lines that were its own when it ended.
    pub written: usize,
    /// Those of them that still stand at the end of the run.
    pub standing: usize,
}

impl Survival {
    /// The share of lines that still stand, 0 to 1.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts of lines")]
    pub fn share(&self) -> f64 {
        self.standing as f64 / self.written.max(1) as f64
    }
}

impl Workspace {
    /// Follows the files through the run; linear in its size.
    #[must_use]
    pub fn new(index: &Index<'_>) -> Self {
        let replay = read::replay(index);
        let mut order: Vec<usize> = (0..replay.files.len()).collect();
        order.sort_by(|a, b| {
            let path = |file: &usize| &replay.files[*file].history.path;
            path(a).cmp(path(b))
        });
        let mut place = vec![0; order.len()];
        for (new, &old) in order.iter().enumerate() {
            place[old] = new;
        }
        let mut touches = replay.touches;
        for touch in &mut touches {
            touch.1 = place[touch.1];
        }
        let mut checks = replay.checks;
        let mut files: Vec<(usize, FileHistory)> = Vec::with_capacity(order.len());
        for (old, state) in replay.files.into_iter().enumerate() {
            if state.check != FileCheck::default_at(&state.check.path) {
                checks.files.push(state.check);
            }
            files.push((place[old], state.history));
        }
        checks.files.sort_by(|a, b| a.path.cmp(&b.path));
        files.sort_by_key(|(place, _)| *place);
        let files: Vec<FileHistory> = files.into_iter().map(|(_, file)| file).collect();
        let by_path = files
            .iter()
            .enumerate()
            .map(|(at, file)| (file.path.clone(), at))
            .collect();
        Self {
            files,
            by_path,
            lines: replay.lines,
            ledger: replay.ledger,
            touches,
            checks,
        }
    }

    /// The files that have a version, sorted by path.
    pub fn files(&self) -> impl Iterator<Item = &FileHistory> {
        self.files.iter().filter(|file| !file.versions.is_empty())
    }

    /// The file with this path, or the only one whose path ends with it.
    #[must_use]
    pub fn file(&self, path: &str) -> Option<&FileHistory> {
        self.files.get(self.find(path)?)
    }

    fn find(&self, path: &str) -> Option<usize> {
        let path = path::normal("", path)?;
        if let Some(&file) = self.by_path.get(&path) {
            return Some(file);
        }
        let ending = format!("/{}", path.trim_start_matches('/'));
        let mut found = (0..self.files.len()).filter(|&file| {
            let file = &self.files[file];
            !file.versions.is_empty() && file.path.ends_with(&ending)
        });
        let first = found.next()?;
        found.next().is_none().then_some(first)
    }

    /// The versions a step made, with their files, in the order it made them.
    pub fn touched(&self, step: StepId) -> impl Iterator<Item = (&FileHistory, &Version)> {
        let from = self.touches.partition_point(|touch| touch.0 < step);
        let touches = self.touches.get(from..).unwrap_or_default().iter();
        touches
            .take_while(move |touch| touch.0 == step)
            .filter_map(|&(_, file, version)| {
                let file = self.files.get(file)?;
                Some((file, file.versions.get(version)?))
            })
    }

    /// The versions a step made by changing files, without those it only showed.
    pub fn written_by(&self, step: StepId) -> impl Iterator<Item = (&FileHistory, &Version)> {
        self.touched(step).filter(|(_, v)| v.operation.writes())
    }

    /// How the lines a step wrote fared; `None` when it wrote none whose text is known.
    #[must_use]
    pub fn survival(&self, step: StepId) -> Option<Survival> {
        let fate = self.ledger.fate(step)?;
        Some(Survival {
            written: fate.written,
            standing: fate.standing(),
        })
    }

    /// The step that took away the last line a step wrote; `None` while one stands, or when it wrote
    /// none.
    #[must_use]
    pub fn superseded(&self, step: StepId) -> Option<StepId> {
        self.ledger.fate(step)?.ended
    }

    /// The earlier step to whose state a step put a file back, as far as whole texts are known: the
    /// first of its files that holds again what it held after that step.
    #[must_use]
    pub fn reverted(&self, step: StepId) -> Option<StepId> {
        self.written_by(step)
            .find_map(|(_, version)| version.returns_to)
    }

    /// How the reconstruction compares with what the run shows later.
    #[must_use]
    pub fn checks(&self) -> &Checks {
        &self.checks
    }
}

#[cfg(test)]
mod tests;
