#![expect(
    clippy::needless_pass_by_value,
    reason = "what `json!` makes is passed on"
)]

use std::fmt::Write as _;

use proptest::prelude::*;
use serde_json::{Value, json};
use trace::{ActionKind, Timestamp, Trajectory};

use crate::database::tests::made;
use crate::pile::{Limits, Pile};
use crate::{Extraction, find_runs, read_run};

fn request(id: &str, name: &str, arguments: Value) -> Value {
    json!({"type": "toolRequest", "id": id,
           "toolCall": {"status": "success", "value": {"name": name, "arguments": arguments}}})
}

fn response(id: &str, value: Value) -> Value {
    json!({"type": "toolResponse", "id": id, "toolResult": {"status": "success", "value": value}})
}

fn text(text: &str) -> Value {
    json!({"type": "text", "text": text})
}

/// A session with parallel calls, a failing one, a call that could not be read, a refused one, and
/// a compaction.
fn messages() -> Vec<Value> {
    let message = |id: &str, role: &str, at: u64, content: Value| {
        json!({"id": id, "role": role, "created": 1_700_000_000 + at, "content": content,
               "metadata": {"userVisible": true, "agentVisible": true}})
    };
    let mut all = vec![
        message("m1", "user", 0, json!([text("Make it build.")])),
        message(
            "m2",
            "assistant",
            1,
            json!([
            {"type": "thinking", "thinking": "Which tool?", "signature": "s"}, text("I look."),
            request("a", "developer__shell", json!({"command": "make"}))]),
        ),
        message(
            "m2",
            "assistant",
            1,
            json!([request(
                "b",
                "edit",
                json!({"path": "a.c", "before": "x", "after": "y"})
            )]),
        ),
        message(
            "m3",
            "user",
            3,
            json!([
                response(
                    "a",
                    json!({"content": [
                {"type": "text", "text": "for the person", "annotations": {"audience": ["user"]}},
                {"type": "text", "text": "for the model", "annotations": {"audience": ["assistant"]}}],
                "structuredContent": {"stdout": "", "stderr": "", "exit_code": 2}, "isError": false})
                ),
                response("b", json!({"content": [text("no match")], "isError": true}))
            ]),
        ),
        message(
            "m4",
            "assistant",
            4,
            json!([
            {"type": "toolRequest", "id": "c", "toolCall": {"status": "error", "error": "-32602: bad arguments"}}]),
        ),
        message(
            "m5",
            "user",
            5,
            json!([
            {"type": "toolResponse", "id": "c", "toolResult": {"status": "error", "error": "-32602: bad arguments"}}]),
        ),
        message(
            "m6",
            "user",
            6,
            json!([text("Summary of the talk so far.")]),
        ),
        message("m7", "assistant", 8, json!([text("It builds.")])),
    ];
    all[6]["metadata"]["userVisible"] = json!(false);
    all
}

fn quoted(value: &Value) -> String {
    let text = value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned);
    format!("'{}'", text.replace('\'', "''"))
}

fn rows(session: &str) -> Vec<Value> {
    let row = |message: &Value| {
        json!({"message_id": message["id"], "session_id": session, "role": message["role"],
               "content_json": message["content"].to_string(), "created_timestamp": message["created"],
               "tokens": null, "metadata_json": message["metadata"].to_string()})
    };
    messages().iter().map(row).collect()
}

fn database() -> Vec<u8> {
    let mut sql = "create table sessions(id text primary key, working_dir text, model_config_json text,
            accumulated_input_tokens integer, accumulated_output_tokens integer);
        create table messages(id integer primary key autoincrement, message_id text, session_id text, role text,
            content_json text, created_timestamp integer, tokens integer, metadata_json text);".to_owned();
    for session in ["s1", "s2"] {
        let config = quoted(&json!({"model_name": "m-1"}));
        writeln!(
            sql,
            "insert into sessions values('{session}', '/w', {config}, 900, 90);"
        )
        .unwrap();
        for row in rows(session) {
            let keys = [
                "message_id",
                "session_id",
                "role",
                "content_json",
                "created_timestamp",
                "metadata_json",
            ];
            let values: Vec<String> = keys.iter().map(|key| quoted(&row[*key])).collect();
            let (keys, values) = (keys.join(", "), values.join(", "));
            writeln!(sql, "insert into messages({keys}) values({values});").unwrap();
        }
    }
    made(&sql)
}

