//! The verdict on a run.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use spool::Spool;

use crate::{Fault, Injection, Inquiry, Peak, Phase, Ref, RunOutcome, StepId, TurningPoint, Waste};

/// Labels in step order. As many as a run may need are held in bounded memory: see [`Spool`].
pub type Labels = Spool<Label>;

/// The diagnosis document, schema `codetracer.diagnosis/1`: one JSON object a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Diagnosis {
    /// Always [`crate::DIAGNOSIS_SCHEMA`].
    pub schema: String,
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
    /// The task text.
    pub task: Option<String>,
    /// How the run ended, as its artifacts record it. Shown even when the engine was kept blind.
    pub outcome: RunOutcome,
    /// Steps of the main trajectory.
    pub step_count: u32,
    /// Steps of all sub-agents together.
    pub nested_step_count: u32,
    /// Ids of the steps that changed state.
    pub change_steps: Vec<StepId>,
    /// Contiguous spans of one phase, covering all steps.
    pub stages: Vec<StageSpan>,
    /// What is concluded.
    pub verdict: Verdict,
    /// The first unrepaired wrong decision. Where the verdict is undecided, the step where the run went
    /// wrong if it did; null where no step stands out, and for a run that is fine.
    pub onset_step_id: Option<StepId>,
    /// Ranked suspects, best first. Where a model names the onset that step leads, whatever share the
    /// offline engine gives it.
    pub onset_candidates: Vec<OnsetCandidate>,
    /// From the onset to the failure, in step order.
    pub chain: Vec<ChainLink>,
    /// Steps that were wrong state-changing actions or commitments.
    pub incorrect_step_ids: Vec<StepId>,
    /// Steps that explored without learning anything.
    pub unuseful_step_ids: Vec<StepId>,
    /// Every labelled step with its reason and evidence.
    pub labels: Labels,
    /// What kind of error the onset is, in the six words of the paper.
    pub error_type: Option<ErrorType>,
    /// The same in the wider set of words that `error_type` is a projection of.
    #[serde(default)]
    pub fault: Option<Fault>,
    /// The rule that chose it and what the rule saw, in one sentence.
    #[serde(default)]
    pub error_type_rule: Option<String>,
    /// Where the run was closest to done; null when nothing in it measures that.
    #[serde(default)]
    pub peak: Option<Peak>,
    /// Where something that had been reached was lost, in step order.
    #[serde(default)]
    pub turning_points: Vec<TurningPoint>,
    /// What of the work was for nothing.
    #[serde(default)]
    pub waste: Waste,
    /// What shows at the end of the run that it failed or is not done, the loudest first; judged
    /// without the recorded outcome. Empty for a run that ends clean.
    #[serde(default)]
    pub failures: Vec<ObservedFailure>,
    /// Of the labelled runs with such signs at their end, or none, how many failed, between 0 and 1;
    /// judged without the recorded outcome.
    #[serde(default)]
    pub failure_probability: f64,
    /// How often a verdict made on such grounds is right, between 0 and 1: that of a
    /// named onset is how often a reader would name it too. Of a model's verdict, how often the offline
    /// engine is right with such a one.
    pub confidence: f64,
    /// What would settle an undecided verdict, as sentences.
    #[serde(default)]
    pub missing_evidence: Vec<String>,
    /// The verdict in a sentence or two, for a person.
    pub summary: String,
    /// What the agent should have done instead, and from which step.
    pub advice: String,
    /// Text in the run that speaks to whoever judges it: instructions, forged messages, bribes, bait.
    /// None of it was followed; it is told so that a person knows. Empty for most runs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub injections: Vec<Injection>,
    /// True when the engine was allowed to see the recorded outcome, and an outcome was recorded.
    pub used_outcome: bool,
    /// Who made the diagnosis.
    pub engine: Engine,
}

/// A stage with how suspicious it looks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StageSpan {
    /// 1-based and contiguous.
    pub stage_id: u32,
    /// First step.
    pub start: StepId,
    /// Last step, included.
    pub end: StepId,
    /// What the span is about.
    pub phase: Phase,
    /// Suspicion between 0 and 1, comparable within a run.
    pub suspicion: f64,
    /// What the suspicion is made of.
    #[serde(default)]
    pub features: StageFeatures,
}

/// What makes a stage suspicious: the four features arXiv 2604.11641 names, and what the signals hold
/// against its steps. Each between 0 and 1.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StageFeatures {
    /// The largest share of known tests or checks that a change of this stage broke.
    pub verification_regression: f64,
    /// The stage's share of all lines the run wrote or removed.
    pub diff_magnitude: f64,
    /// The share of its steps that undid or wrote again what the run had done.
    pub backtrack_frequency: f64,
    /// The share of its steps that explored. The paper's exploration-to-action ratio `r` is this
    /// share as `r / (1 + r)`, so that a stage without an action has a number too.
    pub exploration_ratio: f64,
    /// The highest suspicion that signals hold against one of its steps.
    pub step_suspicion: f64,
}

