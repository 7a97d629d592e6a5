//! One row of labels, read liberally: columns may be missing, null, or JSON within a string.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Map, Value};
use trace::{Phase, StepId};

use super::{GoldRun, GoldStage, error_stages};

/// A field's value; a string that holds a JSON list or object stands for it, as tables that cannot
/// nest write it.
pub(crate) fn opened(value: &Value) -> Option<Value> {
    match value {
        Value::Null => None,
        Value::String(text) if text.starts_with(['[', '{']) => {
            serde_json::from_str(text).ok().or(Some(value.clone()))
        }
        other => Some(other.clone()),
    }
}

/// The first of the fields that is there and not null.
fn field(row: &Map<String, Value>, names: &[&str]) -> Option<Value> {
    names.iter().find_map(|name| opened(row.get(*name)?))
}

/// The first of the fields that is a text which is not blank.
pub(crate) fn text(row: &Map<String, Value>, names: &[&str]) -> Option<String> {
    let texts = names.iter().filter_map(|name| row.get(*name)?.as_str());
    let mut said = texts.map(str::trim).filter(|text| !text.is_empty());
    said.next().map(str::to_owned)
}

/// The first of the fields that is a whole number fit to count steps.
pub(crate) fn number(row: &Map<String, Value>, names: &[&str]) -> Option<u32> {
    names.iter().find_map(|name| whole(row.get(*name)?))
}

/// The first of the fields that is a finite number.
pub(crate) fn real(row: &Map<String, Value>, names: &[&str]) -> Option<f64> {
    let found = names.iter().find_map(|name| row.get(*name)?.as_f64());
    found.filter(|number| number.is_finite())
}

/// The first of the fields that is true or false.
pub(crate) fn flag(row: &Map<String, Value>, names: &[&str]) -> Option<bool> {
    names.iter().find_map(|name| row.get(*name)?.as_bool())
}

/// A whole number, also where it is written as 3.0 or "3".
fn whole(value: &Value) -> Option<u32> {
    let exact = value.as_u64().and_then(|n| u32::try_from(n).ok());
    exact.or_else(|| {
        let number = value
            .as_f64()
            .or_else(|| value.as_str()?.trim().parse().ok())?;
        let fits = number.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&number);
        // Checked just above: whole and within range.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        fits.then_some(number as u32)
    })
}

/// The step ids of a list; its items are numbers or objects with a `step_id`.
pub(crate) fn ids(value: &Value) -> Vec<StepId> {
    let items = value.as_array().into_iter().flatten();
    items.filter_map(|item| StepId::new(step(item)?)).collect()
}

fn step(item: &Value) -> Option<u32> {
    match item {
        Value::Object(object) => number(object, &["step_id", "step", "id"]),
        other => whole(other),
    }
}

/// The spans of a list of stages; what has no start or end is left out.
pub(crate) fn stages(value: &Value) -> Vec<GoldStage> {
    let items = value.as_array().into_iter().flatten().enumerate();
    let mut spans: Vec<GoldStage> = items
        .filter_map(|(at, item)| {
            let item = item.as_object()?;
            let start = StepId::new(number(item, &["start", "start_step_id"])?)?;
            let end = StepId::new(number(item, &["end", "end_step_id"])?)?;
            let id = number(item, &["stage_id", "id"]).or_else(|| u32::try_from(at + 1).ok())?;
            let phase = text(item, &["phase"]).as_deref().and_then(phase);
            (start <= end).then_some(GoldStage {
                id,
                start,
                end,
                phase,
            })
        })
        .collect();
    spans.sort_by_key(|span| (span.start, span.end, span.id));
    spans
}

fn phase(name: &str) -> Option<Phase> {
    serde_json::from_value(Value::String(name.to_ascii_lowercase())).ok()
}

/// A kind of error under one spelling: lower case, words joined by `_`, British.
pub(crate) fn error_type(name: &str) -> String {
    let name = name.trim().to_ascii_lowercase();
    let name: String = name
        .chars()
        .map(|c| match c {
            ' ' | '-' | '/' => '_',
            c => c,
        })
        .collect();
    name.replace("mislocalized", "mislocalised")
}

