use std::fmt::Write as _;

use proptest::prelude::*;
use serde_json::{Value, json};
use trace::{ActionKind, Trajectory};

use crate::pile::Pile;
use crate::{Extraction, find_runs, read_run};

const T: u64 = 1_700_000_000_000;

fn call(id: &str, name: &str, input: &Value) -> Value {
    json!({"type": "tool_use", "id": id, "name": name, "input": input})
}

fn reply(at: u64, content: &Value) -> Value {
    json!({"id": format!("m{at}"), "role": "assistant", "ts": T + at, "content": content,
           "modelInfo": {"id": "m-1"}, "metrics": {"inputTokens": 10, "outputTokens": 2, "cacheReadTokens": 0}})
}

fn user(at: u64, content: &Value) -> Value {
    json!({"role": "user", "ts": T + at, "content": content})
}

/// A session with a failing command, parallel calls, two commands in one call and a sub-agent.
fn session() -> Vec<(String, String)> {
    let lead = json!({
        "version": 1, "agent": "lead", "sessionId": "s1", "origin": {"source": "cli", "version": "3.0.1"},
        "messages": [
            user(0, &json!([{"type": "text", "text": "<user_input mode=\"act\">Fix it.</user_input>"}])),
            reply(1, &json!([{"type": "thinking", "thinking": "Hm."}, {"type": "text", "text": "I look."},
                call("call_0123456789abcdef", "run_commands", &json!({"commands": ["make", "make test"]})),
                call("b", "spawn_agent", &json!({"systemPrompt": "p", "task": "Look around."})),
                call("c", "editor", &json!({"path": "a.c", "old_text": "x", "new_text": "y"}))])),
            user(2, &json!([{"type": "tool_result", "tool_use_id": "call_0123456789abcdef", "name": "run_commands", "content": [
                {"query": "make", "result": "ok\n", "success": true},
                {"query": "make test", "result": "[Command exited with code 2]\n", "error": "Command exited with code 2", "success": false}]}])),
            user(3, &json!([{"type": "tool_result", "tool_use_id": "b", "name": "spawn_agent", "content": "{\"text\":\"a.c\"}"}])),
            user(4, &json!([{"type": "tool_result", "tool_use_id": "c", "name": "editor", "content": [
                {"query": "edit", "result": "", "error": "no match", "success": false}]}])),
            reply(5, &json!([{"type": "text", "text": "Done."}])),
        ],
    });
    let sub = json!({
        "version": 1, "agent": "subagent", "sessionId": "s1__agent_1",
        "origin": {"source": "cli", "parentThreadId": "s1", "subagent": "agent_1", "version": "3.0.1"},
        "messages": [
            user(2, &json!([{"type": "text", "text": "Look around."}])),
            reply(3, &json!([call("d", "read_files", &json!({"files": [{"path": "a.c"}, {"path": "b.c"}]}))])),
            user(3, &json!([{"type": "tool_result", "tool_use_id": "d", "name": "read_files", "content": [
                {"query": "a.c", "result": "x", "success": true}]}])),
        ],
    });
    let about = json!({"version": 1, "session_id": "s1", "started_at": "2023-11-14T22:13:19Z", "status": "completed",
        "exit_code": 0, "model": "m-1", "cwd": "/w", "prompt": "Fix it.",
        "metadata": {"usage": {"inputTokens": 20, "outputTokens": 4, "totalCost": 0.5}}});
    let file = |name: &str, value: &Value| {
        (
            format!("s/s1/{name}"),
            serde_json::to_string_pretty(value).unwrap(),
        )
    };
    vec![
        file("s1.messages.json", &lead),
        file("agent_1.messages.json", &sub),
        file("s1.json", &about),
    ]
}

