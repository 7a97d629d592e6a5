use proptest::prelude::*;
use serde_json::{Value, json};
use trace::Trajectory;

use crate::pile::Pile;
use crate::{find_runs, read_run};

fn read(text: &str) -> Option<(Trajectory, Vec<String>)> {
    let pile = Pile::from_memory([("session-state/s-1/events.jsonl", text)]);
    let found = find_runs(&pile);
    let read = read_run(&pile, found.runs.first()?).ok()?;
    Some((read.trajectory, read.warnings))
}

/// Gives events ids, times and the chain.
fn log(list: &[Value]) -> String {
    let mut lines = Vec::new();
    let mut parent = Value::Null;
    for (number, event) in list.iter().enumerate() {
        let mut event = event.clone();
        let id = format!("e{number}");
        event["id"] = id.clone().into();
        event["parentId"] = parent;
        event["timestamp"] = format!("2026-01-02T03:04:{number:02}Z").into();
        parent = id.into();
        lines.push(event.to_string());
    }
    lines.join("\n") + "\n"
}

fn event(kind: &str, data: &Value) -> Value {
    json!({"type": kind, "data": data})
}

fn of_agent(agent: &str, mut event: Value) -> Value {
    event["agentId"] = agent.into();
    event
}

fn request(id: &str, name: &str, arguments: &Value) -> Value {
    json!({"toolCallId": id, "name": name, "arguments": arguments, "type": "function"})
}

fn start(id: &str, name: &str, arguments: &Value) -> Value {
    event(
        "tool.execution_start",
        &json!({"toolCallId": id, "toolName": name, "arguments": arguments}),
    )
}

fn complete(id: &str, success: bool, content: &str) -> Value {
    event(
        "tool.execution_complete",
        &json!({"toolCallId": id, "success": success,
        "result": {"content": content, "detailedContent": "more"}}),
    )
}

/// Parallel calls, a sub-agent, a refusal, a call made by hand, a compaction and a resumption.
fn events() -> Vec<Value> {
    let make = json!({"command": "make", "description": "Build"});
    let ls = json!({"command": "ls"});
    vec![
        event(
            "session.start",
            &json!({"sessionId": "s-1", "copilotVersion": "1.0.2",
            "producer": "copilot-agent", "selectedModel": "sample", "context": {"cwd": "/repo"}}),
        ),
        event(
            "user.message",
            &json!({"content": "Fix it.", "transformedContent": "<x>Fix it."}),
        ),
        event("assistant.turn_start", &json!({"turnId": "0"})),
        event(
            "assistant.message",
            &json!({"messageId": "m1", "content": "I look.",
            "reasoningText": "They fail.", "outputTokens": 7, "toolRequests": [
                request("a", "bash", &make),
                request("b", "task", &json!({"agent_type": "explore", "prompt": "List files."})),
                request("c", "edit", &json!({"path": "/repo/a.py", "old_str": "a", "new_str": "b"}))]}),
        ),
        start("a", "bash", &make),
        event(
            "subagent.started",
            &json!({"toolCallId": "b", "agentName": "explore"}),
        ),
        event(
            "assistant.message",
            &json!({"parentToolCallId": "b", "messageId": "n1",
            "content": "", "toolRequests": [request("d", "bash", &ls)]}),
        ),
        of_agent(
            "x-1",
            event(
                "subagent.started",
                &json!({"toolCallId": "b", "agentName": "explore"}),
            ),
        ),
        of_agent("x-1", start("d", "bash", &ls)),
        complete("a", true, "boom\n<exited with exit code 2>"),
        of_agent(
            "x-1",
            complete("d", true, "a.py\n<shellId: 0 completed with exit code 0>"),
        ),
        complete("b", true, "One file."),
        event(
            "tool.execution_complete",
            &json!({"toolCallId": "c", "success": false,
            "error": {"code": "rejected", "message": "The user rejected this tool call."}}),
        ),
        event(
            "tool.user_requested",
            &json!({"toolCallId": "h", "toolName": "bash", "arguments": ls}),
        ),
        start("h", "bash", &ls),
        complete("h", true, "a.py"),
        event(
            "session.compaction_complete",
            &json!({"summaryContent": "so far"}),
        ),
        event(
            "assistant.message",
            &json!({"messageId": "m2", "content": "Not done.", "outputTokens": 3}),
        ),
        event("assistant.turn_end", &json!({"turnId": "0"})),
        event(
            "session.shutdown",
            &json!({"shutdownType": "routine", "sessionStartTime": 1,
            "modelMetrics": {"sample": {"usage": {"inputTokens": 90, "cacheReadTokens": 80, "outputTokens": 12}}}}),
        ),
    ]
}

#[test]
fn a_log_is_read_as_steps() {
    let (run, warnings) = read(&log(&events())).unwrap();
    assert!(warnings.is_empty(), "{warnings:?}");
    insta::assert_json_snapshot!(run);
}

#[test]
fn a_session_taken_up_again_is_counted_once() {
    let mut twice = events();
    twice.push(event(
        "session.resume",
        &json!({"context": {"cwd": "/repo"}}),
    ));
    twice.push(event("user.message", &json!({"content": "Go on."})));
    let text = log(&twice);
    let (run, _) = read(&(text.clone() + &text)).unwrap();
    assert_eq!((run.steps.len(), run.nested_step_count()), (3, 1));
    assert_eq!(run.task.as_deref(), Some("Fix it."));
    assert_eq!(run.usage.input_tokens, Some(90));
}

#[test]
fn a_tool_that_works_without_a_request_is_a_step() {
    let list = [
        start("a", "bash", &json!({"command": "ls"})),
        complete("a", false, ""),
        event("abort", &json!({"reason": "user initiated"})),
    ];
    let (run, _) = read(&log(&list)).unwrap();
    assert_eq!(run.steps.len(), 1);
    assert_eq!(run.steps[0].observed(), "failed");
    assert_eq!(
        run.outcome.exit_status.as_deref(),
        Some("abort: user initiated")
    );
}

proptest! {
    #[test]
    fn a_cut_log_gives_what_it_has(cut in any::<prop::sample::Index>()) {
        let whole = log(&events());
        let mut at = cut.index(whole.len());
        while !whole.is_char_boundary(at) { at -= 1; }
        if let Some((run, _)) = read(&whole[..at]) {
            prop_assert!(run.steps.len() <= 3 && run.nested_step_count() <= 1);
        }
    }

    #[test]
    fn no_event_panics(text in ".{0,200}") {
        let _ = read(&format!("{}{text}\n{{{text}", log(&events())));
    }
}
