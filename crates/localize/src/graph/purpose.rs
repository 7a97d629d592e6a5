//! What a command is for, so that a second try is recognised as one.
//!
//! `python3 train.py --epochs 3` and `cd /app && python train.py` have one purpose, `run train.py`;
//! `pip install foo==2` and `apt-get install -y foo` both `install foo`. Programs that only look around
//! have none: they may fail without anything being wrong.

use analysis::shell::Invocation;
use analysis::shell::packages::is_option_value;
use analysis::{IndexedStep, activity::Activity};
use trace::{ActionKind, Step};

use super::node::short;
use super::programs::{
    BUILDERS, INLINE, INSTALLING, INTERPRETERS, MANAGERS, REQUESTS, SERVICES, TESTERS, is_idle,
    is_known,
};
use crate::facts::file::file_name;

/// Purposes of one step that are told apart.
const MOST: usize = 12;

/// What kind of thing a command is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Doing {
    /// Runs tests.
    Test,
    /// Compiles or builds.
    Build,
    /// Runs a program or script.
    Run,
    /// Runs a text given on the command line.
    Inline,
    /// Runs a program of which only the name is known.
    Tool,
    /// Installs packages.
    Install,
    /// Downloads.
    Fetch,
    /// Asks something that listens.
    Reach,
    /// Starts, stops or sets up a service.
    Serve,
    /// Changes a file with a tool made for it.
    Edit,
    /// Has a file that was to be there.
    Have,
    /// Changes version control.
    Version,
}

/// What a command is for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Purpose {
    /// A verb and its object; two commands with the same key are tries at the same thing.
    pub(super) key: String,
    pub(super) doing: Doing,
    /// The program that speaks when it goes wrong.
    pub(super) program: String,
}

impl Purpose {
    fn new(doing: Doing, program: &str, verb: &str, object: &str) -> Self {
        let object = object.trim();
        let key = if object.is_empty() {
            short(verb).to_owned()
        } else {
            short(&format!("{verb} {object}")).to_owned()
        };
        Self {
            key,
            doing,
            program: program.to_owned(),
        }
    }

    /// What it is done to: the key without its verb.
    pub(super) fn object(&self) -> &str {
        self.key.split_once(' ').map_or("", |(_, object)| object)
    }
}

/// What the commands of a step are for; the same purpose once.
pub(super) fn purposes(step: &IndexedStep<'_>) -> Vec<Purpose> {
    let mut found: Vec<Purpose> = Vec::new();
    let mut add = |purpose: Purpose| {
        if found.len() < MOST && !found.contains(&purpose) {
            found.push(purpose);
        }
    };
    if let ActionKind::Edit { edits } = &step.step.action.kind {
        for edit in edits {
            let name = file_name(&edit.path);
            add(Purpose::new(Doing::Edit, "edit", "edit", name));
        }
    }
    for command in &step.reading.commands {
        of_command(command, &step.reading.activities, &mut add);
    }
    found
}

fn of_command(command: &Invocation, activities: &[Activity], add: &mut impl FnMut(Purpose)) {
    let program = unversioned(&command.program);
    let asks = |arg: &String| matches!(arg.as_str(), "--version" | "--help" | "-V" | "-h");
    if command.args.iter().any(asks) {
        return;
    }
    if command.written.contains('/')
        && !command.written.starts_with("/usr/")
        && !command.written.starts_with("/bin/")
        && !is_known(program)
    {
        let doing = if activities.contains(&Activity::Test) {
            Doing::Test
        } else {
            Doing::Run
        };
        // `./part1` and `./part2` are two things.
        add(Purpose::new(doing, program, "run", &command.program));
    } else if INTERPRETERS.contains(&program) {
        interpreted(command, program, activities, add);
    } else if TESTERS.contains(&program) {
        add(Purpose::new(Doing::Test, program, "test with", program));
    } else if MANAGERS.contains(&program) {
        managed(command, program, add);
    } else if BUILDERS.contains(&program) {
        built(command, program, add);
    } else if REQUESTS.contains(&program) || program == "git" && is_verb(command, "clone") {
        requested(command, program, add);
    } else if SERVICES.contains(&program) {
        served(command, program, add);
    } else if program == "git" {
        versioned(command, add);
    } else if !is_idle(program) && is_name(program) {
        add(Purpose::new(Doing::Tool, program, &command.program, ""));
    }
}

