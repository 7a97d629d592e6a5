//! `codetracer show`: one step whole, with the steps around it.

use std::fmt::Write as _;

use analysis::{Index, IndexedStep};
use anyhow::bail;
use serde::Serialize;
use trace::{ActionKind, Change, Effect, FileEdit, Phase, Step, StepId, StepOutcome, StepStatus};

use super::Status;
use super::blame::{self, Asked};
use super::report::command_line;
use crate::cli::Show;
use crate::input::{Input, UNSPOOLED};
use crate::output::{Output, Palette, indented, inert};
use formats::Learned;

/// A step with what analysis says about it.
#[derive(Serialize)]
struct Shown {
    step: Step,
    effect: Effect,
    outcome: StepOutcome,
    phase: Option<Phase>,
}

/// The answer as a document.
#[derive(Serialize)]
struct Answer<'a> {
    run_id: &'a str,
    #[serde(flatten)]
    shown: Shown,
    before: Vec<Shown>,
    after: Vec<Shown>,
}

/// Shows one step of the chosen run.
pub(super) fn run(args: &Show, learned: &Learned, output: &mut Output) -> anyhow::Result<Status> {
    let input = Input::open(&args.path, learned)?;
    let run = input.one_run(args.run.as_deref())?;
    let extraction = input.read(run)?;
    let index = Index::new(&extraction.trajectory);
    if index.is_damaged() {
        bail!("{}: {UNSPOOLED}", input.user_path(&run.path));
    }
    let Some(step) = StepId::new(args.step).and_then(|id| index.step(id)) else {
        bail!(
            "{}: no step {}; the run has steps 1 to {}",
            input.user_path(&run.path),
            args.step,
            index.len()
        );
    };
    if let Some(file) = &args.file {
        let asked = Asked {
            file,
            line: None,
            step: step.id,
        };
        return blame::print(&index, &asked, &run.id, args.json, output);
    }
    let neighbours = args.neighbours as usize;
    let at = step.id.index();
    let around = |range: std::ops::Range<usize>| -> Vec<IndexedStep<'_>> {
        range
            .filter_map(|i| index.step(StepId::from_index(i)))
            .collect()
    };
    let before = around(at.saturating_sub(neighbours)..at);
    let after = around(at + 1..at.saturating_add(neighbours + 1).min(index.len()));
    if args.json {
        let shown = |s: IndexedStep<'_>| shown(&index, s.id);
        output.json(&Answer {
            run_id: &run.id,
            shown: shown(step).ok_or_else(|| anyhow::anyhow!("step is gone"))?,
            before: before.into_iter().filter_map(shown).collect(),
            after: after.into_iter().filter_map(shown).collect(),
        })?;
    } else {
        let palette = output.palette();
        let mut text = neighbours_of(&before, palette);
        whole(&mut text, &index, &step, &input, palette);
        text.push_str(&neighbours_of(&after, palette));
        output.text(&text)?;
    }
    Ok(Status::Done)
}

fn shown(index: &Index<'_>, id: StepId) -> Option<Shown> {
    let s = index.step(id)?;
    Some(Shown {
        step: (*s.step).clone(),
        effect: s.reading.effect.clone(),
        outcome: (*s.outcome).clone(),
        phase: index.stage_of(id).map(|stage| stage.phase),
    })
}

fn neighbours_of(steps: &[IndexedStep<'_>], palette: Palette) -> String {
    let mut out = String::new();
    for s in steps {
        let line = command_line(&s.step, palette.width.saturating_sub(7));
        let _ = writeln!(out, "{}", palette.faint(&format!("{:>5}  {line}", s.id)));
    }
    out
}

fn whole(
    out: &mut String,
    index: &Index<'_>,
    s: &IndexedStep<'_>,
    input: &Input,
    palette: Palette,
) {
    let step = &*s.step;
    let kind = if s.reading.effect.kind.is_change() {
        "change"
    } else {
        "explore"
    };
    let phase = index
        .stage_of(step.id)
        .map_or("", |stage| stage.phase.as_str());
    let title = format!("step {} of {}", step.id, index.len());
    let _ = writeln!(
        out,
        "\n{}  {kind} ({}), {}",
        palette.strong(&title),
        inert(&s.reading.effect.reason),
        phase.replace('_', " ")
    );
    for at in &step.refs {
        let place = format!("{}:{}-{}", input.user_path(&at.path), at.start, at.end);
        let _ = writeln!(out, "  {}", palette.faint(&inert(&place)));
    }
    section(out, "reasoning", &step.reasoning, palette);
    section(out, "thought", &step.thought, palette);
    section(out, "action", &action_text(step), palette);
    let status = match s.outcome.status {
        StepStatus::Ok => "ok",
        StepStatus::Failed => "failed",
        StepStatus::Unknown => "unknown",
    };
    let exit = s
        .outcome
        .exit_status
        .map_or_else(String::new, |code| format!(", exit status {code}"));
    match &step.observation {
        Some(observation) if observation.text.is_empty() => {
            let title = format!("observation ({status}{exit}): empty");
            let _ = writeln!(out, "{}", palette.strong(&title));
        }
        Some(observation) => {
            let title = format!("observation ({status}{exit})");
            section(out, &title, &observation.text, palette);
        }
        None => {
            let _ = writeln!(out, "{}", palette.strong("no observation is recorded"));
        }
    }
    out.push('\n');
}

fn section(out: &mut String, title: &str, text: &str, palette: Palette) {
    if text.is_empty() {
        return;
    }
    let _ = writeln!(out, "{}", palette.strong(title));
    out.push_str(&indented(text, "  "));
}

/// The action in full: cutting would hide what was really asked.
fn action_text(step: &Step) -> String {
    let tool = &step.action.tool;
    match &step.action.kind {
        ActionKind::Shell { command } => command.clone(),
        ActionKind::Keystrokes { keys, .. } => keys.clone(),
        ActionKind::Edit { edits } => edits.iter().map(edit_text).collect(),
        ActionKind::Message { text }
        | ActionKind::Finish { text }
        | ActionKind::Invalid { text } => format!("{tool}: {text}"),
        ActionKind::Delegate { prompt } => format!("{tool}: {prompt}"),
        ActionKind::Read { .. } | ActionKind::Search { .. } | ActionKind::Other => {
            let arguments =
                serde_json::to_string_pretty(&step.action.arguments).unwrap_or_default();
            format!("{}\n{arguments}", command_line(step, usize::MAX))
        }
    }
}

fn edit_text(edit: &FileEdit) -> String {
    let path = &edit.path;
    match &edit.change {
        Change::Write { content } => format!("write {path}\n{content}\n"),
        Change::Replace { old, new, all } => {
            let every = if *all { " everywhere" } else { "" };
            format!("replace in {path}{every}\n{old}\n-- by --\n{new}\n")
        }
        Change::ReplaceLines { first, last, text } => {
            format!("replace lines {first} to {last} of {path}\n{text}\n")
        }
        Change::Insert { line, text } => format!("insert after line {line} of {path}\n{text}\n"),
        Change::Patch { patch } => format!("patch {path}\n{patch}\n"),
        Change::Cell { cell, source } => format!("cell {cell} of {path}\n{source}\n"),
        Change::Delete => format!("delete {path}\n"),
        Change::Rename { to } => format!("rename {path} to {to}\n"),
        Change::Undo => format!("undo the last edit of {path}\n"),
    }
}
