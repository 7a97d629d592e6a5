//! Files that come, go, grow and move as a whole.

use std::sync::Arc;

use super::{Place, Presence, Replay, Text, there};
use crate::workspace::content::{Content, inherit};
use crate::workspace::history::Operation;
use crate::workspace::line::{Line, Origin};

impl Replay {
    /// Creates or overwrites a file.
    pub(in crate::workspace) fn write(
        &mut self,
        path: &str,
        text: Text<'_>,
        operation: Operation,
        place: Place,
    ) {
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
    pub(in crate::workspace) fn append(&mut self, path: &str, text: Text<'_>, place: Place) {
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
    pub(in crate::workspace) fn program(&mut self, path: &str, place: Place) {
        let Some(file) = self.file(path) else { return };
        self.remember(file);
        let held = self.files[file].now.content().cloned();
        self.files[file].inferred = held.is_some();
        let now = held.map_or_else(|| there(Content::unknown(self.origin())), Presence::There);
        self.set(file, Operation::Program, now, place);
    }

    /// Notes that a folder or file exists or was touched, which changes no text.
    pub(in crate::workspace) fn touch(&mut self, path: &str, place: Place) {
        let Some(file) = self.file(path) else { return };
        match self.files[file].now {
            Presence::There(_) | Presence::Unseen => {}
            Presence::Gone => self.write(path, Text::Known(""), Operation::Write, place),
        }
    }

    /// A file goes away, or a folder with all in it.
    pub(in crate::workspace) fn remove(&mut self, path: &str, whole_folder: bool, place: &Place) {
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
    pub(in crate::workspace) fn carry(&mut self, from: &str, to: &str, stays: bool, place: &Place) {
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
}
