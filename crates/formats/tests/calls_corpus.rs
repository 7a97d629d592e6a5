//! Every tool call of the real samples is recovered: for each layout, the steps our extractors give
//! equal a count made from the raw artifact by a few lines of its own.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test that cannot go on has failed, and says what it counted"
)]

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

/// Entries of `toolCalls` in Gemini CLI's session documents.
#[test]
fn gemini_cli() {
    let Some(folder) = samples("gemini-cli") else {
        return;
    };
    let counted: usize = files(&folder, ".json")
        .iter()
        .map(|path| std::fs::read_to_string(path).unwrap())
        .map(|text| serde_json::from_str::<Value>(&text).unwrap())
        .flat_map(|session| session["messages"].as_array().unwrap().clone())
        .filter_map(|message| message["toolCalls"].as_array().map(Vec::len))
        .sum();
    let (_, steps, _) = recovered(&folder, &["gemini-cli"]);
    assert_eq!(steps, counted);
}

/// `functionCall` parts of Qwen Code's session files, and the tool calls of sub-agents in their
/// events: those whose prompt id is `session#agent#turn`.
#[test]
fn qwen_code() {
    let Some(folder) = samples("qwen-code") else {
        return;
    };
    let projects = folder.join("generated/projects");
    let counted: usize = files(&projects, ".jsonl")
        .iter()
        .flat_map(|path| json_lines(path))
        .map(|record| {
            let event = &record["systemPayload"]["uiEvent"];
            let prompt = event["prompt_id"].as_str().unwrap_or_default();
            let nested = event["event.name"] == "qwen-code.tool_call" && prompt.contains("#fork");
            let parts = record["message"]["parts"].as_array().cloned();
            let calls = parts.unwrap_or_default();
            usize::from(nested)
                + calls
                    .iter()
                    .filter(|p| p.get("functionCall").is_some())
                    .count()
        })
        .sum();
    let (_, steps, _) = recovered(&projects, &["qwen-code"]);
    assert_eq!(steps, counted);
}

/// `tool_use` blocks of what Qwen Code printed.
#[test]
fn qwen_code_stream() {
    let Some(folder) = samples("qwen-code") else {
        return;
    };
    for path in files(&folder, ".stream.jsonl") {
        let counted: usize = json_lines(&path)
            .iter()
            .filter_map(|record| record["message"]["content"].as_array())
            .map(|blocks| blocks.iter().filter(|b| b["type"] == "tool_use").count())
            .sum();
        let (_, steps, _) = recovered(&path, &["qwen-code-stream"]);
        assert_eq!(steps, counted, "{}", path.display());
    }
}

/// `ToolCall` events of Kimi CLI's wires, those of sub-agents within `SubagentEvent` included.
#[test]
fn kimi_cli() {
    let Some(folder) = samples("kimi-cli") else {
        return;
    };
    let sessions = folder.join("generated/sessions");
    let counted = files(&sessions, "wire.jsonl")
        .iter()
        .flat_map(|path| json_lines(path))
        .filter(|record| record.to_string().contains("\"type\":\"ToolCall\""))
        .count();
    let (_, steps, _) = recovered(&sessions, &["kimi-cli"]);
    assert_eq!(steps, counted);
}

/// Entries of `tool_calls` in what Kimi CLI printed.
#[test]
fn kimi_cli_stream() {
    let Some(folder) = samples("kimi-cli") else {
        return;
    };
    for path in files(&folder, ".stream.jsonl") {
        let counted: usize = json_lines(&path)
            .iter()
            .filter_map(|record| record["tool_calls"].as_array().map(Vec::len))
            .sum();
        let (_, steps, _) = recovered(&path, &["kimi-cli-stream"]);
        assert_eq!(steps, counted, "{}", path.display());
    }
}

