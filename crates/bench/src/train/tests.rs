use std::collections::BTreeSet;

use localize::column::columns;
use localize::model::{Model, Row, Table, task_digest};
use trace::StepId;

use super::*;
use crate::gold::{GoldRun, Set};

fn column(name: &str) -> usize {
    columns().iter().position(|c| *c == name).unwrap()
}

/// A run of four steps: the onset is the one that `regression` speaks of, `near_repetition` speaks of
/// another.
fn sample(task: &str, at: usize) -> Sample {
    let (onset, other) = (at % 4, (at + 1) % 4);
    let (loud, beside) = (column("regression"), column("near_repetition"));
    let rows = (0..4).map(|step| {
        let mut strengths = vec![(column("does_change"), 1.0)];
        if step == onset {
            strengths.push((loud, 1.0));
        }
        if step == other {
            strengths.push((beside, 1.0));
        }
        strengths.sort_by_key(|(column, _)| *column);
        Row {
            step: StepId::from_index(step),
            strengths,
        }
    });
    let gold = GoldRun {
        run: format!("{task}-{at}"),
        task: task.to_owned(),
        onset: Some(Some(StepId::from_index(onset))),
        incorrect: Some(BTreeSet::from([StepId::from_index(onset)])),
        solved: Some(false),
        step_count: Some(4),
        ..GoldRun::default()
    };
    let table = Table {
        rows: rows.collect(),
    };
    Sample::new(&gold, table, Some(false), &BTreeSet::new())
}

fn samples() -> Vec<Sample> {
    let tasks = ["a", "b", "c", "d"].into_iter();
    tasks
        .flat_map(|task| (0..3).map(move |at| sample(task, at)))
        .collect()
}

fn fitted(samples: &[Sample]) -> Model {
    fit(&samples.iter().collect::<Vec<_>>(), &Settings::default())
}

#[test]
fn a_fit_finds_what_tells_the_onset_and_says_what_it_saw() {
    let samples = samples();
    let model = fitted(&samples);
    assert!(model.onset.weights["regression"] > model.onset.weights["near_repetition"]);
    assert!(
        model.onset.weights["near_repetition"] >= 0.0,
        "a stated sign stays"
    );
    let seen = &model.training;
    assert_eq!(
        (seen.onset_runs, seen.incorrect_runs, seen.outcome_runs),
        (12, 12, 12)
    );
    assert_eq!(seen.saw("a"), Some(true));
    assert_eq!(seen.saw("e"), Some(false));
    assert_eq!(fitted(&samples), model, "the same again");
    // All runs failed: that is not taken for certain.
    let judged = Unseen::new(&samples[0], &model).blind;
    assert!(judged.failed < 0.999, "{judged:?}");
}

#[test]
fn nothing_of_a_task_reaches_the_model_that_judges_it() {
    let mut samples = samples();
    let of_a = |samples: &[Sample]| models_by_task(samples, &Settings::default())["a"].clone();
    let before = of_a(&samples);
    assert!(!before.training.tasks.contains(&task_digest("a")));
    assert_eq!(before.training.onset_runs, 9);
    for sample in samples.iter_mut().filter(|sample| sample.task == "a") {
        sample.onset = Some(None);
        sample.incorrect = Some(sample.table.rows.iter().map(|row| row.step).collect());
        sample.failed = Some(false);
        sample.resolved = Some(true);
        sample.table.rows.truncate(1);
    }
    assert_eq!(of_a(&samples), before, "calibration included");
}

#[test]
fn a_run_that_two_files_label_is_of_one_task() {
    let mut samples = vec![
        sample("x", 0),
        sample("y", 0),
        sample("z", 1),
        sample("y", 2),
    ];
    join_tasks(&mut samples, &[1, 1, 2, 3]);
    let tasks: Vec<&str> = samples.iter().map(|s| s.task.as_str()).collect();
    assert_eq!(tasks, ["x", "x", "z", "x"]);
    // Over several links as well, in whatever order.
    let mut samples = vec![
        sample("m", 0),
        sample("k", 0),
        sample("k", 1),
        sample("q", 1),
        sample("a", 2),
        sample("q", 2),
    ];
    join_tasks(&mut samples, &[1, 1, 2, 2, 3, 3]);
    assert!(samples.iter().all(|s| s.task == "a"));
}

#[test]
fn labels_of_effects_alone_are_judged_but_teach_nothing() {
    let mut samples = samples();
    let known = digest(&samples);
    let whole = fitted(&samples);
    let mut strange = sample("e", 0);
    (strange.onset, strange.incorrect, strange.failed) = (None, None, None);
    samples.push(strange);
    assert_eq!(digest(&samples), known);
    let models = models_by_task(&samples, &Settings::default());
    assert_eq!(models["e"], whole);
    assert_eq!(cross_validate(&samples, &Settings::default()).len(), 13);
}

#[test]
fn little_or_nothing_to_learn_from_leaves_what_is_stated() {
    let none = fitted(&[]);
    assert_eq!(none.training.onset_runs, 0);
    assert_eq!(
        none.onset.by_column(),
        rounded(&Model::stated().onset.by_column())
    );
    assert_eq!(none.confidence, Model::stated().confidence);
    let mut empty = sample("a", 0);
    empty.table = Table::default();
    let model = fitted(&[empty.clone()]);
    let said = Unseen::new(&empty, &model);
    assert!(said.incorrect.is_empty() && said.judgement.onset.is_none());
    assert!(model.to_toml().is_ok());
    assert!(cross_validate(&[], &Settings::default()).is_empty());
}

fn rounded(weights: &[f64]) -> Vec<f64> {
    weights
        .iter()
        .map(|w| localize::model::fit::rounded(*w))
        .collect()
}

#[test]
fn an_ablation_leaves_out_what_it_says() {
    let samples = samples();
    let runs: Vec<GoldRun> = samples
        .iter()
        .map(|sample| GoldRun {
            run: sample.run.clone(),
            task: sample.task.clone(),
            onset: sample.onset,
            accepted: sample.onset.flatten().into_iter().collect(),
            step_count: Some(4),
            ..GoldRun::default()
        })
        .collect();
    let sets = [Set {
        name: "made up".to_owned(),
        runs,
        notes: Vec::new(),
    }];
    let rows = ablate(&samples, &sets, &Settings::default());
    let exact = |name: &str| {
        let row = rows.iter().find(|row| row.signal == name).unwrap();
        let of = |side: &[Figures]| side[0].values[2].unwrap();
        (of(&row.without), of(&row.alone))
    };
    // In top 3 of 4: with the one signal that tells, always.
    assert!(exact("").0 > 0.99 && exact("regression").1 > 0.99);
    assert!(exact("regression").0 < 0.99, "{:?}", exact("regression"));
    let text = ablation_markdown(&rows);
    assert!(text.contains("## Ablation over `made up`") && text.contains("| regression |"));
    assert!(!text.contains("NaN"), "{text}");
}
