//! What shell commands did to the text of files.

use analysis::shell::Invocation;

use super::Event;

/// What one simple command did, in the order of its words.
pub(super) fn events(command: &Invocation) -> Vec<Event<'_>> {
    let args = || {
        let mut words = command.args.iter().map(String::as_str);
        let mut literal = false;
        std::iter::from_fn(move || {
            loop {
                let word = words.next()?;
                match word {
                    "--" if !literal => literal = true,
                    _ if word.starts_with('-') && !literal => {}
                    _ => return Some(word),
                }
            }
        })
    };
    match command.program.as_str() {
        "cat" | "" | "tee" | "echo" | "printf" => written(command).into_iter().collect(),
        "rm" | "unlink" => args().map(|path| Event::Gone { path }).collect(),
        "mv" => match args().collect::<Vec<_>>().as_slice() {
            [from, to] if is_backup(from) => {
                let path = Some(*to);
                vec![Event::Restored { path }]
            }
            [from, to] => vec![Event::Moved { from, to }],
            _ => Vec::new(),
        },
        "cp" => match args().collect::<Vec<_>>().as_slice() {
            [from, to] if is_backup(from) => {
                let path = Some(*to);
                vec![Event::Restored { path }]
            }
            _ => Vec::new(),
        },
        "git" => of_git(command),
        _ => Vec::new(),
    }
}

/// Endings that mark a copy kept to go back to.
fn is_backup(path: &str) -> bool {
    [".bak", ".orig", ".backup", ".old", ".save"]
        .iter()
        .any(|ending| path.ends_with(ending))
}

/// A text that the command line itself holds and redirects into a file.
fn written(command: &Invocation) -> Option<Event<'_>> {
    let redirect = || command.redirects.iter().rev();
    let target = redirect().find_map(|r| Some((r.written_path()?, r.op.contains(">>"))));
    let (path, appends) = match command.program.as_str() {
        "tee" => {
            let path = command.args.iter().find(|arg| !arg.starts_with('-'))?;
            let appends = command
                .args
                .iter()
                .any(|arg| arg == "-a" || arg == "--append");
            (path.as_str(), appends)
        }
        _ => target?,
    };
    let text = match (command.input_text(), command.program.as_str()) {
        (Some(text), _) => text.into(),
        (None, "echo" | "printf") => command.args.join(" ").replace("\\n", "\n").into(),
        _ => return None,
    };
    Some(if appends {
        Event::Piece {
            path,
            old: "".into(),
            new: text,
        }
    } else {
        Event::Whole { path, text }
    })
}

/// The version-control commands that take work back.
fn of_git(command: &Invocation) -> Vec<Event<'_>> {
    // What stands before the subcommand (`-C dir`, `-c name=value`) takes a word of its own.
    let mut words = command.args.iter().map(String::as_str);
    let mut sub = words.next();
    while let Some(option) = sub.filter(|word| word.starts_with('-')) {
        if matches!(option, "-C" | "-c") {
            words.next();
        }
        sub = words.next();
    }
    let rest: Vec<&str> = words.collect();
    let has = |flag: &str| rest.contains(&flag);
    let everything = || vec![Event::Restored { path: None }];
    let paths = |list: &[&'_ str]| list.iter().any(|path| matches!(*path, "." | ":/" | "*"));
    match sub {
        Some("checkout") => match rest.iter().position(|word| *word == "--") {
            Some(at) if paths(&rest[at + 1..]) => everything(),
            Some(at) => of_paths(&rest[at + 1..]),
            None if paths(&rest) => everything(),
            None if has("-b") || has("-B") || has("--orphan") => Vec::new(),
            // A branch or a file: one that names a file with an ending is taken for a file.
            None => of_paths(
                &rest
                    .iter()
                    .copied()
                    .filter(|word| !word.starts_with('-') && is_file(word))
                    .collect::<Vec<_>>(),
            ),
        },
        Some("restore") if has("--staged") && !has("--worktree") => Vec::new(),
        Some("restore") if paths(&rest) => everything(),
        Some("restore") => of_paths(&rest),
        Some("reset") if has("--hard") => everything(),
        Some("revert") => everything(),
        _ => Vec::new(),
    }
}

fn is_file(word: &str) -> bool {
    let name = word.rsplit('/').next().unwrap_or(word);
    let ending = name.rsplit_once('.').map(|(_, ending)| ending);
    ending.is_some_and(|e| (1..=6).contains(&e.len()) && e.bytes().all(|b| b.is_ascii_alphabetic()))
}

fn of_paths<'s>(list: &[&'s str]) -> Vec<Event<'s>> {
    list.iter()
        .filter(|path| !path.starts_with('-'))
        .map(|path| Event::Restored { path: Some(path) })
        .collect()
}
