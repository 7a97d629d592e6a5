//! Two runs of one task side by side.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Evidence, RunOutcome, StepId, TestReport, Usage, Verdict};

/// The comparison document, schema `codetracer.comparison/1`: one JSON object a pair of runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Comparison {
    /// Always [`crate::COMPARISON_SCHEMA`].
    pub schema: String,
    /// The run named first.
    pub a: ComparedRun,
    /// The run named second.
    pub b: ComparedRun,
    /// Whether both were given the same task; null when a run has no task text.
    pub same_task: Option<bool>,
    /// Every change of either run, paired where the two did the same or alike, in the order of both
    /// runs; of changes that only one of them made, those of `a` come first.
    pub alignment: Vec<AlignedChange>,
    /// How many entries of `alignment` are of each relation.
    pub counts: RelationCounts,
    /// True when a run made more changes than are compared; the later ones are left out.
    pub cut: bool,
    /// Where the two stop doing alike things and do not come back; null when they never do.
    pub divergence: Option<Divergence>,
    /// What `a` read before the divergence and `b` did not.
    pub read_only_by_a: Vec<OnlyRead>,
    /// What `b` read before the divergence and `a` did not.
    pub read_only_by_b: Vec<OnlyRead>,
    /// The test reports of both, those at the same point of the alignment together.
    pub reports: Vec<ReportPair>,
    /// The files either run wrote, as they stood at the end.
    pub files: Vec<ComparedFile>,
    /// How the divergence lies to the onset of each run that has one.
    pub onsets: Vec<OnsetRelation>,
    /// The comparison in a sentence or two, for a person.
    pub summary: String,
}

/// One of two compared runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ComparedRun {
    /// Unique within one analysed path.
    pub run_id: String,
    /// The run's file or folder, as the user would open it.
    pub path: String,
    /// The layout that was recognised.
    pub format: String,
    /// The agent's name.
    pub agent: Option<String>,
    /// The model's name.
    pub model: Option<String>,
    /// How the run ended, as its artifacts record it.
    pub outcome: RunOutcome,
    /// The offline engine's verdict; null where it was not asked.
    pub verdict: Option<Verdict>,
    /// The onset it names.
    pub onset_step_id: Option<StepId>,
    /// Steps of the main trajectory.
    pub step_count: u32,
    /// Steps among them that changed state.
    pub change_step_count: u32,
    /// What the run cost, as far as its artifacts tell.
    pub usage: Usage,
    /// Seconds between the run's beginning and its end, where both are recorded.
    pub seconds: Option<f64>,
}

/// How what one run did relates to what the other did.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// The same change: same target, same content.
    Same,
    /// A change of the same sort with the same aim, not word for word.
    Alike,
    /// Both changed the same thing, each in its own way.
    Different,
    /// Only `a` made it.
    OnlyA,
    /// Only `b` made it.
    OnlyB,
}

impl Relation {
    /// The same relation with the runs the other way round.
    #[must_use]
    pub fn swapped(self) -> Self {
        match self {
            Self::OnlyA => Self::OnlyB,
            Self::OnlyB => Self::OnlyA,
            other => other,
        }
    }
}

/// How many changes stand in each relation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RelationCounts {
    /// Pairs that are the same.
    pub same: u32,
    /// Pairs that are alike.
    pub alike: u32,
    /// Pairs that differ.
    pub different: u32,
    /// Changes only `a` made.
    pub only_a: u32,
    /// Changes only `b` made.
    pub only_b: u32,
}

/// One change of either run, with its counterpart in the other where there is one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AlignedChange {
    /// How the two sides relate.
    pub relation: Relation,
    /// How alike they are, between 0 and 1; 0 when there is one side only.
    pub likeness: f64,
    /// True when the runs made the change at different points of their order.
    pub moved: bool,
    /// What `a` did.
    pub a: Option<NamedChange>,
    /// What `b` did.
    pub b: Option<NamedChange>,
}

/// One change of state; a step may make several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NamedChange {
    /// The step that made it.
    pub step_id: StepId,
    /// Its sort.
    pub kind: ChangeKind,
    /// What was changed: a path, a package, a service, or the command that was run.
    pub target: String,
    /// True when the step's result says that it did not work.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub failed: bool,
}

/// The sorts of changes that are told apart.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// A file got this whole content.
    Write,
    /// A part of a file was changed.
    Edit,
    /// A file or folder was removed.
    Delete,
    /// Files were moved, copied, linked or unpacked.
    Arrange,
    /// Files got another mode, owner or date.
    Mode,
    /// A folder was made.
    Folder,
    /// A package or environment was installed or removed.
    Install,
    /// Something was downloaded.
    Fetch,
    /// Something was compiled or built.
    Build,
    /// Version control was changed.
    Version,
    /// A service or process was started, stopped or configured.
    Serve,
    /// A program that leaves something behind was run.
    Run,
}

