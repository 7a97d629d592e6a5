//! Whether what was found is a run at all: that somebody worked, not that a list has the shape of
//! calls.
//!
//! The documentation of an interface, a test suite and the log of a service have names, parameters
//! and outcomes as well. In a run somebody speaks, or a small set of tools is used again and again,
//! as times or separate answers show.

use std::collections::{BTreeSet, HashSet};

use trace::{ActionKind, Step, Trajectory};

use super::lexicon::{self, path_fit};
use crate::extractor::Extraction;
use crate::learned::map::{Container, FieldMap, Says};
use crate::learned::path::Path;
use crate::learned::score::{Score, ratio};

/// From how many steps on the names of tools must come again.
const LEAST_STEPS: usize = 8;
/// How many different tools there are at most, as a share of the steps nobody understands.
const MOST_TOOLS: f64 = 0.5;

/// From how many tools on their coming again is no accident.
const SEVERAL_TOOLS: usize = 3;

/// Why `readings` by `map` are no runs; `None` when they may be.
pub(super) fn missing(map: &FieldMap, readings: &[Extraction], score: &Score) -> Option<String> {
    // The labels of a text for people say who acts, and are asked for where they are read.
    if matches!(map.records.container, Container::Markdown | Container::Log) {
        return None;
    }
    let known = ratio(score.meant, score.steps) >= 0.5;
    let runs = readings.iter().flat_map(|reading| {
        let run = &reading.trajectory;
        std::iter::once(run).chain(run.descendants())
    });
    let runs: Vec<&Trajectory> = runs.collect();
    let steps = || runs.iter().flat_map(|run| &run.steps);
    let tools: BTreeSet<&str> = steps().map(|step| step.action.tool.as_str()).collect();
    if !known && score.steps >= LEAST_STEPS && ratio(tools.len(), score.steps) > MOST_TOOLS {
        return Some("names that hardly come again are no tools".to_owned());
    }
    if says_words(map) && runs.iter().any(|run| speaks(run)) {
        return None;
    }
    let meanings: HashSet<_> = steps()
        .filter(|step| step.action.kind != ActionKind::Other)
        .map(|step| std::mem::discriminant(&step.action.kind))
        .collect();
    let apart = map
        .rules
        .iter()
        .any(|rule| matches!(rule.says, Says::Result(_)));
    let timed = ratio(score.timed, score.steps) >= 0.5;
    let toolbox = tools.len() > 1 && tools.len() * 2 <= score.steps;
    // Several tools that come again and again are a toolbox even where nothing else is told.
    let varied = toolbox && tools.len() >= SEVERAL_TOOLS;
    if varied || (known || toolbox) && (apart || timed || meanings.len() > 1) {
        return None;
    }
    Some("nobody speaks, and too little is done with tools that are known".to_owned())
}

/// Whether some rule takes for words what is named like words; any sentence may be a description.
fn says_words(map: &FieldMap) -> bool {
    map.rules.iter().any(|rule| match &rule.says {
        Says::TextCall { .. } => true,
        Says::User { text } | Says::Say { text } | Says::Think { text } => {
            text.iter().any(is_of_words) || !rule.when.is_empty() || !rule.which.is_empty()
        }
        _ => false,
    })
}

fn is_of_words(path: &Path) -> bool {
    [lexicon::WORDS, lexicon::REASONING, lexicon::THOUGHTS]
        .iter()
        .any(|names| path_fit(path, names) > 0.0)
}

fn speaks(run: &Trajectory) -> bool {
    let said = |step: &Step| !step.thought.is_empty() || !step.reasoning.is_empty();
    run.task.is_some() || run.final_message.is_some() || run.steps.iter().any(said)
}
