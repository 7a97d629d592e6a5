//! A file written again under another name for the same purpose.

use std::collections::HashMap;

use super::{Signal, Suspicion, at};
use crate::case::Case;
use crate::evidence::of_action;

/// Words by which a second version of a file is told from the first.
const VERSION_WORDS: &[&str] = &[
    "new",
    "final",
    "fixed",
    "fix",
    "simple",
    "simpler",
    "better",
    "improved",
    "alt",
    "alternative",
    "minimal",
    "updated",
    "correct",
    "corrected",
    "proper",
    "working",
    "robust",
    "fast",
    "full",
    "complete",
    "clean",
    "v",
    "version",
    "attempt",
    "try",
    "copy",
    "my",
    "smart",
    "optimized",
    "comprehensive",
    "direct",
    "standalone",
    "continue",
    "revised",
];

/// A file written again under another name for the same purpose.
pub(super) struct RenamedRewrite;

impl Signal for RenamedRewrite {
    fn name(&self) -> &'static str {
        "renamed_rewrite"
    }

    fn measure(&self, case: &Case<'_>) -> Vec<Suspicion> {
        let history = &case.history;
        let mut first: HashMap<String, (u32, usize)> = HashMap::new();
        let mut found = Vec::new();
        for (n, facts) in history.steps() {
            for &file in facts.whole {
                let name = history.name(file);
                if history.is_aside(file) {
                    continue;
                }
                let Some(core) = core(name) else { continue };
                let (other, earlier) = *first.entry(core).or_insert((file, n));
                if other == file || earlier == n {
                    continue;
                }
                let (Some(before), Some(step)) = (at(case.index, earlier), at(case.index, n))
                else {
                    continue;
                };
                found.extend(Suspicion::new(
                    &before,
                    0.6,
                    format!("step {} writes it anew as `{name}`", step.id),
                    [of_action(&before.step), of_action(&step.step)],
                ));
                found.extend(Suspicion::new(
                    &step,
                    0.5,
                    format!("writes `{}` anew as `{name}`", history.name(other)),
                    [of_action(&step.step), of_action(&before.step)],
                ));
            }
        }
        found.sort_by_key(|suspicion| suspicion.step);
        found
    }
}

/// A file's name without what tells versions apart; `None` when nothing else is left.
fn core(name: &str) -> Option<String> {
    let (stem, ending) = name.rsplit_once('.')?;
    let words: Vec<String> = stem
        .split(['_', '-', '.'])
        .map(|word| {
            word.trim_end_matches(|c: char| c.is_ascii_digit())
                .to_ascii_lowercase()
        })
        .filter(|word| !word.is_empty() && !VERSION_WORDS.contains(&word.as_str()))
        .collect();
    (!words.is_empty()).then(|| format!("{}.{ending}", words.join("_")))
}
