//! One executed action with its observation.

use std::fmt;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Ref, Usage};

/// The number of a step within its trajectory: 1, 2, 3 … without gaps.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct StepId(u32);

impl StepId {
    /// The id of the step at `index` (counted from 0). Saturates past four billion steps.
    #[must_use]
    pub fn from_index(index: usize) -> Self {
        Self(
            u32::try_from(index)
                .unwrap_or(u32::MAX - 1)
                .saturating_add(1),
        )
    }

    /// The id numbered `number`, counted from 1; `None` for 0.
    #[must_use]
    pub fn new(number: u32) -> Option<Self> {
        (number > 0).then_some(Self(number))
    }

    /// Where the step stands in `Trajectory::steps`, counted from 0.
    #[must_use]
    pub fn index(self) -> usize {
        (self.0 - 1) as usize
    }

    /// The number itself, counted from 1.
    #[must_use]
    pub fn get(self) -> u32 {
        self.0
    }
}

impl fmt::Display for StepId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One executed action with its observation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Step {
    /// 1-based and contiguous within the trajectory.
    pub id: StepId,
    /// Where the native layout keeps the step, so that other numberings can be derived.
    #[serde(default, skip_serializing_if = "Address::is_empty")]
    pub address: Address,
    /// The agent's text before the action; empty when it gave none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub thought: String,
    /// Hidden reasoning the model produced before the action, where the artifact keeps it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reasoning: String,
    /// What was asked for.
    pub action: Action,
    /// What came back; `None` when the artifact has no answer to the action.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observation: Option<Observation>,
    /// When the action was issued.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started: Option<Timestamp>,
    /// When the observation arrived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Timestamp>,
    /// What the model call behind this step cost. The first step of a parallel group carries the
    /// whole call, so that sums stay right.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
    /// Steps of one model turn share a number (1-based); `None` when the step was alone in its turn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parallel_group: Option<u32>,
    /// The `id` of the sub-trajectory this step started, if it delegated to a sub-agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subtrajectory: Option<String>,
    /// Citations into the raw artifact.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refs: Vec<Ref>,
}

impl Step {
    /// A step with an action and nothing else, numbered by its place in the trajectory.
    #[must_use]
    pub fn new(index: usize, action: Action) -> Self {
        Self {
            id: StepId::from_index(index),
            address: Address::default(),
            thought: String::new(),
            reasoning: String::new(),
            action,
            observation: None,
            started: None,
            ended: None,
            usage: None,
            parallel_group: None,
            subtrajectory: None,
            refs: Vec::new(),
        }
    }

    /// The observation's text, or the empty string when there is none.
    #[must_use]
    pub fn observed(&self) -> &str {
        self.observation.as_ref().map_or("", |o| o.text.as_str())
    }
}

/// The native address of a step: only what its layout has.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Address {
    /// Index of the message in the layout's message list, counted from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<u64>,
    /// Event id as the layout states it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    /// Episode number as the layout states it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub episode: Option<u64>,
    /// Index of the command within its episode or message, counted from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<u64>,
    /// Tool-call id as the layout states it; it need not be unique within a run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call_id: Option<String>,
}

impl Address {
    /// True when the layout gave no address at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// What was really asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Action {
    /// The tool's name as the layout states it (`bash`, `str_replace_editor`, `mcp__files__read` …).
    pub tool: String,
    /// The meaning of the call, where its tool is known.
    #[serde(flatten)]
    pub kind: ActionKind,
    /// The complete arguments of the call as recorded; null where the layout has only text.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub arguments: Value,
}

impl Action {
    /// A shell command in the exact words of the agent.
    #[must_use]
    pub fn shell(tool: impl Into<String>, command: impl Into<String>) -> Self {
        Self {
            tool: tool.into(),
            kind: ActionKind::Shell {
                command: command.into(),
            },
            arguments: Value::Null,
        }
    }

    /// The shell command or keystrokes of the action, if it is one of these.
    #[must_use]
    pub fn command(&self) -> Option<&str> {
        match &self.kind {
            ActionKind::Shell { command } => Some(command),
            ActionKind::Keystrokes { keys, .. } => Some(keys),
            _ => None,
        }
    }

