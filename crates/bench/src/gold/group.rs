//! Which runs belong together.
//!
//! Runs of one task are not independent: whoever trains on one and tests on another tests on what
//! was trained on. So folds are made, and intervals may be drawn, by task. A row that states its
//! task (`task_name`) is believed. Else the task is worked out of the run's name, here and nowhere
//! else, in this order:
//!
//! 1. a trailing trial number of eight hexadecimal digits goes;
//! 2. everything up to the model's name goes, where the name holds the model of any row of the
//!    benchmark or one of [`MODELS`], written `Provider__Model`;
//! 3. one of [`LAUNCHERS`] goes, if the name begins with it;
//! 4. a trailing `.easy`, `.medium` or `.hard` goes: variants of one task share their solution.
//!
//! A name none of this fits is its own task. `--group` says otherwise, for all runs or run by run.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::{GoldRun, LoadError};

/// Models whose names stand in the run names of public collections, for files that name no models.
const MODELS: &[&str] = &[
    "Anthropic__Claude-Sonnet-4-20250514-Thinking",
    "DeepSeek__DeepSeek-V3.2",
    "Moonshot__Kimi-K2-250905",
    "MoonshotAI__Kimi-K2-250905",
    "OpenAI__GPT-5",
    "Qwen__Qwen3-Coder-480B-A35B-Instruct",
];

/// What public collections put before a task's name.
const LAUNCHERS: &[&str] = &["cc-c4-", "cc-coder-", "cc-gpt5-", "instance_"];

/// Endings that name a variant of a task.
const VARIANTS: &[&str] = &[".easy", ".medium", ".hard"];

/// What makes a group.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Grouping {
    /// The task, stated or worked out of the name.
    #[default]
    Task,
    /// Every run is on its own.
    Run,
    /// The agent, stated by the row.
    Agent,
    /// The model, stated by the row.
    Model,
    /// The group of each run by its name; runs not named keep their task.
    Named(BTreeMap<String, String>),
}

impl Grouping {
    /// The grouping a word names, or the one a file spells out: a run's name, a tab and its group on
    /// every line.
    ///
    /// # Errors
    /// A word that is neither known nor a file, or a line without a tab.
    pub fn parse(said: &str) -> Result<Self, LoadError> {
        match said {
            "task" => return Ok(Self::Task),
            "run" => return Ok(Self::Run),
            "agent" => return Ok(Self::Agent),
            "model" => return Ok(Self::Model),
            _ => {}
        }
        let path = Path::new(said).to_owned();
        let text = std::fs::read_to_string(&path).map_err(|source| LoadError::Io {
            path: path.clone(),
            source,
        })?;
        let mut groups = BTreeMap::new();
        for (at, line) in text.lines().enumerate().filter(|(_, l)| !l.is_empty()) {
            let Some((run, group)) = line.split_once('\t') else {
                return Err(LoadError::Malformed {
                    path,
                    what: format!("line {}: expected a run, a tab and its group", at + 1),
                });
            };
            groups.insert(run.trim().to_owned(), group.trim().to_owned());
        }
        Ok(Self::Named(groups))
    }

    fn of(&self, run: &GoldRun) -> Option<String> {
        match self {
            Self::Task => None,
            Self::Run => Some(run.run.clone()),
            Self::Agent => run.agent.clone(),
            Self::Model => run.model.clone(),
            Self::Named(groups) => groups.get(&run.run).cloned(),
        }
    }
}

/// Gives every run its group.
pub(super) fn assign(runs: &mut [&mut GoldRun], grouping: &Grouping) {
    let mut models: BTreeSet<String> = MODELS.iter().map(|&model| model.to_owned()).collect();
    let stated = runs.iter().filter_map(|run| run.model.as_ref());
    models.extend(stated.map(|model| model.replace('/', "__")));
    for run in runs.iter_mut() {
        if run.task.is_empty() {
            run.task = task_of(&run.run, &models);
        }
        if let Some(group) = grouping.of(run) {
            run.task = group;
        }
    }
}

/// The task a run's name speaks of.
fn task_of(run: &str, models: &BTreeSet<String>) -> String {
    let mut name = run;
    if let Some((rest, trial)) = name.rsplit_once('-')
        && trial.len() == 8
        && trial.bytes().all(|b| b.is_ascii_hexdigit())
    {
        name = rest;
    }
    let after = |model: &String| {
        let (_, task) = name.split_once(model.as_str())?;
        task.strip_prefix('-').filter(|task| !task.is_empty())
    };
    // The longest model name that fits leaves the least of it standing.
    if let Some(task) = models
        .iter()
        .filter_map(after)
        .min_by_key(|task| task.len())
    {
        name = task;
    }
    for part in LAUNCHERS {
        name = name.strip_prefix(part).unwrap_or(name);
    }
    for part in VARIANTS {
        name = name.strip_suffix(part).unwrap_or(name);
    }
    if name.is_empty() { run } else { name }.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_one_task_share_a_group_whoever_made_them() {
        let models = BTreeSet::from(["OpenAI__GPT-5".to_owned(), "OpenAI__GPT-5-Mini".to_owned()]);
        let task = |run: &str| task_of(run, &models);
        assert_eq!(
            task("miniswe-OpenAI__GPT-5-sort-words-0a1b2c3d"),
            "sort-words"
        );
        assert_eq!(task("other-OpenAI__GPT-5-Mini-sort-words"), "sort-words");
        assert_eq!(task("cc-c4-sort-words.hard"), "sort-words");
        assert_eq!(task("instance_lib__lib-12"), "lib__lib-12");
        assert_eq!(task("cc-c4-"), "cc-c4-");
        assert_eq!(task("anything else"), "anything else");
    }

    #[test]
    fn a_grouping_overrules_the_name_and_a_stated_task_does_too() {
        let run = |name: &str, task: &str| GoldRun {
            run: name.to_owned(),
            task: task.to_owned(),
            agent: Some("a".to_owned()),
            ..GoldRun::default()
        };
        let mut runs = [run("cc-c4-x", ""), run("cc-c4-y", "stated")];
        let groups = |runs: &[GoldRun]| runs.iter().map(|r| r.task.clone()).collect::<Vec<_>>();
        assign(&mut runs.iter_mut().collect::<Vec<_>>(), &Grouping::Task);
        assert_eq!(groups(&runs), ["x", "stated"]);
        let named = Grouping::Named(BTreeMap::from([("cc-c4-x".to_owned(), "z".to_owned())]));
        assign(&mut runs.iter_mut().collect::<Vec<_>>(), &named);
        assert_eq!(groups(&runs), ["z", "stated"]);
        assign(&mut runs.iter_mut().collect::<Vec<_>>(), &Grouping::Agent);
        assert_eq!(groups(&runs), ["a", "a"]);
    }
}
