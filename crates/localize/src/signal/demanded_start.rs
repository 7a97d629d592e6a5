//! The first change that names a file the task names.
//!
//! No fault in itself. Here the reading of the task becomes state: what is to be in the file, by which
//! means, in which form. Unlike what a step is known to write, the words of a command name their file
//! whatever the program.

use std::collections::HashSet;

use aho_corasick::AhoCorasick;

use super::{Signal, Suspicion};
use crate::authored::texts;
use crate::case::Case;
use crate::demand::file_names_in;
use crate::evidence::{of_action, of_action_line};

/// So many names of one task are looked for.
const MOST_NAMES: usize = 500;

/// The first change that names a file the task names.
pub(super) struct DemandedStart;

impl Signal for DemandedStart {
    fn name(&self) -> &'static str {
        "demanded_start"
    }

    fn speaks_for_failure(&self) -> bool {
        false
    }

    fn measure(&self, case: &Case<'_>) -> Vec<Suspicion> {
        let task = case.index.trajectory.task.as_deref().unwrap_or_default();
        // What ends in a number is a version.
        let is_file = |name: &&str| !name.ends_with(|c: char| c.is_ascii_digit());
        let mut names: Vec<&str> = file_names_in(task).into_iter().filter(is_file).collect();
        names.sort_unstable();
        names.truncate(MOST_NAMES);
        let Ok(finder) = AhoCorasick::new(&names) else {
            return Vec::new();
        };
        let mut begun: HashSet<usize> = HashSet::new();
        let mut found = Vec::new();
        for step in case.index.steps() {
            if begun.len() == names.len() {
                break;
            }
            if !step.reading.effect.kind.is_change() {
                continue;
            }
            let mut first = None;
            let written = step.reading.effect.writes.iter().map(String::as_str);
            for text in texts(&step.step).into_iter().chain(written) {
                for hit in finder.find_overlapping_iter(text) {
                    let name = hit.pattern().as_usize();
                    if stands_alone(text, hit.start(), hit.end()) && begun.insert(name) {
                        first = first.or(Some((name, hit.start())));
                    }
                }
            }
            if let Some((name, at)) = first
                && let Some(name) = names.get(name)
            {
                let line = of_action_line(&step.step, at).or_else(|| of_action(&step.step));
                let why = format!("is the first change about `{name}`, which the task names");
                found.extend(Suspicion::new(&step, 0.8, why, [line]));
            }
        }
        found
    }
}

/// Whether a hit is a whole name and not a part of a longer one.
fn stands_alone(text: &str, start: usize, end: usize) -> bool {
    let joins = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    let before = text.get(..start).and_then(|t| t.chars().next_back());
    let mut after = text.get(end..).unwrap_or_default().chars();
    let next = after.next();
    let longer = next == Some('.') && after.next().is_some_and(char::is_alphanumeric);
    !before.is_some_and(|c| joins(c) || c == '.') && !next.is_some_and(joins) && !longer
}