/// `tool` parts of opencode's database, and of its exports and streams read one by one.
#[test]
fn opencode_sessions() {
    let Some(folder) = samples("opencode") else {
        return;
    };
    let mut counted = 0;
    for path in files(&folder, ".db") {
        let uri = format!("file:{}?immutable=1", path.display());
        let database = rusqlite::Connection::open(uri).unwrap();
        let sql = "select count(*) from part where json_extract(data, '$.type') = 'tool'";
        counted += database
            .query_row(sql, [], |row| row.get::<_, u32>(0))
            .unwrap();
    }
    let layouts = [
        "opencode-database",
        "opencode-export",
        "opencode-storage",
        "opencode-stream",
    ];
    let (_, steps, _) = recovered(&folder, &layouts);
    assert_eq!(steps, counted as usize);
    for path in [files(&folder, ".json"), files(&folder, ".jsonl")].concat() {
        let text = std::fs::read_to_string(&path).unwrap();
        let counted = text.matches("\"callID\"").count();
        // Of an export, the sub-agents' own exports are not there when it stands alone.
        let (_, steps, _) = recovered(&path, &layouts);
        assert_eq!(steps, counted, "{}", path.display());
    }
}

/// `toolRequest` contents of goose's messages.
#[test]
fn goose_sessions() {
    let Some(folder) = samples("goose") else {
        return;
    };
    let rows: Vec<Value> = files(&folder, ".jsonl")
        .iter()
        .flat_map(|path| json_lines(path))
        .collect();
    let contents = rows.iter().filter_map(|row| row["content_json"].as_str());
    let counted: usize = contents
        .map(|content| content.matches(r#""type":"toolRequest""#).count())
        .sum();
    let (_, steps, _) = recovered(
        &folder,
        &["goose-database", "goose-session", "goose-stream"],
    );
    assert_eq!(steps, counted);
}

/// Closed SEARCH/REPLACE blocks, commands run and outputs added in aider's histories.
#[test]
fn aider_histories() {
    let Some(folder) = samples("aider") else {
        return;
    };
    let mut counted = 0;
    for path in files(&folder, ".chat.history.md") {
        let text = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        let starting = |head: &str| lines.iter().filter(|line| line.starts_with(head)).count();
        let outputs = lines
            .iter()
            .filter(|line| line.contains(" of output to the chat"))
            .count();
        counted += starting(">>>>>>> REPLACE") + outputs.max(starting("> Running "));
    }
    let (_, steps, _) = recovered(&folder, &["aider"]);
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

/// Tools that began to work in Copilot CLI's logs.
#[test]
fn copilot_cli() {
    let Some(folder) = samples("copilot-cli") else {
        return;
    };
    let counted = files(&folder, ".jsonl")
        .iter()
        .flat_map(|path| json_lines(path))
        .filter(|event| event["type"] == "tool.execution_start")
        .count();
    let (_, steps, _) = recovered(&folder, &["copilot-cli"]);
    assert_eq!(steps, counted);
}

/// `tool_use` blocks of Cline's session folders, and started tools of its streams one by one.
#[test]
fn cline_sessions() {
    let Some(folder) = samples("cline") else {
        return;
    };
    let layouts = ["cline-session", "cline-stream", "cline-task"];
    let text = |path: &PathBuf| std::fs::read_to_string(path).unwrap();
    let conversations = files(&folder, ".messages.json");
    let counted: usize = conversations
        .iter()
        .map(|path| text(path).matches(r#""type": "tool_use""#).count())
        .sum();
    let (_, steps, _) = recovered(&folder, &layouts);
    assert_eq!(steps, counted);
    for path in files(&folder, ".jsonl") {
        let start = r#""type":"content_start","contentType":"tool""#;
        let counted = text(&path).matches(start).count();
        let (_, steps, _) = recovered(&path, &layouts);
        assert_eq!(steps, counted, "{}", path.display());
    }
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

/// Entries of `toolCalls` in Continue's sessions.
#[test]
fn continue_dev() {
    let Some(folder) = samples("continue") else {
        return;
    };
    let counted: usize = files(&folder, ".json")
        .iter()
        .map(|path| std::fs::read_to_string(path).unwrap())
        .map(|text| serde_json::from_str::<Value>(&text).unwrap())
        .flat_map(|session| session["history"].as_array().cloned().unwrap_or_default())
        .filter_map(|item| item["message"]["toolCalls"].as_array().map(Vec::len))
        .sum();
    let (_, steps, _) = recovered(&folder, &["continue"]);
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

/// `tool_use` blocks of Claude Code's session files, each id once a file; of files with the same
/// bytes one is counted.
#[test]
fn claude_code_sessions() {
    let Some(folder) = samples("claude-code-sessions") else {
        return;
    };
    let mut seen = std::collections::BTreeSet::new();
    let counted: usize = files(&folder, ".jsonl")
        .iter()
        .filter(|path| seen.insert(std::fs::read(path).unwrap()))
        .map(|path| {
            let blocks = json_lines(path).into_iter().flat_map(|line| {
                // What a sub-agent did is told as progress of the call that started it.
                let own = line.pointer("/message/content");
                let told = line.pointer("/data/message/message/content");
                own.or(told)
                    .and_then(Value::as_array)
                    .cloned()
                    .unwrap_or_default()
            });
            let calls = blocks.filter(|block| block["type"] == "tool_use");
            let ids: std::collections::BTreeSet<String> =
                calls.map(|block| block["id"].to_string()).collect();
            ids.len()
        })
        .sum();
    let (_, steps, _) = recovered(&folder, &["claude-code-session"]);
    assert_eq!(steps, counted);
}

/// `tool_use` blocks of what Claude Code printed in Harbor's trials.
#[test]
fn harbor_trials() {
    let Some(folder) = samples("harbor") else {
        return;
    };
    let counted: usize = files(&folder, "agent/claude-code.txt")
        .iter()
        .flat_map(|path| json_lines(path))
        .filter_map(|line| line["message"]["content"].as_array().cloned())
        .map(|blocks| blocks.iter().filter(|b| b["type"] == "tool_use").count())
        .sum();
    let (_, steps, _) = recovered(&folder, &["claude-code-stream"]);
    assert_eq!(steps, counted);
}

/// Entries of `trajectory` in SWE-agent's files.
#[test]
fn swe_agent() {
    let Some(folder) = samples("swe-agent") else {
        return;
    };
    let counted: usize = files(&folder, ".traj")
        .iter()
        .map(|path| serde_json::from_slice::<Value>(&std::fs::read(path).unwrap()).unwrap())
        .map(|saved| saved["trajectory"].as_array().unwrap().len())
        .sum();
    let (_, steps, _) = recovered(&folder, &["swe-agent"]);
    assert_eq!(steps, counted);
}

/// Replies of mini-SWE-agent 1, each one action; tool calls of version 2.
#[test]
fn mini_swe_agent() {
    let (Some(first), Some(second)) = (samples("mini-swe-agent"), samples("mini-swe-agent-v2"))
    else {
        return;
    };
    let messages = |folder: &Path| -> Vec<Value> {
        files(folder, ".traj.json")
            .iter()
            .map(|path| serde_json::from_slice::<Value>(&std::fs::read(path).unwrap()).unwrap())
            .flat_map(|saved| saved["messages"].as_array().unwrap().clone())
            .collect()
    };
    let replies = messages(&first)
        .iter()
        .filter(|m| m["role"] == "assistant")
        .count();
    let (_, steps, _) = recovered(&first, &["mini-swe-agent"]);
    assert_eq!(steps, replies);
    let calls: usize = messages(&second)
        .iter()
        .filter_map(|m| m["tool_calls"].as_array().map(Vec::len))
        .sum();
    let (_, steps, _) = recovered(&second, &["mini-swe-agent"]);
    assert_eq!(steps, calls);
}

/// Action events of conversations of the OpenHands SDK.
#[test]
fn openhands_conversations() {
    let Some(folder) = samples("openhands-v1") else {
        return;
    };
    let counted = files(&folder, ".json")
        .iter()
        .filter_map(|path| serde_json::from_slice::<Value>(&std::fs::read(path).unwrap()).ok())
        .filter(|event| event["kind"] == "ActionEvent")
        .count();
    let (_, steps, _) = recovered(&folder, &["openhands-conversation"]);
    assert_eq!(steps, counted);
}

/// Tool calls of ATIF trajectories.
#[test]
fn atif() {
    let Some(folder) = samples("atif") else {
        return;
    };
    let counted: usize = files(&folder, ".json")
        .iter()
        .map(|path| serde_json::from_slice::<Value>(&std::fs::read(path).unwrap()).unwrap())
        .flat_map(|run| run["steps"].as_array().unwrap().clone())
        .filter_map(|step| step["tool_calls"].as_array().map(Vec::len))
        .sum();
    let (_, steps, _) = recovered(&folder, &["atif"]);
    assert_eq!(steps, counted);
}
