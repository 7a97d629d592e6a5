//! What happened to the files of a run, step by step: who wrote them, whole or in part, and who ran them
//! with what result. The signals about the dynamics of a run share it.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use analysis::activity::Activity;
use analysis::shell::Invocation;
use analysis::{Index, IndexedStep};
use trace::{ActionKind, Change, StepStatus};

use super::file::{file_name, is_aside, names_in};

/// How many files of one step are kept; a step that touches more is about none of them.
const FILES_PER_STEP: usize = 32;
/// Of an embedded program, how many bytes are searched for the paths it opens.
const PROGRAM_BYTES: usize = 32 * 1024;

/// A file by its name, numbered in order of first mention.
pub(crate) type FileId = u32;

/// What one step did, as far as the dynamics of a run need it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Facts<'h> {
    /// Whether it changed state.
    pub(crate) changes: bool,
    /// Whether it ran, tested, built or started something.
    pub(crate) exercises: bool,
    /// Whether it hands the work in.
    pub(crate) submits: bool,
    /// Whether it worked.
    pub(crate) status: StepStatus,
    /// What it is for, by the program that decides and its first operand; a later attempt at the same has
    /// the same number.
    pub(crate) purpose: Option<u32>,
    /// The files it wrote.
    pub(crate) writes: &'h [FileId],
    /// Those of them whose whole content it gave.
    pub(crate) whole: &'h [FileId],
    /// The files it ran or named while running something.
    pub(crate) uses: &'h [FileId],
    /// The files it looked at.
    pub(crate) reads: &'h [FileId],
}

impl Facts<'_> {
    /// Whether it failed.
    pub(crate) fn failed(&self) -> bool {
        self.status == StepStatus::Failed
    }
}

/// The facts of a step as they are held: some 20 bytes, since a run may have a million steps.
#[derive(Debug, Clone, Copy)]
struct Packed {
    changes: bool,
    exercises: bool,
    submits: bool,
    status: StepStatus,
    purpose: Option<u32>,
    /// Where its files begin in the list of all.
    start: u32,
    /// How many it writes, writes whole, uses and reads, in that order in the list.
    counts: [u8; 4],
}

/// The files of a run and what every step did to them.
#[derive(Debug, Default)]
pub(crate) struct History {
    steps: Vec<Packed>,
    touched: Vec<FileId>,
    names: Vec<String>,
    /// By file, whether it stays outside what is handed in.
    aside: Vec<bool>,
    ids: HashMap<String, FileId>,
}

impl History {
    /// Reads a whole run; linear in its size.
    pub(crate) fn new(index: &Index<'_>) -> Self {
        let mut history = Self::default();
        let task = index.trajectory.task.as_deref().unwrap_or_default();
        let demanded = names_in(task);
        for step in index.steps() {
            let packed = history.pack(&step);
            for name in &history.names[history.aside.len()..] {
                let aside = is_aside(name) && !demanded.contains(name.as_str());
                history.aside.push(aside);
            }
            history.steps.push(packed);
        }
        history
    }

    /// The name of a file.
    pub(crate) fn name(&self, file: FileId) -> &str {
        self.names.get(file as usize).map_or("", String::as_str)
    }

    /// Whether a file only serves the work and is no part of what is handed in.
    pub(crate) fn is_aside(&self, file: FileId) -> bool {
        self.aside.get(file as usize).is_some_and(|aside| *aside)
    }

    /// The number of the file with this name, if a step wrote one.
    pub(crate) fn file(&self, name: &str) -> Option<FileId> {
        self.ids.get(name).copied()
    }

    /// How many files are known.
    pub(crate) fn files(&self) -> usize {
        self.names.len()
    }

    /// What the steps did, in order, with their numbers counted from 0.
    pub(crate) fn steps(
        &self,
    ) -> impl DoubleEndedIterator<Item = (usize, Facts<'_>)> + ExactSizeIterator {
        let facts = self.steps.iter().map(|packed| self.unpack(packed));
        facts.enumerate()
    }

    /// What the steps before the one at `end` did, the last of them first.
    pub(crate) fn back_from(&self, end: usize) -> impl Iterator<Item = (usize, Facts<'_>)> {
        self.steps().take(end).rev()
    }

