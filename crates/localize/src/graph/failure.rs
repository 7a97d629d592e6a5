//! What shows at the end of a run that it failed or is not done.
//!
//! Only the run's own steps are asked, never a recorded outcome. Of a run that ends clean there is none.

use std::collections::BTreeMap;

use analysis::activity::Activity;
use analysis::{Index, IndexedStep};
use trace::{ActionKind, StepId};

use super::build::{Build, Facts};
use super::claim::{ClaimKind, claims, surrender};
use super::files::How;
use super::node::NodeId;
use super::problem::{Problem, TestSet, weight};
use super::purpose::{Doing, Purpose};
use super::unmet::unmet;
use crate::contract::Audit;
use crate::evidence::{Citation, of_action, of_observation, of_outcome, of_thought};

/// Failures that are kept: the ones that speak loudest.
const MOST: usize = 24;
/// Failures below this speak for nothing.
const FAINT: f64 = 0.1;

/// How a failure shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FailureKind {
    /// The last report of a test set has failing tests.
    FailingTests,
    /// Something was tried, failed and never came to work.
    OpenError,
    /// Something was started and hung, ran out of time or was stopped before it was done.
    Stuck,
    /// A file that was to be there was looked for and is not.
    MissingResult,
    /// A demand of the task is contradicted, unmet or was never touched.
    UnmetDemand,
    /// The agent asserts what an earlier step shows to be wrong.
    ContradictedClaim,
    /// The run ends in the middle of its work.
    CutOff,
    /// The agent stops and says that the work is not done.
    GaveUp,
}

impl FailureKind {
    /// The name as it stands in printed graphs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::FailingTests => "failing_tests",
            Self::OpenError => "open_error",
            Self::Stuck => "stuck",
            Self::MissingResult => "missing_result",
            Self::UnmetDemand => "unmet_demand",
            Self::ContradictedClaim => "contradicted_claim",
            Self::CutOff => "cut_off",
            Self::GaveUp => "gave_up",
        }
    }
}

/// An observed failure.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// How it shows.
    pub kind: FailureKind,
    /// The step that shows it.
    pub step: StepId,
    /// The last step that can have had a part in it: the same, or of what does not stand at the end of
    /// the run the last one.
    pub end: StepId,
    /// How strongly it speaks for a failed run, between 0 and 1.
    pub strength: f64,
    /// What was seen, in a clause that names files and commands.
    pub why: String,
    /// What the reader can open to check it; never empty.
    pub evidence: Vec<Citation>,
    /// What had a part in it, from which it is followed back.
    pub roots: Vec<NodeId>,
    /// The last step before in which the same worked: what is wrong came after it.
    pub good: Option<StepId>,
    /// What failed, by which it is known again when it is tried later.
    pub(super) about: About,
}

/// What an observed failure is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum About {
    /// How the run ends as a whole.
    Ending,
    /// Tests; so many of them fail.
    Tests(u32),
    /// Something that was tried.
    Tried(Purpose),
    /// A demand of the task, by its number.
    Demand(u16),
    /// What a step showed, against which something else is asserted.
    Shown(StepId),
}

/// The observed failures of a run, the strongest first.
pub(super) fn observe(index: &Index<'_>, build: &Build, audit: &Audit) -> Vec<Failure> {
    let mut found: Vec<Failure> = Vec::new();
    found.extend(
        build
            .tests
            .failing()
            .filter_map(|set| failing_tests(index, build, set)),
    );
    for tried in together(build) {
        found.extend(open_problem(index, build, &tried));
    }
    for (step, purpose) in build.processes.unfinished() {
        let why = format!(
            "`{}` was started in the background and never seen to end",
            purpose.key
        );
        let stuck = at(index, step, FailureKind::Stuck, 0.5, why, of_action);
        found.extend(stuck.map(|failure| Failure {
            about: About::Tried(purpose.clone()),
            ..failure
        }));
    }
    found.extend(unmet(index, build, audit));
    found.extend(contradicted(index, build));
    found.extend(ending(index, build));
    found.retain(|failure| failure.strength >= FAINT);
    found.sort_by(|a, b| {
        b.strength
            .total_cmp(&a.strength)
            .then(a.step.cmp(&b.step))
            .then(a.kind.cmp(&b.kind))
    });
    found.truncate(MOST);
    found
}

