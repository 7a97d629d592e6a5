//! One pass over a run, from which all nodes, edges and open problems come.

use std::collections::HashMap;

use analysis::activity::Activity;
use analysis::{Index, IndexedStep};
use trace::{ActionKind, ErrorKind, ErrorSignature, StepId, StepStatus};

use super::claim::{Claim, ClaimKind, Place, claims};
use super::deliverable::Demanded;
use super::files::{Files, How, Version, written};
use super::node::{EdgeKind, Item, ItemKind, NodeId, Store, short};
use super::problem::{Problems, ROOTS, Tests, Try, weight};
use super::process::Processes;
use super::purpose::{Doing, Purpose, purposes, waits};
use crate::blame::file_name;

/// Paths of one step that are looked at; what names more is a sweep, not a cause.
const PATHS: usize = 32;
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
    /// It ran something that shows whether the work is right, and it worked.
    pub(super) worked: bool,
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
    last_judged: Option<(StepId, bool)>,
    /// The last step at which each command occurred.
    tried: HashMap<u32, StepId>,
    /// What was started and has not answered yet.
    pending: Vec<Purpose>,
    /// Versions written last, one a file, the latest at the end.
    recent: Vec<u32>,
    /// File names the task gives.
    pub(super) demanded: Demanded,
}

impl Build {
    /// Reads a whole run.
    pub(super) fn new(index: &Index<'_>) -> Self {
        let task = index.trajectory.task.as_deref().unwrap_or_default();
        let mut build = Self {
            demanded: Demanded::new(task),
            ..Self::default()
        };
        for step in index.steps() {
            build.step(&step);
        }
        build
    }

