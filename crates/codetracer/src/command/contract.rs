//! `codetracer contract`: what the task demands, and how each demand stands.

use std::fmt::Write as _;

use analysis::Index;
use anyhow::bail;
use localize::contract::{Audit, Demand, Fall, Standing, State, Touch};
use serde::Serialize;
use trace::{Evidence, StepId};

use super::Status;
use crate::cli::Contract;
use crate::input::{Input, UNSPOOLED};
use crate::output::{Output, Palette, headline, inert};
use formats::Learned;

/// The answer as a document.
#[derive(Serialize)]
struct Answer<'a> {
    run_id: &'a str,
    /// The weight of the demands met at the end, and of all that can be judged.
    met: u32,
    of: u32,
    /// The step after which most was met.
    peak_step_id: Option<StepId>,
    peak_met: Option<u32>,
    falls: Vec<Fall>,
    demands: Vec<Line<'a>>,
}

/// One demand with its standing.
#[derive(Serialize)]
struct Line<'a> {
    #[serde(flatten)]
    demand: &'a Demand,
    /// The words of the task.
    words: &'a str,
    state: State,
    step_id: Option<StepId>,
    why: Option<&'a str>,
    evidence: Option<Evidence>,
    touches: &'a [Touch],
}

/// Prints the contract of the chosen run.
pub(super) fn run(
    args: &Contract,
    learned: &Learned,
    output: &mut Output,
) -> anyhow::Result<Status> {
    let input = Input::open(&args.path, learned)?;
    let run = input.one_run(args.run.as_deref())?;
    let extraction = input.read(run)?;
    let index = Index::new(&extraction.trajectory);
    let audit = Audit::over(&index);
    if index.is_damaged() {
        bail!("{}: {UNSPOOLED}", input.user_path(&run.path));
    }
    let task = extraction.trajectory.task.as_deref().unwrap_or_default();
    let last = StepId::from_index(index.len().saturating_sub(1));
    let (met, of) = audit.progress(last);
    if args.json {
        let demands = audit.each().map(|(demand, standing)| {
            let mark = standing.told_by();
            Line {
                demand,
                words: demand.words(task),
                state: standing.state(),
                step_id: mark.map(|mark| mark.step),
                why: mark.map(|mark| mark.why.as_str()),
                evidence: mark.and_then(|mark| mark.evidence.as_ref()?.quote(&index)),
                touches: standing.touches(),
            }
        });
        output.json(&Answer {
            run_id: &run.id,
            met,
            of,
            peak_step_id: audit.peak().map(|(step, _)| step),
            peak_met: audit.peak().map(|(_, met)| met),
            falls: audit.falls(),
            demands: demands.collect(),
        })?;
    } else {
        let text = text(&audit, task, (met, of), output.palette());
        output.text(&text)?;
    }
    Ok(Status::Done)
}

fn text(audit: &Audit, task: &str, (met, of): (u32, u32), palette: Palette) -> String {
    let mut out = String::new();
    if audit.contract.demands.is_empty() {
        return if task.trim().is_empty() {
            "No task is recorded.\n".to_owned()
        } else {
            "The task states nothing that can be looked for.\n".to_owned()
        };
    }
    for (demand, standing) in audit.each() {
        let line = told(demand, standing);
        let _ = writeln!(out, "{}", inert(&line));
        let words: Vec<&str> = demand.words(task).split_whitespace().collect();
        let words = headline(&words.join(" "), palette.width.saturating_sub(6));
        let _ = writeln!(out, "      {}", palette.faint(&words));
    }
    let _ = writeln!(out, "\nmet at the end: {met} of {of} (by weight)");
    if let Some((step, most)) = audit.peak() {
        let _ = writeln!(out, "closest to done: step {step}, {most} of {of}");
    }
    for fall in audit.falls().iter().filter(|fall| fall.regained.is_none()) {
        let _ = writeln!(
            out,
            "step {} broke demand {}, met at step {}",
            fall.fell, fall.demand, fall.met
        );
    }
    out
}

/// One demand in a line.
fn told(demand: &Demand, standing: &Standing) -> String {
    let state = match standing.state() {
        _ if demand.weight == 0 => "-",
        State::Met => "met",
        State::Unmet => "unmet",
        State::Contradicted => "contradicted",
        State::NeverTouched => "never touched",
    };
    let mark = standing.told_by().filter(|_| demand.weight > 0);
    let begun = standing.begun.filter(|_| standing.state() == State::Unmet);
    let by = match (mark, begun) {
        (Some(mark), _) => format!(" (step {}: {})", mark.step, mark.why),
        (None, Some(step)) => format!(" (begun at step {step}, never shown to be met)"),
        (None, None) => String::new(),
    };
    format!("{:>4}  {state:<13}  {}{by}", demand.id, demand.name())
}
