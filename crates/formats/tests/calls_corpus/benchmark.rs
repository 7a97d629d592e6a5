//! What benchmarks and their agents leave behind.

use super::*;

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
