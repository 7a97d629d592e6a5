//! What shell commands do to files, carried out on what is known of them.

mod change;
mod complaint;
mod program;
mod text;
mod view;

use std::borrow::Cow;

use trace::{Step, StepOutcome};

use crate::shell::{Invocation, Redirect};
use crate::workspace::folder::Folder;
use crate::workspace::git;
use crate::workspace::history::Operation;
use crate::workspace::replay::{Mark, Place, Replay, Text};
use text::{echo, fed, printf};

/// What a command prints.
#[derive(Debug, Clone)]
pub(in crate::workspace) enum Printed {
    /// Nothing.
    Nothing,
    /// This text.
    Known(String),
    /// This text but for what the shell puts in its place.
    About(String),
    /// Lines of files, in this order.
    Files(Vec<Shows>),
    /// Lines found in several files, each behind its path and number.
    Searched,
    /// How files differ from what version control holds.
    Diff,
    /// A listing of a folder, which can be told from the lines of files.
    Listed,
    /// Something the run need not show.
    Unknown,
}

/// Lines of one file.
#[derive(Debug, Clone)]
pub(in crate::workspace) struct Shows {
    pub(in crate::workspace) mark: Mark,
    pub(in crate::workspace) form: Form,
}

/// How a command prints lines of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::workspace) enum Form {
    /// As they are, from this one on (counted from 0), at most so many; whole when there is no limit.
    Plain { first: usize, count: Option<usize> },
    /// With their numbers in front, one after the other.
    Numbered {
        /// True when nothing is left out.
        whole: bool,
    },
    /// With their numbers in front, some of them.
    Found,
    /// Some of them, without saying which.
    Some,
}

/// What a command printed where the run can see it.
#[derive(Debug, Clone)]
pub(in crate::workspace) struct Piece {
    /// Which of the step's commands.
    pub(in crate::workspace) command: usize,
    pub(in crate::workspace) printed: Printed,
}

/// Carries out the commands of one step.
pub(in crate::workspace) struct Shell<'s> {
    pub(in crate::workspace) replay: &'s mut Replay,
    pub(in crate::workspace) folder: &'s mut Folder,
    pub(in crate::workspace) step: &'s Step,
    pub(in crate::workspace) outcome: &'s StepOutcome,
    /// Paths the commands dealt with.
    pub(in crate::workspace) handled: Vec<String>,
    pub(in crate::workspace) pieces: Vec<Piece>,
}

