//! What can be asked of the lessons of earlier runs.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use diagnose::memory::LessonKind;

/// `codetracer memory`.
#[derive(Debug, Args)]
pub(crate) struct Memory {
    /// The folder of the lessons, instead of `memory` in the data folder.
    #[arg(long = "memory", global = true, value_name = "FOLDER")]
    pub(crate) folder: Option<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub(crate) what: MemoryTask,
}

/// What `codetracer memory` does.
#[derive(Debug, Subcommand)]
pub(crate) enum MemoryTask {
    /// Name the lessons, what is worth most first, and what of the files is not used.
    List {
        /// Only those of this kind of agent; `any` for those that hold for all.
        #[arg(long, value_name = "AGENT")]
        agent: Option<String>,
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Show one lesson with the runs that back it.
    Show {
        /// Its id, or the beginning of it.
        id: String,
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Say where the lessons are: the folder, or the file of one kind of agent.
    Path {
        /// The kind of agent.
        #[arg(long, value_name = "AGENT")]
        agent: Option<String>,
    },
    /// Open the file of one kind of agent in `$VISUAL` or `$EDITOR`; what is learned meanwhile is kept.
    Edit {
        /// The kind of agent.
        #[arg(long, value_name = "AGENT", default_value = "any")]
        agent: String,
    },
    /// Add a lesson of your own: one short sentence.
    Add {
        /// The kind of agent it is about.
        #[arg(long, value_name = "AGENT", default_value = "any")]
        agent: String,
        /// What it is about.
        #[arg(long, value_name = "KIND", default_value = "where-to-look")]
        kind: KindArg,
        /// The sentence.
        lesson: String,
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Remove lessons.
    Remove {
        /// Their ids, or the beginnings of them.
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,
        /// Only those of this kind of agent.
        #[arg(long, value_name = "AGENT")]
        agent: Option<String>,
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Remove all lessons, of one kind of agent or of every one.
    Clear {
        /// The kind of agent.
        #[arg(long, value_name = "AGENT")]
        agent: Option<String>,
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Write the lessons of one kind of agent as one file to give away, without the names of runs.
    Export {
        /// The kind of agent.
        #[arg(long, value_name = "AGENT", default_value = "any")]
        agent: String,
        /// The file; `-` or nothing for standard output.
        file: Option<PathBuf>,
    },
    /// Take in the lessons of a file; each is checked as one a model proposes.
    Import {
        /// The kind of agent they are about.
        #[arg(long, value_name = "AGENT", default_value = "any")]
        agent: String,
        /// The file; `-` reads standard input.
        file: PathBuf,
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
}

/// What a lesson is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum KindArg {
    /// How such runs fail.
    FailurePattern,
    /// What is peculiar to the agent.
    Quirk,
    /// Where the evidence is found.
    WhereToLook,
}

impl From<KindArg> for LessonKind {
    fn from(kind: KindArg) -> Self {
        match kind {
            KindArg::FailurePattern => Self::FailurePattern,
            KindArg::Quirk => Self::Quirk,
            KindArg::WhereToLook => Self::WhereToLook,
        }
    }
}
