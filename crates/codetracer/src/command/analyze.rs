//! `codetracer analyze`: artifacts to diagnoses.

use std::fmt::Write as _;

use analysis::Index;
use formats::{Learned, Run};
use localize::{Options, diagnose};
use trace::{Diagnosis, Verdict};

use super::{Status, Tally, report};
use crate::cli::{Analyze, FailOn};
use crate::input::{Input, counted, in_order};
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
    let mut inputs = Vec::new();
    for path in &args.paths {
        match Input::open(path, learned) {
            Ok(input) => inputs.push(input),
            Err(error) => {
                tally.unreadable += 1;
                output.error(&format!("{error:#}"));
            }
        }
    }
    let mut runs: Vec<(&Input, &Run)> = Vec::new();
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
        |(input, run)| analyse(input, run, options, form),
        |output, result| {
            match result {
                Ok(done) => {
                    tally.count(done.verdict);
                    output.text(&done.text)?;
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

/// One run, analysed and laid out.
pub(super) struct Analysed {
    /// What to print.
    pub(super) text: String,
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
    let text = match form {
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
        verdict: diagnosis.verdict,
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
