//! `codetracer analyze`: diagnoses for other programs and agents.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use export::Profile;

/// What else than a report or a document may be made of a diagnosis.
#[derive(Debug, Args)]
#[command(next_help_heading = "Exports")]
pub(crate) struct ExportArgs {
    /// Write the file of this profile, as the published tool names and shapes it; may be given again.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["json", "advice"])]
    pub(crate) profile: Vec<ProfileArg>,
    /// The folder for the files of --profile, in a folder for every run; without it the file of a
    /// single run is printed.
    #[arg(long, value_name = "FOLDER", requires = "profile")]
    pub(crate) out: Option<PathBuf>,
    /// Print what an agent that tries the task again should know, as Markdown to paste.
    #[arg(long, conflicts_with = "json")]
    pub(crate) advice: bool,
}

impl ExportArgs {
    /// Whether any of them is asked for.
    pub(crate) fn is_asked(&self) -> bool {
        self.advice || !self.profile.is_empty()
    }
}

/// A profile by its published name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ProfileArg {
    /// `codetracer_labels.json`: labelled steps by stage.
    Tracebench,
    /// `codetracer_analysis.json`: from the failure back to its cause.
    Detailed,
    /// `codetracer_rl_feedback.json`: a judgement and a reward for every step.
    #[value(name = "rl_feedback", alias = "rl-feedback")]
    RlFeedback,
}

impl From<ProfileArg> for Profile {
    fn from(profile: ProfileArg) -> Self {
        match profile {
            ProfileArg::Tracebench => Self::Tracebench,
            ProfileArg::Detailed => Self::Detailed,
            ProfileArg::RlFeedback => Self::RlFeedback,
        }
    }
}
