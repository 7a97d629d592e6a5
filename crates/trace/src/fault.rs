//! What kind of mistake a step is, in more words than the paper's six.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ErrorType;

/// The kinds of mistake that readings of real runs needed. The six error types of arXiv 2604.11641
/// are a projection of them: see [`Fault::error_type`].
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// The environment was misjudged or left unfit: a path, a port, a service, a shell, a permission.
    EnvironmentSetup,
    /// Memory, disk or time ran out, and nothing made room.
    ResourceExhaustion,
    /// A program that waits for a person was started and kept the terminal.
    InteractiveHang,
    /// A dependency was wrong, missing or conflicting.
    DependencyResolution,
    /// The edit went to the wrong place or found nothing to change.
    MislocalisedEdit,
    /// A wrong belief about the problem or the program was acted on.
    IncorrectHypothesis,
    /// The task's words were misread, or one of its demands was left out.
    SpecificationMisread,
    /// A result was made up or substituted where one had to be obtained.
    FabricatedResult,
    /// The work was handed in, or handed back, though more could have been done.
    GaveUpEarly,
    /// Something was removed or overwritten that could not be brought back.
    DestructiveAction,
    /// A check was misread: a failure was taken for a success or set aside.
    VerificationMisinterpretation,
    /// Success was claimed and nothing had been checked, or by a check that could not fail.
    UnverifiedClaim,
    /// The same thing was done again and again.
    UnproductiveLooping,
    /// What made the run fail lies outside its decisions.
    OutsideCause,
}

impl Fault {
    /// All of them, in the order of their documentation.
    pub const ALL: [Self; 14] = [
        Self::EnvironmentSetup,
        Self::ResourceExhaustion,
        Self::InteractiveHang,
        Self::DependencyResolution,
        Self::MislocalisedEdit,
        Self::IncorrectHypothesis,
        Self::SpecificationMisread,
        Self::FabricatedResult,
        Self::GaveUpEarly,
        Self::DestructiveAction,
        Self::VerificationMisinterpretation,
        Self::UnverifiedClaim,
        Self::UnproductiveLooping,
        Self::OutsideCause,
    ];

    /// The one of the paper's six that covers it. What the paper has no word for (a misread
    /// specification, a made-up result, giving up, destroying what was needed) was acting on a wrong
    /// belief; a cause outside the run is nearest to an environment that was not fit.
    ///
    /// | fault | error type |
    /// |---|---|
    /// | `environment_setup`, `resource_exhaustion`, `interactive_hang`, `outside_cause` | `environment_setup` |
    /// | `dependency_resolution` | `dependency_resolution` |
    /// | `mislocalised_edit` | `mislocalised_edit` |
    /// | `incorrect_hypothesis`, `specification_misread`, `fabricated_result`, `gave_up_early`, `destructive_action` | `incorrect_hypothesis` |
    /// | `verification_misinterpretation`, `unverified_claim` | `verification_misinterpretation` |
    /// | `unproductive_looping` | `unproductive_looping` |
    #[must_use]
    pub fn error_type(self) -> ErrorType {
        match self {
            Self::EnvironmentSetup
            | Self::ResourceExhaustion
            | Self::InteractiveHang
            | Self::OutsideCause => ErrorType::EnvironmentSetup,
            Self::DependencyResolution => ErrorType::DependencyResolution,
            Self::MislocalisedEdit => ErrorType::MislocalisedEdit,
            Self::IncorrectHypothesis
            | Self::SpecificationMisread
            | Self::FabricatedResult
            | Self::GaveUpEarly
            | Self::DestructiveAction => ErrorType::IncorrectHypothesis,
            Self::VerificationMisinterpretation | Self::UnverifiedClaim => {
                ErrorType::VerificationMisinterpretation
            }
            Self::UnproductiveLooping => ErrorType::UnproductiveLooping,
        }
    }

    /// What to do instead, as a clause that begins with a verb.
    #[must_use]
    pub fn remedy(self) -> &'static str {
        match self {
            Self::EnvironmentSetup => {
                "check paths, ports, services and permissions before relying on them"
            }
            Self::ResourceExhaustion => {
                "measure what is left of disk, memory and time, and make room before trying again"
            }
            Self::InteractiveHang => {
                "drive the program through a pipe, a script or a pseudo-terminal with a time limit"
            }
            Self::DependencyResolution => {
                "find out which versions fit together, and prove the import before building on it"
            }
            Self::MislocalisedEdit => "read the place anew, and check that the edit is in it",
            Self::IncorrectHypothesis => {
                "test the belief behind it on the smallest case before building on it"
            }
            Self::SpecificationMisread => {
                "read the task's demands again, word by word, and check the result against each"
            }
            Self::FabricatedResult => {
                "find out why the real result could not be had; report it rather than make one up"
            }
            Self::GaveUpEarly => "go on: the work was left before it was done",
            Self::DestructiveAction => "copy what cannot be brought back before touching it",
            Self::VerificationMisinterpretation => {
                "take the failing output at its word, and find its cause before going on"
            }
            Self::UnverifiedClaim => {
                "run the very thing that is demanded, and look at what comes out"
            }
            Self::UnproductiveLooping => "stop repeating it, and change what is tried",
            Self::OutsideCause => "find out whether anything in the run could have prevented it",
        }
    }

    /// The name as it stands in documents.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::EnvironmentSetup => "environment_setup",
            Self::ResourceExhaustion => "resource_exhaustion",
            Self::InteractiveHang => "interactive_hang",
            Self::DependencyResolution => "dependency_resolution",
            Self::MislocalisedEdit => "mislocalised_edit",
            Self::IncorrectHypothesis => "incorrect_hypothesis",
            Self::SpecificationMisread => "specification_misread",
            Self::FabricatedResult => "fabricated_result",
            Self::GaveUpEarly => "gave_up_early",
            Self::DestructiveAction => "destructive_action",
            Self::VerificationMisinterpretation => "verification_misinterpretation",
            Self::UnverifiedClaim => "unverified_claim",
            Self::UnproductiveLooping => "unproductive_looping",
            Self::OutsideCause => "outside_cause",
        }
    }
}

impl From<ErrorType> for Fault {
    /// The fault of the same name: the widest of those the error type covers.
    fn from(kind: ErrorType) -> Self {
        match kind {
            ErrorType::EnvironmentSetup => Self::EnvironmentSetup,
            ErrorType::DependencyResolution => Self::DependencyResolution,
            ErrorType::MislocalisedEdit => Self::MislocalisedEdit,
            ErrorType::IncorrectHypothesis => Self::IncorrectHypothesis,
            ErrorType::VerificationMisinterpretation => Self::VerificationMisinterpretation,
            ErrorType::UnproductiveLooping => Self::UnproductiveLooping,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_documents() {
        for fault in Fault::ALL {
            let written = serde_json::to_value(fault).unwrap();
            assert_eq!(written, fault.as_str());
        }
    }

    #[test]
    fn the_six_of_the_paper_project_onto_themselves() {
        for fault in Fault::ALL {
            let projected = fault.error_type().as_str();
            let same = Fault::ALL.iter().find(|other| other.as_str() == projected);
            assert_eq!(
                same.map(|other| other.error_type()),
                Some(fault.error_type())
            );
            assert_eq!(Fault::from(fault.error_type()).as_str(), projected);
        }
    }
}
