//! `codetracer tree`: the trace tree of one run.

use analysis::Index;
use analysis::render::render_tree;
use serde::Serialize;
use trace::{EffectKind, StepId};

use super::Status;
use crate::cli::Tree;
use crate::input::Input;
use crate::output::{Output, inert};
use formats::Learned;

/// One step of the printed tree.
#[derive(Serialize)]
struct Node {
    step_id: StepId,
    parent: Option<StepId>,
    depth: u32,
    effect: EffectKind,
    reason: String,
}

/// The tree as a document.
#[derive(Serialize)]
struct Nodes<'a> {
    run_id: &'a str,
    steps: Vec<Node>,
}

/// Shows the tree of the chosen run.
pub(super) fn run(args: &Tree, learned: &Learned, output: &mut Output) -> anyhow::Result<Status> {
    let input = Input::open(&args.path, learned)?;
    let run = input.one_run(args.run.as_deref())?;
    let extraction = input.read(run)?;
    let index = Index::new(&extraction.trajectory);
    if args.json {
        let steps = index.steps().map(|s| Node {
            step_id: s.id,
            parent: index.tree.parent(s.id),
            depth: index.tree.depth(s.id),
            effect: s.reading.effect.kind,
            reason: s.reading.effect.reason.clone(),
        });
        output.json(&Nodes {
            run_id: &run.id,
            steps: steps.collect(),
        })?;
    } else {
        output.text(&inert(&render_tree(&index)))?;
    }
    Ok(Status::Done)
}
