use std::collections::BTreeSet;

use proptest::prelude::*;
use trace::StepId;

use super::*;
use crate::gold::GoldRun;

fn set(onsets: &[u32]) -> Set {
    let runs = onsets.iter().enumerate();
    Set {
        name: "made up".to_owned(),
        runs: runs
            .map(|(at, onset)| {
                let onset = StepId::new(*onset);
                GoldRun {
                    run: format!("run-{at:03}"),
                    task: format!("task-{at:03}"),
                    step_count: Some(20),
                    onset: Some(onset),
                    accepted: onset.into_iter().collect(),
                    incorrect: Some(onset.into_iter().collect()),
                    ..GoldRun::default()
                }
            })
            .collect(),
        notes: Vec::new(),
    }
}

fn say(set: &Set, step: impl Fn(usize, &GoldRun) -> Option<u32>) -> Vec<Prediction> {
    let runs = set.runs.iter().enumerate();
    runs.map(|(at, run)| {
        let onset = step(at, run).and_then(StepId::new);
        Prediction {
            run: run.run.clone(),
            onset: Some(onset),
            candidates: Some(onset.into_iter().collect()),
            incorrect: Some(onset.into_iter().collect::<BTreeSet<_>>()),
            ..Prediction::default()
        }
    })
    .collect()
}

fn right(run: &GoldRun) -> Option<u32> {
    run.onset.flatten().map(StepId::get)
}

#[test]
fn a_clear_gain_is_more_than_noise_and_a_small_one_is_not() {
    let set = set(&[5; 30]);
    let wrong = say(&set, |_, _| Some(9));
    let clear = compare(&set, &wrong, &say(&set, |_, run| right(run)));
    let exact = clear
        .figures
        .iter()
        .find(|f| f.key == "onset_exact")
        .unwrap();
    assert!(exact.more_than_noise && exact.p < 0.001, "{exact:?}");
    assert!(
        clear.conclusion.contains("better in onset: exact (+1.000)"),
        "{}",
        clear.conclusion
    );
    assert!(clear.runs.iter().all(|run| run.turn == Turn::Better));
    let one = say(&set, |at, run| if at == 3 { right(run) } else { Some(9) });
    let small = compare(&set, &wrong, &one);
    assert!(
        small
            .conclusion
            .starts_with("No difference that is more than noise")
    );
    assert_eq!(small.runs.len(), 1);
    assert_eq!(small.runs[0].onset, ["5", "9", "5"]);
}

#[test]
fn a_missing_prediction_is_worse_and_is_counted() {
    let set = set(&[5; 4]);
    let all = say(&set, |_, run| right(run));
    let found = compare(&set, &all, &all[1..]);
    assert_eq!(found.missing, [0, 1]);
    assert_eq!(found.runs[0].turn, Turn::Worse);
}

proptest! {
    // Ten thousand swaps a figure take their time.
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn a_system_does_not_differ_from_itself(
        onsets in proptest::collection::vec(0_u32..20, 1..10),
        said in proptest::collection::vec(proptest::option::of(1_u32..20), 10),
    ) {
        let set = set(&onsets);
        let system = say(&set, |at, _| said[at]);
        let found = compare(&set, &system, &system);
        prop_assert!(found.runs.is_empty());
        prop_assert!(found.conclusion.starts_with("No difference: "));
        for figure in found.figures {
            prop_assert!(figure.difference.abs() < 1e-12);
            prop_assert!(!figure.more_than_noise);
            prop_assert!((figure.p - 1.0).abs() < 1e-12);
        }
    }
}
