//! How a model was asked for a diagnosis.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::StepId;

/// How a model was asked for a diagnosis and what came of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Inquiry {
    /// What the model was not given: `tree`, `offline`, `memory`; in this order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub without: Vec<String>,
    /// Completions asked for.
    pub calls: u32,
    /// Prompt tokens of all calls, cached ones included.
    pub input_tokens: u64,
    /// Of these, read from the provider's cache.
    pub cached_tokens: u64,
    /// Tokens the model wrote.
    pub output_tokens: u64,
    /// The steps that were opened for or by the model, in step order.
    pub opened: Vec<StepId>,
    /// Tools called, by name, with how often.
    pub tools: BTreeMap<String, u32>,
    /// How often older parts of the conversation were folded to fit.
    pub compactions: u32,
    /// Whether the verdict is the model's; else it is the one that stands without it.
    #[serde(default)]
    pub concluded: bool,
    /// How sure the model says it is, between 0 and 1. Not calibrated; `confidence` is.
    pub stated_confidence: Option<f64>,
    /// Where the verdict differs from the offline one, and why.
    pub changes: Vec<VerdictChange>,
    /// Claims that did not stand the check and were left out, with the reason.
    pub dropped: Vec<DroppedClaim>,
    /// Why the model's verdict is not used, or ended early: a spent budget, a failed call, an answer
    /// that stayed wrong. Null when it concluded.
    pub trouble: Option<String>,
    /// The lessons of earlier runs that were shown, in their words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lessons: Vec<String>,
}

/// A part of the verdict in which the model differs from the offline engine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct VerdictChange {
    /// The field of the document: `verdict`, `onset_step_id`, `fault`, `incorrect_step_ids` …
    pub field: String,
    /// Its value by the offline engine.
    pub offline: serde_json::Value,
    /// Its value now.
    pub now: serde_json::Value,
    /// The model's reason.
    pub why: String,
}

/// A claim of a model that did not stand the check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DroppedClaim {
    /// What was claimed: `onset 7`, `incorrect 12`, `verdict no_failure`.
    pub claim: String,
    /// The rule it broke: `opened`, `neighbour`, `quoted` …
    #[serde(default)]
    pub rule: String,
    /// What is wrong with it.
    pub why: String,
}
