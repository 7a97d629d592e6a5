use proptest::prelude::*;
use serde_json::{Value, json};

use crate::pile::Pile;
use crate::{Extraction, find_runs, read_run};

fn call(id: &str, command: &str) -> Value {
    json!({"role": "assistant", "content": "I look.", "tool_calls": [
        {"id": id, "function": {"name": "bash", "arguments": json!({"command": command}).to_string()}}]})
}

fn answer(id: &str, text: &str) -> Value {
    json!({"role": "tool", "tool_call_id": id, "content": text})
}

fn talk(id: &str) -> Vec<Value> {
    vec![
        json!({"role": "user", "content": "Fix it."}),
        call(id, "ls"),
        answer(id, "a.py"),
        json!({"role": "assistant", "content": "Done."}),
    ]
}

fn read(text: &str) -> Vec<Extraction> {
    let pile = Pile::from_memory([("chat.json", text.as_bytes().to_vec())]);
    let found = find_runs(&pile);
    let read = found.runs.iter().map(|run| read_run(&pile, run));
    read.filter_map(Result::ok).collect()
}

fn lines(values: &[Value]) -> String {
    values
        .iter()
        .map(|value| {
            value.to_string()
                + "
"
        })
        .collect()
}

fn shape(read: &[Extraction]) -> Vec<(&str, usize)> {
    read.iter()
        .map(|read| (read.trajectory.id.as_str(), read.trajectory.steps.len()))
        .collect()
}

#[test]
fn repeated_ids_pair_in_order() {
    let mut talk = vec![json!({"role": "user", "content": "Fix it."})];
    talk.extend([
        call("a", "ls"),
        call("a", "pwd"),
        answer("a", "x.py"),
        answer("a", "/app"),
    ]);
    let read = read(&json!({"messages": talk, "model": "m-1", "resolved": true}).to_string());
    let run = &read[0].trajectory;
    assert_eq!(
        (run.steps[0].observed(), run.steps[1].observed()),
        ("x.py", "/app")
    );
    assert_eq!(run.steps[1].refs.len(), 2);
    assert_eq!(
        (run.model.as_deref(), run.outcome.resolved),
        (Some("m-1"), Some(true))
    );
}

#[test]
fn a_message_a_line_is_one_run_and_a_cut_line_is_left() {
    let text = format!(
        "{}{{\"role\": \"assistant\", \"content\": [{{\"typ",
        lines(&talk("a"))
    );
    let read = read(&text);
    assert_eq!(shape(&read), [("chat.json", 1)]);
    assert_eq!(read[0].warnings.len(), 1);
}

#[test]
fn a_cut_document_gives_its_whole_messages() {
    let text = json!(talk("a")).to_string();
    let cut = &text[..text.find("a.py").unwrap()];
    assert_eq!(shape(&read(cut)), [("chat.json", 1)]);
}

#[test]
fn a_conversation_a_row_is_a_run_a_row() {
    let rows = [
        json!({"instance_id": "one", "messages": talk("a"), "exit_status": "submitted"}),
        json!({"instance_id": "one", "messages": json!(talk("b")).to_string()}),
        json!({"id": 3, "conversations": [{"from": "human", "value": "Hi."}, {"from": "gpt", "value": "Hello."}]}),
    ];
    let read_rows = read(&lines(&rows));
    assert_eq!(
        shape(&read_rows),
        [("chat.json#one", 1), ("chat.json#one~2", 1)]
    );
    let first = &read_rows[0].trajectory;
    assert_eq!(first.outcome.exit_status.as_deref(), Some("submitted"));
    let list = serde_json::to_string_pretty(&json!(rows)).unwrap();
    let read_list = read(&list);
    assert_eq!(
        shape(&read_list),
        [("chat.json#one", 1), ("chat.json#one~2", 1)]
    );
    for cited in read_list
        .iter()
        .flat_map(|read| &read.trajectory.steps[0].refs)
    {
        let range = usize::try_from(cited.start).unwrap()..usize::try_from(cited.end).unwrap();
        assert!(serde_json::from_str::<Value>(&list[range]).is_ok());
    }
}

#[test]
fn a_row_that_was_cut_gives_its_whole_messages() {
    let rows = [
        json!({"id": "one", "messages": talk("a")}),
        json!({"id": "two", "messages": talk("b")}),
    ];
    for text in [lines(&rows), json!(rows).to_string()] {
        let cut = &text[..text.rfind("a.py").unwrap()];
        let read = read(cut);
        assert_eq!(shape(&read), [("chat.json#one", 1), ("chat.json#two", 1)]);
        assert!(!read[1].warnings.is_empty());
        let cited = &read[1].trajectory.steps[0].refs[0];
        let range = usize::try_from(cited.start).unwrap()..usize::try_from(cited.end).unwrap();
        assert!(cut[range].contains("tool_calls"));
    }
}

#[test]
fn requests_that_grow_are_one_conversation_and_its_answer_counts() {
    let mut messages = talk("a");
    messages.truncate(1);
    let mut rows = vec![
        json!({"request": {"messages": messages}, "response": {"choices": [{"message": call("a", "ls")}]}}),
    ];
    messages.extend([call("a", "ls"), answer("a", "a.py")]);
    rows.push(json!({"request": {"messages": messages}, "response": {"choices": [{"message": call("b", "id")}]}}));
    rows.push(json!({"messages": talk("c")[1..].to_vec()}));
    rows.push(json!({"id": "other", "messages": talk("c")[1..].to_vec()}));
    let read = read(&lines(&rows));
    let steps: Vec<usize> = read
        .iter()
        .map(|read| read.trajectory.steps.len())
        .collect();
    assert_eq!(steps, [2, 1, 1]);
}

#[test]
fn conversations_without_a_call_are_not_claimed() {
    let plain =
        json!([{"role": "user", "content": "Hi."}, {"role": "assistant", "content": "Hello."}]);
    assert!(read(&plain.to_string()).is_empty());
}

proptest! {
    #[test]
    fn no_cut_and_no_noise_panics(cut in 0usize..2000, noise in ".{0,40}", rows in any::<bool>()) {
        let text = if rows {
            lines(&[json!({"id": 1, "messages": talk("a")}), json!({"data": {"turns": talk("b")}})])
        } else {
            json!({"input": talk("a"), "output": talk("b")}).to_string()
        };
        let cut = text.floor_char_boundary(cut.min(text.len()));
        let _ = read(&format!("{}{noise}", &text[..cut]));
    }
}
