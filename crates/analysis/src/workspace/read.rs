//! From steps to files: what each step's action does to them and what its observation shows.

use trace::{ActionKind, Change, FileEdit, Observation, Step, StepOutcome, StepStatus, Trajectory};

use super::folder::Folder;
use super::history::Operation;
use super::line::LINES;
use super::listing::{self, Listing};
use super::notebook;
use super::patch;
use super::replay::{Place, Replay, Text};
use super::shell::{Form, Piece, Printed, Shell, Shows};
use crate::Index;
use crate::effect::StepReading;
use crate::outcome::Answers;
use crate::shell::{Invocation, invocations};

/// How deep sub-agents of sub-agents are followed.
const DELEGATION_DEPTH: usize = 4;

/// Replays all steps of a run.
pub(super) fn replay(index: &Index<'_>) -> Replay {
    let mut replay = Replay::new();
    let mut folder = Folder::new(index);
    let mut answers = Answers::new(index.trajectory);
    for indexed in index.steps() {
        replay.begin(indexed.id);
        let step = &*indexed.step;
        folder.begin(step);
        let mut reader = Reader {
            replay: &mut replay,
            folder: &mut folder,
            answers: &mut answers,
            cut: false,
        };
        reader.step(step, &indexed.reading, &indexed.outcome);
        delegated(&mut replay, index.trajectory, step, 1);
        folder.end(step);
        replay.end();
    }
    replay
}

/// What the sub-agent a step started did to files is that step's doing.
fn delegated(replay: &mut Replay, trajectory: &Trajectory, step: &Step, depth: usize) {
    let started = step.subtrajectory.as_ref().and_then(|id| {
        let mut below = trajectory.subtrajectories.iter();
        below.find(|below| below.id == *id)
    });
    let Some(below) = started.filter(|_| depth <= DELEGATION_DEPTH) else {
        return;
    };
    let index = Index::new(below);
    let mut folder = Folder::new(&index);
    let mut answers = Answers::new(below);
    for indexed in index.steps() {
        replay.nested.get_or_insert(indexed.id);
        let step = &*indexed.step;
        folder.begin(step);
        let mut reader = Reader {
            replay,
            folder: &mut folder,
            answers: &mut answers,
            cut: false,
        };
        reader.step(step, &indexed.reading, &indexed.outcome);
        delegated(replay, below, step, depth + 1);
        folder.end(step);
        if depth == 1 {
            replay.nested = None;
        }
    }
}

/// Argument names by which reading tools are asked for a part of a file.
const PARTS: &[&str] = &[
    "offset",
    "limit",
    "view_range",
    "start_line",
    "end_line",
    "line_start",
    "line_end",
    "line_range",
    "line_number",
    "pages",
    "start",
    "end",
];

struct Reader<'r, 't> {
    replay: &'r mut Replay,
    folder: &'r mut Folder,
    answers: &'r mut Answers<'t>,
    /// True when the observation at hand is not all that was printed.
    cut: bool,
}

impl Reader<'_, '_> {
    fn step(&mut self, step: &Step, reading: &StepReading, outcome: &StepOutcome) {
        match &step.action.kind {
            ActionKind::Shell { .. } | ActionKind::Keystrokes { .. } => {
                self.commands(step, reading, outcome);
            }
            ActionKind::Edit { edits } => {
                if outcome.status == StepStatus::Failed {
                    return;
                }
                for edit in edits {
                    self.edit(edit);
                }
                if let [only] = edits.as_slice() {
                    self.view(step, &only.path);
                }
            }
            ActionKind::Read { path } if outcome.status != StepStatus::Failed => {
                self.view(step, path);
            }
            ActionKind::Search { .. } if outcome.status != StepStatus::Failed => {
                self.searched(step.observed(), 0, false);
            }
            _ => {}
        }
    }

    fn edit(&mut self, edit: &FileEdit) {
        let Some(path) = self.folder.path(&edit.path) else {
            return;
        };
        let place = Place::action(None);
        let replay = &mut *self.replay;
        match &edit.change {
            Change::Write { content } => {
                replay.write(&path, Text::Known(content), Operation::Write, place);
            }
            Change::Replace { old, new, all } => replay.replace(&path, old, new, *all, place),
            Change::ReplaceLines { first, last, text } => {
                let (Some(first), Some(last)) = (number(*first), number(*last)) else {
                    return;
                };
                let from = first.saturating_sub(1);
                replay.overwrite(&path, from..last.max(from), text, Operation::Edit, place);
            }
            Change::Insert { line, text } => {
                if let Some(line) = number(*line) {
                    replay.overwrite(&path, line..line, text, Operation::Edit, place);
                }
            }
            Change::Patch { patch } => {
                for file in patch::read(patch) {
                    let old = file.old.and_then(|path| self.folder.path(path));
                    let new = file.new.and_then(|path| self.folder.path(path));
                    self.replay
                        .patch(old.as_deref(), new.as_deref(), &file, &place);
                }
            }
            Change::Cell { cell, source } => {
                // How a tool writes the rest of the notebook is its own affair.
                let changed = replay
                    .text(&path)
                    .and_then(|text| notebook::with_cell(&text, cell, source));
                match changed {
                    Some(text) => {
                        replay.write(&path, Text::About(&text), Operation::Edit, place);
                    }
                    None => replay.program(&path, place),
                }
            }
            Change::Delete => replay.remove(&path, true, &place),
            Change::Rename { to } => {
                if let Some(to) = self.folder.path(to) {
                    replay.carry(&path, &to, false, &place);
                }
            }
            Change::Undo => replay.undo(&path, place),
        }
    }

