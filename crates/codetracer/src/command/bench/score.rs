//! `codetracer bench score`: predictions to figures.

use std::path::Path;

use anyhow::Context;
use bench::prediction::by_repetition;
use bench::report::{System, report};
use bench::rule::Facts;

use super::{labels, name, predictions, show};
use crate::cli::BenchScore;
use crate::command::Status;
use crate::output::Output;

/// Scores every file of predictions beside the others.
pub(super) fn run(args: &BenchScore, output: &mut Output) -> anyhow::Result<Status> {
    let sets = labels(&args.labels)?;
    let files: Vec<&Path> = args.predictions.iter().map(AsRef::as_ref).collect();
    let mut systems = Vec::new();
    for file in &files {
        let name = name(file, &files);
        let apart = by_repetition(predictions(file, output)?);
        systems.extend(apart.into_iter().map(|(go, said)| {
            let name = go.map_or(name.clone(), |go| format!("{name}, go {go}"));
            System::new(name, said)
        }));
    }
    let facts = match &args.facts {
        Some(file) => facts(file)?,
        None => Vec::new(),
    };
    let report = report(&sets, &systems, &facts);
    show(&report, args.labels.json, args.out.as_deref(), output)?;
    Ok(Status::Done)
}

fn facts(path: &Path) -> anyhow::Result<Vec<Facts>> {
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let lines = text.lines().enumerate();
    let facts = lines.filter(|(_, line)| !line.trim().is_empty());
    facts
        .map(|(at, line)| {
            serde_json::from_str(line)
                .with_context(|| format!("{}: line {}", path.display(), at + 1))
        })
        .collect()
}
