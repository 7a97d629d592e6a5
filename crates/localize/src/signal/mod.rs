//! Reasons for suspicion, one file each.

mod admission;
mod announced_success;
mod authored_text;
mod busy_terminal;
mod checked_at_once;
mod consequence;
mod contradicted_demand;
mod declared_done;
mod deliverable;
mod demanded_start;
mod demanded_work;
mod destroyed_input;
mod dropped_demand;
mod fabrication;
mod failed_install;
mod false_claim;
mod first_design;
mod first_on_path;
mod founding_version;
mod hang;
mod hasty_end;
mod housekeeping;
mod makeshift;
mod mangled_command;
mod missed_signal;
mod missing_path;
mod near_repetition;
mod observed_failure;
mod on_delivery_path;
mod on_failure_path;
mod partial_view;
mod past_goal;
mod peak_fall;
mod plan_cut;
mod programmed_write;
mod refused_call;
mod regression;
mod rejected_edit;
mod renamed_rewrite;
mod repeated_attempt;
mod repetition;
mod resignation;
mod returned_version;
mod reworked_file;
mod side_work;
mod stated_approach;
mod substituted_result;
mod surviving_version;
mod thrash;
mod unmet_demand;
mod unrepaired_failure;
mod unsourced_value;
mod unverified_change;
mod weakened_retry;
mod without_means;

use analysis::{Index, IndexedStep};
use trace::{ErrorKind, StepId};

use crate::case::Case;
use crate::evidence::{Citation, of_observation};

/// Every signal, one line each, by what it looks at; the order does not matter.
#[must_use]
pub fn signals() -> &'static [&'static dyn Signal] {
    &[
        &admission::Admission,
        &announced_success::AnnouncedSuccess,
        &makeshift::Makeshift,
        &fabrication::Fabrication,
        &resignation::Resignation,
        &stated_approach::StatedApproach,
        &without_means::WithoutMeans,
        &declared_done::DeclaredDone,
        &false_claim::FalseClaim,
        &deliverable::Deliverable,
        &founding_version::FoundingVersion,
        &surviving_version::SurvivingVersion,
        &returned_version::ReturnedVersion,
        &renamed_rewrite::RenamedRewrite,
        &reworked_file::ReworkedFile,
        &thrash::Thrash,
        &destroyed_input::DestroyedInput,
        &rejected_edit::RejectedEdit,
        &programmed_write::ProgrammedWrite,
        &side_work::SideWork,
        &authored_text::AuthoredText,
        &first_design::FirstDesign,
        &unsourced_value::UnsourcedValue,
        &partial_view::PartialView,
        &unrepaired_failure::UnrepairedFailure,
        &repetition::Repetition,
        &near_repetition::NearRepetition,
        &repeated_attempt::RepeatedAttempt,
        &weakened_retry::WeakenedRetry,
        &missing_path::MissingPath,
        &failed_install::FailedInstall,
        &refused_call::RefusedCall,
        &mangled_command::MangledCommand,
        &hang::Hang,
        &busy_terminal::BusyTerminal,
        &housekeeping::Housekeeping,
        &plan_cut::PlanCut,
        &regression::Regression,
        &unverified_change::UnverifiedChange,
        &checked_at_once::CheckedAtOnce,
        &consequence::Consequence,
        &past_goal::PastGoal,
        &hasty_end::HastyEnd,
        &demanded_start::DemandedStart,
        &demanded_work::DemandedWork,
        &unmet_demand::UnmetDemand,
        &contradicted_demand::ContradictedDemand,
        &dropped_demand::DroppedDemand,
        &substituted_result::SubstitutedResult,
        &peak_fall::PeakFall,
        &observed_failure::ObservedFailure,
        &on_failure_path::OnFailurePath,
        &first_on_path::FirstOnPath,
        &missed_signal::MissedSignal,
        &on_delivery_path::OnDeliveryPath,
    ]
}

/// One measured reason for suspicion.
pub trait Signal: Sync {
    /// The name that stands in the weights file and in explanations, such as `unrepaired_failure`.
    fn name(&self) -> &'static str;

    /// Whether the signal alone is a sign that the run failed. One that is not only helps to place
    /// a failure that something else speaks for.
    fn speaks_for_failure(&self) -> bool {
        true
    }

    /// Whether the signal speaks in favour of a step instead of against it; then its stated weight is
    /// negative.
    fn exculpates(&self) -> bool {
        false
    }