/// What `incorrect_stages[]` holds: incorrect and unuseful steps of all stages together.
pub(crate) fn of_stages(value: &Value) -> (BTreeSet<StepId>, BTreeSet<StepId>) {
    let (mut incorrect, mut unuseful) = (BTreeSet::new(), BTreeSet::new());
    for stage in value.as_array().into_iter().flatten() {
        let Some(stage) = stage.as_object() else {
            continue;
        };
        for (names, set) in [
            ("incorrect_step_ids", &mut incorrect),
            ("unuseful_step_ids", &mut unuseful),
        ] {
            set.extend(field(stage, &[names]).iter().flat_map(ids));
        }
        let steps = field(stage, &["steps"]);
        for step in steps.iter().filter_map(Value::as_array).flatten() {
            let (Some(step), Some(id)) = (step.as_object(), step_id(step)) else {
                continue;
            };
            let labels = field(step, &["labels"]);
            for label in labels.iter().filter_map(Value::as_array).flatten() {
                match label.as_str() {
                    Some("incorrect") => drop(incorrect.insert(id)),
                    Some("unuseful") => drop(unuseful.insert(id)),
                    _ => {}
                }
            }
        }
    }
    (incorrect, unuseful)
}

fn step_id(item: &Value) -> Option<StepId> {
    StepId::new(step(item)?)
}

/// The last part of a path, without the ending of an archive.
pub(super) fn last_part(path: &str) -> &str {
    let path = path.trim_end_matches('/');
    let name = path.rsplit('/').next().unwrap_or(path);
    let archive = [".tar.zst", ".tar.gz", ".tgz", ".tar", ".zip"];
    let bare = archive.iter().find_map(|end| name.strip_suffix(end));
    bare.unwrap_or(name)
}

/// The labels of one row; `None` when it names no run. Its task is filled in once all rows are known.
pub(super) fn gold_run(value: &Value) -> Option<GoldRun> {
    let row = value.as_object()?;
    let path = text(row, &["path", "artifact_path", "source_relpath"]);
    let named = text(row, &["run", "run_id", "traj_id", "trial_name"]);
    let run = named.or_else(|| path.as_deref().map(|path| last_part(path).to_owned()))?;
    let set = |names: &[&str]| -> Option<BTreeSet<StepId>> {
        Some(ids(&field(row, names)?).into_iter().collect())
    };
    let by_stage = field(row, &["incorrect_stages"]).map(|stages| of_stages(&stages));
    let incorrect = set(&["incorrect", "incorrect_step_ids"])
        .or_else(|| by_stage.as_ref().map(|labels| labels.0.clone()));
    let unuseful = set(&["unuseful", "unuseful_step_ids"])
        .or_else(|| by_stage.as_ref().map(|labels| labels.1.clone()));
    let stages = field(row, &["stages"]).map(|value| stages(&value));
    let onset = onset(row);
    let mut accepted = set(&["onset_accept", "accepted"]).unwrap_or_default();
    accepted.extend(onset.flatten());
    let bad_stages = stages.as_ref().zip(incorrect.as_ref());
    Some(GoldRun {
        error_stages: bad_stages.map(|(stages, incorrect)| error_stages(stages, incorrect)),
        run,
        path,
        task: text(row, &["task_name", "task_slug", "task", "instance_id"]).unwrap_or_default(),
        agent: text(row, &["agent"]),
        model: text(row, &["model"]),
        difficulty: text(row, &["difficulty"]),
        category: text(row, &["category"]),
        split: text(row, &["split"]),
        solved: flag(row, &["solved", "resolved"]),
        step_count: number(row, &["step_count"]),
        onset,
        accepted,
        incorrect,
        unuseful,
        stages,
        change_steps: set(&["change_steps"]),
        error_type: text(row, &["error_type"]).as_deref().map(error_type),
    })
}

/// The onset: a field that is there and null says there is none.
#[expect(clippy::option_option, reason = "as in the type it is read into")]
pub(crate) fn onset(row: &Map<String, Value>) -> Option<Option<StepId>> {
    let value = ["onset", "onset_step_id"]
        .iter()
        .find_map(|name| row.get(*name))?;
    match value {
        Value::Null => Some(None),
        value => StepId::new(step(value)?).map(Some),
    }
}

/// Where the items of a file stand: every line of JSON Lines, or every item of the one array.
///
/// # Errors
/// The line, or what is wrong with the file as a whole.
pub(crate) fn lines(content: &[u8], path: &Path) -> Result<Vec<Value>, super::LoadError> {
    let malformed = |what: String| super::LoadError::Malformed {
        path: path.to_owned(),
        what,
    };
    let content = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content);
    if content.trim_ascii_start().starts_with(b"[") {
        return serde_json::from_slice(content).map_err(|error| malformed(error.to_string()));
    }
    // One object over several lines, or objects one after the other, are read just as well.
    let stream = serde_json::Deserializer::from_slice(content).into_iter::<Value>();
    stream
        .collect::<Result<_, _>>()
        .map_err(|error| malformed(error.to_string()))
}
