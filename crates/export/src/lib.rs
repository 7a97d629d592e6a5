//! Diagnosis documents as files and texts that other programs and agents take.
//!
//! * [`Profile`]: the three files of the published `CodeTracer`, each checked against its schema piece
//!   by piece before it is given away. Where their fields come from stands in `docs/export.md`.
//! * [`Folders`]: a folder name for every run, safe on every system.
//! * [`advice`]: what an agent that tries the task again should know, as Markdown.
//!
//! Nothing here opens an artifact or decides anything: the document says it all.

mod advice;
mod error;
mod folder;
mod profile;
#[cfg(test)]
mod sample;

pub use advice::advice;
pub use error::ExportError;
pub use folder::Folders;
pub use profile::{
    Analysis, DecisionPoint, DeviationType, Profile, Severity, Sink, StageLabels, StepFeedback,
    StepVerdict, json_schemas,
};
