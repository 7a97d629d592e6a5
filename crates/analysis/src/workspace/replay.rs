//! Carries out on the files, one step after the other, what the steps did to them.

use std::collections::BTreeMap;
use std::ops::{Bound, Range};
use std::sync::Arc;

use trace::{RefPart, StepId};

use super::check::{Checks, FileCheck, Replayed};
use super::content::{Content, Found, inherit};
use super::history::{Fidelity, FileHistory, Operation, Provenance, Version};
use super::ledger::Ledger;
use super::line::{Line, Lines, Origin};
use super::listing::Listing;
use super::patch::{FilePatch, Hunk, Sign};
use super::shell::Form;

/// Lines of a file beyond which its text is not followed.
const FILE_LINES: usize = 200_000;

/// Lines held by all versions together, at 12 bytes each; past it only the first and the last versions
/// of every file keep their text.
const KEPT_LINES: usize = 4_000_000;

/// Versions kept to be taken back by an editor's undo.
const UNDOS: usize = 32;

/// Files followed in one run, and versions of all files together.
const FILES: usize = 100_000;
const VERSIONS: usize = 2_000_000;

/// Whether a file is there, and what it holds.
#[derive(Debug, Clone, Default)]
pub(super) enum Presence {
    /// Nothing was heard of it.
    #[default]
    Unseen,
    /// It is there.
    There(Arc<Content>),
    /// It went away.
    Gone,
}

impl Presence {
    /// What is known of it, where it is there.
    pub(super) fn content(&self) -> Option<&Arc<Content>> {
        match self {
            Self::There(content) => Some(content),
            Self::Unseen | Self::Gone => None,
        }
    }
}

/// One file, its past and its present.
pub(super) struct FileState {
    pub(super) history: FileHistory,
    pub(super) now: Presence,
    /// True when a change was made whose result is not recorded.
    inferred: bool,
    undo: Vec<Presence>,
    /// How its listings compared.
    pub(super) check: FileCheck,
}

/// How far a change could be carried out on what is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Done {
    /// On all that is known; what is not known does not matter to it.
    Fully,
    /// On what is known, as if it concerned nothing else.
    Partly,
    /// Not at all.
    Not,
}

