//! What command lines and editors keep of their sessions.

use super::*;

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
