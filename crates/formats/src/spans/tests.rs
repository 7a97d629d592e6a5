use serde_json::json;
use trace::{Timestamp, Usage};

use super::{Kind, Span, build};
use crate::dialogue::{Message, Role, read};

fn at(second: i64) -> Option<Timestamp> {
    Timestamp::from_second(1_700_000_000 + second).ok()
}

fn span(id: &str, parent: &str, kind: Kind, from: i64, to: i64) -> Span {
    Span {
        id: id.to_owned(),
        parent: (!parent.is_empty()).then(|| parent.to_owned()),
        name: id.to_owned(),
        kind,
        started: at(from),
        ended: at(to),
        ..Span::default()
    }
}

fn model(id: &str, parent: &str, time: (i64, i64), calls: &[(&str, &str)]) -> Span {
    let calls: Vec<_> = calls
        .iter()
        .map(|(id, command)| json!({"id": id, "function": {"name": "bash", "arguments": {"command": command}}}))
        .collect();
    let output = read(&json!({"role": "assistant", "content": "I act.", "tool_calls": calls}));
    Span {
        output: output.into_iter().collect(),
        usage: Usage {
            output_tokens: Some(1),
            ..Usage::default()
        },
        ..span(id, parent, Kind::Model, time.0, time.1)
    }
}

fn tool(id: &str, parent: &str, time: (i64, i64), command: &str) -> Span {
    Span {
        tool: Some("bash".to_owned()),
        arguments: json!({"command": command}),
        ..span(id, parent, Kind::Tool, time.0, time.1)
    }
}

fn commands(run: &trace::Trajectory) -> Vec<&str> {
    run.steps
        .iter()
        .filter_map(|step| step.action.command())
        .collect()
}

#[test]
fn the_same_command_again_is_another_step() {
    let run = build(&[
        model("a", "", (0, 1), &[("1", "ls")]),
        tool("b", "", (2, 3), "ls"),
        model("c", "", (4, 5), &[("2", "ls")]),
        tool("d", "", (6, 7), "ls"),
    ]);
    assert_eq!(commands(&run), ["ls", "ls"]);
    assert_eq!(run.steps[1].started, at(6));
}

#[test]
fn a_tool_that_began_before_the_reply_was_recorded_is_the_same_call() {
    let run = build(&[
        tool("b", "a", (2, 3), "ls"),
        tool("c", "a", (2, 3), "id"),
        model("a", "", (0, 9), &[("1", "ls"), ("2", "id")]),
    ]);
    assert_eq!(commands(&run), ["ls", "id"]);
    assert_eq!(run.steps[1].parallel_group, Some(1));
    assert_eq!(run.steps[0].thought, "I act.");
}

#[test]
fn a_model_span_around_another_is_one_call() {
    let run = build(&[
        model("a", "", (0, 9), &[("1", "ls")]),
        model("b", "a", (1, 8), &[("1", "ls")]),
        span("x", "b", Kind::Other, 2, 3),
    ]);
    assert_eq!(run.steps.len(), 1);
    assert_eq!(run.usage.output_tokens, Some(1));
}

#[test]
fn a_span_named_like_a_tool_that_was_called_is_that_call() {
    let mut plain = span("bash", "", Kind::Other, 2, 3);
    plain.result = Some(trace::Observation::text("a.py"));
    let run = build(&[
        model("a", "", (0, 1), &[("1", "ls")]),
        plain,
        span("y", "", Kind::Other, 4, 5),
    ]);
    assert_eq!(run.steps.len(), 1);
    assert_eq!(run.steps[0].observed(), "a.py");
}

#[test]
fn calls_of_an_earlier_talk_are_no_steps_unless_there_are_no_others() {
    let earlier = |ask: &str| {
        let call = json!({"role": "assistant", "tool_calls": [{"id": "0", "function": {"name": "bash", "arguments": "{}"}}]});
        let answer = json!({"role": "tool", "tool_call_id": "0", "content": "ok"});
        vec![
            Message::words(Role::User, ask),
            read(&call).unwrap(),
            read(&answer).unwrap(),
        ]
    };
    let mut first = model("a", "", (0, 1), &[("1", "ls")]);
    first.input = earlier("Go on.");
    let run = build(&[first]);
    assert_eq!(commands(&run), ["ls"]);
    let mut only = model("a", "", (0, 1), &[]);
    only.input = earlier("Go.");
    let run = build(&[only]);
    assert_eq!((run.steps.len(), run.steps[0].observed()), (1, "ok"));
}

#[test]
fn rings_of_parents_and_missing_times_are_survived() {
    let mut spans = vec![
        span("a", "b", Kind::Agent, 0, 1),
        span("b", "a", Kind::Agent, 0, 1),
        tool("c", "b", (0, 0), "ls"),
    ];
    spans[2].started = None;
    spans[2].ended = None;
    assert_eq!(commands(&build(&spans)), ["ls"]);
}
