//! `codetracer diff`: how the files of one run differ between two steps.

mod workspace;

use anyhow::bail;

use super::Status;
use crate::cli::Diff;
use crate::output::Output;
use formats::Learned;

/// Compares what was asked for.
pub(super) fn run(args: &Diff, learned: &Learned, output: &mut Output) -> anyhow::Result<Status> {
    if let Some(other) = &args.other {
        bail!(
            "{}: one run is compared with itself at another step; give one PATH",
            other.display()
        );
    }
    workspace::run(args, learned, output)
}
