//! Where the run's relative paths start: `cd`, prompts, stated working folders.

use std::collections::BTreeMap;

use serde_json::Value;
use trace::{ActionKind, Step, StepStatus};

use super::path::{is_absolute, normal};
use crate::Index;
use crate::shell::Invocation;

/// Argument names under which tools take the folder a command runs in.
const FOLDERS: &[&str] = &[
    "workdir",
    "cwd",
    "working_dir",
    "working_directory",
    "directory",
];

/// From how many repetitions on, and from which share of the shell steps on, restating the folder one
/// is in says that the shell forgets it.
const RESTATED: usize = 3;
const RESTATED_SHARE: usize = 3;

/// Folders kept by `pushd`.
const STACK: usize = 64;

/// The working folder through a run.
#[derive(Debug, Default)]
pub(super) struct Folder {
    /// Where the run starts; empty when unknown.
    start: String,
    now: String,
    before: String,
    stack: Vec<String>,
    /// True when every command starts where the run started.
    forgets: bool,
    /// The folder a subshell was started from.
    outside: Option<String>,
    home: Option<String>,
}

impl Folder {
    /// What the run says of its folder, before its first step; one pass over the steps.
    pub(super) fn new(index: &Index<'_>) -> Self {
        let mut told = Told::default();
        for step in index.steps() {
            let worked = step.outcome.status != StepStatus::Failed;
            told.step(&step.step, &step.reading.commands, worked);
        }
        let start = index
            .trajectory
            .cwd
            .as_deref()
            .and_then(folder)
            .or_else(|| told.start());
        let start = start.unwrap_or_default();
        Self {
            now: start.clone(),
            start,
            forgets: told.forgets(),
            ..Self::default()
        }
    }

    /// Begins a step.
    pub(super) fn begin(&mut self, step: &Step) {
        self.outside = None;
        let ActionKind::Shell { .. } = &step.action.kind else {
            return;
        };
        let stated = FOLDERS
            .iter()
            .find_map(|name| step.action.arguments.get(name).and_then(Value::as_str));
        match stated.and_then(|folder| normal(&self.start, folder)) {
            Some(folder) => self.now = folder,
            None if self.forgets => self.now.clone_from(&self.start),
            None => {}
        }
    }

    /// Ends a step whose observation is `text`: a prompt shows where the terminal is.
    pub(super) fn end(&mut self, step: &Step) {
        if let Some(outside) = self.outside.take() {
            self.now = outside;
        }
        let Some(screen) = step.observation.as_ref().filter(|o| o.screen) else {
            return;
        };
        let last = screen
            .text
            .lines()
            .rev()
            .find_map(|line| prompt(line.trim()));
        if let Some((user, folder)) = last {
            self.home = Some(home_of(user));
            if let Some(folder) = self.path(folder) {
                self.now = folder;
            }
        }
    }

    /// A path as it is compared.
    pub(super) fn path(&self, path: &str) -> Option<String> {
        let path = path
            .strip_prefix("$HOME")
            .map_or_else(|| path.to_owned(), |rest| format!("~{rest}"));
        if let Some(rest) = path.strip_prefix('~')
            && (rest.is_empty() || rest.starts_with('/'))
            && let Some(home) = &self.home
        {
            return normal("", &format!("{home}{rest}"));
        }
        normal(&self.now, &path)
    }

    /// Follows a command that changes the folder; `worked` is false where it is known to have failed.
    pub(super) fn follow(&mut self, command: &Invocation, worked: bool) {
        if command.subshell {
            self.outside.get_or_insert_with(|| self.now.clone());
        } else if let Some(outside) = self.outside.take() {
            self.now = outside;
        }
        if !worked || command.piped_input || command.piped_output {
            return;
        }
        let target = command
            .args
            .iter()
            .find(|arg| !arg.starts_with('-') || *arg == "-");
        match command.program.as_str() {
            "cd" | "chdir" => match target.map(String::as_str) {
                Some("-") => std::mem::swap(&mut self.now, &mut self.before),
                Some(target) => self.enter(target),
                None => self.enter("~"),
            },
            "pushd" => {
                if let Some(target) = target {
                    if self.stack.len() < STACK {
                        self.stack.push(self.now.clone());
                    }
                    self.enter(target);
                }
            }
            "popd" => {
                if let Some(folder) = self.stack.pop() {
                    self.now = folder;
                }
            }
            _ => {}
        }
    }

    fn enter(&mut self, target: &str) {
        let folder = if target == "/" {
            folder(target)
        } else {
            self.path(target)
        };
        if let Some(folder) = folder {
            self.before = std::mem::replace(&mut self.now, folder);
        }
    }
}