    /// What the step at an index counted from 0 did.
    pub(crate) fn step(&self, at: usize) -> Option<Facts<'_>> {
        self.steps.get(at).map(|packed| self.unpack(packed))
    }

    fn unpack(&self, packed: &Packed) -> Facts<'_> {
        let mut rest = self
            .touched
            .get(packed.start as usize..)
            .unwrap_or_default();
        let mut lists = packed.counts.map(|count| {
            let (list, after) = rest.split_at(usize::from(count).min(rest.len()));
            rest = after;
            list
        });
        let [writes, whole, uses, reads] = &mut lists;
        Facts {
            changes: packed.changes,
            exercises: packed.exercises,
            submits: packed.submits,
            status: packed.status,
            purpose: packed.purpose,
            writes,
            whole,
            uses,
            reads,
        }
    }

    fn pack(&mut self, step: &IndexedStep<'_>) -> Packed {
        let reading = &step.reading;
        let does = |list: &[Activity]| reading.activities.iter().any(|a| list.contains(a));
        let exercises = does(&[
            Activity::Run,
            Activity::Test,
            Activity::Build,
            Activity::Serve,
        ]);
        let changes = reading.effect.kind.is_change();
        let mut named: Vec<&str> = reading.effect.writes.iter().map(String::as_str).collect();
        let whole = whole_writes(step);
        named.extend(whole.iter().copied());
        if changes && reading.effect.writes.is_empty() {
            named.extend(reading.commands.iter().flat_map(opened));
        }
        let writes = self.ids(named.into_iter());
        let whole = self.ids(whole.into_iter());
        let words = reading.commands.iter().flat_map(|c| {
            std::iter::once(c.written.as_str()).chain(c.args.iter().map(String::as_str))
        });
        let errors = step.outcome.errors.iter();
        let subjects = errors.filter_map(|e| e.subject.as_deref());
        let mut uses = Vec::new();
        if exercises {
            uses = self.known(words.chain(subjects));
            uses.retain(|file| !writes.contains(file));
        }
        let reads = self.known(reading.effect.reads.iter().map(String::as_str));
        let start = u32::try_from(self.touched.len());
        let lists = [writes, whole, uses, reads];
        let counts = match start {
            Ok(_) => lists.each_ref().map(|l| u8::try_from(l.len()).unwrap_or(0)),
            Err(_) => [0; 4],
        };
        for (list, count) in lists.iter().zip(counts) {
            self.touched.extend(&list[..usize::from(count)]);
        }
        Packed {
            changes,
            exercises,
            submits: reading.activities.contains(&Activity::Submit),
            status: step.outcome.status,
            purpose: purpose(step),
            start: start.unwrap_or(0),
            counts,
        }
    }

    /// The numbers of files, new ones where they are not known yet.
    fn ids<'p>(&mut self, paths: impl Iterator<Item = &'p str>) -> Vec<FileId> {
        let mut found = Vec::new();
        for path in paths.filter(|path| is_file(path)).take(FILES_PER_STEP) {
            let name = file_name(path);
            let id = if let Some(&id) = self.ids.get(name) {
                id
            } else {
                let Ok(id) = FileId::try_from(self.names.len()) else {
                    break;
                };
                self.names.push(name.to_owned());
                self.ids.insert(name.to_owned(), id);
                id
            };
            if !found.contains(&id) {
                found.push(id);
            }
        }
        found
    }

    /// The numbers of those files that were written before.
    fn known<'p>(&self, paths: impl Iterator<Item = &'p str>) -> Vec<FileId> {
        let mut found = Vec::new();
        for path in paths {
            if let Some(&id) = self.ids.get(file_name(path))
                && !found.contains(&id)
                && found.len() < FILES_PER_STEP
            {
                found.push(id);
            }
        }
        found
    }
}

/// Programs that lead to others or look at what others did.
const LEADING: &[&str] = &[
    "", "cd", "echo", "printf", "true", "false", "head", "tail", "grep", "cat", "ls", "sleep",
    "which", "set", "export", "source", ".", "wc", "sort", "tee", "test", "[", "mkdir", "pwd",
    "wait", "kill",
];

