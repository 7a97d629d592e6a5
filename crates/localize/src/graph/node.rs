//! What the graph is made of, and how it is kept.

use std::collections::HashMap;

use trace::StepId;

/// The longest name of an item, in bytes: a graph holds names and numbers, never texts.
const NAME_BYTES: usize = 160;
/// Items and edges beyond which a graph takes no more; a run of 50,000 steps stays far below.
const MOST_ITEMS: usize = 1 << 20;
const MOST_EDGES: usize = 1 << 22;
/// Edges of one step. What touches more than this is a sweep over a folder, not a cause.
const EDGES_OF_STEP: usize = 96;

/// A node of the graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NodeId {
    /// A step.
    Step(StepId),
    /// Something that a step made, used, showed or said; see [`Item`].
    Item(u32),
}

/// What an item is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ItemKind {
    /// One version of a file.
    File,
    /// A command by what it is for, such as `run train.py`.
    Command,
    /// A process or service the run started.
    Process,
    /// A package the run installed.
    Package,
    /// An error signature.
    Error,
    /// A test case, or a whole test set where the report names no cases.
    Test,
    /// Something the agent asserts.
    Claim,
}

impl ItemKind {
    /// The name as it stands in printed graphs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Command => "command",
            Self::Process => "process",
            Self::Package => "package",
            Self::Error => "error",
            Self::Test => "test",
            Self::Claim => "claim",
        }
    }
}

/// A node that is no step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// What it is.
    pub kind: ItemKind,
    /// How it is called: a path, a purpose, a message; at most 160 bytes.
    pub name: String,
    /// The step in which it first occurs; for a file version the step that wrote it.
    pub step: StepId,
    /// Of a file, how often it had been written then; 0 for a file the run found. 0 for the others.
    pub version: u32,
}

/// What an edge says. It is read as a sentence: step 4 *wrote* version 2 of `a.py`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EdgeKind {
    /// A step made a file version.
    Wrote,
    /// A step looked at a file version.
    Read,
    /// A step wrote a text that names a file version: imports, runs or reads it.
    Names,
    /// A step ran a file version, or a command.
    Executed,
    /// A step showed an error or a failing test.
    FailedWith,
    /// A step made work what had failed in an earlier one.
    Fixed,
    /// A step did what an earlier one had done.
    Repeated,
    /// A step asserts something.
    Claimed,
    /// A claim says the opposite of what an earlier step showed.
    Contradicts,
    /// A step put a package in place.
    Installs,
    /// A step started a process.
    Starts,
    /// A step ended a process, or what an earlier step had left running.
    Kills,
}

impl EdgeKind {
    /// The name as it stands in printed graphs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Wrote => "wrote",
            Self::Read => "read",
            Self::Names => "names",
            Self::Executed => "executed",
            Self::FailedWith => "failed-with",
            Self::Fixed => "fixed",
            Self::Repeated => "repeated",
            Self::Claimed => "claimed",
            Self::Contradicts => "contradicts",
            Self::Installs => "installs",
            Self::Starts => "starts",
            Self::Kills => "kills",
        }
    }
}

/// A relation between two nodes. It never leads to a later step than the one it arose in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edge {
    /// A step, or for [`EdgeKind::Contradicts`] a claim.
    pub from: NodeId,
    /// What is said.
    pub kind: EdgeKind,
    /// What it is said of.
    pub to: NodeId,
}

/// Items and edges in the order in which they arose.
#[derive(Debug, Default)]
pub(super) struct Store {
    pub(super) items: Vec<Item>,
    pub(super) edges: Vec<Edge>,
    /// Where the edges of each step begin.
    first: Vec<u32>,
    named: HashMap<(ItemKind, String), u32>,
}

impl Store {
    /// From here on edges belong to the next step.
    pub(super) fn next_step(&mut self) {
        self.first.push(count(self.edges.len()));
    }

    /// The edges that arose in a step.
    pub(super) fn edges_of(&self, step: StepId) -> &[Edge] {
        let at = step.index();
        let Some(&start) = self.first.get(at) else {
            return &[];
        };
        let end = self.first.get(at + 1).copied();
        let end = end.map_or(self.edges.len(), |end| end as usize);
        self.edges.get(start as usize..end).unwrap_or_default()
    }

    /// The one item of this kind and name, made if it is new; `None` when the graph is full.
    pub(super) fn named(&mut self, kind: ItemKind, name: &str, step: StepId) -> Option<u32> {
        let name = short(name);
        if let Some(&known) = self.named.get(&(kind, name.to_owned())) {
            return Some(known);
        }
        let item = self.add(Item {
            kind,
            name: name.to_owned(),
            step,
            version: 0,
        })?;
        self.named.insert((kind, name.to_owned()), item);
        Some(item)
    }

    /// A new item; `None` when the graph is full.
    pub(super) fn add(&mut self, mut item: Item) -> Option<u32> {
        if self.items.len() >= MOST_ITEMS {
            return None;
        }
        item.name.truncate(short(&item.name).len());
        self.items.push(item);
        Some(count(self.items.len() - 1))
    }

    /// A new edge of the present step, unless it has that one or too many already.
    pub(super) fn link(&mut self, from: NodeId, kind: EdgeKind, to: NodeId) {
        let edge = Edge { from, kind, to };
        let start = self.first.last().map_or(0, |&first| first as usize);
        let own = &self.edges[start..];
        if self.edges.len() < MOST_EDGES && own.len() < EDGES_OF_STEP && !own.contains(&edge) {
            self.edges.push(edge);
        }
    }
}

/// A length as the number of a node; lengths are bounded well below.
fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// The beginning of a name that is kept.
pub(super) fn short(name: &str) -> &str {
    let line = name.lines().next().unwrap_or_default().trim();
    &line[..line.floor_char_boundary(NAME_BYTES)]
}
