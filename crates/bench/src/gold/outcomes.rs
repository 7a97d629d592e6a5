//! Outcomes of runs that carry no other label.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::LoadError;

/// Whether runs were resolved, by name, out of every `.json` file of a folder that is an object of runs
/// with a `resolved` each; empty when there is none.
///
/// # Errors
/// A folder or file that cannot be read. A file of another kind is passed over.
pub fn outcomes(folder: &Path) -> Result<BTreeMap<String, bool>, LoadError> {
    let mut found = BTreeMap::new();
    if !folder.is_dir() {
        return Ok(found);
    }
    let io = |source| LoadError::Io {
        path: folder.to_owned(),
        source,
    };
    for entry in std::fs::read_dir(folder).map_err(io)? {
        let path = entry.map_err(io)?.path();
        if path.extension().is_none_or(|end| end != "json") {
            continue;
        }
        let text = std::fs::read(&path).map_err(io)?;
        let Ok(Value::Object(runs)) = serde_json::from_slice(&text) else {
            continue;
        };
        for (run, row) in runs {
            if let Some(resolved) = row.get("resolved").and_then(Value::as_bool) {
                found.insert(run, resolved);
            }
        }
    }
    Ok(found)
}
