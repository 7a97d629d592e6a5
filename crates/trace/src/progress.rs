//! How near a run came to its goal, where it fell, and what of its work was for nothing.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Evidence, StepId, Usage};

/// Where a run was closest to done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Peak {
    /// The first step at which the task was as close to done as it ever came.
    pub step_id: StepId,
    /// The last step at which it still was. Before the run's last step, the run ended worse than it
    /// had been.
    pub held_until: StepId,
    /// The share of what is measured that was reached, between 0 and 1.
    pub share: f64,
    /// One sentence: what was reached, and by which measure.
    pub why: String,
    /// What the reader can open to check it.
    pub evidence: Vec<Evidence>,
}

/// A step that lost something which had been reached.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TurningPoint {
    /// The change that lost it; where no change is known, the step that shows the loss.
    pub step_id: StepId,
    /// What was lost.
    pub kind: TurningKind,
    /// One sentence.
    pub why: String,
    /// What the reader can open to check it.
    pub evidence: Vec<Evidence>,
    /// The first later step that shows it reached again; null when the run never got it back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovered_at: Option<StepId>,
}

/// What a turning point lost.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum TurningKind {
    /// Tests that had passed fail.
    TestsBroke,
    /// A build or program that had worked fails.
    CheckBroke,
    /// A file the run made or the task demands is gone.
    DeliverableRemoved,
    /// A file the task demands was replaced wholly.
    DeliverableOverwritten,
    /// A service the run had started was stopped.
    ServiceStopped,
    /// A demand of the task that had been met no longer is.
    DemandLost,
}

impl TurningKind {
    /// The name as it stands in documents.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TestsBroke => "tests_broke",
            Self::CheckBroke => "check_broke",
            Self::DeliverableRemoved => "deliverable_removed",
            Self::DeliverableOverwritten => "deliverable_overwritten",
            Self::ServiceStopped => "service_stopped",
            Self::DemandLost => "demand_lost",
        }
    }
}

/// Steps and what they cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Spent {
    /// How many steps.
    pub steps: u32,
    /// Their tokens and money, where the artifacts state them. The call behind several parallel steps
    /// is shared evenly among them.
    #[serde(default, skip_serializing_if = "Usage::is_empty")]
    pub usage: Usage,
    /// Seconds from the clock of the step before each of them to its own, where both are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
}

/// What of a run's work was for nothing. Every step is counted under one cause only, the first of
/// [`WasteCause`] that holds for it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Waste {
    /// All steps of the run.
    pub total: Spent,
    /// The steps that were for nothing.
    pub wasted: Spent,
    /// True when the artifacts state tokens or money for the run as a whole only, and the steps'
    /// shares are even parts of it.
    #[serde(default)]
    pub shared_evenly: bool,
    /// What was wasted by cause; causes without a step are left out.
    #[serde(default)]
    pub causes: Vec<WasteShare>,
}

/// What one cause wasted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WasteShare {
    /// Why the steps were for nothing.
    pub cause: WasteCause,
    /// What they cost.
    pub spent: Spent,
    /// The steps, in order.
    pub step_ids: Vec<StepId>,
}

/// Why a step was for nothing, the surest first.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum WasteCause {
    /// It went round in a circle: the same actions with the same answers, three times or more.
    Loop,
    /// It tried what had just failed, unchanged, and failed the same way.
    FailedRetry,
    /// It looked at what was known, or so broadly that it narrowed nothing.
    RepeatedExploration,
    /// Its edits were wholly replaced, deleted or taken back later.
    RevertedWork,
    /// It came after the last step at which the task was closest to done, in a run that ended worse.
    AfterPeak,
}

impl WasteCause {
    /// All of them, the surest first.
    pub const ALL: [Self; 5] = [
        Self::Loop,
        Self::FailedRetry,
        Self::RepeatedExploration,
        Self::RevertedWork,
        Self::AfterPeak,
    ];

    /// The name as it stands in documents.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Loop => "loop",
            Self::FailedRetry => "failed_retry",
            Self::RepeatedExploration => "repeated_exploration",
            Self::RevertedWork => "reverted_work",
            Self::AfterPeak => "after_peak",
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::Diagnosis;

    #[test]
    fn documents_from_before_these_fields_are_read() {
        let old = serde_json::json!({
            "schema": "codetracer.diagnosis/1", "run_id": "a", "path": "a", "format": "x",
            "agent": null, "model": null, "task": null, "outcome": {}, "step_count": 1,
            "nested_step_count": 0, "change_steps": [],
            "stages": [{"stage_id": 1, "start": 1, "end": 1, "phase": "patching", "suspicion": 0.5}],
            "verdict": "undecided", "onset_step_id": null, "onset_candidates": [], "chain": [],
            "incorrect_step_ids": [], "unuseful_step_ids": [], "labels": [], "error_type": null,
            "confidence": 0.0, "summary": "", "advice": "", "used_outcome": false,
            "engine": {"name": "offline", "version": "0", "model": null, "tokens": null,
                "cost_usd": null, "seconds": null}
        });
        let read: Diagnosis = serde_json::from_value(old).unwrap();
        assert_eq!((read.peak, read.waste.wasted.steps), (None, 0));
        assert!(read.turning_points.is_empty() && read.fault.is_none());
    }
}
