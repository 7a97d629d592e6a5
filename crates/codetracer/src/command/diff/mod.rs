//! `codetracer diff`: how the files of one run differ between two steps, or where two runs of one task part.

mod layout;
mod onset;
mod runs;
mod workspace;

use super::Status;
use crate::cli::Diff;
use crate::output::Output;
use formats::Learned;

/// Compares what was asked for.
pub(super) fn run(args: &Diff, learned: &Learned, output: &mut Output) -> anyhow::Result<Status> {
    match &args.other {
        Some(other) => runs::run(args, other, learned, output),
        None => workspace::run(args, learned, output),
    }
}
