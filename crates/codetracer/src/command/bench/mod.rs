//! `codetracer bench`: diagnoses against labels.

mod asked;
mod compare;
mod in_sample;
mod run;
mod score;
mod train;

use std::fs;
use std::path::Path;

use anyhow::{Context, bail};
use bench::gold::{Grouping, Set, apart, load_with};
use bench::prediction::{self, Prediction};
use bench::report::Report;
use formats::Learned;

use super::Status;
use crate::cli::{Bench, Flags, Labels};
use crate::output::{Output, inert};

/// Does what was asked.
pub(super) fn run(
    what: &Bench,
    flags: &Flags,
    learned: &Learned,
    output: &mut Output,
) -> anyhow::Result<Status> {
    match what {
        Bench::Run(args) => run::run(args, flags, learned, output),
        Bench::Score(args) => score::run(args, output),
        Bench::Compare(args) => compare::run(args, output),
        Bench::Train(args) => train::run(args, learned, output),
    }
}

/// What makes a group.
fn grouping(args: &Labels) -> anyhow::Result<Grouping> {
    Grouping::parse(&args.group)
        .context("--group takes `task`, `run`, `agent`, `model` or a file of runs and their groups")
}

/// The labels asked for.
fn labels(args: &Labels) -> anyhow::Result<Vec<Set>> {
    let mut sets = apart(load_with(&args.gold, &grouping(args)?)?);
    if args.set.is_empty() {
        return Ok(sets);
    }
    for wanted in &args.set {
        if !sets.iter().any(|set| set.name == *wanted) {
            let names: Vec<&str> = sets.iter().map(|set| set.name.as_str()).collect();
            bail!(
                "{}: no labels named `{wanted}`; there are {}",
                args.gold.display(),
                names.join(", ")
            );
        }
    }
    sets.retain(|set| args.set.contains(&set.name));
    Ok(sets)
}

/// The predictions of a file; what was left out of it is noted.
fn predictions(path: &Path, output: &Output) -> anyhow::Result<Vec<Prediction>> {
    let (predictions, notes) = prediction::load(path)?;
    for note in notes {
        output.note(&format!("note: {}: {note}", path.display()));
    }
    Ok(predictions)
}

/// What a system is called: the name of its file, or its path where names are the same.
fn name(path: &Path, all: &[&Path]) -> String {
    let stem = |path: &Path| path.file_stem().unwrap_or_default().to_owned();
    let same = all.iter().filter(|other| stem(other) == stem(path)).count();
    if same > 1 {
        path.display().to_string()
    } else {
        stem(path).to_string_lossy().into_owned()
    }
}

/// Prints a report, and keeps it in a folder if asked to.
fn show(
    report: &Report,
    json: bool,
    out: Option<&Path>,
    output: &mut Output,
) -> anyhow::Result<()> {
    let markdown = report.markdown();
    if json {
        output.json(report)?;
    } else {
        output.text(&inert(&markdown))?;
    }
    if let Some(out) = out {
        let keep = |name: &str, text: &str| {
            let path = out.join(name);
            fs::write(&path, text).with_context(|| path.display().to_string())
        };
        fs::create_dir_all(out).with_context(|| out.display().to_string())?;
        keep("report.md", &inert(&markdown))?;
        keep("report.json", &serde_json::to_string_pretty(report)?)?;
        keep("chart.svg", &report.svg()?)?;
        output.note(&format!("note: kept in {}", out.display()));
    }
    Ok(())
}
