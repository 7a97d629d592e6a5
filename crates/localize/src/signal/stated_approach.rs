//! Changes that the agent announces as its approach.
//!
//! No fault in itself. Where an approach is chosen or said to be what the task wants, the run is committed
//! to it; a wrong one is seldom given up later.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use super::{Signal, Suspicion, Watch, each_change};
use crate::case::Case;
use crate::evidence::of_thought;
use crate::facts::phrase::{first, phrases};

/// What is looked for, made ready once.
static WORDS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    phrases(&[
        "the approach",
        "my approach",
        "this approach",
        "the strategy",
        "my strategy",
        "the plan is",
        "my plan",
        "the idea is",
        "based on",
        "according to the",
        "as specified",
        "as required",
        "as requested",
        "the requirements",
        "requirement is",
        "this should",
        "i have confidence",
    ])
});

/// Changes that the agent announces as its approach.
pub(super) struct StatedApproach;

impl Signal for StatedApproach {
    fn name(&self) -> &'static str {
        "stated_approach"
    }

    fn speaks_for_failure(&self) -> bool {
        false
    }

    fn watch<'c>(&self, _: &'c Case<'_>) -> Option<Watch<'c>> {
        each_change(move |step| {
            let said = first(WORDS.as_ref(), &step.step.thought)?;
            let why = "commits to an approach, by its own words".to_owned();
            Suspicion::new(step, 0.7, why, [of_thought(&step.step, said)])
        })
    }
}