    /// How the signal looks at one step after another, where that is all it needs; `None` for a signal
    /// that measures in its own order. All that watch share one way through a run that is longer than
    /// memory. A signal has this or its own [`Self::measure`].
    fn watch<'c>(&self, _case: &'c Case<'_>) -> Option<Watch<'c>> {
        None
    }

    /// Looks at a whole run; linear in its size. The recorded outcome is not for signals.
    fn measure(&self, case: &Case<'_>) -> Vec<Suspicion> {
        let mut found = Vec::new();
        if let Some(mut watch) = self.watch(case) {
            for step in case.index.steps() {
                watch(&step, &mut found);
            }
        }
        found
    }
}

/// Takes the steps of a run in their order and adds what it holds against any of them so far.
pub type Watch<'c> = Box<dyn FnMut(&IndexedStep<'_>, &mut Vec<Suspicion>) + 'c>;

/// A watch that does this with every step.
#[allow(
    clippy::unnecessary_wraps,
    reason = "the answer of a signal that watches"
)]
fn each_step<'c>(
    look: impl FnMut(&IndexedStep<'_>, &mut Vec<Suspicion>) + 'c,
) -> Option<Watch<'c>> {
    Some(Box::new(look))
}

/// A watch that holds at most one thing against each step, and that against the step it looks at.
fn one_a_step<'c>(
    mut look: impl FnMut(&IndexedStep<'_>) -> Option<Suspicion> + 'c,
) -> Option<Watch<'c>> {
    each_step(move |step, found| found.extend(look(step)))
}

/// The same over steps that changed state; it looks at no other.
fn each_change<'c>(
    mut look: impl FnMut(&IndexedStep<'_>) -> Option<Suspicion> + 'c,
) -> Option<Watch<'c>> {
    one_a_step(move |step| {
        let changes = step.reading.effect.kind.is_change();
        changes.then(|| look(step)).flatten()
    })
}

/// What every signal holds against the steps, with the number of the signal in their list. Signals that
/// watch go through the run together; each signal's own suspicions come in its own order.
pub(crate) fn measure_all(case: &Case<'_>, mut take: impl FnMut(usize, Suspicion)) {
    let mut watches: Vec<(usize, Watch<'_>)> = Vec::new();
    for (number, signal) in signals().iter().enumerate() {
        match signal.watch(case) {
            Some(watch) => watches.push((number, watch)),
            None => {
                for suspicion in signal.measure(case) {
                    take(number, suspicion);
                }
            }
        }
    }
    let mut found = Vec::new();
    for step in case.index.steps() {
        for (number, watch) in &mut watches {
            watch(&step, &mut found);
            for suspicion in found.drain(..) {
                take(*number, suspicion);
            }
        }
    }
}

/// What a signal holds against one step.
#[derive(Debug, Clone, PartialEq)]
pub struct Suspicion {
    /// The step.
    pub step: StepId,
    /// How strongly the signal speaks, between 0 and 1.
    pub strength: f64,
    /// One sentence that says what was seen.
    pub why: String,
    /// What the reader can open to check it; never empty.
    pub evidence: Vec<Citation>,
}

impl Suspicion {
    /// A suspicion against a step; `None` when there is nothing to cite.
    fn new(
        step: &IndexedStep<'_>,
        strength: f64,
        why: String,
        evidence: impl IntoIterator<Item = Option<Citation>>,
    ) -> Option<Self> {
        let evidence: Vec<Citation> = evidence.into_iter().flatten().collect();
        (!evidence.is_empty()).then_some(Self {
            step: step.id,
            strength,
            why,
            evidence,
        })
    }
}

/// One suspicion for every step whose observation shows an error of this kind, citing its line.
fn steps_with_error<'c>(kind: ErrorKind, strength: f64, why: &'static str) -> Option<Watch<'c>> {
    each_step(move |step, found| {
        let mut errors = step.outcome.errors.iter();
        if let Some(error) = errors.find(|error| error.kind == kind) {
            let proof = of_observation(&step.step, &error.span);
            found.extend(Suspicion::new(step, strength, why.to_owned(), [proof]));
        }
    })
}

/// The step at an index counted from 0.
fn at<'i>(index: &'i Index<'_>, at: usize) -> Option<IndexedStep<'i>> {
    index.step(StepId::from_index(at))
}
