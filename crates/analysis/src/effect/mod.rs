//! Explore or change, for every step.
//!
//! Every simple command of a step is looked up in tables (`knowledge/`); a step changes state when one of
//! its commands does. Three things are carried from step to step: what reads the keys of a terminal
//! (`terminal`), unfinished input, and the texts of scripts the run wrote (`script`), by which running
//! them is judged.

mod command;
mod judgement;
mod knowledge;
mod program;
mod script;
pub(crate) mod single;
mod terminal;
mod tool;
mod verb;
mod words;

use serde::{Deserialize, Serialize};
use trace::{ActionKind, Change, Effect, EffectKind, FileEdit, Spooled, Step, Trajectory};

use crate::activity::Activity;
use crate::shell::{Invocation, invocations};
use judgement::{Judged, Judgement};
use script::Scripts;
use terminal::Terminal;

/// How deep sub-agents of sub-agents are read to judge the step that started them.
const DELEGATION_DEPTH: usize = 4;

/// The word by which agents hand their work in on a command line.
const SUBMISSION_MARKERS: &[&str] = &[
    "COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT",
    "MINI_SWE_AGENT_FINAL_OUTPUT",
];

/// What a step did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepReading {
    /// Explore or change, why, and the paths involved.
    pub effect: Effect,
    /// What the step is busy with, in the order of its commands, the same one never twice in a row; never
    /// empty.
    pub activities: Vec<Activity>,
    /// The simple commands of shell and keystroke actions, in order; empty for other tools. A command typed
    /// over several steps stands in each of them, as far as it had come.
    pub commands: Vec<Invocation>,
}

/// Reads every step of a trajectory; the answer has one entry a step, in step order.
///
/// Sub-trajectories are read only to judge the step that started them. Never fails: what cannot be
/// understood explores.
#[must_use]
pub fn read_steps(trajectory: &Trajectory) -> Vec<StepReading> {
    let mut reader = Reader::new(trajectory);
    let steps = trajectory.steps.walk();
    steps.map(|step| reader.read(&step)).collect()
}

/// Reads the steps of a trajectory one after the other.
pub(crate) struct Reader<'t> {
    trajectory: &'t Trajectory,
    depth: usize,
    scripts: Scripts,
    terminal: Terminal,
}

impl<'t> Reader<'t> {
    /// Before the first step.
    pub(crate) fn new(trajectory: &'t Trajectory) -> Self {
        Self::at(trajectory, 0)
    }

    fn at(trajectory: &'t Trajectory, depth: usize) -> Self {
        Self {
            trajectory,
            depth,
            scripts: Scripts::default(),
            terminal: Terminal::default(),
        }
    }

    /// Reads the next step.
    pub(crate) fn read(&mut self, step: &Step) -> StepReading {
        let (judgements, commands) = read_step(step, &mut self.scripts, &mut self.terminal);
        let lives_on = matches!(step.action.kind, ActionKind::Keystrokes { .. });
        let mut reading = combine(&judgements, commands, lives_on);
        if self.depth < DELEGATION_DEPTH && !reading.effect.kind.is_change() {
            delegate(step, self.trajectory, self.depth, &mut reading);
        }
        if let Some(observation) = step.observation.as_ref().filter(|o| o.screen) {
            self.terminal.see(&observation.text);
        }
        reading
    }
}

impl Spooled for StepReading {
    fn weight(&self) -> usize {
        let paths = self.effect.reads.iter().chain(&self.effect.writes);
        let commands = self.commands.iter().map(Invocation::weight);
        size_of::<Self>()
            + self.activities.len()
            + self.effect.reason.len()
            + paths.map(|path| 40 + path.len()).sum::<usize>()
            + commands.sum::<usize>()
    }

    fn lost() -> Self {
        combine(&[], Vec::new(), false)
    }
}

fn read_step(
    step: &Step,
    scripts: &mut Scripts,
    terminal: &mut Terminal,
) -> (Vec<Judgement>, Vec<Invocation>) {
    let explores = |activity, reason: &str| {
        (
            vec![Judgement::new(Judged::Explore, activity, reason.to_owned())],
            Vec::new(),
        )
    };
    match &step.action.kind {
        ActionKind::Shell { command } => {
            let commands = invocations(command);
            let mut judgements = Vec::with_capacity(commands.len());
            for command in &commands {
                judgements.push(command::judge(command, scripts));
                remember(command, scripts);
            }
            (judgements, commands)
        }
        ActionKind::Keystrokes { keys, .. } => terminal.press(keys, scripts),
        ActionKind::Edit { edits } => {
            for edit in edits {
                remember_edit(edit, scripts);
            }
            (vec![tool::edit(edits)], Vec::new())
        }
        ActionKind::Read { path } => {
            let mut read = explores(Activity::Read, "reads with a tool made for it");
            read.0[0].reads.push(path.clone());
            read
        }
        ActionKind::Search { path, .. } => {
            let mut search = explores(Activity::Search, "searches with a tool made for it");
            search.0[0].reads.extend(path.clone());
            search
        }
        ActionKind::Delegate { .. } => explores(Activity::Run, "hands a task to a sub-agent"),
        ActionKind::Message { .. } => explores(Activity::Talk, "only says something"),
        ActionKind::Finish { .. } => explores(Activity::Submit, "declares the run over"),
        ActionKind::Invalid { .. } => explores(Activity::Talk, "could not be executed"),
        ActionKind::Other => (vec![tool::other(&step.action)], Vec::new()),
    }
}

