//! Outcomes of runs that carry no other label.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::{GoldRun, Grouping, LoadError, Set, group};

/// The runs of every `.json` file of a folder that is an object of runs with a `resolved` each, as one
/// set; it may be empty. Of these nothing is labelled but whether they were solved.
///
/// # Errors
/// A folder or file that cannot be read. A file of another kind is passed over.
pub fn outcomes(folder: &Path) -> Result<Set, LoadError> {
    let mut found: BTreeMap<String, bool> = BTreeMap::new();
    let io = |source| LoadError::Io {
        path: folder.to_owned(),
        source,
    };
    if folder.is_dir() {
        for entry in std::fs::read_dir(folder).map_err(io)? {
            let path = entry.map_err(io)?.path();
            if path.extension().is_none_or(|end| end != "json") {
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
    let mut all: Vec<&mut GoldRun> = set.runs.iter_mut().collect();
    group::assign(&mut all, &Grouping::Task);
    Ok(set)
}
