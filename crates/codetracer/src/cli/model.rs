//! How a model is asked: the same words for every command that asks one for diagnoses.

use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// What is asked of a model, and what it may cost.
#[derive(Debug, Args)]
#[command(next_help_heading = "Model")]
pub(crate) struct ModelArgs {
    /// Let this model judge, starting from the offline diagnosis. It sees parts of the run, without
    /// secrets; docs/models.md says how models are named and reached.
    #[arg(long, value_name = "PROVIDER/MODEL")]
    pub(crate) model: Option<String>,
    /// The most tokens the model may read and write, over all runs.
    #[arg(long, value_name = "N", requires = "model")]
    pub(crate) max_tokens: Option<u64>,
    /// The most US dollars the model may cost, over all runs.
    #[arg(long, value_name = "USD", requires = "model")]
    pub(crate) max_cost: Option<f64>,
    /// The most completions the model may be asked for, over all runs.
    #[arg(long, value_name = "N", requires = "model")]
    pub(crate) max_calls: Option<u64>,
    /// The most seconds that may pass, over all runs.
    #[arg(long, value_name = "S", requires = "model")]
    pub(crate) max_seconds: Option<f64>,
    /// The most tokens the model may read and write about one run.
    #[arg(long, value_name = "N", requires = "model")]
    pub(crate) max_run_tokens: Option<u64>,
    /// The most US dollars the model may cost about one run.
    #[arg(long, value_name = "USD", requires = "model")]
    pub(crate) max_run_cost: Option<f64>,
    /// How many runs the model is asked about at once.
    #[arg(
        long,
        value_name = "N",
        requires = "model",
        default_value_t = 4,
        value_parser = clap::value_parser!(u16).range(1..=256)
    )]
    pub(crate) concurrency: u16,
    /// The most requests begun in a minute, over all runs.
    #[arg(long, value_name = "N", requires = "model")]
    pub(crate) requests_per_minute: Option<NonZeroU32>,
    /// How many seconds one answer may take, from the request to its last byte.
    #[arg(
        long,
        value_name = "S",
        requires = "model",
        default_value_t = 300,
        value_parser = clap::value_parser!(u32).range(1..)
    )]
    pub(crate) timeout: u32,
    /// The most tokens one request may hold, the answer included.
    #[arg(long, value_name = "N", requires = "model", default_value_t = 32_000)]
    pub(crate) context: u64,
    /// How many turns the model has before it must conclude.
    #[arg(long, value_name = "N", requires = "model", default_value_t = 12)]
    pub(crate) turns: u32,
    /// Record the exchanges with the model in this file. What an interrupted call recorded there is not
    /// asked for again.
    #[arg(long, value_name = "FILE", requires = "model")]
    pub(crate) record: Option<PathBuf>,
    /// Take the model's answers from this file instead of asking it: no network, no key.
    #[arg(
        long,
        value_name = "FILE",
        requires = "model",
        conflicts_with = "record"
    )]
    pub(crate) replay_calls: Option<PathBuf>,
    /// How the model is asked.
    #[arg(long, value_name = "HOW", requires = "model", default_value = "agent")]
    pub(crate) method: MethodArg,
    /// What the model is not given, to measure what it is worth; may be given again.
    #[arg(long, value_name = "WHAT", requires = "model", value_delimiter = ',')]
    pub(crate) without: Vec<WithoutArg>,
    /// Neither show nor keep lessons of other runs.
    #[arg(long, requires = "model")]
    pub(crate) no_memory: bool,
    /// Show and keep lessons in this folder, instead of `memory` in the data folder. `bench` shows none
    /// without it, and never keeps any.
    #[arg(
        long,
        value_name = "FOLDER",
        requires = "model",
        conflicts_with = "no_memory"
    )]
    pub(crate) memory: Option<PathBuf>,
}

/// How a model is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum MethodArg {
    /// It navigates the run with read-only tools.
    Agent,
    /// It reads the whole run in one prompt, cut to fit: a baseline.
    Direct,
}

/// What a model is not given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum WithoutArg {
    /// The trace tree.
    Tree,
    /// The offline diagnosis.
    Offline,
    /// Lessons of other runs.
    Memory,
}
