use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use trace::{Phase, StepId};

use super::calibration::{Event, calibration_error, reliability, risk_area, risk_coverage};
use super::*;
use crate::gold::{GoldStage, error_stages};

fn step(number: u32) -> StepId {
    StepId::new(number).unwrap()
}

fn set(numbers: &[u32]) -> BTreeSet<StepId> {
    numbers.iter().map(|n| step(*n)).collect()
}

fn stage(id: u32, start: u32, end: u32, phase: Phase) -> GoldStage {
    GoldStage {
        id,
        start: step(start),
        end: step(end),
        phase: Some(phase),
    }
}

fn labelled(onset: Option<u32>, accepted: &[u32], incorrect: &[u32]) -> GoldRun {
    let stages = vec![
        stage(1, 1, 4, Phase::InspectionDebugging),
        stage(2, 5, 8, Phase::Patching),
        stage(3, 9, 10, Phase::Verification),
    ];
    let incorrect = set(incorrect);
    GoldRun {
        run: format!("{onset:?}"),
        step_count: Some(10),
        onset: Some(onset.map(step)),
        accepted: set(accepted),
        error_stages: Some(error_stages(&stages, &incorrect)),
        stages: Some(stages),
        incorrect: Some(incorrect),
        change_steps: Some(set(&[5, 6, 7])),
        error_type: onset.map(|_| "environment_setup".to_owned()),
        ..GoldRun::default()
    }
}

fn said(onset: Option<u32>, candidates: &[u32], incorrect: &[u32], confidence: f64) -> Prediction {
    Prediction {
        step_count: Some(10),
        onset: Some(onset.map(step)),
        candidates: Some(candidates.iter().map(|n| step(*n)).collect()),
        incorrect: Some(set(incorrect)),
        stages: Some(vec![
            stage(1, 1, 5, Phase::InspectionDebugging),
            stage(2, 6, 10, Phase::Patching),
        ]),
        change_steps: Some(set(&[5, 6, 9])),
        error_type: Some(onset.map(|_| "environment_setup".to_owned())),
        confidence: Some(confidence),
        ..Prediction::default()
    }
}

/// Four runs whose figures are worked out by hand below: one right, one near, one rightly silent,
/// one without a prediction.
fn scene() -> (Vec<GoldRun>, Vec<Option<Prediction>>) {
    let gold = vec![
        labelled(Some(6), &[6], &[6, 7]),
        labelled(Some(5), &[4, 5], &[5]),
        labelled(None, &[], &[]),
        labelled(Some(9), &[9], &[9, 10]),
    ];
    let predictions = vec![
        Some(said(Some(6), &[6, 2], &[6, 8], 0.9)),
        Some(said(Some(4), &[4, 1, 5], &[4], 0.6)),
        Some(said(None, &[3], &[], 0.2)),
        None,
    ];
    (gold, predictions)
}

fn figures(gold: &[GoldRun], predictions: &[Option<Prediction>]) -> BTreeMap<&'static str, f64> {
    let rows: Vec<Row<'_>> = gold
        .iter()
        .zip(predictions)
        .map(|(gold, prediction)| Row {
            gold,
            prediction: prediction.as_ref(),
        })
        .collect();
    all()
        .filter_map(|metric| Some((metric.key, metric.figure(&rows)?)))
        .collect()
}

