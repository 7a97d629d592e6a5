//! `codetracer bench compare`: two files of predictions on the same rows.

use bench::compare::{Comparison, compare};

use super::{labels, name, predictions};
use crate::cli::BenchCompare;
use crate::command::Status;
use crate::output::{Output, inert};

/// Compares two systems over every set of labels.
pub(super) fn run(args: &BenchCompare, output: &mut Output) -> anyhow::Result<Status> {
    let sets = labels(&args.labels)?;
    let (a, b) = (predictions(&args.a, output)?, predictions(&args.b, output)?);
    let found: Vec<Comparison> = sets.iter().map(|set| compare(set, &a, &b)).collect();
    if args.labels.json {
        output.json(&found)?;
        return Ok(Status::Done);
    }
    let files = [args.a.as_path(), args.b.as_path()];
    let [first, second] = files.map(|file| name(file, &files));
    let tables: Vec<String> = found
        .iter()
        .map(|comparison| comparison.markdown([&first, &second]))
        .collect();
    output.text(&inert(&tables.join("\n")))?;
    Ok(Status::Done)
}
