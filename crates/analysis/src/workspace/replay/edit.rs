//! Changes of parts of a file.

use std::ops::Range;
use std::sync::Arc;

use super::{Place, Presence, Replay, Text, there};
use crate::workspace::check::Replayed;
use crate::workspace::content::{Content, Found, inherit};
use crate::workspace::history::Operation;
use crate::workspace::line::{Line, Lines, Origin};

impl Replay {
    /// Puts `new` in the place of `old`.
    pub(in crate::workspace) fn replace(
        &mut self,
        path: &str,
        old: &str,
        new: &str,
        all: bool,
        place: Place,
    ) {
        let Some(file) = self.file(path) else { return };
        if old.is_empty() {
            self.checks.edit(self.step, Replayed::Exactly);
            return self.write(path, Text::Known(new), Operation::Write, place);
        }
        let present = self.present(file);
        let mut content = Content::clone(&present);
        let origin = self.origin();
        self.remember(file);
        let mut found = content.replace(old, new, all, origin, &mut self.lines);
        self.checks.edit(
            self.step,
            match found {
                Some(Found::Times(1)) => Replayed::Exactly,
                Some(Found::Times(2..)) if all => Replayed::Exactly,
                Some(Found::Times(0)) => Replayed::NotFound,
                Some(Found::Times(_)) => Replayed::Ambiguous,
                Some(Found::Unknown) | None => Replayed::Unseen,
            },
        );
        self.files[file].inferred |= match found {
            Some(Found::Times(times)) => times == 0 || (times > 1 && !all),
            Some(Found::Unknown) | None => false,
        };
        if matches!(found, Some(Found::Unknown | Found::Times(0))) {
            // The edit itself says what stood there, though not where.
            if let Some(stood) = self.lines.cut(old, content.rest) {
                content.note(stood);
                self.set(file, Operation::Show, there(content.clone()), place.clone());
            }
            found = content.replace(old, new, all, origin, &mut self.lines);
        }
        if found.is_none() {
            content = Content::unknown(origin);
        }
        self.set(file, Operation::Edit, there(content), place);
    }

    /// Puts `new` in the place of `old` as a program does, which need not find it.
    pub(in crate::workspace) fn substitute(
        &mut self,
        path: &str,
        old: &str,
        new: &str,
        all: bool,
        place: Place,
    ) {
        self.transform(path, Operation::Edit, place, |content, lines, origin| {
            let found = if all {
                content.replace(old, new, true, origin, lines)
            } else {
                content.replace_first(old, new, origin, lines)
            };
            match found {
                Some(Found::Times(1..)) => Done::Fully,
                Some(Found::Unknown) => match lines.cut(new, origin) {
                    // It is somewhere, if it was found.
                    Some(with) => {
                        content.somewhere(with, old.split('\n').count());
                        Done::Partly
                    }
                    None => Done::Not,
                },
                Some(Found::Times(0)) | None => Done::Not,
            }
        });
    }

    /// What a file that must be there holds; one never seen was there before the run.
    pub(super) fn present(&mut self, file: usize) -> Arc<Content> {
        match &self.files[file].now {
            Presence::There(content) => Arc::clone(content),
            Presence::Unseen => {
                self.files[file].history.existed = true;
                Arc::new(Content::unknown(Origin::Before))
            }
            Presence::Gone => Arc::new(Content::unknown(Origin::Unseen(self.step))),
        }
    }

    /// Replaces lines `range` (counted from 0) by whole lines of text.
    pub(in crate::workspace) fn overwrite(
        &mut self,
        path: &str,
        range: Range<usize>,
        text: &str,
        operation: Operation,
        place: Place,
    ) {
        let Some(file) = self.file(path) else { return };
        let present = self.present(file);
        self.remember(file);
        let mut content = Content::clone(&present);
        let origin = self.origin();
        let body = text.strip_suffix('\n').unwrap_or(text);
        let cut = if text.is_empty() {
            Some(Vec::new())
        } else {
            self.lines.cut(body, origin)
        };
        let known = present.all().map(<[Line]>::len);
        let fits = known.is_none_or(|len| range.start <= len && range.end <= len);
        match cut {
            Some(mut with) if fits => {
                let before: Vec<Line> = range
                    .clone()
                    .map_while(|at| present.line(at).copied())
                    .collect();
                inherit(&before, &mut with);
                content.overwrite(range, with);
                self.checks.edit(self.step, Replayed::Exactly);
            }
            Some(_) => {
                self.checks.edit(self.step, Replayed::NotFound);
                self.files[file].inferred = true;
            }
            None => content = Content::unknown(origin),
        }
        self.set(file, operation, there(content), place);
    }

    /// Changes what is known by `change`, which says whether it could be carried out.
    pub(in crate::workspace) fn transform(
        &mut self,
        path: &str,
        operation: Operation,
        place: Place,
        change: impl FnOnce(&mut Content, &mut Lines, Origin) -> Done,
    ) {
        let Some(file) = self.file(path) else { return };
        let present = self.present(file);
        let mut content = Content::clone(&present);
        let origin = self.origin();
        let done = change(&mut content, &mut self.lines, origin);
        let whole = present.all().is_some();
        self.checks.edit(
            self.step,
            match done {
                Done::Fully if whole => Replayed::Exactly,
                Done::Not if whole => Replayed::NotFound,
                Done::Fully | Done::Partly if content != *present => Replayed::Exactly,
                _ => Replayed::Unseen,
            },
        );
        self.remember(file);
        self.files[file].inferred |= done != Done::Fully;
        if done == Done::Not {
            content = Content::clone(&present);
        }
        if content == *present && done == Done::Fully && whole {
            // It found nothing to change.
            return;
        }
        self.set(file, operation, there(content), place);
    }
}

/// How far a change could be carried out on what is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::workspace) enum Done {
    /// On all that is known; what is not known does not matter to it.
    Fully,
    /// On what is known, as if it concerned nothing else.
    Partly,
    /// Not at all.
    Not,
}
