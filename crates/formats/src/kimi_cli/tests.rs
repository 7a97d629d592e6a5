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

/// Events with times a second apart.
fn wire(events: &[Value]) -> String {
    let mut records = vec![json!({"type": "metadata", "protocol_version": "1.10"})];
    for (second, event) in (1_800_000_000u64..).zip(events) {
        records.push(json!({"timestamp": second, "message": event}));
    }
    lines(&records)
}

fn event(kind: &str, payload: &Value) -> Value {
    json!({"type": kind, "payload": payload})
}

fn call(id: &str, name: &str, arguments: &Value) -> Value {
    let function = json!({"name": name, "arguments": arguments.to_string()});
    event(
        "ToolCall",
        &json!({"type": "function", "id": id, "function": function}),
    )
}

fn result(id: &str, is_error: bool, output: &str, message: &str) -> Value {
    let value = json!({"is_error": is_error, "output": output, "message": message});
    event(
        "ToolResult",
        &json!({"tool_call_id": id, "return_value": value}),
    )
}

fn said(text: &str) -> Value {
    event("ContentPart", &json!({"type": "text", "text": text}))
}

fn passed_on(call: &str, agent: &str, inner: &Value) -> Value {
    event(
        "SubagentEvent",
        &json!({"parent_tool_call_id": call, "agent_id": agent, "event": inner}),
    )
}

