use serde_json::{Value, json};

use super::*;
use crate::gold::from_rows;
use crate::prediction::from_items;

/// Six made-up runs of three tasks.
fn labels() -> Set {
    let run = |name: &str, task: &str, split: &str, steps: u32, onset: Value, bad: Value| {
        json!({
            "run": name, "task_name": task, "split": split, "step_count": steps, "onset": onset,
            "incorrect": bad, "unuseful": [2], "solved": onset.is_null(), "agent": "a",
            "change_steps": [3, steps],
            "error_type": if onset.is_null() { Value::Null } else { json!("environment_setup") },
            "stages": [{"start": 1, "end": 3, "phase": "inspection_debugging"},
                       {"start": 4, "end": steps, "phase": "patching"}],
        })
    };
    let rows = [
        run("r1", "words", "x", 8, json!(3), json!([3, 4])),
        run("r2", "words", "x", 10, json!(9), json!([9])),
        run("r3", "maze", "x", 6, Value::Null, json!([])),
        run("r4", "maze", "y", 12, json!(11), json!([11])),
        run("r5", "sums", "y", 9, json!(8), json!([7, 8])),
        run("r6", "sums", "y", 20, json!(4), json!([4, 5, 6])),
    ];
    let mut set = from_rows("made-up".to_owned(), &rows);
    set.notes.push("one | odd <row>".to_owned());
    set
}

fn system(name: &str, skew: u32) -> System {
    let set = labels();
    let said: Vec<Value> = set
        .runs
        .iter()
        .filter(|run| run.run != "r6")
        .map(|run| {
            let onset = run.onset.flatten().map(|onset| onset.get() - skew);
            json!({
                "run_id": format!("pile/{}", run.run), "step_count": run.step_count,
                "onset_step_id": onset, "onset_candidates": [{"step_id": onset.unwrap_or(1)}, 2],
                "incorrect_step_ids": onset.into_iter().collect::<Vec<_>>(),
                "change_steps": [3], "error_type": null, "confidence": 0.25 + f64::from(run.steps()) / 40.0,
                "engine": {"tokens": 100},
            })
        })
        .collect();
    let (predictions, notes) = from_items(&said, None);
    assert!(notes.is_empty());
    System::new(name, predictions)
}

fn facts() -> Vec<Facts> {
    let runs = labels().runs;
    runs.iter()
        .map(|run| Facts {
            change_steps: run.change_steps.clone(),
            failing_steps: run.incorrect.clone(),
            ..Facts::of(run, None)
        })
        .collect()
}

#[test]
fn a_report_as_markdown() {
    let report = report(
        &[labels()],
        &[system("ours", 0), system("other|s", 1)],
        &facts(),
    );
    insta::assert_snapshot!(report.markdown());
}

#[test]
fn a_report_as_json() {
    let report = report(&[labels()], &[system("ours", 0)], &[]);
    insta::assert_json_snapshot!(report);
}

#[test]
fn a_chart_is_drawn_the_same_every_time() {
    let report = report(&[labels()], &[system("ours & <others>", 0)], &facts());
    let svg = report.svg().unwrap();
    assert_eq!(svg, report.svg().unwrap());
    insta::assert_snapshot!(svg);
}

#[test]
fn a_comparison_as_markdown() {
    let (a, b) = (system("ours", 0), system("other", 1));
    let found = crate::compare::compare(&labels(), &a.predictions, &b.predictions);
    insta::assert_snapshot!(found.markdown([&a.name, &b.name]));
}

#[test]
fn figures_do_not_depend_on_the_order_of_rows_and_predictions() {
    let (set, mut other) = (labels(), system("ours", 0));
    let one = report(std::slice::from_ref(&set), &[other.clone()], &facts());
    other.predictions.reverse();
    let mut turned = facts();
    turned.reverse();
    assert_eq!(one, report(&[set], &[other], &turned));
}
