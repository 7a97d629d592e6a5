//! `codetracer extractors`: what can be asked about layouts that are learned.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// `codetracer extractors`.
#[derive(Debug, Subcommand)]
pub(crate) enum Extractors {
    /// Name the learned extractors.
    List {
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Show one extractor, for review.
    Show {
        /// `NAME` (its newest version), or `NAME@VERSION`.
        name: String,
        /// Print the whole document.
        #[arg(long)]
        json: bool,
        /// Print the program alone, to edit it and give it to `learn --program`.
        #[arg(long, conflicts_with = "json")]
        program: bool,
    },
    /// Run an extractor's samples again, and score it on a path.
    Test {
        /// `NAME` or `NAME@VERSION`.
        name: String,
        /// A file or folder to score it on.
        path: Option<PathBuf>,
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Learn how files are read, or how a known layout has changed.
    Learn(Learn),
    /// Write an extractor into one file, to give to somebody.
    Export {
        /// `NAME` or `NAME@VERSION`.
        name: String,
        /// The file; `-` or nothing for standard output.
        file: Option<PathBuf>,
    },
    /// Take in an extractor from a file, after checking it.
    Import {
        /// The file; `-` reads standard input.
        file: PathBuf,
        /// Keep it under this name.
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
        /// Take a file that was edited, whatever hash it states.
        #[arg(long)]
        edited: bool,
        /// Check it and keep nothing.
        #[arg(long)]
        dry_run: bool,
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Remove an extractor, or one version of it.
    Remove {
        /// `NAME` for all versions, or `NAME@VERSION`.
        name: String,
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
    },
}

/// `codetracer extractors learn`.
#[derive(Debug, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command line"
)]
pub(crate) struct Learn {
    /// A file of the layout, or a folder or archive that holds such files.
    pub(crate) path: PathBuf,
    /// The layout's name; that of a known layout proposes a revision of it.
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Let a model write the extractor. It sees a redacted summary of the layout, nothing else.
    #[arg(long, value_name = "PROVIDER/MODEL")]
    pub(crate) model: Option<String>,
    /// A field map or script written by hand, as JSON.
    #[arg(long, value_name = "FILE", conflicts_with = "model")]
    pub(crate) program: Option<PathBuf>,
    /// How many answers a model may give, the first included.
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub(crate) rounds: u8,
    /// The most US dollars the model may cost, over all rounds.
    #[arg(long, value_name = "USD", requires = "model")]
    pub(crate) max_cost: Option<f64>,
    /// The most tokens the model may read and write, over all rounds.
    #[arg(long, value_name = "N", requires = "model")]
    pub(crate) max_tokens: Option<u64>,
    /// Print what a model would be sent, and ask none.
    #[arg(long, conflicts_with_all = ["program", "record", "replay", "json"])]
    pub(crate) show_prompt: bool,
    /// Learn from every file of a folder, also from those a built-in extractor reads.
    #[arg(long)]
    pub(crate) anew: bool,
    /// Record the model's answers in this file.
    #[arg(long, value_name = "FILE", requires = "model")]
    pub(crate) record: Option<PathBuf>,
    /// Take the model's answers from this file instead of asking it.
    #[arg(
        long,
        value_name = "FILE",
        requires = "model",
        conflicts_with = "record"
    )]
    pub(crate) replay: Option<PathBuf>,
    /// Say what was understood and keep nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}