/// The same run as a stream, in which the sub-agent works beside its lead.
fn stream() -> String {
    let hook = |name: &str, agent: &str, parent: Value| json!({"ts": "2023-11-14T22:13:20Z", "type": "hook_event", "hookEventName": name, "agentId": agent, "parentAgentId": parent});
    let event =
        |event: Value| json!({"ts": "2023-11-14T22:13:21Z", "type": "agent_event", "event": event});
    let tool = |part: &str, id: &str, name: &str, more: Value| {
        let mut event =
            json!({"type": part, "contentType": "tool", "toolName": name, "toolCallId": id});
        event
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        event
    };
    let records = [
        hook("agent_start", "a0", Value::Null),
        event(json!({"type": "iteration_start", "iteration": 1})),
        event(json!({"type": "content_end", "contentType": "text", "text": "I look."})),
        hook("tool_call", "a0", Value::Null),
        hook("tool_call", "a0", Value::Null),
        hook("tool_call", "a0", Value::Null),
        event(tool(
            "content_start",
            "call_0123456789abcdef",
            "run_commands",
            json!({"input": {"commands": ["make", "make test"]}}),
        )),
        event(tool(
            "content_start",
            "b",
            "spawn_agent",
            json!({"input": {"task": "Look around."}}),
        )),
        hook("agent_start", "a1", json!("a0")),
        event(json!({"type": "iteration_start", "iteration": 1})),
        hook("tool_call", "a1", json!("a0")),
        event(tool(
            "content_start",
            "c",
            "editor",
            json!({"input": {"path": "a.c", "old_text": "x", "new_text": "y"}}),
        )),
        event(tool(
            "content_start",
            "d",
            "read_files",
            json!({"input": {"files": [{"path": "a.c"}, {"path": "b.c"}]}}),
        )),
        event(tool(
            "content_end",
            "call_0123456789abcdef",
            "run_commands",
            json!({"output": [
            {"query": "make test", "result": "", "error": "Command exited with code 2", "success": false}]}),
        )),
        event(tool(
            "content_end",
            "d",
            "read_files",
            json!({"output": [{"query": "a.c", "result": "x", "success": true}]}),
        )),
        hook("agent_end", "a1", json!("a0")),
        event(json!({"type": "done", "reason": "completed", "usage": {"inputTokens": 3}})),
        event(tool(
            "content_end",
            "b",
            "spawn_agent",
            json!({"output": {"text": "a.c"}}),
        )),
        event(tool(
            "content_end",
            "c",
            "editor",
            json!({"error": "no match"}),
        )),
        event(json!({"type": "iteration_start", "iteration": 2})),
        event(json!({"type": "content_end", "contentType": "text", "text": "Done."})),
        json!({"ts": "2023-11-14T22:13:22Z", "type": "run_result", "finishReason": "completed", "usage": {"inputTokens": 20}}),
    ];
    let mut text = String::new();
    for record in records {
        writeln!(text, "{record}").unwrap();
    }
    text
}

/// A task folder of the extension with calls written as XML.
fn task() -> Vec<(String, String)> {
    let details = "<environment_details>\n# Current Working Directory (/w) Files\na.c\n</environment_details>";
    let text = |text: &str| json!({"type": "text", "text": text});
    let history = json!([
        {"role": "user", "content": [text("<task>\nFix it.\n</task>"), text(details)]},
        {"role": "assistant", "content": [text("<thinking>Where?</thinking>\nI run it.\n<execute_command>\n<command>make</command>\n<requires_approval>false</requires_approval>\n</execute_command>")]},
        {"role": "user", "content": [text("[execute_command for 'make'] Result:"), text("Command failed with exit code 2.\nOutput:\nboom"), text(details)]},
        {"role": "assistant", "content": [text("<replace_in_file>\n<path>a.c</path>\n<diff>\n------- SEARCH\nx\n=======\ny\n+++++++ REPLACE\n</diff>\n</replace_in_file>\n<read_file>\n<path>a.c</path>\n</read_file>")]},
        {"role": "user", "content": [text(&format!("[read_file for 'a.c'] Result:\ny\n\n{details}")),
            text("[replace_in_file for 'a.c'] Result:"), text("The tool execution failed with the following error:\n<error>\nno match\n</error>")]},
        {"role": "assistant", "content": "<attempt_completion>\n<result>\nIt is fixed.\n</result>\n</attempt_completion>"},
    ]);
    let request = |at: u64| {
        let stated =
            json!({"request": "…", "tokensIn": 10, "tokensOut": 2, "cacheReads": 90, "cost": 0.25});
        json!({"ts": T + at, "type": "say", "say": "api_req_started", "text": stated.to_string()})
    };
    let ui = json!([{"ts": T, "type": "say", "say": "text", "text": "Fix it."}, request(1), request(5), request(9),
        {"ts": T + 20, "type": "ask", "ask": "completion_result", "text": ""}]);
    let metadata = json!({"model_usage": [{"ts": T, "model_id": "m-1", "mode": "act"}],
        "environment_history": [{"ts": T, "cline_version": "3.40.0"}]});
    let file = |name: &str, value: &Value| (format!("tasks/1700/{name}"), value.to_string());
    vec![
        file("api_conversation_history.json", &history),
        file("ui_messages.json", &ui),
        file("task_metadata.json", &metadata),
    ]
}

