//! Labelled runs, with what a reader would open and quote in them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use serde_json::Value;

/// A labelled run.
#[derive(Debug, Clone)]
pub(crate) struct Labelled {
    /// Its id.
    pub(crate) id: String,
    /// Where it is.
    pub(crate) path: PathBuf,
    /// The step where it went wrong, if the labels name one.
    pub(crate) onset: Option<u64>,
    /// Stations after the onset, with their roles.
    pub(crate) chain: Vec<(u64, String)>,
    /// Other wrong steps.
    pub(crate) incorrect: Vec<u64>,
    /// Explorations that told nothing.
    pub(crate) unuseful: Vec<u64>,
    /// By step, lines of it that can be quoted, the most particular first.
    pub(crate) quotes: BTreeMap<u64, Lines>,
    /// How many steps there are.
    pub(crate) steps: u64,
}

/// Every run of both sets of labels, each once; `None` where there are no labels.
pub(crate) fn labelled() -> Option<Vec<Labelled>> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let shared = std::env::var_os("CODETRACER_SHARED").map_or(beside, PathBuf::from);
    let mut runs: BTreeMap<PathBuf, Value> = BTreeMap::new();
    // The second set is taken where a run is in both: it names onsets.
    for set in ["codetracebench", "onset"] {
        let text = std::fs::read_to_string(shared.join(format!("gold/{set}.json"))).ok()?;
        let rows: Vec<Value> = serde_json::from_str(&text).expect("labels are JSON");
        for row in rows {
            let path = shared.join(row["path"].as_str().expect("path"));
            runs.insert(path, row);
        }
    }
    Some(
        runs.into_iter()
            .map(|(path, row)| one(path, &row))
            .collect(),
    )
}

fn one(path: PathBuf, row: &Value) -> Labelled {
    let numbers = |field: &str| -> Vec<u64> {
        let all = row[field].as_array().map(Vec::as_slice).unwrap_or_default();
        all.iter().filter_map(Value::as_u64).collect()
    };
    let incorrect = numbers("incorrect");
    let onset = row["onset"].as_u64().or_else(|| incorrect.first().copied());
    let chain = row["chain"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let chain = chain
        .iter()
        .filter_map(|link| Some((link["step"].as_u64()?, link["role"].as_str()?.to_owned())))
        .filter(|(step, role)| role != "onset" && onset.is_some_and(|onset| onset < *step))
        .take(4)
        .collect();
    let (id, quotes) = quotes(&path);
    Labelled {
        id,
        onset,
        chain,
        incorrect: incorrect
            .into_iter()
            .filter(|step| Some(*step) != onset)
            .take(6)
            .collect(),
        unuseful: numbers("unuseful").into_iter().take(3).collect(),
        steps: quotes.len() as u64,
        quotes,
        path,
    }
}

/// The lines of a step.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lines {
    /// Those of its action and thought.
    pub(crate) said: Vec<String>,
    /// Those of its observation.
    pub(crate) observed: Vec<String>,
}

/// The run's id, and the lines of each of its steps.
fn quotes(path: &Path) -> (String, BTreeMap<u64, Lines>) {
    let output = Command::new(env!("CARGO_BIN_EXE_codetracer"))
        .args(["extract", "--json"])
        .arg(path)
        .output()
        .expect("the program runs");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let runs = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    // A folder may hold more than the run that is labelled; that is the longest.
    let run = runs
        .max_by_key(|run| run["steps"].as_array().map_or(0, Vec::len))
        .expect("a run");
    let steps = run["steps"].as_array().expect("steps");
    let mut all: Vec<Lines> = steps.iter().map(lines).collect();
    let mut often: BTreeMap<String, usize> = BTreeMap::new();
    for line in all
        .iter()
        .flat_map(|lines| lines.said.iter().chain(&lines.observed))
    {
        *often.entry(line.clone()).or_default() += 1;
    }
    for lines in &mut all {
        lines.said.sort_by_key(|line| often[line]);
        lines.observed.sort_by_key(|line| often[line]);
    }
    let ids = steps.iter().map(|step| step["id"].as_u64().expect("id"));
    (
        run["id"].as_str().expect("id").to_owned(),
        ids.zip(all).collect(),
    )
}

fn lines(step: &Value) -> Lines {
    let action = &step["action"];
    let edits = action["edits"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let edited = edits
        .iter()
        .flat_map(|edit| ["content", "new", "text", "patch"].map(|field| edit[field].as_str()));
    let spoken = ["command", "keys", "text", "query", "path", "prompt"];
    let asked = spoken.map(|field| action[field].as_str()).into_iter();
    Lines {
        said: of(asked.chain(edited).chain([step["thought"].as_str()])),
        observed: of([step["observation"]["text"].as_str()].into_iter()),
    }
}

/// The lines of texts that are not too short to mean anything, or their beginnings.
fn of<'t>(texts: impl Iterator<Item = Option<&'t str>>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let lines = texts.flatten().flat_map(str::lines).map(str::trim);
    lines
        .filter(|line| line.len() >= 16 && line.is_ascii())
        .map(|line| line[..line.len().min(120)].trim_end())
        .filter(|line| seen.insert(*line))
        .map(str::to_owned)
        .collect()
}
