//! What the agent should have done at a step.

use trace::{ChainRole, Fault, StepId};

use super::said::Said;

/// What the agent should have done at `step` instead, as a sentence; empty where nothing is held
/// against it.
pub(super) fn instead(said: &Said<'_>, step: StepId) -> String {
    let onset = said.diagnosis.onset_step_id;
    if onset == Some(step) && !said.diagnosis.advice.is_empty() {
        return said.diagnosis.advice.clone();
    }
    match (said.role(step), onset) {
        (Some(ChainRole::MissedSignal), _) => {
            "Take what this step shows at its word, and find its cause before going on.".to_owned()
        }
        (Some(ChainRole::Propagation), Some(onset)) => {
            format!("Put right what step {onset} did before building on it.")
        }
        (Some(ChainRole::FinalCommitment), Some(onset)) => {
            format!("Do not end before what step {onset} did is put right.")
        }
        _ if said.incorrect.contains(&step) => {
            let kind = said.label(step).and_then(|label| label.error_type);
            let fault = said.diagnosis.fault.filter(|_| onset == Some(step));
            fault
                .or(kind.map(Fault::from))
                .map_or_else(String::new, |fault| sentence(fault.remedy()))
        }
        _ if said.unuseful.contains(&step) => "Leave this step out.".to_owned(),
        _ => String::new(),
    }
}

/// A clause as a sentence.
fn sentence(clause: &str) -> String {
    let mut chars = clause.chars();
    let first = chars.next().into_iter().flat_map(char::to_uppercase);
    first.chain(chars).chain(['.']).collect()
}
