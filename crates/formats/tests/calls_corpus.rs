//! Every tool call of the real samples is recovered: for each layout, the steps our extractors give
//! equal a count made from the raw artifact by a few lines of its own.

use std::path::{Path, PathBuf};

use formats::pile::{Limits, Pile};
use formats::{Coverage, find_runs, read_run};
use serde_json::Value;

/// The samples of a layout, or `None` with a plain word where the data is not there.
fn samples(layout: &str) -> Option<PathBuf> {
    let shared = std::env::var_os("CODETRACER_SHARED").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    );
    let folder = shared.join("corpus/formats").join(layout);
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!(
        "skipped: the samples of {layout} are not at {}",
        folder.display()
    );
    None
}

/// What is recovered from everything under `path` by the extractors named in `layouts`: runs,
/// steps of main and nested agents, and coverage.
fn recovered(path: &Path, layouts: &[&str]) -> (usize, usize, Coverage) {
    let pile = Pile::open(path, &Limits::default()).unwrap();
    let found = find_runs(&pile);
    let (mut runs, mut steps, mut coverage) = (0, 0, Coverage::default());
    for run in &found.runs {
        if !layouts.contains(&run.claim.layout) {
            continue;
        }
        let read = read_run(&pile, run).unwrap();
        runs += 1;
        steps += read.trajectory.steps.len() + read.trajectory.nested_step_count();
        coverage.add(read.coverage);
    }
    println!(
        "{}: {runs} runs, {steps} steps, {:.1} % of bytes explained",
        layouts.join(", "),
        coverage.bytes.ratio() * 100.0
    );
    (runs, steps, coverage)
}

/// All files below `folder` whose name ends with `ending`, sorted.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = walkdir::WalkDir::new(folder)
        .into_iter()
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_file())
        .map(walkdir::DirEntry::into_path)
        .filter(|path| path.to_string_lossy().ends_with(ending))
        .collect();
    found.sort();
    found
}

/// The JSON lines of a file; what is no JSON is passed over.
fn json_lines(path: &Path) -> Vec<Value> {
    let text = String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned();
    text.lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect()
}

/// `function_call`, `custom_tool_call` and `local_shell_call` items of Codex session files.
#[test]
fn codex_rollouts() {
    let Some(folder) = samples("codex") else {
        return;
    };
    let calls = ["function_call", "custom_tool_call", "local_shell_call"];
    let counted = files(&folder, ".jsonl")
        .iter()
        .filter(|path| {
            path.file_name()
                .unwrap()
                .to_string_lossy()
                .starts_with("rollout-")
        })
        .flat_map(|path| json_lines(path))
        .filter(|line| {
            let kind = line.pointer("/payload/type").or_else(|| line.get("type"));
            kind.and_then(Value::as_str)
                .is_some_and(|kind| calls.contains(&kind))
        })
        .count();
    let (_, steps, _) = recovered(&folder, &["codex-rollout"]);
    assert_eq!(steps, counted);
}

/// Actions of the agent that an observation of their row names as its cause.
#[test]
fn openhands_rows() {
    let Some(folder) = samples("openhands-output") else {
        return;
    };
    let rows = json_lines(&folder.join("output.jsonl"));
    let answered = |row: &Value| {
        let history = row["history"].as_array().unwrap();
        let causes: Vec<_> = history.iter().filter_map(|e| e.get("cause")).collect();
        let acted = |e: &&Value| e["source"] == "agent" && e.get("action").is_some();
        let acted = history.iter().filter(acted);
        acted.filter(|e| causes.contains(&&e["id"])).count()
    };
    let counted: usize = rows.iter().map(answered).sum();
    let (runs, steps, _) = recovered(&folder, &["openhands-output"]);
    assert_eq!((runs, steps), (rows.len(), counted));
}

/// The spans of a file of export requests.
fn spans(path: &Path) -> Vec<Value> {
    let list = |value: &Value, key: &str| value[key].as_array().cloned().unwrap_or_default();
    let resources = json_lines(path)
        .into_iter()
        .flat_map(move |line| list(&line, "resourceSpans"));
    let scopes = resources.flat_map(move |resource| list(&resource, "scopeSpans"));
    scopes
        .flat_map(move |scope| list(&scope, "spans"))
        .collect()
}

