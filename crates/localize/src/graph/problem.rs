//! What has failed and not yet been made to work, while a run is read.

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;

use trace::{ErrorKind, StepId, TestFramework, TestReport, TestStatus};

use super::node::{NodeId, short};
use super::purpose::{Doing, Purpose};

/// Nodes from which a failure is followed back.
pub(super) const ROOTS: usize = 16;
/// Failed tries at one purpose that are kept: a failure is followed back from each.
const TRIES: usize = 8;
/// Test cases whose last result is remembered in one run.
const CASES: usize = 1 << 17;
/// Problems that are open at once; what fails beyond that is a storm, not a cause.
const OPEN: usize = 1024;
/// Purposes of which the last success is remembered.
const GOOD: usize = 1 << 16;
/// Test sets whose last report is remembered.
const SETS: usize = 1024;
/// Names of failing cases kept of one report.
const NAMES: usize = 8;

/// Something that was tried, and failed at least once.
#[derive(Debug)]
pub(super) struct Problem {
    pub(super) purpose: Purpose,
    /// The failed tries: the first ones and the last.
    pub(super) failed: Vec<StepId>,
    /// The last try that failed.
    pub(super) last: StepId,
    pub(super) tries: u32,
    /// The step in which a try worked.
    pub(super) fixed: Option<StepId>,
    /// Whether the last try was stopped, hung or ran out of time instead of ending by itself.
    pub(super) stuck: bool,
    pub(super) error: Option<ErrorKind>,
    /// Where the last try's observation states the error.
    pub(super) span: Range<usize>,
    pub(super) roots: Vec<NodeId>,
    /// The last step before in which the same worked: what is wrong came later.
    pub(super) good: Option<StepId>,
}

/// All problems of a run, in the order in which they came up.
#[derive(Debug, Default)]
pub(super) struct Problems {
    pub(super) all: Vec<Problem>,
    open: BTreeMap<String, usize>,
    good: HashMap<String, StepId>,
}

/// One failed try.
pub(super) struct Try {
    pub(super) step: StepId,
    pub(super) stuck: bool,
    pub(super) error: Option<ErrorKind>,
    pub(super) span: Range<usize>,
    pub(super) roots: Vec<NodeId>,
}

impl Problems {
    /// Notes a failed try at `purpose`; gives the step of the failed try before it.
    pub(super) fn failed(&mut self, purpose: &Purpose, this: Try) -> Option<StepId> {
        if let Some(&at) = self.open.get(&purpose.key) {
            let known = &mut self.all[at];
            let before = known.last;
            known.last = this.step;
            known.tries += 1;
            if known.failed.len() >= TRIES {
                known.failed.pop();
            }
            known.failed.push(this.step);
            known.stuck = this.stuck;
            known.error = this.error;
            known.span = this.span;
            known.roots = this.roots;
            return (before != this.step).then_some(before);
        }
        if self.open.len() >= OPEN {
            return None;
        }
        self.open.insert(purpose.key.clone(), self.all.len());
        self.all.push(Problem {
            purpose: purpose.clone(),
            failed: vec![this.step],
            last: this.step,
            tries: 1,
            fixed: None,
            stuck: this.stuck,
            error: this.error,
            span: this.span,
            roots: this.roots,
            good: self.good.get(&purpose.key).copied(),
        });
        None
    }

    /// Notes that a try worked; gives the step of the last failed one.
    pub(super) fn worked(&mut self, key: &str, step: StepId) -> Option<StepId> {
        if self.good.len() < GOOD || self.good.contains_key(key) {
            self.good.insert(key.to_owned(), step);
        }
        let at = self.open.remove(key)?;
        let problem = &mut self.all[at];
        problem.fixed = Some(step);
        Some(problem.last)
    }

    /// Closes a problem with a test command whose report says which tests fail.
    pub(super) fn reported(&mut self, key: &str, step: StepId) {
        if let Some(at) = self.open.remove(key) {
            self.all[at].fixed = Some(step);
        }
    }

    /// True when there is none to be closed.
    pub(super) fn is_quiet(&self) -> bool {
        self.open.is_empty()
    }

    /// What is open, in order of its key, with its place in `all`.
    pub(super) fn open(&self) -> impl Iterator<Item = (usize, &Problem)> {
        self.open.values().map(|&at| (at, &self.all[at]))
    }
}

