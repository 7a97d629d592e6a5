//! `codetracer blame` and `codetracer show --file`: a file as it stood, and who wrote its lines.

use std::fmt::Write as _;

use analysis::Index;
use analysis::workspace::{BlamedLine, Fidelity, Operation, Origin, Provenance, Workspace};
use anyhow::bail;
use formats::Learned;
use serde::Serialize;
use trace::{RefPart, StepId};

use super::Status;
use crate::cli::Blame;
use crate::input::{Input, UNSPOOLED};
use crate::output::{Output, Palette, inert};

/// What is asked about a file.
pub(super) struct Asked<'a> {
    pub(super) file: &'a str,
    /// One line, counted from 1.
    pub(super) line: Option<usize>,
    /// As it stood after this step.
    pub(super) step: StepId,
}

/// The answer as a document.
#[derive(Serialize)]
struct Answer<'a> {
    run_id: &'a str,
    path: &'a str,
    step_id: StepId,
    /// What made the version the file is shown in.
    operation: Operation,
    provenance: &'a Provenance,
    fidelity: Fidelity,
    lines: &'a [BlamedLine<'a>],
}

/// Says of every line of a file which step last wrote it.
pub(super) fn run(args: &Blame, learned: &Learned, output: &mut Output) -> anyhow::Result<Status> {
    let input = Input::open(&args.path, learned)?;
    let run = input.one_run(args.run.as_deref())?;
    let extraction = input.read(run)?;
    let index = Index::new(&extraction.trajectory);
    let last = u32::try_from(index.len()).unwrap_or(u32::MAX);
    let number = args.step.unwrap_or(last);
    let Some(step) = StepId::new(number).filter(|_| number <= last) else {
        bail!(
            "{}: no step {number}; the run has steps 1 to {last}",
            input.user_path(&run.path)
        );
    };
    let (file, line) = file_and_line(&args.file);
    let asked = Asked { file, line, step };
    print(&index, &asked, &run.id, args.json, output)
}

/// `FILE:LINE`, or `FILE`.
fn file_and_line(text: &str) -> (&str, Option<usize>) {
    let split = text
        .rsplit_once(':')
        .and_then(|(file, line)| Some((file, line.parse().ok()?)));
    match split {
        Some((file, line)) if !file.is_empty() => (file, Some(line)),
        _ => (text, None),
    }
}

/// Prints a file, or one line of it, with who wrote what.
pub(super) fn print(
    index: &Index<'_>,
    asked: &Asked<'_>,
    run_id: &str,
    json: bool,
    output: &mut Output,
) -> anyhow::Result<Status> {
    let workspace = Workspace::new(index);
    if index.is_damaged() {
        bail!("{UNSPOOLED}");
    }
    let Some(history) = workspace.file(asked.file) else {
        bail!("{}", not_one(&workspace, asked.file));
    };
    let Some(text) = workspace.at(&history.path, asked.step) else {
        bail!(
            "{}: not there after step {}, as far as the run shows",
            history.path,
            asked.step
        );
    };
    let mut lines = text.lines();
    if let Some(wanted) = asked.line {
        lines.retain(|line| line.number == Some(wanted));
        if lines.is_empty() {
            bail!("{}: line {wanted} is not known", history.path);
        }
    }
    if json {
        output.json(&Answer {
            run_id,
            path: &history.path,
            step_id: asked.step,
            operation: text.version.operation,
            provenance: &text.version.provenance,
            fidelity: text.fidelity(),
            lines: &lines,
        })?;
    } else {
        let palette = output.palette();
        let version = text.version;
        let part = match version.provenance.part {
            RefPart::Action => "action",
            RefPart::Observation => "observation",
        };
        let title = format!(
            "{} after step {}: {}, last {} at step {} ({part})",
            history.path,
            asked.step,
            version.fidelity.as_str(),
            past(version.operation),
            version.step,
        );
        let mut page = format!("{}\n", palette.strong(&inert(&title)));
        page.push_str(&listed(&lines, asked.line.is_none(), palette));
        if lines.is_empty() {
            page.push_str("nothing of its text is known\n");
        }
        output.text(&page)?;
    }
    Ok(Status::Done)
}

/// Why a name names no file.
pub(super) fn not_one(workspace: &Workspace, name: &str) -> String {
    let alike: Vec<&str> = workspace
        .files()
        .map(|file| file.path.as_str())
        .filter(|path| path.contains(name))
        .take(8)
        .collect();
    if alike.is_empty() {
        format!("{name}: the run neither wrote nor showed a file of this name")
    } else {
        format!("{name}: which one? {}", alike.join(", "))
    }
}

fn past(operation: Operation) -> &'static str {
    match operation {
        Operation::Write => "written",
        Operation::Append => "appended to",
        Operation::Edit => "edited",
        Operation::Patch => "patched",
        Operation::Delete => "deleted",
        Operation::Move => "moved",
        Operation::Copy => "copied",
        Operation::Restore => "restored",
        Operation::Program => "changed by a program",
        Operation::Show => "shown",
    }
}

/// Lines with number and step. `-` stands for what was there before the run, `?` for what changed out
/// of sight.
fn listed(lines: &[BlamedLine<'_>], gaps: bool, palette: Palette) -> String {
    let mut out = String::new();
    let mut last: Option<usize> = None;
    for line in lines {
        let follows = match (last, line.number) {
            (Some(last), Some(number)) => number == last + 1,
            (None, Some(number)) => number == 1,
            (_, None) => last.is_none() && !out.is_empty(),
        };
        if gaps && !follows {
            let gap = match line.number {
                Some(_) => "… not known",
                None => "… somewhere",
            };
            let _ = writeln!(out, "{}", palette.faint(&format!("{:>14}  {gap}", "")));
        }
        last = line.number;
        let origin = match line.origin {
            Origin::Before => "-".to_owned(),
            Origin::Step(step) => step.to_string(),
            Origin::Unseen(step) => format!("?{step}"),
        };
        let number = line.number.map_or_else(String::new, |n| n.to_string());
        let margin = format!("{origin:>6} {number:>7}");
        let _ = writeln!(out, "{}  {}", palette.faint(&margin), inert(line.text));
    }
    out
}