/// Parallel calls, arguments in pieces, a sub-agent, a compaction, a refusal and an interruption.
fn events() -> Vec<Value> {
    let step = |n: u64| event("StepBegin", &json!({"n": n}));
    let mut cut = call("a", "Shell", &json!({}));
    cut["payload"]["function"]["arguments"] = r#"{"command": "#.into();
    vec![
        event(
            "TurnBegin",
            &json!({"user_input": [{"type": "text", "text": "Fix it."}]}),
        ),
        step(1),
        event("ContentPart", &json!({"type": "think", "think": "They "})),
        event("ContentPart", &json!({"type": "think", "think": "fail."})),
        said("I look."),
        cut,
        event("ToolCallPart", &json!({"arguments_part": r#""make"}"#})),
        call(
            "b",
            "Agent",
            &json!({"description": "List", "prompt": "List files."}),
        ),
        event(
            "StatusUpdate",
            &json!({"token_usage": {"input_other": 6, "output": 2,
            "input_cache_read": 4, "input_cache_creation": 0}}),
        ),
        result("a", true, "boom\n", "Command failed with exit code: 2."),
        passed_on(
            "b",
            "a01",
            &event("TurnBegin", &json!({"user_input": "List files."})),
        ),
        passed_on("b", "a01", &step(1)),
        passed_on("b", "a01", &call("a", "Shell", &json!({"command": "ls"}))),
        passed_on(
            "b",
            "a01",
            &result("a", false, "a.py\n", "Command executed successfully."),
        ),
        passed_on("b", "a01", &said("One file.")),
        result("b", false, "agent_id: a01\nOne file.", ""),
        event("CompactionBegin", &json!({})),
        event("CompactionEnd", &json!({})),
        step(2),
        call(
            "c",
            "WriteFile",
            &json!({"path": "/repo/a.py", "content": "x"}),
        ),
        event(
            "ApprovalRequest",
            &json!({"id": "r", "tool_call_id": "c", "sender": "WriteFile",
            "action": "edit file", "description": "write"}),
        ),
        event(
            "ApprovalResponse",
            &json!({"request_id": "r", "response": "reject"}),
        ),
        result("c", true, "", "The tool call is rejected by the user."),
        event("StepInterrupted", &json!({})),
    ]
}

fn context() -> String {
    lines(&[
        json!({"role": "_system_prompt", "content": "The current working directory is `/repo`. Go."}),
        json!({"role": "_checkpoint", "id": 0}),
        json!({"role": "user", "content": "Fix it."}),
        json!({"role": "_usage", "token_count": 12}),
        printed()[0].clone(),
        printed()[1].clone(),
    ])
}

fn printed() -> Vec<Value> {
    let shell = |id: &str, command: &str| {
        json!({"type": "function", "id": id, "function":
        {"name": "Shell", "arguments": json!({"command": command}).to_string()}})
    };
    let tool =
        |id: &str, content: &Value| json!({"role": "tool", "tool_call_id": id, "content": content});
    vec![
        json!({"role": "assistant", "content": [{"type": "think", "think": "They fail."},
            {"type": "text", "text": "I look."}], "tool_calls": [shell("a", "make"), shell("b", "true")]}),
        tool(
            "b",
            &json!("<system>Command executed successfully.</system>"),
        ),
        tool(
            "a",
            &json!([{"type": "text", "text": "<system>ERROR: Command failed with exit code: 2.</system>"},
            {"type": "text", "text": "boom\n"}]),
        ),
        json!({"role": "assistant", "content": "Not done."}),
    ]
}

#[test]
fn a_session_folder_is_read_from_its_wire() {
    let (run, warnings) = read(&[
        ("sessions/h/s-1/wire.jsonl", &wire(&events())),
        ("sessions/h/s-1/context.jsonl", &context()),
        ("sessions/h/s-1/state.json", "{}"),
    ])
    .unwrap();
    assert!(warnings.is_empty(), "{warnings:?}");
    insta::assert_json_snapshot!(run);
}

#[test]
fn printed_messages_are_read_as_steps() {
    let (run, warnings) = read(&[("out.jsonl", &lines(&printed()))]).unwrap();
    assert!(warnings.is_empty(), "{warnings:?}");
    insta::assert_json_snapshot!(run);
}

#[test]
fn a_context_alone_is_read_too() {
    let (run, _) = read(&[("sessions/h/s-1.jsonl", &context())]).unwrap();
    assert_eq!((run.format.as_str(), run.steps.len()), ("kimi-cli", 2));
    assert_eq!(run.cwd.as_deref(), Some("/repo"));
    assert_eq!(run.task.as_deref(), Some("Fix it."));
}

#[test]
fn a_sub_agent_with_a_wire_of_its_own_is_told_once_and_at_length() {
    let shell = |id: &str| call(id, "Shell", &json!({"command": "ls"}));
    let own = wire(&[shell("x"), shell("y"), shell("z")]);
    let background = wire(&[shell("x")]);
    let mut main = events();
    let start = call(
        "d",
        "Agent",
        &json!({"prompt": "More.", "run_in_background": true}),
    );
    main.extend([
        start,
        result("d", false, "agent_id: a02\nstatus: running", ""),
    ]);
    let (run, _) = read(&[
        ("s-1/wire.jsonl", &wire(&main)),
        ("s-1/subagents/a01/wire.jsonl", &own),
        ("s-1/subagents/a02/wire.jsonl", &background),
        ("s-1/subagents/a02/meta.json", "{}"),
    ])
    .unwrap();
    let links: Vec<_> = run
        .steps
        .iter()
        .map(|s| s.subtrajectory.as_deref())
        .collect();
    assert_eq!(links, [None, Some("a01"), None, Some("a02")]);
    let lengths: Vec<_> = run.subtrajectories.iter().map(|t| t.steps.len()).collect();
    assert_eq!(lengths, [3, 1]);
}

proptest! {
    #[test]
    fn a_cut_file_gives_what_it_has(cut in any::<prop::sample::Index>(), form in 0..3) {
        let (path, whole) = match form {
            0 => ("s-1/wire.jsonl", wire(&events())),
            1 => ("s-1/wire.jsonl", lines(&printed())),
            _ => ("s-1.jsonl", context()),
        };
        let mut at = cut.index(whole.len());
        while !whole.is_char_boundary(at) { at -= 1; }
        if let Some((run, _)) = read(&[(path, &whole[..at])]) {
            prop_assert!(run.steps.len() <= 3);
        }
    }

    #[test]
    fn no_record_panics(text in ".{0,200}", native in any::<bool>()) {
        let whole = if native { wire(&events()) } else { lines(&printed()) };
        let _ = read(&[("x.jsonl", &format!("{whole}{text}\n{{{text}"))]);
    }
}