    /// The numbered lines a tool shows of a file, after reading or editing it.
    fn view(&mut self, step: &Step, path: &str) {
        let Some(path) = self.folder.path(path) else {
            return;
        };
        let text = step.observed();
        let whole = matches!(step.action.kind, ActionKind::Read { .. })
            && !PARTS.iter().any(|name| {
                step.action
                    .arguments
                    .get(name)
                    .is_some_and(|v| !v.is_null())
            });
        for mut listing in listing::all_numbered(text, 0, whole) {
            // Editors number what follows the last line feed of a snippet too.
            if listing.lines.len() > 1 && listing.lines.last().is_some_and(|l| l.is_empty()) {
                listing.lines.pop();
            }
            if let Some(mark) = self.replay.mark(&path) {
                self.replay.show(&mark, &listing);
            }
        }
    }

    fn commands(&mut self, step: &Step, reading: &StepReading, outcome: &StepOutcome) {
        let commands = &reading.commands;
        let mut shell = Shell {
            replay: self.replay,
            folder: self.folder,
            step,
            outcome,
            handled: Vec::new(),
            pieces: Vec::new(),
        };
        shell.run(commands);
        let handled = shell.handled;
        let pieces = shell.pieces;
        for written in &reading.effect.writes {
            // What a step is said to write and no command above did, a program wrote.
            if let Some(path) = self.folder.path(written)
                && !handled.contains(&path)
                && !written.ends_with('/')
                && outcome.status != StepStatus::Failed
                && step.subtrajectory.is_none()
                && !self.replay.is_folder(&path)
            {
                self.replay.program(&path, Place::action(None));
            }
        }
        let Some(observation) = &step.observation else {
            return;
        };
        if observation.screen {
            self.cut = false;
            self.screen(observation, commands, &pieces);
        } else if outcome.status != StepStatus::Failed {
            let pieces: Vec<&Printed> = pieces.iter().map(|piece| &piece.printed).collect();
            let (start, text, cut) = listing::unframed(&observation.text);
            self.cut = cut;
            self.shown(text, start, &pieces, false);
        }
    }

    /// Gives the answers on a screen to the commands they are to.
    fn screen(&mut self, observation: &Observation, commands: &[Invocation], pieces: &[Piece]) {
        let mut from = 0;
        for answer in self.answers.next(&observation.text) {
            let typed = invocations(&answer.command);
            if typed.is_empty() || typed.len() > commands.len() {
                continue;
            }
            let same = |at: usize| {
                typed.iter().zip(&commands[at..]).all(|(typed, command)| {
                    typed.program == command.program && typed.args == command.args
                })
            };
            let Some(at) = (from..=commands.len() - typed.len()).find(|&at| same(at)) else {
                continue;
            };
            from = at + typed.len();
            if !answer.complete {
                continue;
            }
            let pieces: Vec<&Printed> = pieces
                .iter()
                .filter(|piece| (at..from).contains(&piece.command))
                .map(|piece| &piece.printed)
                .collect();
            self.shown(&answer.text, answer.start, &pieces, true);
        }
    }

    /// Splits an observation among the commands that printed it and takes in what it shows.
    fn shown(&mut self, text: &str, base: usize, pieces: &[&Printed], screen: bool) {
        let spoken: Vec<&&Printed> = pieces
            .iter()
            .filter(|printed| !matches!(printed, Printed::Nothing))
            .collect();
        if spoken
            .iter()
            .any(|printed| matches!(printed, Printed::Diff))
        {
            self.differences(text, base, screen);
        }
        let shows = |printed: &Printed| matches!(printed, Printed::Files(_) | Printed::Searched);
        if !spoken.iter().any(|printed| shows(printed)) {
            return;
        }
        let mut at = 0;
        let mut open: Vec<&Printed> = Vec::new();
        for printed in spoken {
            match printed {
                Printed::Known(said) if !said.trim().is_empty() => {
                    let said = said.trim_end_matches('\n');
                    if let Some(from) = listing::past_folder(&text[at..])
                        .filter(|_| matches!(open.first(), Some(Printed::Listed)))
                    {
                        open.remove(0);
                        at += from;
                    }
                    let Some(found) = find_lines(&text[at..], said) else {
                        return;
                    };
                    self.part(&text[at..at + found], base + at, &open, screen);
                    open.clear();
                    at += found + said.len();
                    at += usize::from(text[at..].starts_with('\n'));
                }
                other => open.push(other),
            }
        }
        if let [Printed::Listed, ..] = open.as_slice()
            && let Some(from) = listing::past_folder(&text[at..])
        {
            open.remove(0);
            at += from;
        }
        self.part(&text[at..], base + at, &open, screen);
    }

