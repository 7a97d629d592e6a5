//! `codetracer extract`: artifacts to trajectories.

use anyhow::bail;
use formats::Extraction;
use trace::TrajectoryDocument;

use super::{Status, Tally};
use crate::cli::Extract;
use crate::input::{Input, UNSPOOLED, counted, in_order};
use crate::output::{Output, inert};
use formats::Learned;

/// One run, ready to be printed.
enum Rebuilt {
    /// A line of text.
    Line(String),
    /// A trajectory too long to be made a line in memory.
    Long(Box<TrajectoryDocument>),
}

/// Rebuilds every run under the path as steps.
pub(super) fn run(
    args: &Extract,
    learned: &Learned,
    output: &mut Output,
) -> anyhow::Result<Status> {
    let input = Input::open(&args.path, learned)?;
    let runs = input.runs(args.run.as_deref())?;
    let mut failed = 0;
    in_order(
        &runs,
        output,
        |run| input.size(run),
        |run| -> anyhow::Result<(Rebuilt, Vec<String>)> {
            let mut extraction = input.read(run)?;
            Ok((rebuilt(&mut extraction, args.json)?, extraction.warnings))
        },
        |output, result| {
            match result {
                Ok((rebuilt, warnings)) => {
                    match rebuilt {
                        Rebuilt::Line(text) => output.text(&text)?,
                        Rebuilt::Long(document) => {
                            output.json(&*document)?;
                            if document.trajectory.is_damaged() {
                                bail!("{}: {UNSPOOLED}", document.trajectory.id);
                            }
                        }
                    }
                    for warning in warnings {
                        output.note(&format!("note: {warning}"));
                    }
                }
                Err(error) => {
                    failed += 1;
                    output.error(&format!("{error:#}"));
                }
            }
            Ok(())
        },
    )?;
    let tally = Tally {
        clean: runs.len() - failed,
        unreadable: failed,
        ..Tally::default()
    };
    Ok(tally.status(None))
}

/// The document, or what a person is told of it.
fn rebuilt(extraction: &mut Extraction, json: bool) -> anyhow::Result<Rebuilt> {
    let t = std::mem::take(&mut extraction.trajectory);
    if json {
        let long = t.steps.is_parked() || t.descendants().iter().any(|t| t.steps.is_parked());
        let document = TrajectoryDocument::new(t);
        return Ok(if long {
            Rebuilt::Long(Box::new(document))
        } else {
            Rebuilt::Line(serde_json::to_string(&document)? + "\n")
        });
    }
    let mut about = vec![t.format.clone()];
    about.extend(t.model.clone());
    about.push(counted(t.steps.len(), "step"));
    if !t.subtrajectories.is_empty() {
        let nested = counted(t.nested_step_count(), "step");
        about.push(format!("{nested} of sub-agents"));
    }
    about.push(format!(
        "{:.1} % of bytes explained",
        extraction.coverage.bytes.ratio() * 100.0
    ));
    let line = format!("{}: {}\n", t.id, about.join(", "));
    Ok(Rebuilt::Line(inert(&line).into_owned()))
}
