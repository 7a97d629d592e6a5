//! The evidence graph: what a run did, as relations that can be followed back from its failure.
//!
//! Nodes are steps, file versions, commands by what they are for, processes, packages, error
//! signatures, test cases and claims; an edge says what a step did to one of them ([`EdgeKind`]). From
//! what shows at the end that the run failed ([`Failure`]) the graph is followed back to the steps that
//! could have caused it ([`Candidate`]).
//!
//! Built in one pass; holds numbers and short names, never texts. Every edge leads to the same or an
//! earlier step, so that following it back ends.

mod build;
mod claim;
mod deliverable;
mod failure;
mod files;
mod node;
pub mod print;
mod problem;
mod process;
mod purpose;
mod slice;

use analysis::Index;
use trace::StepId;

use build::{Build, Place};

pub use claim::ClaimKind;
pub use deliverable::Delivery;
pub use failure::{Failure, FailureKind};
pub use node::{Edge, EdgeKind, Item, ItemKind, NodeId};
pub use slice::{Candidate, Explained, Part};

/// The evidence graph of one run.
pub struct Graph {
    build: Build,
    failures: Vec<Failure>,
    candidates: Vec<Candidate>,
    deliveries: Vec<Delivery>,
    makers: Vec<Candidate>,
}

impl Graph {
    /// Reads a run; linear in its size. The recorded outcome is not looked at.
    #[must_use]
    pub fn new(index: &Index<'_>) -> Self {
        let mut build = Build::new(index);
        if let (Some(text), Some(last)) = (
            index.trajectory.final_message.as_deref(),
            index.len().checked_sub(1),
        ) {
            for (kind, at) in claim::claims(text) {
                build.claim(kind, StepId::from_index(last), Place::Final(at));
            }
        }
        let failures = failure::observe(index, &build);
        let candidates = slice::behind_failures(&build, &failures);
        let deliveries = deliverable::deliveries(&build);
        let makers = slice::behind_deliveries(&build, &deliveries);
        Self {
            build,
            failures,
            candidates,
            deliveries,
            makers,
        }
    }

    /// The nodes that are no steps, by their numbers.
    #[must_use]
    pub fn items(&self) -> &[Item] {
        &self.build.store.items
    }

    /// All edges in the order in which they arose.
    #[must_use]
    pub fn edges(&self) -> &[Edge] {
        &self.build.store.edges
    }

    /// The edges that arose in one step.
    #[must_use]
    pub fn edges_of(&self, step: StepId) -> &[Edge] {
        self.build.store.edges_of(step)
    }

    /// What shows that the run failed or is not done, the strongest first. Empty when nothing does.
    #[must_use]
    pub fn failures(&self) -> &[Failure] {
        &self.failures
    }

    /// The steps that could have caused the failures, in step order.
    #[must_use]
    pub fn candidates(&self) -> &[Candidate] {
        &self.candidates
    }

    /// What the run hands in.
    #[must_use]
    pub fn deliveries(&self) -> &[Delivery] {
        &self.deliveries
    }

    /// The steps that had a part in what the run hands in, in step order. No fault in itself.
    #[must_use]
    pub fn makers(&self) -> &[Candidate] {
        &self.makers
    }

    /// What a step has to do with the failures.
    #[must_use]
    pub fn candidate(&self, step: StepId) -> Option<&Candidate> {
        let at = self
            .candidates
            .binary_search_by_key(&step, |c| c.step)
            .ok()?;
        self.candidates.get(at)
    }
}