impl Shell<'_> {
    /// Carries out the commands in order.
    pub(in crate::workspace) fn run(&mut self, commands: &[Invocation]) {
        if self.refused() {
            return;
        }
        let broke_off = self.broke_off();
        let mut piped = Printed::Nothing;
        for (number, command) in commands.iter().enumerate() {
            let unsure;
            let command = if broke_off && !command.conditional {
                unsure = Invocation {
                    conditional: true,
                    ..command.clone()
                };
                &unsure
            } else {
                command
            };
            let input = if command.piped_input {
                std::mem::replace(&mut piped, Printed::Nothing)
            } else {
                Printed::Nothing
            };
            let failed = self.complains(command);
            self.folder.follow(command, !failed);
            let printed = if failed {
                Printed::Unknown
            } else {
                self.command(command, input)
            };
            let printed = self.redirect(command, printed);
            if command.piped_output {
                piped = printed;
            } else {
                self.pieces.push(Piece {
                    command: number,
                    printed,
                });
            }
        }
    }

    /// Where a text stands in the step's command.
    fn place_of(&self, text: &str) -> Place {
        let command = self.step.action.command().unwrap_or_default();
        let found = (text.len() > 2)
            .then(|| memchr::memmem::find(command.as_bytes(), text.as_bytes()))
            .flatten();
        Place::action(found.map(|at| at..at + text.len()))
    }

    /// Writes what was printed to where it is sent; gives what is still printed.
    fn redirect(&mut self, command: &Invocation, printed: Printed) -> Printed {
        let mut left = printed;
        for redirect in &command.redirects {
            let Some(written) = redirect.written_path() else {
                if redirect.op == ">" && redirect.descriptor.as_deref().is_none_or(|d| d == "1") {
                    left = Printed::Nothing;
                }
                continue;
            };
            let Some(path) = self.folder.path(written) else {
                left = Printed::Nothing;
                continue;
            };
            if self.unwritable(written) {
                continue;
            }
            let output = redirect.descriptor.as_deref().is_none_or(|d| d == "1");
            let text = if output {
                std::mem::replace(&mut left, Printed::Nothing)
            } else {
                Printed::Unknown
            };
            self.send(&path, &text, appends(redirect), command.conditional);
        }
        left
    }

    /// Writes or appends a printed text.
    fn send(&mut self, path: &str, printed: &Printed, appends: bool, conditional: bool) {
        let known = self.known_text(printed);
        let place = known
            .as_ref()
            .map_or_else(|| Place::action(None), |(text, _)| self.place_of(text));
        let text = match &known {
            Some((text, true)) if !conditional => Text::Known(text),
            Some((text, _)) => Text::About(text),
            None => Text::Unknown,
        };
        self.handled.push(path.to_owned());
        if appends {
            self.replay.append(path, text, place);
        } else {
            self.replay.write(path, text, Operation::Write, place);
        }
    }

    /// A printed text and whether it is surely that, where it is known.
    fn known_text<'p>(&self, printed: &'p Printed) -> Option<(Cow<'p, str>, bool)> {
        match printed {
            Printed::Nothing => Some((Cow::Borrowed(""), true)),
            Printed::Known(text) => Some((Cow::Borrowed(text), true)),
            Printed::About(text) => Some((Cow::Borrowed(text), false)),
            Printed::Files(files) => {
                let mut all = String::new();
                for shows in files {
                    all.push_str(&self.replay.printed(&shows.mark, shows.form)?);
                }
                Some((Cow::Owned(all), true))
            }
            Printed::Diff | Printed::Listed | Printed::Searched | Printed::Unknown => None,
        }
    }

    /// Carries out a command without its redirections; gives what it prints.
    fn command(&mut self, command: &Invocation, input: Printed) -> Printed {
        match command.program.as_str() {
            "" | ":" | "true" | "cd" | "export" | "set" | "chmod" | "chown" | "pushd" | "popd"
            | "mkdir" | "source" | "." | "umask" | "alias" | "unset" | "sleep" | "ln" | "wait"
            | "exit" | "shopt" | "declare" | "local" | "[" | "test" => {
                if command.program == "mkdir" {
                    self.handle(&command.args);
                }
                Printed::Nothing
            }
            "echo" => echo(command),
            "printf" => printf(command),
            "cat" | "nl" | "bat" | "batcat" => self.cat(command, input),
            "head" | "tail" | "grep" | "rg" | "egrep" | "less" | "more" => {
                self.part(command, input)
            }
            "sed" => self.sed(command, input),
            "perl" => self.perl(command),
            "tee" => self.tee(command, input),
            "cp" | "mv" => self.carry(command),
            "rm" | "unlink" | "rmdir" => self.remove(command),
            "touch" => {
                for path in self.paths(operands(&command.args)) {
                    self.replay.touch(&path, Place::action(None));
                    self.handled.push(path);
                }
                Printed::Nothing
            }
            "truncate" => {
                self.truncate(command);
                Printed::Nothing
            }
            "patch" | "apply_patch" | "applypatch" => {
                self.patch(command, &input);
                Printed::Unknown
            }
            "git" => git::run(self, command, &input),
            "ls" => Printed::Listed,
            "vim" | "vi" | "nvim" | "nano" | "emacs" | "pico" | "ed" | "ex" | "micro" => {
                for path in self.paths(operands(&command.args)) {
                    self.replay.program(&path, Place::action(None));
                    self.handled.push(path);
                }
                Printed::Unknown
            }
            _ => {
                self.ran(command);
                Printed::Unknown
            }
        }
    }

    /// Notes that the paths among some words were dealt with.
    fn handle(&mut self, words: &[String]) {
        let paths = self.paths(operands(words));
        self.handled.extend(paths);
    }

    /// Words as paths.
    pub(in crate::workspace) fn paths<'w>(
        &self,
        words: impl Iterator<Item = &'w str>,
    ) -> Vec<String> {
        words.filter_map(|word| self.folder.path(word)).collect()
    }

    fn tee(&mut self, command: &Invocation, input: Printed) -> Printed {
        let input = fed(command).unwrap_or(input);
        let appends = flag(&command.args, 'a') || command.args.iter().any(|a| a == "--append");
        let paths = self.paths(operands(&command.args));
        for path in &paths {
            self.send(path, &input, appends, command.conditional);
        }
        match (&input, paths.as_slice()) {
            // What it prints is what the file now holds.
            (Printed::Unknown, [path]) if !appends => {
                let mark = self.replay.mark(path);
                let form = Form::Plain {
                    first: 0,
                    count: None,
                };
                mark.map_or(Printed::Unknown, |mark| {
                    Printed::Files(vec![Shows { mark, form }])
                })
            }
            _ => input,
        }
    }
}

fn appends(redirect: &Redirect) -> bool {
    redirect.op.ends_with(">>")
}

/// The words that are no options.
pub(in crate::workspace) fn operands(args: &[String]) -> impl Iterator<Item = &str> {
    let mut only = false;
    args.iter().map(String::as_str).filter(move |arg| {
        if *arg == "--" && !only {
            only = true;
            return false;
        }
        only || !arg.starts_with('-') || *arg == "-"
    })
}

/// True when a short option is among the words.
pub(in crate::workspace) fn flag(args: &[String], letter: char) -> bool {
    args.iter()
        .any(|arg| arg.starts_with('-') && !arg.starts_with("--") && arg[1..].contains(letter))
}
