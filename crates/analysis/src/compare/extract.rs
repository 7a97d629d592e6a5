//! The changes of a run, one by one, in words that do not depend on its agent.

use trace::{
    ActionKind, Change, ChangeKind, FileEdit, Step, StepId, StepOutcome, StepStatus, Trajectory,
};

use super::change::{StateChange, Target, Text};
use super::ends::Ends;
use super::place::Place;
use super::sketch::content_hash;
use super::words;
use crate::Index;
use crate::activity::Activity;
use crate::effect::single::{CommandReader, CommandReading};
use crate::effect::{self, StepReading};
use crate::shell::Invocation;
use crate::workspace::{Fidelity, Workspace};

/// How many changes of a run are compared.
pub(super) const MOST_CHANGES: usize = 20_000;

/// How many changes of one step are.
const MOST_OF_STEP: usize = 64;

/// How many bytes of files are looked at for what they hold after a change.
const HASHED_BYTES: usize = 64 << 20;

/// How deep sub-agents of sub-agents are followed.
const DEPTH: usize = 4;

/// What a run changed.
#[derive(Debug, Default)]
pub(super) struct Changes {
    /// In order; a step may have made several.
    pub(super) list: Vec<StateChange>,
    /// The files as they stood at the end, as far as the changes tell.
    pub(super) ends: Ends,
    /// True when there were more changes than are compared.
    pub(super) cut: bool,
}

/// Reads the changes of a whole run; linear in its size.
pub(super) fn changes(index: &Index<'_>) -> Changes {
    let workspace = Workspace::new(index);
    let mut reader = Reader::new(index.trajectory, Some(&workspace), 0);
    for s in index.steps() {
        reader.step(s.id, &s.step, &s.reading, Some(&s.outcome));
    }
    let mut found = reader.found;
    found.ends.refine(&workspace);
    look_behind(&mut found.list, &workspace);
    found
}

/// Adds what the files hold after each change: two ways to one text are one change.
fn look_behind(changes: &mut [StateChange], workspace: &Workspace) {
    let mut read = 0;
    for change in changes.iter_mut().filter(|change| !change.failed) {
        let of_text = matches!(change.kind, ChangeKind::Write | ChangeKind::Edit);
        let Some(place) = change.place().filter(|_| of_text && read < HASHED_BYTES) else {
            continue;
        };
        let known = workspace.at(place.as_str(), change.step);
        let exact = known.filter(|text| text.fidelity() == Fidelity::Exact);
        if let Some(whole) = exact.and_then(|text| text.whole()) {
            read += whole.len();
            change.after = Some(content_hash(&whole));
        }
    }
}

struct Reader<'t> {
    trajectory: &'t Trajectory,
    /// The files of the run; not followed for sub-agents.
    workspace: Option<&'t Workspace>,
    depth: usize,
    commands: CommandReader,
    /// The folder commands run in; empty when it is not known.
    folder: String,
    /// The text of the last file that was typed into a terminal.
    typed: Option<(Place, String)>,
    found: Changes,
}

/// A change with the text that the file has after it, where that is stated.
struct Made {
    change: StateChange,
    text: Option<String>,
}

impl<'t> Reader<'t> {
    fn new(trajectory: &'t Trajectory, workspace: Option<&'t Workspace>, depth: usize) -> Self {
        Self {
            trajectory,
            workspace,
            depth,
            commands: CommandReader::default(),
            folder: trajectory.cwd.clone().unwrap_or_default(),
            typed: None,
            found: Changes::default(),
        }
    }

    fn step(
        &mut self,
        id: StepId,
        step: &Step,
        reading: &StepReading,
        outcome: Option<&StepOutcome>,
    ) {
        let mut made = match &step.action.kind {
            ActionKind::Edit { edits } => {
                self.commands.edited(edits);
                edits.iter().map(|edit| self.edit(id, edit)).collect()
            }
            ActionKind::Shell { .. } => {
                self.folder = self.trajectory.cwd.clone().unwrap_or_default();
                self.commands(id, &reading.commands)
            }
            ActionKind::Keystrokes { .. } => self.commands(id, &reading.commands),
            _ => Vec::new(),
        };
        if reading.effect.kind.is_change() {
            let acts = reading.activities.iter().any(|a| *a != Activity::Control);
            if made.is_empty() && reading.commands.is_empty() && acts {
                made = self.unnamed(id, step, reading);
            }
        } else {
            made.clear();
        }
        made.truncate(MOST_OF_STEP);
        let worked = outcome.is_none_or(|outcome| outcome.status != StepStatus::Failed);
        if !worked {
            let by_tool = matches!(step.action.kind, ActionKind::Edit { .. });
            let alone = made.len() == 1;
            for one in &mut made {
                let kind = one.change.kind;
                one.change.failed =
                    by_tool || (alone && !matches!(kind, ChangeKind::Write | ChangeKind::Run));
            }
        }
        if matches!(step.action.kind, ActionKind::Keystrokes { .. }) {
            self.forget_half_typed(&made);
        }
        for one in made {
            self.push(one);
        }
    }

