//! A run as steps.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use spool::{Held, Spool};

use crate::{RunOutcome, Step, Usage};

/// Steps in order. A run of any length is held in bounded memory: see [`Spool`].
pub type Steps = Spool<Step>;

/// One run as the steps its main agent took, with the sub-agents it started nested below.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Trajectory {
    /// Unique within one analysed path; a sub-trajectory's id is unique within its parent.
    pub id: String,
    /// The artifact it was read from.
    pub source: Source,
    /// The layout that was recognised, such as `mini-swe-agent` or `claude-code-cast`.
    pub format: String,
    /// The layout's own version as it states it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format_version: Option<String>,
    /// The session, conversation or instance id the agent gave the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// The agent's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// The agent's version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_version: Option<String>,
    /// The model's name as recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The task text the agent was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
    /// The folder the agent started in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cwd: Option<String>,
    /// When the run began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started: Option<Timestamp>,
    /// When the run ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Timestamp>,
    /// What the whole run cost, sub-agents included where the layout counts them in.
    #[serde(default, skip_serializing_if = "Usage::is_empty")]
    pub usage: Usage,
    /// How the run ended, as far as the artifacts tell.
    #[serde(default)]
    pub outcome: RunOutcome,
    /// The agent's last words after its last step, if it had any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub final_message: Option<String>,
    /// The steps in the order they were issued.
    pub steps: Steps,
    /// What sub-agents did, in the order they were started.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subtrajectories: Vec<Trajectory>,
}

impl Trajectory {
    /// The step with this number, if the trajectory has it.
    #[must_use]
    pub fn step(&self, id: crate::StepId) -> Option<Held<'_, Step>> {
        self.steps.get(id.index())
    }

    /// True when steps could not be read back from where they were parked, here or in a sub-agent's
    /// trajectory: then no step may be believed.
    #[must_use]
    pub fn is_damaged(&self) -> bool {
        self.steps.is_damaged() || self.descendants().iter().any(|t| t.steps.is_damaged())
    }

    /// All sub-trajectories at any depth, parents before their children.
    #[must_use]
    pub fn descendants(&self) -> Vec<&Self> {
        let mut found = Vec::new();
        let mut open: Vec<&Self> = self.subtrajectories.iter().rev().collect();
        while let Some(next) = open.pop() {
            found.push(next);
            open.extend(next.subtrajectories.iter().rev());
        }
        found
    }

    /// Steps of all sub-trajectories together.
    #[must_use]
    pub fn nested_step_count(&self) -> usize {
        self.descendants().iter().map(|t| t.steps.len()).sum()
    }

    /// Numbers the steps 1, 2, 3 … in their present order.
    pub fn renumber(&mut self) {
        self.steps.update(|index, step| {
            let id = crate::StepId::from_index(index);
            let changed = step.id != id;
            step.id = id;
            changed
        });
    }
}

/// Where a trajectory was read from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Source {
    /// The run's file or folder, relative to the analysed path, `/`-separated.
    pub path: String,
    /// Which of the runs in it, where the file or folder holds several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<String>,
    /// The files that hold its transcript, relative to the analysed path, in reading order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
    /// Files read beside the transcript: results, verifier output, configuration.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sidecars: Vec<String>,
    /// Other places where the same run was found and not counted again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub duplicates: Vec<String>,
}