#[test]
fn figures_are_what_they_are_by_hand() {
    let (gold, predictions) = scene();
    let figures = figures(&gold, &predictions);
    let third = 1.0 / 3.0;
    for (key, expected) in [
        // Of three runs with an onset one is hit, one missed by one step, one not predicted.
        ("onset_exact", third),
        ("onset_accepted", 2.0 * third),
        ("onset_within_1", 2.0 * third),
        ("onset_within_3", 2.0 * third),
        ("onset_top_1", third),
        ("onset_top_3", 2.0 * third),
        // 1, 1/3 and 0.
        ("onset_mrr", (1.0 + third) / 3.0),
        // 1, 3 and, nothing being ranked, the middle of 1..10.
        ("onset_mean_rank", (1.0 + 3.0 + 5.5) / 3.0),
        ("verdict_right", 0.75),
        ("abstains_without_onset", 1.0),
        ("names_onset", 2.0 * third),
        ("exact_when_named", 0.5),
        // F1 0.5, 0, nothing against nothing, 0.
        ("incorrect_f1_all", 0.125),
        ("incorrect_precision_all", 0.125),
        ("incorrect_recall_all", 0.125),
        ("incorrect_f1_positive", 0.5 / 3.0),
        ("incorrect_f1_onset", 0.5 / 3.0),
        ("incorrect_f1_empty1", 1.5 / 4.0),
        // One hit of three flags and five labels.
        ("incorrect_precision_pooled", third),
        ("incorrect_recall_pooled", 0.2),
        ("incorrect_f1_pooled", 2.0 / 8.0),
        // Step 6 lies in stage 2 of the onset; 4 in stage 1, not 2.
        ("onset_stage", third),
        // Error stages: 2 (two of four), none (one of four), none, 3 (two of two).
        ("error_stage", 0.5),
        // Predicted from {6, 8}: stage 2.
        ("error_stages_f1", 0.5),
        ("error_type", 2.0 * third),
        // 8 of 10 three times, 0 of 10 once.
        ("change_accuracy", 24.0 / 40.0),
        // Two hits of three and three, three times; three labels and seven wrong flags once.
        ("change_f1", 12.0 / 28.0),
        // Steps 1-4 and 6-8 agree.
        ("phase_accuracy", 21.0 / 40.0),
        // Boundaries {5, 9} and {6}: precision 1, recall 1/2.
        ("boundary_f1", 3.0 * 2.0 * third / 4.0),
        ("step_count", 0.75),
        ("brier_exact", 0.185),
        ("brier_accepted", 0.085),
    ] {
        let found = figures.get(key).copied();
        assert!(
            found.is_some_and(|found| (found - expected).abs() < 1e-12),
            "{key}: {found:?}, expected {expected}"
        );
    }
    // Nobody labelled unuseful steps, and no cost is known.
    assert!(!figures.contains_key("unuseful_f1_all"));
    assert!(!figures.contains_key("tokens"));
}

#[test]
fn what_a_system_does_not_speak_about_is_not_scored() {
    let (gold, _) = scene();
    let steps_only = Prediction {
        incorrect: Some(set(&[6, 7])),
        ..Prediction::default()
    };
    let figures = figures(&gold, &[Some(steps_only), None, None, None]);
    assert!(!figures.contains_key("onset_exact"));
    assert!((figures["incorrect_f1_positive"] - 1.0 / 3.0).abs() < 1e-12);
    // Its first incorrect step stands for what it holds responsible.
    assert!((figures["onset_stage"] - 1.0 / 3.0).abs() < 1e-12);
}

#[test]
fn reliability_and_risk_are_what_they_are_by_hand() {
    let (gold, predictions) = scene();
    let rows: Vec<Row<'_>> = gold
        .iter()
        .zip(&predictions)
        .map(|(gold, prediction)| Row {
            gold,
            prediction: prediction.as_ref(),
        })
        .collect();
    let exact = Event::Exact.forecasts(&rows);
    assert_eq!(exact.len(), 2);
    let bins = reliability(&exact);
    assert_eq!(bins.len(), 2);
    assert!((bins[0].from - 0.6).abs() < 1e-12 && bins[0].frequency == 0.0);
    // |0.6 - 0| and |0.9 - 1|, one forecast each.
    assert!((calibration_error(&exact).unwrap() - 0.35).abs() < 1e-12);
    let curve = risk_coverage(&exact);
    assert_eq!((curve[0].coverage, curve[0].risk), (0.5, 0.0));
    assert_eq!((curve[1].coverage, curve[1].risk), (1.0, 0.5));
    assert!((risk_area(&exact).unwrap() - 0.25).abs() < 1e-12);
    assert_eq!(calibration_error(&[]), None);
}

