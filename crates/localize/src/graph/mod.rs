//! The evidence graph: what a run did, as relations that can be followed back from its failure.
//!
//! Nodes are steps, file versions, commands by what they are for, processes, packages, error
//! signatures, test cases and claims; an edge says what a step did to one of them ([`EdgeKind`]). From
//! what shows at the end that the run failed ([`Failure`]) the graph is followed back to the steps that
//! could have caused it ([`Candidate`]).
//!
//! Built in one pass; holds numbers and short names, never texts. Every edge leads to the same or an
//! earlier step, so that following it back ends.

mod blame;
mod build;
mod claim;
mod deliverable;
mod dismissal;
mod failure;
mod files;
mod judge;
mod naming;
mod node;
pub mod print;
mod problem;
mod process;
mod programs;
mod purpose;
mod settle;
mod slice;
mod spread;
mod unmet;

use analysis::Index;
use analysis::workspace::Workspace;
use trace::StepId;

use build::Build;
use claim::Place;

use crate::contract::Audit;

pub use claim::{Claim, ClaimKind};
pub use deliverable::Delivery;
pub use dismissal::Dismissal;
pub use failure::{Failure, FailureKind};
pub use node::{Edge, EdgeKind, Item, ItemKind, NodeId};
pub use settle::{settles, what_settles};
pub use slice::{Candidate, Explained, Part};
pub use spread::{Spread, Spreads};

/// The evidence graph of one run.
pub struct Graph {
    build: Build,
    failures: Vec<Failure>,
    candidates: Vec<Candidate>,
    deliveries: Vec<Delivery>,
    makers: Vec<Candidate>,
    dismissals: Vec<Dismissal>,
}

impl Graph {
    /// Reads a run with how the demands of its task stand and with its files as rebuilt; linear in its size. The recorded outcome is
    /// not looked at.
    #[must_use]
    pub fn new(index: &Index<'_>, audit: &Audit, workspace: &Workspace) -> Self {
        let mut build = Build::new(index, &audit.contract, workspace);
        if let (Some(text), Some(last)) = (
            index.trajectory.final_message.as_deref(),
            index.len().checked_sub(1),
        ) {
            for (kind, _) in claim::claims(text) {
                build.claim(kind, StepId::from_index(last), Place::Closing);
            }
        }
        let failures = failure::observe(index, &build, audit);
        let candidates = slice::behind_failures(&build, &failures);
        let deliveries = deliverable::deliveries(&build);
        let makers = slice::behind_deliveries(&build, &deliveries);
        let dismissals = dismissal::dismissals(&build, &failures);
        Self {
            build,
            failures,
            candidates,
            deliveries,
            makers,
            dismissals,
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

    /// A node in a few words: `step 4`, `` `a.py` ``.
    #[must_use]
    pub fn name(&self, node: NodeId) -> String {
        match node {
            NodeId::Step(step) => format!("step {step}"),
            NodeId::Item(item) => {
                let item = self.build.store.items.get(item as usize);
                item.map_or_else(String::new, |item| match item.kind {
                    ItemKind::Test => format!("the failing test `{}`", item.name),
                    _ => format!("`{}`", item.name),
                })
            }
        }
    }

    /// What a candidate has to do with a failure, in a clause.
    #[must_use]
    pub fn because(&self, candidate: &Candidate, failure: &Failure) -> String {
        if failure.step == candidate.step {
            return failure.why.clone();
        }
        match candidate.part.words(&self.name(candidate.through)).as_str() {
            "" => format!("comes before step {}: {}", failure.step, failure.why),
            part => format!("{part}, and step {} shows: {}", failure.step, failure.why),
        }
    }

    /// The steps that go on over a failure that is never put right, in step order.
    #[must_use]
    pub fn dismissals(&self) -> &[Dismissal] {
        &self.dismissals
    }

    /// All assertions in step order.
    #[must_use]
    pub fn claims(&self) -> &[Claim] {
        &self.build.claims
    }

    /// Every assertion that an earlier step contradicts and that nothing backs since, with the last such
    /// step.
    pub fn contradictions(&self) -> impl Iterator<Item = (&Claim, StepId)> {
        let open = |at: &&StepId| {
            let facts = self.build.facts.get(at.index());
            facts.is_some_and(|facts| facts.fixed.is_none())
        };
        let claims = self.build.claims.iter();
        claims.filter_map(move |claim| Some((claim, *claim.against.iter().rev().find(open)?)))
    }

    /// The later steps that build on what a step made, or show what is wrong with it, in step order.
    #[must_use]
    pub fn spread(&self, step: StepId) -> Vec<Spread> {
        spread::spread(&self.build, step)
    }

    /// The last step that hands the work in, if one does.
    #[must_use]
    pub fn handed_in(&self) -> Option<StepId> {
        let at = self.build.facts.iter().rposition(|facts| facts.commits)?;
        Some(StepId::from_index(at))
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
