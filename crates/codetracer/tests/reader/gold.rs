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
    /// By step, words of it that can be quoted.
    pub(crate) quotes: BTreeMap<u64, String>,
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

/// The run's id, and a line of each of its steps.
fn quotes(path: &Path) -> (String, BTreeMap<u64, String>) {
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
    let lines: Vec<Vec<String>> = steps.iter().map(lines).collect();
    let mut often: BTreeMap<&str, usize> = BTreeMap::new();
    for line in lines.iter().flatten() {
        *often.entry(line).or_default() += 1;
    }
    // What a reader quotes is particular to the step.
    let quotes = steps.iter().zip(&lines).map(|(step, lines)| {
        let rarest = lines.iter().min_by_key(|line| often[line.as_str()]);
        let quote = rarest.cloned().unwrap_or_default();
        (step["id"].as_u64().expect("id"), quote)
    });
    let quotes = quotes.collect();
    (run["id"].as_str().expect("id").to_owned(), quotes)
}

/// The lines of a step that can be quoted: those of its action and thought, and where there are none
/// those of its observation.
fn lines(step: &Value) -> Vec<String> {
    let action = &step["action"];
    let edits = action["edits"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let edited = edits
        .iter()
        .flat_map(|edit| ["content", "new", "text", "patch"].map(|field| edit[field].as_str()));
    let spoken = ["command", "keys", "text", "query", "path", "prompt"];
    let of = |texts: Vec<Option<&str>>| -> Vec<String> {
        let lines = texts
            .into_iter()
            .flatten()
            .flat_map(str::lines)
            .map(str::trim);
        let mut seen = BTreeSet::new();
        lines
            .filter(|line| (16..=160).contains(&line.len()) && line.is_ascii())
            .filter(|line| seen.insert(*line))
            // What stands further down may be cut where it is shown.
            .take(6)
            .map(str::to_owned)
            .collect()
    };
    let asked = spoken.map(|field| action[field].as_str()).into_iter();
    let said = of(asked
        .chain(edited)
        .chain([step["thought"].as_str()])
        .collect());
    if said.is_empty() {
        return of(vec![step["observation"]["text"].as_str()]);
    }
    said
}
