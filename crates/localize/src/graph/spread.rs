//! From a step forward: what builds on it, and where it shows.

use std::collections::HashSet;

use trace::StepId;

use super::build::Build;
use super::node::{EdgeKind, NodeId};

/// Steps that are followed forward; a chain shows a handful.
const MOST: usize = 256;

/// How a later step has to do with an earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spreads {
    /// It changes a file version that goes back to it.
    Changes,
    /// It uses what goes back to it and writes something else.
    Uses,
    /// It uses what goes back to it, fails, and what failed is never put right.
    Shows,
}

/// A later step that has to do with an earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spread {
    /// The later step.
    pub step: StepId,
    /// How.
    pub how: Spreads,
    /// Through which node: a file version, a command, a package, an error.
    pub through: NodeId,
}

/// The later steps that have to do with `onset`, in step order; linear in the edges.
pub(super) fn spread(build: &Build, onset: StepId) -> Vec<Spread> {
    let mut touched: HashSet<NodeId> = HashSet::new();
    for edge in build.store.edges_of(onset) {
        let made = matches!(
            edge.kind,
            EdgeKind::Wrote | EdgeKind::Starts | EdgeKind::Installs
        );
        if made {
            touched.insert(edge.to);
        }
    }
    let mut found = Vec::new();
    for at in onset.index() + 1..build.facts.len() {
        let step = StepId::from_index(at);
        let edges = build.store.edges_of(step);
        let version = |node: NodeId| match node {
            NodeId::Item(item) => build.files.of_item(item),
            NodeId::Step(_) => None,
        };
        let before = |node: NodeId| {
            let state = build.files.versions.get(version(node)? as usize)?;
            let before = build.files.versions.get(state.before? as usize)?;
            Some(NodeId::Item(before.item))
        };
        let wrote = || edges.iter().filter(|edge| edge.kind == EdgeKind::Wrote);
        let changed = wrote().find(|edge| before(edge.to).is_some_and(|b| touched.contains(&b)));
        let is_use = |kind| matches!(kind, EdgeKind::Read | EdgeKind::Names | EdgeKind::Executed);
        let used = edges
            .iter()
            .find(|edge| is_use(edge.kind) && touched.contains(&edge.to));
        if changed.is_none() && used.is_none() {
            continue;
        }
        let shown = edges.iter().find(|edge| edge.kind == EdgeKind::FailedWith);
        let open = build.facts[at].fixed.is_none();
        let (how, through) = match (changed, used, shown) {
            (Some(edge), ..) => (Spreads::Changes, edge.to),
            (None, Some(_), Some(shown)) if open => (Spreads::Shows, shown.to),
            (None, Some(edge), _) if wrote().next().is_some() => (Spreads::Uses, edge.to),
            _ => continue,
        };
        touched.extend(wrote().map(|edge| edge.to));
        found.push(Spread { step, how, through });
        if found.len() >= MOST {
            break;
        }
    }
    found
}
