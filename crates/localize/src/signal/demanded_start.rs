//! The first change that names a file or folder the task wants made.
//!
//! No fault in itself, and said once a run. Here the reading of the task becomes state: what is to be
//! made, by which means, in which form. Unlike what a step is known to write, the words of a command name
//! it whatever the program. What was there before is an input, unless the step writes it.

use std::collections::HashSet;

use aho_corasick::AhoCorasick;

use super::{Signal, Suspicion};
use crate::case::Case;
use crate::evidence::{of_action, of_action_line};
use crate::facts::authored::{start, texts};
use crate::facts::file::{file_name, names_in};
use analysis::activity::Activity;

/// So many names of one task are looked for.
const MOST_NAMES: usize = 500;
/// Folders of shorter names are called like others.
const SHORTEST_FOLDER: usize = 5;

/// The first change that names a file or folder the task wants made.
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
        let files = names_in(task).into_iter().filter(is_file);
        let mut names: Vec<&str> = files.chain(folders_in(task)).collect();
        names.sort_unstable();
        names.dedup();
        names.truncate(MOST_NAMES);
        let Ok(finder) = AhoCorasick::new(&names) else {
            return Vec::new();
        };
        let mut there: HashSet<usize> = HashSet::new();
        for step in case.index.steps() {
            let writes = &step.reading.effect.writes;
            let begins = |name: usize| {
                let wanted = names.get(name).copied();
                !there.contains(&name) || writes.iter().any(|path| wanted == Some(file_name(path)))
            };
            let written = writes.iter().map(String::as_str);
            let begun = texts(&step.step)
                .into_iter()
                .chain(written)
                .flat_map(|text| hits(&finder, text))
                .find(|(name, _)| begins(*name));
            if step.reading.effect.kind.is_change()
                && let Some((name, at)) = begun
            {
                let line = of_action_line(&step.step, at).or_else(|| of_action(&step.step));
                let name = names.get(name).copied().unwrap_or_default();
                let why = format!("begins the work on `{name}`, which the task names");
                return Suspicion::new(&step, 0.8, why, [line])
                    .into_iter()
                    .collect();
            }
            // What answers the agent's own words repeats them.
            if step.reading.activities.iter().any(|a| *a != Activity::Talk) {
                there.extend(hits(&finder, start(step.step.observed())).map(|(name, _)| name));
            }
        }
        Vec::new()
    }
}

/// The names of the folders a text mentions: words that end with a slash. The top of the file system and
/// short names are places where everything lies.
fn folders_in(text: &str) -> impl Iterator<Item = &str> {
    let around = |c: char| "`'\"()[]{}<>,;.:!?*".contains(c);
    text.split_whitespace()
        .map(move |word| word.trim_matches(around))
        .filter(|word| word.ends_with('/') && !word.contains("//"))
        .filter(|word| word.trim_matches('/').contains('/') || !word.starts_with('/'))
        .map(file_name)
        .filter(|name| name.len() >= SHORTEST_FOLDER)
}

/// The names that stand in a text, by number, and where.
fn hits<'t>(finder: &'t AhoCorasick, text: &'t str) -> impl Iterator<Item = (usize, usize)> + 't {
    finder
        .find_overlapping_iter(text)
        .filter(|hit| stands_alone(text, hit.start(), hit.end()))
        .map(|hit| (hit.pattern().as_usize(), hit.start()))
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
