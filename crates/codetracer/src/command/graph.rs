//! `codetracer graph`: what led to what in one run.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use analysis::Index;
use analysis::workspace::Workspace;
use anyhow::bail;
use localize::contract::Audit;
use localize::graph::Graph;
use localize::graph::print::{Document, Drawing, NodeEntry, document, draw};
use trace::StepId;

use super::Status;
use crate::cli::{Graph as Arguments, GraphFormat};
use crate::input::{Input, UNSPOOLED};
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
            let Some(step) = step else {
                bail!(
                    "{}: no step {number}; the run has steps 1 to {}",
                    input.user_path(&run.path),
                    index.len()
                );
            };
            Some(step)
        }
    };
    let graph = Graph::new(&index, &Audit::over(&index), &Workspace::new(&index));
    if index.is_damaged() {
        bail!("{}: {UNSPOOLED}", input.user_path(&run.path));
    }
    let format = if args.json {
        GraphFormat::Json
    } else {
        args.format
    };
    match format {
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
    let nodes: BTreeMap<&str, &NodeEntry> = graph
        .nodes
        .iter()
        .map(|node| (node.id.as_str(), node))
        .collect();
    let name = |id: &str| {
        nodes.get(id).map_or_else(String::new, |node| {
            let version = node.version;
            let version = version.map_or_else(String::new, |v| format!(" (version {v})"));
            format!("{} {}{version}", node.kind, node.name)
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
