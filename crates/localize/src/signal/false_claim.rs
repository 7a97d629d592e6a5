//! Success claimed against evidence.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use super::{Signal, Suspicion};
use crate::case::Case;
use crate::evidence::{of_observation, of_thought};
use crate::phrase::{first, phrases};
use analysis::IndexedStep;
use trace::StepStatus;

/// What is looked for, made ready once.
static WORDS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    phrases(&[
        "successfully",
        "all tests pass",
        "task is complete",
        "works correctly",
    ])
});

/// Success claimed against evidence.
pub(super) struct FalseClaim;

impl Signal for FalseClaim {
    fn name(&self) -> &'static str {
        "false_claim"
    }

    fn measure(&self, case: &Case<'_>) -> Vec<Suspicion> {
        let index = case.index;
        let mut failed: Option<IndexedStep<'_>> = None;
        let mut found = Vec::new();
        for step in index.steps() {
            if let Some(failure) = &failed
                && let Some(at) = first(WORDS.as_ref(), &step.step.thought)
            {
                let span = failure
                    .outcome
                    .errors
                    .first()
                    .map_or(0..0, |e| e.span.clone());
                found.extend(Suspicion::new(
                    &step,
                    0.7,
                    format!("claims success though step {} had just failed", failure.id),
                    [
                        of_thought(&step.step, at),
                        of_observation(&failure.step, &span),
                    ],
                ));
            }
            failed = (step.outcome.status == StepStatus::Failed).then_some(step);
        }
        found
    }
}
