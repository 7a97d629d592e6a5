//! What a model concludes, before anything of it is believed.

use llm::{LlmError, OutputSchema, Tool};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use trace::{ChainRole, Fault, Verdict};

/// The name of the tool, and of the schema, by which a model concludes.
pub const CONCLUDE: &str = "conclude";

/// A model's verdict on a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Conclusion {
    /// Whether the run failed.
    pub verdict: Verdict,
    /// The error-critical step: the first unrepaired wrong decision; null unless the run failed.
    pub onset: Option<Claim>,
    /// What kind of mistake the onset is; null without onset.
    pub fault: Option<Fault>,
    /// From the onset to the failure, in step order, the onset left out.
    #[schemars(length(max = 8))]
    pub chain: Vec<Link>,
    /// Wrong state-changing actions or commitments, the onset left out.
    #[schemars(length(max = 20))]
    pub incorrect: Vec<Claim>,
    /// Explorations that told nothing new.
    #[schemars(length(max = 20))]
    pub unuseful: Vec<Claim>,
    /// What backs a verdict without onset.
    #[schemars(length(max = 4))]
    pub evidence: Vec<Claim>,
    /// The verdict in one or two sentences, for a person.
    #[schemars(length(max = 500))]
    pub summary: String,
    /// What the agent should do instead, and from which step; empty when nothing failed.
    #[schemars(length(max = 500))]
    pub advice: String,
    /// How sure you are, 0 to 1.
    #[schemars(range(min = 0, max = 1))]
    pub confidence: f64,
    /// Why you differ from the offline verdict; empty where you do not.
    #[schemars(length(max = 300))]
    pub differs: String,
    /// What may help with other runs of such agents; general, without names of this task.
    #[schemars(length(max = 3))]
    pub lessons: Vec<Lesson>,
}

/// A claim about a step, with the words that back it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// The step.
    pub step: u64,
    /// One sentence.
    #[schemars(length(max = 300))]
    pub why: String,
    /// Words copied exactly from a step that was opened.
    #[schemars(length(min = 1, max = 300))]
    pub quote: String,
    /// The step they are copied from; null for the step itself.
    pub quoted_step: Option<u64>,
}

/// A station from the onset to the failure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// The part the step plays.
    pub role: ChainRole,
    /// The step, and what backs it.
    pub claim: Claim,
}

/// What may help with other runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Lesson {
    /// What it is about.
    pub kind: LessonKind,
    /// One general sentence.
    #[schemars(length(max = 200))]
    pub text: String,
}

/// What a lesson is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LessonKind {
    /// How such runs fail.
    FailurePattern,
    /// What is peculiar to the agent.
    Quirk,
    /// Where the evidence is found.
    WhereToLook,
}

impl Conclusion {
    /// Its JSON schema, without definitions that are referred to: small servers do not follow these.
    ///
    /// # Errors
    /// None that a test would not find: the schema is made from the type.
    pub fn schema() -> Result<OutputSchema, LlmError> {
        OutputSchema::new(CONCLUDE, schema())
    }

    /// The tool by which a model concludes.
    #[must_use]
    pub fn tool() -> Tool {
        Tool {
            name: CONCLUDE.to_owned(),
            description: "End the inquiry with your verdict. Every quote is checked.".to_owned(),
            parameters: schema(),
        }
    }
}

fn schema() -> Value {
    let settings = schemars::generate::SchemaSettings::draft2020_12().with(|s| {
        s.inline_subschemas = true;
        s.meta_schema = None;
    });
    settings
        .into_generator()
        .into_root_schema_for::<Conclusion>()
        .to_value()
}
