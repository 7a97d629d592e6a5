//! Failures over which a run goes on.

use std::collections::HashSet;

use trace::StepId;

use super::build::Build;
use super::failure::{Failure, FailureKind};
use super::node::{Edge, EdgeKind, ItemKind, NodeId};

/// Steps after a failure in which it would be taken up, if it is.
const WINDOW: usize = 8;

/// A step that goes on to something else right after a failure that is never put right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dismissal {
    /// The step that goes on.
    pub step: StepId,
    /// The step that had failed.
    pub over: StepId,
    /// The place of the failure in [`super::Graph::failures`].
    pub failure: usize,
}

/// All dismissals in step order, one a step: of the strongest failure.
pub(super) fn dismissals(build: &Build, failures: &[Failure]) -> Vec<Dismissal> {
    let mut found: Vec<Dismissal> = Vec::new();
    for (place, failure) in failures.iter().enumerate() {
        let shown = matches!(
            failure.kind,
            FailureKind::OpenError | FailureKind::Stuck | FailureKind::FailingTests
        );
        if !shown {
            continue;
        }
        let tries = failure.roots.iter().filter_map(|root| match root {
            NodeId::Step(step) => Some(*step),
            NodeId::Item(_) => None,
        });
        for over in tries {
            let next = StepId::from_index(over.index() + 1);
            let known = found.iter().any(|dismissal| dismissal.step == next);
            if !known && next.index() < build.facts.len() && !taken_up(build, failure, over) {
                found.push(Dismissal {
                    step: next,
                    over,
                    failure: place,
                });
            }
        }
    }
    found.sort_by_key(|dismissal| dismissal.step);
    found
}

/// Whether what failed in a step is looked at, changed or tried again up to the next change.
fn taken_up(build: &Build, failure: &Failure, over: StepId) -> bool {
    let file = |node: NodeId| match node {
        NodeId::Item(item) => {
            let version = build.files.of_item(item)?;
            Some(build.files.versions.get(version as usize)?.file)
        }
        NodeId::Step(_) => None,
    };
    let files: HashSet<u32> = failure
        .roots
        .iter()
        .filter_map(|root| file(*root))
        .collect();
    let tried = |edge: &&Edge| edge.kind == EdgeKind::Executed;
    let commands: HashSet<NodeId> = build
        .store
        .edges_of(over)
        .iter()
        .filter(tried)
        .map(|edge| edge.to)
        .filter(|node| is_command(build, *node))
        .collect();
    for at in over.index() + 1..(over.index() + 1 + WINDOW).min(build.facts.len()) {
        let step = StepId::from_index(at);
        let touches = build.store.edges_of(step).iter().any(|edge| {
            commands.contains(&edge.to)
                || edge.kind == EdgeKind::Installs
                || file(edge.to).is_some_and(|file| files.contains(&file))
        });
        if touches {
            return true;
        }
        let facts = &build.facts[at];
        if facts.changes() || facts.commits {
            return false;
        }
    }
    false
}

fn is_command(build: &Build, node: NodeId) -> bool {
    matches!(node, NodeId::Item(item)
        if build.store.items.get(item as usize).is_some_and(|item| item.kind == ItemKind::Command))
}
