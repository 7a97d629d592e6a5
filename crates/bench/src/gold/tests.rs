use std::io::Write as _;

use serde_json::json;

use super::*;

fn write(folder: &std::path::Path, name: &str, text: &str) {
    std::fs::File::create(folder.join(name))
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
}

fn step_ids(numbers: &[u32]) -> BTreeSet<StepId> {
    numbers.iter().filter_map(|n| StepId::new(*n)).collect()
}

#[test]
fn what_is_not_labelled_differs_from_what_is_labelled_empty() {
    let folder = tempfile::tempdir().unwrap();
    write(
        folder.path(),
        "labels.json",
        &json!([
            {"run": "b", "onset": null, "incorrect": [], "unuseful": null, "error_type": null},
            {"run": "a", "onset": 4, "onset_accept": [3], "incorrect": [4, 6], "step_count": 9,
             "stages": [{"start": 1, "end": 5, "phase": "patching"}, {"start": 6, "end": 9, "phase": "verification"}],
             "error_type": "mislocalized edit"},
            {"run": "c", "path": "x/c", "change_steps": [1]},
            {"note": "no run"},
        ])
        .to_string(),
    );
    let sets = load(folder.path()).unwrap();
    assert_eq!(sets.len(), 1);
    assert_eq!(sets[0].name, "labels");
    assert_eq!(sets[0].notes.len(), 1);
    let [a, b, c] = sets[0].runs.as_slice() else {
        panic!("{sets:?}")
    };
    assert_eq!(a.onset, Some(StepId::new(4)));
    assert_eq!(a.accepted, step_ids(&[3, 4]));
    assert_eq!(a.error_type.as_deref(), Some("mislocalised_edit"));
    assert_eq!(
        a.stages.as_ref().unwrap()[1].phase,
        Some(Phase::Verification)
    );
    assert_eq!(a.error_stages, Some(BTreeSet::new()));
    assert_eq!(
        (b.onset, b.incorrect.as_ref()),
        (Some(None), Some(&BTreeSet::new()))
    );
    assert_eq!(b.unuseful, None);
    assert_eq!((c.onset, c.incorrect.as_ref()), (None, None));
    assert_eq!(c.change_steps, Some(step_ids(&[1])));
}

#[test]
fn a_manifest_row_gives_its_steps_by_stage() {
    let folder = tempfile::tempdir().unwrap();
    let rows = [
        json!({
            "traj_id": "t1", "agent": "a", "model": "p/m", "task_name": "words", "difficulty": "easy",
            "category": "text", "solved": false, "step_count": 6,
            "stages": [{"stage_id": 1, "start_step_id": 1, "end_step_id": 4},
                       {"stage_id": 2, "start_step_id": 5, "end_step_id": 6}],
            "incorrect_stages": [{"stage_id": 2, "incorrect_step_ids": [5], "unuseful_step_ids": [6],
                "steps": [{"step_id": 5, "labels": ["incorrect"]}, {"step_id": 2, "labels": ["unuseful"]}]}],
            "artifact_path": "artifacts/t1.tar.zst",
        }),
        // Tables that cannot nest hold the lists as text.
        json!({"traj_id": "t2", "incorrect_stages": "[{\"stage_id\": 1, \"incorrect_step_ids\": [\"2\", 3.0]}]"}),
    ];
    let text: Vec<String> = rows.iter().map(ToString::to_string).collect();
    write(folder.path(), "manifest.jsonl", &text.join("\n"));
    let sets = load(&folder.path().join("manifest.jsonl")).unwrap();
    let [first, second] = sets[0].runs.as_slice() else {
        panic!("{sets:?}")
    };
    assert_eq!(first.task, "words");
    assert_eq!(first.incorrect, Some(step_ids(&[5])));
    assert_eq!(first.unuseful, Some(step_ids(&[2, 6])));
    assert_eq!(first.error_stages, Some(BTreeSet::from([2])));
    assert_eq!(first.path.as_deref(), Some("artifacts/t1.tar.zst"));
    assert_eq!(first.onset, None);
    assert_eq!(second.incorrect, Some(step_ids(&[2, 3])));
    assert_eq!((second.task.as_str(), second.steps()), ("t2", 3));
}

#[test]
fn nothing_labelled_is_said_plainly() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "other.json", "{\"a\": 1}");
    let error = load(folder.path()).unwrap_err().to_string();
    assert!(error.contains("no labelled run"), "{error}");
    write(folder.path(), "bad.jsonl", "{\"run\": ");
    assert!(load(folder.path()).is_err());
    assert!(load(&folder.path().join("absent")).is_err());
}
