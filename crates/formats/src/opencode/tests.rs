use std::fmt::Write as _;
use std::sync::LazyLock;

use proptest::prelude::*;
use serde_json::{Value, json};
use trace::{ActionKind, Trajectory};

use crate::database::tests::made;
use crate::pile::Pile;
use crate::{Extraction, find_runs, read_run};

const T: u64 = 1_700_000_000_000;

fn tool(id: &str, name: &str, start: u64, state: Value) -> Value {
    let mut state = state;
    state["time"] = json!({"start": T + start, "end": T + start + 5});
    json!({"id": id, "type": "tool", "tool": name, "callID": format!("call-{id}"), "state": state})
}

/// A session with a failing command, parallel calls, a sub-agent, a compaction, a broken call, an
/// interrupted call, and its sub-agent's session.
fn sessions() -> Vec<Value> {
    let done = |input: Value, output: &str, metadata: Value| json!({"status": "completed", "input": input, "output": output, "metadata": metadata, "title": "t"});
    let reply = |id: &str, at: u64, parts: Vec<Value>| {
        json!({"info": {"id": id, "role": "assistant", "modelID": "m-1", "providerID": "p", "cost": 0.01,
                        "tokens": {"input": 100, "output": 10, "reasoning": 5, "cache": {"read": 50, "write": 0}},
                        "time": {"created": T + at, "completed": T + at + 9}, "finish": "tool-calls"},
               "parts": parts})
    };
    let finished = json!({"id": "prt_z", "type": "step-finish", "reason": "tool-calls", "cost": 0.01,
        "tokens": {"input": 100, "output": 10, "reasoning": 5, "cache": {"read": 50, "write": 0}}});
    let own = json!({
        "info": {"id": "ses_b", "slug": "s", "projectID": "p1", "directory": "/w", "title": "t",
                 "version": "1.2.3", "time": {"created": T, "updated": T + 900}},
        "messages": [
            {"info": {"id": "msg_1", "role": "user", "time": {"created": T + 1}}, "parts": [
                {"id": "prt_1", "type": "text", "text": "Fix the parser."},
                {"id": "prt_2", "type": "text", "text": "Called the Read tool", "synthetic": true}]},
            reply("msg_2", 10, vec![
                json!({"id": "prt_1", "type": "step-start"}),
                json!({"id": "prt_2", "type": "reasoning", "text": "Where is it?"}),
                json!({"id": "prt_3", "type": "text", "text": "I run the tests."}),
                tool("prt_4", "bash", 12, done(json!({"command": "make test"}), "1 failed\n", json!({"exit": 2}))),
                tool("prt_5", "task", 13, done(json!({"description": "look", "prompt": "Find the parser."}), "src/p.c",
                     json!({"sessionId": "ses_a"}))),
                finished.clone()]),
            {"info": {"id": "msg_3", "role": "user", "time": {"created": T + 40}}, "parts": [
                {"id": "prt_1", "type": "compaction", "auto": true}]},
            {"info": {"id": "msg_4", "role": "assistant", "summary": true, "modelID": "m-1",
                      "time": {"created": T + 41}}, "parts": [
                {"id": "prt_1", "type": "text", "text": "Summary of the talk."}]},
            reply("msg_5", 50, vec![
                tool("prt_1", "edit", 51, json!({"status": "error", "input": {"filePath": "/w/p.c", "oldString": "a", "newString": "b"},
                     "error": "oldString not found"})),
                tool("prt_2", "invalid", 52, done(json!({"tool": "bsh", "error": "no such tool"}), "no such tool", json!({}))),
                json!({"id": "prt_3", "type": "tool", "tool": "bash", "callID": "call-3",
                       "state": {"status": "running", "input": {"command": "sleep 99"}, "time": {"start": T + 53}}}),
                json!({"id": "prt_4", "type": "patch", "files": ["/w/p.c"], "hash": "0"}),
                finished]),
            {"info": {"id": "msg_6", "role": "assistant", "modelID": "m-1", "finish": "stop",
                      "time": {"created": T + 90}}, "parts": [
                {"id": "prt_1", "type": "text", "text": "All done."}]},
        ],
    });
    let child = json!({
        "info": {"id": "ses_a", "slug": "s", "projectID": "p1", "directory": "/w", "title": "c",
                 "parentID": "ses_b", "version": "1.2.3", "time": {"created": T + 14}},
        "messages": [
            {"info": {"id": "msg_7", "role": "user", "time": {"created": T + 15}}, "parts": [
                {"id": "prt_1", "type": "text", "text": "Find the parser."}]},
            {"info": {"id": "msg_8", "role": "assistant", "modelID": "m-2", "finish": "stop",
                      "time": {"created": T + 16}}, "parts": [
                tool("prt_1", "grep", 17, done(json!({"pattern": "parse", "path": "/w"}), "src/p.c", json!({}))),
                {"id": "prt_2", "type": "text", "text": "src/p.c"}]},
        ],
    });
    vec![own, child]
}

