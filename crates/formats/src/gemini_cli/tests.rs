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

fn call(id: &str, name: &str, args: &Value) -> Value {
    json!({"id": id, "name": name, "args": args, "status": "executing",
        "timestamp": "2026-01-02T03:04:06Z"})
}

fn answered(mut call: Value, status: &str, response: &Value) -> Value {
    call["status"] = status.into();
    call["result"] = json!([{"functionResponse": {"id": call["id"], "response": response}}]);
    call["timestamp"] = "2026-01-02T03:04:09Z".into();
    call
}

fn reply(id: &str, content: &str, calls: &[Value]) -> Value {
    json!({"id": id, "timestamp": "2026-01-02T03:04:05Z", "type": "gemini", "content": content,
        "thoughts": [{"subject": "Plan", "description": "look first"}], "model": "sample",
        "tokens": {"input": 10, "output": 2, "cached": 4, "thoughts": 3, "tool": 0, "total": 15},
        "toolCalls": calls})
}

fn user(id: &str, text: &str) -> Value {
    json!({"id": id, "timestamp": "2026-01-02T03:04:04Z", "type": "user", "content": [{"text": text}]})
}

fn header(session: &str, kind: &str) -> Value {
    json!({"sessionId": session, "projectHash": "00ff", "startTime": "2026-01-02T03:04:03Z",
        "lastUpdated": "2026-01-02T03:05:00Z", "kind": kind})
}

/// Both calls of one reply, one of them failing in the shell, then one the user refused.
fn messages() -> Vec<Value> {
    let list = call("ls-1", "list_directory", &json!({"path": "/p"}));
    let test = call(
        "sh-1",
        "run_shell_command",
        &json!({"command": "make test"}),
    );
    let edit = call(
        "ed-1",
        "replace",
        &json!({"file_path": "/p/a.py", "old_string": "a", "new_string": "b"}),
    );
    let report = "Command: make test\nDirectory: (root)\nOutput: boom\nError: (none)\n\
                  Exit Code: 2\nSignal: 0\nBackground PIDs: (none)";
    vec![
        user("m0", "/stats"),
        user("m1", "Fix it.\n\n"),
        reply(
            "m2",
            "I look.",
            &[
                answered(list, "success", &json!({"output": "a.py"})),
                answered(test, "success", &json!({"output": report})),
            ],
        ),
        reply(
            "m3",
            "",
            &[answered(
                edit,
                "cancelled",
                &json!({"error": "[Operation Cancelled] Reason: User cancelled the operation."}),
            )],
        ),
        json!({"id": "m4", "timestamp": "2026-01-02T03:04:20Z", "type": "info", "content": "Bye"}),
        reply("m5", "Not done.", &[]),
    ]
}

fn document() -> String {
    let mut document = header("s-1", "main");
    document["messages"] = messages().into();
    serde_json::to_string_pretty(&document).unwrap()
}

fn lines(records: &[Value]) -> String {
    let lines: Vec<String> = records.iter().map(Value::to_string).collect();
    lines.join("\n") + "\n"
}

/// The same as lines: written before its result is known and again after, with changes to the
/// header, a rewritten history and a rewind between.
fn log() -> String {
    let early = reply(
        "m2",
        "I look.",
        &[call("ls-1", "list_directory", &json!({"path": "/p"}))],
    );
    let mut records = vec![header("s-1", "main")];
    records.extend(messages());
    records.insert(3, early);
    let masked = reply(
        "m2",
        "",
        &[answered(
            call("ls-1", "list_directory", &json!({"path": "/p"})),
            "success",
            &json!({"output": "[masked]"}),
        )],
    );
    records.insert(
        5,
        json!({"$set": {"lastUpdated": "2026-01-02T03:04:30Z", "messages": [
        user("summary", "<state_snapshot>so far</state_snapshot>"), masked]}}),
    );
    records.insert(6, json!({"$rewindTo": "m2"}));
    lines(&records)
}

#[test]
fn a_session_document_is_read_as_steps() {
    let (run, warnings) = read(&[("chats/session-x.json", &document())]).unwrap();
    assert!(warnings.is_empty(), "{warnings:?}");
    insta::assert_json_snapshot!(run);
}

#[test]
fn a_log_that_writes_messages_again_says_the_same() {
    let (document, _) = read(&[("chats/session-x.json", &document())]).unwrap();
    let (log, warnings) = read(&[("chats/session-x.jsonl", &log())]).unwrap();
    assert!(warnings.is_empty(), "{warnings:?}");
    let told = |run: &Trajectory| {
        let mut run = run.clone();
        run.id.clear();
        run.source = trace::Source::default();
        for step in &mut run.steps {
            step.refs.clear();
        }
        run
    };
    assert_eq!(told(&document), told(&log));
    assert_eq!(log.steps[0].refs.len(), 2);
    assert!(log.steps[0].refs[0].start < log.steps[0].refs[1].start);
}

#[test]
fn a_session_carried_on_in_the_newer_form_is_one_run() {
    let more = reply(
        "m9",
        "",
        &[call("n-1", "glob", &json!({"pattern": "*.rs"}))],
    );
    let newer = log() + &lines(&[user("m8", "Go on."), more]);
    let (run, _) = read(&[
        ("chats/session-x.json", &document()),
        ("chats/session-x.jsonl", &newer),
    ])
    .unwrap();
    assert_eq!(run.steps.len(), 4);
    assert_eq!(run.steps[3].observation, None);
}

