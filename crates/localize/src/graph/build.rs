//! One pass over a run, from which all nodes, edges and open problems come.

use std::collections::HashMap;

use analysis::activity::Activity;
use analysis::workspace::Workspace;
use analysis::{Index, IndexedStep};
use trace::{ActionKind, ErrorKind, ErrorSignature, StepId, StepStatus};

use super::claim::{Claim, ClaimKind, Place, claims};
use super::deliverable::Demanded;
use super::files::{Files, How, PATHS, written};
use super::naming::named;
use super::node::{EdgeKind, Item, ItemKind, NodeId, Store, short};
use super::problem::{Problem, Problems, ROOTS, Tests, weight};
use super::process::Processes;
use super::purpose::{Doing, Purpose, purposes, waits};
use crate::contract::Contract;
use crate::evidence::action_text;
use crate::facts::file::file_name;

/// Failing cases of one report that get a node.
const CASES: usize = 8;
/// Files written last that a test run, a build or a service is taken to have used.
const RECENT: usize = 8;
/// Assertions kept of one run.
const CLAIMS: usize = 4096;
/// Open problems that one assertion is held against.
const CONTRADICTED: usize = 4;
/// How strongly a problem must speak to contradict an assertion.
const WEIGHTY: f64 = 0.5;

/// What a step leaves behind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Leaves {
    /// Nothing: it looks.
    #[default]
    Nothing,
    /// Files it names.
    Files,
    /// State that is no file it names.
    State,
}

impl Leaves {
    fn of(step: &IndexedStep<'_>) -> Self {
        let effect = &step.reading.effect;
        match (effect.kind.is_change(), effect.writes.is_empty()) {
            (false, _) => Self::Nothing,
            (true, false) => Self::Files,
            (true, true) => Self::State,
        }
    }
}

/// What the slice needs to know of a step without reading it again.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Facts {
    pub(super) leaves: Leaves,
    /// It hands the work in.
    pub(super) commits: bool,
    /// The step that took away the last line it had written.
    pub(super) replaced: Option<StepId>,
    /// The step in which what failed here worked.
    pub(super) fixed: Option<StepId>,
}

impl Facts {
    /// It changed something.
    pub(super) fn changes(&self) -> bool {
        self.leaves != Leaves::Nothing
    }
}

/// The state of a run up to a step.
#[derive(Default)]
pub(super) struct Build {
    pub(super) store: Store,
    pub(super) files: Files,
    pub(super) problems: Problems,
    pub(super) tests: Tests,
    pub(super) claims: Vec<Claim>,
    pub(super) facts: Vec<Facts>,
    pub(super) processes: Processes,
    /// The last step that did something judged, and whether it failed.
    pub(super) last_judged: Option<(StepId, bool)>,
    /// The last step that ran something that shows whether the work is right, and worked.
    pub(super) last_worked: Option<StepId>,
    /// The last step at which each command occurred.
    tried: HashMap<u32, StepId>,
    /// What was started and has not answered yet.
    pub(super) pending: Vec<Purpose>,
    /// The last purpose of each program.
    pub(super) spoken: HashMap<String, Purpose>,
    /// Versions written last, one a file, the latest at the end.
    pub(super) recent: Vec<u32>,
    /// File names the task gives.
    pub(super) demanded: Demanded,
}

impl Build {
    /// Reads a whole run.
    pub(super) fn new(index: &Index<'_>, contract: &Contract, workspace: &Workspace) -> Self {
        let mut build = Self {
            demanded: Demanded::new(contract),
            ..Self::default()
        };
        for step in index.steps() {
            build.step(&step, workspace);
        }
        build
    }

