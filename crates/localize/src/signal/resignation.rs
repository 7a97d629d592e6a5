//! Words of giving up, where something is decided.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use super::{Signal, Suspicion, Watch, one_a_step};
use crate::case::Case;
use crate::evidence::of_thought;
use crate::facts::phrase::{first, phrases};
use analysis::activity::Activity;

/// What is looked for, made ready once.
static WORDS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    phrases(&[
        "final attempt",
        "last attempt",
        "one final",
        "one last",
        "one more approach",
        "struggling",
        "having trouble",
        "persistent",
        "too complex",
        "too complicated",
        "too difficult",
        "keeps failing",
        "keeps timing",
        "natural variance",
        "giving up",
        "give up",
        "best i can",
        "best we can",
        "not optimal",
        "isn't optimal",
        "not perfect",
        "rather than perfect",
        "as close as possible",
        "close enough",
        "good enough",
        "running out of time",
        "time constraint",
        "limited time",
        "given the constraints",
        "something reasonable",
        "move on",
        "moving on",
    ])
});

/// Words of giving up, where something is decided.
pub(super) struct Resignation;

impl Signal for Resignation {
    fn name(&self) -> &'static str {
        "resignation"
    }

    fn watch<'c>(&self, _: &'c Case<'_>) -> Option<Watch<'c>> {
        one_a_step(move |step| {
            Some(step)
                .filter(|step| {
                    step.reading.effect.kind.is_change()
                        || step.reading.activities.contains(&Activity::Submit)
                })
                .and_then(|step| {
                    let said = first(WORDS.as_ref(), &step.step.thought)?;
                    let why = "settles for less, by its own words".to_owned();
                    Suspicion::new(step, 0.7, why, [of_thought(&step.step, said)])
                })
        })
    }
}
