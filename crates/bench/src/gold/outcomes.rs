//! Outcomes of runs that carry no other label.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::{GoldRun, Grouping, LoadError, MOST_BYTES, Set, group};

/// The runs of every `.json` file of a folder that is an object of runs with a `resolved` each, as one
/// set; it may be empty. Of these nothing is labelled but whether they were solved. Their tasks are
/// worked out as those of `labelled` are, so that one task has one name. Where two files disagree about
/// a run, the one whose name comes later counts.
///
/// # Errors
/// A folder or file that cannot be read. A file of another kind is passed over.
pub fn outcomes(folder: &Path, grouping: &Grouping, labelled: &[Set]) -> Result<Set, LoadError> {
    let mut found: BTreeMap<String, bool> = BTreeMap::new();
    let io = |source| LoadError::Io {
        path: folder.to_owned(),
        source,
    };
    if folder.is_dir() {
        let mut files = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(io)? {
            files.push(entry.map_err(io)?.path());
        }
        files.retain(|file| file.extension().is_some_and(|end| end == "json") && file.is_file());
        files.sort();
        for path in files {
            if std::fs::metadata(&path).map_err(io)?.len() > MOST_BYTES {
                continue;
            }
            let text = std::fs::read(&path).map_err(io)?;
            let Ok(Value::Object(runs)) = serde_json::from_slice(&text) else {
                continue;
            };
            let known = runs
                .into_iter()
                .filter_map(|(run, row)| Some((run, row.get("resolved")?.as_bool()?)));
            found.extend(known);
        }
    }
    let runs = found.into_iter().map(|(run, resolved)| GoldRun {
        run,
        solved: Some(resolved),
        ..GoldRun::default()
    });
    let mut set = Set {
        name: "outcomes".to_owned(),
        runs: runs.collect(),
        notes: Vec::new(),
    };
    // Names are read by the models that any row names, so all rows have to be seen.
    let mut others: Vec<GoldRun> = labelled.iter().flat_map(|set| set.runs.clone()).collect();
    let mut all: Vec<&mut GoldRun> = set.runs.iter_mut().chain(&mut others).collect();
    group::assign(&mut all, grouping);
    Ok(set)
}