    fn step(&mut self, step: &IndexedStep<'_>, workspace: &Workspace) {
        self.store.next_step();
        self.facts.push(Facts {
            leaves: Leaves::of(step),
            replaced: workspace.superseded(step.id),
            commits: step.reading.activities.contains(&Activity::Submit)
                || matches!(step.step.action.kind, ActionKind::Finish { .. }),
            ..Facts::default()
        });
        self.assert(step);
        let own = purposes(step);
        let typed = own.len();
        // A terminal answers late: what was typed before is answered with what is typed now.
        let screen = step.step.observation.as_ref().is_none_or(|o| o.screen);
        let mut purposes = if screen || own.is_empty() && waits(&step.step, &step.reading) {
            std::mem::take(&mut self.pending)
        } else {
            Vec::new()
        };
        purposes.retain(|purpose| !own.contains(purpose));
        purposes.extend(own);
        let pending = purposes.len() - typed;
        let mut roots = self.uses(step, &purposes[pending..]);
        self.commands(step.id, &purposes[pending..]);
        self.errors(step, &mut roots);
        let stopped = self.processes(step, &purposes[pending..], &purposes[..pending]);
        self.judge(step, &purposes, &roots, &stopped);
        self.tests(step, &purposes, &roots);
        self.looks(step);
        self.writes(step, workspace);
    }

    /// Files read and run, which become the nodes to follow a failure back from.
    fn uses(&mut self, step: &IndexedStep<'_>, purposes: &[Purpose]) -> Vec<NodeId> {
        let mut roots = Vec::new();
        let takes = |p: &&Purpose| {
            matches!(
                p.doing,
                Doing::Run | Doing::Test | Doing::Install | Doing::Build
            )
        };
        for purpose in purposes.iter().filter(takes) {
            if let Some(version) = self.files.present(purpose.object()) {
                let item = self.node(version);
                let from = NodeId::Step(step.id);
                self.store.link(from, EdgeKind::Executed, item);
                push(&mut roots, item);
                let more = self.files.named_by(version).collect::<Vec<_>>();
                for version in more {
                    let item = self.node(version);
                    self.store.link(from, EdgeKind::Read, item);
                    push(&mut roots, item);
                }
            }
        }
        let effect = &step.reading.effect;
        for path in effect.reads.iter().take(PATHS) {
            let present = self.files.present(path);
            let version = present.or_else(|| self.version(path, None, How::Part, step.id));
            if let Some(version) = version {
                let item = self.node(version);
                if !roots.contains(&item) {
                    self.store.link(NodeId::Step(step.id), EdgeKind::Read, item);
                    push(&mut roots, item);
                }
            }
        }
        roots
    }

    fn commands(&mut self, step: StepId, purposes: &[Purpose]) {
        for purpose in purposes.iter().filter(|p| p.doing != Doing::Edit) {
            self.spoken.insert(purpose.program.clone(), purpose.clone());
            let Some(item) = self.store.named(ItemKind::Command, &purpose.key, step) else {
                return;
            };
            let from = NodeId::Step(step);
            self.store
                .link(from, EdgeKind::Executed, NodeId::Item(item));
            if let Some(before) = self.tried.insert(item, step).filter(|&at| at != step) {
                self.store
                    .link(from, EdgeKind::Repeated, NodeId::Step(before));
            }
        }
    }

    /// Error signatures; what they name is followed too.
    fn errors(&mut self, step: &IndexedStep<'_>, roots: &mut Vec<NodeId>) {
        for error in step.outcome.errors.iter().take(CASES) {
            let name = short(&error.message);
            if let Some(item) = self.store.named(ItemKind::Error, name, step.id) {
                let from = NodeId::Step(step.id);
                self.store
                    .link(from, EdgeKind::FailedWith, NodeId::Item(item));
            }
            let named = names_in(error).filter_map(|name| self.files.present(name));
            for version in named.collect::<Vec<_>>() {
                push(roots, self.node(version));
            }
        }
    }

    /// Processes started and ended; gives the purposes that were stopped before they were done.
    fn processes(
        &mut self,
        step: &IndexedStep<'_>,
        new: &[Purpose],
        pending: &[Purpose],
    ) -> Vec<Purpose> {
        let found = self.processes.read(step, new, pending);
        let from = NodeId::Step(step.id);
        for name in &found.started {
            if let Some(item) = self.store.named(ItemKind::Process, name, step.id) {
                self.store.link(from, EdgeKind::Starts, NodeId::Item(item));
            }
        }
        for name in &found.killed {
            if let Some(item) = self.store.named(ItemKind::Process, name, step.id) {
                self.store.link(from, EdgeKind::Kills, NodeId::Item(item));
            }
        }
        if let Some(at) = found.stopped_in.filter(|&at| at != step.id) {
            self.store.link(from, EdgeKind::Kills, NodeId::Step(at));
        }
        found.stopped
    }