/// A whole text, or only who wrote it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Text<'t> {
    /// These bytes.
    Known(&'t str),
    /// These bytes but for what a shell or program put in their place.
    About(&'t str),
    /// The run does not show it.
    Unknown,
}

/// The files while the run is read.
pub(super) struct Replay {
    pub(super) lines: Lines,
    pub(super) files: Vec<FileState>,
    by_path: BTreeMap<String, usize>,
    pub(super) ledger: Ledger,
    pub(super) checks: Checks,
    /// Files and versions in the order they came to be.
    pub(super) touches: Vec<(StepId, usize, usize)>,
    /// What the files the present step touched held before it.
    begun: BTreeMap<usize, Presence>,
    kept: usize,
    step: StepId,
    /// The step of the last `git commit`.
    committed: Option<StepId>,
    stash: Vec<Vec<(usize, Presence)>>,
}

impl Replay {
    pub(super) fn new() -> Self {
        Self {
            lines: Lines::default(),
            files: Vec::new(),
            by_path: BTreeMap::new(),
            ledger: Ledger::default(),
            checks: Checks::default(),
            touches: Vec::new(),
            begun: BTreeMap::new(),
            kept: 0,
            step: StepId::from_index(0),
            committed: None,
            stash: Vec::new(),
        }
    }

    /// Begins a step.
    pub(super) fn begin(&mut self, step: StepId) {
        self.step = step;
    }

    /// Ends the step: what it wrote and took away is booked.
    pub(super) fn end(&mut self) {
        for (file, before) in std::mem::take(&mut self.begun) {
            let after = self.files[file].now.content().map(Arc::as_ref);
            let before = before.content().map(Arc::as_ref);
            self.ledger.book(self.step, before, after);
        }
    }

    /// Where a file stands in `files`, once it was heard of.
    pub(super) fn find(&self, path: &str) -> Option<usize> {
        self.by_path.get(path).copied()
    }

    /// The files below a folder.
    pub(super) fn below(&self, folder: &str) -> Vec<usize> {
        let prefix = match folder {
            "" | "." => String::new(),
            folder => format!("{}/", folder.trim_end_matches('/')),
        };
        self.by_path
            .range::<str, _>((Bound::Included(prefix.as_str()), Bound::Unbounded))
            .take_while(|(path, _)| path.starts_with(&prefix))
            .map(|(_, file)| *file)
            .collect()
    }

    /// The whole text of a file, where it is known for sure.
    pub(super) fn text(&self, path: &str) -> Option<String> {
        let file = &self.files[self.find(path)?];
        if file.inferred {
            return None;
        }
        Some(self.lines.join(file.now.content()?.all()?))
    }

    fn file(&mut self, path: &str) -> Option<usize> {
        if let Some(file) = self.find(path) {
            return Some(file);
        }
        if self.files.len() >= FILES {
            return None;
        }
        self.by_path.insert(path.to_owned(), self.files.len());
        self.files.push(FileState {
            history: FileHistory {
                path: path.to_owned(),
                versions: Vec::new(),
                existed: false,
            },
            now: Presence::Unseen,
            inferred: false,
            undo: Vec::new(),
            check: FileCheck::default_at(path),
        });
        Some(self.files.len() - 1)
    }

    /// Sets what a file holds and notes the version.
    fn set(&mut self, file: usize, operation: Operation, now: Presence, place: Place) {
        let now = match now {
            Presence::There(content) if content.known() > FILE_LINES => {
                Presence::There(Arc::new(Content::unknown(Origin::Step(self.step))))
            }
            now => now,
        };
        let state = &mut self.files[file];
        let before = std::mem::replace(&mut state.now, now.clone());
        self.begun.entry(file).or_insert(before);
        if self.touches.len() >= VERSIONS {
            return;
        }
        let content = now.content().cloned();
        let fidelity = match &content {
            _ if state.inferred => Fidelity::Inferred,
            Some(content) if content.all().is_none() => Fidelity::Partial,
            _ => Fidelity::Exact,
        };
        self.kept += content.as_ref().map_or(0, |content| content.known());
        self.touches
            .push((self.step, file, state.history.versions.len()));
        state.history.versions.push(Version {
            step: self.step,
            operation,
            provenance: Provenance {
                step: self.step,
                part: place.part,
                bytes: place.bytes,
            },
            fidelity,
            exists: content.is_some(),
            content,
        });
        if self.kept > KEPT_LINES {
            self.thin();
        }
    }

    /// Lets go of the text of all versions but the first and the last two of every file.
    fn thin(&mut self) {
        self.kept = 0;
        for file in &mut self.files {
            let versions = &mut file.history.versions;
            let last = versions.len().saturating_sub(2);
            for version in versions.iter_mut().take(last).skip(1) {
                version.content = None;
            }
            let contents = versions.iter().filter_map(|v| v.content.as_ref());
            self.kept += contents.map(|content| content.known()).sum::<usize>();
        }
    }

    fn origin(&self) -> Origin {
        Origin::Step(self.step)
    }

    /// Creates or overwrites a file.
    pub(super) fn write(&mut self, path: &str, text: Text<'_>, operation: Operation, place: Place) {
        let Some(file) = self.file(path) else { return };
        self.remember(file);
        let origin = self.origin();
        let cut = match text {
            Text::Known(text) | Text::About(text) => self.lines.cut(text, origin),
            Text::Unknown => None,
        };
        self.files[file].inferred = matches!(text, Text::About(_));
        let content = match cut {
            Some(mut lines) => {
                if let Some(before) = self.files[file].now.content() {
                    let before: Vec<Line> = before.lines().copied().collect();
                    inherit(&before, &mut lines);
                }
                Content::whole(lines)
            }
            None => Content::unknown(origin),
        };
        self.set(file, operation, there(content), place);
    }

    /// Adds something at the end of a file.
    pub(super) fn append(&mut self, path: &str, text: Text<'_>, place: Place) {
        let Some(file) = self.file(path) else { return };
        let (Text::Known(added) | Text::About(added)) = text else {
            return self.program(path, place);
        };
        let present = match &self.files[file].now {
            Presence::Gone => return self.write(path, text, Operation::Append, place),
            Presence::Unseen => {
                // Whether it was there is not known; that it now ends so is.
                self.files[file].history.existed = true;
                Arc::new(Content::unknown(Origin::Before))
            }
            Presence::There(content) => Arc::clone(content),
        };
        let origin = self.origin();
        let Some(mut cut) = self.lines.cut(added, origin) else {
            return self.program(path, place);
        };
        let mut content = Content::clone(&present);
        if let Some(lines) = present.all() {
            let last = lines.last().map_or("", |line| self.lines.text(line.text));
            if last.is_empty() {
                let end = lines.len().saturating_sub(1)..lines.len();
                content.splice(end, cut);
            } else {
                let joined = format!("{last}{added}");
                let Some(lines_now) = self.lines.cut(&joined, origin) else {
                    return self.program(path, place);
                };
                content.splice(lines.len() - 1..lines.len(), lines_now);
            }
        } else {
            let closes = cut
                .last()
                .is_some_and(|l| self.lines.text(l.text).is_empty());
            if closes {
                cut.pop();
            }
            content.end_with(cut);
        }
        self.files[file].inferred |= matches!(text, Text::About(_));
        self.set(file, Operation::Append, there(content), place);
    }

    /// A program changes a file in a way that is not shown: its lines may be what they were.
    pub(super) fn program(&mut self, path: &str, place: Place) {
        let Some(file) = self.file(path) else { return };
        self.remember(file);
        let held = self.files[file].now.content().cloned();
        self.files[file].inferred = held.is_some();
        let now = held.map_or_else(|| there(Content::unknown(self.origin())), Presence::There);
        self.set(file, Operation::Program, now, place);
    }

    /// Notes that a folder or file exists or was touched, which changes no text.
    pub(super) fn touch(&mut self, path: &str, place: Place) {
        let Some(file) = self.file(path) else { return };
        match self.files[file].now {
            Presence::There(_) | Presence::Unseen => {}
            Presence::Gone => self.write(path, Text::Known(""), Operation::Write, place),
        }
    }

    /// A file goes away, or a folder with all in it.
    pub(super) fn remove(&mut self, path: &str, whole_folder: bool, place: &Place) {
        let mut files = if whole_folder {
            self.below(path)
        } else {
            Vec::new()
        };
        if files.is_empty() {
            files.extend(self.file(path));
        } else {
            files.extend(self.find(path));
        }
        for file in files {
            self.remember(file);
            if matches!(self.files[file].now, Presence::Unseen) {
                self.files[file].history.existed = true;
            }
            if !matches!(self.files[file].now, Presence::Gone) {
                self.files[file].inferred = false;
                self.set(file, Operation::Delete, Presence::Gone, place.clone());
            }
        }
    }

    /// A file or folder is moved (or copied, where it stays).
    pub(super) fn carry(&mut self, from: &str, to: &str, stays: bool, place: &Place) {
        let below = self.below(from);
        if below.is_empty() {
            return self.carry_one(from, to, stays, place);
        }
        let prefix = format!("{from}/");
        for file in below {
            let path = self.files[file].history.path.clone();
            if let Some(rest) = path.strip_prefix(&prefix) {
                self.carry_one(&path, &format!("{to}/{rest}"), stays, place);
            }
        }
    }

    fn carry_one(&mut self, from: &str, to: &str, stays: bool, place: &Place) {
        if from == to {
            return;
        }
        let (Some(source), Some(target)) = (self.file(from), self.file(to)) else {
            return;
        };
        let (now, inferred) = match &self.files[source].now {
            Presence::There(content) => (
                Presence::There(Arc::clone(content)),
                self.files[source].inferred,
            ),
            Presence::Unseen => {
                self.files[source].history.existed = true;
                (there(Content::unknown(Origin::Before)), false)
            }
            Presence::Gone => return,
        };
        self.remember(target);
        self.files[target].inferred = inferred;
        let operation = if stays {
            Operation::Copy
        } else {
            Operation::Move
        };
        self.set(target, operation, now, place.clone());
        if !stays {
            self.remove(from, false, place);
        }
    }

    /// Keeps what a file holds, for an editor's undo.
    fn remember(&mut self, file: usize) {
        let state = &mut self.files[file];
        if state.undo.len() >= UNDOS {
            state.undo.remove(0);
        }
        let now = state.now.clone();
        state.undo.push(now);
    }

    /// The last change of a file is taken back.
    pub(super) fn undo(&mut self, path: &str, place: Place) {
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
    pub(super) fn commit(&mut self) {
        self.committed = Some(self.step);
    }

    /// Version control puts a file back; files it does not know stay.
    pub(super) fn restore(&mut self, path: &str, place: &Place) {
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
    pub(super) fn stash(&mut self, folder: &str, place: &Place) {
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
    pub(super) fn unstash(&mut self, place: &Place) {
        for (file, before) in self.stash.pop().unwrap_or_default() {
            self.set(file, Operation::Restore, before, place.clone());
        }
    }

    /// Puts `new` in the place of `old`.
    pub(super) fn replace(&mut self, path: &str, old: &str, new: &str, all: bool, place: Place) {
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
    pub(super) fn substitute(&mut self, path: &str, old: &str, new: &str, all: bool, place: Place) {
        self.transform(path, Operation::Edit, place, |content, lines, origin| {
            let found = if all {
                content.replace(old, new, true, origin, lines)
            } else {
                content.replace_first(old, new, origin, lines)
            };
            match found {
                Some(Found::Times(1..)) => Done::Fully,
                Some(Found::Times(0)) => Done::Not,
                Some(Found::Unknown) => match lines.cut(new, origin) {
                    // It is somewhere, if it was found.
                    Some(with) => {
                        content.somewhere(with, old.split('\n').count());
                        Done::Partly
                    }
                    None => Done::Not,
                },
                None => Done::Not,
            }
        });
    }

    /// What a file that must be there holds; one never seen was there before the run.
    fn present(&mut self, file: usize) -> Arc<Content> {
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
    pub(super) fn overwrite(
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
    pub(super) fn transform(
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

    /// Applies what a patch says about one file; paths are already normal.
    pub(super) fn patch(
        &mut self,
        old: Option<&str>,
        new: Option<&str>,
        patch: &FilePatch<'_>,
        place: &Place,
    ) {
        match (old, new) {
            (_, Some(new)) if patch.creates => {
                let after = patch.hunks.iter().flat_map(Hunk::after);
                let text: String = after.flat_map(|line| [line, "\n"]).collect();
                self.checks.edit(self.step, Replayed::Exactly);
                self.write(new, Text::Known(&text), Operation::Patch, place.clone());
            }
            (Some(old), None) => self.remove(old, false, place),
            (Some(old), Some(new)) => {
                if old != new {
                    self.carry(old, new, false, place);
                }
                if !patch.hunks.is_empty() {
                    self.apply(new, &patch.hunks, place.clone());
                }
            }
            _ => {}
        }
    }

    fn apply(&mut self, path: &str, hunks: &[Hunk<'_>], place: Place) {
        let Some(file) = self.file(path) else { return };
        let present = self.present(file);
        let mut content = Content::clone(&present);
        let origin = self.origin();
        self.remember(file);
        self.stood(file, &mut content, hunks, &place);
        let mut moved: isize = 0;
        for hunk in hunks {
            let replayed = apply_hunk(&mut content, hunk, moved, origin, &mut self.lines);
            moved += balance(hunk);
            self.checks.edit(self.step, replayed);
            self.files[file].inferred |=
                matches!(replayed, Replayed::NotFound | Replayed::Ambiguous);
        }
        self.set(file, Operation::Patch, there(content), place);
    }

    /// Takes in the lines a patch says stood in a file, where nothing was known of them.
    fn stood(&mut self, file: usize, content: &mut Content, hunks: &[Hunk<'_>], place: &Place) {
        if content.all().is_some() {
            return;
        }
        let mut learned = false;
        for hunk in hunks {
            let rest = content.rest;
            let before = hunk.before().map(|line| {
                Some(Line {
                    text: self.lines.number(line)?,
                    origin: rest,
                })
            });
            let Some(before) = before.collect::<Option<Vec<Line>>>() else {
                return;
            };
            let numbers: Vec<u32> = before.iter().map(|line| line.text).collect();
            if before.is_empty() || content.seek(&numbers, None).is_some() {
                continue;
            }
            learned = true;
            match hunk.old_start.and_then(|start| start.checked_sub(1)) {
                Some(at) => content.shown(at..at + before.len(), &before),
                None => content.note(before),
            }
        }
        if learned {
            self.set(file, Operation::Show, there(content.clone()), place.clone());
        }
    }

    /// What a file holds now and how many versions of it there are, for a listing that is read later.
    pub(super) fn mark(&mut self, path: &str) -> Option<Mark> {
        let file = self.file(path)?;
        let state = &self.files[file];
        Some(Mark {
            file,
            held: state.now.clone(),
            inferred: state.inferred,
            versions: state.history.versions.len(),
        })
    }

    /// The text a command printed of a file in some form, where it is known for sure.
    pub(super) fn printed(&self, mark: &Mark, form: Form) -> Option<String> {
        if mark.inferred {
            return None;
        }
        let lines = mark.held.content()?.all()?;
        let closed = lines
            .last()
            .is_some_and(|l| self.lines.text(l.text).is_empty());
        let Form::Plain { first, count } = form else {
            return None;
        };
        let body = lines.len() - usize::from(closed);
        let from = first.min(body);
        let to = count.map_or(body, |count| from.saturating_add(count).min(body));
        let mut text = self.lines.join(&lines[from..to]);
        if to > from && (to < body || closed) {
            text.push('\n');
        }
        Some(text)
    }

    /// Takes in what the run showed of a file as it stood at `mark`, after comparing it with what was
    /// believed then.
    pub(super) fn show(&mut self, mark: &Mark, listing: &Listing<'_>) {
        let Mark { file, held, .. } = mark;
        let file = *file;
        let Some(mut shown) = self.content_of(listing, held.content()) else {
            return;
        };
        self.check(mark, &shown);
        let versions = &self.files[file].history.versions;
        let later = versions.get(mark.versions..).unwrap_or_default();
        if later.iter().any(|version| version.operation.writes()) {
            return;
        }
        let rest = match held {
            Presence::There(content) => content.rest,
            Presence::Unseen => {
                self.files[file].history.existed = true;
                Origin::Before
            }
            Presence::Gone => Origin::Unseen(self.step),
        };
        let unseen = Origin::Unseen(self.step);
        let mut content = self.files[file]
            .now
            .content()
            .map_or_else(|| Content::unknown(rest), |held| Content::clone(held));
        let known = matches!(self.files[file].now, Presence::There(_));
        shown.adopt(known.then_some(&mut content), rest, unseen);
        let (_, differ) = shown.compare(&content);
        if shown.all().is_some() {
            self.files[file].inferred = false;
            content = shown;
        } else {
            self.files[file].inferred |= differ > 0;
            content.merge(shown);
        }
        let same = self.files[file]
            .now
            .content()
            .is_some_and(|now| **now == content);
        if !same || self.files[file].history.versions.is_empty() {
            let place = Place::observation(listing.bytes.clone());
            self.set(file, Operation::Show, there(content), place);
        }
    }

    /// The lines of a listing, each the one that was held where they only differ in what a terminal or
    /// a layout takes off.
    fn content_of(
        &mut self,
        listing: &Listing<'_>,
        held: Option<&Arc<Content>>,
    ) -> Option<Content> {
        let mut cut: Vec<Line> = Vec::with_capacity(listing.lines.len() + 1);
        for (offset, text) in listing.lines.iter().enumerate() {
            let held = held.and_then(|held| held.line(listing.first + offset));
            let alike = held.filter(|line| {
                let held = self.lines.text(line.text);
                is_alike(held, text) || (listing.screen && is_spaced_alike(held, text))
            });
            cut.push(Line {
                text: match alike {
                    Some(line) => line.text,
                    None => self.lines.number(text)?,
                },
                origin: Origin::Before,
            });
        }
        if !listing.whole || listing.first > 0 {
            let total = listing.total.map(|lines| lines + 1);
            return (!cut.is_empty()).then(|| Content::part(listing.first, cut, total));
        }
        // Whether the last line ends with a line feed is not shown; what was held tells, and else it
        // does, as text files do.
        let held = held.and_then(|held| held.all()).unwrap_or_default();
        let blank = |line: &&Line| self.lines.text(line.text).is_empty();
        let shown = cut.len() - cut.iter().rev().take_while(blank).count();
        let body = held.len() - held.iter().rev().take_while(blank).count();
        let same = !held.is_empty()
            && shown == body
            && cut[..shown].iter().zip(held).all(|(a, b)| a.text == b.text);
        if same {
            return Some(Content::whole(held.to_vec()));
        }
        let text = self.lines.number("")?;
        if cut.last().is_none_or(|line| line.text != text) {
            cut.push(Line {
                text,
                origin: Origin::Before,
            });
        }
        Some(Content::whole(cut))
    }

    /// Counts whether a listing is what was held.
    fn check(&mut self, mark: &Mark, shown: &Content) {
        let state = &mut self.files[mark.file];
        let versions = state.history.versions.get(..mark.versions);
        let changed = versions.is_some_and(|v| v.iter().any(|v| v.operation.states_text()));
        let counts = if changed {
            &mut state.check.changed
        } else {
            &mut state.check.unchanged
        };
        let (shared, differ) = match &mark.held {
            Presence::There(held) => shown.compare(held),
            // A program may have made it anew.
            Presence::Unseen | Presence::Gone => (0, 0),
        };
        counts.count(self.step, shared, differ, mark.inferred);
    }
}

/// A file at the moment a command showed it.
#[derive(Debug, Clone)]
pub(super) struct Mark {
    file: usize,
    held: Presence,
    inferred: bool,
    versions: usize,
}

/// True when `shown` is `held` as terminals and layouts print it: tabs as blanks, nothing at the end.
fn is_alike(held: &str, shown: &str) -> bool {
    let shown = shown.trim_end();
    if held.trim_end() == shown {
        return true;
    }
    // Some layouts expand tabs to a width of their own.
    held.contains('\t')
        && !shown.contains('\t')
        && held.split_whitespace().eq(shown.split_whitespace())
}

/// True when two lines differ only in how many blanks stand between their words: on a terminal a tab is as
/// wide as its place on the screen makes it.
fn is_spaced_alike(held: &str, shown: &str) -> bool {
    (held.contains('\t') || held.contains("  ") || shown.contains("  "))
        && held.split_whitespace().eq(shown.split_whitespace())
}

/// Where in a step something stands.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) part: RefPart,
    pub(super) bytes: Option<Range<usize>>,
}

impl Place {
    /// Somewhere in the action.
    pub(super) fn action(bytes: Option<Range<usize>>) -> Self {
        Self {
            part: RefPart::Action,
            bytes,
        }
    }

    /// These bytes of the observation.
    pub(super) fn observation(bytes: Range<usize>) -> Self {
        Self {
            part: RefPart::Observation,
            bytes: Some(bytes),
        }
    }
}

fn there(content: Content) -> Presence {
    Presence::There(Arc::new(content))
}

/// By how many lines a hunk makes a file longer.
fn balance(hunk: &Hunk<'_>) -> isize {
    let count = |sign| hunk.rows.iter().filter(|row| row.0 == sign).count();
    count(Sign::Added).cast_signed() - count(Sign::Gone).cast_signed()
}

/// Applies one hunk where its lines are found, nearest to where it says.
fn apply_hunk(
    content: &mut Content,
    hunk: &Hunk<'_>,
    moved: isize,
    origin: Origin,
    lines: &mut Lines,
) -> Replayed {
    let before: Option<Vec<u32>> = hunk.before().map(|line| lines.number(line)).collect();
    let Some(before) = before else {
        return Replayed::Unseen;
    };
    let stated = hunk.old_start.map(|start| {
        // An addition to nothing states the line before it.
        let at = if before.is_empty() {
            start
        } else {
            start.saturating_sub(1)
        };
        at.saturating_add_signed(moved)
    });
    let place = content.seek(&before, stated);
    let rows: Option<Vec<Line>> = hunk
        .after()
        .map(|line| {
            Some(Line {
                text: lines.number(line)?,
                origin,
            })
        })
        .collect();
    let Some(mut after) = rows else {
        return Replayed::Unseen;
    };
    if let Some((at, sure)) = place {
        let range = at..at + before.len();
        let known: Vec<Line> = range
            .clone()
            .filter_map(|at| content.line(at).copied())
            .collect();
        inherit(&known, &mut after);
        content.overwrite(range, after);
        return if sure {
            Replayed::Exactly
        } else {
            Replayed::Ambiguous
        };
    }
    let replayed = if content.all().is_some() {
        Replayed::NotFound
    } else {
        Replayed::Unseen
    };
    mark_context(content, hunk, &mut after);
    if content.replace_loose(&before, &after) {
        return replayed;
    }
    match stated {
        Some(at) if replayed == Replayed::Unseen => {
            content.overwrite(at..at + before.len(), after);
        }
        _ => content.somewhere(after, before.len()),
    }
    replayed
}

/// Lines a hunk only shows were there before it.
fn mark_context(content: &Content, hunk: &Hunk<'_>, after: &mut [Line]) {
    let rows = hunk.rows.iter().filter(|(sign, _)| *sign != Sign::Gone);
    for ((sign, _), line) in rows.zip(after) {
        if *sign == Sign::Both {
            line.origin = content.rest;
        }
    }
}