#[test]
fn sub_agents_are_nested_below_their_calls() {
    let delegate = |id: &str, prompt: &str| {
        call(
            id,
            "invoke_agent",
            &json!({"agent_name": "x", "prompt": prompt}),
        )
    };
    let mut named = answered(
        delegate("d-1", "Look around."),
        "success",
        &json!({"output": "seen"}),
    );
    named["agentId"] = "a-1".into();
    let main = lines(&[
        header("s-1", "main"),
        user("m1", "Do it."),
        reply("m2", "", &[named, delegate("d-2", "Count.")]),
    ]);
    let sub = |session: &str, task: &str, calls: &[Value]| {
        lines(&[
            header(session, "subagent"),
            user("u", task),
            reply("r", "", calls),
        ])
    };
    let shell = |id: &str| call(id, "run_shell_command", &json!({"command": "ls"}));
    let first = sub(
        "a-1",
        "Task: other words",
        &[shell("x"), delegate("d-3", "Deeper.")],
    );
    let second = sub("a-2", "Count.", &[shell("x")]);
    let third = sub("a-3", "Deeper.", &[shell("x")]);
    let (run, _) = read(&[
        ("chats/session-x.jsonl", &main),
        ("chats/s-1/a-1.jsonl", &first),
        ("chats/s-1/a-2.jsonl", &second),
        ("chats/a-1/a-3.jsonl", &third),
    ])
    .unwrap();
    let links: Vec<_> = run
        .steps
        .iter()
        .map(|s| s.subtrajectory.as_deref())
        .collect();
    assert_eq!(links, [Some("a-1"), Some("a-2")]);
    let ids: Vec<_> = run.descendants().iter().map(|t| t.id.clone()).collect();
    assert_eq!(ids, ["a-1", "a-3", "a-2"]);
    assert_eq!(run.steps.len() + run.nested_step_count(), 6);
}

#[test]
fn a_log_may_begin_with_all_its_messages() {
    let scene = user(
        "scene",
        "<session_context>\n- **Workspace Directories:**\n  - /repo\n</session_context>",
    );
    let mut all = messages();
    all.insert(0, scene);
    let text = lines(&[header("s-1", "main"), json!({"$set": {"messages": all}})]);
    let (run, _) = read(&[("chats/session-x.jsonl", &text)]).unwrap();
    assert_eq!((run.steps.len(), run.task.as_deref()), (3, Some("Fix it.")));
    assert_eq!(run.cwd.as_deref(), Some("/repo"));
    assert_eq!(run.final_message.as_deref(), Some("Not done."));
}

fn stream() -> String {
    let at = |second: u64, mut event: Value| {
        event["timestamp"] = format!("2026-01-02T03:04:{second:02}Z").into();
        event
    };
    lines(&[
        at(
            1,
            json!({"type": "init", "session_id": "s-1", "model": "sample"}),
        ),
        at(
            2,
            json!({"type": "message", "role": "user", "content": "Fix it."}),
        ),
        at(
            3,
            json!({"type": "message", "role": "assistant", "content": "I lo", "delta": true}),
        ),
        at(
            4,
            json!({"type": "message", "role": "assistant", "content": "ok.", "delta": true}),
        ),
        at(
            5,
            json!({"type": "tool_use", "tool_name": "run_shell_command", "tool_id": "a",
            "parameters": {"command": "make"}}),
        ),
        at(
            5,
            json!({"type": "tool_use", "tool_name": "glob", "tool_id": "b",
            "parameters": {"pattern": "*.py"}}),
        ),
        at(
            6,
            json!({"type": "tool_result", "tool_id": "b", "status": "error",
            "error": {"type": "invalid", "message": "no such folder"}}),
        ),
        at(
            7,
            json!({"type": "tool_result", "tool_id": "a", "status": "success", "output": "ok"}),
        ),
        at(
            8,
            json!({"type": "message", "role": "assistant", "content": "Done.", "delta": true}),
        ),
        at(
            9,
            json!({"type": "result", "status": "success", "stats":
            {"input_tokens": 90, "output_tokens": 7, "cached": 40, "total_tokens": 97}}),
        ),
    ])
}

#[test]
fn a_stream_is_read_as_steps() {
    let (run, warnings) = read(&[("out.jsonl", &stream())]).unwrap();
    assert!(warnings.is_empty(), "{warnings:?}");
    insta::assert_json_snapshot!(run);
}

#[test]
fn both_records_of_a_session_are_one_run() {
    let (run, _) = read(&[("out.jsonl", &stream()), ("chats/session-x.jsonl", &log())]).unwrap();
    assert_eq!(run.format, "gemini-cli");
    assert_eq!(run.source.duplicates, ["out.jsonl"]);
}

proptest! {
    #[test]
    fn a_cut_file_gives_what_it_has(cut in any::<prop::sample::Index>(), form in 0..3) {
        let whole = [document, log, stream][usize::try_from(form).unwrap()]();
        let mut at = cut.index(whole.len());
        while !whole.is_char_boundary(at) { at -= 1; }
        if let Some((run, _)) = read(&[("session-x.json", &whole[..at])]) {
            prop_assert!(run.steps.len() <= 3);
            for cited in run.steps.iter().flat_map(|step| &step.refs) {
                let range = usize::try_from(cited.start).unwrap()..usize::try_from(cited.end).unwrap();
                let hash = blake3::hash(&whole.as_bytes()[range]).to_hex();
                prop_assert_eq!(hash.as_str(), cited.blake3.as_str());
            }
        }
    }

    #[test]
    fn no_record_panics(text in ".{0,200}") {
        let _ = read(&[("session-x.jsonl", &format!("{}{text}\n{{{text}", lines(&[header("s", "main")])))]);
    }
}