    fn tests(&mut self, step: &IndexedStep<'_>, purposes: &[Purpose], roots: &[NodeId]) {
        let testing = purposes.iter().find(|p| p.doing == Doing::Test);
        for report in &step.outcome.tests {
            let set = testing.or(purposes.first()).map_or("", |p| &p.key);
            let any = Purpose {
                key: String::new(),
                doing: Doing::Test,
                program: String::new(),
            };
            let roots = self.roots(step.id, testing.unwrap_or(&any), roots);
            let from = NodeId::Step(step.id);
            if let Some(failed) = self.tests.report(set, step.id, report, roots) {
                self.facts[failed.index()].fixed = Some(step.id);
                self.store.link(from, EdgeKind::Fixed, NodeId::Step(failed));
            }
            let known = self.tests.sets.get(set);
            let names = known.into_iter().flat_map(|set| &set.failing);
            for (name, _) in names {
                if let Some(item) = self.store.named(ItemKind::Test, name, step.id) {
                    self.store
                        .link(from, EdgeKind::FailedWith, NodeId::Item(item));
                }
            }
        }
    }

    /// A look at a file that was to be there, and is or is not.
    fn looks(&mut self, step: &IndexedStep<'_>) {
        let looking =
            |a: &Activity| matches!(a, Activity::Read | Activity::List | Activity::Search);
        if !step.reading.activities.iter().any(looking) {
            return;
        }
        let mut errors = step.outcome.errors.iter();
        let missing = errors.find_map(|error| match (error.kind, &error.subject) {
            (ErrorKind::MissingPath, Some(path)) => Some(file_name(path)),
            _ => None,
        });
        if let Some(name) = missing {
            let version = self.files.present(name);
            let own = version.filter(|&v| self.files.versions[v as usize].writer.is_some());
            let removed = own.is_some_and(|v| self.files.versions[v as usize].how == How::Gone);
            if (own.is_none() || removed) && !self.demanded.has(name) {
                return;
            }
            let purpose = Purpose {
                key: format!("have {}", short(name)),
                doing: Doing::Have,
                program: String::new(),
            };
            let behind = own.map_or_else(|| self.recent.clone(), |version| vec![version]);
            let nodes = behind
                .iter()
                .rev()
                .map(|&v| self.node(v))
                .collect::<Vec<_>>();
            self.fail(step, &purpose, false, &nodes);
        } else if step.outcome.status == StepStatus::Ok && !self.problems.is_quiet() {
            for path in step.reading.effect.reads.iter().take(PATHS) {
                let key = format!("have {}", short(file_name(path)));
                self.problems.worked(&key, step.id);
            }
        }
    }

    fn writes(&mut self, step: &IndexedStep<'_>, workspace: &Workspace) {
        if step.outcome.status == StepStatus::Failed && step.reading.commands.is_empty() {
            // A refused edit leaves the file as it was.
            return;
        }
        let mut looked = false;
        for write in written(step, workspace).take(PATHS) {
            let Some(version) = self.version(write.path, Some(step.id), write.how, step.id) else {
                continue;
            };
            let item = self.files.versions[version as usize].item;
            let from = NodeId::Step(step.id);
            self.store.link(from, EdgeKind::Wrote, NodeId::Item(item));
            if !looked {
                // A step's text is looked at once, for the first file it writes.
                self.demanded.mention(step, version);
                self.name(step, version);
                looked = true;
            }
            let file = self.files.versions[version as usize].file;
            let versions = &self.files.versions;
            self.recent.retain(|&v| versions[v as usize].file != file);
            self.recent.push(version);
            if self.recent.len() > RECENT {
                self.recent.remove(0);
            }
            if write.how != How::Gone && !self.problems.is_quiet() {
                let key = format!("have {}", short(file_name(write.path)));
                self.problems.worked(&key, step.id);
            }
        }
    }

