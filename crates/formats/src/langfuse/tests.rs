use crate::pile::Pile;
use crate::{Extraction, find_runs, read_run};
use proptest::prelude::*;
use serde_json::{Value, json};

#[expect(clippy::needless_pass_by_value, reason = "reads better at the calls")]
fn observation(
    id: &str,
    parent: Value,
    kind: &str,
    name: &str,
    time: (u32, u32),
    said: Value,
) -> Value {
    let at = |second: u32| format!("2026-01-01T00:00:{second:02}.000Z");
    let mut observation = json!({"id": id, "traceId": "t-1", "parentObservationId": parent, "type": kind,
        "name": name, "startTime": at(time.0), "endTime": at(time.1), "level": "DEFAULT",
        "statusMessage": null, "input": null, "output": null, "model": null, "usageDetails": {}, "metadata": "{}"});
    for (key, value) in said.as_object().unwrap() {
        observation[key] = value.clone();
    }
    observation
}

/// A graph whose tools are plain spans, a model that failed, a sub-agent, and a record within a record.
fn observations() -> Vec<Value> {
    let reply = json!({"role": "assistant", "content": "I look.", "tool_calls": [
        {"id": "c1", "type": "function", "function": {"name": "search", "arguments": "{\"query\": \"sum\"}"}},
        {"id": "c2", "type": "function", "function": {"name": "bash", "arguments": "{\"command\": \"ls\"}"}}]});
    let shown = json!([{"role": "user", "content": "Fix it."}, reply,
        {"role": "tool", "tool_call_id": "c2", "content": "a.py"}]);
    let answer = json!({"lc": 1, "type": "constructor", "id": ["langchain_core", "messages", "ToolMessage"],
        "kwargs": {"content": "found", "tool_call_id": "c1", "status": "error"}});
    let usage = json!({"input": 10, "input_cache_read": 4, "output": 3, "total": 17});
    vec![
        observation(
            "r",
            Value::Null,
            "SPAN",
            "Graph",
            (0, 40),
            json!({"input": "{\"messages\": []}"}),
        ),
        observation(
            "m1",
            json!("r"),
            "GENERATION",
            "Chat",
            (1, 5),
            json!({"model": "m-1",
            "input": "\"[{\\\"role\\\": \\\"user\\\", \\\"content\\\": \\\"Fix it.\\\"}]\"",
            "output": Value::String(reply.to_string()), "usageDetails": usage, "costDetails": {"total": 0.01}}),
        ),
        observation(
            "m1a",
            json!("m1"),
            "GENERATION",
            "inner",
            (2, 4),
            json!({"output": reply,
            "usageDetails": {"input": 11, "output": 3, "total": 14}}),
        ),
        observation("w", json!("r"), "SPAN", "tools", (6, 8), json!({})),
        observation(
            "s1",
            json!("w"),
            "SPAN",
            "search",
            (6, 7),
            json!({"input": "{\"query\":\"sum\"}", "output": answer}),
        ),
        observation(
            "m2",
            json!("r"),
            "GENERATION",
            "Chat",
            (9, 12),
            json!({"model": "m-1", "input": shown,
            "output": {"content": {"parts": [{"function_call": {"name": "helper", "args": {"request": "go"}}}], "role": "model"}}}),
        ),
        observation(
            "h",
            json!("gone"),
            "TOOL",
            "execute_tool helper",
            (13, 20),
            json!({"input": "{\"request\": \"go\"}",
            "output": "{}", "level": "ERROR", "statusMessage": "broke",
            "metadata": "{\"attributes\":{\"gen_ai.tool.call.id\":\"adk-1\",\"gcp.vertex.agent.tool_response\":\"{\\\"a\\\":1}\"}}"}),
        ),
        observation(
            "ha",
            json!("h"),
            "AGENT",
            "helper",
            (14, 19),
            json!({"input": "go", "output": "gone"}),
        ),
        observation(
            "hm",
            json!("ha"),
            "GENERATION",
            "Chat",
            (15, 16),
            json!({"output": {"role": "assistant",
            "tool_calls": [{"id": "h1", "function": {"name": "bash", "arguments": "{\"command\":\"id\"}"}}]}}),
        ),
        observation(
            "e",
            json!("r"),
            "GENERATION",
            "Chat",
            (30, 31),
            json!({"level": "ERROR", "statusMessage": "overloaded"}),
        ),
    ]
}

fn export() -> Value {
    let mut bare: Vec<Value> = observations();
    for observation in &mut bare {
        observation["input"] = Value::Null;
    }
    json!({"trace": {"id": "t-1", "projectId": "p", "name": "fixer", "sessionId": "talk", "version": "7",
            "input": "\"Fix it.\"", "output": "\"{\\\"content\\\": \\\"Done.\\\"}\"", "observations": bare},
        "observations": observations()})
}

fn read(text: &str) -> Vec<Extraction> {
    let pile = Pile::from_memory([("trace.json", text.as_bytes().to_vec())]);
    let found = find_runs(&pile);
    let read = found.runs.iter().map(|run| read_run(&pile, run));
    read.filter_map(Result::ok).collect()
}

#[test]
fn a_trace_is_read_as_steps() {
    let read = read(&export().to_string());
    assert_eq!(read.len(), 1);
    insta::assert_json_snapshot!(read[0].trajectory);
    assert_eq!(read[0].coverage.events.total, 10);
}

#[test]
fn rows_of_blob_storage_are_traces_by_id() {
    let row = |trace: &str, id: &str, command: &str| {
        json!({"id": id, "trace_id": trace, "type": "GENERATION",
        "parent_observation_id": "", "name": "c", "start_time": "2026-01-01 00:00:00.000000", "level": "DEFAULT",
        "trace_name": "fixer", "session_id": "talk", "usage_details": "{\"input\": \"3\"}", "output": json!({"role": "assistant", "tool_calls": [
            {"id": id, "function": {"name": "bash", "arguments": {"command": command}}}]}).to_string()})
    };
    let rows = [
        row("a", "1", "ls"),
        row("b", "2", "id"),
        row("a", "3", "pwd"),
    ];
    let read = read(&rows.map(|row| format!("{row}\n")).concat());
    let steps: Vec<_> = read
        .iter()
        .map(|read| read.trajectory.steps.len())
        .collect();
    assert_eq!(steps, [2, 1]);
    assert_eq!(read[0].trajectory.usage.input_tokens, Some(6));
    assert_eq!(read[0].trajectory.agent.as_deref(), Some("fixer"));
}

#[test]
fn calls_listed_beside_an_output_without_them_are_read() {
    let listed = json!({"output": "I look.", "toolCalls": ["{\"id\": \"c\", \"arguments\": \"{\\\"command\\\": \\\"ls\\\"}\"}"], "toolCallNames": ["bash"]});
    let only = observation("m", Value::Null, "GENERATION", "Chat", (1, 5), listed);
    let read = read(&json!({"trace": {"id": "t-1"}, "observations": [only]}).to_string());
    assert_eq!(read[0].trajectory.steps[0].action.command(), Some("ls"));
}

proptest! {
    #[test]
    fn no_cut_and_no_noise_panics(cut in 0usize..6000, noise in ".{0,40}") {
        let text = export().to_string();
        let cut = text.floor_char_boundary(cut.min(text.len()));
        let _ = read(&format!("{}{noise}", &text[..cut]));
    }
}
