//! The run under diagnosis as a model may see it.

use std::cell::RefCell;
use std::fmt::Write as _;

use analysis::intent::intent;
use analysis::{Index, IndexedStep};
use localize::Case;
use redact::Redactor;
use trace::{ActionKind, Change, Diagnosis, Step, StepId, StepStatus};

use crate::fence::Fence;

/// One run, put together once and shown to every tool. Secrets are replaced in all text it gives.
pub struct Subject<'s> {
    /// The run as the offline engine sees it.
    pub case: &'s Case<'s>,
    /// What the offline engine says of it.
    pub offline: &'s Diagnosis,
    /// Marks text of the run as data.
    pub fence: Fence,
    redactor: RefCell<Redactor>,
}

/// The texts of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// What the agent said before it acted, its hidden reasoning included.
    Thought,
    /// What it asked for.
    Action,
    /// What came back.
    Observation,
}

impl Part {
    /// All parts in the order in which they are shown.
    pub const ALL: [Self; 3] = [Self::Thought, Self::Action, Self::Observation];

    /// The name as it is shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Thought => "thought",
            Self::Action => "action",
            Self::Observation => "observation",
        }
    }
}

impl<'s> Subject<'s> {
    /// Puts a run together. `mark` is what its data is fenced with; see [`Fence::new`]. Reads the run
    /// once for the names that must not be shown, so that every text reads the same whenever it is asked
    /// for.
    #[must_use]
    pub fn new(case: &'s Case<'s>, offline: &'s Diagnosis, mark: &str) -> Self {
        let mut redactor = Redactor::default();
        for step in case.index.trajectory.steps.walk() {
            for part in Part::ALL {
                redactor.meet_text(&raw(&step, part));
            }
        }
        Self {
            case,
            offline,
            fence: Fence::new(mark),
            redactor: RefCell::new(redactor),
        }
    }

    /// The run as steps.
    #[must_use]
    pub fn index(&self) -> &Index<'s> {
        self.case.index
    }

    /// The text without secrets.
    #[must_use]
    pub fn safe(&self, text: &str) -> String {
        self.redactor.borrow_mut().text(text)
    }

    /// A part of a step in full, without secrets; empty where the step has none.
    #[must_use]
    pub fn text(&self, step: &Step, part: Part) -> String {
        self.safe(&raw(step, part))
    }

    /// A step as a line of the trace tree without its number: `+` for a change or `~` for an
    /// exploration, intent, and how it ended where it did not end well. Safe to show within a fence
    /// ([`Fence::around`]).
    #[must_use]
    pub fn line(&self, step: &IndexedStep<'_>) -> String {
        let intent = self.safe(&intent(&step.step, &step.reading));
        let intent = self.fence.words(&intent);
        format!("{} {intent}{}", effect(step), ending(step))
    }

    /// The marks of a step's line alone: `+ FAILED exit 1`.
    #[must_use]
    pub fn marks(&self, step: StepId) -> String {
        let step = self.index().step(step);
        step.map_or_else(String::new, |step| {
            format!("{}{}", effect(&step), ending(&step))
        })
    }

    /// The number of a step that exists.
    ///
    /// # Errors
    /// A sentence for the model when there is no such step.
    pub fn step_id(&self, number: u64) -> Result<StepId, String> {
        let count = self.index().len();
        u32::try_from(number)
            .ok()
            .and_then(StepId::new)
            .filter(|id| id.index() < count)
            .ok_or_else(|| format!("there is no step {number}; the steps are 1 to {count}"))
    }
}

fn effect(step: &IndexedStep<'_>) -> char {
    if step.reading.effect.kind.is_change() {
        '+'
    } else {
        '~'
    }
}

/// How a step ended, in words of ours: nothing when it went well.
fn ending(step: &IndexedStep<'_>) -> String {
    let outcome = &step.outcome;
    let mut words = match outcome.status {
        StepStatus::Ok => String::new(),
        StepStatus::Unknown => " ?".to_owned(),
        StepStatus::Failed => " FAILED".to_owned(),
    };
    if outcome.status == StepStatus::Failed
        && let Some(status) = outcome.exit_status.filter(|status| *status != 0)
    {
        // Writing to a string cannot fail.
        let _ = write!(words, " exit {status}");
    }
    if let Some(report) = outcome.tests.last() {
        let (passed, broken) = (report.passed, report.broken());
        let _ = write!(words, " ({passed} passed, {broken} broken)");
    }
    words
}

/// A part of a step as it was recorded.
#[must_use]
pub fn raw(step: &Step, part: Part) -> String {
    match part {
        Part::Thought if step.reasoning.is_empty() => step.thought.clone(),
        Part::Thought if step.thought.is_empty() => step.reasoning.clone(),
        Part::Thought => format!("{}\n{}", step.reasoning, step.thought),
        Part::Action => action(step),
        Part::Observation => step.observed().to_owned(),
    }
}

/// The whole action in words: the command, or each edit with its path and texts.
fn action(step: &Step) -> String {
    let ActionKind::Edit { edits } = &step.action.kind else {
        // A list of things to do has no words but its arguments.
        let words = localize::evidence::action_text(step);
        let bare = words.trim().is_empty() && !step.action.arguments.is_null();
        return if bare || matches!(step.action.kind, ActionKind::Other) {
            format!("{} {}", step.action.tool, step.action.arguments)
        } else {
            words.to_owned()
        };
    };
    let mut text = String::new();
    for edit in edits {
        // Writing to a string cannot fail.
        let _ = match &edit.change {
            Change::Write { content } => writeln!(text, "write {}\n{content}", edit.path),
            Change::Replace { old, new, .. } => writeln!(
                text,
                "replace in {}\n--- old\n{old}\n--- new\n{new}",
                edit.path
            ),
            Change::ReplaceLines {
                first,
                last,
                text: new,
            } => writeln!(text, "replace lines {first}-{last} of {}\n{new}", edit.path),
            Change::Insert { line, text: new } => {
                writeln!(text, "insert after line {line} of {}\n{new}", edit.path)
            }
            Change::Patch { patch } => writeln!(text, "patch {}\n{patch}", edit.path),
            Change::Cell { cell, source } => {
                writeln!(text, "cell {cell} of {}\n{source}", edit.path)
            }
            Change::Delete => writeln!(text, "delete {}", edit.path),
            Change::Rename { to } => writeln!(text, "rename {} to {to}", edit.path),
            Change::Undo => writeln!(text, "undo the last edit of {}", edit.path),
        };
    }
    text
}