fn some_run() -> impl Strategy<Value = GoldRun> {
    let ids = || proptest::collection::vec(1_u32..=10, 0..5);
    (proptest::option::of(1_u32..=10), ids(), ids()).prop_map(|(onset, mut accepted, incorrect)| {
        accepted.extend(onset);
        GoldRun {
            unuseful: Some(set(&accepted)),
            ..labelled(onset, &accepted, &incorrect)
        }
    })
}

fn some_prediction() -> impl Strategy<Value = Option<Prediction>> {
    let ids = || proptest::collection::vec(1_u32..=12, 0..5);
    let prediction = (
        proptest::option::of(1_u32..=12),
        ids(),
        ids(),
        0.0..=1.0_f64,
    )
        .prop_map(|(onset, candidates, incorrect, confidence)| Prediction {
            unuseful: Some(set(&candidates)),
            ..said(onset, &candidates, &incorrect, confidence)
        });
    proptest::option::of(prediction)
}

/// The labels themselves as a prediction.
fn perfect(gold: &GoldRun) -> Prediction {
    Prediction {
        run: gold.run.clone(),
        step_count: gold.step_count,
        onset: gold.onset,
        candidates: Some(gold.onset.flatten().into_iter().collect()),
        incorrect: gold.incorrect.clone(),
        unuseful: gold.unuseful.clone(),
        stages: gold.stages.clone(),
        change_steps: gold.change_steps.clone(),
        error_type: Some(gold.error_type.clone()),
        confidence: Some(1.0),
        ..Prediction::default()
    }
}

proptest! {
    #[test]
    fn shares_stay_between_0_and_1_and_order_does_not_matter(
        rows in proptest::collection::vec((some_run(), some_prediction()), 0..12)
    ) {
        let (gold, predictions): (Vec<_>, Vec<_>) = rows.iter().cloned().unzip();
        let forwards = figures(&gold, &predictions);
        let (gold, predictions): (Vec<_>, Vec<_>) = rows.into_iter().rev().unzip();
        let backwards = figures(&gold, &predictions);
        for metric in all() {
            match (forwards.get(metric.key), backwards.get(metric.key)) {
                (Some(one), Some(other)) => {
                    prop_assert!((one - other).abs() < 1e-9, "{}", metric.key);
                    prop_assert!(!metric.share || (0.0..=1.0).contains(one), "{}", metric.key);
                    prop_assert!(one.is_finite());
                }
                (one, other) => prop_assert_eq!(one, other),
            }
        }
    }

    #[test]
    fn the_labels_themselves_score_best(gold in proptest::collection::vec(some_run(), 1..8)) {
        let predictions: Vec<_> = gold.iter().map(|gold| Some(perfect(gold))).collect();
        let figures = figures(&gold, &predictions);
        for metric in all() {
            // Anything empty scores 0 there, by definition.
            if metric.key.ends_with("_all") || metric.key == "incorrect_f1_onset" {
                continue;
            }
            let Some(found) = figures.get(metric.key) else { continue };
            let pooled_nothing = metric.key.ends_with("_pooled") && *found == 0.0;
            let nobody = gold.iter().all(|run| run.incorrect.as_ref().is_some_and(BTreeSet::is_empty));
            let no_unuseful = gold.iter().all(|run| run.unuseful.as_ref().is_some_and(BTreeSet::is_empty));
            if pooled_nothing && (nobody || no_unuseful) {
                continue;
            }
            // The labels of incorrect steps need not lie where the onset does.
            if metric.key == "error_stage" {
                continue;
            }
            let best = match metric.better {
                Better::Higher => 1.0,
                Better::Lower => f64::from(u8::from(metric.key == "onset_mean_rank")),
            };
            prop_assert!((found - best).abs() < 1e-12, "{} {found}", metric.key);
        }
    }
}