fn at(
    index: &Index<'_>,
    step: StepId,
    kind: FailureKind,
    strength: f64,
    why: String,
    cite: impl FnOnce(&trace::Step) -> Option<Citation>,
) -> Option<Failure> {
    let indexed = index.step(step)?;
    let evidence = cite(&indexed.step).or_else(|| of_action(&indexed.step))?;
    Some(Failure {
        kind,
        step,
        end: step,
        strength,
        why,
        evidence: vec![evidence],
        roots: vec![NodeId::Step(step)],
        good: None,
        about: About::Ending,
    })
}

fn failing_tests(index: &Index<'_>, build: &Build, set: &TestSet) -> Option<Failure> {
    let failing: Vec<&str> = set
        .failing
        .iter()
        .filter(|(_, hash)| !build.tests.passes(*hash))
        .map(|(name, _)| name.as_str())
        .collect();
    let why = match failing.as_slice() {
        [] => format!(
            "{} of {} tests fail in their last report",
            set.broken, set.total
        ),
        [one] => format!("`{one}` fails in the last report of its tests"),
        [one, rest @ ..] => format!(
            "`{one}` and {} more fail in the last report of their tests",
            (set.broken as usize).max(rest.len() + 1) - 1
        ),
    };
    let changed = build
        .facts
        .iter()
        .take(set.step.index())
        .any(Facts::changes);
    let strength = if !changed {
        // Seen before anything was changed: the state the run was given.
        0.3
    } else if set.from_the_start {
        0.6
    } else {
        0.85
    };
    let cite = |step: &trace::Step| of_observation(step, &set.span);
    let failure = at(
        index,
        set.step,
        FailureKind::FailingTests,
        strength,
        why,
        cite,
    )?;
    Some(Failure {
        roots: set.roots.clone(),
        good: build.tests.good(set),
        about: About::Tests(set.broken),
        ..failure
    })
}

/// The open problems; of packages that one step failed to install the first stands for all.
fn together(build: &Build) -> Vec<Tried<'_>> {
    let mut found: Vec<Tried<'_>> = Vec::new();
    let mut installing: BTreeMap<StepId, usize> = BTreeMap::new();
    for (_, problem) in build.problems.open() {
        if problem.purpose.doing == Doing::Install {
            if let Some(&at) = installing.get(&problem.last) {
                found[at].others += 1;
                continue;
            }
            installing.insert(problem.last, found.len());
        }
        found.push(Tried { problem, others: 0 });
    }
    found
}

/// An open problem, and how many others are told with it.
struct Tried<'b> {
    problem: &'b Problem,
    others: usize,
}

fn open_problem(index: &Index<'_>, build: &Build, tried: &Tried<'_>) -> Option<Failure> {
    let problem = tried.problem;
    let key = match tried.others {
        0 => format!("`{}`", problem.purpose.key),
        more => format!("`{}` with {more} more", problem.purpose.key),
    };
    let (kind, why) = match (problem.purpose.doing, problem.stuck) {
        (Doing::Have, _) => {
            let name = problem.purpose.object();
            (
                FailureKind::MissingResult,
                format!("`{name}` is not there when it is looked for"),
            )
        }
        (_, true) => (
            FailureKind::Stuck,
            format!("{key} was stopped before it was done and never worked afterwards"),
        ),
        (_, false) if problem.tries > 1 => (
            FailureKind::OpenError,
            format!(
                "{key} failed {} times and never worked afterwards",
                problem.tries
            ),
        ),
        _ => (
            FailureKind::OpenError,
            format!("{key} failed and never worked afterwards"),
        ),
    };
    // What works later may do the same in another way.
    let later = build.last_worked.is_some_and(|at| at > problem.last);
    let share = if later { 0.5 } else { 1.0 } * if is_scratch(build, problem) { 0.5 } else { 1.0 };
    let strength = weight(problem) * share;
    let cite = |step: &trace::Step| of_observation(step, &problem.span);
    let failure = at(index, problem.last, kind, strength, why, cite)?;
    let mut roots = problem.roots.clone();
    roots.extend(problem.failed.iter().map(|step| NodeId::Step(*step)));
    let good = problem.good;
    Some(Failure {
        roots,
        good,
        about: About::Tried(problem.purpose.clone()),
        ..failure
    })
}

