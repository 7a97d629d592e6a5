//! `codetracer extract`: artifacts to trajectories.

use trace::TrajectoryDocument;

use super::{Status, Tally};
use crate::cli::Extract;
use crate::input::{Input, counted, in_order};
use crate::output::{Output, inert};
use formats::Learned;

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
        |run| -> anyhow::Result<(String, Vec<String>)> {
            let extraction = input.read(run)?;
            let t = extraction.trajectory;
            let text = if args.json {
                serde_json::to_string(&TrajectoryDocument::new(t))?
            } else {
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
                inert(&format!("{}: {}", t.id, about.join(", "))).into_owned()
            };
            Ok((text + "\n", extraction.warnings))
        },
        |output, result| {
            match result {
                Ok((text, warnings)) => {
                    output.text(&text)?;
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