/// How strongly an open problem speaks for a failed run, by what it is about and how it ended.
pub(super) fn weight(problem: &Problem) -> f64 {
    let doing = match problem.purpose.doing {
        Doing::Test => 0.8,
        Doing::Have | Doing::Build => 0.7,
        Doing::Run | Doing::Serve => 0.6,
        Doing::Reach => 0.5,
        Doing::Install | Doing::Fetch | Doing::Edit | Doing::Version => 0.4,
        Doing::Inline | Doing::Tool => 0.3,
    };
    let error = match problem.error {
        // A program that is not there or was called wrongly is mostly replaced by another.
        Some(ErrorKind::CommandNotFound | ErrorKind::Usage | ErrorKind::ToolCall) => 0.5,
        _ => 1.0,
    };
    doing * error
}

/// The last report of one test set.
#[derive(Debug)]
pub(super) struct TestSet {
    pub(super) framework: TestFramework,
    pub(super) step: StepId,
    pub(super) span: Range<usize>,
    pub(super) total: u32,
    pub(super) broken: u32,
    /// The failing cases it names, the first ones, with the hash they are remembered by.
    pub(super) failing: Vec<(String, u64)>,
    /// Whether every one of them failed in the set's first report too.
    pub(super) from_the_start: bool,
    first_failing: Vec<u64>,
    /// The last green report, with how many tests it counts.
    green: Option<(StepId, u32)>,
    pub(super) roots: Vec<NodeId>,
}

/// What test reports have shown so far.
#[derive(Debug, Default)]
pub(super) struct Tests {
    pub(super) sets: BTreeMap<String, TestSet>,
    /// The last result of every named case: whether it passed.
    cases: HashMap<u64, bool>,
}

impl Tests {
    /// Notes a report; gives the step of the last failing report that it puts right.
    pub(super) fn report(
        &mut self,
        set: &str,
        step: StepId,
        report: &TestReport,
        roots: Vec<NodeId>,
    ) -> Option<StepId> {
        let broken = |status| matches!(status, TestStatus::Failed | TestStatus::Errored);
        let mut failing = Vec::new();
        for case in &report.cases {
            let hash = hash(report.framework, &case.name);
            let fails = broken(case.status);
            if fails && failing.len() < NAMES {
                failing.push((short(&case.name).to_owned(), hash));
            }
            if case.status != TestStatus::Skipped
                && (self.cases.len() < CASES || self.cases.contains_key(&hash))
            {
                self.cases.insert(hash, !fails);
            }
        }
        let total = report.passed.saturating_add(report.broken());
        let mut fixed = None;
        if report.is_green() {
            // A green run of as many tests covers what a smaller one found.
            let covered = |s: &TestSet| s.framework == report.framework && s.total <= total;
            for known in self
                .sets
                .values_mut()
                .filter(|s| s.broken > 0 && covered(s))
            {
                known.broken = 0;
                fixed = fixed.max(Some(known.step));
            }
        }
        let hashes = || failing.iter().map(|(_, hash)| *hash).collect::<Vec<_>>();
        let known = self.sets.get_mut(set);
        let (first_failing, green) = match known {
            _ if report.is_green() => (Vec::new(), Some((step, total))),
            Some(known) => (std::mem::take(&mut known.first_failing), known.green),
            None => (hashes(), None),
        };
        let from_the_start =
            !failing.is_empty() && failing.iter().all(|(_, hash)| first_failing.contains(hash));
        if self.sets.len() >= SETS && !self.sets.contains_key(set) {
            return fixed;
        }
        self.sets.insert(
            set.to_owned(),
            TestSet {
                framework: report.framework,
                step,
                span: report.span.clone(),
                total,
                broken: report.broken(),
                failing,
                from_the_start,
                first_failing,
                green,
                roots,
            },
        );
        fixed
    }

    /// The sets whose last report is failing, and of whose named cases not all have passed since.
    pub(super) fn failing(&self) -> impl Iterator<Item = &TestSet> {
        self.sets.values().filter(|set| {
            set.broken > 0
                && (set.failing.is_empty()
                    || set.failing.iter().any(|(_, hash)| !self.passes(*hash)))
        })
    }

    /// The last green report of as many tests before a set's last one.
    pub(super) fn good(&self, set: &TestSet) -> Option<StepId> {
        let sets = self.sets.values().filter(|s| s.framework == set.framework);
        let greens = sets
            .filter_map(|s| s.green)
            .filter(|(_, total)| *total >= set.total);
        greens
            .map(|(step, _)| step)
            .filter(|step| *step < set.step)
            .max()
    }

    /// Whether the last report that names a case says that it passed.
    pub(super) fn passes(&self, case: u64) -> bool {
        self.cases.get(&case).copied().unwrap_or(false)
    }
}

fn hash(framework: TestFramework, name: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    (framework, name).hash(&mut hasher);
    hasher.finish()
}
