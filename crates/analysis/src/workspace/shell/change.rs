//! Commands that change, move and delete files.

use super::text::fed;
use super::view::refiltered;
use super::{Printed, Shell, flag, operands};
use crate::shell::{Invocation, Redirect, base_name};
use crate::workspace::content::Content;
use crate::workspace::history::Operation;
use crate::workspace::line::{Lines, Origin};
use crate::workspace::patch;
use crate::workspace::replay::{Done, Place, Text};
use crate::workspace::sed;

impl Shell<'_> {
    pub(super) fn sed(&mut self, command: &Invocation, input: Printed) -> Printed {
        let call = sed::Call::read(&command.args);
        if !call.in_place {
            let Some(form) = sed::printed_range(&call) else {
                return Printed::Unknown;
            };
            return match call.files.as_slice() {
                [] => refiltered(input, form),
                [file] => self
                    .shows(file, form)
                    .map_or(Printed::Unknown, |shows| Printed::Files(vec![shows])),
                _ => Printed::Unknown,
            };
        }
        let program = if command.expands || command.conditional {
            None
        } else {
            sed::Program::read(&call.scripts, call.extended, call.quiet)
        };
        for file in self.each(&call.files) {
            if let Some(suffix) = &call.backup {
                let place = Place::action(None);
                self.replay
                    .carry(&file, &format!("{file}{suffix}"), true, &place);
            }
            self.transform(
                &file,
                program
                    .as_ref()
                    .map(|p| |c: &mut Content, l: &mut _, o| p.run(c, l, o)),
            );
        }
        Printed::Nothing
    }

    pub(super) fn perl(&mut self, command: &Invocation) -> Printed {
        let Some(call) = sed::perl(&command.args) else {
            return Printed::Unknown;
        };
        let program = if command.expands || command.conditional {
            None
        } else {
            call.program
        };
        for file in self.each(&call.files) {
            self.transform(
                &file,
                program
                    .as_ref()
                    .map(|p| |c: &mut Content, l: &mut _, o| p.run(c, l, o)),
            );
        }
        Printed::Nothing
    }

    /// Changes a file by a program, or says that it was changed in some way.
    fn transform(
        &mut self,
        path: &str,
        change: Option<impl FnOnce(&mut Content, &mut Lines, Origin) -> Done>,
    ) {
        self.handled.push(path.to_owned());
        let place = Place::action(None);
        match change {
            Some(change) => self.replay.transform(path, Operation::Edit, place, change),
            None => self.replay.program(path, place),
        }
    }

    /// The files some words name, simple patterns included.
    fn each(&self, words: &[&str]) -> Vec<String> {
        let mut found = Vec::new();
        for word in words {
            match self.folder.path(word) {
                Some(path) => found.push(path),
                None => found.extend(self.matching(word)),
            }
        }
        found
    }

    /// The files a pattern with one `*` in its last part stands for.
    fn matching(&self, pattern: &str) -> Vec<String> {
        let (folder, name) = pattern.rsplit_once('/').unwrap_or((".", pattern));
        let Some((before, after)) = name.split_once('*') else {
            return Vec::new();
        };
        if after.contains('*') || name.contains(['$', '`', '?', '[', '{']) {
            return Vec::new();
        }
        let Some(folder) = self.folder.path(folder) else {
            return Vec::new();
        };
        let files = self.replay.below(&folder).into_iter();
        files
            .map(|file| self.replay.files[file].history.path.clone())
            .filter(|path| {
                path.strip_prefix(folder.as_str())
                    .and_then(|rest| rest.strip_prefix('/'))
                    .is_some_and(|name| {
                        !name.contains('/')
                            && name.len() >= before.len() + after.len()
                            && name.starts_with(before)
                            && name.ends_with(after)
                    })
            })
            .collect()
    }

    pub(super) fn carry(&mut self, command: &Invocation) -> Printed {
        let mut words: Vec<&str> = operands(&command.args).collect();
        let stays = command.program == "cp";
        let Some(to) = words.pop() else {
            return Printed::Nothing;
        };
        if words.is_empty() || command.args.iter().any(|a| a == "-t") {
            return Printed::Unknown;
        }
        let Some(target) = self.folder.path(to) else {
            return Printed::Nothing;
        };
        let sources = self.each(&words);
        let folder = to.ends_with('/')
            || words.len() > 1
            || matches!(to, "." | ".." | "/tmp" | "~")
            || self.replay.is_folder(&target);
        for from in sources {
            let to = if folder {
                format!("{target}/{}", base_name(&from))
            } else {
                target.clone()
            };
            self.replay.carry(&from, &to, stays, &Place::action(None));
            self.handled.extend([from, to]);
        }
        self.handled.push(target);
        Printed::Nothing
    }

    pub(super) fn remove(&mut self, command: &Invocation) -> Printed {
        let whole = flag(&command.args, 'r') || flag(&command.args, 'R');
        let words: Vec<&str> = operands(&command.args).collect();
        for path in self.each(&words) {
            self.replay.remove(&path, whole, &Place::action(None));
            self.handled.push(path);
        }
        Printed::Nothing
    }

    pub(super) fn truncate(&mut self, command: &Invocation) {
        let empties = command.args.windows(2).any(|w| w[0] == "-s" && w[1] == "0");
        let files = operands(&command.args).filter(|arg| *arg != "0");
        for path in self.paths(files) {
            if empties {
                let place = Place::action(None);
                self.replay
                    .write(&path, Text::Known(""), Operation::Write, place);
            } else {
                self.replay.program(&path, Place::action(None));
            }
            self.handled.push(path);
        }
    }

    /// `patch` and its like: the text comes from a heredoc, a pipe, a file or an argument.
    pub(in crate::workspace) fn patch(&mut self, command: &Invocation, input: &Printed) {
        let fed = fed(command);
        let read = command.redirects.iter().find_map(Redirect::read_path);
        let named = command
            .args
            .iter()
            .find(|arg| {
                let ending = arg.rsplit_once('.').map(|(_, ending)| ending);
                matches!(ending, Some("patch" | "diff"))
            })
            .map(String::as_str)
            .or_else(|| {
                let at = command
                    .args
                    .iter()
                    .position(|a| a == "-i" || a == "--input")?;
                command.args.get(at + 1).map(String::as_str)
            });
        let argument = command.args.iter().find(|arg| arg.contains('\n'));
        let reverse = command.args.iter().any(|a| a == "-R" || a == "--reverse");
        if reverse
            || command
                .args
                .iter()
                .any(|a| a == "--check" || a == "--dry-run" || a == "--stat")
        {
            return;
        }
        let text = match (fed, argument, read.or(named)) {
            (Some(Printed::Known(text) | Printed::About(text)), _, _) => Some(text),
            (_, Some(argument), _) => Some(argument.clone()),
            (_, _, Some(path)) => self
                .folder
                .path(path)
                .and_then(|path| self.replay.text(&path)),
            _ => self.known_text(input).map(|(text, _)| text.into_owned()),
        };
        let text = text.unwrap_or_default();
        if self.rejected() {
            return;
        }
        let place = self.place_of(&text);
        for file in patch::read(&text) {
            let old = file.old.and_then(|path| self.patched(path));
            let new = file.new.and_then(|path| self.patched(path));
            self.handled.extend(old.iter().chain(&new).cloned());
            self.replay
                .patch(old.as_deref(), new.as_deref(), &file, &place);
        }
    }

    /// The file a patch means: as it says, or without the first folder where only that is known.
    fn patched(&self, path: &str) -> Option<String> {
        let direct = self.folder.path(path)?;
        if self.replay.find(&direct).is_none()
            && let Some((_, rest)) = path.split_once('/')
            && let Some(stripped) = self.folder.path(rest)
            && self.replay.find(&stripped).is_some()
        {
            return Some(stripped);
        }
        Some(direct)
    }
}
