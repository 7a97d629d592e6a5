//! The files of one run, between two of its steps.

use std::fmt::Write as _;

use analysis::Index;
use analysis::workspace::{Fidelity, FileDiff, Workspace};
use anyhow::bail;
use formats::Learned;
use serde::Serialize;
use trace::StepId;

use crate::cli::{Diff, StepRange};
use crate::command::Status;
use crate::command::blame::not_one;
use crate::input::{Input, UNSPOOLED};
use crate::output::{Output, Palette, inert};

/// The answer as a document.
#[derive(Serialize)]
struct Answer<'a> {
    run_id: &'a str,
    /// 0 is before the run.
    from_step: u32,
    to_step: u32,
    files: &'a [FileDiff],
}

/// Shows how the files of the chosen run differ between two steps.
pub(super) fn run(args: &Diff, learned: &Learned, output: &mut Output) -> anyhow::Result<Status> {
    let input = Input::open(&args.path, learned)?;
    let run = input.one_run(args.run.as_deref())?;
    let extraction = input.read(run)?;
    let index = Index::new(&extraction.trajectory);
    let last = u32::try_from(index.len()).unwrap_or(u32::MAX);
    let range = args.step.unwrap_or(StepRange { from: 0, to: None });
    let to = range.to.unwrap_or(last);
    if let Some(number) = [range.from, to].into_iter().find(|number| *number > last) {
        bail!(
            "{}: no step {number}; the run has steps 1 to {last}",
            input.user_path(&run.path)
        );
    }
    let workspace = Workspace::new(&index);
    if index.is_damaged() {
        bail!("{}: {UNSPOOLED}", input.user_path(&run.path));
    }
    let mut files = workspace.diff(StepId::new(range.from), StepId::new(to));
    if let Some(wanted) = &args.file {
        let Some(file) = workspace.file(wanted) else {
            bail!("{}", not_one(&workspace, wanted));
        };
        files.retain(|diff| diff.path == file.path);
    }
    if args.json {
        output.json(&Answer {
            run_id: &run.id,
            from_step: range.from,
            to_step: to,
            files: &files,
        })?;
    } else {
        output.text(&unified(&files, output.palette()))?;
        if files.is_empty() {
            output.note("no file is known to differ");
        }
    }
    Ok(Status::Done)
}

/// The differences as a patch; what stands above the headers is for people and skipped by `patch`.
fn unified(files: &[FileDiff], palette: Palette) -> String {
    let mut out = String::new();
    for file in files {
        let how = match file.fidelity {
            Fidelity::Exact => "",
            Fidelity::Partial => ", known in part",
            Fidelity::Inferred => ", inferred: the run does not show all that changed it",
        };
        let title = format!(
            "diff {} (+{} -{}{how})",
            file.path, file.added, file.removed
        );
        let _ = writeln!(out, "{}", palette.strong(&inert(&title)));
        for line in inert(&file.unified()).lines() {
            let line = match line.as_bytes().first() {
                Some(b'+') => palette.good(line),
                Some(b'-') => palette.bad(line),
                Some(b'@') => palette.faint(line),
                _ => line.to_owned(),
            };
            let _ = writeln!(out, "{line}");
        }
    }
    out
}
