//! What shell commands do to files, carried out on what is known of them.

use std::borrow::Cow;

use trace::{ErrorKind, Step, StepOutcome, StepStatus};

use super::content::Content;
use super::folder::Folder;
use super::git;
use super::history::Operation;
use super::patch;
use super::python;
use super::replay::{Done, Mark, Place, Replay, Text};
use super::sed;
use crate::effect;
use crate::shell::{Invocation, Redirect, base_name, unversioned as shell_unversioned};

/// How much of each end of an observation is searched for a command's complaint.
const COMPLAINTS: usize = 16 * 1024;

/// What a command prints.
#[derive(Debug, Clone)]
pub(super) enum Printed {
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
    /// A listing of a folder, which can be told from the lines of files.
    Listed,
    /// Something the run need not show.
    Unknown,
}

/// Lines of one file.
#[derive(Debug, Clone)]
pub(super) struct Shows {
    pub(super) mark: Mark,
    pub(super) form: Form,
}

/// How a command prints lines of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// As they are, from this one on (counted from 0), at most so many; whole when there is no limit.
    Plain { first: usize, count: Option<usize> },
    /// With their numbers in front, one after the other.
    Numbered,
    /// With their numbers in front, some of them.
    Found,
    /// Some of them, without saying which.
    Some,
}

/// What a command printed where the run can see it.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    /// Which of the step's commands.
    pub(super) command: usize,
    pub(super) printed: Printed,
}

/// Carries out the commands of one step.
pub(super) struct Shell<'s> {
    pub(super) replay: &'s mut Replay,
    pub(super) folder: &'s mut Folder,
    pub(super) step: &'s Step,
    pub(super) outcome: &'s StepOutcome,
    /// Paths the commands dealt with.
    pub(super) handled: Vec<String>,
    pub(super) pieces: Vec<Piece>,
}

