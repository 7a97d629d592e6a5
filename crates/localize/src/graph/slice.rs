//! From an observed failure back to the steps that could have caused it.

use std::collections::{BTreeMap, HashSet, VecDeque};

use trace::StepId;

use super::build::{Build, Facts, Leaves};
use super::deliverable::Delivery;
use super::failure::Failure;
use super::files::How;
use super::node::{EdgeKind, NodeId};

/// Nodes visited for one failure; the nearest come first.
const VISITED: usize = 20_000;
/// Steps before a change whose reading is taken to have informed it.
const INFORMING: usize = 8;

/// How a step came to have a part in a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// It is the step that failed, or the assertion that is wrong.
    Itself,
    /// It wrote what failed.
    Wrote,
    /// It wrote an earlier state of what failed.
    WroteBefore,
    /// It wrote something that was read before a later part was written.
    Informed,
    /// It put in place or started what failed.
    Provided,
    /// It left state behind that is no file anybody named.
    Left,
}

/// A step that could have caused failures.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// The step.
    pub step: StepId,
    /// What it has a part in.
    pub explains: Vec<Explained>,
    /// Its part in the first of them.
    pub part: Part,
    /// The node through which that failure leads to it: a file version, or another step.
    pub through: NodeId,
    /// True when everything it had a part in had been put right before it failed.
    pub repaired: bool,
}

impl Part {
    /// The part in words, to be followed by what shows at the end; `what` is the node it goes through.
    #[must_use]
    pub fn words(self, what: &str) -> String {
        match self {
            Self::Itself => String::new(),
            Self::Wrote => format!("writes {what}"),
            Self::WroteBefore => format!("writes an earlier state of {what}"),
            Self::Informed => format!("writes {what}, on which a later step relies"),
            Self::Provided => "starts what a later step needs".to_owned(),
            Self::Left => "changes the state that later steps work on".to_owned(),
        }
    }
}

/// A failure that a candidate explains, or a deliverable it has a part in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Explained {
    /// Its place in [`super::Graph::failures`] or [`super::Graph::deliveries`].
    pub end: usize,
    /// How many edges lie between.
    pub distance: u32,
    /// True when what the step did had been put right, or replaced and seen to work, before the failure, or
    /// when what fails worked after it.
    pub repaired: bool,
    /// True when no line that the step wrote stood any more.
    pub replaced: bool,
}

impl Explained {
    /// How much of what speaks for the failure is left for the candidate, between 0 and 1: the less, the
    /// further away it is, and little when what it did was put right or is gone.
    #[must_use]
    pub fn share(&self) -> f64 {
        /// Kept with every edge on the way back.
        const PER_EDGE: f64 = 0.85;
        const REPAIRED: f64 = 0.2;
        /// An approach outlives its text more often than not.
        const REPLACED: f64 = 0.7;
        let distance = i32::try_from(self.distance).unwrap_or(i32::MAX);
        let left = match (self.repaired, self.replaced) {
            (true, _) => REPAIRED,
            (false, true) => REPLACED,
            (false, false) => 1.0,
        };
        left * PER_EDGE.powi(distance)
    }
}

/// A step on the way back.
#[derive(Debug, Clone, Copy)]
struct Reached {
    distance: u32,
    part: Part,
    through: NodeId,
    repaired: bool,
    replaced: bool,
}

/// The steps behind some failures, in step order.
pub(super) fn behind_failures(build: &Build, failures: &[Failure]) -> Vec<Candidate> {
    let ends = failures.iter().map(|failure| End {
        step: failure.end,
        good: failure.good,
        roots: &failure.roots,
    });
    candidates(build, ends)
}

/// The steps behind what was handed in, in step order.
pub(super) fn behind_deliveries(build: &Build, deliveries: &[Delivery]) -> Vec<Candidate> {
    let last = StepId::from_index(build.facts.len());
    let ends = deliveries.iter().map(|delivery| End {
        step: last,
        good: None,
        roots: std::slice::from_ref(&delivery.node),
    });
    let mut found = candidates(build, ends);
    let known: HashSet<StepId> = found.iter().map(|candidate| candidate.step).collect();
    for (at, facts) in build.facts.iter().enumerate() {
        let step = StepId::from_index(at);
        if facts.leaves == Leaves::State && !known.contains(&step) {
            found.push(Candidate {
                step,
                explains: Vec::new(),
                part: Part::Left,
                through: NodeId::Step(step),
                repaired: facts.fixed.is_some(),
            });
        }
    }
    found.sort_by_key(|candidate| candidate.step);
    found
}

/// What is followed back.
#[derive(Debug, Clone, Copy)]
struct End<'r> {
    /// The step in which it shows.
    step: StepId,
    /// The last step in which the same worked.
    good: Option<StepId>,
    roots: &'r [NodeId],
}

