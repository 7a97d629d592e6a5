//! Files and folders of predictions.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{Prediction, shape};
use crate::gold::{LoadError, lines, rows};

/// The file in which published systems leave the labels of one run, in a folder named after it.
const LABELS: &str = "codetracer_labels.json";

/// How many folders deep label files are looked for.
const DEPTH: usize = 8;

/// Loads predictions: from a file of JSON Lines, a JSON list, an object with one entry a run, a
/// Parquet table, or a folder of `codetracer_labels.json` files. Later predictions of a run replace
/// earlier ones. The second part says what was left out.
///
/// # Errors
/// A file that cannot be read or is neither JSON nor Parquet, or a path without any prediction.
pub fn load(path: &Path) -> Result<(Vec<Prediction>, Vec<String>), LoadError> {
    let (predictions, notes) = if path.is_dir() {
        folder(path)?
    } else {
        file(path)?
    };
    if predictions.is_empty() {
        return Err(LoadError::Empty {
            path: path.to_owned(),
            what: "no prediction: expected one object a run with its name and fields such as \
                   `onset_step_id`, `incorrect_step_ids` or `incorrect_stages`",
        });
    }
    Ok((predictions, notes))
}

fn file(path: &Path) -> Result<(Vec<Prediction>, Vec<String>), LoadError> {
    let name = name_of(path);
    Ok(from_items(&rows(path)?, name.as_deref()))
}

/// The predictions a text of JSON or JSON Lines holds, and what was left out. `name` is the run's where
/// the text is the labels of one.
///
/// # Errors
/// A text that is neither.
pub fn from_text(
    content: &[u8],
    name: Option<&str>,
) -> Result<(Vec<Prediction>, Vec<String>), LoadError> {
    Ok(from_items(&lines(content, Path::new("text"))?, name))
}

/// The run a label file is about: the folder it lies in.
fn name_of(path: &Path) -> Option<String> {
    let is_labels = path.file_name().is_some_and(|name| name == LABELS);
    let folder = path.parent()?.file_name()?;
    is_labels.then(|| folder.to_string_lossy().into_owned())
}

/// The predictions among a file's items.
pub(crate) fn from_items(items: &[Value], name: Option<&str>) -> (Vec<Prediction>, Vec<String>) {
    // A file about one run: its labels are the items, or its one item.
    if let Some(name) = name {
        let whole = match items {
            [one @ Value::Object(_)] => shape::prediction(one, Some(name)),
            _ => shape::prediction(&Value::Array(items.to_vec()), Some(name)),
        };
        let note = format!("{name}: {LABELS} says nothing that can be scored");
        return match whole {
            Some(prediction) => (vec![prediction], Vec::new()),
            None => (Vec::new(), vec![note]),
        };
    }
    let mut found = Vec::new();
    let mut odd = 0;
    for item in items {
        if let Some(prediction) = shape::prediction(item, None) {
            found.push(prediction);
            continue;
        }
        // One object with an entry a run.
        let entries = item.as_object().into_iter().flatten();
        let before = found.len();
        found.extend(entries.filter_map(|(run, said)| shape::prediction(said, Some(run))));
        odd += usize::from(found.len() == before);
    }
    let notes = match odd {
        0 => Vec::new(),
        odd => vec![format!(
            "{odd} of {} entries are no prediction and were left out",
            items.len()
        )],
    };
    (found, notes)
}

fn folder(path: &Path) -> Result<(Vec<Prediction>, Vec<String>), LoadError> {
    let mut files: Vec<PathBuf> = Vec::new();
    let mut folders = VecDeque::from([(path.to_owned(), 0)]);
    while let Some((folder, depth)) = folders.pop_front() {
        let io = |source| LoadError::Io {
            path: folder.clone(),
            source,
        };
        for entry in std::fs::read_dir(&folder).map_err(io)? {
            let entry = entry.map_err(io)?;
            let kind = entry.file_type().map_err(io)?;
            if kind.is_dir() && depth < DEPTH {
                folders.push_back((entry.path(), depth + 1));
            } else if kind.is_file() && entry.file_name() == LABELS {
                files.push(entry.path());
            }
        }
    }
    files.sort();
    let (mut predictions, mut notes) = (Vec::new(), Vec::new());
    for path in files {
        let (found, said) = file(&path)?;
        predictions.extend(found);
        notes.extend(said);
    }
    Ok((predictions, notes))
}
