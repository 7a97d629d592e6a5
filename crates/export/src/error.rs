//! Why a document could not be exported.

use std::io;

use trace::StepId;

/// Why a document could not be exported. What was handed out before must be thrown away.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The document speaks of a step that its run does not have.
    #[error("the diagnosis speaks of step {step}, and the run has {steps}")]
    NoSuchStep {
        /// The step.
        step: StepId,
        /// How many there are.
        steps: u32,
    },
    /// A labelled step lies in no stage.
    #[error("step {0} lies in no stage of the diagnosis")]
    NoStage(StepId),
    /// Labels that waited in a temporary file are lost.
    #[error("labels parked in the temporary folder could not be read back")]
    Damaged,
    /// What was made does not satisfy its schema.
    #[error("{file} would not be valid: {fault}")]
    Invalid {
        /// The file.
        file: &'static str,
        /// Where, and what is wrong; without the value itself.
        fault: String,
    },
    /// The schema itself is of no use.
    #[error("the schema of {file} cannot be used: {fault}")]
    Schema {
        /// The file.
        file: &'static str,
        /// What is wrong.
        fault: String,
    },
    /// The text could not be handed on.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A value has no JSON form.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}
