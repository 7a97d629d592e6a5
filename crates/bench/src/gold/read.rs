//! Files and folders of labels.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{GoldRun, Grouping, LoadError, MOST_BYTES, Set, group, row, table};

/// How many odd rows of a file are told one by one.
const NAMED_ROWS: usize = 5;

/// Loads the labels of a file, or of every file of a folder that holds any; see [`load_with`].
///
/// # Errors
/// As for [`load_with`].
pub fn load(path: &Path) -> Result<Vec<Set>, LoadError> {
    load_with(path, &Grouping::Task)
}

/// Loads labels: of one file (`.json`, `.jsonl`, `.parquet`), or of every such file directly within
/// a folder, each as a set of its own, sorted by name. Groups are worked out over all of them.
///
/// # Errors
/// A file that cannot be read, is no JSON or Parquet, or a path without any labelled run. In a
/// folder, a file without labelled runs is left out; a damaged one is an error.
pub fn load_with(path: &Path, grouping: &Grouping) -> Result<Vec<Set>, LoadError> {
    let io = |source| LoadError::Io {
        path: path.to_owned(),
        source,
    };
    let mut sets = Vec::new();
    if std::fs::metadata(path).map_err(io)?.is_dir() {
        let mut files: Vec<PathBuf> = Vec::new();
        for entry in std::fs::read_dir(path).map_err(io)? {
            files.push(entry.map_err(io)?.path());
        }
        files.retain(|file| is_table(file) && file.is_file());
        files.sort();
        for file in files {
            sets.extend(set(&file)?.filter(|set| !set.runs.is_empty()));
        }
    } else {
        sets.extend(set(path)?);
    }
    sets.retain(|set| !set.runs.is_empty());
    if sets.is_empty() {
        return Err(LoadError::Empty {
            path: path.to_owned(),
            what: "no labelled run: expected rows with `run` or `traj_id` and labels such as \
                   `onset`, `incorrect`, `incorrect_stages` or `change_steps`",
        });
    }
    let mut all: Vec<&mut GoldRun> = sets.iter_mut().flat_map(|set| &mut set.runs).collect();
    group::assign(&mut all, grouping);
    Ok(sets)
}

fn is_table(path: &Path) -> bool {
    let ending = path.extension().and_then(|end| end.to_str());
    ending.is_some_and(|end| ["json", "jsonl", "ndjson", "parquet"].contains(&end))
}

/// The set of one file; `None` when the file is something else than a list of rows.
fn set(path: &Path) -> Result<Option<Set>, LoadError> {
    let rows = rows(path)?;
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    Ok(Some(from_rows(stem.into_owned(), &rows)))
}

/// The rows of a file, told apart by its first bytes.
pub(crate) fn rows(path: &Path) -> Result<Vec<Value>, LoadError> {
    let io = |source| LoadError::Io {
        path: path.to_owned(),
        source,
    };
    let file = File::open(path).map_err(io)?;
    let mut content = Vec::new();
    let mut limited = file.take(MOST_BYTES + 1);
    limited
        .by_ref()
        .take(4)
        .read_to_end(&mut content)
        .map_err(io)?;
    if content == table::MAGIC {
        return table::rows(path);
    }
    limited.read_to_end(&mut content).map_err(io)?;
    if content.len() as u64 > MOST_BYTES {
        return Err(LoadError::Malformed {
            path: path.to_owned(),
            what: format!("longer than {MOST_BYTES} bytes"),
        });
    }
    row::lines(&content, path)
}

/// The set a text of JSON or JSON Lines holds, under a name; groups are worked out within it.
///
/// # Errors
/// A text that is neither.
pub fn from_text(name: &str, content: &[u8]) -> Result<Set, LoadError> {
    let mut set = from_rows(name.to_owned(), &row::lines(content, Path::new(name))?);
    let mut runs: Vec<&mut GoldRun> = set.runs.iter_mut().collect();
    group::assign(&mut runs, &Grouping::Task);
    Ok(set)
}

/// A set made of rows that are already at hand; their groups are not worked out.
pub(crate) fn from_rows(name: String, rows: &[Value]) -> Set {
    let mut set = Set {
        name,
        runs: Vec::new(),
        notes: Vec::new(),
    };
    let mut odd = 0;
    for (at, value) in rows.iter().enumerate() {
        if let Some(run) = row::gold_run(value).filter(GoldRun::is_labelled) {
            set.runs.push(run);
            continue;
        }
        odd += 1;
        if odd <= NAMED_ROWS {
            set.notes.push(format!(
                "{}: row {} is no labelled run and was left out",
                set.name,
                at + 1
            ));
        }
    }
    if odd > NAMED_ROWS {
        set.notes.push(format!(
            "{}: {} more rows are no labelled runs",
            set.name,
            odd - NAMED_ROWS
        ));
    }
    // In a fixed order whatever that of the file, so that figures agree to the last digit.
    set.runs
        .sort_by(|a, b| (&a.run, &a.path).cmp(&(&b.run, &b.path)));
    set
}

impl GoldRun {
    /// True when anything about the run is labelled that a diagnosis can be held to.
    #[must_use]
    pub fn is_labelled(&self) -> bool {
        self.onset.is_some()
            || self.incorrect.is_some()
            || self.unuseful.is_some()
            || self.change_steps.is_some()
    }
}