impl Shell<'_> {
    /// Carries out the commands in order.
    pub(super) fn run(&mut self, commands: &[Invocation]) {
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

    /// True when the harness refused the commands.
    fn refused(&self) -> bool {
        let mut errors = self.outcome.errors.iter();
        self.outcome.status == StepStatus::Failed && errors.any(|e| e.kind == ErrorKind::ToolCall)
    }

    /// True when the shell stopped at commands it could not read: those before them did run.
    fn broke_off(&self) -> bool {
        self.outcome.status == StepStatus::Failed
            && self.outcome.errors.iter().any(|error| {
                error.kind == ErrorKind::Syntax
                    && ["bash: ", "sh: ", "zsh: ", "/bin/sh: ", "/bin/bash: "]
                        .iter()
                        .any(|shell| error.message.starts_with(shell))
            })
    }

    /// True when the observation holds a line in which the command says what went wrong.
    fn complains(&self, command: &Invocation) -> bool {
        if command.program.is_empty() {
            return false;
        }
        let (head, tail) = ends(self.step.observed());
        let said = format!("{}: ", command.program);
        let says = |text: &str| {
            memchr::memmem::find_iter(text.as_bytes(), said.as_bytes()).any(|at| {
                let starts = at == 0 || text.as_bytes()[at - 1] == b'\n';
                let line = text[at..].lines().next().unwrap_or_default();
                let shell = text[..at].lines().next_back().unwrap_or_default();
                let by_shell = shell.ends_with("bash: ")
                    || (shell.contains("bash: line ") && shell.ends_with(": "))
                    || shell.ends_with("/bin/sh: ");
                (starts || by_shell)
                    && !line.contains("warning")
                    && (COMPLAINING.contains(&command.program.as_str()) || by_shell)
            })
        };
        says(head) || says(tail)
    }

    /// True when the shell says that it could not open a path for writing.
    fn unwritable(&self, path: &str) -> bool {
        let (head, tail) = ends(self.step.observed());
        let says = |text: &str| {
            memchr::memmem::find_iter(text.as_bytes(), path.as_bytes()).any(|at| {
                let rest = text[at + path.len()..].lines().next().unwrap_or_default();
                [
                    ": No such file or directory",
                    ": Permission denied",
                    ": Is a directory",
                    ": Read-only file system",
                    ": Not a directory",
                ]
                .iter()
                .any(|words| rest.starts_with(words))
            })
        };
        !path.is_empty() && (says(head) || says(tail))
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
            Printed::Listed | Printed::Searched | Printed::Unknown => None,
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

    /// A program of which only its text may be known: the files it may have changed are no longer sure.
    fn ran(&mut self, command: &Invocation) {
        let program = shell_unversioned(&command.program);
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

    /// Notes that the paths among some words were dealt with.
    fn handle(&mut self, words: &[String]) {
        let paths = self.paths(operands(words));
        self.handled.extend(paths);
    }

    /// Words as paths.
    pub(super) fn paths<'w>(&self, words: impl Iterator<Item = &'w str>) -> Vec<String> {
        words.filter_map(|word| self.folder.path(word)).collect()
    }

    fn cat(&mut self, command: &Invocation, input: Printed) -> Printed {
        let files: Vec<&str> = operands(&command.args).filter(|arg| *arg != "-").collect();
        let numbers = command.program == "nl"
            || command.args.iter().any(|arg| {
                arg == "--number"
                    || (arg.starts_with('-') && !arg.starts_with("--") && arg.contains('n'))
            });
        // `nl` leaves blank lines without a number unless it is told to number all.
        let skips =
            command.program == "nl" && !command.args.iter().any(|a| a.contains("ba") || a == "a");
        let marked = command.args.iter().any(|a| {
            a.starts_with('-') && !a.starts_with("--") && a.contains(['A', 'v', 'e', 't', 's'])
        });
        let form = if skips || (marked && command.program == "cat") {
            Form::Some
        } else if numbers {
            Form::Numbered
        } else {
            Form::Plain {
                first: 0,
                count: None,
            }
        };
        if files.is_empty() {
            return match fed(command) {
                Some(text) => text,
                None if command.piped_input => refiltered(input, form),
                None => Printed::Unknown,
            };
        }
        let shows = files.iter().map(|file| self.shows(file, form));
        shows
            .collect::<Option<Vec<_>>>()
            .map_or(Printed::Unknown, Printed::Files)
    }

    pub(super) fn shows(&mut self, file: &str, form: Form) -> Option<Shows> {
        let path = self.folder.path(file)?;
        let mark = self.replay.mark(&path)?;
        Some(Shows { mark, form })
    }

    /// Commands that print a part of what they are given.
    fn part(&mut self, command: &Invocation, input: Printed) -> Printed {
        let form = match command.program.as_str() {
            "head" => head_form(&command.args),
            "tail" => tail_form(&command.args),
            "less" | "more" => Form::Plain {
                first: 0,
                count: None,
            },
            _ if flag(&command.args, 'n')
                && !flag(&command.args, 'c')
                && !flag(&command.args, 'o') =>
            {
                Form::Found
            }
            _ => Form::Some,
        };
        let searches = !matches!(command.program.as_str(), "head" | "tail" | "less" | "more");
        let skip = usize::from(searches && !command.args.iter().any(|a| a == "-e"));
        let files: Vec<&str> = part_files(&command.args, searches).skip(skip).collect();
        if command.piped_input && files.is_empty() {
            return if searches {
                refiltered(input, Form::Some)
            } else {
                refiltered(input, form)
            };
        }
        let recursive = command.program == "rg"
            || flag(&command.args, 'r')
            || flag(&command.args, 'R')
            || files.iter().any(|file| file.contains('*'));
        match files.as_slice() {
            [file] if !(searches && recursive) => {
                let shows = self.shows(file, form);
                shows.map_or(Printed::Unknown, |shows| Printed::Files(vec![shows]))
            }
            _ if form == Form::Found => Printed::Searched,
            _ => Printed::Unknown,
        }
    }

    fn sed(&mut self, command: &Invocation, input: Printed) -> Printed {
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

    fn perl(&mut self, command: &Invocation) -> Printed {
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
        change: Option<impl FnOnce(&mut Content, &mut super::line::Lines, super::Origin) -> Done>,
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

    fn carry(&mut self, command: &Invocation) -> Printed {
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
            || !self.replay.below(&target).is_empty();
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

    fn remove(&mut self, command: &Invocation) -> Printed {
        let whole = flag(&command.args, 'r') || flag(&command.args, 'R');
        let words: Vec<&str> = operands(&command.args).collect();
        for path in self.each(&words) {
            self.replay.remove(&path, whole, &Place::action(None));
            self.handled.push(path);
        }
        Printed::Nothing
    }

    fn truncate(&mut self, command: &Invocation) {
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
    pub(super) fn patch(&mut self, command: &Invocation, input: &Printed) {
        let fed = fed(command);
        let read = command.redirects.iter().find_map(Redirect::read_path);
        let named = command
            .args
            .iter()
            .find(|arg| arg.ends_with(".patch") || arg.ends_with(".diff"))
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

    /// True when the answer says that a patch was not applied.
    fn rejected(&self) -> bool {
        let (head, _) = ends(self.step.observed());
        [
            "rejected",
            "patch failed",
            "does not apply",
            "corrupt patch",
            "Failed to apply",
            "Invalid patch",
        ]
        .iter()
        .any(|words| head.contains(words))
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

/// Programs that name themselves at the beginning of the line only when they fail.
const COMPLAINING: &[&str] = &[
    "cat", "cd", "chmod", "cp", "head", "mkdir", "mv", "nl", "patch", "rm", "sed", "tail", "tee",
    "touch",
];

fn ends(text: &str) -> (&str, &str) {
    if text.len() <= 2 * COMPLAINTS {
        return (text, "");
    }
    let cut = |mut at: usize| {
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    (
        &text[..cut(COMPLAINTS)],
        &text[cut(text.len() - COMPLAINTS)..],
    )
}

fn appends(redirect: &Redirect) -> bool {
    redirect.op.ends_with(">>")
}

/// The words that are no options.
pub(super) fn operands(args: &[String]) -> impl Iterator<Item = &str> {
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
pub(super) fn flag(args: &[String], letter: char) -> bool {
    args.iter()
        .any(|arg| arg.starts_with('-') && !arg.starts_with("--") && arg[1..].contains(letter))
}

/// What a heredoc or here-string feeds a command.
fn fed(command: &Invocation) -> Option<Printed> {
    let redirect = command.redirects.iter().rev().find(|r| r.body.is_some())?;
    let body = redirect.body.clone()?;
    let body = if redirect.op == "<<<" {
        body + "\n"
    } else {
        body
    };
    if !redirect.expands || !body.contains(['$', '`', '\\']) {
        return Some(Printed::Known(body));
    }
    Some(expanded(&body))
}

/// The body of a heredoc a shell expands: what is escaped is itself, and what is not is not known.
fn expanded(body: &str) -> Printed {
    let mut out = String::with_capacity(body.len());
    let mut sure = true;
    let mut chars = body.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, chars.peek()) {
            ('\\', Some('$' | '`' | '\\')) => out.extend(chars.next()),
            ('\\', Some('\n')) => {
                chars.next();
            }
            ('`', _) => {
                sure = false;
                out.push(c);
            }
            ('$', Some(next)) if next.is_ascii_alphanumeric() || "_{(@*#?!$".contains(*next) => {
                sure = false;
                out.push(c);
            }
            _ => out.push(c),
        }
    }
    if sure {
        Printed::Known(out)
    } else {
        Printed::About(out)
    }
}

fn echo(command: &Invocation) -> Printed {
    let mut args = command.args.as_slice();
    let mut newline = true;
    let mut escapes = false;
    while let Some((first, rest)) = args.split_first() {
        let options = first.strip_prefix('-').unwrap_or_default();
        if options.is_empty() || !options.bytes().all(|b| b"neE".contains(&b)) {
            break;
        }
        newline &= !options.contains('n');
        escapes |= options.contains('e');
        args = rest;
    }
    let mut text = args.join(" ");
    if escapes {
        text = unescaped(&text);
    }
    if newline {
        text.push('\n');
    }
    let globs = args
        .iter()
        .any(|arg| arg.contains('*') && !arg.contains(' '));
    if command.expands || globs {
        Printed::About(text)
    } else {
        Printed::Known(text)
    }
}

/// `printf` with nothing to fill in but `%s` and `%%`.
fn printf(command: &Invocation) -> Printed {
    let Some((format, mut values)) = command.args.split_first() else {
        return Printed::Nothing;
    };
    let mut out = String::new();
    loop {
        let mut taken = false;
        let mut rest = format.as_str();
        while let Some(at) = rest.find('%') {
            out.push_str(&unescaped(&rest[..at]));
            let spec = rest[at + 1..].chars().next();
            match spec {
                Some('s' | 'd') => {
                    if let Some((value, more)) = values.split_first() {
                        out.push_str(value);
                        values = more;
                        taken = true;
                    }
                }
                Some('%') => out.push('%'),
                _ => return Printed::About(out),
            }
            rest = &rest[at + 2..];
        }
        out.push_str(&unescaped(rest));
        if values.is_empty() || !taken {
            break;
        }
    }
    if command.expands {
        Printed::About(out)
    } else {
        Printed::Known(out)
    }
}

/// A text with the escapes of `echo -e` and `printf`.
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('r') => out.push('\r'),
            Some('\\') | None => out.push('\\'),
            Some('"') => out.push('"'),
            Some('\'') => out.push('\''),
            Some(other) => {
                out.push('\\');
                out.push(other);
            }
        }
    }
    out
}

/// The count of `head`: `-n 5`, `-n5`, `-5`, `--lines=5`; ten without one.
fn count_of(args: &[String]) -> Option<&str> {
    let mut args = args.iter().map(String::as_str);
    while let Some(arg) = args.next() {
        if arg == "-n" || arg == "--lines" {
            return args.next();
        }
        let value = arg
            .strip_prefix("--lines=")
            .or_else(|| arg.strip_prefix("-n"))
            .or_else(|| {
                arg.strip_prefix('-')
                    .filter(|rest| rest.bytes().all(|b| b.is_ascii_digit()) && !rest.is_empty())
            })
            .or_else(|| {
                (arg.starts_with('+') && arg[1..].bytes().all(|b| b.is_ascii_digit()))
                    .then_some(arg)
            });
        if value.is_some() {
            return value;
        }
    }
    Some("10")
}

fn head_form(args: &[String]) -> Form {
    if flag(args, 'c') {
        return Form::Some;
    }
    match count_of(args).and_then(|count| count.parse().ok()) {
        Some(count) => Form::Plain {
            first: 0,
            count: Some(count),
        },
        None => Form::Some,
    }
}

fn tail_form(args: &[String]) -> Form {
    let from = count_of(args).and_then(|count| count.strip_prefix('+'));
    match from.and_then(|from| from.parse::<usize>().ok()) {
        Some(from) => Form::Plain {
            first: from.saturating_sub(1),
            count: None,
        },
        None => Form::Some,
    }
}

/// The files among the words of `head`, `tail` and searches; values of options are no files.
fn part_files(args: &[String], searches: bool) -> impl Iterator<Item = &str> {
    let valued: &[&str] = if searches {
        &["-A", "-B", "-C", "-m", "-e", "--include", "--exclude"]
    } else {
        &["-n", "-c", "--lines", "--bytes"]
    };
    let mut skip = false;
    args.iter().map(String::as_str).filter(move |arg| {
        if std::mem::take(&mut skip) {
            return false;
        }
        skip = valued.contains(arg);
        !arg.starts_with('-') && !(arg.starts_with('+') && !searches)
    })
}

/// What is left of lines of a file when they go through a second command.
fn refiltered(input: Printed, by: Form) -> Printed {
    match input {
        Printed::Searched if by != Form::Numbered => Printed::Searched,
        Printed::Files(mut files) if files.len() == 1 => {
            for shows in &mut files {
                shows.form = through(shows.form, by);
            }
            Printed::Files(files)
        }
        Printed::Known(_) | Printed::About(_)
            if by
                == Form::Plain {
                    first: 0,
                    count: None,
                } =>
        {
            input
        }
        _ => Printed::Unknown,
    }
}

fn through(form: Form, by: Form) -> Form {
    match (form, by) {
        // Lines keep the number they were given.
        (Form::Numbered, Form::Numbered | Form::Found) => Form::Some,
        (Form::Numbered, Form::Plain { .. }) => Form::Numbered,
        (Form::Numbered | Form::Found, _) => Form::Found,
        (
            Form::Plain { first, count },
            Form::Plain {
                first: more,
                count: at_most,
            },
        ) => {
            let left = count.map(|count| count.saturating_sub(more));
            Form::Plain {
                first: first + more,
                count: match (left, at_most) {
                    (Some(a), Some(b)) => Some(a.min(b)),
                    (a, b) => a.or(b),
                },
            }
        }
        (
            Form::Plain {
                first: 0,
                count: None,
            },
            Form::Numbered,
        ) => Form::Numbered,
        _ => Form::Some,
    }
}
