//! Two runs of one task: read, diagnosed, compared.

use std::path::Path;

use analysis::Index;
use analysis::compare::compare;
use anyhow::bail;
use formats::{Extraction, Learned};
use localize::{Options, diagnose};
use trace::Comparison;

use super::{Status, layout, onset};
use crate::cli::Diff;
use crate::input::{Input, UNSPOOLED};
use crate::output::Output;

/// Compares the two chosen runs.
pub(super) fn run(
    args: &Diff,
    other: &Path,
    learned: &Learned,
    output: &mut Output,
) -> anyhow::Result<Status> {
    let a = Side::open(&args.path, "--run-a", args.run_a.as_deref(), learned)?;
    let b = Side::open(other, "--run-b", args.run_b.as_deref(), learned)?;
    let options = Options {
        blind: args.blind,
        ..Options::default()
    };
    let comparison = compared(&a, &b, options)?;
    if comparison.same_task == Some(false) {
        output
            .note("note: the two runs were given different tasks; they are compared all the same");
    }
    if comparison.cut {
        output.note("note: of a run this long only the first changes are compared");
    }
    if args.json {
        output.json(&comparison)?;
    } else {
        let text = layout::whole(&comparison, output.palette());
        output.text(&text)?;
    }
    Ok(Status::Done)
}

/// One of the two runs with where it is from.
struct Side {
    extraction: Extraction,
    path: String,
}

impl Side {
    fn open(
        path: &Path,
        option: &str,
        id: Option<&str>,
        learned: &Learned,
    ) -> anyhow::Result<Self> {
        let input = Input::open(path, learned)?;
        let run = input.one_run_by(option, id)?;
        let extraction = input.read(run)?;
        let path = input.user_path(&run.path);
        Ok(Self { extraction, path })
    }
}

/// The whole comparison, with verdicts and onsets.
fn compared(a: &Side, b: &Side, options: Options) -> anyhow::Result<Comparison> {
    let (ours, theirs) = (
        Index::new(&a.extraction.trajectory),
        Index::new(&b.extraction.trajectory),
    );
    let mut comparison = compare(&ours, &theirs);
    for (side, index) in [(a, &ours), (b, &theirs)] {
        if index.is_damaged() {
            bail!("{}: {UNSPOOLED}", side.path);
        }
    }
    for (side, index, run) in [
        (a, &ours, &mut comparison.a),
        (b, &theirs, &mut comparison.b),
    ] {
        let diagnosis = diagnose(index, options);
        run.path.clone_from(&side.path);
        run.verdict = Some(diagnosis.verdict);
        run.onset_step_id = diagnosis.onset_step_id;
    }
    onset::relate(&mut comparison, &ours, &theirs);
    Ok(comparison)
}
