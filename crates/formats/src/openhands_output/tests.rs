use crate::pile::Pile;
use crate::{Extraction, find_runs, read_run};
use proptest::prelude::*;
use serde_json::{Value, json};

#[expect(clippy::needless_pass_by_value, reason = "reads better at the calls")]
fn event(id: i64, what: Value) -> Value {
    let mut event = json!({"id": id, "timestamp": format!("2025-01-01T00:00:{:02}", id.max(0)),
        "source": "agent", "message": ""});
    for (key, value) in what.as_object().unwrap() {
        event[key] = value.clone();
    }
    event
}

fn rows() -> Vec<Value> {
    let metadata = json!({"agent_class": "CodeActAgent", "llm_config": {"model": "m-1"}});
    let stream = vec![
        event(
            1,
            json!({"source": "user", "action": "message", "args": {"content": "Fix the sum."}}),
        ),
        event(
            2,
            json!({"action": "run", "args": {"command": "ls", "thought": "I look."}}),
        ),
        event(
            3,
            json!({"observation": "run", "cause": 2, "content": "sum.py",
            "extras": {"metadata": {"exit_code": 0}}}),
        ),
        event(4, json!({"action": "run", "args": {"command": "make"}})),
    ];
    let pairs = json!([
        [
            event(
                -1,
                json!({"source": "user", "action": "message", "args": {"content": "Fix it."}})
            ),
            event(
                -1,
                json!({"observation": "null", "content": "", "extras": {}})
            )
        ],
        [
            event(-1, json!({"action": "run", "args": {"command": "pwd"}})),
            event(
                -1,
                json!({"observation": "run", "content": "/w", "extras": {"exit_code": 1}})
            )
        ],
        [
            event(
                -1,
                json!({"action": "run_ipython", "args": {"code": "1+1"}})
            ),
            event(
                -1,
                json!({"observation": "run_ipython", "content": "2", "extras": {}})
            )
        ],
    ]);
    let sdk = json!([
        {"kind": "MessageEvent", "id": "a", "timestamp": "2026-01-01T00:00:00", "source": "user",
         "llm_message": {"role": "user", "content": [{"type": "text", "text": "Do it."}]}},
        {"kind": "ActionEvent", "id": "b", "timestamp": "2026-01-01T00:00:01", "source": "agent",
         "tool_name": "terminal", "tool_call_id": "c", "action": {"kind": "TerminalAction", "command": "id"}},
        {"kind": "ObservationEvent", "id": "d", "timestamp": "2026-01-01T00:00:02", "source": "environment",
         "action_id": "b", "tool_call_id": "c",
         "observation": {"content": [{"type": "text", "text": "root"}], "exit_code": 0}},
    ]);
    vec![
        json!({"instance_id": "sum-1", "test_result": {"git_patch": "diff", "report": {"resolved": false}},
            "instruction": "unused", "metadata": metadata, "history": stream,
            "metrics": {"accumulated_cost": 0.5, "accumulated_token_usage": {"prompt_tokens": 9, "completion_tokens": 3}},
            "error": "RuntimeError: maximum iteration", "novel": 1}),
        json!({"instance_id": "sum-1", "test_result": {}, "instruction": "Fix it.",
            "metadata": metadata, "history": pairs, "metrics": {"accumulated_cost": 0.0}, "error": null}),
        json!({"instance_id": "sum-2", "test_result": {"result": {"resolved": 1}}, "instruction": "Do it.",
            "metadata": metadata, "history": sdk, "metrics": null}),
        json!({"instance_id": "sum-3", "test_result": {}, "instruction": "Do that.",
            "metadata": metadata, "history": [], "metrics": null, "error": "no container"}),
    ]
}

fn text() -> String {
    rows()
        .iter()
        .map(Value::to_string)
        .collect::<Vec<_>>()
        .join("\n")
}

fn read(text: &str) -> Vec<Extraction> {
    let pile = Pile::from_memory([("output.jsonl", text.as_bytes().to_vec())]);
    let found = find_runs(&pile);
    let read = found.runs.iter().map(|run| read_run(&pile, run));
    read.filter_map(Result::ok).collect()
}

#[test]
fn every_row_is_a_run() {
    let read = read(&text());
    let runs: Vec<_> = read.iter().map(|read| &read.trajectory).collect();
    insta::assert_json_snapshot!(runs);
    insta::assert_json_snapshot!(
        "account",
        read.iter()
            .map(|read| (
                &read.warnings,
                read.coverage.bytes.explained,
                read.coverage.bytes.total,
                read.coverage.events.explained,
                read.coverage.events.total
            ))
            .collect::<Vec<_>>()
    );
}

#[test]
fn rows_of_predictions_are_not_claimed() {
    let row = json!({"org": "o", "repo": "r", "number": "1", "fix_patch": "diff"});
    assert!(read(&format!("{row}\n{row}\n")).is_empty());
}

#[test]
fn citations_lie_in_their_row() {
    let text = text();
    for read in read(&text) {
        for reference in read.trajectory.steps.iter().flat_map(|step| &step.refs) {
            let start = usize::try_from(reference.start).unwrap();
            let end = usize::try_from(reference.end).unwrap();
            let cited: Value = serde_json::from_str(&text[start..end]).unwrap();
            assert!(cited.is_object());
        }
    }
}

proptest! {
    #[test]
    fn no_cut_and_no_noise_panics(cut in 0usize..4000, noise in ".{0,40}") {
        let text = text();
        let mut cut = cut.min(text.len());
        while !text.is_char_boundary(cut) { cut -= 1; }
        let _ = read(&format!("{}{noise}", &text[..cut]));
    }
}
