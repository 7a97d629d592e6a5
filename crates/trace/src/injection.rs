//! Text in a run that speaks to whoever judges it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Evidence;

/// Text in a run that speaks to whoever judges the run rather than to the agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Injection {
    /// What it tries.
    pub kind: InjectionKind,
    /// The step that holds it, and its words.
    #[serde(flatten)]
    pub evidence: Evidence,
}

/// What text that speaks to a judge tries.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum InjectionKind {
    /// To replace the instructions: ignore what you were told, you are now somebody else.
    OverriddenInstructions,
    /// To pass for a message of the system, the user or the model: role markers, closed fences.
    ForgedMessage,
    /// To pass for a tool's call or result.
    ForgedTool,
    /// To choose the verdict: call this step correct, report no failure.
    LabelBribe,
    /// To have something sent elsewhere or a secret told.
    ExfiltrationBait,
}

impl InjectionKind {
    /// Every kind, in order.
    pub const ALL: [Self; 5] = [
        Self::OverriddenInstructions,
        Self::ForgedMessage,
        Self::ForgedTool,
        Self::LabelBribe,
        Self::ExfiltrationBait,
    ];

    /// The name as it stands in documents.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OverriddenInstructions => "overridden_instructions",
            Self::ForgedMessage => "forged_message",
            Self::ForgedTool => "forged_tool",
            Self::LabelBribe => "label_bribe",
            Self::ExfiltrationBait => "exfiltration_bait",
        }
    }
}
