use proptest::prelude::*;
use serde_json::{Value, json};
use trace::Trajectory;

use crate::pile::Pile;
use crate::{find_runs, read_run};

fn read(files: &[(&str, &str)]) -> Option<(Trajectory, Vec<String>)> {
    let pile = Pile::from_memory(files.iter().map(|(path, text)| (*path, *text)));
    let found = find_runs(&pile);
    assert!(found.runs.len() <= 1, "{:?}", found.runs);
    let read = read_run(&pile, found.runs.first()?).ok()?;
    Some((read.trajectory, read.warnings))
}

fn lines(records: &[Value]) -> String {
    let lines: Vec<String> = records.iter().map(Value::to_string).collect();
    lines.join("\n") + "\n"
}

/// Gives records the members all of them have.
fn records(list: Vec<Value>) -> Vec<Value> {
    let mut parent = Value::Null;
    let mut made = Vec::new();
    for (number, mut record) in list.into_iter().enumerate() {
        let uuid = format!("u{number}");
        record["uuid"] = uuid.clone().into();
        record["parentUuid"] = parent;
        record["sessionId"] = "s-1".into();
        record["timestamp"] = format!("2026-01-02T03:04:{number:02}Z").into();
        record["cwd"] = "/repo".into();
        record["version"] = "0.15.0".into();
        parent = uuid.into();
        made.push(record);
    }
    made
}

fn user(text: &str) -> Value {
    json!({"type": "user", "message": {"role": "user", "parts": [{"text": text}]}})
}

fn reply(parts: &Value) -> Value {
    json!({"type": "assistant", "model": "sample", "message": {"role": "model", "parts": parts},
        "usageMetadata": {"promptTokenCount": 10, "candidatesTokenCount": 2,
            "thoughtsTokenCount": 3, "cachedContentTokenCount": 4}})
}

fn call(id: &str, name: &str, args: &Value) -> Value {
    json!({"functionCall": {"id": id, "name": name, "args": args}})
}

fn result(id: &str, status: &str, response: &Value) -> Value {
    json!({"type": "tool_result", "toolCallResult": {"callId": id, "status": status},
        "message": {"role": "user", "parts": [{"functionResponse": {"id": id, "response": response}}]}})
}

fn event(event: &Value) -> Value {
    json!({"type": "system", "subtype": "ui_telemetry", "systemPayload": {"uiEvent": event}})
}

/// Parallel calls, one of them to a sub-agent that worked in the background, one refused.
fn session() -> Vec<Value> {
    let report = "Command: make\nDirectory: (root)\nOutput: boom\nError: (none)\nExit Code: 2\n\
                  Signal: 0\nProcess Group PGID: 7";
    records(vec![
        user("Fix it."),
        reply(&json!([
            {"text": "They fail.", "thought": true}, {"text": "I look."},
            call("a", "run_shell_command", &json!({"command": "make"})),
            call("b", "agent", &json!({"description": "List", "prompt": "List files."})),
            call("c", "edit", &json!({"file_path": "/repo/a.py", "old_string": "a", "new_string": "b"})),
        ])),
        event(
            &json!({"event.name": "qwen-code.tool_call", "function_name": "run_shell_command",
            "prompt_id": "s-1########1", "function_args": {"command": "make"}}),
        ),
        result("a", "success", &json!({"output": report})),
        result("b", "success", &json!({"output": "Started."})),
        result(
            "c",
            "cancelled",
            &json!({"error": "[Operation Cancelled] Reason: no"}),
        ),
        event(
            &json!({"event.name": "qwen-code.api_response", "prompt_id": "s-1#fork-x#0",
            "response_id": "r", "response_text": "I list.", "input_token_count": 5, "output_token_count": 1}),
        ),
        event(
            &json!({"event.name": "qwen-code.tool_call", "prompt_id": "s-1#fork-x#0", "response_id": "r",
            "function_name": "run_shell_command", "function_args": {"command": "ls"}, "success": true}),
        ),
        json!({"type": "system", "subtype": "chat_compression", "systemPayload": {"compressedHistory": [
            {"role": "model", "parts": [call("a", "run_shell_command", &json!({"command": "make"}))]}]}}),
        reply(&json!([{"text": "Not done."}])),
    ])
}

/// The same as printed.
fn stream() -> Vec<Value> {
    let said = |kind: &str, parent: Value, blocks: &Value| {
        json!({"type": kind, "session_id": "s-1", "parent_tool_use_id": parent, "message": {"id": "m",
            "role": kind, "content": blocks, "usage": {"input_tokens": 9, "output_tokens": 1, "total_tokens": 10}}})
    };
    let tool = |id: &str, name: &str, input: &Value| json!({"type": "tool_use", "id": id, "name": name, "input": input});
    let answer = |id: &str, text: &str, failed: bool| {
        json!([{"type": "tool_result", "tool_use_id": id,
        "content": text, "is_error": failed}])
    };
    vec![
        json!({"type": "system", "subtype": "init", "session_id": "s-1", "cwd": "/repo", "model": "sample",
            "qwen_code_version": "0.15.0", "tools": ["run_shell_command"]}),
        said(
            "assistant",
            Value::Null,
            &json!([{"type": "text", "text": "I look."}]),
        ),
        said(
            "assistant",
            Value::Null,
            &json!([
                tool("a", "run_shell_command", &json!({"command": "make"})),
                tool(
                    "b",
                    "agent",
                    &json!({"description": "List", "prompt": "List files."})
                )
            ]),
        ),
        said(
            "user",
            "b".into(),
            &json!([{"type": "text", "text": "List files."}]),
        ),
        said("user", Value::Null, &answer("a", "boom", true)),
        said(
            "assistant",
            "b".into(),
            &json!([tool("a", "run_shell_command", &json!({"command": "ls"}))]),
        ),
        said("user", "b".into(), &answer("a", "x.py", false)),
        said("user", Value::Null, &answer("b", "x.py", false)),
        json!({"type": "result", "subtype": "success", "session_id": "s-1", "is_error": false,
            "result": "Not done.", "usage": {"input_tokens": 90, "output_tokens": 7}}),
    ]
}