    fn step(&mut self, step: &IndexedStep<'_>) {
        self.store.next_step();
        self.facts.push(Facts {
            leaves: Leaves::of(step),
            commits: step.reading.activities.contains(&Activity::Submit)
                || matches!(step.step.action.kind, ActionKind::Finish { .. }),
            ..Facts::default()
        });
        self.assert(step);
        let mut purposes = purposes(step);
        let waiting = purposes.is_empty() && waits(&step.step, &step.reading);
        if waiting {
            purposes = std::mem::take(&mut self.pending);
        }
        let mut roots = self.uses(step, &purposes);
        self.commands(step.id, &purposes, waiting);
        self.errors(step, &mut roots);
        let stopped = self.processes(step, &purposes, waiting);
        self.judge(step, &purposes, &roots, &stopped);
        self.tests(step, &purposes, &roots);
        self.looks(step);
        self.writes(step);
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
            let name = purpose.object();
            if let Some(version) = self.files.present(name) {
                let item = NodeId::Item(self.files.versions[version as usize].item);
                let from = NodeId::Step(step.id);
                self.store.link(from, EdgeKind::Executed, item);
                push(&mut roots, item);
            }
        }
        let effect = &step.reading.effect;
        for path in effect.reads.iter().take(PATHS) {
            let present = self.files.present(path);
            let version = present.or_else(|| self.version(path, None, How::Part, step.id));
            if let Some(version) = version {
                let item = NodeId::Item(self.files.versions[version as usize].item);
                if !roots.contains(&item) {
                    self.store.link(NodeId::Step(step.id), EdgeKind::Read, item);
                    push(&mut roots, item);
                }
            }
        }
        roots
    }

    fn commands(&mut self, step: StepId, purposes: &[Purpose], waiting: bool) {
        for purpose in purposes.iter().filter(|_| !waiting) {
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
                push(
                    roots,
                    NodeId::Item(self.files.versions[version as usize].item),
                );
            }
        }
    }

    /// Processes started and ended; gives the purposes that were stopped before they were done.
    fn processes(
        &mut self,
        step: &IndexedStep<'_>,
        purposes: &[Purpose],
        waiting: bool,
    ) -> Vec<Purpose> {
        let (new, pending) = if waiting {
            (&[][..], purposes)
        } else {
            (purposes, self.pending.as_slice())
        };
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

    /// Closes what worked and opens what failed.
    fn judge(
        &mut self,
        step: &IndexedStep<'_>,
        purposes: &[Purpose],
        roots: &[NodeId],
        stopped: &[Purpose],
    ) {
        let error = step.outcome.errors.first();
        for purpose in stopped {
            let roots = self.roots(step.id, purpose, roots);
            self.fail(step, purpose, error, true, roots);
        }
        if !stopped.is_empty() {
            self.last_judged = Some((step.id, true));
            self.pending.clear();
            return;
        }
        let background = self.processes.is_behind(step.id);
        match step.outcome.status {
            StepStatus::Failed => {
                for root in roots {
                    self.mark(*root, |version| {
                        version.failed.get_or_insert(step.id);
                    });
                }
                for purpose in blamed(purposes, &step.outcome.errors) {
                    let roots = self.roots(step.id, purpose, roots);
                    let error = own_error(purpose, &step.outcome.errors).or(error);
                    let stuck = error.is_some_and(|e| e.kind == ErrorKind::Timeout);
                    self.fail(step, purpose, error, stuck, roots);
                }
                if !purposes.is_empty() {
                    self.last_judged = Some((step.id, true));
                }
                self.pending.clear();
            }
            StepStatus::Ok if !background => {
                for purpose in purposes {
                    self.work(step.id, purpose);
                    if purpose.doing == Doing::Install
                        && let Some(item) =
                            self.store
                                .named(ItemKind::Package, purpose.object(), step.id)
                    {
                        let from = NodeId::Step(step.id);
                        self.store
                            .link(from, EdgeKind::Installs, NodeId::Item(item));
                    }
                }
                if !purposes.is_empty() {
                    self.last_judged = Some((step.id, false));
                    let shows =
                        |p: &Purpose| matches!(p.doing, Doing::Test | Doing::Run | Doing::Reach);
                    self.facts[step.id.index()].worked = purposes.iter().any(shows);
                    for root in roots {
                        self.mark(*root, |version| {
                            version.worked.get_or_insert(step.id);
                        });
                    }
                }
                self.pending.clear();
            }
            StepStatus::Ok | StepStatus::Unknown => {
                if !purposes.is_empty() {
                    self.pending = purposes.to_vec();
                }
            }
        }
    }

    fn fail(
        &mut self,
        step: &IndexedStep<'_>,
        purpose: &Purpose,
        error: Option<&ErrorSignature>,
        stuck: bool,
        roots: Vec<NodeId>,
    ) {
        let this = Try {
            step: step.id,
            stuck,
            error: error.map(|e| e.kind),
            span: error.map_or(0..0, |e| e.span.clone()),
            roots,
        };
        if let Some(before) = self.problems.failed(purpose, this) {
            let from = NodeId::Step(step.id);
            self.store
                .link(from, EdgeKind::Repeated, NodeId::Step(before));
        }
    }

    fn work(&mut self, step: StepId, purpose: &Purpose) {
        if self.problems.is_quiet() {
            return;
        }
        let mut keys = vec![purpose.key.clone()];
        if purpose.doing == Doing::Reach {
            // What answers runs, however it came to be started.
            let open = self.problems.open();
            let serving = open.filter(|(_, problem)| problem.purpose.doing == Doing::Serve);
            keys.extend(serving.map(|(_, problem)| problem.purpose.key.clone()));
        }
        for key in keys {
            if let Some(failed) = self.problems.worked(&key, step) {
                self.facts[failed.index()].fixed = Some(step);
                let from = NodeId::Step(step);
                self.store.link(from, EdgeKind::Fixed, NodeId::Step(failed));
            }
        }
    }

    /// Notes how it went with a version that was run or used.
    fn mark(&mut self, node: NodeId, change: impl FnOnce(&mut Version)) {
        if let NodeId::Item(item) = node
            && let Some(version) = self.files.of_item(item)
        {
            change(&mut self.files.versions[version as usize]);
        }
    }

    /// Where a failure of `purpose` is followed back from.
    fn roots(&self, step: StepId, purpose: &Purpose, seen: &[NodeId]) -> Vec<NodeId> {
        let mut roots = vec![NodeId::Step(step)];
        for node in seen {
            push(&mut roots, *node);
        }
        let own = |node: &NodeId| match node {
            NodeId::Item(item) => self
                .files
                .of_item(*item)
                .is_some_and(|version| self.files.versions[version as usize].writer.is_some()),
            NodeId::Step(_) => false,
        };
        let whole = matches!(
            purpose.doing,
            Doing::Test | Doing::Build | Doing::Serve | Doing::Reach | Doing::Inline
        );
        if whole || purpose.doing == Doing::Run && !seen.iter().any(own) {
            for &version in self.recent.iter().rev() {
                push(
                    &mut roots,
                    NodeId::Item(self.files.versions[version as usize].item),
                );
            }
        }
        if purpose.doing == Doing::Reach {
            for &step in self.processes.starters() {
                push(&mut roots, NodeId::Step(step));
            }
        }
        roots
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
        let missing = step.outcome.errors.iter().find_map(|error| {
            let named = (error.kind == ErrorKind::MissingPath)
                .then_some(error.subject.as_deref())
                .flatten()
                .map(file_name)?;
            Some((named.to_owned(), error))
        });
        if let Some((name, error)) = missing {
            let version = self.files.present(&name);
            let own = version.filter(|&v| self.files.versions[v as usize].writer.is_some());
            if own.is_none() && !self.demanded.has(&name) {
                return;
            }
            let purpose = Purpose {
                key: format!("have {}", short(&name)),
                doing: Doing::Have,
                program: String::new(),
            };
            let mut roots = vec![NodeId::Step(step.id)];
            if let Some(version) = own {
                push(
                    &mut roots,
                    NodeId::Item(self.files.versions[version as usize].item),
                );
            } else {
                for &version in self.recent.iter().rev() {
                    push(
                        &mut roots,
                        NodeId::Item(self.files.versions[version as usize].item),
                    );
                }
            }
            self.fail(step, &purpose, Some(error), false, roots);
        } else if step.outcome.status == StepStatus::Ok && !self.problems.is_quiet() {
            for path in step.reading.effect.reads.iter().take(PATHS) {
                let key = format!("have {}", short(file_name(path)));
                self.problems.worked(&key, step.id);
            }
        }
    }

    fn writes(&mut self, step: &IndexedStep<'_>) {
        if step.outcome.status == StepStatus::Failed && step.reading.commands.is_empty() {
            // A refused edit leaves the file as it was.
            return;
        }
        for write in written(step).take(PATHS) {
            let Some(version) = self.version(write.path, Some(step.id), write.how, step.id) else {
                continue;
            };
            let item = self.files.versions[version as usize].item;
            let from = NodeId::Step(step.id);
            self.store.link(from, EdgeKind::Wrote, NodeId::Item(item));
            self.demanded.mention(step, version);
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
            let open = self.problems.open().filter(|(_, p)| weight(p) >= WEIGHTY);
            against.extend(open.map(|(_, problem)| problem.last));
        } else if kind != ClaimKind::Passes
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

fn push(roots: &mut Vec<NodeId>, node: NodeId) {
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

/// The error that a purpose's own program states.
fn own_error<'e>(purpose: &Purpose, errors: &'e [ErrorSignature]) -> Option<&'e ErrorSignature> {
    errors.iter().find(|error| speaks(purpose, error))
}

fn speaks(purpose: &Purpose, error: &ErrorSignature) -> bool {
    let program = purpose.program.as_str();
    let said = error
        .message
        .strip_prefix(program)
        .is_some_and(|rest| rest.starts_with(':'));
    let missing = error.kind == ErrorKind::CommandNotFound
        && error.subject.as_deref().map(file_name) == Some(program);
    !program.is_empty() && (said || missing)
}

/// The purposes that failed in a step that failed: those whose program says so, else the last, since a
/// list of commands stops at the one that fails.
fn blamed<'p>(purposes: &'p [Purpose], errors: &[ErrorSignature]) -> Vec<&'p Purpose> {
    let said: Vec<&Purpose> = purposes
        .iter()
        .filter(|purpose| own_error(purpose, errors).is_some())
        .collect();
    if said.is_empty() {
        let last = purposes.last();
        let installs = last.is_some_and(|p| p.doing == Doing::Install);
        return purposes
            .iter()
            .filter(|p| Some(*p) == last || installs && p.doing == Doing::Install)
            .collect();
    }
    said
}
