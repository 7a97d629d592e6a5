use super::fit::{
    Answered, Graded, Prior, Ranked, fit_calibration, fit_logistic, fit_onset, rounded,
};
use super::*;
use trace::StepId;

fn row(at: usize, strengths: &[(usize, f64)]) -> Row {
    Row {
        step: StepId::from_index(at),
        strengths: strengths.to_vec(),
    }
}

/// Runs whose onset is the one row with column 0; column 1 speaks of the others.
fn separable(runs: usize) -> Vec<Table> {
    (0..runs)
        .map(|run| Table {
            rows: (0..4)
                .map(|at| row(at, &[(usize::from(at != run % 4), 1.0)]))
                .collect(),
        })
        .collect()
}

fn ranked(tables: &[Table]) -> Vec<Ranked<'_>> {
    let all = tables.iter().enumerate();
    all.map(|(run, table)| Ranked {
        table,
        onset: (0..4)
            .map(|at| f64::from(u8::from(at == run % 4)))
            .collect(),
    })
    .collect()
}

fn free(columns: usize) -> Prior {
    Prior::around(&vec![0.0; columns])
}

#[test]
fn what_tells_onsets_apart_gets_its_sign() {
    let tables = separable(8);
    let weights = fit_onset(&ranked(&tables), &free(3), 0.1);
    assert!(weights[0] > 1.0 && weights[1] < -1.0, "{weights:?}");
    // Nothing speaks of the third column: it stays where it was drawn to.
    assert!(weights[2].abs() < 1e-9, "{weights:?}");
    let best = shares(&tables[2], &weights);
    assert!(best[2] > 0.9, "{best:?}");
}

#[test]
fn a_ridge_draws_to_what_was_stated() {
    let tables = separable(4);
    let prior = Prior {
        centre: vec![1.5, -0.5],
        sign: vec![1, -1],
    };
    let at = |ridge| fit_onset(&ranked(&tables), &prior, ridge);
    let (loose, held) = (at(0.1), at(1e6));
    assert!(loose[0] > 2.0, "{loose:?}");
    assert!((held[0] - 1.5).abs() < 1e-3 && (held[1] + 0.5).abs() < 1e-3);
    // Without a single run what was stated stands.
    assert_eq!(fit_onset(&[], &prior, 1.0), prior.centre);
}

#[test]
fn no_label_turns_a_stated_sign() {
    let tables = separable(8);
    // Stated the wrong way round: the data pull to the other side, and are stopped at 0.
    let weights = fit_onset(&ranked(&tables), &Prior::around(&[-1.0, 1.0]), 0.01);
    assert_eq!(
        weights.iter().map(|w| rounded(*w)).collect::<Vec<_>>(),
        [0.0, 0.0]
    );
    let rows: Vec<Row> = (0..20).map(|at| row(at, &[(at % 2, 1.0)])).collect();
    let answers: Vec<Answered<'_>> = rows
        .iter()
        .enumerate()
        .map(|(at, row)| Answered {
            row,
            yes: at % 2 == 0,
            weight: 1.0,
        })
        .collect();
    let (_, weights) = fit_logistic(&answers, &Prior::around(&[-1.0, 1.0]), 0.01);
    assert!(weights[0] <= 0.0 && weights[1] >= 0.0, "{weights:?}");
    let (_, weights) = fit_logistic(&answers, &free(2), 0.01);
    assert!(weights[0] > 1.0 && weights[1] < -1.0, "{weights:?}");
}

#[test]
fn an_intercept_learns_how_often_it_is_so() {
    let rows: Vec<Row> = (0..100).map(|at| row(at, &[])).collect();
    let answers: Vec<Answered<'_>> = rows
        .iter()
        .enumerate()
        .map(|(at, row)| Answered {
            row,
            yes: at % 5 == 0,
            weight: 1.0,
        })
        .collect();
    let (intercept, _) = fit_logistic(&answers, &free(1), 0.001);
    assert!((probability(intercept) - 0.2).abs() < 0.01, "{intercept}");
    let (intercept, weights) = fit_logistic(&[], &free(1), 1.0);
    assert!(intercept.abs() < 1e-6 && weights[0].abs() < 1e-6);
}

