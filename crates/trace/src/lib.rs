//! The nouns of `CodeTracer` as plain types, and the versioned JSON documents made of them.
//!
//! Nothing here reads a file, asks a clock or decides anything. Every other crate of the workspace
//! speaks in these words:
//!
//! * [`Trajectory`], [`Step`], [`Action`], [`Observation`]: what one run did, complete and uncut.
//! * [`Ref`]: where in the raw artifact a piece of it stands, so that any claim can be re-checked.
//! * [`Effect`], [`StepOutcome`], [`TestReport`], [`Stage`], [`Tree`]: what analysis makes of it.
//! * [`Diagnosis`]: the verdict on a run.
//! * [`Comparison`]: two runs of one task side by side.
//!
//! Text is never truncated here: cutting is the presenter's job.

mod comparison;
mod diagnosis;
mod document;
mod effect;
mod fault;
mod injection;
mod inquiry;
mod outcome;
mod progress;
mod reference;
mod stage;
mod step;
mod trajectory;
mod tree;
mod usage;
mod weight;

pub use comparison::{
    AlignedChange, ChangeKind, CitedFrom, ComparedFile, ComparedRun, Comparison, DivergedSide,
    Divergence, FileRelation, NamedChange, OnlyRead, OnsetPlace, OnsetRelation, Relation,
    RelationCounts, ReportPair, SeenReport, WhichRun,
};
pub use diagnosis::{
    ChainLink, ChainRole, Contribution, Diagnosis, Engine, ErrorType, Evidence, Label,
    LabelVerdict, Labels, ObservedFailure, OnsetCandidate, StageFeatures, StageSpan, Verdict,
};
pub use document::{
    COMPARISON_SCHEMA, DIAGNOSIS_SCHEMA, TRAJECTORY_SCHEMA, TrajectoryDocument, json_schemas,
};
pub use effect::{Effect, EffectKind};
pub use fault::Fault;
pub use injection::{Injection, InjectionKind};
pub use inquiry::{DroppedClaim, Inquiry, VerdictChange};
pub use outcome::{
    ErrorKind, ErrorSignature, RunOutcome, StepOutcome, StepStatus, TestCase, TestFramework,
    TestReport, TestStatus,
};
pub use progress::{Peak, Spent, TurningKind, TurningPoint, Waste, WasteCause, WasteShare};
pub use reference::{Ref, RefPart};
pub use stage::{Phase, Stage};
pub use step::{Action, ActionKind, Address, Change, FileEdit, Observation, Step, StepId};
pub use trajectory::{Source, Steps, Trajectory};
pub use tree::Tree;
pub use usage::Usage;

pub use jiff::Timestamp;
pub use spool::{Held, Spool, Spooled};