/// What the steps say about the run's folder.
#[derive(Debug, Default)]
struct Told {
    /// By folder, how many shell steps begin by going there.
    entered: BTreeMap<String, usize>,
    first_shown: Option<String>,
    shells: usize,
    restated: usize,
    /// How often a folder below the present one was entered twice in a row, which works only where the
    /// first time is forgotten.
    again_below: usize,
    last: Option<String>,
}

impl Told {
    fn step(&mut self, step: &Step, commands: &[Invocation], worked: bool) {
        let observed = step.observed();
        match &step.action.kind {
            ActionKind::Shell { .. } => {
                self.shells += 1;
                let Some(first) = commands.first() else {
                    return;
                };
                let target = (first.program == "cd")
                    .then(|| first.args.first())
                    .flatten();
                if let Some(target) = target {
                    if self.last.as_ref() == Some(target) {
                        self.restated += 1;
                        let below = !is_absolute(target) && !target.starts_with('.');
                        self.again_below += usize::from(below && worked);
                    }
                    if is_absolute(target) {
                        *self.entered.entry(target.clone()).or_default() += 1;
                    }
                    self.last = Some(target.clone());
                } else if first.program == "pwd" && self.first_shown.is_none() {
                    let line = observed
                        .lines()
                        .map(str::trim)
                        .find(|line| !line.is_empty());
                    self.first_shown = line.filter(|l| l.starts_with('/')).map(str::to_owned);
                }
            }
            ActionKind::Keystrokes { .. } if self.first_shown.is_none() => {
                let first = observed.lines().find_map(|line| prompt(line.trim()));
                self.first_shown = first
                    .map(|(_, folder)| folder)
                    .filter(|folder| folder.starts_with('/'))
                    .map(str::to_owned);
            }
            ActionKind::Read { path } => self.placed(path, observed),
            ActionKind::Edit { edits } => {
                if let Some(edit) = edits.first() {
                    self.placed(&edit.path, observed);
                }
            }
            _ => {}
        }
    }

    /// A tool that was given a relative path and answers with the whole one says where it started.
    fn placed(&mut self, path: &str, observed: &str) {
        if self.first_shown.is_some() || is_absolute(path) || path.is_empty() {
            return;
        }
        let ending = format!("/{}", path.trim_start_matches("./"));
        let head = observed.lines().next().unwrap_or_default();
        let Some(at) = head.find(&ending) else { return };
        let begin = head[..at]
            .rfind([' ', '\'', '"', '`', '('])
            .map_or(0, |at| at + 1);
        let folder = &head[begin..at];
        if folder.starts_with('/') {
            self.first_shown = Some(folder.to_owned());
        }
    }

    fn start(&self) -> Option<String> {
        let often = self.entered.iter().max_by_key(|(_, times)| **times);
        let often = often
            .filter(|(_, times)| **times >= 2)
            .map(|(folder, _)| folder);
        folder(self.first_shown.as_ref().or(often)?)
    }

    fn forgets(&self) -> bool {
        self.again_below > 0
            || self.restated >= RESTATED && self.restated * RESTATED_SHARE >= self.shells
    }
}

/// A path as that of a folder, which the root is too.
fn folder(path: &str) -> Option<String> {
    if path.trim() == "/" {
        return Some("/".to_owned());
    }
    normal("", path)
}

/// User and folder of a prompt such as `root@box:/app# `.
fn prompt(line: &str) -> Option<(&str, &str)> {
    let line = line.strip_prefix('[').unwrap_or(line);
    let line = match line.strip_prefix('(') {
        Some(rest) => rest.split_once(") ")?.1,
        None => line,
    };
    let (user, rest) = line.split_once('@')?;
    let named = |text: &str| {
        !text.is_empty()
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
    };
    let (host, rest) = rest.split_once(':')?;
    let end = rest.find(['#', '$', '%'])?;
    let folder = rest[..end].trim_end();
    let placed = folder.starts_with(['/', '~']) && !folder.contains(' ');
    (named(user) && named(host) && placed).then_some((user, folder))
}

fn home_of(user: &str) -> String {
    if user == "root" {
        "/root".to_owned()
    } else {
        format!("/home/{user}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prompts_name_user_and_folder() {
        assert_eq!(prompt("root@box:/app# ls"), Some(("root", "/app")));
        assert_eq!(prompt("(venv) me@h:~/x$"), Some(("me", "~/x")));
        assert_eq!(prompt("mail me@host: a # b"), None);
    }
}