fn quoted(value: &Value) -> String {
    let text = value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned);
    format!("'{}'", text.replace('\'', "''"))
}

const TABLES: &str = "create table session(id text primary key, parent_id text, directory text, version text, time_created integer);
    create table message(id text primary key, session_id text, time_created integer, data text);
    create table part(id text, message_id text, session_id text, data text);
    create table event(id text primary key, aggregate_id text, seq integer, type text, data text);";

fn database() -> Vec<u8> {
    let mut sql = TABLES.to_owned();
    for session in sessions() {
        let info = &session["info"];
        let id = quoted(&info["id"]);
        let parent = info.get("parentID").map_or("null".to_owned(), quoted);
        let created = &info["time"]["created"];
        writeln!(
            sql,
            "insert into session values({id}, {parent}, '/w', '1.2.3', {created});"
        )
        .unwrap();
        for message in session["messages"].as_array().unwrap() {
            let own = quoted(&message["info"]["id"]);
            let (created, data) = (
                &message["info"]["time"]["created"],
                quoted(&message["info"]),
            );
            writeln!(
                sql,
                "insert into message values({own}, {id}, {created}, {data});"
            )
            .unwrap();
            for part in message["parts"].as_array().unwrap() {
                let (name, data) = (quoted(&part["id"]), quoted(part));
                writeln!(sql, "insert into part values({name}, {own}, {id}, {data});").unwrap();
            }
        }
    }
    made(&sql)
}

/// The same sessions as a journal in which every part is said twice and one is taken back.
fn journal() -> Vec<u8> {
    let mut sql = TABLES.to_owned();
    let mut seq = 0;
    let mut event = |session: &Value, kind: &str, data: &Value| {
        seq += 1;
        let (session, data) = (quoted(session), quoted(data));
        writeln!(
            sql,
            "insert into event values('evt_{seq:03}', {session}, {seq}, '{kind}', {data});"
        )
        .unwrap();
    };
    for session in sessions() {
        let info = &session["info"];
        event(&info["id"], "session.created.1", &json!({"info": info}));
        for message in session["messages"].as_array().unwrap() {
            let id = &message["info"]["id"];
            event(
                &info["id"],
                "message.updated.1",
                &json!({"info": message["info"]}),
            );
            for part in message["parts"].as_array().unwrap() {
                let mut part = part.clone();
                part["messageID"] = id.clone();
                let mut early = part.clone();
                early["text"] = json!("");
                event(
                    &info["id"],
                    "message.part.updated.1",
                    &json!({"part": early}),
                );
                event(
                    &info["id"],
                    "message.part.updated.1",
                    &json!({"part": part}),
                );
            }
            let gone =
                json!({"part": {"id": "prt_zz", "messageID": id, "type": "tool", "tool": "bash"}});
            event(&info["id"], "message.part.updated.1", &gone);
            event(
                &info["id"],
                "message.part.removed.1",
                &json!({"messageID": id, "partID": "prt_zz"}),
            );
        }
    }
    made(&sql)
}

