//! `codetracer_analysis.json`: from the failure back to its cause.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trace::{
    ChainLink, ChainRole, ErrorType, Fault, Injection, ObservedFailure, RefPart, StepId, Verdict,
};

use super::instead::instead;
use super::said::Said;
use super::tracebench::{StageLabels, stages};
use crate::ExportError;

/// Why a run failed. The first five fields are those of the published file; the others are ours.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Analysis {
    /// The stations of the chain, from the final failure back to the first error; empty where no onset
    /// is named.
    pub root_cause_chain: Vec<String>,
    /// Where another decision would have saved the run, in step order.
    pub critical_decision_points: Vec<DecisionPoint>,
    /// What the agent should have done instead, and from which step; empty where nothing is known.
    pub correct_strategy: String,
    /// As in `codetracer_labels.json`.
    pub stage_labels: Vec<StageLabels>,
    /// The verdict in a sentence or two.
    pub summary: String,
    /// The run.
    pub run_id: String,
    /// What is concluded.
    pub verdict: Verdict,
    /// The first unrepaired wrong decision; of an undecided run, where it went wrong if it did.
    pub onset_step_id: Option<StepId>,
    /// What kind of error the onset is, in the six words of the paper.
    pub error_type: Option<ErrorType>,
    /// The same in a wider set of words.
    pub fault: Option<Fault>,
    /// How often a verdict made on such grounds is right.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub confidence: f64,
    /// How probable a failure is by what shows at the end, without the recorded outcome.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub failure_probability: f64,
    /// Whether the recorded outcome was used.
    pub used_outcome: bool,
    /// The stations in step order, with what can be opened to check them.
    pub chain: Vec<ChainLink>,
    /// What shows at the end that the run failed.
    pub failures: Vec<ObservedFailure>,
    /// What would settle an undecided verdict.
    pub missing_evidence: Vec<String>,
    /// Text in the run that speaks to whoever judges it.
    pub injections: Vec<Injection>,
    /// Who judged: the engine and its version, and the model it asked. The document says what it took.
    pub engine: String,
}

/// A step at which another decision would have saved the run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DecisionPoint {
    /// The step.
    pub step_id: StepId,
    /// What was decided.
    pub decision: String,
    /// What should have been.
    pub should_have: String,
}

/// The whole file.
pub(super) fn analysis(said: &Said<'_>) -> Result<Analysis, ExportError> {
    let diagnosis = said.diagnosis;
    let mut chain = diagnosis.chain.clone();
    chain.sort_by_key(|link| link.step_id);
    let stations = chain.iter().rev().map(|link| {
        let role = link.role.as_str().replace('_', " ");
        let why = link.why.trim().trim_end_matches('.');
        format!("Step {} ({role}): {why}.", link.step_id)
    });
    // A propagation only carries on what was decided before it.
    let decided = chain
        .iter()
        .filter(|link| link.role != ChainRole::Propagation);
    Ok(Analysis {
        root_cause_chain: stations.collect(),
        critical_decision_points: decided
            .map(|link| DecisionPoint {
                step_id: link.step_id,
                decision: decision(link),
                should_have: instead(said, link.step_id),
            })
            .collect(),
        correct_strategy: diagnosis.advice.clone(),
        stage_labels: stages(said)?,
        summary: diagnosis.summary.clone(),
        run_id: diagnosis.run_id.clone(),
        verdict: diagnosis.verdict,
        onset_step_id: diagnosis.onset_step_id,
        error_type: diagnosis.error_type,
        fault: diagnosis.fault,
        confidence: diagnosis.confidence,
        failure_probability: diagnosis.failure_probability,
        used_outcome: diagnosis.used_outcome,
        failures: diagnosis.failures.clone(),
        missing_evidence: diagnosis.missing_evidence.clone(),
        injections: diagnosis.injections.clone(),
        engine: said.engine(),
        chain,
    })
}

/// What a step decided: why it counts, with the words of its own action where they are cited.
fn decision(link: &ChainLink) -> String {
    let own = link.evidence.iter().find(|cited| {
        let action = |at: &trace::Ref| at.part == RefPart::Action;
        cited.step_id == link.step_id && cited.reference.as_ref().is_some_and(action)
    });
    match own {
        Some(cited) => format!("{} (it did: {})", link.why.trim(), cited.quote.trim()),
        None => link.why.trim().to_owned(),
    }
}