fn candidates<'r>(build: &Build, ends: impl Iterator<Item = End<'r>>) -> Vec<Candidate> {
    let mut found: BTreeMap<StepId, Candidate> = BTreeMap::new();
    for (place, end) in ends.enumerate() {
        for (step, reached) in walk(build, end) {
            let explained = Explained {
                end: place,
                distance: reached.distance,
                repaired: reached.repaired,
                replaced: reached.replaced,
            };
            let candidate = found.entry(step).or_insert_with(|| Candidate {
                step,
                explains: Vec::new(),
                part: reached.part,
                through: reached.through,
                repaired: true,
            });
            candidate.explains.push(explained);
            candidate.repaired &= reached.repaired;
        }
    }
    found.into_values().collect()
}

/// Follows one failure back. Breadth first, so that the distance of a step is its shortest way.
fn walk(build: &Build, end: End<'_>) -> BTreeMap<StepId, Reached> {
    let mut walk = Walk {
        build,
        end: end.step,
        good: end.good,
        seen: HashSet::new(),
        open: VecDeque::new(),
        reached: BTreeMap::new(),
    };
    for &root in end.roots {
        let part = match root {
            NodeId::Step(_) => Part::Itself,
            NodeId::Item(_) => Part::Wrote,
        };
        walk.visit(root, 0, part, root, false);
    }
    while let Some((node, distance, part, replaced)) = walk.open.pop_front() {
        match node {
            NodeId::Step(step) => walk.step(step, distance),
            NodeId::Item(item) => walk.item(item, distance, part, replaced),
        }
    }
    walk.reached
}

struct Walk<'b> {
    build: &'b Build,
    end: StepId,
    good: Option<StepId>,
    seen: HashSet<NodeId>,
    open: VecDeque<(NodeId, u32, Part, bool)>,
    reached: BTreeMap<StepId, Reached>,
}

impl Walk<'_> {
    fn visit(&mut self, node: NodeId, distance: u32, part: Part, through: NodeId, repaired: bool) {
        if self.seen.len() >= VISITED || !self.seen.insert(node) {
            return;
        }
        if let NodeId::Step(step) = node {
            if step > self.end {
                return;
            }
            let facts = self.build.facts.get(step.index());
            let acts = facts.is_some_and(|facts| facts.changes() || facts.commits);
            let put_right = facts
                .and_then(|facts| facts.fixed)
                .is_some_and(|at| at < self.end);
            let replaced = facts.and_then(|facts| facts.replaced);
            if acts || part == Part::Itself {
                self.reached.insert(
                    step,
                    Reached {
                        distance,
                        part,
                        through,
                        repaired: repaired || put_right || Some(step) <= self.good,
                        replaced: replaced.is_some_and(|at| at < self.end),
                    },
                );
            }
        }
        self.open.push_back((node, distance, part, repaired));
    }

    /// From a file version to who wrote it and to what it was made from.
    fn item(&mut self, item: u32, distance: u32, part: Part, replaced: bool) {
        let Some(version) = self.build.files.of_item(item) else {
            return;
        };
        let version = self.build.files.versions[version as usize];
        let node = NodeId::Item(item);
        if let Some(writer) = version.writer {
            self.visit(NodeId::Step(writer), distance + 1, part, node, replaced);
        }
        if let Some(before) = version.before {
            let before = &self.build.files.versions[before as usize];
            // It had failed, and what replaced it wholly works: what was wrong with it is put right.
            let replaced = replaced
                || (version.how == How::Whole
                    && before.failed.is_some()
                    && version.worked.is_some_and(|at| at < self.end));
            let node = NodeId::Item(before.item);
            self.visit(node, distance + 1, Part::WroteBefore, node, replaced);
        }
    }

    /// From a step to what it used, and to what was read before it acted.
    fn step(&mut self, step: StepId, distance: u32) {
        let from = NodeId::Step(step);
        self.used(step, distance, from);
        let before = (0..step.index()).rev().map(StepId::from_index);
        for earlier in before.take(INFORMING) {
            if self
                .build
                .facts
                .get(earlier.index())
                .is_some_and(Facts::changes)
            {
                break;
            }
            self.used(earlier, distance + 1, from);
        }
    }

    fn used(&mut self, step: StepId, distance: u32, through: NodeId) {
        for edge in self.build.store.edges_of(step) {
            let uses = matches!(
                edge.kind,
                EdgeKind::Read | EdgeKind::Names | EdgeKind::Executed
            );
            if uses && matches!(edge.to, NodeId::Item(_)) {
                self.visit(edge.to, distance + 1, Part::Informed, through, false);
            } else if edge.kind == EdgeKind::Kills && matches!(edge.to, NodeId::Step(_)) {
                self.visit(edge.to, distance + 1, Part::Provided, through, false);
            }
        }
    }
}
