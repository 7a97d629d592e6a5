//! What `git` does to files of the working tree.

use super::replay::Place;
use super::shell::{Printed, Shell, operands};
use crate::shell::Invocation;

/// Carries out a `git` command; gives what it prints.
pub(super) fn run(shell: &mut Shell<'_>, command: &Invocation, input: &Printed) -> Printed {
    let Some((verb, args)) = verb(&command.args) else {
        return Printed::Unknown;
    };
    let place = Place::action(None);
    let here = shell.folder.path(".").unwrap_or_default();
    match verb {
        "checkout" => checkout(shell, args, &here),
        "restore" => {
            let unstaged = args.iter().any(|a| a == "--worktree" || a == "-W")
                || !args.iter().any(|a| a == "--staged" || a == "-S");
            let other = args.iter().any(|a| a.starts_with("--source") || a == "-s");
            if unstaged && !other {
                restore(shell, args, &here);
            }
        }
        // Another commit than the last is not known.
        "reset" if hard(args) && operands(args).all(|word| word == "HEAD") => {
            shell.replay.restore(&here, &place);
        }
        "stash" => match operands(args).next() {
            None | Some("push" | "save") => shell.replay.stash(&here, &place),
            Some("pop" | "apply") => shell.replay.unstash(&place),
            Some(_) => {}
        },
        "commit" => shell.replay.commit(),
        "rm" => {
            let cached = args.iter().any(|a| a == "--cached");
            if !cached {
                let words = operands(args);
                for path in shell.paths(words) {
                    shell
                        .replay
                        .remove(&path, args.iter().any(|a| a == "-r"), &place);
                    shell.handled.push(path);
                }
            }
        }
        "mv" => {
            let words: Vec<&str> = operands(args).collect();
            if let [from, to] = words.as_slice()
                && let (Some(from), Some(to)) = (shell.folder.path(from), shell.folder.path(to))
            {
                shell.replay.carry(&from, &to, false, &place);
                shell.handled.extend([from, to]);
            }
        }
        "apply" | "am" => shell.patch(command, input),
        "show" => {
            // `git show HEAD:path` prints a file as it was committed, which need not be as it is.
            return Printed::Unknown;
        }
        // Against the index or the last commit; what stands on the other side is the working tree.
        "diff" if operands(args).all(|w| w == "HEAD" || shell.is_known(w)) && !reversed(args) => {
            return Printed::Diff;
        }
        "add" | "config" | "init" | "clean" => return Printed::Nothing,
        _ => {}
    }
    let quiet = matches!(verb, "add" | "restore" | "rm" | "mv" | "apply");
    if quiet {
        Printed::Nothing
    } else {
        Printed::Unknown
    }
}

fn hard(args: &[String]) -> bool {
    args.iter().any(|arg| arg == "--hard")
}

/// True when a difference is not printed as lines, or the other way round.
fn reversed(args: &[String]) -> bool {
    args.iter().any(|arg| {
        matches!(
            arg.as_str(),
            "-R" | "--stat" | "--name-only" | "--name-status" | "--shortstat"
        ) || arg.starts_with("--word-diff")
    })
}

/// The verb behind git's own options, and the words after it.
fn verb(args: &[String]) -> Option<(&str, &[String])> {
    let mut at = 0;
    while let Some(word) = args.get(at) {
        match word.as_str() {
            "-C" | "-c" | "--git-dir" | "--work-tree" => at += 2,
            word if word.starts_with('-') => at += 1,
            word => return Some((word, &args[at + 1..])),
        }
    }
    None
}

/// `git checkout [COMMIT] [--] PATHS`: paths come back; a branch alone changes what is not known.
fn checkout(shell: &mut Shell<'_>, args: &[String], here: &str) {
    if let Some(dashes) = args.iter().position(|arg| arg == "--") {
        let commits = &args[..dashes];
        if operands(commits).all(|word| word == "HEAD") {
            restore(shell, &args[dashes + 1..], here);
        }
        return;
    }
    if args.iter().any(|a| a.starts_with('-') && a != "-f") {
        return;
    }
    let mut words: Vec<&str> = operands(args).collect();
    if words.len() > 1 && words[0] == "HEAD" {
        words.remove(0);
    }
    let known: Vec<String> = words
        .iter()
        .filter(|word| **word == "." || shell.is_known(word))
        .map(|word| (*word).to_owned())
        .collect();
    restore(shell, &known, here);
}

fn restore(shell: &mut Shell<'_>, args: &[String], here: &str) {
    let place = Place::action(None);
    for word in operands(args) {
        let path = if matches!(word, "." | "./" | ":/" | "*") {
            Some(here.to_owned())
        } else {
            shell.folder.path(word)
        };
        if let Some(path) = path {
            shell.replay.restore(&path, &place);
            shell.handled.push(path);
        }
    }
}

impl Shell<'_> {
    /// True when a word names a file or a folder of files that was heard of.
    fn is_known(&self, word: &str) -> bool {
        self.folder
            .path(word)
            .is_some_and(|path| self.replay.find(&path).is_some() || self.replay.is_folder(&path))
    }
}
