//! How close to done the run came, when, and what it lost again.
//!
//! Three things are measured where the run shows them: the passed share of the largest known test
//! suite, the share of the task's demands that are met, and, when it shows neither, the share of the
//! builds and programs that are asked more than once and work. Different suites are never added up.

mod check;
mod contract;
mod deliverable;
mod levels;
mod program;
mod service;
mod suite;

use analysis::activity::Activity;
use analysis::{Index, IndexedStep};
use trace::{Evidence, Peak, StepId, TurningKind, TurningPoint};

use crate::case::Case;
use crate::evidence::Citation;
use levels::Levels;

/// How many turning points are told; a run that loses more is told its first ones.
const TOLD: usize = 500;

/// How close a run came to its goal and what it lost.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Progress {
    /// Where the run was closest to done; `None` when nothing measures it.
    pub peak: Option<Peak>,
    /// What was lost, in step order.
    pub falls: Vec<Fall>,
}

/// A turning point and how much it lost.
#[derive(Debug, Clone, PartialEq)]
pub struct Fall {
    /// The point as the document tells it.
    pub point: TurningPoint,
    /// The share of what is known of its kind that was lost, between 0 and 1.
    pub share: f64,
    cited: Vec<Citation>,
}

impl Progress {
    /// The turning points for the document.
    #[must_use]
    pub fn turning_points(&self) -> Vec<TurningPoint> {
        self.falls.iter().map(|fall| fall.point.clone()).collect()
    }
}

/// Measures a run, in one pass over its steps.
#[must_use]
pub fn measure(case: &Case<'_>) -> Progress {
    let index = case.index;
    let task = index.trajectory.task.as_deref().unwrap_or_default();
    let mut suites = suite::Suites::default();
    let mut programs = program::Programs::new(task);
    let mut files = deliverable::Deliverables::new(task);
    let mut services = service::Services::default();
    let mut falls = Vec::new();
    let mut change: Option<IndexedStep<'_>> = None;
    let mut last = None;
    for step in index.steps() {
        last = Some(step.id);
        let changes = step.reading.effect.kind.is_change();
        // A step that changes something and then checks answers for itself; a build only checks.
        let own = changes && !step.reading.activities.iter().copied().all(only_checks);
        let before = if own { Some(&step) } else { change.as_ref() };
        suites.step(&step, before, &mut falls);
        programs.step(&step, before, &mut falls);
        files.step(&step, &mut falls);
        services.step(&step, &mut falls);
        if changes {
            change = Some(step);
        }
    }
    files.end(&mut falls);
    let Some(last) = last else {
        return Progress::default();
    };
    let broken = contract::falls(index, &case.contract, &falls);
    falls.extend(broken);
    let mut measures: Vec<Levels> = suites.levels().into_iter().collect();
    measures.extend(contract::levels(index, &case.contract));
    if measures.is_empty() {
        measures.extend(programs.levels());
    }
    let peak = levels::peak(&measures, last).map(|(best, cited)| Peak {
        evidence: quote(index, &cited),
        ..best
    });
    falls.retain(|fall| !only_renewed(&fall.point));
    falls.sort_by_key(|fall| fall.point.step_id);
    falls.truncate(TOLD);
    for fall in &mut falls {
        fall.point.evidence = quote(index, &fall.cited);
    }
    Progress { peak, falls }
}

/// True for what was taken away in order to put it back: a restart, a rebuild, a file written anew.
fn only_renewed(point: &TurningPoint) -> bool {
    /// Within this many steps.
    const AT_ONCE: u32 = 3;
    let taken_away = matches!(
        point.kind,
        TurningKind::DeliverableRemoved | TurningKind::ServiceStopped | TurningKind::DemandLost
    );
    let back = point.recovered_at;
    taken_away && back.is_some_and(|back| back.get().saturating_sub(point.step_id.get()) <= AT_ONCE)
}

fn only_checks(activity: Activity) -> bool {
    use Activity::{Build, Control, List, Probe, Read, Run, Search, Talk, Test};
    matches!(
        activity,
        Build | Control | List | Probe | Read | Run | Search | Talk | Test
    )
}

fn cite(cited: impl IntoIterator<Item = Option<Citation>>) -> Vec<Citation> {
    cited.into_iter().flatten().collect()
}

fn quote(index: &Index<'_>, cited: &[Citation]) -> Vec<Evidence> {
    cited.iter().filter_map(|c| c.quote(index)).collect()
}

/// True when a step comes after another.
fn after(step: StepId, earlier: Option<StepId>) -> bool {
    earlier.is_none_or(|earlier| step > earlier)
}
