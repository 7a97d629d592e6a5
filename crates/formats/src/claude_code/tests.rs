use proptest::prelude::*;
use serde_json::{Value, json};
use trace::Trajectory;

use crate::pile::Pile;
use crate::{find_runs, read_run};

fn read(path: &str, text: &str) -> Option<(Trajectory, Vec<String>)> {
    let pile = Pile::from_memory([(path, text)]);
    let found = find_runs(&pile);
    let read = read_run(&pile, found.runs.first()?).unwrap();
    Some((read.trajectory, read.warnings))
}

fn lines(records: &[Value]) -> String {
    let lines: Vec<String> = records.iter().map(Value::to_string).collect();
    lines.join("\n") + "\n"
}

/// A session in which one reply is split over two lines, a line is repeated, and an id comes twice.
fn session() -> String {
    let about = |mut record: Value, uuid: &str| {
        record["sessionId"] = "s-1".into();
        record["uuid"] = uuid.into();
        record["cwd"] = "/repo".into();
        record["version"] = "2.0.1".into();
        record["timestamp"] = "2026-01-02T03:04:05Z".into();
        record
    };
    let reply = |block: Value| {
        json!({"type": "assistant", "isSidechain": false, "message": {"id": "m1", "role": "assistant",
            "model": "sample", "content": [block], "usage": {"input_tokens": 7, "output_tokens": 2}}})
    };
    let result = |text: &str, failed: bool| {
        json!({"type": "user", "isSidechain": false, "message": {"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": "t", "content": text, "is_error": failed}]}})
    };
    let call = |command: &str| {
        reply(json!({"type": "tool_use", "id": "t", "name": "Bash", "input": {"command": command}}))
    };
    let task = json!({"type": "user", "isSidechain": false,
        "message": {"role": "user", "content": "Fix it."}});
    let repeated = about(call("ls"), "u3");
    lines(&[
        json!({"type": "summary", "summary": "Earlier work", "leafUuid": "x"}),
        about(task, "u1"),
        about(reply(json!({"type": "text", "text": "I look."})), "u2"),
        repeated.clone(),
        repeated,
        about(call("false"), "u4"),
        about(result("a.py", false), "u5"),
        about(result("Exit code 1", true), "u6"),
    ])
}

fn stream() -> String {
    let reply = |id: &str, parent: Value, block: Value| {
        json!({"type": "assistant", "session_id": "s-2", "parent_tool_use_id": parent,
            "message": {"id": id, "role": "assistant", "model": "sample", "content": [block]}})
    };
    let result = |id: &str, parent: Value, text: &str| {
        json!({"type": "user", "session_id": "s-2", "parent_tool_use_id": parent,
            "message": {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": id, "content": text}]}})
    };
    let task = json!({"type": "tool_use", "id": "t1", "name": "Task",
        "input": {"description": "look", "prompt": "Look around.", "subagent_type": "Explore"}});
    let inner =
        json!({"type": "tool_use", "id": "t2", "name": "Read", "input": {"file_path": "a.py"}});
    lines(&[
        json!({"type": "system", "subtype": "init", "session_id": "s-2", "cwd": "/repo", "model": "sample"}),
        reply("m1", Value::Null, task),
        reply("m2", "t1".into(), inner),
        result("t2", "t1".into(), "x = 1"),
        result("t1", Value::Null, "It sets x."),
        reply("m3", Value::Null, json!({"type": "text", "text": "Done."})),
        json!({"type": "result", "subtype": "success", "num_turns": 3, "session_id": "s-2", "total_cost_usd": 0.5}),
    ])
}

#[test]
fn a_session_file_is_read_as_steps() {
    insta::assert_json_snapshot!(read("s-1.jsonl", &session()).unwrap().0);
}

#[test]
fn a_sub_agent_of_a_stream_is_nested_below_its_call() {
    insta::assert_json_snapshot!(read("claude-code.txt", &stream()).unwrap().0);
}

#[test]
fn a_result_answers_the_latest_reply_that_used_its_id() {
    let record = |kind: &str, id: &str, content: Value| {
        json!({"type": kind, "session_id": "s-3", "message": {"id": id, "role": kind,
            "model": "sample", "content": content}})
    };
    let read_of = |id: &str, path: &str| json!({"type": "tool_use", "id": id, "name": "Read", "input": {"file_path": path}});
    let result =
        |id: &str, text: &str| json!([{"type": "tool_result", "tool_use_id": id, "content": text}]);
    let text = lines(&[
        json!({"type": "system", "subtype": "init", "session_id": "s-3", "model": "sample"}),
        record(
            "assistant",
            "m1",
            json!([read_of("Read:0", "a"), read_of("Read:1", "b")]),
        ),
        record(
            "assistant",
            "m2",
            json!([read_of("Read:0", "c"), read_of("Read:1", "d")]),
        ),
        record("user", "", result("Read:1", "of d")),
        record("user", "", result("Read:0", "of c")),
    ]);
    let run = read("claude-code.txt", &text).unwrap().0;
    let seen: Vec<&str> = run.steps.iter().map(trace::Step::observed).collect();
    assert_eq!(seen, ["", "", "of c", "of d"]);
}

#[test]
fn a_half_written_line_is_told_and_the_rest_is_read() {
    let whole = session();
    let (run, warnings) = read("s-1.jsonl", &whole[..whole.len() - 30]).unwrap();
    assert_eq!(run.steps.len(), 2);
    assert_eq!(run.steps[1].observation, None);
    assert!(warnings[0].contains("cut off"), "{warnings:?}");
}

proptest! {
    #[test]
    fn no_cut_and_no_noise_panics(cut in 0usize..3000, noise in ".{0,60}") {
        for text in [session(), stream()] {
            let text = format!("{}\n{noise}", &text[..cut.min(text.len())]);
            let _ = read("s.jsonl", &text);
        }
    }
}
