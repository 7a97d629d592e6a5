//! The shapes predictions come in.
//!
//! * a diagnosis document (`codetracer.diagnosis/1`), or any object with fields of its names;
//! * a `CodeTraceBench` row whose `incorrect_stages[]` are what a system says;
//! * the labels published systems write for a run: a list of stages, each with `stage_id`,
//!   `incorrect_step_ids[]` and `unuseful_step_ids[]`, alone or under `labels` or `stages`;
//! * a list `labels[]` of steps, each with `step_id` and a `verdict`.
//!
//! Reruns that ask several times name the go in a field `repetition` or before the run's name, as
//! `r2--name`.

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use trace::StepId;

use super::Prediction;
use crate::gold::{error_type, flag, ids, number, of_stages, onset, opened, real, stages, text};
use crate::spend::Asked;

/// The fields that name a run.
const NAMES: &[&str] = &["run_id", "run", "traj_id", "trial_name", "instance_id"];
/// The fields that say where it is.
const PLACES: &[&str] = &["path", "source", "artifact_path", "source_relpath"];

/// The prediction an item holds; `name` is the run's where the item does not say. `None` when it
/// names no run or says nothing about one.
pub(super) fn prediction(item: &Value, name: Option<&str>) -> Option<Prediction> {
    let empty = Map::new();
    let row = match item {
        Value::Object(row) => row,
        Value::Array(_) => &empty,
        _ => return None,
    };
    // Where a model did not conclude, the document holds the verdict that stands without it.
    let engine = row.get("engine").and_then(Value::as_object);
    let inquiry = engine.and_then(|engine| engine.get("inquiry")?.as_object());
    if inquiry.is_some_and(|inquiry| flag(inquiry, &["concluded"]) == Some(false)) {
        return None;
    }
    let path = text(row, PLACES);
    let run = text(row, NAMES)
        .or_else(|| name.map(str::to_owned))
        .or_else(|| path.clone())?;
    let (run, repetition) = repeated(run, row);
    let by_stage = labelled_stages(item, row).or_else(|| labelled_steps(row));
    let set = |names: &[&str]| -> Option<BTreeSet<StepId>> {
        let value = names.iter().find_map(|name| opened(row.get(*name)?))?;
        Some(ids(&value).into_iter().collect())
    };
    let incorrect = set(&["incorrect_step_ids", "incorrect"]);
    let unuseful = set(&["unuseful_step_ids", "unuseful"]);
    let taken = |names: &[&str]| {
        let beside = real(row, names);
        beside.or_else(|| engine.and_then(|engine| real(engine, names)))
    };
    let spans = row.get("stages").and_then(opened).map(|v| stages(&v));
    let prediction = Prediction {
        run,
        path,
        repetition,
        agent: text(row, &["agent"]),
        model: text(row, &["model"]),
        step_count: number(row, &["step_count", "steps"]),
        onset: onset(row),
        candidates: candidates(row),
        incorrect: incorrect.or_else(|| by_stage.as_ref().map(|labels| labels.0.clone())),
        unuseful: unuseful.or_else(|| by_stage.as_ref().map(|labels| labels.1.clone())),
        stages: spans.filter(|spans| !spans.is_empty()),
        change_steps: set(&["change_steps"]),
        error_type: row
            .get("error_type")
            .map(|kind| kind.as_str().map(error_type)),
        confidence: real(row, &["confidence"]),
        tokens: taken(&["tokens", "total_tokens"]),
        cost_usd: taken(&["cost_usd", "cost"]),
        seconds: taken(&["seconds"]),
        asked: engine.and_then(asked),
    };
    let says = prediction.onset.is_some()
        || prediction.candidates.is_some()
        || prediction.incorrect.is_some()
        || prediction.unuseful.is_some()
        || prediction.change_steps.is_some()
        || flag(row, &["failed"]) == Some(true);
    says.then_some(prediction)
}

/// What asking a model took, from the account a diagnosis document gives of it.
fn asked(engine: &Map<String, Value>) -> Option<Asked> {
    let inquiry = engine.get("inquiry")?.as_object()?;
    let taken = |name: &str| real(inquiry, &[name]);
    Some(Asked {
        calls: taken("calls")?,
        input_tokens: taken("input_tokens")?,
        cached_tokens: taken("cached_tokens").unwrap_or_default(),
        output_tokens: taken("output_tokens")?,
    })
}

/// Labels that stand stage by stage: the item itself when it is a list, or one of its fields.
fn labelled_stages(
    item: &Value,
    row: &Map<String, Value>,
) -> Option<(BTreeSet<StepId>, BTreeSet<StepId>)> {
    let fields = ["incorrect_stages", "labels", "stage_labels", "stages"];
    let found = fields.iter().find_map(|field| {
        let value = opened(row.get(*field)?)?;
        is_labelled(&value, *field == "incorrect_stages").then_some(value)
    });
    if let Some(value) = found {
        return Some(of_stages(&value));
    }
    is_labelled(item, item.is_array()).then(|| of_stages(item))
}

/// Labels that stand step by step.
fn labelled_steps(row: &Map<String, Value>) -> Option<(BTreeSet<StepId>, BTreeSet<StepId>)> {
    let labels = opened(row.get("labels")?)?;
    let labels = labels.as_array()?;
    let with = |verdict: &str| -> BTreeSet<StepId> {
        let said = |label: &&Value| label.get("verdict").and_then(Value::as_str) == Some(verdict);
        let steps = labels.iter().filter(said).cloned().collect();
        ids(&Value::Array(steps)).into_iter().collect()
    };
    let are_steps = labels.iter().all(|label| label.get("verdict").is_some());
    are_steps.then(|| (with("incorrect"), with("unuseful")))
}

/// The run's name and which go at it this is.
fn repeated(run: String, row: &Map<String, Value>) -> (String, Option<u32>) {
    let stated = number(row, &["repetition"]);
    let before = run.strip_prefix('r').and_then(|rest| {
        let (go, name) = rest.split_once("--")?;
        Some((name.to_owned(), go.parse().ok()?))
    });
    match before {
        Some((name, go)) if !name.is_empty() => (name, stated.or(Some(go))),
        _ => (run, stated),
    }
}

/// Whether a list labels steps stage by stage; `empty` says whether an empty one does.
fn is_labelled(value: &Value, empty: bool) -> bool {
    let Some(items) = value.as_array() else {
        return false;
    };
    let labels = |item: &Value| {
        let label = |name: &str| item.get(name).is_some();
        label("incorrect_step_ids") || label("unuseful_step_ids")
    };
    (empty && items.is_empty()) || items.iter().any(labels)
}

fn candidates(row: &Map<String, Value>) -> Option<Vec<StepId>> {
    opened(row.get("onset_candidates")?).map(|value| ids(&value))
}
