//! What a model concludes, before anything of it is believed.

mod read;
mod schema;

use llm::{LlmError, OutputSchema, Tool};
use serde::{Deserialize, Serialize};
use trace::{ChainRole, Fault, Verdict};

pub use crate::memory::LessonKind;
use crate::memory::Proposal;

/// The name of the tool, and of the schema, by which a model concludes.
pub const CONCLUDE: &str = "conclude";

/// The most claims a conclusion may make.
pub const MOST_CLAIMS: usize = 24;

/// The most lessons a conclusion may hold.
pub const MOST_LESSONS: usize = 3;

/// A model's verdict on a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Conclusion {
    /// Whether the run failed.
    pub verdict: Verdict,
    /// What kind of mistake the onset is; `None` without onset.
    pub fault: Option<Fault>,
    /// What it says of single steps, at most [`MOST_CLAIMS`].
    pub claims: Vec<Claim>,
    /// The verdict in one or two sentences, for a person.
    pub summary: String,
    /// What the agent should do instead, and from which step; empty when nothing failed.
    pub advice: String,
    /// How sure the model says it is, 0 to 1; `None` where it does not say.
    pub confidence: Option<f64>,
    /// Why it differs from the offline verdict; empty where it does not.
    pub differs: String,
    /// What may help with other runs of such agents, at most [`MOST_LESSONS`].
    pub lessons: Vec<Lesson>,
}

/// A claim about a step, with the words that back it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Claim {
    /// What is claimed of the step.
    pub kind: ClaimKind,
    /// The step, counted from 1; not known to exist.
    pub step: u64,
    /// One sentence.
    pub why: String,
    /// Words that are said to stand in a step.
    pub quote: String,
    /// The step they are copied from; `None` for the step itself.
    pub quoted_step: Option<u64>,
}

/// What a claim says of its step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClaimKind {
    /// It is the first unrepaired wrong decision.
    Onset,
    /// It is another wrong state-changing action or commitment.
    Incorrect,
    /// It is an exploration that told nothing new.
    Unuseful,
    /// It built on the error.
    Propagation,
    /// Its observation showed the error, and nothing was done about it.
    MissedSignal,
    /// It made the failure final.
    FinalCommitment,
    /// It backs the verdict.
    Evidence,
}

impl ClaimKind {
    /// All of them, in the order of the schema.
    pub const ALL: [Self; 7] = [
        Self::Onset,
        Self::Incorrect,
        Self::Unuseful,
        Self::Propagation,
        Self::MissedSignal,
        Self::FinalCommitment,
        Self::Evidence,
    ];

    /// The name as it stands in a conclusion.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Onset => "onset",
            Self::Incorrect => "incorrect",
            Self::Unuseful => "unuseful",
            Self::Propagation => "propagation",
            Self::MissedSignal => "missed_signal",
            Self::FinalCommitment => "final_commitment",
            Self::Evidence => "evidence",
        }
    }

    /// The part the step plays in the chain; `None` where the claim is not about the chain.
    #[must_use]
    pub fn role(self) -> Option<ChainRole> {
        match self {
            Self::Onset => Some(ChainRole::Onset),
            Self::Propagation => Some(ChainRole::Propagation),
            Self::MissedSignal => Some(ChainRole::MissedSignal),
            Self::FinalCommitment => Some(ChainRole::FinalCommitment),
            Self::Incorrect | Self::Unuseful | Self::Evidence => None,
        }
    }

    /// Whether it puts a label on the step.
    #[must_use]
    pub fn labels(self) -> bool {
        matches!(self, Self::Onset | Self::Incorrect | Self::Unuseful)
    }
}

/// What may help with other runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lesson {
    /// What it is about.
    pub kind: LessonKind,
    /// One general sentence.
    pub text: String,
}

impl From<&Lesson> for Proposal {
    fn from(lesson: &Lesson) -> Self {
        Self {
            kind: lesson.kind,
            text: lesson.text.clone(),
        }
    }
}

impl Conclusion {
    /// Its JSON schema: closed, bounded, without references or alternatives, so that grammars of small
    /// servers and strict modes of large ones take it.
    ///
    /// # Errors
    /// None that a test would not find: the schema does not depend on anything.
    pub fn schema() -> Result<OutputSchema, LlmError> {
        OutputSchema::new(CONCLUDE, schema::schema())
    }

    /// The tool by which a model concludes.
    #[must_use]
    pub fn tool() -> Tool {
        Tool {
            name: CONCLUDE.to_owned(),
            description: "End with your verdict. Every claim is checked against the run."
                .to_owned(),
            parameters: schema::schema(),
        }
    }

    /// Reads what a model gave as its conclusion, forgiving what does no harm: missing lists, numbers in
    /// words (`step 7`, `85%`), names in capitals, texts that are too long.
    ///
    /// # Errors
    /// What is wrong, in sentences the model can act on.
    pub fn read(value: &serde_json::Value) -> Result<Self, String> {
        read::read(value)
    }

    /// As [`Conclusion::read`], from an answer that should be JSON, with or without words or a fence around
    /// it.
    ///
    /// # Errors
    /// What is wrong, in sentences the model can act on.
    pub fn read_text(answer: &str) -> Result<Self, String> {
        read::read_text(answer)
    }
}
