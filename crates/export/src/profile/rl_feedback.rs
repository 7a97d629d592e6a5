//! `codetracer_rl_feedback.json`: a judgement and a reward for every step.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trace::{ChainRole, ErrorType, Evidence, Fault, StepId};

use super::credit::Credit;
use super::instead::instead;
use super::said::Said;
use crate::ExportError;

/// What is held against one step of the run. The first seven fields are those of the published file;
/// the others are ours, so that entries of many runs can lie in one heap. Steps of sub-agents have none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StepFeedback {
    /// The step.
    pub step_id: StepId,
    /// What is held against it.
    pub verdict: StepVerdict,
    /// In what way it deviated.
    pub deviation_type: DeviationType,
    /// What the agent should have done; empty where nothing is held against the step.
    pub correct_alternative: String,
    /// How much hangs on it.
    pub impact_severity: Severity,
    /// Why.
    pub reasoning: String,
    /// A suggestion made of the diagnosis by the formula in `docs/export.md`; no ground truth.
    #[schemars(range(min = -1.0, max = 1.0))]
    pub reward_signal: f64,
    /// Whether it is the onset: of an undecided run, where it went wrong if it did.
    pub onset: bool,
    /// The part it plays on the way from the onset to the failure.
    pub chain_role: Option<ChainRole>,
    /// For incorrect steps, the kind of error in the six words of the paper.
    pub error_type: Option<ErrorType>,
    /// For the onset, the same in a wider set of words.
    pub fault: Option<Fault>,
    /// What can be opened to check it.
    pub evidence: Vec<Evidence>,
    /// The run.
    pub run_id: String,
    /// How often a verdict made on such grounds is right.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub confidence: f64,
    /// Whether the verdict knew the recorded outcome.
    pub used_outcome: bool,
    /// Who judged: the engine and its version, and the model it asked.
    pub engine: String,
}

/// What is held against a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StepVerdict {
    /// A wrong state-changing action or commitment.
    Incorrect,
    /// A redundant exploration.
    Unuseful,
    /// Nothing is held against it, which does not prove it right.
    Correct,
}

/// In what way a step deviated from what it should have been.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeviationType {
    /// It went about it by the wrong means.
    WrongTool,
    /// It acted on the wrong thing, or for another end than was asked.
    WrongTarget,
    /// It did again what had been done, or told nothing.
    Redundant,
    /// It took for settled what was not.
    PrematureConclusion,
    /// It relied on what it had not looked at.
    MissingExploration,
    /// It did not deviate, or no word fits.
    None,
}

/// How much hangs on a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The onset.
    Critical,
    /// Another incorrect step.
    Moderate,
    /// An unuseful step.
    Minor,
    /// Any other.
    None,
}

impl From<Fault> for DeviationType {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::EnvironmentSetup | Fault::DependencyResolution => Self::MissingExploration,
            Fault::ResourceExhaustion | Fault::InteractiveHang => Self::WrongTool,
            Fault::MislocalisedEdit | Fault::SpecificationMisread | Fault::DestructiveAction => {
                Self::WrongTarget
            }
            Fault::IncorrectHypothesis
            | Fault::FabricatedResult
            | Fault::GaveUpEarly
            | Fault::VerificationMisinterpretation
            | Fault::UnverifiedClaim => Self::PrematureConclusion,
            Fault::UnproductiveLooping => Self::Redundant,
            Fault::OutsideCause => Self::None,
        }
    }
}

/// Every step of the run, in order.
pub(super) fn steps<'s>(
    said: &'s Said<'_>,
) -> impl Iterator<Item = Result<StepFeedback, ExportError>> + 's {
    let credit = Credit::new(said.diagnosis);
    let engine = said.engine();
    let ids = (1..=said.diagnosis.step_count).filter_map(StepId::new);
    ids.map(move |step| Ok(feedback(said, step, credit, &engine)))
}

fn feedback(said: &Said<'_>, step: StepId, credit: Credit, engine: &str) -> StepFeedback {
    let diagnosis = said.diagnosis;
    let onset = diagnosis.onset_step_id == Some(step);
    let verdict = if said.incorrect.contains(&step) {
        StepVerdict::Incorrect
    } else if said.unuseful.contains(&step) {
        StepVerdict::Unuseful
    } else {
        StepVerdict::Correct
    };
    let label = said.label(step);
    let label = label.as_deref();
    let fault = diagnosis.fault.filter(|_| onset);
    let known = if onset { diagnosis.error_type } else { None };
    let error_type = known
        .or_else(|| label?.error_type)
        .filter(|_| verdict == StepVerdict::Incorrect);
    let link = said.link(step);
    let (deviation_type, impact_severity) = match verdict {
        StepVerdict::Incorrect => {
            let kind = fault.or(error_type.map(Fault::from));
            let severity = if onset {
                Severity::Critical
            } else {
                Severity::Moderate
            };
            (kind.map_or(DeviationType::None, Into::into), severity)
        }
        StepVerdict::Unuseful => (DeviationType::Redundant, Severity::Minor),
        StepVerdict::Correct => (DeviationType::None, Severity::None),
    };
    let cited = label.map(|label| &label.evidence);
    StepFeedback {
        step_id: step,
        verdict,
        deviation_type,
        correct_alternative: instead(said, step),
        impact_severity,
        reasoning: reasoning(said, step, label),
        reward_signal: credit.reward(step, verdict, said.share(step)),
        onset,
        chain_role: said.role(step),
        error_type,
        fault,
        evidence: cited
            .or_else(|| link.map(|link| &link.evidence))
            .cloned()
            .unwrap_or_default(),
        run_id: diagnosis.run_id.clone(),
        confidence: diagnosis.confidence,
        used_outcome: diagnosis.used_outcome,
        engine: engine.to_owned(),
    }
}

/// Why a step is judged as it is.
fn reasoning(said: &Said<'_>, step: StepId, label: Option<&trace::Label>) -> String {
    if let Some(label) = label {
        return label.reason.clone();
    }
    if let Some(link) = said.link(step) {
        return link.why.clone();
    }
    match said.diagnosis.onset_step_id {
        Some(onset) if step < onset => {
            format!("nothing is held against it; it comes before the onset, step {onset}")
        }
        Some(onset) => {
            format!("nothing is held against it; it comes after the onset, step {onset}")
        }
        None => "nothing is held against it".to_owned(),
    }
}