/// The decisive program of a step that installs, fetches, builds, tests, runs or serves, with its first operand.
fn purpose(step: &IndexedStep<'_>) -> Option<u32> {
    let does = |a: &Activity| {
        matches!(
            a,
            Activity::Build
                | Activity::Install
                | Activity::Fetch
                | Activity::Test
                | Activity::Run
                | Activity::Serve
        )
    };
    step.reading.activities.iter().any(does).then_some(())?;
    let deciding = step
        .reading
        .commands
        .iter()
        .rev()
        .find(|c| !LEADING.contains(&c.program.as_str()))?;
    let operand = deciding
        .args
        .iter()
        .find(|a| !a.starts_with('-') && !a.contains(char::is_whitespace));
    let mut hasher = DefaultHasher::new();
    deciding.program.hash(&mut hasher);
    operand.map(|a| file_name(a)).hash(&mut hasher);
    // Half of the hash is enough to tell the purposes of one run apart.
    Some((hasher.finish() >> 32) as u32)
}

/// Whether a word can name one file: no pattern, no variable, no option, no bare word such as `create`.
fn is_file(path: &str) -> bool {
    let name = file_name(path);
    !name.is_empty()
        && name.len() <= 128
        && !path.starts_with('-')
        && !name.contains(['*', '$', '{', '=', ' ', '\n', '<', '>', '|', ';', '(', ')'])
        && (name.contains('.') || path.contains('/') || name.starts_with(char::is_uppercase))
        && name != "."
        && name != ".."
}

/// The paths whose whole content a step gave.
fn whole_writes<'s>(step: &'s IndexedStep<'_>) -> Vec<&'s str> {
    match &step.step.action.kind {
        ActionKind::Edit { edits } => edits
            .iter()
            .filter(|edit| matches!(edit.change, Change::Write { .. }))
            .map(|edit| edit.path.as_str())
            .collect(),
        _ => step
            .reading
            .commands
            .iter()
            .flat_map(|command| {
                // What a program prints into a file was not written by the agent.
                let authored = matches!(command.program.as_str(), "cat" | "echo" | "printf" | "");
                let redirects = command.redirects.iter().filter(move |_| authored);
                let redirected = redirects
                    .filter(|redirect| matches!(redirect.op.as_str(), ">" | ">|" | "&>"))
                    .filter_map(|redirect| redirect.written_path());
                let teed = (command.program == "tee" && !command.args.iter().any(|a| a == "-a"))
                    .then(|| command.args.iter().map(String::as_str))
                    .into_iter()
                    .flatten();
                redirected.chain(teed)
            })
            .collect(),
    }
}

/// Interpreters whose program may stand in the command itself.
const INTERPRETERS: &[&str] = &["python", "python3", "perl", "node", "ruby"];

/// The paths that a program in a command quotes: what `python - <<EOF` opens.
fn opened(command: &Invocation) -> Vec<&str> {
    let program = command.program.as_str();
    if !INTERPRETERS.iter().any(|name| program.starts_with(name)) {
        return Vec::new();
    }
    let Some(text) = command.input_text().or_else(|| {
        let flag = command.args.iter().position(|a| a == "-c" || a == "-e")?;
        command.args.get(flag + 1).map(String::as_str)
    }) else {
        return Vec::new();
    };
    let text = &text[..text.floor_char_boundary(PROGRAM_BYTES)];
    let mut seen = HashSet::new();
    text.split(['"', '\''])
        .filter(|word| {
            word.len() <= 128
                && !word.contains(char::is_whitespace)
                && has_ending(file_name(word))
                && seen.insert(*word)
        })
        .collect()
}

/// Whether a name ends as files do, in a dot and a few letters.
fn has_ending(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(stem, ending)| {
        !stem.is_empty()
            && stem
                .chars()
                .all(|c| c.is_alphanumeric() || "_-.".contains(c))
            && (1..=5).contains(&ending.len())
            && ending.bytes().all(|b| b.is_ascii_alphanumeric())
            && ending.starts_with(|c: char| c.is_ascii_alphabetic())
    })
}
