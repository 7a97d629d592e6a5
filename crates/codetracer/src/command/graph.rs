//! `codetracer graph`: what led to what in one run.

use std::fmt::Write as _;

use analysis::Index;
use analysis::workspace::Workspace;
use localize::contract::Audit;
use localize::graph::Graph;
use localize::graph::print::{Document, Drawing, document, draw};
use trace::StepId;

use super::Status;
use crate::cli::{Graph as Arguments, GraphFormat};
use crate::input::Input;
use crate::output::{Output, inert};
use formats::Learned;

/// Prints the evidence graph of the chosen run.
pub(super) fn run(
    args: &Arguments,
    learned: &Learned,
    output: &mut Output,
) -> anyhow::Result<Status> {
    let input = Input::open(&args.path, learned)?;
    let run = input.one_run(args.run.as_deref())?;
    let extraction = input.read(run)?;
    let index = Index::new(&extraction.trajectory);
    let around = match args.step {
        None => None,
        Some(number) => {
            let step = StepId::new(number).filter(|id| id.index() < index.len());
            Some(step.ok_or_else(|| anyhow::anyhow!("the run has no step {number}"))?)
        }
    };
    let graph = Graph::new(&index, &Audit::over(&index), &Workspace::new(&index));
    match args.format {
        GraphFormat::Text => output.text(&inert(&text(&document(&graph, &index, around))))?,
        GraphFormat::Json => output.json(&document(&graph, &index, around))?,
        GraphFormat::Dot => output.text(&inert(&draw(&graph, &index, around, Drawing::Dot)))?,
        GraphFormat::Mermaid => {
            output.text(&inert(&draw(&graph, &index, around, Drawing::Mermaid)))?;
        }
    }
    Ok(Status::Done)
}

/// The failures, the steps behind them, and the edges as sentences.
fn text(graph: &Document) -> String {
    let mut text = String::new();
    if graph.failures.is_empty() {
        text.push_str("nothing in the steps speaks for a failure\n");
    }
    // Writing to a string cannot fail.
    for (place, failure) in graph.failures.iter().enumerate() {
        let _ = writeln!(
            text,
            "failure {place} · step {} · {} · {:.2} · {}",
            failure.step_id, failure.kind, failure.strength, failure.why
        );
    }
    for candidate in &graph.candidates {
        let places: Vec<String> = candidate.explains.iter().map(ToString::to_string).collect();
        let repaired = if candidate.repaired {
            " · put right later"
        } else {
            ""
        };
        let _ = writeln!(
            text,
            "step {} · behind failure {} · {} edges away{repaired}",
            candidate.step_id,
            places.join(", "),
            candidate.distance
        );
    }
    let name = |id: &str| {
        let at = graph.nodes.iter().position(|node| node.id == id);
        let node = at.map(|at| &graph.nodes[at]);
        node.map_or_else(String::new, |node| match node.version {
            Some(version) => format!("{} {} (version {version})", node.kind, node.name),
            None => format!("{} {}", node.kind, node.name),
        })
    };
    for edge in &graph.edges {
        let _ = writeln!(
            text,
            "{} — {} → {}",
            name(&edge.from),
            edge.kind,
            name(&edge.to)
        );
    }
    text
}