    /// The words of the action: its command, keys, text, or the first text an edit puts in place; the
    /// tool's name where nothing else is known.
    #[must_use]
    pub fn words(&self) -> &str {
        match &self.kind {
            ActionKind::Shell { command } => command,
            ActionKind::Keystrokes { keys, .. } => keys,
            ActionKind::Edit { edits } => edits.first().map_or("", |edit| match &edit.change {
                Change::Write { content } if !content.trim().is_empty() => content,
                Change::Replace { new: text, .. }
                | Change::ReplaceLines { text, .. }
                | Change::Insert { text, .. }
                | Change::Patch { patch: text }
                    if !text.trim().is_empty() =>
                {
                    text
                }
                _ => &edit.path,
            }),
            ActionKind::Read { path } => path,
            ActionKind::Search { query, .. } => query,
            ActionKind::Delegate { prompt: text }
            | ActionKind::Message { text }
            | ActionKind::Finish { text }
            | ActionKind::Invalid { text } => text,
            ActionKind::Other => &self.tool,
        }
    }
}

/// The meaning of an action, independent of which agent's tool expressed it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ActionKind {
    /// A command line given to a shell.
    Shell {
        /// The exact command.
        command: String,
    },
    /// Keys typed into a terminal; may hold several lines, a part of one, or control keys.
    Keystrokes {
        /// The exact keys. Control keys keep the notation of the layout (`C-c`, `\u{3}` …).
        keys: String,
        /// How long the agent chose to wait for output, in seconds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        wait_seconds: Option<f64>,
    },
    /// Changes to files, made by a tool that names path and text.
    Edit {
        /// The edits in the order they apply.
        edits: Vec<FileEdit>,
    },
    /// A look at a file, folder, image or notebook by a tool made for it.
    Read {
        /// The path as written.
        path: String,
    },
    /// A search by a tool made for it (grep, glob, semantic, web).
    Search {
        /// The query or pattern as written.
        query: String,
        /// Where it looked, if stated.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        path: Option<String>,
    },
    /// A sub-agent was started with this task.
    Delegate {
        /// The task text given to it.
        prompt: String,
    },
    /// Words only: a thought, a plan, a to-do list, a question to the user.
    Message {
        /// The words.
        text: String,
    },
    /// The agent declared the run over.
    Finish {
        /// Its closing words, if any.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        text: String,
    },
    /// Something that could not be executed as asked: malformed call, unparsable reply, blank.
    Invalid {
        /// The raw text of the attempt.
        text: String,
    },
    /// Any other tool; its arguments say the rest.
    Other,
}

/// One change to one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FileEdit {
    /// The path as written.
    pub path: String,
    /// What happens to it.
    #[serde(flatten)]
    pub change: Change,
}

/// The ways tools change a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum Change {
    /// The file is created or overwritten with this content.
    Write {
        /// The whole new content.
        content: String,
    },
    /// `old` gives way to `new`, once or everywhere.
    Replace {
        /// The text looked for.
        old: String,
        /// The text put in its place.
        new: String,
        /// Every occurrence, not just one.
        #[serde(default)]
        all: bool,
    },
    /// Lines `first..=last` (1-based) give way to `text`.
    ReplaceLines {
        /// First line replaced.
        first: u64,
        /// Last line replaced.
        last: u64,
        /// The new lines.
        text: String,
    },
    /// `text` is inserted after line `line` (0 means at the top).
    Insert {
        /// The line after which it goes.
        line: u64,
        /// The text.
        text: String,
    },
    /// A patch in unified or agent-specific form.
    Patch {
        /// The patch text, or the part of it that concerns this file.
        patch: String,
    },
    /// A notebook cell is replaced, inserted or deleted.
    Cell {
        /// The cell's id or number as written.
        cell: String,
        /// The new source; empty when deleted.
        source: String,
    },
    /// The file goes away.
    Delete,
    /// The file is renamed.
    Rename {
        /// The new path as written.
        to: String,
    },
    /// The last edit of this file is taken back.
    Undo,
}

/// What came back from an action.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Observation {
    /// The full text, terminal escapes as recorded.
    pub text: String,
    /// The exit status, where the layout records one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_status: Option<i32>,
    /// Whether the layout itself flags the result as an error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_error: Option<bool>,
    /// True when `text` is a terminal screen, which may repeat what earlier steps showed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub screen: bool,
}

impl Observation {
    /// An observation of which only the text is known.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            ..Self::default()
        }
    }
}