/// Keeps the text a command writes into a script: `cat > x.py <<EOF`.
fn remember(command: &Invocation, scripts: &mut Scripts) {
    let Some(text) = command.input_text() else {
        return;
    };
    let appends = command.redirects.iter().any(|r| r.op == ">>");
    let path = match command.program.as_str() {
        "cat" | "" => command.redirects.iter().find_map(|r| r.written_path()),
        "tee" => command
            .args
            .iter()
            .map(String::as_str)
            .find(|arg| !arg.starts_with('-')),
        _ => None,
    };
    match path {
        Some(path) if appends => scripts.edited(path, text),
        Some(path) => scripts.wrote(path, text),
        None => {}
    }
}

fn remember_edit(edit: &FileEdit, scripts: &mut Scripts) {
    match &edit.change {
        Change::Write { content } => scripts.wrote(&edit.path, content),
        Change::Replace { new: text, .. }
        | Change::ReplaceLines { text, .. }
        | Change::Insert { text, .. }
        | Change::Patch { patch: text } => scripts.edited(&edit.path, text),
        Change::Cell { .. } | Change::Delete | Change::Rename { .. } | Change::Undo => {}
    }
}

/// A step that started a sub-agent does what the sub-agent did.
fn delegate(step: &Step, trajectory: &Trajectory, depth: usize, reading: &mut StepReading) {
    let Some(started) = step
        .subtrajectory
        .as_ref()
        .and_then(|id| trajectory.subtrajectories.iter().find(|t| t.id == *id))
    else {
        return;
    };
    let mut below = Reader::at(started, depth + 1);
    for step in started.steps.walk() {
        let inner = below.read(&step);
        if inner.effect.kind.is_change() && !reading.effect.kind.is_change() {
            reading.effect.kind = EffectKind::Change;
            reading.effect.reason = format!("its sub-agent changes state: {}", inner.effect.reason);
        }
        extend_unique(&mut reading.effect.reads, &inner.effect.reads);
        extend_unique(&mut reading.effect.writes, &inner.effect.writes);
    }
}

/// One reading out of the judgements on a step's commands.
fn combine(judgements: &[Judgement], commands: Vec<Invocation>, lives_on: bool) -> StepReading {
    let only_shell = lives_on
        && judgements.iter().any(|j| j.effect == Judged::Shell)
        && judgements
            .iter()
            .all(|j| j.effect == Judged::Shell || j.activity == Activity::Control);
    let decides = |judgement: &&Judgement| {
        judgement.effect == Judged::Change || (only_shell && judgement.effect == Judged::Shell)
    };
    let mut effect = match judgements.iter().find(decides) {
        Some(change) => Effect {
            kind: EffectKind::Change,
            reason: change.reason.clone(),
            reads: Vec::new(),
            writes: Vec::new(),
        },
        None => Effect {
            kind: EffectKind::Explore,
            reason: judgements
                .iter()
                .find(|j| j.activity != Activity::Control)
                .or(judgements.first())
                .map_or_else(|| "does nothing".to_owned(), |j| j.reason.clone()),
            reads: Vec::new(),
            writes: Vec::new(),
        },
    };
    let mut activities = Vec::new();
    for judgement in judgements {
        extend_unique(&mut effect.reads, &judgement.reads);
        extend_unique(&mut effect.writes, &judgement.writes);
        if activities.last() != Some(&judgement.activity) {
            activities.push(judgement.activity);
        }
    }
    if commands.iter().any(submits) {
        activities.push(Activity::Submit);
        activities.dedup();
    }
    if activities.is_empty() {
        activities.push(Activity::Control);
    }
    StepReading {
        effect,
        activities,
        commands,
    }
}

/// The name of the call by which a program text plainly writes files, if it does.
pub(crate) fn writing_idiom(text: &str) -> Option<String> {
    program::writing(text).map(|writing| writing.idiom)
}

fn submits(command: &Invocation) -> bool {
    command.program == "submit"
        || command
            .args
            .iter()
            .any(|arg| SUBMISSION_MARKERS.iter().any(|marker| arg.contains(marker)))
}

/// Appends what is not there yet. Steps name few paths; past a limit duplicates are let through rather than
/// searched for.
fn extend_unique(paths: &mut Vec<String>, more: &[String]) {
    const SEARCHED: usize = 256;
    for path in more {
        if paths.len() > SEARCHED || !paths.contains(path) {
            paths.push(path.clone());
        }
    }
}

#[cfg(test)]
mod tests;
