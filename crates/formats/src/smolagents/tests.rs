use crate::pile::Pile;
use crate::{Extraction, find_runs, read_run};
use proptest::prelude::*;
use serde_json::{Value, json};

#[expect(clippy::needless_pass_by_value, reason = "reads better at the calls")]
fn turn(number: u64, said: Value) -> Value {
    let start = 1_760_000_000.0 + 10.0 * f64::from(u32::try_from(number).unwrap());
    let mut step = json!({"step_number": number, "timing": {"start_time": start, "end_time": start + 1.5},
        "model_input_messages": [], "tool_calls": null, "error": null, "observations": null,
        "action_output": null, "token_usage": {"input_tokens": 7, "output_tokens": 2},
        "is_final_answer": false});
    for (key, value) in said.as_object().unwrap() {
        step[key] = value.clone();
    }
    step
}

#[expect(clippy::needless_pass_by_value, reason = "reads better at the calls")]
fn call(id: &str, name: &str, arguments: Value) -> Value {
    json!({"id": id, "type": "function", "function": {"name": name, "arguments": arguments}})
}

fn memory() -> Value {
    json!([
        {"system_prompt": "You act."},
        {"task": "Fix it.", "task_images": null},
        {"plan": "First look.", "model_input_messages": [], "timing": {}},
        turn(1, json!({"model_output_message": {"role": "assistant", "content": "I look.", "raw": {"model": "m-1"}},
            "tool_calls": [call("a", "bash", json!({"command": "ls"})), call("b", "bash", json!({"command": "id"}))],
            "observations": "a.py\nroot"})),
        turn(2, json!({"model_output": "no call here", "error": {"type": "AgentParsingError", "message": "no JSON"}})),
        turn(3, json!({"tool_calls": [call("c", "python_interpreter", json!("1/0"))], "code_action": "1/0",
            "error": {"type": "AgentExecutionError", "message": "division by zero"}})),
        turn(4, json!({"tool_calls": [call("d", "final_answer", json!({"answer": "Done."}))],
            "observations": "Done.", "is_final_answer": true})),
        turn(5, json!({"error": {"type": "AgentMaxStepsError", "message": "Reached max steps."}, "action_output": "Given up."})),
    ])
}

fn read(text: &str) -> Option<Extraction> {
    let pile = Pile::from_memory([("memory.json", text.as_bytes().to_vec())]);
    let found = find_runs(&pile);
    read_run(&pile, found.runs.first()?).ok()
}

#[test]
fn a_memory_is_read_as_steps() {
    let extraction = read(&memory().to_string()).unwrap();
    assert_eq!(extraction.trajectory.format, "smolagents");
    insta::assert_json_snapshot!(extraction.trajectory);
    assert_eq!(extraction.warnings.len(), 1);
    assert_eq!(extraction.coverage.events.explained, 8);
}

#[test]
fn a_result_document_holds_the_same_steps() {
    let whole = json!({"output": "All done.", "state": "success", "steps": memory()});
    let run = read(&whole.to_string()).unwrap().trajectory;
    assert_eq!(
        (run.steps.len(), run.final_message.as_deref()),
        (5, Some("All done."))
    );
}

proptest! {
    #[test]
    fn no_cut_and_no_noise_panics(cut in 0usize..3000, noise in ".{0,40}") {
        let text = memory().to_string();
        let cut = text.floor_char_boundary(cut.min(text.len()));
        let _ = read(&format!("{}{noise}", &text[..cut]));
    }
}