    /// A part of an observation that these commands printed together.
    fn part(&mut self, text: &str, base: usize, pieces: &[&Printed], screen: bool) {
        let files = match pieces {
            [Printed::Files(files)] => files,
            [Printed::Searched] => return self.searched(text, base, screen),
            _ => return self.runs(text, base, pieces, screen),
        };
        let mut at = 0;
        for (number, shows) in files.iter().enumerate() {
            let last = number + 1 == files.len();
            let rest = &text[at..];
            if last {
                self.listing(shows, rest, base + at, screen);
                return;
            }
            // Where a file ends is only known when it is known.
            let Some(expected) = self.replay.printed(&shows.mark, shows.form) else {
                return;
            };
            if !rest.starts_with(expected.as_str()) {
                return;
            }
            self.listing(shows, &expected, base + at, screen);
            at += expected.len();
        }
    }

    /// Numbered views among other things that were printed: each is one run of numbers.
    fn runs(&mut self, text: &str, base: usize, pieces: &[&Printed], screen: bool) {
        let mut views = Vec::new();
        for printed in pieces {
            match printed {
                Printed::Files(files) => match files.as_slice() {
                    [shows] if matches!(shows.form, Form::Numbered { .. }) => views.push(shows),
                    _ => return,
                },
                Printed::Listed => {}
                _ if views.is_empty() => return,
                _ => {}
            }
        }
        let runs = listing::numbered(text, base);
        let first_only = views.len() == 1 && !runs.is_empty();
        if first_only || runs.len() == views.len() {
            for (shows, listing) in views.into_iter().zip(runs) {
                self.replay
                    .show(&shows.mark, &Listing { screen, ..listing });
            }
        }
    }

    /// The side of a difference that is the working tree.
    fn differences(&mut self, text: &str, base: usize, screen: bool) {
        for file in patch::read(text) {
            let Some(path) = file.new.and_then(|path| self.in_repository(path)) else {
                continue;
            };
            for hunk in &file.hunks {
                let lines: Vec<&str> = hunk.after().collect();
                let (Some(first), Some(at)) = (hunk.new_start, hunk.rows.first()) else {
                    continue;
                };
                // Rows are pieces of the text, so their addresses say where they stand in it.
                let place = |row: &str| base + (row.as_ptr() as usize - text.as_ptr() as usize);
                let end = hunk.rows.last().map_or(0, |row| place(row.1) + row.1.len());
                let listing = Listing {
                    first: first.saturating_sub(1),
                    whole: file.creates && file.hunks.len() == 1,
                    lines,
                    total: None,
                    screen,
                    bytes: place(at.1)..end,
                };
                if listing.lines.is_empty() {
                    continue;
                }
                if let Some(mark) = self.replay.mark(&path) {
                    self.replay.show(&mark, &listing);
                }
            }
        }
    }

    /// The file a path means that starts at the root of a repository, which lies here or above.
    fn in_repository(&self, path: &str) -> Option<String> {
        let here = self.folder.path(path)?;
        let mut folder = self.folder.path(".").unwrap_or_default();
        loop {
            let candidate = format!("{folder}/{path}");
            if self.replay.find(&candidate).is_some() {
                return Some(candidate);
            }
            match folder.rfind('/') {
                Some(at) => folder.truncate(at),
                None => return Some(here),
            }
        }
    }

    /// Lines found in several files.
    fn searched(&mut self, text: &str, base: usize, screen: bool) {
        for (path, listing) in listing::searched(text, base) {
            if let Some(path) = self.folder.path(path)
                && let Some(mark) = self.replay.mark(&path)
            {
                self.replay.show(&mark, &Listing { screen, ..listing });
            }
        }
    }

    fn listing(&mut self, shows: &Shows, text: &str, base: usize, screen: bool) {
        let found: Vec<Listing<'_>> = match shows.form {
            Form::Numbered { whole } => listing::all_numbered(text, base, whole),
            Form::Found => listing::numbered(text, base),
            Form::Plain { first, count } => listing::plain(text, first, count, base)
                .into_iter()
                .collect(),
            Form::Some => Vec::new(),
        };
        for listing in found {
            let listing = Listing {
                screen,
                whole: listing.whole && !self.cut,
                ..listing
            };
            self.replay.show(&shows.mark, &listing);
        }
    }
}

/// A line's number as a tool takes it.
fn number(stated: u64) -> Option<usize> {
    usize::try_from(stated).ok().filter(|line| *line <= LINES)
}

/// Where `said` stands in `text` as whole lines.
fn find_lines(text: &str, said: &str) -> Option<usize> {
    memchr::memmem::find_iter(text.as_bytes(), said.as_bytes()).find(|&at| {
        let starts = at == 0 || text.as_bytes()[at - 1] == b'\n';
        let end = text.as_bytes().get(at + said.len());
        starts && matches!(end, None | Some(b'\n' | b'\r'))
    })
}
