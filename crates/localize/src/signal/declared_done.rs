//! The step that declares the work done.
//!
//! No fault in itself: every run that ends of its own accord has one. In a run that failed it is the last
//! wrong decision, the one to stop with what there was.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use super::{Signal, Suspicion, Watch, each_step};
use crate::case::Case;
use crate::evidence::{action_text, of_action, of_thought};
use crate::facts::phrase::{first, phrases};
use crate::facts::plan::items;
use analysis::IndexedStep;
use analysis::activity::Activity;
use trace::ActionKind;

/// What is looked for, made ready once.
static WORDS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    phrases(&[
        "task is complete",
        "task complete",
        "task has been completed",
        "tasks completed",
        "tasks are complete",
        "completed the task",
        "successfully completed",
        "completed successfully",
        "all requirements",
        "is now complete",
        "is complete",
        "completion summary",
        "final summary",
    ])
});

/// The step that declares the work done.
pub(super) struct DeclaredDone;

impl Signal for DeclaredDone {
    fn name(&self) -> &'static str {
        "declared_done"
    }

    fn speaks_for_failure(&self) -> bool {
        false
    }

    fn watch<'c>(&self, _: &'c Case<'_>) -> Option<Watch<'c>> {
        // Said again it is the same decision: the first time of each stretch counts.
        let mut said = false;
        each_step(move |step, found| {
            let strength = declares(step);
            if let (Some(strength), false) = (strength, said) {
                let words = first(WORDS.as_ref(), &step.step.thought)
                    .and_then(|at| of_thought(&step.step, at));
                let why = "declares the work done".to_owned();
                let evidence = [words.or_else(|| of_action(&step.step))];
                found.extend(Suspicion::new(step, strength, why, evidence));
            }
            said = strength.is_some();
        })
    }
}

/// How clearly a step says that the work is done; `None` when it does not.
fn declares(step: &IndexedStep<'_>) -> Option<f64> {
    let does = |activity| step.reading.activities.contains(&activity);
    if does(Activity::Submit) || matches!(step.step.action.kind, ActionKind::Finish { .. }) {
        return Some(1.0);
    }
    let plan = items(&step.step);
    if !plan.is_empty() && plan.iter().all(|item| item.done) {
        return Some(1.0);
    }
    let talks = step.reading.activities.iter().all(|a| *a == Activity::Talk);
    let words = [step.step.thought.as_str(), action_text(&step.step)];
    let said = words
        .iter()
        .any(|text| first(WORDS.as_ref(), text).is_some());
    (talks && said).then_some(0.8)
}