    fn push(&mut self, mut made: Made) {
        if self.found.list.len() >= MOST_CHANGES {
            self.found.cut = true;
            return;
        }
        self.locate(&mut made.change);
        self.found.ends.apply(&made.change, made.text.as_deref());
        self.found.list.push(made.change);
    }

    /// Puts a file where the workspace has it, which follows the agent from folder to folder.
    fn locate(&self, change: &mut StateChange) {
        let (Some(workspace), Target::File(place)) = (self.workspace, &mut change.target) else {
            return;
        };
        let mut found: Option<Place> = None;
        for (file, _) in workspace.written_by(change.step) {
            let at = Place::new("", &file.path);
            if at == *place
                || (at.name() == place.name() && found.as_ref().is_some_and(|f| *f != at))
            {
                // It is there, or there are several it may be.
                return;
            }
            if at.name() == place.name() {
                found = Some(at);
            }
        }
        if let Some(at) = found {
            *place = at;
        }
    }

    /// A text typed over several steps stands in each of them as far as it had come: the longest counts.
    fn forget_half_typed(&mut self, made: &[Made]) {
        let first = made.first().and_then(|one| {
            let place = one.change.place()?.clone();
            Some((place, one.text.clone()?))
        });
        if let (Some((place, text)), Some((before, half))) = (&first, &self.typed)
            && place == before
            && !half.is_empty()
            && text.starts_with(half.as_str())
            && self
                .found
                .list
                .last()
                .is_some_and(|last| last.place() == Some(place))
        {
            self.found.list.pop();
        }
        self.typed = match made {
            [_] => first,
            _ => None,
        };
    }

    fn edit(&self, step: StepId, edit: &FileEdit) -> Made {
        let place = Place::new(&self.folder, &edit.path);
        let (kind, text, whole) = match &edit.change {
            Change::Write { content } => {
                let whole = Some(content.clone());
                (ChangeKind::Write, Text::written(content), whole)
            }
            Change::Replace { old, new, .. } => (ChangeKind::Edit, Text::replaced(old, new), None),
            Change::ReplaceLines { text, .. } | Change::Insert { text, .. } => {
                (ChangeKind::Edit, Text::written(text), None)
            }
            Change::Patch { patch } => {
                let (old, new) = words::patch_sides(patch);
                (ChangeKind::Edit, Text::replaced(&old, &new), None)
            }
            Change::Cell { source, .. } => (ChangeKind::Edit, Text::written(source), None),
            Change::Delete => (ChangeKind::Delete, Text::default(), None),
            Change::Rename { to } => (ChangeKind::Arrange, Text::command(to), None),
            Change::Undo => (ChangeKind::Edit, Text::command("undo"), None),
        };
        made(step, kind, Target::File(place), text, whole)
    }

    fn commands(&mut self, step: StepId, commands: &[Invocation]) -> Vec<Made> {
        let mut all = Vec::new();
        let mut printed = None;
        let mut before: Option<&Invocation> = None;
        for command in commands {
            let source = before.replace(command).filter(|_| command.piped_input);
            let reading = self.commands.read(command);
            if command.program == "cd" || command.program == "pushd" {
                self.go(reading.operands.first().map(String::as_str));
            }
            let piped = printed.take().filter(|_| command.piped_input);
            let text = words::stated_text(command).or(piped);
            if reading.changes && all.len() < MOST_OF_STEP {
                let target = words::command(command, &reading, source);
                self.command(step, command, &reading, text.as_deref(), target, &mut all);
            }
            printed = text;
        }
        all
    }