fn lines(records: &[Value]) -> Vec<u8> {
    let mut lines = String::new();
    for record in records {
        writeln!(lines, "{record}").unwrap();
    }
    lines.into_bytes()
}

fn session_file() -> Vec<u8> {
    let header = json!({"working_dir": "/w", "description": "build", "message_count": 8,
        "accumulated_input_tokens": 900, "accumulated_output_tokens": 90,
        "model_config": {"model_name": "m-1"}});
    lines(&[vec![header], messages()].concat())
}

fn export() -> Vec<u8> {
    let document = json!({"id": "s1", "working_dir": "/w", "name": "build", "conversation": messages(),
        "accumulated_input_tokens": 900, "accumulated_output_tokens": 90,
        "model_config": {"model_name": "m-1"}});
    serde_json::to_vec_pretty(&document).unwrap()
}

fn stream() -> Vec<u8> {
    let mut events = Vec::new();
    for message in messages() {
        let mut message = message;
        if message["id"] == "m7" {
            message["content"] = json!([text("It bui")]);
            events.push(json!({"type": "message", "message": message}));
            message["content"] = json!([text("lds.")]);
        }
        events.push(json!({"type": "message", "message": message}));
    }
    events.push(json!({"type": "complete", "total_tokens": 990}));
    lines(&events)
}

fn read(name: &str, bytes: Vec<u8>) -> Vec<Extraction> {
    let pile = Pile::from_memory([(name, bytes)]);
    let found = find_runs(&pile);
    found
        .runs
        .iter()
        .map(|run| read_run(&pile, run).unwrap())
        .collect()
}

fn essence(run: &Trajectory) -> Value {
    let mut value = serde_json::to_value(run).unwrap();
    for key in ["id", "source", "format", "session"] {
        value[key] = Value::Null;
    }
    for step in value["steps"].as_array_mut().unwrap() {
        step["refs"] = Value::Null;
    }
    value
}

#[test]
fn a_database_gives_its_sessions() {
    let read = read("sessions.db", database());
    assert_eq!(read.len(), 2);
    let bytes = read[0].coverage.bytes;
    assert_eq!(bytes.explained, bytes.total);
    assert_eq!(essence(&read[0].trajectory), essence(&read[1].trajectory));
    insta::assert_json_snapshot!(read[0].trajectory, {".steps[].refs[].start" => 0, ".steps[].refs[].end" => 0});
}

#[test]
fn every_way_of_keeping_a_session_reads_the_same() {
    let whole = essence(&read("sessions.db", database())[0].trajectory);
    assert_eq!(
        essence(&read("s1.jsonl", session_file())[0].trajectory),
        whole
    );
    assert_eq!(essence(&read("s1.json", export())[0].trajectory), whole);
    let both = read("rows.jsonl", lines(&[rows("s1"), rows("s2")].concat()));
    assert_eq!(both.len(), 2);
    let streamed = &read("out.jsonl", stream())[0].trajectory;
    for other in [&both[0].trajectory, &both[1].trajectory, streamed] {
        assert_eq!(essence(other)["steps"], whole["steps"]);
        assert_eq!(essence(other)["final_message"], whole["final_message"]);
    }
    assert_eq!(streamed.outcome.exit_status.as_deref(), Some("complete"));
    let bytes = both[0].coverage.bytes;
    assert_eq!(bytes.explained, bytes.total);
}