/// True for what can be the name of a program, and not a piece of a text taken for a command.
fn is_name(program: &str) -> bool {
    program.contains(|c: char| c.is_ascii_lowercase())
        && program
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "._+-".contains(c))
}

fn is_verb(command: &Invocation, verb: &str) -> bool {
    words(command).next() == Some(verb)
}

/// Words of a command that are no options.
fn words(command: &Invocation) -> impl Iterator<Item = &str> {
    let args = command.args.iter().map(String::as_str);
    args.filter(|arg| !arg.starts_with('-') && !arg.is_empty())
}

fn interpreted(
    command: &Invocation,
    program: &str,
    activities: &[Activity],
    add: &mut impl FnMut(Purpose),
) {
    let first = command.args.first().map(String::as_str);
    if first == Some("-m") {
        let module = command.args.get(1).map_or("", String::as_str);
        let rest: Vec<String> = command.args.iter().skip(2).cloned().collect();
        let inner = Invocation {
            program: module.to_owned(),
            args: rest,
            ..Invocation::default()
        };
        if is_known(module) {
            of_command(&inner, activities, add);
        } else {
            let object = words(&inner).next().map_or("", file_name);
            add(Purpose::new(
                Doing::Run,
                program,
                &format!("run -m {module}"),
                object,
            ));
        }
        return;
    }
    let inline = first.is_some_and(|arg| INLINE.contains(&arg)) || command.input_text().is_some();
    match words(command).next().filter(|_| !inline) {
        Some(script) => {
            let name = file_name(script);
            let tests = activities.contains(&Activity::Test);
            let doing = if tests { Doing::Test } else { Doing::Run };
            add(Purpose::new(doing, program, "run", name));
        }
        None if inline => add(Purpose::new(Doing::Inline, program, "run inline", program)),
        None => {}
    }
}

fn managed(command: &Invocation, program: &str, add: &mut impl FnMut(Purpose)) {
    let mut rest = words(command);
    let mut verb = rest.next().unwrap_or_default();
    while matches!(verb, "env" | "pip" | "tool" | "exec" | "run") && program != "npm" {
        verb = rest.next().unwrap_or_default();
    }
    match verb {
        "test" | "t" | "nextest" => {
            add(Purpose::new(Doing::Test, program, "test with", program));
        }
        "build" | "run" | "check" | "compile" | "package" | "vet" | "start" => {
            let object = rest.next().unwrap_or_default();
            add(Purpose::new(
                Doing::Build,
                program,
                &format!("{program} {verb}"),
                object,
            ));
        }
        verb if INSTALLING.contains(&verb) => {
            let mut any = false;
            let lists = |arg: &str| matches!(arg, "-r" | "--requirement" | "-f" | "--file");
            let is_listed = |word: &str| {
                let mut pairs = command.args.iter().zip(command.args.iter().skip(1));
                pairs.any(|(option, value)| value == word && lists(option))
            };
            let is_value = |word: &str| is_listed(word) || is_option_value(&command.args, word);
            for name in rest
                .filter(|word| !is_value(word))
                .map(package)
                .filter(|name| !name.is_empty())
            {
                any = true;
                add(Purpose::new(Doing::Install, program, "install", name));
            }
            let listed = command.args.iter().skip_while(|arg| !lists(arg));
            let written = |list: &&String| !list.starts_with(['<', '$', '(']);
            for list in listed.skip(1).take(1).filter(written) {
                any = true;
                add(Purpose::new(
                    Doing::Install,
                    program,
                    "install",
                    file_name(list),
                ));
            }
            if !any {
                add(Purpose::new(
                    Doing::Install,
                    program,
                    "install with",
                    program,
                ));
            }
        }
        "update" | "upgrade" | "remove" | "uninstall" | "purge" => {
            add(Purpose::new(
                Doing::Install,
                program,
                &format!("{program} {verb}"),
                "",
            ));
        }
        _ => {}
    }
}

/// `foo` of `foo==1.2`, `foo[extra]>=1`, `foo@latest`, `foo=1.2`; a folder or file by its name.
fn package(word: &str) -> &str {
    let name = word
        .char_indices()
        .find(|&(at, c)| at > 0 && "=<>!~[@;".contains(c))
        .map_or(word, |(at, _)| &word[..at]);
    if word.starts_with(['<', '$', '(']) {
        return "";
    }
    file_name(name)
}