/// Something that shows that a run failed or is not done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ObservedFailure {
    /// Such as `failing_tests`, `open_error`, `unmet_demand` or `cut_off`.
    pub kind: String,
    /// The step that shows it.
    pub step_id: StepId,
    /// How strongly it speaks, between 0 and 1.
    pub strength: f64,
    /// One clause.
    pub why: String,
    /// What the reader can open to check it.
    pub evidence: Vec<Evidence>,
}

/// What is concluded about a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The run failed and its onset is named.
    FailureFound,
    /// Nothing speaks for a failure.
    NoFailure,
    /// The evidence does not suffice for a verdict.
    Undecided,
}

impl Verdict {
    /// The name as it stands in documents.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::FailureFound => "failure_found",
            Self::NoFailure => "no_failure",
            Self::Undecided => "undecided",
        }
    }
}

/// A step suspected of being the onset.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OnsetCandidate {
    /// The step.
    pub step_id: StepId,
    /// Its share of the suspicion, between 0 and 1; the shares of all steps of a run add up to 1.
    pub score: f64,
    /// What the score is made of, the weightiest first; empty unless an explanation was asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contributions: Vec<Contribution>,
}

/// What one column of the ranking adds to the score of a step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Contribution {
    /// The signal, or a plain fact about the step (`does_…`).
    pub signal: String,
    /// How strongly it speaks, between 0 and 1.
    pub strength: f64,
    /// What it counts at full strength, in log odds.
    pub weight: f64,
    /// What it adds: strength times weight.
    pub log_odds: f64,
    /// What the signal saw; null for a plain fact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// One station on the way from the onset to the failure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ChainLink {
    /// The step.
    pub step_id: StepId,
    /// The part it plays.
    pub role: ChainRole,
    /// One sentence.
    pub why: String,
    /// What the reader can open to check it.
    pub evidence: Vec<Evidence>,
}

/// The part a step plays in the chain.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ChainRole {
    /// The first unrepaired wrong decision.
    Onset,
    /// A step that built on the error.
    Propagation,
    /// A step whose observation showed the error and was not acted on.
    MissedSignal,
    /// The step that made the failure final.
    FinalCommitment,
}

impl ChainRole {
    /// The name as it stands in documents.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Onset => "onset",
            Self::Propagation => "propagation",
            Self::MissedSignal => "missed_signal",
            Self::FinalCommitment => "final_commitment",
        }
    }
}

/// A quotation from a step, with the place in the raw artifact where it can be re-read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    /// The step it is quoted from.
    pub step_id: StepId,
    /// An exact excerpt of the step's action, thought or observation.
    pub quote: String,
    /// The record that holds it; null when the layout gives no byte range.
    #[serde(rename = "ref", default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<Ref>,
}

/// A judgement on one step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Label {
    /// The step.
    pub step_id: StepId,
    /// Incorrect or unuseful.
    pub verdict: LabelVerdict,
    /// For incorrect steps, the kind of error.
    pub error_type: Option<ErrorType>,
    /// One sentence that names the signal.
    pub reason: String,
    /// What the reader can open to check it; never empty.
    pub evidence: Vec<Evidence>,
}

/// The two judgements a step can get.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LabelVerdict {
    /// A wrong state-changing action or commitment.
    Incorrect,
    /// A redundant exploration.
    Unuseful,
}

/// The six kinds of error of arXiv 2604.11641.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorType {
    /// The environment was misjudged or left unfit.
    EnvironmentSetup,
    /// A dependency was wrong, missing or conflicting.
    DependencyResolution,
    /// The edit went to the wrong place.
    MislocalisedEdit,
    /// A wrong belief was acted on; also misread specifications, substituted results, giving up.
    IncorrectHypothesis,
    /// A check was misread, skipped or too weak.
    VerificationMisinterpretation,
    /// The same thing was done again and again.
    UnproductiveLooping,
}

impl ErrorType {
    /// The name as it stands in documents.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::EnvironmentSetup => "environment_setup",
            Self::DependencyResolution => "dependency_resolution",
            Self::MislocalisedEdit => "mislocalised_edit",
            Self::IncorrectHypothesis => "incorrect_hypothesis",
            Self::VerificationMisinterpretation => "verification_misinterpretation",
            Self::UnproductiveLooping => "unproductive_looping",
        }
    }
}

/// Who made a diagnosis and what it took.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Engine {
    /// `offline`, or the name of another engine: `agent`, `direct`.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The model it asked, if any.
    pub model: Option<String>,
    /// Tokens it paid for, if any: prompts and answers, cached ones included.
    pub tokens: Option<u64>,
    /// Dollars it paid, if any.
    pub cost_usd: Option<f64>,
    /// Wall time of the diagnosis. Null in deterministic output.
    pub seconds: Option<f64>,
    /// How a model was asked and what came of it; absent for the offline engine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inquiry: Option<Box<Inquiry>>,
}