/// Two tasks of Roo Code, the second handed out by the first.
fn subtasks() -> Vec<(String, String)> {
    let slug = "<environment_details>\n# Current Mode\n<slug>code</slug>\n</environment_details>";
    let parent = json!([
        {"role": "user", "ts": T, "content": [{"type": "text", "text": format!("<user_message>\nSplit it.\n</user_message>\n{slug}")}]},
        {"role": "assistant", "ts": T + 1, "content": [call("a", "new_task", &json!({"mode": "code", "message": "Do half."}))]},
        {"role": "user", "ts": T + 9, "content": [{"type": "tool_result", "tool_use_id": "a", "content": "Half done.", "is_error": false}]},
    ]);
    let child = json!([
        {"role": "user", "ts": T + 2, "content": [{"type": "text", "text": "<user_message>\nDo half.\n</user_message>"}]},
        {"role": "assistant", "ts": T + 3, "content": [call("b", "apply_diff", &json!({"path": "a.c",
            "diff": "<<<<<<< SEARCH\n:start_line:1\n-------\nx\n=======\ny\n>>>>>>> REPLACE"}))]},
    ]);
    let file = |name: &str, value: Value| (format!("tasks/{name}"), value.to_string());
    vec![
        file("t1/api_conversation_history.json", parent),
        file(
            "t1/history_item.json",
            json!({"id": "t1", "childIds": ["t2"], "workspace": "/w", "tokensIn": 5}),
        ),
        file("t2/api_conversation_history.json", child),
        file(
            "t2/history_item.json",
            json!({"id": "t2", "parentTaskId": "t1", "workspace": "/w"}),
        ),
    ]
}

fn read(files: Vec<(String, String)>) -> Vec<Extraction> {
    let pile = Pile::from_memory(files);
    let found = find_runs(&pile);
    found
        .runs
        .iter()
        .map(|run| read_run(&pile, run).unwrap())
        .collect()
}

fn one(files: Vec<(String, String)>) -> Trajectory {
    let mut read = read(files);
    assert_eq!(read.len(), 1);
    read.remove(0).trajectory
}

#[test]
fn a_session_folder_is_one_run_with_its_sub_agents() {
    insta::assert_json_snapshot!(one(session()));
}