fn built(command: &Invocation, program: &str, add: &mut impl FnMut(Purpose)) {
    let object = match program {
        "make" | "gmake" | "ninja" => words(command).find(|word| !word.contains('=')),
        // No class path, library or pattern.
        _ => words(command).find(|word| {
            word.contains('.')
                && !word.starts_with('/')
                && !word.contains([':', '*', '$'])
                && word.rsplit_once('.').is_none_or(|(_, kind)| kind != "jar")
        }),
    };
    let object = object.map_or("", file_name);
    if matches!(object, "test" | "tests" | "check") {
        add(Purpose::new(Doing::Test, program, "test with", program));
    } else {
        add(Purpose::new(Doing::Build, program, program, object));
    }
}

fn requested(command: &Invocation, program: &str, add: &mut impl FnMut(Purpose)) {
    let url = words(command)
        .find(|w| w.contains("://") || w.contains("localhost") || w.contains("127.0.0.1"));
    let Some(url) = url.or_else(|| words(command).last().filter(|_| program != "git")) else {
        return;
    };
    let bare = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = bare.split(['/', '?', '#']).next().unwrap_or(bare);
    let here = ["localhost", "127.0.0.1", "0.0.0.0", "[::1]", "::1"]
        .iter()
        .any(|name| host.starts_with(name));
    if here || matches!(program, "nc" | "telnet" | "ab") {
        add(Purpose::new(Doing::Reach, program, "reach", host));
    } else {
        let name = bare.split(['?', '#']).next().unwrap_or(bare);
        let name = file_name(name).trim_end_matches(".git");
        add(Purpose::new(Doing::Fetch, program, "fetch", name));
    }
}

/// Whichever way a service is started or set up, it is one purpose.
fn served(command: &Invocation, program: &str, add: &mut impl FnMut(Purpose)) {
    const ASKING: &[&str] = &[
        "status",
        "is-active",
        "ps",
        "logs",
        "images",
        "inspect",
        "-t",
        "-T",
        "list-units",
        "exec",
        "stop",
        "down",
        "kill",
        "rm",
    ];
    if command
        .args
        .iter()
        .any(|arg| ASKING.contains(&arg.as_str()))
    {
        return;
    }
    let object = match program {
        "systemctl" | "rc-service" | "supervisorctl" => words(command).nth(1),
        "service" | "gunicorn" | "uvicorn" => words(command).next(),
        "docker" | "podman" => words(command).last(),
        _ => None,
    };
    let object = object.map_or(program, |name| name.trim_end_matches(".service"));
    add(Purpose::new(
        Doing::Serve,
        program,
        "serve",
        file_name(object),
    ));
}

fn versioned(command: &Invocation, add: &mut impl FnMut(Purpose)) {
    const CHANGING: &[&str] = &[
        "add",
        "am",
        "apply",
        "checkout",
        "cherry-pick",
        "commit",
        "merge",
        "pull",
        "push",
        "rebase",
        "reset",
        "restore",
        "revert",
        "switch",
        "filter-branch",
        "filter-repo",
        "gc",
    ];
    if let Some(verb) = words(command).next().filter(|verb| CHANGING.contains(verb)) {
        add(Purpose::new(Doing::Version, "git", "git", verb));
    }
}

/// `python` of `python3.11`, `clang` of `clang-14`; a number that names a machine stays, as in
/// `qemu-system-x86_64`.
fn unversioned(program: &str) -> &str {
    let bare = program.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    let bare = bare.strip_suffix('-').unwrap_or(bare);
    if bare.is_empty() || bare.ends_with('_') {
        program
    } else {
        bare
    }
}

/// True when a step does nothing of its own: it waits for what was started before.
pub(super) fn waits(step: &Step, reading: &analysis::effect::StepReading) -> bool {
    let quiet = |activity: &Activity| matches!(activity, Activity::Control | Activity::Talk);
    matches!(step.action.kind, ActionKind::Keystrokes { .. })
        && reading.activities.iter().all(quiet)
        && reading.effect.writes.is_empty()
}
