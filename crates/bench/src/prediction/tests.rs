use std::fs;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn numbers(set: Option<&BTreeSet<StepId>>) -> Option<Vec<u32>> {
    set.map(|set| set.iter().map(|id| id.get()).collect())
}

fn one(item: Value) -> Prediction {
    let (mut found, notes) = read::from_items(&[item], None);
    assert_eq!((found.len(), notes.len()), (1, 0));
    found.remove(0)
}

#[test]
fn a_diagnosis_document_says_everything() {
    let said = one(json!({
        "run_id": "x/run", "path": "/data/x/run", "step_count": 9, "onset_step_id": null,
        "onset_candidates": [{"step_id": 4, "score": 0.5}, {"step_id": 2, "score": 0.1}],
        "incorrect_step_ids": [], "unuseful_step_ids": [3], "change_steps": [1, 4],
        "stages": [{"stage_id": 1, "start": 1, "end": 9, "phase": "patching", "suspicion": 0.1}],
        "labels": [{"step_id": 3, "verdict": "unuseful"}],
        "error_type": null, "confidence": 0.2, "engine": {"tokens": 12, "cost_usd": 0.5, "seconds": null},
    }));
    assert_eq!(said.onset, Some(None));
    assert_eq!(
        said.ranking().iter().map(|id| id.get()).collect::<Vec<_>>(),
        [4, 2]
    );
    assert_eq!(numbers(said.incorrect.as_ref()), Some(vec![]));
    assert_eq!(numbers(said.unuseful.as_ref()), Some(vec![3]));
    assert_eq!(
        (said.error_type.clone(), said.confidence),
        (Some(None), Some(0.2))
    );
    assert_eq!(
        (said.tokens, said.cost_usd, said.seconds),
        (Some(12.0), Some(0.5), None)
    );
    assert_eq!(said.stages.as_ref().map(Vec::len), Some(1));
}

#[test]
fn labels_by_stage_and_by_step_are_read_and_say_nothing_of_an_onset() {
    let stages = json!([{"stage_id": 2, "incorrect_step_ids": [5, 6], "unuseful_step_ids": [8], "reasoning": "…"}]);
    let items = [
        json!({"traj_id": "t", "incorrect_stages": stages}),
        json!({"traj_id": "t", "labels": stages}),
        json!({"traj_id": "t", "stages": stages.to_string()}),
        json!({"t": stages}),
        json!({"traj_id": "t", "labels": [
            {"step_id": 5, "verdict": "incorrect"}, {"step_id": 8, "verdict": "unuseful"},
            {"step_id": 6, "verdict": "incorrect"}, {"step_id": 7, "verdict": "correct"}]}),
    ];
    for item in items {
        let said = one(item.clone());
        assert_eq!(said.run, "t", "{item}");
        assert_eq!(numbers(said.incorrect.as_ref()), Some(vec![5, 6]), "{item}");
        assert_eq!(numbers(said.unuseful.as_ref()), Some(vec![8]), "{item}");
        assert_eq!(said.onset, None);
        assert_eq!(said.responsible(), StepId::new(5));
    }
    let nothing = one(json!({"traj_id": "t", "incorrect_stages": []}));
    assert_eq!(numbers(nothing.incorrect.as_ref()), Some(vec![]));
}

#[test]
fn a_folder_of_label_files_is_one_system_a_go() {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [
        (
            "r1--one",
            "[{\"stage_id\": 1, \"incorrect_step_ids\": [3]}]",
        ),
        ("r2--one", "[]"),
        (
            "r1--two",
            "[{\"stage_id\": 1, \"incorrect_step_ids\": [\"7\"]}]",
        ),
    ] {
        let run = folder.path().join("cases").join(name);
        fs::create_dir_all(&run).unwrap();
        fs::write(run.join("codetracer_labels.json"), text).unwrap();
    }
    let (found, notes) = load(folder.path()).unwrap();
    assert!(notes.is_empty());
    let apart = by_repetition(found);
    let names = |at: usize| {
        let said = apart[at].1.iter();
        said.map(|p| (p.run.as_str(), numbers(p.incorrect.as_ref()).unwrap()))
            .collect::<Vec<_>>()
    };
    assert_eq!(apart.len(), 2);
    assert_eq!(names(0), [("one", vec![3]), ("two", vec![7])]);
    assert_eq!(names(1), [("one", vec![])]);
}

#[test]
fn what_is_no_prediction_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("p.jsonl");
    fs::write(
        &file,
        "{\"run_id\": \"a\", \"incorrect\": [1]}\n{\"run_id\": \"b\"}\n3",
    )
    .unwrap();
    let (found, notes) = load(&file).unwrap();
    assert_eq!(found.len(), 1);
    assert!(notes[0].contains("2 of 3"), "{notes:?}");
    fs::write(&file, "{\"run_id\": \"b\"}").unwrap();
    assert!(load(&file).is_err());
}

fn some_json() -> impl Strategy<Value = Value> {
    let names = prop_oneof![
        Just("run_id"),
        Just("traj_id"),
        Just("onset"),
        Just("onset_step_id"),
        Just("labels"),
        Just("incorrect_stages"),
        Just("incorrect_step_ids"),
        Just("step_id"),
        Just("verdict"),
        Just("stages"),
        Just("start"),
        Just("end"),
        Just("engine"),
        Just("step_count"),
        Just("path"),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[\\[{a0-9.\"/ -]{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 48, 5, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            proptest::collection::vec((names.clone(), inner), 0..6)
                .prop_map(|fields| fields.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()),
        ]
    })
}

proptest! {
    #[test]
    fn no_rows_make_the_loaders_panic(items in proptest::collection::vec(some_json(), 0..4)) {
        let (predictions, _) = read::from_items(&items, None);
        let set = crate::gold::from_rows("any".to_owned(), &items);
        let system = crate::report::System::new("any", predictions);
        let report = crate::report::report(&[set], &[system], &[]);
        prop_assert!(report.markdown().starts_with("# Benchmark"));
        for figure in report.sets.iter().flat_map(|set| &set.systems).flat_map(|s| &s.figures) {
            let share = crate::metric::by_key(figure.key).is_some_and(|metric| metric.share);
            prop_assert!(!share || (0.0..=1.0 + 1e-9).contains(&figure.value), "{:?}", figure);
        }
    }
}

#[test]
fn a_model_that_did_not_conclude_says_nothing() {
    let document = |concluded: bool| {
        json!({"run_id": "a", "onset_step_id": 3, "incorrect_step_ids": [3],
               "engine": {"name": "agent", "inquiry": {"concluded": concluded, "calls": 1,
                          "input_tokens": 10, "output_tokens": 1}}})
    };
    let (said, _) = from_items(&[document(true), document(false)], None);
    assert_eq!(said.len(), 1);
    assert!((said[0].asked.unwrap().input_tokens - 10.0).abs() < f64::EPSILON);
}