    /// Notes which files the text of a new version names.
    fn name(&mut self, step: &IndexedStep<'_>, version: u32) {
        for named in named(action_text(&step.step)) {
            if let Some(other) = self.files.name(version, &named) {
                let node = self.node(other);
                self.store
                    .link(NodeId::Step(step.id), EdgeKind::Names, node);
            }
        }
    }

    /// The node of a version.
    pub(super) fn node(&self, version: u32) -> NodeId {
        NodeId::Item(self.files.versions[version as usize].item)
    }

    fn version(
        &mut self,
        path: &str,
        writer: Option<StepId>,
        how: How,
        step: StepId,
    ) -> Option<u32> {
        let store = &mut self.store;
        self.files.add(path, writer, how, |path, number| {
            store.add(Item {
                kind: ItemKind::File,
                name: path.to_owned(),
                step,
                version: number,
            })
        })
    }

    /// What the step says, held against what was shown before it.
    fn assert(&mut self, step: &IndexedStep<'_>) {
        for (kind, at) in claims(&step.step.thought) {
            self.claim(kind, step.id, Place::Thought(at));
        }
        if let ActionKind::Finish { text } | ActionKind::Message { text } = &step.step.action.kind {
            for (kind, at) in claims(text) {
                self.claim(kind, step.id, Place::Action(at));
            }
        }
    }

    pub(super) fn claim(&mut self, kind: ClaimKind, step: StepId, place: Place) {
        if self.claims.len() >= CLAIMS {
            return;
        }
        let before = |at: StepId| at < step || matches!(place, Place::Closing);
        let mut against: Vec<StepId> = Vec::new();
        let closing =
            matches!(place, Place::Closing) || self.facts.last().is_some_and(|f| f.commits);
        if kind == ClaimKind::Passes || closing {
            against.extend(self.tests.failing().map(|set| set.step));
        }
        if closing {
            // What works later may do the same in another way.
            let worked = self.last_worked;
            let stands = |p: &Problem| weight(p) >= WEIGHTY && Some(p.last) > worked;
            let open = self.problems.open().filter(|(_, p)| stands(p));
            against.extend(open.map(|(_, problem)| problem.last));
        } else if matches!(kind, ClaimKind::Works | ClaimKind::Fixed)
            && let Some((failed, true)) = self.last_judged
        {
            let open = self.problems.open();
            let fresh = open.filter(|(_, p)| p.last == failed && weight(p) >= WEIGHTY);
            against.extend(fresh.map(|(_, problem)| problem.last));
        }
        against.retain(|&at| before(at));
        against.sort_unstable();
        against.dedup();
        let excess = against.len().saturating_sub(CONTRADICTED);
        against.drain(..excess);
        let name = format!("{} (step {step})", kind.as_str());
        if let Some(item) = self.store.named(ItemKind::Claim, &name, step) {
            let node = NodeId::Item(item);
            self.store.link(NodeId::Step(step), EdgeKind::Claimed, node);
            for &at in &against {
                self.store
                    .link(node, EdgeKind::Contradicts, NodeId::Step(at));
            }
        }
        self.claims.push(Claim {
            kind,
            step,
            against,
            place,
        });
    }
}

pub(super) fn push(roots: &mut Vec<NodeId>, node: NodeId) {
    if roots.len() < ROOTS && !roots.contains(&node) {
        roots.push(node);
    }
}

/// Words of an error that can be file names.
fn names_in(error: &ErrorSignature) -> impl Iterator<Item = &str> {
    let separates = |c: char| c.is_whitespace() || "`'\"()[]{}<>,;:".contains(c);
    let words = error
        .message
        .split(separates)
        .filter(|word| word.contains(['.', '/']));
    error.subject.as_deref().into_iter().chain(words.take(16))
}
