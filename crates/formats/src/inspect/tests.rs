use crate::pile::Pile;
use crate::{Extraction, find_runs, read_run};
use proptest::prelude::*;
use serde_json::{Value, json};

#[expect(clippy::needless_pass_by_value, reason = "reads better at the calls")]
fn event(second: u32, kind: &str, span: &str, said: Value) -> Value {
    let mut event = json!({"event": kind, "uuid": format!("e{second}"), "span_id": span,
        "timestamp": format!("2026-01-01T00:00:{second:02}+00:00")});
    for (key, value) in said.as_object().unwrap() {
        event[key] = value.clone();
    }
    event
}

fn begin(second: u32, id: &str, parent: &str, kind: &str, name: &str) -> Value {
    event(
        second,
        "span_begin",
        id,
        json!({"id": id, "parent_id": parent, "type": kind, "name": name}),
    )
}

#[expect(clippy::needless_pass_by_value, reason = "reads better at the calls")]
fn reply(second: u32, span: &str, text: &str, calls: Value) -> Value {
    event(
        second,
        "model",
        span,
        json!({"model": "openai/m-1", "input": [], "input_refs": [[0, 3]],
        "completed": format!("2026-01-01T00:00:{second:02}.5+00:00"),
        "output": {"choices": [{"message": {"role": "assistant", "content": text, "tool_calls": calls}}],
            "usage": {"input_tokens": 5, "output_tokens": 1, "total_tokens": 6}}}),
    )
}

#[expect(clippy::needless_pass_by_value, reason = "reads better at the calls")]
fn call(id: &str, name: &str, arguments: Value) -> Value {
    json!({"id": id, "function": name, "arguments": arguments})
}

#[expect(clippy::needless_pass_by_value, reason = "reads better at the calls")]
fn tool(second: u32, span: &str, id: &str, name: &str, said: Value) -> Value {
    let mut event = event(
        second,
        "tool",
        span,
        json!({"type": "function", "id": id, "function": name,
        "arguments": {}, "events": [], "completed": format!("2026-01-01T00:00:{second:02}.9+00:00")}),
    );
    for (key, value) in said.as_object().unwrap() {
        event[key] = value.clone();
    }
    event
}

/// Calls at once with statuses, a sub-agent, a call without a tool event, and a scorer's model.
fn sample() -> Value {
    json!({"id": "sum", "epoch": 1, "uuid": "u-1", "input": "Fix it.", "target": "ok",
    "messages": [{"role": "user", "content": "Fix it."}],
    "output": {"completion": "Done."},
    "scores": {"tests": {"value": "I"}, "style": {"value": 0.5}},
    "model_usage": {"openai/m-1": {"input_tokens": 20, "output_tokens": 4, "total_tokens": 34,
        "input_tokens_cache_read": 10}},
    "limit": {"type": "message", "limit": 9}, "novel": 1,
    "attachments": {"ab": "a long listing", "cd": "I look."},
    "events_data": {"messages": [{"role": "user", "content": "Fix it."},
        {"role": "assistant", "content": "", "tool_calls": []},
        {"role": "tool", "tool_call_id": "d", "content": "attachment://ab",
         "error": {"type": "timeout", "message": "too slow"}}]},
    "events": [
        begin(0, "s", "", "solver", "react"),
        begin(0, "a", "s", "agent", "react"),
        reply(1, "a", "attachment://cd", json!([call("a", "bash", json!({"cmd": "ls"})),
            call("b", "bash", json!({"cmd": "false"})), call("c", "helper", json!({"input": "look"}))])),
        begin(2, "ta", "a", "tool", "bash"),
        tool(2, "a", "a", "bash", json!({"result": "attachment://ab"})),
        begin(2, "tb", "a", "tool", "bash"),
        tool(2, "a", "b", "bash", json!({"result": "", "error": null})),
        event(3, "sandbox", "tb", json!({"action": "exec", "cmd": "false", "result": 1})),
        event(3, "sandbox", "ta", json!({"action": "exec", "cmd": "ls", "result": 0})),
        begin(3, "tc", "a", "tool", "helper"),
        begin(3, "ha", "tc", "agent", "helper"),
        reply(4, "ha", "", json!([call("h", "bash", json!({"cmd": "id"}))])),
        tool(5, "ha", "h", "bash", json!({"result": "root"})),
        tool(3, "a", "c", "helper", json!({"result": "Seen."})),
        reply(7, "a", "", json!([call("d", "bash", json!({"cmd": "sleep 9"}))])),
        reply(8, "a", "Done.", json!([])),
        begin(9, "z", "", "scorers", "scorers"),
        reply(9, "z", "", json!([call("g", "grade", json!({}))])),
        event(9, "mystery", "z", json!({})),
    ]})
}