/// Spans that execute a tool, of the conventions of OpenTelemetry.
#[test]
fn otlp_tool_spans() {
    let Some(folder) = samples("otlp-genai") else {
        return;
    };
    let spans = files(&folder, ".otlp.jsonl")
        .into_iter()
        .flat_map(|path| spans(&path));
    let counted = spans
        .filter(|span| span.to_string().contains("\"execute_tool\""))
        .count();
    let (_, steps, _) = recovered(&folder, &["otlp"]);
    assert_eq!(steps, counted);
}

/// Calls in what models answered, flattened to attributes as `OpenInference` does.
#[test]
fn otlp_openinference_calls() {
    let Some(folder) = samples("otlp-openinference") else {
        return;
    };
    let spans = files(&folder, ".otlp.jsonl")
        .into_iter()
        .flat_map(|path| spans(&path));
    let asked = |key: &Value| {
        let key = key["key"].as_str().unwrap_or_default();
        key.starts_with("llm.output_messages.") && key.ends_with(".tool_call.function.name")
    };
    let counted = spans
        .flat_map(|span| span["attributes"].as_array().cloned().unwrap_or_default())
        .filter(asked)
        .count();
    let (_, steps, _) = recovered(&folder, &["otlp"]);
    assert_eq!(steps, counted);
}

/// Parts of kind `tool-call` in histories of pydantic-ai.
#[test]
fn pydantic_ai_parts() {
    let Some(folder) = samples("otlp-genai") else {
        return;
    };
    let whole = files(&folder, ".json")
        .into_iter()
        .map(|path| std::fs::read_to_string(path).unwrap());
    let counted: usize = whole
        .map(|text| {
            text.replace(' ', "")
                .matches(r#""part_kind":"tool-call""#)
                .count()
        })
        .sum();
    let (_, steps, _) = recovered(&folder, &["pydantic-ai"]);
    assert_eq!(steps, counted);
}

/// Calls listed by the turns of a smolagents memory.
#[test]
fn smolagents_turns() {
    let Some(folder) = samples("otlp-openinference") else {
        return;
    };
    let whole = files(&folder, ".json")
        .into_iter()
        .map(|path| std::fs::read(path).unwrap());
    let turns = whole.flat_map(|bytes| serde_json::from_slice::<Vec<Value>>(&bytes).unwrap());
    let counted: usize = turns
        .filter_map(|turn| turn["tool_calls"].as_array().map(Vec::len))
        .sum();
    let (_, steps, _) = recovered(&folder, &["smolagents"]);
    assert_eq!(steps, counted);
}

/// Calls in what models answered outside of scoring, in the events of every sample.
#[test]
fn inspect_model_events() {
    let Some(folder) = samples("inspect") else {
        return;
    };
    let pile = Pile::open(&folder, &Limits::default()).unwrap();
    let mut samples: Vec<Value> = Vec::new();
    for entry in pile.entries() {
        let value: Value =
            serde_json::from_str(pile.read(entry.id).unwrap().text()).unwrap_or_default();
        match value["samples"].as_array() {
            Some(list) => samples.extend(list.clone()),
            None if value["events"].is_array() => samples.push(value),
            None => {}
        }
    }
    let events = samples
        .iter()
        .flat_map(|sample| sample["events"].as_array().unwrap());
    let counted: usize = events
        .filter(|event| event["event"] == "model")
        .filter_map(|event| {
            event
                .pointer("/output/choices/0/message/tool_calls")?
                .as_array()
        })
        .map(Vec::len)
        .sum();
    let (runs, steps, _) = recovered(&folder, &["inspect"]);
    assert_eq!((runs, steps), (samples.len(), counted));
}

/// Calls in the outputs of generations, in whatever words their framework has for them.
#[test]
fn langfuse_generations() {
    let Some(folder) = samples("langfuse") else {
        return;
    };
    let words = [
        r#""type":"tool_call""#,
        r#""function_call":{"#,
        r#""type":"function""#,
    ];
    let whole = files(&folder, ".json")
        .into_iter()
        .map(|path| std::fs::read(path).unwrap());
    let exports: Vec<Value> = whole
        .map(|bytes| serde_json::from_slice(&bytes).unwrap())
        .collect();
    let counted: usize = exports
        .iter()
        .flat_map(|export| export["observations"].as_array().unwrap())
        .filter(|observation| observation["type"] == "GENERATION")
        .filter_map(|observation| observation["output"].as_str())
        .map(|output| output.split_whitespace().collect::<String>())
        .map(|output| {
            words
                .iter()
                .map(|word| output.matches(word).count())
                .sum::<usize>()
        })
        .sum();
    let (runs, steps, _) = recovered(&folder, &["langfuse"]);
    assert_eq!((runs, steps), (exports.len(), counted));
}
