//! Whether what a step tried worked, and what that closes or opens.

use analysis::IndexedStep;
use trace::{ErrorKind, ErrorSignature, StepId, StepStatus};

use super::blame::{blamed, own_error, refused_by_shell, runs_already, speaker};
use super::build::{Build, push};
use super::files::Version;
use super::node::{EdgeKind, ItemKind, NodeId};
use super::problem::{Problem, Try};
use super::programs::{READYING, is_idle};
use super::purpose::{Doing, Purpose};

/// Commands that are taken to be still running in a terminal.
const PENDING: usize = 16;

impl Build {
    /// Closes what worked and opens what failed. `purposes` is what the observation can be an answer to,
    /// `stopped` what the step ended before it was done.
    pub(super) fn judge(
        &mut self,
        step: &IndexedStep<'_>,
        purposes: &[Purpose],
        roots: &[NodeId],
        stopped: &[Purpose],
    ) {
        for purpose in stopped {
            self.fail(step, purpose, true, roots);
        }
        if !stopped.is_empty() {
            self.last_judged = Some((step.id, true));
            return;
        }
        match step.outcome.status {
            StepStatus::Failed => self.judge_failed(step, purposes, roots),
            StepStatus::Ok if !self.processes.is_behind(step.id) => {
                self.judge_worked(step.id, purposes);
                for root in roots.iter().filter(|_| !purposes.is_empty()) {
                    self.mark(*root, |version| {
                        version.worked.get_or_insert(step.id);
                    });
                }
            }
            StepStatus::Ok | StepStatus::Unknown => {
                self.pending = purposes.to_vec();
                let excess = self.pending.len().saturating_sub(PENDING);
                self.pending.drain(..excess);
            }
        }
    }

    fn judge_failed(&mut self, step: &IndexedStep<'_>, purposes: &[Purpose], roots: &[NodeId]) {
        for root in roots {
            self.mark(*root, |version| {
                version.failed.get_or_insert(step.id);
            });
        }
        let errors = &step.outcome.errors;
        let screen = step.step.observation.as_ref().is_some_and(|o| o.screen);
        let mut failing = self.failing(purposes, errors, screen);
        if !screen && errors.iter().any(refused_by_shell) {
            // Nothing of it ran, and what it would have run cannot be told.
            failing.clear();
        }
        if !step.outcome.tests.is_empty() {
            // Which tests fail is told by the report: that the command ran at all is no problem.
            failing.retain(|purpose| {
                let reported = purpose.doing == Doing::Test;
                if reported {
                    self.problems.reported(&purpose.key, step.id);
                }
                !reported
            });
        }
        for purpose in &failing {
            self.fail(step, purpose, false, roots);
        }
        let known = |error: &ErrorSignature| {
            speaker(error).is_some_and(|said| is_idle(said) || self.spoken.contains_key(said))
        };
        if screen && !errors.is_empty() && errors.iter().all(known) {
            // Every error has its command, so the others on the screen worked.
            let others: Vec<Purpose> = purposes
                .iter()
                .filter(|purpose| !failing.contains(purpose))
                .cloned()
                .collect();
            self.judge_worked(step.id, &others);
        }
        if !failing.is_empty() || !step.outcome.tests.is_empty() {
            self.last_judged = Some((step.id, true));
        }
    }

    fn judge_worked(&mut self, step: StepId, purposes: &[Purpose]) {
        for purpose in purposes {
            self.work(step, purpose);
            if purpose.doing == Doing::Install
                && let Some(item) = self.store.named(ItemKind::Package, purpose.object(), step)
            {
                let from = NodeId::Step(step);
                self.store
                    .link(from, EdgeKind::Installs, NodeId::Item(item));
            }
        }
        if !purposes.is_empty() {
            self.last_judged = Some((step, false));
            let shows = |p: &Purpose| matches!(p.doing, Doing::Test | Doing::Run | Doing::Reach);
            if purposes.iter().any(shows) {
                self.last_worked = Some(step);
            }
        }
    }

    /// What failed. On a screen it may be late output: then the last command of the program that speaks,
    /// whenever it ran.
    fn failing(
        &self,
        purposes: &[Purpose],
        errors: &[ErrorSignature],
        screen: bool,
    ) -> Vec<Purpose> {
        let said = errors.first().and_then(speaker).filter(|_| screen);
        let late = said.and_then(|program| self.spoken.get(program));
        let late = late.filter(|_| purposes.iter().all(|p| Some(p.program.as_str()) != said));
        let mut failing: Vec<Purpose> = match late {
            Some(purpose) => vec![purpose.clone()],
            None => blamed(purposes, errors).into_iter().cloned().collect(),
        };
        failing.retain(|purpose| {
            let runs = purpose.doing == Doing::Serve
                && errors.iter().any(runs_already)
                && self.processes.runs(purpose.object());
            !runs
        });
        failing
    }

    /// Opens a problem, or notes that it is still there.
    pub(super) fn fail(
        &mut self,
        step: &IndexedStep<'_>,
        purpose: &Purpose,
        stopped: bool,
        roots: &[NodeId],
    ) {
        let errors = &step.outcome.errors;
        let error = own_error(purpose, errors).or(errors.first());
        let this = Try {
            step: step.id,
            stuck: stopped || error.is_some_and(|e| e.kind == ErrorKind::Timeout),
            error: error.map(|e| e.kind),
            span: error.map_or(0..0, |e| e.span.clone()),
            roots: self.roots(step.id, purpose, roots),
        };
        if let Some(before) = self.problems.failed(purpose, this) {
            let from = NodeId::Step(step.id);
            self.store
                .link(from, EdgeKind::Repeated, NodeId::Step(before));
        }
    }

    /// Whether something was asked on a port and the last time it answered.
    pub(super) fn answers(&self, port: u16) -> bool {
        let port = format!(":{port}");
        let failing = |problem: &Problem| {
            problem.purpose.doing == Doing::Reach && problem.purpose.key.ends_with(&port)
        };
        let asked =
            |purpose: &Purpose| purpose.doing == Doing::Reach && purpose.key.ends_with(&port);
        self.spoken.values().any(asked) && !self.problems.open().any(|(_, p)| failing(p))
    }

    /// Closes what a try that worked puts right.
    fn work(&mut self, step: StepId, purpose: &Purpose) {
        let mut keys = vec![purpose.key.clone()];
        if purpose.doing == Doing::Reach {
            // What answers runs, however it came to be started.
            let open = self.problems.open();
            let serving = open.filter(|(_, problem)| problem.purpose.doing == Doing::Serve);
            keys.extend(serving.map(|(_, problem)| problem.purpose.key.clone()));
        }
        if purpose.doing == Doing::Build && !READYING.contains(&purpose.program.as_str()) {
            // What is built was made ready to be built, whatever had been said then.
            let open = self.problems.open();
            let readied =
                open.filter(|(_, problem)| READYING.contains(&problem.purpose.program.as_str()));
            keys.extend(readied.map(|(_, problem)| problem.purpose.key.clone()));
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
    pub(super) fn roots(&self, step: StepId, purpose: &Purpose, seen: &[NodeId]) -> Vec<NodeId> {
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
                push(&mut roots, self.node(version));
            }
        }
        if purpose.doing == Doing::Reach {
            for &step in self.processes.starters() {
                push(&mut roots, NodeId::Step(step));
            }
        }
        roots
    }
}
