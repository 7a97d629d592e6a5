//! Own admissions in a later thought.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use super::{Signal, Suspicion, Watch, at, each_step};
use crate::case::Case;
use crate::evidence::{of_action, of_thought};
use crate::facts::phrase::{first, phrases};

/// What is looked for, made ready once.
static WORDS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    phrases(&[
        "i made a mistake",
        "that was wrong",
        "my mistake",
        "i was wrong",
        "i misunderstood",
        "was incorrect",
    ])
});

/// Own admissions in a later thought.
pub(super) struct Admission;

impl Signal for Admission {
    fn name(&self) -> &'static str {
        "admission"
    }

    fn watch<'c>(&self, case: &'c Case<'_>) -> Option<Watch<'c>> {
        let index = case.index;
        let mut last_change = None;
        each_step(move |step, found| {
            if let Some(said) = first(WORDS.as_ref(), &step.step.thought)
                && let Some(change) = last_change.and_then(|n| at(index, n))
            {
                found.extend(Suspicion::new(
                    &change,
                    0.5,
                    format!("step {} admits a mistake", step.id),
                    [of_action(&change.step), of_thought(&step.step, said)],
                ));
            }
            if step.reading.effect.kind.is_change() {
                last_change = Some(step.id.index());
            }
        })
    }
}