#[test]
fn rows_that_are_all_alike_share_the_suspicion() {
    let table = Table {
        rows: (0..1000).map(|at| row(at, &[(0, 1.0)])).collect(),
    };
    let alike = shares(&table, &[1e6]);
    assert!(alike.iter().all(|share| (share - 0.001).abs() < 1e-12));
    assert!(shares(&Table::default(), &[1.0]).is_empty());
    let weights = fit_onset(
        &[Ranked {
            table: &table,
            onset: vec![0.001; 1000],
        }],
        &Prior::around(&[1.0]),
        1.0,
    );
    assert!((weights[0] - 1.0).abs() < 1e-6, "{weights:?}");
}

#[test]
fn confidence_means_how_often() {
    let graded = |share: f64, right: bool| Graded {
        share: bounded_log_odds(share),
        failed: bounded_log_odds(0.8),
        right,
    };
    // Shares that promise far too much: one in five is right.
    let loud: Vec<Graded> = (0..200).map(|at| graded(0.9, at % 5 == 0)).collect();
    let calibration = fit_calibration(&loud);
    let sure = calibration.confidence(0.9, 0.8);
    assert!((sure - 0.2).abs() < 0.05, "{sure} {calibration:?}");
    // More share is never less sure, even if the labels were against it.
    let against: Vec<Graded> = (0..100)
        .map(|at| graded(f64::from(at) / 100.0, at < 50))
        .collect();
    let calibration = fit_calibration(&against);
    assert!(
        calibration.share >= 0.0 && calibration.failed >= 0.0,
        "{calibration:?}"
    );
    assert!(calibration.confidence(0.9, 0.5) >= calibration.confidence(0.1, 0.5));
    // Nothing to learn from: as stated, and finite at the ends.
    let stated = fit_calibration(&[]);
    assert_eq!(stated, Model::stated().confidence);
    for share in [0.0, 1.0] {
        for failed in [0.0, 1.0] {
            assert!(stated.confidence(share, failed).is_finite());
        }
    }
    // A lone suspect carries all the suspicion there is; that makes nothing certain.
    assert!(stated.confidence(1.0, 0.5) <= 0.95 + 1e-9);
    let one_sided: Vec<Graded> = (0..9).map(|_| graded(1.0, true)).collect();
    assert!(fit_calibration(&one_sided).confidence(1.0, 1.0) < 1.0);
}

#[test]
fn the_shipped_model_is_one() {
    assert!(TRAINED.is_empty() || Model::from_toml(TRAINED).is_ok());
    let stated: Weights = toml::from_str(STATED).unwrap();
    let strange: Vec<&String> = stated
        .keys()
        .filter(|name| !columns().contains(&name.as_str()))
        .collect();
    assert!(
        strange.is_empty(),
        "stated weights without a column: {strange:?}"
    );
    assert!(stated.values().all(|weight| weight.abs() <= 1.0));
}

#[test]
fn a_file_that_is_no_model_is_refused() {
    let text = Model::stated().to_toml().unwrap();
    assert_eq!(Model::from_toml(&text).unwrap(), Model::stated());
    let refused = |text: &str| Model::from_toml(text).unwrap_err().to_string();
    assert!(refused(&text.replace("model/1", "model/9")).contains("model/9"));
    let endless = text.replace("fine = 0.3", "fine = inf");
    assert!(refused(&endless).contains("bars.fine is not finite"));
    let mut model = Model::stated();
    model
        .onset
        .weights
        .insert("regression".to_owned(), f64::NAN);
    assert!(refused(&model.to_toml().unwrap()).contains("regression is not finite"));
}

#[test]
fn a_model_knows_the_tasks_it_has_seen_without_their_names() {
    let mut model = Model::stated();
    assert_eq!(model.training.saw("sort-words"), Some(false));
    model.training.data = "of something".to_owned();
    assert_eq!(model.training.saw("sort-words"), None);
    model.training.tasks.insert(task_digest("sort-words"));
    let text = model.to_toml().unwrap();
    assert!(!text.contains("sort-words"));
    let read = Model::from_toml(&text).unwrap();
    assert_eq!(read.training.saw("sort-words"), Some(true));
    assert_eq!(read.training.saw("count-words"), Some(false));
}

#[test]
fn only_what_shows_at_the_end_makes_a_failure_likely() {
    let mut model = Model::stated();
    model.failure.weights.insert("regression".to_owned(), 9.0);
    for (name, weight) in columns().iter().zip(model.failure_by_column()) {
        assert_eq!(weight > 0.0, *name == "observed_failure", "{name}");
    }
}
