//! Commands that say that they did not do what they were asked.

use trace::{ErrorKind, StepStatus};

use super::Shell;
use crate::shell::Invocation;

impl Shell<'_> {
    /// True when the harness refused the commands.
    pub(super) fn refused(&self) -> bool {
        let mut errors = self.outcome.errors.iter();
        self.outcome.status == StepStatus::Failed && errors.any(|e| e.kind == ErrorKind::ToolCall)
    }

    /// True when the shell stopped at commands it could not read: those before them did run.
    pub(super) fn broke_off(&self) -> bool {
        self.outcome.status == StepStatus::Failed
            && self.outcome.errors.iter().any(|error| {
                error.kind == ErrorKind::Syntax
                    && ["bash: ", "sh: ", "zsh: ", "/bin/sh: ", "/bin/bash: "]
                        .iter()
                        .any(|shell| error.message.starts_with(shell))
            })
    }

    /// True when the observation holds a line in which the command says what went wrong.
    pub(super) fn complains(&self, command: &Invocation) -> bool {
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
    pub(super) fn unwritable(&self, path: &str) -> bool {
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

    /// True when the answer says that a patch was not applied.
    pub(super) fn rejected(&self) -> bool {
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
}

/// How much of each end of an observation is searched for a command's complaint.
const COMPLAINTS: usize = 16 * 1024;

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
