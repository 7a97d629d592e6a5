//! Going back: an editor's undo, and version control.

use super::{Place, Presence, Replay, there};
use crate::workspace::content::Content;
use crate::workspace::history::Operation;
use crate::workspace::line::Origin;

impl Replay {
    /// Keeps what a file holds, for an editor's undo.
    pub(super) fn remember(&mut self, file: usize) {
        let state = &mut self.files[file];
        if state.undo.len() >= UNDOS {
            state.undo.remove(0);
        }
        let now = state.now.clone();
        state.undo.push(now);
    }

    /// The last change of a file is taken back.
    pub(in crate::workspace) fn undo(&mut self, path: &str, place: Place) {
        let Some(file) = self.file(path) else { return };
        match self.files[file].undo.pop() {
            None | Some(Presence::Unseen) => self.unknown_restore(file, place),
            Some(before) => self.set(file, Operation::Restore, before, place),
        }
    }

    fn unknown_restore(&mut self, file: usize, place: Place) {
        self.files[file].history.existed = true;
        let now = there(Content::unknown(Origin::Before));
        self.files[file].inferred = false;
        self.set(file, Operation::Restore, now, place);
    }

    /// The state of a file version control goes back to: that of the last commit, or the one before
    /// the run.
    fn base(&self, file: usize) -> Option<Presence> {
        let history = &self.files[file].history;
        let versions = &history.versions;
        let version = match self.committed {
            Some(step) => history.version(step),
            None => versions
                .iter()
                .take_while(|version| !version.operation.writes())
                .last(),
        };
        match version {
            Some(version) => Some(version.content.clone().map_or_else(
                || {
                    if version.exists {
                        there(Content::unknown(Origin::Before))
                    } else {
                        Presence::Gone
                    }
                },
                Presence::There,
            )),
            None if history.existed => Some(there(Content::unknown(Origin::Before))),
            None => None,
        }
    }

    /// A commit: what version control goes back to from now on.
    pub(in crate::workspace) fn commit(&mut self) {
        self.committed = Some(self.step);
    }

    /// Version control puts a file back; files it does not know stay.
    pub(in crate::workspace) fn restore(&mut self, path: &str, place: &Place) {
        if let Some(file) = self.find(path) {
            self.restore_file(file, place);
        }
        for file in self.below(path) {
            self.restore_file(file, place);
        }
    }

    fn restore_file(&mut self, file: usize, place: &Place) -> Option<Presence> {
        let base = self.base(file)?;
        let state = &self.files[file];
        if state.history.only_shown() {
            return None;
        }
        if let (Presence::There(a), Presence::There(b)) = (&state.now, &base)
            && a == b
        {
            return None;
        }
        let before = state.now.clone();
        self.remember(file);
        self.files[file].inferred = false;
        self.set(file, Operation::Restore, base, place.clone());
        Some(before)
    }

    /// `git stash`: what changed below a folder is put back and kept aside.
    pub(in crate::workspace) fn stash(&mut self, folder: &str, place: &Place) {
        let files = self.below(folder);
        let aside = files
            .into_iter()
            .filter_map(|file| Some((file, self.restore_file(file, place)?)))
            .collect();
        if self.stash.len() < UNDOS {
            self.stash.push(aside);
        }
    }

    /// `git stash pop`.
    pub(in crate::workspace) fn unstash(&mut self, place: &Place) {
        for (file, before) in self.stash.pop().unwrap_or_default() {
            self.set(file, Operation::Restore, before, place.clone());
        }
    }
}

/// Versions kept to be taken back by an editor's undo.
const UNDOS: usize = 32;