/// A sample of an older log: steps for spans, events of a sub-agent within its tool.
fn older() -> Value {
    json!({"id": 2, "epoch": 3, "input": [{"role": "user", "content": "Go."}], "target": "x",
    "scores": {"includes": {"value": 1}}, "error": {"message": "broke"},
    "events": [
        event(1, "step", "", json!({"action": "begin", "type": "solver", "name": "loop"})),
        reply(2, "", "", json!([call("q", "team", json!({}))])),
        tool(3, "", "q", "team", json!({"result": "ok", "agent": "team", "events": [
            reply(3, "", "", json!([call("r", "bash", json!({"command": "ls"}))])),
            tool(4, "", "r", "bash", json!({"result": "x", "events": [
                event(4, "sandbox", "", json!({"action": "exec", "cmd": "ls", "result": 2}))]}))]})),
        event(5, "step", "", json!({"action": "begin", "type": "scorer", "name": "grader"})),
        reply(6, "", "", json!([call("g", "grade", json!({}))])),
        event(7, "step", "", json!({"action": "end", "type": "scorer", "name": "grader"})),
    ]})
}

fn header() -> Value {
    json!({"version": 2, "status": "success", "eval": {"task": "sums", "model": "openai/m-1",
        "created": "2026-01-01", "run_id": "r"}, "plan": {"steps": [{"solver": "react"}]}})
}

fn log() -> Value {
    let mut log = header();
    log["samples"] = json!([sample(), older()]);
    log
}

fn read(files: Vec<(&str, String)>) -> Vec<Extraction> {
    let pile = Pile::from_memory(files);
    let found = find_runs(&pile);
    let read = found.runs.iter().map(|run| read_run(&pile, run));
    read.filter_map(Result::ok).collect()
}

#[test]
fn the_members_of_an_archive_are_one_log_of_many_runs() {
    let read = read(vec![
        ("a.eval!/header.json", header().to_string()),
        ("a.eval!/_journal/start.json", header().to_string()),
        ("a.eval!/samples/sum_epoch_1.json", sample().to_string()),
        ("a.eval!/samples/2_epoch_3.json", older().to_string()),
        ("a.eval!/summaries.json", "[]".to_owned()),
    ]);
    let runs: Vec<_> = read.iter().map(|read| &read.trajectory).collect();
    insta::assert_json_snapshot!(runs);
}

#[test]
fn a_log_in_one_document_gives_the_same_steps() {
    for text in [
        log().to_string(),
        serde_json::to_string_pretty(&log())
            .unwrap()
            .replace('\n', "\r\n"),
    ] {
        let read = read(vec![("log.json", text.clone())]);
        let steps = read
            .iter()
            .map(|r| r.trajectory.steps.len() + r.trajectory.nested_step_count());
        assert_eq!(steps.collect::<Vec<_>>(), [2, 5]);
        assert!(read[1].trajectory.id.ends_with("#sum_epoch_1"));
        for cited in read
            .iter()
            .flat_map(|r| &r.trajectory.steps)
            .flat_map(|step| &step.refs)
        {
            let range = usize::try_from(cited.start).unwrap()..usize::try_from(cited.end).unwrap();
            let event: Value = serde_json::from_str(&text[range]).unwrap();
            assert!(event["event"] == "model" || event["event"] == "tool");
        }
    }
}

#[test]
fn a_sample_without_events_is_read_from_its_messages() {
    let mut bare = sample();
    bare.as_object_mut().unwrap().remove("events");
    bare["messages"] = json!([{"role": "user", "content": "Fix it."},
        {"role": "assistant", "content": "", "tool_calls": [call("a", "bash", json!({"cmd": "ls"}))]},
        {"role": "tool", "tool_call_id": "a", "function": "bash", "content": "attachment://ab"}]);
    let read = read(vec![("sum_epoch_1.json", bare.to_string())]);
    assert_eq!(read[0].trajectory.format, "inspect");
    assert_eq!(read[0].trajectory.steps[0].observed(), "a long listing");
}

proptest! {
    #[test]
    fn no_cut_and_no_noise_panics(cut in 0usize..9000, noise in ".{0,40}", alone in any::<bool>()) {
        let text = if alone { sample() } else { log() }.to_string();
        let cut = text.floor_char_boundary(cut.min(text.len()));
        let _ = read(vec![("log.json", format!("{}{noise}", &text[..cut]))]);
    }

    #[test]
    fn odd_values_never_panic(odd in prop::sample::select(vec!["null", "[]", "{}", "-1", "\"x\"", "[[0, 9e9]]"]), field in 0usize..9) {
        let key = ["span_id", "id", "parent_id", "type", "output", "arguments", "input_refs", "events", "timestamp"][field];
        let odd: Value = serde_json::from_str(odd).unwrap();
        let mut sample = sample();
        for event in sample["events"].as_array_mut().unwrap().iter_mut().step_by(2) {
            event[key] = odd.clone();
        }
        let _ = read(vec![("sum_epoch_1.json", sample.to_string())]);
    }
}
