//! One file a command.

mod analyze;
mod bench;
mod blame;
mod cache;
mod contract;
mod demo;
mod diff;
mod doctor;
mod extract;
mod extractors;
mod graph;
mod inquiry;
mod lessons;
mod memory;
mod report;
mod schema;
mod show;
mod tree;

use std::process::ExitCode;

use clap::CommandFactory;
use trace::Verdict;

use crate::cli::{Cli, Command, FailOn};
use crate::data;
use crate::output::Output;

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    /// Everything was done.
    Done,
    /// A failure was found, and the caller asked to be told.
    Findings,
    /// The input or the question was bad.
    BadInput,
    /// Some runs of a batch failed; the good results were printed.
    PartlyFailed,
    /// Nothing was decided, and the caller asked to be told; `git bisect run` skips on it.
    Undecided,
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        Self::from(match status {
            Status::Done => 0,
            Status::Findings => 1,
            Status::BadInput => 2,
            Status::PartlyFailed => 3,
            Status::Undecided => 125,
        })
    }
}

/// Does what was asked.
pub(crate) fn run(cli: &Cli, output: &mut Output) -> anyhow::Result<Status> {
    let gives_verdicts = matches!(&cli.command, Command::Analyze(_) | Command::Demo(_));
    if cli.flags.fail_on.is_some() && !gives_verdicts {
        output.note("note: --fail-on is for analyze and demo; it is ignored here");
    }
    let learned = data::learned(&cli.flags, output);
    match &cli.command {
        Command::Analyze(args) => analyze::run(args, &cli.flags, &learned, output),
        Command::Bench(what) => bench::run(what, &cli.flags, &learned, output),
        Command::Extract(args) => extract::run(args, &learned, output),
        Command::Tree(args) => tree::run(args, &learned, output),
        Command::Graph(args) => graph::run(args, &learned, output),
        Command::Show(args) => show::run(args, &learned, output),
        Command::Contract(args) => contract::run(args, &learned, output),
        Command::Diff(args) => diff::run(args, &learned, output),
        Command::Blame(args) => blame::run(args, &learned, output),
        Command::Doctor(args) => doctor::run(args, &learned, output),
        Command::Extractors(what) => extractors::run(what, output),
        Command::Memory(args) => memory::run(args, output),
        Command::Cache { what, json } => cache::run(*what, *json, output),
        Command::Demo(args) => demo::run(args, cli.flags.fail_on, output),
        Command::Schema { name } => schema::run(name.as_deref(), output),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Cli::command(), "codetracer", &mut script);
            output.text(&String::from_utf8_lossy(&script))?;
            Ok(Status::Done)
        }
        Command::Man => {
            let mut page = Vec::new();
            clap_mangen::Man::new(Cli::command()).render(&mut page)?;
            output.text(&String::from_utf8_lossy(&page))?;
            Ok(Status::Done)
        }
    }
}

/// What became of the runs of a batch.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// Runs with a failure found.
    pub(super) failures: usize,
    /// Runs that speak for no failure.
    pub(super) clean: usize,
    /// Runs without a verdict.
    pub(super) undecided: usize,
    /// Runs or paths that could not be read.
    pub(super) unreadable: usize,
    /// Runs that a model failed on, so that the offline verdict stands.
    pub(super) unasked: usize,
}

impl Tally {
    /// Counts one verdict.
    pub(super) fn count(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::FailureFound => self.failures += 1,
            Verdict::NoFailure => self.clean += 1,
            Verdict::Undecided => self.undecided += 1,
        }
    }

    /// Runs that were read.
    pub(super) fn read(&self) -> usize {
        self.failures + self.clean + self.undecided
    }

    /// The exit status. A batch that is not whole says so before its verdicts do.
    pub(super) fn status(&self, fail_on: Option<FailOn>) -> Status {
        if self.unreadable > 0 {
            return if self.read() > 0 {
                Status::PartlyFailed
            } else {
                Status::BadInput
            };
        }
        if self.unasked > 0 {
            return Status::PartlyFailed;
        }
        match fail_on {
            Some(FailOn::Failure) if self.failures > 0 => Status::Findings,
            Some(FailOn::Failure) if self.undecided > 0 && self.clean == 0 => Status::Undecided,
            _ => Status::Done,
        }
    }
}
