//! From steps to files: what each step's action does to them and what its observation shows.

use trace::{ActionKind, Change, FileEdit, Observation, Step, StepOutcome, StepStatus};

use super::folder::Folder;
use super::history::Operation;
use super::listing::{self, Listing};
use super::patch;
use super::replay::{Mark, Place, Replay, Text};
use super::shell::{Form, Piece, Printed, Shell};
use crate::Index;
use crate::effect::StepReading;
use crate::outcome::Answers;
use crate::shell::{Invocation, invocations};

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
        };
        reader.step(step, &indexed.reading, &indexed.outcome);
        folder.end(step);
        replay.end();
    }
    replay
}

struct Reader<'r, 't> {
    replay: &'r mut Replay,
    folder: &'r mut Folder,
    answers: &'r mut Answers<'t>,
}

impl Reader<'_, '_> {
    fn step(&mut self, step: &Step, reading: &StepReading, outcome: &StepOutcome) {
        match &step.action.kind {
            ActionKind::Shell { .. } | ActionKind::Keystrokes { .. } => {
                self.commands(step, reading, outcome);
            }
            ActionKind::Edit { edits } => {
                let refused = outcome.status == StepStatus::Failed;
                if !refused {
                    for edit in edits {
                        self.edit(edit);
                    }
                }
                if let [first, ..] = edits.as_slice() {
                    self.view(step, &first.path, refused);
                }
            }
            ActionKind::Read { path } if outcome.status != StepStatus::Failed => {
                self.view(step, path, false);
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
                let (Ok(first), Ok(last)) = (usize::try_from(*first), usize::try_from(*last))
                else {
                    return;
                };
                let from = first.saturating_sub(1);
                replay.overwrite(&path, from..last.max(from), text, Operation::Edit, place);
            }
            Change::Insert { line, text } => {
                if let Ok(line) = usize::try_from(*line) {
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
            Change::Cell { .. } => replay.program(&path, place),
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
    fn view(&mut self, step: &Step, path: &str, _refused: bool) {
        let Some(path) = self.folder.path(path) else {
            return;
        };
        let text = step.observed();
        for listing in listing::numbered(text, 0) {
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
            if let Some(path) = self.folder.path(written)
                && !handled.contains(&path)
                && !written.ends_with('/')
                && outcome.status != StepStatus::Failed
                && self.replay.below(&path).is_empty()
            {
                self.replay.program(&path, Place::action(None));
            }
        }
        let Some(observation) = &step.observation else {
            return;
        };
        if observation.screen {
            self.screen(observation, commands, &pieces);
        } else if outcome.status != StepStatus::Failed {
            let pieces: Vec<&Printed> = pieces.iter().map(|piece| &piece.printed).collect();
            self.shown(&observation.text, 0, &pieces, true);
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
            self.shown(&answer.text, answer.start, &pieces, false);
        }
    }

    /// Splits an observation among the commands that printed it and takes in what it shows.
    fn shown(&mut self, text: &str, base: usize, pieces: &[&Printed], closed: bool) {
        let spoken: Vec<&&Printed> = pieces
            .iter()
            .filter(|printed| !matches!(printed, Printed::Nothing))
            .collect();
        if !spoken.iter().any(|p| matches!(p, Printed::Files(_))) {
            return;
        }
        let mut at = 0;
        let mut open: Vec<&Printed> = Vec::new();
        for printed in spoken {
            match printed {
                Printed::Known(said) if !said.trim().is_empty() => {
                    let said = said.trim_end_matches('\n');
                    let Some(found) = find_lines(&text[at..], said) else {
                        return;
                    };
                    self.part(&text[at..at + found], base + at, &open, true);
                    open.clear();
                    at += found + said.len();
                    at += usize::from(text[at..].starts_with('\n'));
                }
                other => open.push(other),
            }
        }
        self.part(&text[at..], base + at, &open, closed);
    }

    /// A part of an observation that these commands printed together.
    fn part(&mut self, text: &str, base: usize, pieces: &[&Printed], _closed: bool) {
        let [Printed::Files(files)] = pieces else {
            return;
        };
        let mut at = 0;
        for (number, shows) in files.iter().enumerate() {
            let last = number + 1 == files.len();
            let rest = &text[at..];
            if last {
                self.listing(&shows.mark, shows.form, rest, base + at);
                return;
            }
            // Where a file ends is only known when it is known.
            let Some(expected) = self.replay.printed(&shows.mark, shows.form) else {
                return;
            };
            if !rest.starts_with(expected.as_str()) {
                return;
            }
            self.listing(&shows.mark, shows.form, &expected, base + at);
            at += expected.len();
        }
    }

    fn listing(&mut self, mark: &Mark, form: Form, text: &str, base: usize) {
        let found: Vec<Listing<'_>> = match form {
            Form::Numbered => listing::numbered(text, base),
            Form::Plain { first, count } => listing::plain(text, first, count.is_none(), base)
                .map(|listing| listing::limited(listing, count))
                .into_iter()
                .collect(),
            Form::Some => Vec::new(),
        };
        for listing in &found {
            self.replay.show(mark, listing);
        }
    }
}

/// Where `said` stands in `text` as whole lines.
fn find_lines(text: &str, said: &str) -> Option<usize> {
    memchr::memmem::find_iter(text.as_bytes(), said.as_bytes()).find(|&at| {
        let starts = at == 0 || text.as_bytes()[at - 1] == b'\n';
        let end = text.as_bytes().get(at + said.len());
        starts && matches!(end, None | Some(b'\n' | b'\r'))
    })
}
