//! A graph as text for other programs: JSON, Graphviz DOT, Mermaid.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use analysis::Index;
use analysis::intent::intent;
use serde::Serialize;
use trace::{Evidence, StepId};

use super::{Candidate, Edge, Graph, NodeId};

/// A graph, or the part of it around one step, as a JSON document.
#[derive(Debug, Serialize)]
pub struct Document {
    /// The nodes that occur in the edges, steps first.
    pub nodes: Vec<NodeEntry>,
    /// The edges in the order in which they arose.
    pub edges: Vec<EdgeEntry>,
    /// What shows that the run failed, the strongest first.
    pub failures: Vec<FailureEntry>,
    /// The steps that could have caused it, in step order.
    pub candidates: Vec<CandidateEntry>,
    /// What the run hands in.
    pub deliveries: Vec<String>,
    /// The steps that had a part in it, in step order.
    pub makers: Vec<CandidateEntry>,
    /// The steps that go on over a failure.
    pub dismissals: Vec<StepId>,
}

/// One node of a [`Document`].
#[derive(Debug, Serialize)]
pub struct NodeEntry {
    /// `s4` for step 4, `n7` for item 7.
    pub id: String,
    /// `step`, `file`, `command`, `process`, `package`, `error`, `test` or `claim`.
    pub kind: &'static str,
    /// A few words.
    pub name: String,
    /// Of a file, which version of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
}

/// One edge of a [`Document`].
#[derive(Debug, Serialize)]
pub struct EdgeEntry {
    /// The node that does or says something.
    pub from: String,
    /// What.
    pub kind: &'static str,
    /// To which node.
    pub to: String,
}

/// One failure of a [`Document`].
#[derive(Debug, Serialize)]
pub struct FailureEntry {
    /// How it shows.
    pub kind: &'static str,
    /// The step that shows it.
    pub step_id: StepId,
    /// How strongly it speaks for a failed run.
    pub strength: f64,
    /// What was seen.
    pub why: String,
    /// Where.
    pub evidence: Vec<Evidence>,
}

/// One candidate of a [`Document`].
#[derive(Debug, Serialize)]
pub struct CandidateEntry {
    /// The step.
    pub step_id: StepId,
    /// What it has a part in, by its place in the list of failures or deliveries.
    pub explains: Vec<usize>,
    /// Edges between it and the nearest of them.
    pub distance: u32,
    /// True when it had been put right before.
    pub repaired: bool,
}

/// How the nodes and edges of a graph are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drawing {
    /// Graphviz DOT.
    Dot,
    /// Mermaid.
    Mermaid,
}

/// A graph, or with `around` the edges of one step and those that lead to what it made, as a document.
#[must_use]
pub fn document(graph: &Graph, index: &Index<'_>, around: Option<StepId>) -> Document {
    let edges = chosen(graph, around);
    Document {
        nodes: nodes(graph, index, &edges),
        edges: edges
            .iter()
            .map(|edge| EdgeEntry {
                from: name(edge.from),
                kind: edge.kind.as_str(),
                to: name(edge.to),
            })
            .collect(),
        failures: graph
            .failures()
            .iter()
            .map(|failure| FailureEntry {
                kind: failure.kind.as_str(),
                step_id: failure.step,
                strength: failure.strength,
                why: failure.why.clone(),
                evidence: failure
                    .evidence
                    .iter()
                    .filter_map(|c| c.quote(index))
                    .collect(),
            })
            .collect(),
        candidates: graph.candidates().iter().map(entry).collect(),
        deliveries: graph.deliveries().iter().map(|d| d.name.clone()).collect(),
        makers: graph.makers().iter().map(entry).collect(),
        dismissals: graph.dismissals().iter().map(|d| d.step).collect(),
    }
}

fn entry(candidate: &Candidate) -> CandidateEntry {
    let distances = candidate.explains.iter().map(|e| e.distance);
    CandidateEntry {
        step_id: candidate.step,
        explains: candidate.explains.iter().map(|e| e.end).collect(),
        distance: distances.min().unwrap_or(0),
        repaired: candidate.repaired,
    }
}