fn exports() -> Vec<(String, Vec<u8>)> {
    let one = |session: Value| {
        let name = format!("x/{}.json", session["info"]["id"].as_str().unwrap());
        (name, serde_json::to_vec_pretty(&session).unwrap())
    };
    sessions().into_iter().map(one).collect()
}

fn storage(old: bool) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for session in sessions() {
        let (info, own) = (&session["info"], session["info"]["id"].as_str().unwrap());
        let (home, folder) = if old {
            ("storage/session", "info")
        } else {
            ("storage", "session/p1")
        };
        files.push((
            format!("{home}/{folder}/{own}.json"),
            info.to_string().into_bytes(),
        ));
        for message in session["messages"].as_array().unwrap() {
            let id = message["info"]["id"].as_str().unwrap();
            files.push((
                format!("{home}/message/{own}/{id}.json"),
                message["info"].to_string().into_bytes(),
            ));
            for part in message["parts"].as_array().unwrap() {
                let name = part["id"].as_str().unwrap();
                let below = if old {
                    format!("{own}/{id}")
                } else {
                    id.to_owned()
                };
                files.push((
                    format!("{home}/part/{below}/{name}.json"),
                    part.to_string().into_bytes(),
                ));
            }
        }
    }
    files
}

fn stream() -> String {
    let session = &sessions()[0];
    let mut text = String::new();
    for message in session["messages"].as_array().unwrap() {
        for part in message["parts"].as_array().unwrap() {
            let kind = match part["type"].as_str().unwrap() {
                "tool" => "tool_use",
                "step-start" => "step_start",
                "step-finish" => "step_finish",
                kind @ ("text" | "reasoning") => kind,
                _ => continue,
            };
            if message["info"]["role"] == "user" || message["info"].get("summary").is_some() {
                continue;
            }
            let mut part = part.clone();
            part["messageID"] = message["info"]["id"].clone();
            let event =
                json!({"type": kind, "timestamp": T + 5, "sessionID": "ses_b", "part": part});
            writeln!(text, "{event}").unwrap();
        }
    }
    text
}

fn read(files: Vec<(String, Vec<u8>)>) -> Vec<Extraction> {
    let pile = Pile::from_memory(files);
    let found = find_runs(&pile);
    let runs = found.runs.iter().map(|run| read_run(&pile, run).unwrap());
    runs.collect()
}

fn one(files: Vec<(String, Vec<u8>)>) -> Extraction {
    let mut read = read(files);
    assert_eq!(read.len(), 1);
    read.remove(0)
}

/// What must be the same however a session was kept.
fn essence(run: &Trajectory) -> Value {
    let mut value = serde_json::to_value(run).unwrap();
    let mut open = vec![&mut value];
    while let Some(run) = open.pop() {
        for key in ["id", "source", "format"] {
            run[key] = Value::Null;
        }
        for step in run["steps"].as_array_mut().unwrap() {
            step["refs"] = Value::Null;
        }
        if let Some(Value::Array(subs)) = run.get_mut("subtrajectories") {
            open.extend(subs.iter_mut());
        }
    }
    value
}

#[test]
fn a_database_gives_sessions_with_their_sub_agents() {
    let read = one(vec![("opencode.db".to_owned(), database())]);
    let bytes = read.coverage.bytes;
    assert_eq!(bytes.explained, bytes.total);
    insta::assert_json_snapshot!(read.trajectory);
}

#[test]
fn every_way_of_keeping_a_session_reads_the_same() {
    let whole = essence(&one(vec![("opencode.db".to_owned(), database())]).trajectory);
    let journal = one(vec![("opencode.db".to_owned(), journal())]);
    assert_eq!(essence(&journal.trajectory), whole);
    assert_eq!(essence(&one(exports()).trajectory), whole);
    assert_eq!(essence(&one(storage(false)).trajectory), whole);
    assert_eq!(essence(&one(storage(true)).trajectory), whole);
    let streamed = one(vec![("out.jsonl".to_owned(), stream().into_bytes())]).trajectory;
    let actions = |steps: &Value| -> Vec<Value> {
        steps["steps"]
            .as_array()
            .unwrap()
            .iter()
            .map(|step| step["action"].clone())
            .collect()
    };
    assert_eq!(
        actions(&serde_json::to_value(&streamed).unwrap()),
        actions(&whole)
    );
}

