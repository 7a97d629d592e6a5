//! Programs in other languages, as far as their text is known.

use trace::StepStatus;

use super::{Shell, operands};
use crate::effect;
use crate::shell::{Invocation, unversioned};
use crate::workspace::history::Operation;
use crate::workspace::python;
use crate::workspace::replay::{Place, Text};

impl Shell<'_> {
    /// A program of which only its text may be known: the files it may have changed are no longer sure.
    pub(super) fn ran(&mut self, command: &Invocation) {
        let program = unversioned(&command.program);
        let interpreter = INTERPRETERS.contains(&program);
        let inline = if interpreter {
            command
                .args
                .iter()
                .position(|arg| arg == "-c" || arg == "-e")
                .and_then(|at| command.args.get(at + 1))
                .map(String::as_str)
                .or(command.input_text())
        } else {
            None
        };
        let script = if interpreter {
            operands(&command.args).next()
        } else {
            Some(command.written.as_str()).filter(|written| written.contains('/'))
        };
        let text = match (inline, script.and_then(|path| self.folder.path(path))) {
            (Some(text), _) => text.to_owned(),
            (None, Some(path)) => match self.replay.text(&path) {
                Some(text) => text,
                None => return,
            },
            (None, None) => return,
        };
        if effect::writing_idiom(&text).is_none() {
            return;
        }
        if program.starts_with("python") {
            self.python(&text, command);
        }
        let words = operands(&command.args).skip(usize::from(inline.is_none()));
        let mut paths = self.paths(words);
        paths.extend(self.paths(quoted(&text).into_iter()));
        for path in paths {
            if self.replay.find(&path).is_some() && !self.handled.contains(&path) {
                self.replay.program(&path, Place::action(None));
                self.handled.push(path);
            }
        }
    }

    /// What a Python program plainly does to files.
    fn python(&mut self, text: &str, command: &Invocation) {
        let unsure = command.conditional
            || self.outcome.status == StepStatus::Failed
            || (command.expands && command.input_text().is_none());
        for deed in python::read(text) {
            let Some(path) = self.folder.path(&deed.path) else {
                continue;
            };
            let place = Place::action(None);
            match deed.does {
                python::Does::Unknown => self.replay.program(&path, place),
                _ if unsure => self.replay.program(&path, place),
                python::Does::Write(text) => {
                    let place = self.place_of(&text);
                    self.replay
                        .write(&path, Text::Known(&text), Operation::Write, place);
                }
                python::Does::Append(text) => {
                    let place = self.place_of(&text);
                    self.replay.append(&path, Text::Known(&text), place);
                }
                python::Does::Replace(replaced) => {
                    for (old, new, count) in replaced {
                        let all = count.is_none();
                        self.replay
                            .substitute(&path, &old, &new, all, place.clone());
                    }
                }
            }
            self.handled.push(path);
        }
    }
}

/// Programs that run the text they are given.
const INTERPRETERS: &[&str] = &[
    "python", "python3", "python2", "node", "ruby", "perl", "php", "lua", "Rscript", "deno", "bun",
];

/// The short quoted texts of a program that may be paths, where it does not plainly read them.
fn quoted(text: &str) -> Vec<&str> {
    const LONGEST: usize = 200;
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['"', '\'']) {
        let quote = rest.as_bytes()[at];
        let before = rest[..at].trim_end();
        rest = &rest[at + 1..];
        let Some(end) = memchr::memchr2(quote, b'\n', rest.as_bytes()) else {
            break;
        };
        let word = &rest[..end];
        let closed = rest.as_bytes()[end] == quote;
        rest = &rest[end + usize::from(closed)..];
        let reads = (before.ends_with("open(") && !rest.starts_with(','))
            || before.ends_with("read_csv(")
            || before.ends_with("readFileSync(");
        let path = word.contains(['.', '/']) && !word.contains([' ', '\\', '%', '{', '<']);
        if closed && !reads && path && word.len() < LONGEST {
            found.push(word);
        }
    }
    found
}
