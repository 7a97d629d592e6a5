//! The files of the published `CodeTracer`: `codetracer_labels.json`, `codetracer_analysis.json` and
//! `codetracer_rl_feedback.json`.
//!
//! Names, fields, types and the words of enumerations are those of NJU-LINK/CodeTracer,
//! `src/codetracer/state/output_profile.py`; that a stage without a labelled step is left out of the
//! labels is said in its `config/default.yaml`, and that every step named must exist in
//! `services/validation.py`. Fields beyond them are ours, and are allowed there: no schema closes its
//! objects.

mod credit;
mod detailed;
mod instead;
mod rl_feedback;
mod said;
mod tracebench;

use std::io;
use std::sync::LazyLock;

use jsonschema::Validator;
use schemars::{JsonSchema, Schema, schema_for};
use serde::Serialize;
use serde_json::Value;
use trace::Diagnosis;

pub use detailed::{Analysis, DecisionPoint};
pub use rl_feedback::{DeviationType, Severity, StepFeedback, StepVerdict};
pub use tracebench::StageLabels;

use crate::ExportError;
use said::Said;

/// Takes a file piece by piece. Every piece is whole: no character is split between two.
pub type Sink<'s> = &'s mut dyn FnMut(&str) -> io::Result<()>;

/// A kind of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Profile {
    /// The labelled steps by stage, as benchmarks score them.
    Tracebench,
    /// The way from the failure back to its cause, and what should have been decided.
    Detailed,
    /// A judgement and a reward for every step.
    RlFeedback,
}

impl Profile {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Tracebench, Self::Detailed, Self::RlFeedback];

    /// The name as it is asked for.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tracebench => "tracebench",
            Self::Detailed => "detailed",
            Self::RlFeedback => "rl_feedback",
        }
    }

    /// What the file is called.
    #[must_use]
    pub fn file_name(self) -> &'static str {
        match self {
            Self::Tracebench => "codetracer_labels.json",
            Self::Detailed => "codetracer_analysis.json",
            Self::RlFeedback => "codetracer_rl_feedback.json",
        }
    }

    /// The schema of the whole file.
    #[must_use]
    pub fn schema(self) -> Schema {
        match self {
            Self::Tracebench => schema_for!(Vec<StageLabels>),
            Self::Detailed => schema_for!(Analysis),
            Self::RlFeedback => schema_for!(Vec<StepFeedback>),
        }
    }

    /// Writes the file of one document. Every piece is checked against the schema before it goes to
    /// `sink`, so memory does not grow with the run.
    ///
    /// # Errors
    /// When the document speaks of steps the run does not have, a piece does not satisfy the schema,
    /// or `sink` fails. What `sink` got by then is no file and must be thrown away.
    pub fn write(self, diagnosis: &Diagnosis, sink: Sink<'_>) -> Result<(), ExportError> {
        let said = Said::new(diagnosis)?;
        match self {
            Self::Tracebench => {
                let entries = tracebench::stages(&said)?.into_iter().map(Ok);
                list(self, &STAGE, entries, sink)?;
            }
            Self::Detailed => {
                let whole = checked(self, &ANALYSIS, &detailed::analysis(&said)?)?;
                sink(&serde_json::to_string_pretty(&whole)?)?;
                sink("\n")?;
            }
            Self::RlFeedback => list(self, &STEP, rl_feedback::steps(&said), sink)?,
        }
        if said.is_damaged() {
            return Err(ExportError::Damaged);
        }
        Ok(())
    }
}

/// The schemas of the files, each with the name it is published under.
#[must_use]
pub fn json_schemas() -> Vec<(&'static str, Schema)> {
    let name = |profile| match profile {
        Profile::Tracebench => "profile-tracebench-1.schema.json",
        Profile::Detailed => "profile-detailed-1.schema.json",
        Profile::RlFeedback => "profile-rl-feedback-1.schema.json",
    };
    let all = Profile::ALL.into_iter();
    all.map(|profile| (name(profile), profile.schema()))
        .collect()
}

/// A compiled schema, or why there is none.
type Compiled = LazyLock<Result<Validator, String>>;

static STAGE: Compiled = LazyLock::new(compiled::<StageLabels>);
static ANALYSIS: Compiled = LazyLock::new(compiled::<Analysis>);
static STEP: Compiled = LazyLock::new(compiled::<StepFeedback>);

fn compiled<T: JsonSchema>() -> Result<Validator, String> {
    let schema = schema_for!(T).to_value();
    jsonschema::validator_for(&schema).map_err(|error| error.to_string())
}

/// Writes a list, one entry a line.
fn list<T: Serialize>(
    profile: Profile,
    schema: &Compiled,
    entries: impl Iterator<Item = Result<T, ExportError>>,
    sink: Sink<'_>,
) -> Result<(), ExportError> {
    let mut between = "[\n";
    for entry in entries {
        let entry = checked(profile, schema, &entry?)?;
        sink(between)?;
        sink(&serde_json::to_string(&entry)?)?;
        between = ",\n";
    }
    let end = if between == ",\n" { "\n]\n" } else { "[]\n" };
    Ok(sink(end)?)
}

/// A piece of a file that satisfies its schema.
fn checked<T: Serialize>(
    profile: Profile,
    schema: &Compiled,
    piece: &T,
) -> Result<Value, ExportError> {
    let file = profile.file_name();
    let schema = schema.as_ref().map_err(|fault| ExportError::Schema {
        file,
        fault: fault.clone(),
    })?;
    let value = serde_json::to_value(piece)?;
    match schema.validate(&value) {
        Ok(()) => Ok(value),
        Err(error) => {
            let place = error.instance_path().to_string();
            let fault = format!("{place}: {}", error.masked());
            Err(ExportError::Invalid { file, fault })
        }
    }
}

#[cfg(test)]
mod tests;
