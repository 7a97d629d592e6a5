//! Work that says of itself that it is provisional.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use super::{Signal, Suspicion, Watch, each_step};
use crate::authored::texts;
use crate::case::Case;
use crate::evidence::{of_action, of_thought};
use crate::phrase::{first, phrases};

/// What is looked for, made ready once.
static WORDS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    phrases(&[
        "for now",
        "placeholder",
        "dummy",
        "heuristic",
        "approximat",
        "simplif",
        "simplistic",
        "in a real ",
        "real implementation",
        "assume that",
        "we assume",
        "assuming",
        "assumes",
        "rough estimate",
        "good enough",
        "not perfect",
        "workaround",
        "hardcode",
        "hard-code",
        "todo:",
    ])
});

/// Work that says of itself that it is provisional.
pub(super) struct Makeshift;

impl Signal for Makeshift {
    fn name(&self) -> &'static str {
        "makeshift"
    }

    fn watch<'c>(&self, _: &'c Case<'_>) -> Option<Watch<'c>> {
        each_step(move |step, found| {
            found.extend(
                Some(step)
                    .filter(|step| step.reading.effect.kind.is_change())
                    .and_then(|step| {
                        let said = first(WORDS.as_ref(), &step.step.thought);
                        let written = texts(&step.step)
                            .into_iter()
                            .any(|text| first(WORDS.as_ref(), text).is_some());
                        let strength = match (written, said) {
                            (true, Some(_)) => 0.9,
                            (true, None) => 0.7,
                            (false, Some(_)) => 0.4,
                            (false, None) => return None,
                        };
                        let why = "calls its own work provisional or an assumption".to_owned();
                        let thought = said.and_then(|at| of_thought(&step.step, at));
                        Suspicion::new(step, strength, why, [thought, of_action(&step.step)])
                    }),
            );
        })
    }
}