#[test]
fn a_stream_tells_agents_apart_and_is_the_folders_run() {
    let run = one(vec![("out.jsonl".to_owned(), stream())]);
    let tools = |run: &Trajectory| {
        run.steps
            .iter()
            .map(|s| s.action.tool.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(tools(&run), ["run_commands", "spawn_agent", "editor"]);
    assert_eq!(tools(&run.subtrajectories[0]), ["read_files"]);
    assert_eq!(run.steps[1].subtrajectory.as_deref(), Some("a1"));
    assert_eq!(
        run.steps[0].observation.as_ref().unwrap().exit_status,
        Some(2)
    );
    assert_eq!(run.final_message.as_deref(), Some("Done."));
    let mut files = session();
    files.push(("out.jsonl".to_owned(), stream()));
    let whole = one(files);
    assert_eq!(
        (whole.format.as_str(), whole.source.duplicates.len()),
        ("cline-session", 1)
    );
}

#[test]
fn a_task_folder_has_calls_written_as_text() {
    insta::assert_json_snapshot!(one(task()));
}

#[test]
fn results_of_native_calls_may_be_text() {
    let history = json!([
        {"role": "user", "content": [{"type": "text", "text": "<task>\nFix it.\n</task>"},
            {"type": "text", "text": "\n# task_progress RECOMMENDED\n\nMake a list."}]},
        {"role": "assistant", "content": [call("a", "read_file", &json!({"path": "a.c"})),
            call("b", "execute_command", &json!({"command": "make"}))],
         "modelInfo": {"modelId": "m-2"}, "metrics": {"tokens": {"prompt": 10, "completion": 5, "cached": 90}}},
        {"role": "user", "content": [
            {"type": "text", "text": "[execute_command for 'make'] Result:\nCommand executed.\nOutput:\nok"},
            {"type": "text", "text": "[read_file for 'a.c'] Result:\nint x;"},
            {"type": "text", "text": "A reminder of the program."},
            {"type": "text", "text": "<feedback>\nGo on.\n</feedback>"}]},
    ]);
    let run = one(vec![(
        "t/api_conversation_history.json".to_owned(),
        history.to_string(),
    )]);
    assert_eq!(run.task.as_deref(), Some("Fix it."));
    let seen: Vec<_> = run.steps.iter().map(trace::Step::observed).collect();
    assert_eq!(seen, ["int x;", "Command executed.\nOutput:\nok"]);
    assert_eq!(run.usage.input_tokens, Some(100));
    assert_eq!(run.model.as_deref(), Some("m-2"));
}

#[test]
fn a_sub_task_stands_below_the_call_that_made_it() {
    let run = one(subtasks());
    assert_eq!(
        (run.agent.as_deref(), run.task.as_deref()),
        (Some("roo-code"), Some("Split it."))
    );
    assert_eq!(run.steps[0].subtrajectory.as_deref(), Some("t2"));
    let child = &run.subtrajectories[0];
    assert!(matches!(&child.steps[0].action.kind, ActionKind::Edit { edits } if edits.len() == 1));
    assert_eq!(child.steps[0].observation, None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn cut_files_give_their_whole_calls(cut in any::<prop::sample::Index>(), which in 0usize..4) {
        let mut files = [session(), task(), subtasks(), vec![("out.jsonl".to_owned(), stream())]][which].clone();
        for (_, text) in &mut files {
            let mut at = cut.index(text.len());
            while !text.is_char_boundary(at) { at -= 1; }
            text.truncate(at);
        }
        for run in read(files) {
            prop_assert!(run.trajectory.steps.len() <= 4);
        }
    }

    #[test]
    fn no_text_panics(text in ".{0,200}") {
        let messages = json!([{"role": "user", "content": text}, {"role": "assistant", "content": text},
            {"role": "user", "content": [{"type": "text", "text": format!("[{text}] Result:{text}")}, text]}]);
        let _ = read(vec![("t/api_conversation_history.json".to_owned(), messages.to_string()),
            ("t/ui_messages.json".to_owned(), text.clone()), ("t/history_item.json".to_owned(), text.clone())]);
        let session = json!({"sessionId": text, "origin": {}, "messages": messages});
        let _ = read(vec![("a.json".to_owned(), session.to_string())]);
        let event = json!({"type": "agent_event", "event": {"type": text, "contentType": text, "output": [text]}});
        let _ = read(vec![("a.jsonl".to_owned(), format!("{event}\n{event}\n{text}"))]);
    }
}
