//! `codetracer_labels.json`: the labelled steps by stage.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trace::{StageSpan, StepId};

use super::said::Said;
use crate::ExportError;

/// The labelled steps of one stage. Stages without any are left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StageLabels {
    /// The number of the stage in the diagnosis, from 1. A benchmark may cut its stages elsewhere; the
    /// ids of the steps are what counts.
    #[schemars(range(min = 1))]
    pub stage_id: u32,
    /// Steps that were wrong state-changing actions or commitments, in order.
    pub incorrect_step_ids: Vec<StepId>,
    /// Steps that explored without learning anything, in order.
    pub unuseful_step_ids: Vec<StepId>,
    /// Why, step by step.
    pub reasoning: String,
}

/// The stages with a labelled step, in order.
pub(super) fn stages(said: &Said<'_>) -> Result<Vec<StageLabels>, ExportError> {
    let mut stages: BTreeMap<u32, StageLabels> = BTreeMap::new();
    let labelled: BTreeSet<StepId> = said.incorrect.union(&said.unuseful).copied().collect();
    for step in labelled {
        let stage = stage_of(said, step).ok_or(ExportError::NoStage(step))?;
        let entry = stages.entry(stage.stage_id).or_insert_with(|| StageLabels {
            stage_id: stage.stage_id,
            incorrect_step_ids: Vec::new(),
            unuseful_step_ids: Vec::new(),
            reasoning: String::new(),
        });
        if said.incorrect.contains(&step) {
            entry.incorrect_step_ids.push(step);
        } else {
            entry.unuseful_step_ids.push(step);
        }
        if !entry.reasoning.is_empty() {
            entry.reasoning.push(' ');
        }
        let label = said.label(step);
        let why = label.as_ref().map(|label| label.reason.as_str());
        let why = why.or_else(|| said.link(step).map(|link| link.why.as_str()));
        let why = why.unwrap_or("the diagnosis gives no reason");
        let why = why.trim().trim_end_matches('.');
        let _ = write!(entry.reasoning, "Step {step}: {why}.");
    }
    Ok(stages.into_values().collect())
}

/// Stages are contiguous and in order.
fn stage_of<'d>(said: &Said<'d>, step: StepId) -> Option<&'d StageSpan> {
    let stages = &said.diagnosis.stages;
    let at = stages.partition_point(|stage| stage.end < step);
    stages.get(at).filter(|stage| stage.start <= step)
}