#[test]
fn a_session_file_is_read_as_steps() {
    let (run, warnings) = read(&[("chats/s-1.jsonl", &lines(&session()))]).unwrap();
    assert!(warnings.is_empty(), "{warnings:?}");
    insta::assert_json_snapshot!(run);
}

#[test]
fn a_stream_is_read_as_steps_and_not_taken_for_another_agents() {
    let (run, warnings) = read(&[("out.jsonl", &lines(&stream()))]).unwrap();
    assert!(warnings.is_empty(), "{warnings:?}");
    insta::assert_json_snapshot!(run);
}

#[test]
fn both_records_of_a_session_are_one_run() {
    let (run, _) = read(&[
        ("out.jsonl", &lines(&stream())),
        ("chats/s-1.jsonl", &lines(&session())),
    ])
    .unwrap();
    assert_eq!(run.format, "qwen-code");
    assert_eq!(run.source.duplicates, ["out.jsonl"]);
}

#[test]
fn a_sub_agent_with_a_file_of_its_own_is_told_from_there() {
    let mut own = records(vec![
        json!({"type": "system", "subtype": "agent_bootstrap", "systemPayload": {"kind": "fork", "history": []}}),
        user("List files."),
        reply(&json!([{"text": "I list."}])),
        reply(&json!([call(
            "x",
            "run_shell_command",
            &json!({"command": "ls"})
        )])),
        reply(&json!([call(
            "y",
            "run_shell_command",
            &json!({"command": "pwd"})
        )])),
        result("x", "", &json!({"output": "a.py"})),
    ]);
    for record in &mut own {
        record["uuid"] = format!("sub-{}", record["uuid"]).into();
        record["isSidechain"] = true.into();
        record["agentId"] = "fork-x".into();
    }
    let (run, _) = read(&[
        ("p/chats/s-1.jsonl", &lines(&session())),
        ("p/subagents/s-1/agent-fork-x.jsonl", &lines(&own)),
    ])
    .unwrap();
    assert_eq!(run.steps[1].subtrajectory.as_deref(), Some("fork-x"));
    let sub = &run.subtrajectories[0];
    assert_eq!((run.subtrajectories.len(), sub.steps.len()), (1, 2));
    assert_eq!(sub.steps[0].thought, "I list.");
    assert_eq!(sub.steps[1].parallel_group, Some(1));
    assert_eq!(sub.steps[0].observed(), "a.py");
    // On its own it is a run of its own.
    let (alone, _) = read(&[("agent-fork-x.jsonl", &lines(&own))]).unwrap();
    assert_eq!(
        (alone.steps.len(), alone.session.as_deref()),
        (2, Some("s-1"))
    );
}

#[test]
fn what_a_sub_agent_did_may_stand_in_its_result() {
    let mut list = session();
    list[4]["toolCallResult"]["resultDisplay"] = json!({"type": "task_execution", "taskPrompt": "List files.",
        "status": "completed", "result": "One file.", "toolCalls": [
            {"callId": "t1", "name": "list_directory", "args": {"path": "/repo"}, "status": "success", "result": "a.py"},
            {"callId": "t2", "name": "read_file", "args": {"absolute_path": "/x"}, "status": "failed", "error": "gone"}]});
    let (run, _) = read(&[("chats/s-1.jsonl", &lines(&list))]).unwrap();
    assert_eq!(run.subtrajectories.len(), 1);
    let sub = &run.subtrajectories[0];
    assert_eq!(sub.final_message.as_deref(), Some("One file."));
    assert_eq!(sub.steps[1].observed(), "gone");
    assert_eq!(
        sub.steps[1].observation.as_ref().unwrap().is_error,
        Some(true)
    );
}

#[test]
fn results_find_calls_without_an_id_by_name() {
    let call = |name: &str| json!({"functionCall": {"name": name, "args": {"path": "/x"}}});
    let result = |name: &str, text: &str| {
        json!({"type": "tool_result", "message": {"role": "user",
        "parts": [{"functionResponse": {"name": name, "response": {"output": text}}}]}})
    };
    let list = records(vec![
        user("Look."),
        reply(&json!([call("read_file"), call("glob"), call("read_file")])),
        result("glob", "2"),
        result("read_file", "1"),
        result("read_file", "3"),
        result("read_file", "4"),
    ]);
    let (run, warnings) = read(&[("chats/s-1.jsonl", &lines(&list))]).unwrap();
    let seen: Vec<_> = run.steps.iter().map(trace::Step::observed).collect();
    assert_eq!(seen, ["1", "2", "3"]);
    assert!(warnings[0].contains("1 tool results"), "{warnings:?}");
}

proptest! {
    #[test]
    fn a_cut_file_gives_what_it_has(cut in any::<prop::sample::Index>(), native in any::<bool>()) {
        let whole = lines(&if native { session() } else { stream() });
        let mut at = cut.index(whole.len());
        while !whole.is_char_boundary(at) { at -= 1; }
        if let Some((run, _)) = read(&[("x.jsonl", &whole[..at])]) {
            prop_assert!(run.steps.len() <= 3);
        }
    }

    #[test]
    fn no_record_panics(text in ".{0,200}", native in any::<bool>()) {
        let whole = lines(&if native { session() } else { stream() });
        let _ = read(&[("x.jsonl", &format!("{whole}{text}\n{{{text}"))]);
    }
}