/// True when what failed is a program of the run's own that says little of its work: one that is not
/// handed in but removed, or that failed before anything else was written, as the one that shows the
/// fault in question does.
fn is_scratch(build: &Build, problem: &Problem) -> bool {
    if !matches!(problem.purpose.doing, Doing::Run | Doing::Test) {
        return false;
    }
    let Some(last) = build.files.present(problem.purpose.object()) else {
        return false;
    };
    let last = build.files.versions[last as usize];
    let own = last.writer.is_some() && !build.demanded.has(problem.purpose.object());
    own && (last.how == How::Gone || build.files.leads(last.file, problem.last))
}

/// The last assertion that something shown before it contradicts, and that nothing backs since.
fn contradicted(index: &Index<'_>, build: &Build) -> Option<Failure> {
    let open = |at: &&StepId| {
        let facts = build.facts.get(at.index());
        facts.is_some_and(|facts| facts.fixed.is_none())
    };
    let (claim, &against) = build
        .claims
        .iter()
        .rev()
        .find_map(|claim| Some((claim, claim.against.iter().rev().find(open)?)))?;
    let said = match claim.kind {
        ClaimKind::Passes => "says that the tests pass",
        ClaimKind::Works => "says that it works",
        ClaimKind::Fixed => "says that it is fixed",
        ClaimKind::Done => "says that it is done",
    };
    let why = format!("the agent {said}, but step {against} failed and was not put right");
    let cite = |step: &trace::Step| claim.cite(step);
    let mut failure = at(
        index,
        claim.step,
        FailureKind::ContradictedClaim,
        0.5,
        why,
        cite,
    )?;
    failure.about = About::Shown(against);
    let shown = index.step(against)?;
    failure.evidence.extend(of_outcome(&shown));
    failure.roots.push(NodeId::Step(against));
    let open = build.problems.open().find(|(_, p)| p.last == against);
    let sets = build.tests.failing().find(|set| set.step == against);
    if let Some((_, problem)) = open {
        failure.roots.extend(problem.roots.iter().copied());
        failure.good = problem.good;
    } else if let Some(set) = sets {
        failure.roots.extend(set.roots.iter().copied());
        failure.good = build.tests.good(set);
    }
    Some(failure)
}

/// How a run ends that does not end with its work handed in.
fn ending(index: &Index<'_>, build: &Build) -> Option<Failure> {
    let last = index.steps().next_back()?;
    let closing = index.trajectory.final_message.as_deref();
    let text = match &last.step.action.kind {
        ActionKind::Finish { text } | ActionKind::Message { text } if !text.is_empty() => text,
        _ => closing.unwrap_or(&last.step.thought),
    };
    let commits = build.facts.last().is_some_and(|facts| facts.commits) || closing.is_some();
    if commits {
        let worked = build.facts.iter().any(Facts::changes);
        surrender(text, worked).filter(|_| claims(text).is_empty())?;
        let why = "the agent stops and says that it is not done".to_owned();
        return at(index, last.id, FailureKind::GaveUp, 0.5, why, |step| {
            surrender(&step.thought, worked)
                .map_or_else(|| of_action(step), |at| of_thought(step, at))
        });
    }
    if !claims(&last.step.thought).is_empty() {
        return None;
    }
    let (strength, why) = breaks_off(&last)?;
    let failure = at(
        index,
        last.id,
        FailureKind::CutOff,
        strength,
        why.to_owned(),
        of_action,
    )?;
    let recent = index.steps().rev().skip(1).take(8);
    let change = recent
        .into_iter()
        .find(|step| step.reading.effect.kind.is_change());
    let mut roots = failure.roots.clone();
    roots.extend(change.map(|step| NodeId::Step(step.id)));
    Some(Failure { roots, ..failure })
}

fn breaks_off(last: &IndexedStep<'_>) -> Option<(f64, &'static str)> {
    let does = |activity| last.reading.activities.contains(&activity);
    if last.step.observation.is_none() {
        Some((0.5, "the run breaks off before this step has answered"))
    } else if last.outcome.status == trace::StepStatus::Failed {
        Some((0.5, "the run breaks off after this step failed"))
    } else if does(Activity::Test) || does(Activity::Run) {
        None
    } else if last.reading.effect.kind.is_change() {
        Some((
            0.4,
            "the run breaks off after a change that nothing checked",
        ))
    } else {
        Some((0.3, "the run breaks off while the agent is looking around"))
    }
}
