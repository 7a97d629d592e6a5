//! `codetracer analyze`: artifacts to diagnoses.

use std::fmt::Write as _;
use std::path::PathBuf;

use analysis::Index;
use anyhow::bail;
use formats::{Learned, Run};
use localize::{Options, diagnose};
use trace::{Diagnosis, Verdict};

use super::{Status, Tally, report};
use crate::cli::{Analyze, FailOn};
use crate::input::{Input, UNSPOOLED, counted, in_order};
use crate::local;
use crate::output::{Output, Palette};

/// What is printed for a run.
#[derive(Debug, Clone, Copy)]
pub(super) enum Form {
    /// The diagnosis document on one line.
    Json,
    /// The diagnosis in full, for a person.
    Full(Palette),
    /// One line of a table.
    Row(Palette),
}

/// Analyses every run under the given paths.
pub(super) fn run(
    args: &Analyze,
    fail_on: Option<FailOn>,
    learned: &Learned,
    output: &mut Output,
) -> anyhow::Result<Status> {
    let mut tally = Tally::default();
    let inputs = open_all(&args.paths, learned, &mut tally, output);
    let homes = if args.local {
        open_all(&local_folders()?, learned, &mut tally, output)
    } else {
        Vec::new()
    };
    let mut runs: Vec<(&Input, &Run)> = local::newest(&homes, args.newest);
    for input in &inputs {
        match input.runs(args.run.as_deref()) {
            Ok(found) => runs.extend(found.into_iter().map(|run| (input, run))),
            Err(error) => {
                tally.unreadable += 1;
                output.error(&format!("{error:#}"));
            }
        }
    }
    let form = match (args.json, runs.len()) {
        (true, _) => Form::Json,
        (false, 1) => Form::Full(output.palette()),
        (false, _) => Form::Row(output.palette()),
    };
    let options = Options { blind: args.blind };
    let many = matches!(form, Form::Row(_)) && !runs.is_empty();
    if many {
        output.text(&report::table_head(output.palette()))?;
    }
    in_order(
        &runs,
        output,
        |(input, run)| input.size(run),
        |(input, run)| analyse(input, run, options, form),
        |output, result| {
            match result {
                Ok(done) => {
                    tally.count(done.verdict);
                    output.text(&done.text)?;
                    if let Some(document) = &done.long {
                        output.json(&**document)?;
                    }
                    for warning in &done.warnings {
                        output.note(&format!("note: {warning}"));
                    }
                }
                Err(error) => {
                    tally.unreadable += 1;
                    output.error(&format!("{error:#}"));
                }
            }
            Ok(())
        },
    )?;
    if many {
        output.text(&totals(&tally))?;
    }
    for left in inputs.iter().filter_map(Input::left_out) {
        output.note(&left);
    }
    Ok(tally.status(fail_on))
}

/// Looks through every path; one that cannot be read is named and counted.
fn open_all(
    paths: &[PathBuf],
    learned: &Learned,
    tally: &mut Tally,
    output: &mut Output,
) -> Vec<Input> {
    let mut inputs = Vec::new();
    for path in paths {
        match Input::open(path, learned) {
            Ok(input) => inputs.push(input),
            Err(error) => {
                tally.unreadable += 1;
                output.error(&format!("{error:#}"));
            }
        }
    }
    inputs
}

/// Where the agents of this machine keep their sessions.
fn local_folders() -> anyhow::Result<Vec<PathBuf>> {
    let variable = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let folders = local::folders(variable, std::env::home_dir().as_deref());
    if folders.is_empty() {
        bail!(
            "no agent of this machine keeps sessions in its usual folder; looked for {}",
            local::agents()
        );
    }
    Ok(folders)
}

/// One run, analysed and laid out.
pub(super) struct Analysed {
    /// What to print.
    pub(super) text: String,
    /// A document too long to be made a line in memory; printed after `text`.
    pub(super) long: Option<Box<Diagnosis>>,
    /// What was concluded.
    pub(super) verdict: Verdict,
    /// What was odd about the artifact.
    pub(super) warnings: Vec<String>,
}

/// Reads, indexes, diagnoses and lays out one run; everything but the text is dropped again.
pub(super) fn analyse(
    input: &Input,
    run: &Run,
    options: Options,
    form: Form,
) -> anyhow::Result<Analysed> {
    let extraction = input.read(run)?;
    let index = Index::new(&extraction.trajectory);
    let mut diagnosis: Diagnosis = diagnose(&index, options);
    diagnosis.path = input.user_path(&run.path);
    if index.is_damaged() {
        bail!("{}: {UNSPOOLED}", diagnosis.path);
    }
    let verdict = diagnosis.verdict;
    let mut long = None;
    let text = match form {
        Form::Json if diagnosis.labels.is_parked() => {
            long = Some(Box::new(diagnosis));
            String::new()
        }
        Form::Json => {
            let mut line = serde_json::to_string(&diagnosis)?;
            line.push('\n');
            line
        }
        Form::Full(palette) => report::full(&diagnosis, &index, input, palette),
        Form::Row(palette) => report::row(&diagnosis, palette),
    };
    Ok(Analysed {
        text,
        long,
        verdict,
        warnings: extraction.warnings,
    })
}

fn totals(tally: &Tally) -> String {
    let mut text = format!(
        "\n{}: {} with a failure, {} without, {} undecided",
        counted(tally.read(), "run"),
        tally.failures,
        tally.clean,
        tally.undecided
    );
    if tally.unreadable > 0 {
        let _ = write!(text, "; {} could not be read", tally.unreadable);
    }
    text.push('\n');
    text
}
