//! From the words of a command to what it changes.

use trace::ChangeKind;

use super::change::Target;
use crate::activity::Activity;
use crate::effect::single::CommandReading;
use crate::shell::packages::is_option_value;
use crate::shell::{Invocation, base_name, unversioned};

/// How many operands of a command are told apart.
const OPERANDS: usize = 12;

/// Programs that print their own words.
const PRINTERS: &[&str] = &["echo", "printf"];

/// The text a command states: its heredoc or here-string, or the words it prints.
pub(super) fn stated_text(command: &Invocation) -> Option<String> {
    let feeds = matches!(command.program.as_str(), "cat" | "tee" | "");
    if feeds && let Some(text) = command.input_text() {
        return Some(text.to_owned());
    }
    if !PRINTERS.contains(&command.program.as_str()) {
        return None;
    }
    let words = command
        .args
        .iter()
        .skip_while(|word| matches!(word.as_str(), "-e" | "-n" | "-ne" | "-en" | "--"))
        .map(String::as_str);
    let text = words.collect::<Vec<_>>().join(" ");
    Some(text.replace("\\n", "\n").replace("\\t", "\t"))
}

/// What sort of change a command makes.
pub(super) fn kind(command: &Invocation, reading: &CommandReading) -> ChangeKind {
    let appends = || {
        command
            .redirects
            .iter()
            .any(|r| r.op == ">>" || r.op == "&>>")
    };
    let replaces = || command.redirects.iter().any(|r| r.written_path().is_some());
    match reading.activity {
        Activity::Install => ChangeKind::Install,
        Activity::Fetch => ChangeKind::Fetch,
        Activity::Build => ChangeKind::Build,
        Activity::Version => ChangeKind::Version,
        Activity::Serve => ChangeKind::Serve,
        Activity::Arrange => match command.program.as_str() {
            "rm" | "rmdir" | "unlink" | "shred" => ChangeKind::Delete,
            "mkdir" => ChangeKind::Folder,
            _ if reading.writes.is_empty() => ChangeKind::Run,
            "chmod" | "chown" | "chgrp" | "touch" | "chattr" => ChangeKind::Mode,
            _ => ChangeKind::Arrange,
        },
        Activity::Edit if reading.writes.is_empty() => ChangeKind::Run,
        Activity::Edit if appends() => ChangeKind::Edit,
        Activity::Edit if replaces() => ChangeKind::Write,
        Activity::Edit if command.program == "tee" => {
            let appends = |arg: &String| arg == "-a" || arg == "--append";
            if command.args.iter().any(appends) {
                ChangeKind::Edit
            } else {
                ChangeKind::Write
            }
        }
        Activity::Edit => ChangeKind::Edit,
        _ => ChangeKind::Run,
    }
}

/// The packages an installing command names.
pub(super) fn packages(command: &Invocation, reading: &CommandReading) -> Vec<Target> {
    let removed = ["remove", "uninstall", "purge", "autoremove", "erase", "rm"]
        .contains(&reading.subcommand.as_str());
    let package = |word: &String| {
        let (name, version) = name_and_version(word);
        Target::Package {
            name,
            version,
            removed,
        }
    };
    let named = reading.operands.iter();
    let named = named.filter(|word| !is_option_value(&command.args, word));
    named.map(package).collect()
}

/// `Flask[async]==2.0` is `flask` in version `2.0`.
fn name_and_version(word: &str) -> (String, Option<String>) {
    let at = word
        .char_indices()
        .skip(1)
        .find(|(_, c)| "=<>~!@".contains(*c))
        .map_or(word.len(), |(at, _)| at);
    let (name, version) = word.split_at(at);
    let name = name.split('[').next().unwrap_or(name);
    let name = if name.contains('/') {
        base_name(name)
    } else {
        name
    };
    let version = version.split('#').next().unwrap_or(version);
    let version = version
        .trim_start_matches(['=', '<', '>', '~', '!', '@'])
        .trim();
    let name = name.trim().to_lowercase().replace('_', "-");
    (name, (!version.is_empty()).then(|| version.to_owned()))
}

/// The verb of a program that is not known to start or stop others.
pub(super) const RUN: &str = "run";

/// Words by which services are started and stopped.
const SERVICE_VERBS: &[&str] = &[
    "start", "stop", "restart", "reload", "enable", "disable", "status", "kill",
];

/// Programs that run a program given by name.
const INTERPRETERS: &[&str] = &[
    "python", "node", "ruby", "perl", "php", "java", "bash", "sh", "deno", "bun", "npx",
];

/// The service or process a command starts or stops.
pub(super) fn service(command: &Invocation, reading: &CommandReading) -> Option<Target> {
    let program = unversioned(&command.program);
    let program = program.trim_end_matches(|c: char| c.is_ascii_digit());
    let mut words = std::iter::once(reading.subcommand.as_str())
        .chain(reading.operands.iter().map(String::as_str))
        .filter(|word| !word.is_empty());
    let launches = matches!(
        program,
        "systemctl" | "service" | "supervisorctl" | "rc-service" | "invoke-rc.d"
    );
    let kills = matches!(program, "kill" | "pkill" | "killall");
    let (name, verb) = if launches {
        let words: Vec<&str> = words.collect();
        let verb = words.iter().find(|word| SERVICE_VERBS.contains(word));
        let name = words.iter().find(|word| !SERVICE_VERBS.contains(word))?;
        (*name, verb.copied().unwrap_or("start"))
    } else if kills {
        // A process number means nothing in another run.
        let names = |word: &&str| !word.starts_with(['%', '$']) && word.parse::<u64>().is_err();
        (words.find(names).unwrap_or("a process"), "stop")
    } else if INTERPRETERS.contains(&program) {
        (words.next().unwrap_or(program), RUN)
    } else {
        (program, RUN)
    };
    let name = base_name(name).trim_end_matches(".service").to_lowercase();
    (!name.is_empty()).then(|| Target::Service {
        name,
        verb: verb.to_owned(),
    })
}

