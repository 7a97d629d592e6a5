//! What the run started and left running, and what ended it.

use analysis::IndexedStep;
use serde_json::Value;
use trace::{ActionKind, StepId};

use super::purpose::{Doing, Purpose};
use crate::facts::file::file_name;

/// Processes that are remembered as running.
const RUNNING: usize = 16;

/// Something that runs on behind the step that started it.
#[derive(Debug)]
struct Running {
    step: StepId,
    name: String,
    /// What it was started for; empty when it is a service that is meant to stay.
    purposes: Vec<Purpose>,
}

/// Processes that may still run.
#[derive(Debug, Default)]
pub(super) struct Processes {
    running: Vec<Running>,
    starters: Vec<StepId>,
    behind: Option<StepId>,
    waiting_since: Option<StepId>,
}

/// What a step started and ended.
#[derive(Debug, Default)]
pub(super) struct Turn {
    pub(super) started: Vec<String>,
    pub(super) killed: Vec<String>,
    /// What was stopped before it was done, and the step that had started it.
    pub(super) stopped: Vec<Purpose>,
    pub(super) stopped_in: Option<StepId>,
}

impl Processes {
    /// The steps that started what may still run, latest last.
    pub(super) fn starters(&self) -> &[StepId] {
        &self.starters
    }

    /// True when something of that name was started and not ended.
    pub(super) fn runs(&self, name: &str) -> bool {
        let known = self.running.iter().filter(|running| running.name == name);
        known.count() > 1
    }

    /// True for a step whose answer is only that something runs in the background now.
    pub(super) fn is_behind(&self, step: StepId) -> bool {
        self.behind == Some(step)
    }

    /// What was started with an end in view and was never seen to end.
    pub(super) fn unfinished(&self) -> impl Iterator<Item = (StepId, &Purpose)> {
        let running = self.running.iter();
        running.flat_map(|r| r.purposes.iter().map(|purpose| (r.step, purpose)))
    }

    /// Reads the next step; `pending` is what was started in the foreground and has not answered.
    pub(super) fn read(
        &mut self,
        step: &IndexedStep<'_>,
        purposes: &[Purpose],
        pending: &[Purpose],
    ) -> Turn {
        let mut turn = Turn::default();
        self.start(step, purposes, &mut turn);
        self.end(step, pending, &mut turn);
        if !purposes.is_empty() && pending.is_empty() {
            self.waiting_since = Some(step.id);
        }
        turn
    }

    fn start(&mut self, step: &IndexedStep<'_>, purposes: &[Purpose], turn: &mut Turn) {
        let behind = asked_behind(&step.step.action.arguments) || told_behind(step.step.observed());
        if behind && !purposes.is_empty() {
            self.behind = Some(step.id);
            let finite = |p: &&Purpose| !matches!(p.doing, Doing::Serve | Doing::Run);
            let name = purposes[0].key.clone();
            let ends = purposes.iter().filter(finite).cloned().collect();
            self.add(step.id, name, ends, turn);
        }
        for command in step
            .reading
            .commands
            .iter()
            .filter(|c| c.background && !behind)
        {
            let script = command.args.iter().find(|arg| !arg.starts_with('-'));
            let name = match script {
                Some(script) => format!("{} {}", command.program, file_name(script)),
                None => command.program.clone(),
            };
            self.add(step.id, name, Vec::new(), turn);
        }
        for purpose in purposes.iter().filter(|p| p.doing == Doing::Serve) {
            self.add(step.id, purpose.object().to_owned(), Vec::new(), turn);
        }
    }

    fn add(&mut self, step: StepId, name: String, purposes: Vec<Purpose>, turn: &mut Turn) {
        turn.started.push(name.clone());
        if self.running.len() >= RUNNING {
            self.running.remove(0);
        }
        self.running.push(Running {
            step,
            name,
            purposes,
        });
        if self.starters.last() != Some(&step) {
            if self.starters.len() >= RUNNING {
                self.starters.remove(0);
            }
            self.starters.push(step);
        }
    }

    fn end(&mut self, step: &IndexedStep<'_>, pending: &[Purpose], turn: &mut Turn) {
        if interrupts(&step.step.action.kind) && !pending.is_empty() {
            turn.stopped.extend_from_slice(pending);
            turn.stopped_in = self.waiting_since;
        }
        let tool = step.step.action.tool.to_ascii_lowercase();
        if matches!(step.step.action.kind, ActionKind::Other) {
            let observed = step.step.observed();
            let done = observed.contains("<status>completed") || observed.contains("<exit_code>");
            if tool.contains("kill") || done {
                // The only thing known of such a call is that it means something started before.
                if let Some(ended) = self.running.pop()
                    && !done
                {
                    turn.killed.push(ended.name);
                    turn.stopped_in = Some(ended.step);
                    turn.stopped.extend(ended.purposes);
                }
            }
        }
        for command in &step.reading.commands {
            let by_name = match command.program.as_str() {
                "pkill" | "killall" => true,
                "kill" => false,
                _ => continue,
            };
            let word = command.args.iter().rev().find(|arg| !arg.starts_with('-'));
            let fits = |running: &Running| {
                by_name && word.is_some_and(|word| running.name.contains(file_name(word)))
            };
            let at = self.running.iter().rposition(fits);
            let at = at.or_else(|| {
                (!by_name)
                    .then(|| self.running.len().checked_sub(1))
                    .flatten()
            });
            if let Some(ended) = at.map(|at| self.running.remove(at)) {
                turn.killed.push(ended.name);
                turn.stopped.extend(ended.purposes);
                turn.stopped_in = Some(ended.step);
            }
        }
    }
}

/// Whether a tool was asked to go on without waiting.
fn asked_behind(arguments: &Value) -> bool {
    ["run_in_background", "is_background", "background"]
        .iter()
        .any(|name| arguments.get(name).and_then(Value::as_bool) == Some(true))
}

/// Whether the answer is only that the command runs on.
fn told_behind(observed: &str) -> bool {
    let start = &observed[..observed.floor_char_boundary(200)];
    start.contains("running in background") || start.contains("running in the background")
}

/// Keys that stop what runs in the foreground.
fn interrupts(action: &ActionKind) -> bool {
    matches!(action, ActionKind::Keystrokes { keys, .. } if {
        let keys = keys.trim_matches([' ', '\n']);
        keys.contains('\u{3}') || keys.split_whitespace().any(|key| matches!(key, "C-c" | "^C" | "C-\\" | "Ctrl-C"))
    })
}