#[test]
fn a_session_that_names_its_parent_stands_below_the_call_that_made_it() {
    let message = |id: &str, session: &str, role: &str, content: Value| {
        let content = quoted(&content);
        format!(
            "insert into messages values(null, '{id}', '{session}', '{role}', {content}, 1700000000);"
        )
    };
    let sql = [
        "create table sessions(id text primary key, working_dir text, parent_session_id text);
         create table messages(id integer primary key, message_id text, session_id text, role text,
            content_json text, created_timestamp integer);
         insert into sessions values('s', '/w', null), ('t', '/w', 's');"
            .to_owned(),
        message("m1", "s", "user", json!([text("Split it.")])),
        message(
            "m2",
            "s",
            "assistant",
            json!([request(
                "a",
                "delegate",
                json!({"instructions": "Do half."})
            )]),
        ),
        message("m3", "t", "user", json!([text("Do half.")])),
        message(
            "m4",
            "t",
            "assistant",
            json!([request("b", "shell", json!({"command": "ls"}))]),
        ),
    ];
    let read = read("sessions.db", made(&sql.concat()));
    assert_eq!(read.len(), 1);
    let run = &read[0].trajectory;
    assert_eq!(run.steps[0].subtrajectory.as_deref(), Some("t"));
    assert_eq!(run.subtrajectories[0].steps.len(), 1);
}

#[test]
fn rows_that_interleave_go_to_their_own_session() {
    let (one, two) = (rows("s1"), rows("s2"));
    let mixed: Vec<Value> = one.into_iter().zip(two).flat_map(|(a, b)| [a, b]).collect();
    let read = read("rows.jsonl", lines(&mixed));
    let steps: Vec<_> = read.iter().map(|r| r.trajectory.steps.len()).collect();
    assert_eq!(steps, [3, 3]);
    assert!(matches!(
        read[1].trajectory.steps[2].action.kind,
        ActionKind::Invalid { .. }
    ));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn a_cut_file_gives_its_whole_calls(cut in any::<prop::sample::Index>()) {
        for whole in [session_file(), export(), stream(), lines(&rows("s"))] {
            for run in read("a.json", whole[..cut.index(whole.len())].to_vec()) {
                prop_assert!(run.trajectory.steps.len() <= 3);
            }
        }
    }

    #[test]
    fn no_text_panics(text in ".{0,200}") {
        let message = json!({"role": "assistant", "created": 1, "content": [
            {"type": "toolRequest", "id": text, "toolCall": text}, {"type": "toolResponse", "toolResult": [text]}]});
        let _ = read("a.jsonl", lines(&[json!({"working_dir": text}), message.clone(), json!(text)]));
        let row = json!({"session_id": text, "role": text, "content_json": text, "metadata_json": text});
        let _ = read("a.jsonl", [lines(&[row]), text.clone().into_bytes()].concat());
        let _ = read("a.jsonl", lines(&[json!({"type": "message", "message": message})]));
    }
}

#[test]
fn sessions_of_a_database_are_dated_by_their_last_message() {
    let mut sql = "create table sessions(id text, working_dir text, parent_session_id text);
        create table messages(session_id text, role text, content_json text,
            created_timestamp integer);"
        .to_owned();
    for (session, parent, at) in [
        ("s1", "null", 1_700_000_000),
        ("s2", "null", 1_700_000_500),
        ("s3", "'s1'", 1_700_000_900),
    ] {
        let content = quoted(&json!([text("Go on.")]));
        writeln!(
            sql,
            "insert into sessions values('{session}', '/w', {parent});
            insert into messages values('{session}', 'user', {content}, {at});"
        )
        .unwrap();
    }
    let pile = Pile::from_reader("sessions.db", &made(&sql)[..], &Limits::default()).unwrap();
    let found = find_runs(&pile);
    let parts = found.runs.iter().filter_map(|run| run.claim.part.as_ref());
    let dated: Vec<(&str, Option<i64>)> = parts
        .map(|part| (part.key.as_str(), part.written.map(Timestamp::as_second)))
        .collect();
    assert_eq!(
        dated,
        [("s1", Some(1_700_000_900)), ("s2", Some(1_700_000_500))]
    );
}
