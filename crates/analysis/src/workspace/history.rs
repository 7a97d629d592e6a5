//! One file through a run.

use std::ops::Range;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use trace::{RefPart, StepId};

use super::content::Content;
use super::line::Origin;

/// What made a version of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// Created, or overwritten as a whole.
    Write,
    /// Something was added at its end.
    Append,
    /// A part of it was changed.
    Edit,
    /// A patch was applied to it.
    Patch,
    /// It went away.
    Delete,
    /// It came from another path, which no longer exists.
    Move,
    /// It came from another path.
    Copy,
    /// It was put back to an earlier version.
    Restore,
    /// A program changed it in a way the run does not show.
    Program,
    /// Nothing changed; the run showed what it holds.
    Show,
}

impl Operation {
    /// True when the file was changed, false when it was only shown.
    #[must_use]
    pub fn writes(self) -> bool {
        self != Self::Show
    }

    /// True when the run itself says what the file held afterwards, or how that follows from before.
    pub(super) fn states_text(self) -> bool {
        !matches!(self, Self::Show | Self::Delete | Self::Program)
    }

    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Write => "write",
            Self::Append => "append",
            Self::Edit => "edit",
            Self::Patch => "patch",
            Self::Delete => "delete",
            Self::Move => "move",
            Self::Copy => "copy",
            Self::Restore => "restore",
            Self::Program => "program",
            Self::Show => "show",
        }
    }
}

/// How far a version can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fidelity {
    /// Every line is known, from texts the run recorded.
    Exact,
    /// What is known is right; the rest is not known.
    Partial,
    /// A change was made whose result the run does not record: lines may differ from what is held.
    Inferred,
}

impl Fidelity {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Partial => "partial",
            Self::Inferred => "inferred",
        }
    }
}

/// Where a version comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    /// The step.
    pub step: StepId,
    /// The step of the sub-agent that step started, where it was one of its steps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nested: Option<StepId>,
    /// Whether its action or its observation holds the text.
    pub part: RefPart,
    /// The bytes of the command or of the observation's text; `None` when it is the whole, or an
    /// argument of a tool.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<Range<usize>>,
}

/// One version of a file.
#[derive(Debug, Clone)]
pub struct Version {
    /// The step that made or showed it.
    pub step: StepId,
    /// What made it.
    pub operation: Operation,
    /// Where it comes from.
    pub provenance: Provenance,
    /// How far it can be trusted.
    pub fidelity: Fidelity,
    /// False after the file went away.
    pub exists: bool,
    /// The step after which the file held the same text before, something else having stood between;
    /// `None` when it never did, or when not all of it is known.
    pub returns_to: Option<StepId>,
    /// What is known of it; `None` for a file that does not exist, and past the limit of kept text.
    pub(super) content: Option<Arc<Content>>,
}

impl Version {
    /// True when its text would be known had the limit of kept text not been reached.
    #[must_use]
    pub fn is_dropped(&self) -> bool {
        self.exists && self.content.is_none()
    }
}

/// All versions of one file, in the order they came to be.
#[derive(Debug, Clone)]
pub struct FileHistory {
    /// The path as it is compared; absolute where the run says where it stands.
    pub path: String,
    /// The versions. Several may belong to one step.
    pub versions: Vec<Version>,
    /// Who put there what was there before the first version: nobody the run knows of.
    pub(super) existed: bool,
}

impl FileHistory {
    /// The last version at the end of `step`; `None` when the file had not been seen by then.
    #[must_use]
    pub fn version(&self, step: StepId) -> Option<&Version> {
        let after = self.versions.partition_point(|v| v.step <= step);
        self.versions.get(after.checked_sub(1)?)
    }

    /// True when the run saw the file before it wrote it, or changed it without creating it.
    #[must_use]
    pub fn existed_before(&self) -> bool {
        self.existed
    }

    /// True when no step of the run changed the file.
    #[must_use]
    pub fn only_shown(&self) -> bool {
        !self.versions.iter().any(|v| v.operation.writes())
    }

    /// The steps that changed the file, in order.
    pub fn writers(&self) -> impl Iterator<Item = StepId> + '_ {
        let mut last = None;
        let writes = self.versions.iter().filter(|v| v.operation.writes());
        writes
            .map(|version| version.step)
            .filter(move |step| last.replace(*step) != Some(*step))
    }
}

/// A line of a file at one moment, for people and signals.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BlamedLine<'w> {
    /// Its number, counted from 1; `None` when it is known to be somewhere in the file.
    pub number: Option<usize>,
    /// Who put it there.
    pub origin: Origin,
    /// Its text without the line feed.
    pub text: &'w str,
}