/// The command itself, where it is what was changed by. `source` is what is piped into it.
pub(super) fn command(
    command: &Invocation,
    reading: &CommandReading,
    source: Option<&Invocation>,
) -> Target {
    if is_downloaded(command) {
        return downloaded(command.written.split_whitespace());
    }
    if let Some(source) = source
        && matches!(source.program.as_str(), "curl" | "wget")
        && INTERPRETERS.contains(
            &command
                .program
                .trim_end_matches(|c: char| c.is_ascii_digit()),
        )
    {
        return downloaded(source.args.iter().map(String::as_str));
    }
    let program = match command.program.as_str() {
        "" => "shell",
        program => unversioned(program),
    };
    // `python` and `python3` are one program.
    let plain = program.trim_end_matches(|c: char| c.is_ascii_digit());
    let program = if plain.is_empty() { program } else { plain };
    let operands = reading.operands.iter().map(|word| {
        let word = word.trim_end_matches('/');
        let short = if word.contains(char::is_whitespace) {
            word
        } else {
            base_name(word)
        };
        short.to_owned()
    });
    let program = match reading.subcommand.as_str() {
        "" => program.to_owned(),
        subcommand => format!("{program} {subcommand}"),
    };
    Target::Command {
        program,
        words: operands.take(OPERANDS).collect(),
    }
}

/// True for `$(curl -fsSL URL)` in the place of a program.
pub(super) fn is_downloaded(command: &Invocation) -> bool {
    command.written.starts_with("$(") || command.written.starts_with('`')
}

/// A program that is run from where it is downloaded, by the words of the download.
fn downloaded<'w>(mut words: impl Iterator<Item = &'w str>) -> Target {
    let source = words.find(|word| word.contains('/'));
    let source = source.map(|word| base_name(word.trim_matches(['"', '\'', ')', '`'])));
    Target::Command {
        program: "download and run".to_owned(),
        words: source.map(str::to_owned).into_iter().collect(),
    }
}

/// The whole command: its settings, its words and what is fed to it.
pub(super) fn in_full(command: &Invocation) -> String {
    let mut text = String::new();
    for (name, value) in &command.assignments {
        text.push_str(name);
        text.push('=');
        text.push_str(value);
        text.push(' ');
    }
    for word in command
        .args
        .iter()
        .map(String::as_str)
        .chain(command.input_text())
    {
        text.push_str(word);
        text.push(' ');
    }
    text
}

/// True for words such as `20G`, which are no paths though they stand among them.
pub(super) fn is_size(word: &str) -> bool {
    let number = word.trim_end_matches(['B', 'i', 'K', 'k', 'M', 'G', 'T']);
    !number.is_empty() && number.len() < word.len() && number.bytes().all(|b| b.is_ascii_digit())
}

/// The words of a command without the paths it writes: how it changes them.
pub(super) fn without_paths(command: &Invocation, reading: &CommandReading) -> String {
    let words = command
        .args
        .iter()
        .filter(|word| !reading.writes.contains(word))
        .map(String::as_str);
    let mut text = command.program.clone();
    for word in words.chain(command.input_text()) {
        text.push(' ');
        text.push_str(word);
    }
    text
}

/// What a `sed -i s/old/new/` takes away and puts in place; `None` for anything else `sed` does.
pub(super) fn substitution(command: &Invocation) -> Option<(String, String)> {
    if command.program != "sed" {
        return None;
    }
    let (mut old, mut new) = (String::new(), String::new());
    // A line number in front says where, not what.
    let scripts = command
        .args
        .iter()
        .map(|word| word.trim_start_matches(|c: char| c.is_ascii_digit() || c == ',' || c == '$'));
    let scripts = scripts.filter(|script| {
        let mut chars = script.chars();
        chars.next() == Some('s') && chars.next().is_some_and(|c| !c.is_alphanumeric())
    });
    for script in scripts {
        let mark = script.chars().nth(1)?;
        let mut sides = vec![String::new()];
        let mut chars = script.chars().skip(2);
        while let Some(c) = chars.next() {
            match c {
                '\\' => match chars.next() {
                    Some('n') => sides.last_mut()?.push('\n'),
                    Some(c) => sides.last_mut()?.push(c),
                    None => {}
                },
                c if c == mark => sides.push(String::new()),
                c => sides.last_mut()?.push(c),
            }
        }
        let [from, to, _] = sides.as_slice() else {
            return None;
        };
        for (side, text) in [(&mut old, from), (&mut new, to)] {
            if !side.is_empty() {
                side.push('\n');
            }
            side.push_str(text);
        }
    }
    (!old.is_empty()).then_some((old, new))
}

/// The lines a patch takes away and those it puts in place.
pub(super) fn patch_sides(patch: &str) -> (String, String) {
    let (mut old, mut new) = (String::new(), String::new());
    for line in patch.lines() {
        let side = match line.as_bytes() {
            [b'-', b'-', b'-', b' ', ..] | [b'+', b'+', b'+', b' ', ..] => continue,
            [b'-', ..] => &mut old,
            [b'+', ..] => &mut new,
            _ => continue,
        };
        side.push_str(&line[1..]);
        side.push('\n');
    }
    (old, new)
}
