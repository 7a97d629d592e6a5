//! Reasons for suspicion, one file each.

mod admission;
mod contradicted_demand;
mod deliverable;
mod dropped_demand;
mod fabrication;
mod false_claim;
mod missing_path;
mod past_goal;
mod peak_fall;
mod regression;
mod rejected_edit;
mod repetition;
mod rewritten_edit;
mod substituted_result;
mod unmet_demand;
mod unrepaired_failure;
mod unverified_change;

use analysis::{Index, IndexedStep};
use trace::{ErrorKind, StepId};

use crate::case::Case;
use crate::evidence::{Citation, of_observation};

/// Every signal, one line each; the order does not matter.
#[must_use]
pub fn signals() -> &'static [&'static dyn Signal] {
    &[
        &deliverable::Deliverable,
        &unrepaired_failure::UnrepairedFailure,
        &regression::Regression,
        &rewritten_edit::RewrittenEdit,
        &repetition::Repetition,
        &missing_path::MissingPath,
        &rejected_edit::RejectedEdit,
        &unverified_change::UnverifiedChange,
        &false_claim::FalseClaim,
        &admission::Admission,
        &fabrication::Fabrication,
        &past_goal::PastGoal,
        &unmet_demand::UnmetDemand,
        &contradicted_demand::ContradictedDemand,
        &dropped_demand::DroppedDemand,
        &substituted_result::SubstitutedResult,
        &peak_fall::PeakFall,
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

    /// Looks at a whole run; linear in its size. The recorded outcome is not for signals.
    fn measure(&self, case: &Case<'_>) -> Vec<Suspicion>;
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
fn steps_with_error(
    index: &Index<'_>,
    kind: ErrorKind,
    strength: f64,
    why: &str,
) -> Vec<Suspicion> {
    index
        .steps()
        .filter_map(|step| {
            let error = step
                .outcome
                .errors
                .iter()
                .find(|error| error.kind == kind)?;
            let proof = of_observation(&step.step, &error.span);
            Suspicion::new(&step, strength, why.to_owned(), [proof])
        })
        .collect()
}

/// The step at an index counted from 0.
fn at<'i>(index: &'i Index<'_>, at: usize) -> Option<IndexedStep<'i>> {
    index.step(StepId::from_index(at))
}