impl ChangeKind {
    /// The sort as a verb.
    #[must_use]
    pub fn verb(self) -> &'static str {
        match self {
            Self::Write => "write",
            Self::Edit => "edit",
            Self::Delete => "delete",
            Self::Arrange => "arrange",
            Self::Mode => "set mode of",
            Self::Folder => "make folder",
            Self::Install => "install",
            Self::Fetch => "fetch",
            Self::Build => "build",
            Self::Version => "version",
            Self::Serve => "service",
            Self::Run => "run",
        }
    }
}

/// Where two runs part.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Divergence {
    /// `different`: both changed the same thing, each in its own way; `alike`: they differ in detail
    /// only; `only_a` and `only_b`: one made a change of which the other has no counterpart.
    pub relation: Relation,
    /// True when what is changed is named by the task or changed by both runs.
    pub matters: bool,
    /// What `a` did there.
    pub a: DivergedSide,
    /// What `b` did there.
    pub b: DivergedSide,
    /// One sentence.
    pub why: String,
}

/// One run's side of the divergence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DivergedSide {
    /// The step from which the run goes its own way: that of its diverging change, else of the first
    /// change it makes instead; its last step when it makes no more.
    pub step_id: Option<StepId>,
    /// The last step of the run before that which has a counterpart in the other run.
    pub last_common_step_id: Option<StepId>,
    /// The diverging change; null when the run has none.
    pub change: Option<NamedChange>,
    /// The changes the run makes from there until the two do something alike again; the first few.
    pub instead: Vec<NamedChange>,
    /// What the reader can open to check it.
    pub evidence: Vec<Evidence>,
}

/// Something one run read and the other had not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OnlyRead {
    /// What was read, as written.
    pub path: String,
    /// The first step that read it.
    pub step_id: StepId,
    /// The step after the divergence at which the other run read it too, if it ever did.
    pub other_step_id: Option<StepId>,
}

/// A test report with the step that shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SeenReport {
    /// The step.
    pub step_id: StepId,
    /// The report, without the names of single tests.
    pub report: TestReport,
}

/// The last test reports of both runs between two common changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReportPair {
    /// How many common changes both runs had made.
    pub after_common: u32,
    /// What `a` saw.
    pub a: Option<SeenReport>,
    /// What `b` saw.
    pub b: Option<SeenReport>,
}

/// How the final states of a file relate.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum FileRelation {
    /// Equal but for space at the ends of lines.
    Same,
    /// Mostly the same text.
    Alike,
    /// Another text.
    Differs,
    /// Only `a` has it in the end.
    OnlyA,
    /// Only `b` has it in the end.
    OnlyB,
    /// Both have it, but not enough of its text is known to compare.
    Unknown,
}

/// A file that either run wrote, as it stood at the end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ComparedFile {
    /// The path.
    pub path: String,
    /// How the two states relate.
    pub relation: FileRelation,
    /// How alike the texts are, between 0 and 1, as far as both are known: where one is known in part,
    /// the share of that part which the other holds.
    pub likeness: Option<f64>,
    /// The last step of `a` that wrote it.
    pub a_step_id: Option<StepId>,
    /// The last step of `b` that wrote it.
    pub b_step_id: Option<StepId>,
    /// True when the texts compared were rebuilt whole.
    pub exact: bool,
}

/// Which of the two runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WhichRun {
    /// The one named first.
    A,
    /// The one named second.
    B,
}

/// How the first divergence lies to an onset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnsetPlace {
    /// The runs part before the onset: what leads to it is not shared.
    DivergesBefore,
    /// The runs part at the onset.
    DivergesAt,
    /// The runs part only after the onset: the other run took the same decision, or repaired it.
    DivergesAfter,
    /// The runs do not part.
    NoDivergence,
}

/// The onset of one run seen from the other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OnsetRelation {
    /// The run whose onset it is.
    pub run: WhichRun,
    /// The onset.
    pub onset_step_id: StepId,
    /// Where the divergence lies.
    pub place: OnsetPlace,
    /// Whether the other run made a change the same as or alike the onset's: its step.
    pub counterpart_step_id: Option<StepId>,
    /// What the other run did at that point, in a sentence or two.
    pub text: String,
    /// What the reader can open to check it, of either run.
    pub evidence: Vec<CitedFrom>,
}

/// Evidence with the run it is from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CitedFrom {
    /// The run.
    pub run: WhichRun,
    /// The quotation.
    pub evidence: Evidence,
}
