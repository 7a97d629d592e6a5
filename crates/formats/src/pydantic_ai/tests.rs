use crate::pile::Pile;
use crate::{Extraction, find_runs, read_run};
use proptest::prelude::*;
use serde_json::{Value, json};

fn messages() -> Value {
    json!([
        {"kind": "request", "run_id": "r-1", "conversation_id": "t-1", "parts": [
            {"part_kind": "system-prompt", "content": "Be good."},
            {"part_kind": "user-prompt", "content": ["Fix it.", {"kind": "image-url", "url": "x"}],
             "timestamp": "2026-01-01T00:00:00Z"}]},
        {"kind": "response", "model_name": "m-1", "timestamp": "2026-01-01T00:00:01Z",
         "usage": {"input_tokens": 10, "cache_read_tokens": 4, "output_tokens": 3}, "parts": [
            {"part_kind": "thinking", "content": "hm"}, {"part_kind": "text", "content": "I look."},
            {"part_kind": "tool-call", "tool_name": "bash", "args": "{\"command\": \"ls\"}", "tool_call_id": "a"},
            {"part_kind": "tool-call", "tool_name": "bash", "args": {"command": "pwd"}, "tool_call_id": "b"}]},
        {"kind": "request", "timestamp": "2026-01-01T00:00:02Z", "parts": [
            {"part_kind": "tool-return", "tool_name": "bash", "tool_call_id": "b", "content": {"cwd": "/w"}},
            {"part_kind": "retry-prompt", "tool_name": "bash", "tool_call_id": "a", "content": "bad arguments"}]},
        {"kind": "response", "model_name": "m-1", "timestamp": "2026-01-01T00:00:03Z", "parts": [
            {"part_kind": "builtin-tool-call", "tool_name": "web_search", "args": {"query": "sum"}, "tool_call_id": "c"},
            {"part_kind": "builtin-tool-return", "tool_name": "web_search", "tool_call_id": "c", "content": [{"title": "t"}]},
            {"part_kind": "text", "content": "Done."}]}
    ])
}

fn read(text: &str) -> Option<Extraction> {
    let pile = Pile::from_memory([("messages.json", text.as_bytes().to_vec())]);
    let found = find_runs(&pile);
    read_run(&pile, found.runs.first()?).ok()
}

#[test]
fn a_history_is_read_as_steps() {
    let extraction = read(&messages().to_string()).unwrap();
    assert_eq!(extraction.trajectory.format, "pydantic-ai");
    insta::assert_json_snapshot!(extraction.trajectory);
    assert_eq!(extraction.coverage.events.explained, 4);
}

proptest! {
    #[test]
    fn no_cut_and_no_noise_panics(cut in 0usize..2000, noise in ".{0,40}") {
        let text = messages().to_string();
        let cut = text.floor_char_boundary(cut.min(text.len()));
        let _ = read(&format!("{}{noise}", &text[..cut]));
    }
}
