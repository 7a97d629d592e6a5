//! `codetracer bench compare`: two files of predictions on the same rows.

use std::path::Path;

use anyhow::bail;
use bench::compare::{Comparison, compare};
use bench::prediction::{Prediction, by_repetition};

use super::{labels, name, predictions};
use crate::cli::BenchCompare;
use crate::command::Status;
use crate::output::{Output, inert};

/// Compares two systems over every set of labels.
pub(super) fn run(args: &BenchCompare, output: &mut Output) -> anyhow::Result<Status> {
    let sets = labels(&args.labels)?;
    let (a, b) = (one(&args.a, output)?, one(&args.b, output)?);
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

/// The predictions of a file that is about one go at the runs.
fn one(path: &Path, output: &Output) -> anyhow::Result<Vec<Prediction>> {
    let mut apart = by_repetition(predictions(path, output)?);
    match apart.pop() {
        Some((_, only)) if apart.is_empty() => Ok(only),
        _ => bail!(
            "{}: holds {} goes at the runs; compare them one by one",
            path.display(),
            apart.len() + 1
        ),
    }
}
