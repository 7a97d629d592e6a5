//! `codetracer bench`: what can be asked of labels and predictions.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::ModelArgs;

/// `codetracer bench`.
#[derive(Debug, Subcommand)]
pub(crate) enum Bench {
    /// Analyse every labelled run and score the diagnoses.
    Run(Box<BenchRun>),
    /// Score predictions that are at hand, of one system or several, without running anything.
    Score(BenchScore),
    /// Say which runs two systems differ on, and whether the difference is more than noise.
    Compare(BenchCompare),
    /// Fit the offline engine's model to labelled runs, and score it on tasks it has not seen.
    Train(BenchTrain),
}

/// What labels to take, and how to show what comes of them.
#[derive(Debug, Args)]
pub(crate) struct Labels {
    /// Labels: a file, or a folder of files (JSON, JSON Lines, Parquet).
    pub(crate) gold: PathBuf,
    /// Only the labels of the file with this name, without its ending; may be given again.
    #[arg(long, value_name = "NAME")]
    pub(crate) set: Vec<String>,
    /// What runs are grouped by: `task`, `run`, `agent`, `model`, or a file with a run, a tab and its
    /// group on every line.
    #[arg(long, value_name = "WHAT", default_value = "task")]
    pub(crate) group: String,
    /// Print one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

/// `codetracer bench run`.
#[derive(Debug, Args)]
pub(crate) struct BenchRun {
    #[command(flatten)]
    pub(crate) labels: Labels,
    /// Where the labelled runs are: what the paths of the labels are relative to, or any folder or
    /// archive the runs can be found in.
    #[arg(long, value_name = "DIR")]
    pub(crate) artifacts: PathBuf,
    /// Hide the recorded outcome from the engine.
    #[arg(long)]
    pub(crate) blind: bool,
    /// Keep predictions, facts, the report and its chart in this folder.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) model: ModelArgs,
    /// How often the model is asked about each run, to see whether it agrees with itself.
    #[arg(
        long,
        value_name = "N",
        requires = "model",
        default_value_t = 1,
        value_parser = clap::value_parser!(u32).range(1..=100),
        help_heading = "Model"
    )]
    pub(crate) repeats: u32,
}

/// `codetracer bench score`.
#[derive(Debug, Args)]
pub(crate) struct BenchScore {
    #[command(flatten)]
    pub(crate) labels: Labels,
    /// Predictions of one system: JSON Lines, JSON, Parquet, or a folder of label files; may be given
    /// again.
    #[arg(
        long = "pred",
        value_name = "FILE",
        required = true,
        num_args = 1..
    )]
    pub(crate) predictions: Vec<PathBuf>,
    /// What a reading of the runs found, for the constant rules: `facts.jsonl` of `bench run --out`.
    #[arg(long, value_name = "FILE")]
    pub(crate) facts: Option<PathBuf>,
    /// Keep the report and its chart in this folder.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}

/// `codetracer bench compare`.
#[derive(Debug, Args)]
pub(crate) struct BenchCompare {
    #[command(flatten)]
    pub(crate) labels: Labels,
    /// Predictions of the first system.
    pub(crate) a: PathBuf,
    /// Predictions of the second system.
    pub(crate) b: PathBuf,
}

/// `codetracer bench train`.
#[derive(Debug, Args)]
pub(crate) struct BenchTrain {
    #[command(flatten)]
    pub(crate) labels: Labels,
    /// Where the labelled runs are, as for `bench run`.
    #[arg(long, value_name = "DIR")]
    pub(crate) artifacts: PathBuf,
    /// Hide the recorded outcome from the engine in the cross-validation.
    #[arg(long)]
    pub(crate) blind: bool,
    /// Fit again without each signal, and with each one alone.
    #[arg(long)]
    pub(crate) ablation: bool,
    /// Write the model fitted to all runs to this file.
    #[arg(long, value_name = "FILE")]
    pub(crate) model: Option<PathBuf>,
    /// Keep the cross-validated predictions, the report and its chart in this folder.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}
