use proptest::prelude::*;
use serde_json::{Value, json};
use trace::Trajectory;

use crate::pile::Pile;
use crate::{find_runs, read_run};

fn read(files: &[(&str, &str)]) -> Option<(Trajectory, Vec<String>)> {
    let pile = Pile::from_memory(files.iter().map(|(path, text)| (*path, *text)));
    let found = find_runs(&pile);
    let read = read_run(&pile, found.runs.first()?).ok()?;
    Some((read.trajectory, read.warnings))
}

fn call(id: &str, name: &str, arguments: &Value) -> Value {
    json!({"id": id, "type": "function", "function": {"name": name, "arguments": arguments.to_string()}})
}

fn state(call: &Value, status: &str, output: &[&str]) -> Value {
    let items: Vec<Value> = output
        .iter()
        .map(|text| json!({"content": text, "name": "Tool Result", "description": ""}))
        .collect();
    json!({"toolCallId": call["id"], "toolCall": call, "status": status,
        "parsedArgs": {}, "output": items})
}

fn session() -> String {
    let shell = call("a", "Bash", &json!({"command": "make"}));
    let list = call("b", "List", &json!({"dirpath": "."}));
    let edit = call(
        "c",
        "Edit",
        &json!({"file_path": "a.py", "old_string": "a", "new_string": "b"}),
    );
    let mut cut = call("d", "Bash", &json!({}));
    cut["function"]["arguments"] = r#"{"command": "l"#.into();
    let mut waiting = state(&cut, "generated", &[]);
    waiting["parsedArgs"] = json!({"command": "l"});
    let session = json!({"sessionId": "s-1", "title": "t", "workspaceDirectory": "file:///repo",
        "history": [
            {"message": {"role": "user", "content": [{"type": "text", "text": "Fix it."}]},
             "contextItems": [], "editorState": {}},
            {"message": {"role": "thinking", "content": "They fail."}, "contextItems": []},
            {"message": {"role": "assistant", "content": "I look.", "toolCalls": [shell, list],
                "usage": {"prompt_tokens": 10, "completion_tokens": 2, "model": "sample", "cost_cents": 2}},
             "contextItems": [], "toolCallStates": [
                state(&list, "done", &["a.py", "b.py"]),
                state(&shell, "errored", &["Error executing tool Bash: Error (exit code 2): boom: x"])]},
            {"message": {"role": "tool", "toolCallId": "b", "content": "a.py"}, "contextItems": []},
            {"message": {"role": "assistant", "content": "", "toolCalls": [edit]}, "contextItems": [],
             "reasoning": {"active": false, "text": "Change it.", "startAt": 1_800_000_000_000u64,
                "endAt": 1_800_000_001_000u64},
             "toolCallState": state(&edit, "canceled", &[])},
            {"message": {"role": "assistant", "content": "", "toolCalls": [cut]}, "contextItems": [],
             "toolCallStates": [waiting]},
            {"message": {"role": "assistant", "content": "Not done."}, "contextItems": []}],
        "usage": {"totalCost": 0.5, "promptTokens": 90, "completionTokens": 7,
            "promptTokensDetails": {"cachedTokens": 3}}});
    serde_json::to_string_pretty(&session).unwrap()
}

#[test]
fn a_session_is_read_as_steps() {
    let list = r#"[{"sessionId": "s-1", "dateCreated": "1799999999000"}]"#;
    let (run, warnings) = read(&[
        ("sessions/s-1.json", &session()),
        ("sessions/sessions.json", list),
    ])
    .unwrap();
    assert!(warnings.is_empty(), "{warnings:?}");
    insta::assert_json_snapshot!(run);
}

#[test]
fn a_result_may_be_a_message_of_its_own() {
    let text = json!({"sessionId": "s", "workspaceDirectory": "", "history": [
        {"message": {"role": "assistant", "content": "", "toolCalls": [
            call("a", "builtin_run_terminal_command", &json!({"command": "ls"}))]}, "contextItems": []},
        {"message": {"role": "tool", "toolCallId": "a", "content": "x"}, "contextItems": []},
        {"message": {"role": "tool", "toolCallId": "z", "content": "?"}, "contextItems": []}]});
    let (run, _) = read(&[("s.json", &text.to_string())]).unwrap();
    assert_eq!(run.steps[0].observed(), "x");
    assert_eq!(run.steps[0].action.command(), Some("ls"));
}

proptest! {
    #[test]
    fn a_cut_session_gives_what_it_has(cut in any::<prop::sample::Index>()) {
        let whole = session();
        let mut at = cut.index(whole.len());
        while !whole.is_char_boundary(at) { at -= 1; }
        if let Some((run, _)) = read(&[("s.json", &whole[..at])]) {
            prop_assert!(run.steps.len() <= 4);
            for cited in run.steps.iter().flat_map(|step| &step.refs) {
                let range = usize::try_from(cited.start).unwrap()..usize::try_from(cited.end).unwrap();
                let hash = blake3::hash(&whole.as_bytes()[range]).to_hex();
                prop_assert_eq!(hash.as_str(), cited.blake3.as_str());
            }
        }
    }

    #[test]
    fn no_item_panics(text in ".{0,200}") {
        let whole = session().replace("I look.", &text);
        let _ = read(&[("s.json", &whole)]);
    }
}