/// The same as a drawing.
#[must_use]
pub fn draw(graph: &Graph, index: &Index<'_>, around: Option<StepId>, drawing: Drawing) -> String {
    let edges = chosen(graph, around);
    let mut text = match drawing {
        Drawing::Dot => "digraph run {\n  rankdir=LR;\n".to_owned(),
        Drawing::Mermaid => "flowchart LR\n".to_owned(),
    };
    for node in nodes(graph, index, &edges) {
        let label = label(&node.name, drawing);
        // Writing to a string cannot fail.
        let _ = match drawing {
            Drawing::Dot => {
                let shape = if node.kind == "step" {
                    "box"
                } else {
                    "ellipse"
                };
                writeln!(
                    text,
                    "  {} [shape={shape}, label=\"{} {label}\"];",
                    node.id, node.kind
                )
            }
            Drawing::Mermaid => writeln!(text, "  {}[\"{} {label}\"]", node.id, node.kind),
        };
    }
    for edge in edges {
        let (from, kind, to) = (name(edge.from), edge.kind.as_str(), name(edge.to));
        let _ = match drawing {
            Drawing::Dot => writeln!(text, "  {from} -> {to} [label=\"{kind}\"];"),
            Drawing::Mermaid => writeln!(text, "  {from} -->|{kind}| {to}"),
        };
    }
    if drawing == Drawing::Dot {
        text.push_str("}\n");
    }
    text
}

/// All edges, or those of a step and of every step that touches what it touches.
fn chosen(graph: &Graph, around: Option<StepId>) -> Vec<Edge> {
    let Some(step) = around else {
        return graph.edges().to_vec();
    };
    let node = NodeId::Step(step);
    let mut near: BTreeSet<NodeId> = BTreeSet::from([node]);
    for edge in graph.edges_of(step) {
        near.extend([edge.from, edge.to]);
    }
    let touches = |edge: &&Edge| near.contains(&edge.to) || edge.from == node;
    graph.edges().iter().filter(touches).copied().collect()
}

fn nodes(graph: &Graph, index: &Index<'_>, edges: &[Edge]) -> Vec<NodeEntry> {
    let ends: BTreeSet<NodeId> = edges.iter().flat_map(|edge| [edge.from, edge.to]).collect();
    let entries = ends.into_iter().filter_map(|node| {
        let (kind, text, version) = match node {
            NodeId::Step(id) => {
                let step = index.step(id)?;
                let words = intent(&step.step, &step.reading);
                ("step", format!("{id} {words}"), None)
            }
            NodeId::Item(at) => {
                let item = graph.items().get(at as usize)?;
                let version = (item.kind == super::ItemKind::File).then_some(item.version);
                (item.kind.as_str(), item.name.clone(), version)
            }
        };
        Some(NodeEntry {
            id: name(node),
            kind,
            name: text,
            version,
        })
    });
    entries.collect()
}

fn name(node: NodeId) -> String {
    match node {
        NodeId::Step(step) => format!("s{step}"),
        NodeId::Item(item) => format!("n{item}"),
    }
}

/// A name that neither ends a label nor starts markup in it.
fn label(name: &str, drawing: Drawing) -> String {
    let mut text = String::new();
    for character in name.chars().take(80) {
        match (drawing, character) {
            (Drawing::Dot, '"' | '\\') => text.extend(['\\', character]),
            (Drawing::Mermaid, '"') => text.push_str("#quot;"),
            (Drawing::Mermaid, '<') => text.push_str("#lt;"),
            (Drawing::Mermaid, '>') => text.push_str("#gt;"),
            (Drawing::Mermaid, '#') => text.push_str("#35;"),
            (Drawing::Mermaid, '&') => text.push_str("#amp;"),
            (_, c) if c.is_control() => text.push(' '),
            (_, c) => text.push(c),
        }
    }
    text
}
