//! `codetracer demo`: the diagnosis of a bundled run.

use localize::Options;

use super::analyze::{Form, How, analyse};
use super::{Status, Tally};
use crate::cli::{Demo, FailOn};
use crate::input::Input;
use crate::output::Output;

/// The name the bundled run is shown under.
const NAME: &str = "library-fees.traj.json";

/// A run made up for this purpose, in the layout of mini-SWE-agent.
const RUN: &str = include_str!("../../demo/library-fees.traj.json");

/// Analyses the bundled run as `analyze` would.
pub(super) fn run(
    args: &Demo,
    fail_on: Option<FailOn>,
    output: &mut Output,
) -> anyhow::Result<Status> {
    let input = Input::bundled(NAME, RUN);
    let run = input.one_run(None)?;
    let form = if args.json {
        Form::Json
    } else {
        Form::Full(output.palette())
    };
    let done = analyse(&input, run, How::offline(Options::default()), form)?;
    output.text(&done.text)?;
    let mut tally = Tally::default();
    tally.count(done.verdict);
    Ok(tally.status(fail_on))
}
