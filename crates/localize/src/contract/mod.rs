//! The task contract: what the task text demands, and how each demand stands after every step.
//!
//! [`Contract::read`] is plain parsing: the text is cut into clauses (`prose`), a clause is read as
//! a demand, a prohibition or a description by the words it uses (`wording`), and the paths,
//! commands, quoted values, limits and ports it names (`mention`) become [`Demand`]s (`terms`).
//! [`Audit::over`] then watches a run for what its steps do for each demand. Nothing is guessed: a
//! clause that names nothing which could be looked for gives no demand.

mod audit;
mod ban;
mod claims;

mod found;
mod hunt;
mod judge;
mod limit;
mod mention;
mod proofs;
mod prose;
mod role;
mod scope;
mod seen;
mod standing;
mod step_texts;
mod tables;
mod terms;
mod value;
mod verdicts;
mod wording;

use std::ops::Range;

use serde::Serialize;

use crate::facts::file;

pub use audit::Audit;
pub use limit::{Bound, Limit};
pub use standing::{Fall, Mark, Standing, State, Touch, TouchKind};

/// Task text beyond this many bytes is not read: it is data pasted in, not demands.
const READ_BYTES: usize = 128 * 1024;

/// More demands than this are not kept; a text that gives more is a document, not a task.
const MOST_DEMANDS: usize = 160;

/// What a task text demands.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Contract {
    /// The demands in the order of the text.
    pub demands: Vec<Demand>,
}

/// One checkable demand.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Demand {
    /// Its number within the contract, counted from 1.
    pub id: u16,
    /// What is demanded.
    #[serde(flatten)]
    pub kind: DemandKind,
    /// The bytes of the task text that state it.
    pub span: Range<usize>,
    /// How much it counts: 0 for what is listed but cannot be judged or is no work (inputs), 1 for a
    /// name or value mentioned on the way, 2 for a stated value, 3 for something to hand in.
    pub weight: u8,
}

/// What can be demanded.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum DemandKind {
    /// A file or folder to create or change.
    Output {
        /// The path as written in the task.
        path: String,
        /// True when the file is there before the run and is to be changed.
        existing: bool,
    },
    /// A file or folder that has to be gone at the end.
    Removal {
        /// The path as written in the task.
        path: String,
    },
    /// A file or folder to read or use.
    Input {
        /// The path as written in the task.
        path: String,
    },
    /// A command that must work.
    Command {
        /// The command as written, up to its first placeholder.
        command: String,
    },
    /// A value, name or text that must be used exactly.
    Literal {
        /// The exact text.
        text: String,
    },
    /// Keys, fields or columns that a result must have, all of them.
    Format {
        /// Their exact names.
        parts: Vec<String>,
    },
    /// A number that must not be exceeded or must be reached.
    Limit {
        /// The bound.
        limit: Limit,
    },
    /// Something that must not be done.
    Prohibition {
        /// What is forbidden.
        forbids: Forbidden,
        /// The files, programs or names it is forbidden to; never empty when it can be judged.
        objects: Vec<String>,
        /// The file that must not do it, where it is forbidden to a file and not to the agent.
        by: Option<String>,
    },
    /// A port that must answer.
    Service {
        /// The port.
        port: u16,
    },
    /// The result must be checked: tests run, output verified.
    Verification,
}

/// What a prohibition is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Forbidden {
    /// Changing files.
    Change,
    /// Removing files or packages.
    Remove,
    /// Reading files.
    Read,
    /// Running a program.
    Run,
    /// Using or importing something.
    Use,
    /// Installing packages.
    Install,
    /// Anything else; it is listed and not judged.
    Other,
}

impl Contract {
    /// Reads a task text of any kind. Never fails: a text without demands gives an empty contract.
    /// Every span is a valid range of `task`.
    #[must_use]
    pub fn read(task: &str) -> Self {
        let text = &task[..task.floor_char_boundary(READ_BYTES)];
        let clauses = prose::clauses(text, &scope::of(text));
        Self {
            demands: terms::of(text, &clauses),
        }
    }

    /// The demand that a file be handed in, if there is one for this path as a step writes it.
    #[must_use]
    pub fn output(&self, written: &str) -> Option<&Demand> {
        self.demands.iter().find(|demand| match &demand.kind {
            DemandKind::Output { path, .. } => file::same(path, written),
            _ => false,
        })
    }

    /// True when nothing was demanded that could be judged.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.demands.iter().all(|demand| demand.weight == 0)
    }
}

impl Demand {
    /// The words of the task that state the demand.
    #[must_use]
    pub fn words<'t>(&self, task: &'t str) -> &'t str {
        task.get(self.span.clone()).unwrap_or_default()
    }

    /// The demand in a few words, for a reader: ``file `out.json` ``, ``value `8080` ``.
    #[must_use]
    pub fn name(&self) -> String {
        match &self.kind {
            DemandKind::Output { path, .. } => format!("file `{path}`"),
            DemandKind::Removal { path } => format!("removal of `{path}`"),
            DemandKind::Input { path } => format!("input `{path}`"),
            DemandKind::Command { command } => format!("command `{command}`"),
            DemandKind::Literal { text } => format!("value `{text}`"),
            DemandKind::Format { parts } => format!("fields `{}`", parts.join("`, `")),
            DemandKind::Limit { limit } => limit.to_string(),
            DemandKind::Prohibition {
                forbids, objects, ..
            } => {
                let deed = match forbids {
                    Forbidden::Change => "changing",
                    Forbidden::Remove => "removing",
                    Forbidden::Read => "reading",
                    Forbidden::Run => "running",
                    Forbidden::Use => "using",
                    Forbidden::Install => "installing",
                    Forbidden::Other => "doing what is forbidden to",
                };
                if objects.is_empty() {
                    return "something the task forbids".to_owned();
                }
                format!("no {deed} `{}`", objects.join("`, `"))
            }
            DemandKind::Service { port } => format!("a service on port {port}"),
            DemandKind::Verification => "a check of the result".to_owned(),
        }
    }
}
