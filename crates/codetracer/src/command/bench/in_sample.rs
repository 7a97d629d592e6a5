//! Whether the model has seen what it is scored on.

use std::collections::BTreeMap;
use std::path::Path;

use bench::gold::{GoldRun, Set, load};
use localize::model::Training;

/// Notes of every set how many of its runs are of tasks that the offline model was fitted to: over those the
/// figures say how well it was fitted, and not how well it does.
pub(super) fn note_in_sample(
    sets: &mut [Set],
    gold: &Path,
    training: &Training,
) -> anyhow::Result<()> {
    // Grouped otherwise, the sets do not know their tasks; both names count.
    let by_task = load(gold)?;
    let tasks: BTreeMap<&str, &str> = by_task
        .iter()
        .flat_map(|set| &set.runs)
        .map(|run| (run.run.as_str(), run.task.as_str()))
        .collect();
    for set in sets {
        let seen = |run: &&GoldRun| {
            let task = tasks.get(run.run.as_str()).copied();
            let names = task.into_iter().chain([run.task.as_str()]);
            names
                .into_iter()
                .any(|task| training.saw(task) != Some(false))
        };
        let known = set.runs.iter().filter(seen).count();
        if known > 0 {
            let all = set.runs.len();
            let which = if training.tasks.is_empty() {
                "the model does not say which tasks it was fitted to, so that all figures may be"
                    .to_owned()
            } else {
                format!(
                    "{known} of {all} runs are of tasks that the offline model was fitted to, so that the \
                     figures over them are"
                )
            };
            set.notes.push(format!(
                "{which} in-sample; `codetracer bench train` tells how it does on unseen tasks"
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use localize::model::task_digest;

    use super::*;

    /// What is noted of two runs of two tasks, grouped by run.
    fn notes(training: &Training) -> Vec<String> {
        let folder = tempfile::TempDir::new().unwrap();
        let gold = folder.path().join("gold.json");
        let rows = r#"[{"run": "one", "task_name": "sort", "onset": 1},
                       {"run": "two", "task_name": "count", "onset": 1}]"#;
        std::fs::write(&gold, rows).unwrap();
        let mut sets = bench::gold::load_with(&gold, &bench::gold::Grouping::Run).unwrap();
        note_in_sample(&mut sets, &gold, training).unwrap();
        sets.remove(0).notes
    }

    #[test]
    fn figures_over_training_tasks_are_said_to_be_in_sample() {
        let mut training = Training::default();
        assert!(notes(&training).is_empty(), "nothing was fitted");
        training.data = "of something".to_owned();
        assert!(notes(&training)[0].starts_with("the model does not say which tasks"));
        training.tasks.insert(task_digest("something else"));
        assert!(notes(&training).is_empty());
        training.tasks.insert(task_digest("sort"));
        assert_eq!(
            notes(&training),
            [
                "1 of 2 runs are of tasks that the offline model was fitted to, so that the figures over them are \
              in-sample; `codetracer bench train` tells how it does on unseen tasks"
            ]
        );
    }
}
