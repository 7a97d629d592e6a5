//! Changes made after looking at output that was cut off.

use std::collections::HashSet;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use super::{Signal, Suspicion, Watch, at, each_step};
use crate::case::Case;
use crate::evidence::{of_action, of_observation};
use crate::facts::authored::start;
use crate::facts::file::file_name;
use crate::facts::phrase::{first, phrases};

/// What is looked for, made ready once.
static CUT: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    phrases(&[
        "output too long",
        "output of your last command was too long",
        "output truncated",
        "output was truncated",
        "truncated output",
        "characters truncated",
        "characters elided",
        "chars truncated",
        "lines truncated",
        "lines omitted",
        "response clipped",
        "output limited to",
    ])
});
/// For so many steps the cut output is what the agent goes by.
const MEMORY: usize = 6;

/// Changes made after looking at output that was cut off.
pub(super) struct PartialView;

impl Signal for PartialView {
    fn name(&self) -> &'static str {
        "partial_view"
    }

    fn watch<'c>(&self, case: &'c Case<'_>) -> Option<Watch<'c>> {
        let index = case.index;
        let mut cut: Option<(usize, usize, HashSet<String>)> = None;
        each_step(move |step, found| {
            let n = step.id.index();
            if cut.as_ref().is_some_and(|(from, ..)| n - from > MEMORY) {
                cut = None;
            }
            let change = step.reading.effect.kind.is_change();
            if let (true, Some((from, byte, _))) = (change, &cut)
                && let Some(looked) = at(index, *from)
            {
                let near = 1.0 / f64::from(u32::try_from(n - from).unwrap_or(u32::MAX));
                found.extend(Suspicion::new(
                    step,
                    0.4 + 0.6 * near,
                    format!("decides after step {}, whose output was cut off", looked.id),
                    [
                        of_action(&step.step),
                        of_observation(&looked.step, &(*byte..*byte + 1)),
                    ],
                ));
            }
            let shown = start(step.step.observed());
            let names: HashSet<String> = step
                .reading
                .effect
                .reads
                .iter()
                .map(|path| file_name(path).to_owned())
                .collect();
            if let (false, Some(byte)) = (change, first(CUT.as_ref(), shown)) {
                cut = Some((n, byte, names));
            } else if cut.as_ref().is_some_and(|(.., missed)| {
                !missed.is_empty() && missed.iter().all(|name| names.contains(name))
            }) {
                // Looked again, and this time all of it came.
                cut = None;
            }
        })
    }
}