    fn go(&mut self, to: Option<&str>) {
        self.folder = match to {
            Some("-") | None => String::new(),
            Some(to) => Place::new(&self.folder, to).as_str().to_owned(),
        };
    }

    fn command(
        &self,
        step: StepId,
        command: &Invocation,
        reading: &CommandReading,
        text: Option<&str>,
        target: Target,
        all: &mut Vec<Made>,
    ) {
        let mut kind = words::kind(command, reading);
        if kind == ChangeKind::Run && !reading.writes.is_empty() && command.input_text().is_some() {
            // A program fed to an interpreter that names the file it writes.
            kind = ChangeKind::Edit;
        }
        if kind == ChangeKind::Install
            && !reading.operands.is_empty()
            && !words::is_downloaded(command)
        {
            for target in words::packages(command, reading) {
                all.push(made(step, kind, target, Text::default(), None));
            }
            return;
        }
        if kind == ChangeKind::Serve
            && let Some(target) = words::service(command, reading)
        {
            all.push(made(step, kind, target, Text::default(), None));
            return;
        }
        let of_files = matches!(
            kind,
            ChangeKind::Write
                | ChangeKind::Edit
                | ChangeKind::Delete
                | ChangeKind::Arrange
                | ChangeKind::Mode
                | ChangeKind::Folder
        );
        let how = words::without_paths(command, reading);
        let substitution = words::substitution(command);
        for path in reading
            .writes
            .iter()
            .filter(|path| of_files && !words::is_size(path))
        {
            let text_made = match (kind, text, &substitution) {
                (ChangeKind::Delete | ChangeKind::Folder, ..) => Text::default(),
                (ChangeKind::Write | ChangeKind::Edit, Some(text), _) => Text::written(text),
                (ChangeKind::Edit, None, Some((old, new))) => Text::replaced(old, new),
                _ => Text::command(&how),
            };
            let whole = text.filter(|_| kind == ChangeKind::Write && text_made.stated);
            let target = Target::File(Place::new(&self.folder, path));
            all.push(made(
                step,
                kind,
                target,
                text_made,
                whole.map(str::to_owned),
            ));
        }
        if !of_files || reading.writes.is_empty() {
            let given = Text::command(&words::in_full(command));
            all.push(made(step, kind, target, given, None));
        }
    }

    /// A change that has no commands: keys in an editor, a tool nobody knows, a sub-agent.
    fn unnamed(&mut self, id: StepId, step: &Step, reading: &StepReading) -> Vec<Made> {
        if let Some(below) = self.sub_agent(step) {
            let mut inner = Reader::new(below, None, self.depth + 1);
            let mut effects = effect::Reader::new(below);
            for step in below.steps.walk() {
                let reading = effects.read(&step);
                inner.step(id, &step, &reading, None);
                if inner.found.list.len() > MOST_OF_STEP {
                    break;
                }
            }
            let found = inner.found.list.into_iter();
            return found.map(|change| Made { change, text: None }).collect();
        }
        let kind = match reading.activities.first() {
            Some(Activity::Edit) => ChangeKind::Edit,
            _ => ChangeKind::Run,
        };
        let said = match step.action.command() {
            Some(keys) => keys.to_owned(),
            None => step.action.arguments.to_string(),
        };
        let text = Text::command(&said);
        if reading.effect.writes.is_empty() {
            let target = Target::Command {
                program: step.action.tool.clone(),
                words: Vec::new(),
            };
            return vec![made(id, kind, target, text, None)];
        }
        let paths = reading.effect.writes.iter();
        let target = |path| Target::File(Place::new(&self.folder, path));
        paths
            .map(|path| made(id, ChangeKind::Edit, target(path), text.clone(), None))
            .collect()
    }

    fn sub_agent(&self, step: &Step) -> Option<&'t Trajectory> {
        let id = step.subtrajectory.as_ref().filter(|_| self.depth < DEPTH)?;
        let mut below = self.trajectory.subtrajectories.iter();
        below.find(|trajectory| trajectory.id == *id)
    }
}

fn made(step: StepId, kind: ChangeKind, target: Target, text: Text, whole: Option<String>) -> Made {
    let change = StateChange {
        step,
        kind,
        target,
        failed: false,
        text,
        after: None,
    };
    Made {
        change,
        text: whole,
    }
}