#[test]
fn a_session_kept_in_several_ways_is_one_run() {
    let mut files = vec![("opencode.db".to_owned(), database())];
    files.extend(exports());
    files.extend(storage(false));
    files.push(("out.jsonl".to_owned(), stream().into_bytes()));
    let pile = Pile::from_memory(files);
    let found = find_runs(&pile);
    assert_eq!(found.runs.len(), 1);
    assert_eq!(found.runs[0].duplicates.len(), 3);
    assert!(found.unread.is_empty());
}

#[test]
fn a_fork_does_not_count_what_it_copied() {
    let mut fork = sessions().remove(0);
    fork["info"]["id"] = json!("ses_c");
    fork["info"]["time"]["created"] = json!(T + 45);
    let read = one(vec![(
        "fork.json".to_owned(),
        fork.to_string().into_bytes(),
    )]);
    let kinds: Vec<_> = read
        .trajectory
        .steps
        .iter()
        .map(|s| &s.action.kind)
        .collect();
    assert_eq!(kinds.len(), 3);
    assert!(matches!(kinds[1], ActionKind::Invalid { text } if text == "no such tool"));
    assert!(
        read.warnings[0].contains("2 calls were copied"),
        "{:?}",
        read.warnings
    );
}

#[test]
fn a_database_that_cannot_be_opened_is_named() {
    let mut bytes = database();
    // The page size, which no reader can go without.
    bytes[16..18].copy_from_slice(&[0, 3]);
    let pile = Pile::from_memory([("x/opencode.db", bytes)]);
    let found = find_runs(&pile);
    assert!(found.runs.is_empty());
    assert!(
        found.problems[0].what.starts_with("x/opencode.db: "),
        "{:?}",
        found.problems
    );
}

#[test]
fn sessions_that_are_each_others_parents_end() {
    let sql = format!(
        "{TABLES} insert into session values('ses_a', 'ses_b', '', '', 0), ('ses_b', 'ses_a', '', '', 0);
         insert into message values('m', 'ses_a', 0, '{{}}'), ('n', 'ses_b', 0, 'no json');"
    );
    assert_eq!(read(vec![("a.db".to_owned(), made(&sql))]).len(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn a_cut_export_or_stream_gives_its_whole_calls(cut in any::<prop::sample::Index>()) {
        for (name, whole) in exports().into_iter().chain([("s".to_owned(), stream().into_bytes())]) {
            let at = cut.index(whole.len());
            for run in read(vec![(name, whole[..at].to_vec())]) {
                prop_assert!(run.trajectory.steps.len() <= 5);
            }
        }
    }

    #[test]
    fn a_damaged_database_never_panics(
        hits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
    ) {
        static WHOLE: LazyLock<Vec<u8>> = LazyLock::new(database);
        let mut bytes = WHOLE.clone();
        for (at, byte) in hits {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let pile = Pile::from_memory([("opencode.db", bytes)]);
        for run in &find_runs(&pile).runs {
            let _ = read_run(&pile, run);
        }
    }

    #[test]
    fn no_text_panics(text in ".{0,200}") {
        let parts = json!({"info": {"id": "ses_x", "version": text, "directory": text}, "messages": [
            {"info": {"role": text, "tokens": text}, "parts": [{"type": "tool", "tool": text, "state": text}, text]}]});
        let _ = read(vec![("a.json".to_owned(), parts.to_string().into_bytes())]);
        let line = json!({"type": "tool_use", "sessionID": "ses_x", "part": {"type": text, "state": [text]}});
        let _ = read(vec![("a.jsonl".to_owned(), format!("{line}\n{text}").into_bytes())]);
    }
}
