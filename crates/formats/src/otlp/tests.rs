use crate::pile::Pile;
use crate::{Extraction, find_runs, read_run};
use proptest::prelude::*;
use serde_json::{Value, json};

const START: u64 = 1_700_000_000_000_000_000;

/// A span from `from` to `to` milliseconds after the start.
#[expect(clippy::needless_pass_by_value, reason = "reads better at the calls")]
fn span(trace: &str, id: &str, parent: &str, name: &str, time: (u64, u64), said: Value) -> Value {
    let attributes = said.as_object().unwrap().iter().map(|(key, value)| {
        let typed = match value {
            Value::String(text) => json!({"stringValue": text}),
            Value::Number(number) => json!({"intValue": number.to_string()}),
            other => json!({"stringValue": other.to_string()}),
        };
        json!({"key": key, "value": typed})
    });
    let at = |ms: u64| (START + ms * 1_000_000).to_string();
    json!({"traceId": trace, "spanId": id, "parentSpanId": parent, "name": name, "status": {},
        "startTimeUnixNano": at(time.0), "endTimeUnixNano": at(time.1),
        "attributes": attributes.collect::<Vec<_>>()})
}

#[expect(clippy::needless_pass_by_value, reason = "reads better at the calls")]
fn export(spans: Vec<Value>) -> Value {
    json!({"resourceSpans": [{"resource": {"attributes": [
        {"key": "service.name", "value": {"stringValue": "coder"}}]},
        "scopeSpans": [{"scope": {"name": "s"}, "spans": spans}]}]})
}

fn text(requests: &[Value]) -> String {
    let lines = requests.iter().map(Value::to_string);
    lines.collect::<Vec<_>>().join(
        "
",
    )
}

/// A trace of the newer conventions: two calls at once, of which one has no span of its own.
fn newer(trace: &str) -> Vec<Value> {
    let asked = json!([{"role": "user", "parts": [{"type": "text", "content": "Fix it."}]}]);
    let reply = json!([{"role": "assistant", "parts": [
        {"type": "reasoning", "content": "hm"}, {"type": "text", "content": "I look."},
        {"type": "tool_call", "id": "c1", "name": "bash", "arguments": "{\"command\": \"ls\"}"},
        {"type": "tool_call", "id": "c2", "name": "bash", "arguments": {"command": "pwd"}}]}]);
    let mut shown = asked.as_array().unwrap().clone();
    shown.extend(reply.as_array().unwrap().clone());
    shown.push(json!({"role": "tool", "parts": [
        {"type": "tool_call_response", "id": "c1", "response": "a.py"},
        {"type": "tool_call_response", "id": "c2", "response": {"cwd": "/w"}}]}));
    let done = json!([{"role": "assistant", "parts": [{"type": "text", "content": "Done."}]}]);
    let chat = |input: Value, output: Value| {
        json!({"gen_ai.operation.name": "chat",
        "gen_ai.request.model": "m-1", "gen_ai.usage.input_tokens": 10,
        "gen_ai.usage.output_tokens": 2, "gen_ai.conversation.id": "talk",
        "gen_ai.input.messages": input.to_string(), "gen_ai.output.messages": output.to_string()})
    };
    let mut failed = span(
        trace,
        "t1",
        "root",
        "execute_tool bash",
        (20, 30),
        json!({
        "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "bash",
        "gen_ai.tool.call.id": "c1", "gen_ai.tool.call.arguments": "{\"command\":\"ls\"}"}),
    );
    failed["status"] = json!({"code": "STATUS_CODE_ERROR", "message": "no such tool"});
    vec![
        span(trace, "m1", "root", "chat m-1", (0, 10), chat(asked, reply)),
        failed,
        span(
            trace,
            "m2",
            "root",
            "chat m-1",
            (40, 50),
            chat(Value::Array(shown), done),
        ),
        span(
            trace,
            "root",
            "",
            "invoke_agent coder",
            (0, 60),
            json!({
            "gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "coder"}),
        ),
        span(
            trace,
            "http",
            "m1",
            "POST",
            (1, 9),
            json!({"http.method": "POST"}),
        ),
    ]
}

/// A trace of `OpenInference` without ids on its tool spans, with a sub-agent.
fn inference() -> Vec<Value> {
    let t = "2f";
    let reply = |calls: &[(&str, &str, &str)]| {
        let mut said = json!({"openinference.span.kind": "LLM", "llm.model_name": "m-2",
            "llm.token_count.prompt": 5, "llm.token_count.completion": 1,
            "llm.output_messages.0.message.role": "assistant",
            "llm.output_messages.0.message.contents.0.message_content.type": "text",
            "llm.output_messages.0.message.contents.0.message_content.text": "I act."});
        for (at, (id, name, arguments)) in calls.iter().enumerate() {
            let key = format!("llm.output_messages.0.message.tool_calls.{at}.tool_call");
            said[format!("{key}.id")] = json!(id);
            said[format!("{key}.function.name")] = json!(name);
            said[format!("{key}.function.arguments")] = json!(arguments);
        }
        said
    };
    let tool = |name: &str, kwargs: Value, result: &str| {
        json!({"openinference.span.kind": "TOOL",
        "tool.name": name, "output.value": result,
        "input.value": json!({"args": [], "kwargs": kwargs}).to_string()})
    };
    vec![
        span(
            t,
            "r",
            "",
            "CodeAgent.run",
            (0, 100),
            json!({"openinference.span.kind": "AGENT",
            "input.value": "{\"task\": \"Do it.\"}", "output.value": "All done."}),
        ),
        span(
            t,
            "s",
            "r",
            "Step 1",
            (0, 90),
            json!({"openinference.span.kind": "CHAIN"}),
        ),
        span(
            t,
            "a",
            "s",
            "Model.generate",
            (1, 9),
            reply(&[
                ("k1", "bash", "{\"command\": \"ls\"}"),
                ("k2", "bash", "{\"command\": \"id\"}"),
                ("k3", "helper", "{\"task\": \"look\"}"),
            ]),
        ),
        span(
            t,
            "b",
            "s",
            "SimpleTool",
            (10, 30),
            tool("bash", json!({"command": "id"}), "root"),
        ),
        span(
            t,
            "c",
            "s",
            "SimpleTool",
            (11, 20),
            tool("bash", json!({"command": "ls"}), "a.py"),
        ),
        span(
            t,
            "d",
            "s",
            "helper.run",
            (12, 80),
            json!({"openinference.span.kind": "AGENT",
            "input.value": "{\"task\": \"look\"}", "output.value": "Seen."}),
        ),
        span(
            t,
            "e",
            "d",
            "Model.generate",
            (13, 20),
            reply(&[("k4", "bash", "{\"command\": \"cat\"}")]),
        ),
        span(
            t,
            "f",
            "d",
            "SimpleTool",
            (21, 22),
            tool("bash", json!({"command": "cat"}), "text"),
        ),
    ]
}

/// A trace of the older conventions, with messages as numbered attributes, events and log records.
fn older() -> Vec<Value> {
    let t = "3f";
    let mut second = span(
        t,
        "b",
        "w",
        "openai.chat",
        (30, 40),
        json!({
        "gen_ai.system": "openai", "llm.request.type": "chat", "gen_ai.request.model": "m-3",
        "gen_ai.prompt.0.role": "user", "gen_ai.prompt.0.content": "Go.",
        "gen_ai.prompt.1.role": "assistant", "gen_ai.prompt.1.tool_calls.0.id": "x",
        "gen_ai.prompt.1.tool_calls.0.name": "grep", "gen_ai.prompt.1.tool_calls.0.arguments": "{\"pattern\": \"a\"}",
        "gen_ai.prompt.2.role": "tool", "gen_ai.prompt.2.tool_call_id": "x", "gen_ai.prompt.2.content": "a.py:1"}),
    );
    second["events"] = json!([{"name": "gen_ai.choice", "attributes": [
        {"key": "message", "value": {"stringValue": "{\"role\": \"assistant\", \"content\": \"One.\", \"tool_calls\": [{\"id\": \"y\", \"function\": {\"name\": \"bash\", \"arguments\": \"{\\\"command\\\": \\\"make\\\"}\"}}]}"}}]}]);
    vec![
        span(
            t,
            "w",
            "",
            "flow.workflow",
            (0, 90),
            json!({"traceloop.span.kind": "workflow"}),
        ),
        span(
            t,
            "a",
            "w",
            "openai.chat",
            (0, 10),
            json!({
            "gen_ai.system": "openai", "llm.request.type": "chat", "gen_ai.request.model": "m-3",
            "gen_ai.prompt.0.role": "user", "gen_ai.prompt.0.content": "Go.",
            "gen_ai.completion.0.role": "assistant", "gen_ai.completion.0.tool_calls.0.id": "x",
            "gen_ai.completion.0.tool_calls.0.name": "grep",
            "gen_ai.completion.0.tool_calls.0.arguments": "{\"pattern\": \"a\"}"}),
        ),
        second,
        span(
            t,
            "c",
            "w",
            "make.tool",
            (50, 60),
            json!({"traceloop.span.kind": "tool",
            "traceloop.entity.name": "bash", "traceloop.entity.input": "{\"inputs\": {\"command\": \"make\"}}",
            "traceloop.entity.output": "built"}),
        ),
        span(
            t,
            "d",
            "w",
            "probe.tool",
            (55, 70),
            json!({"traceloop.span.kind": "tool",
            "traceloop.entity.name": "probe", "traceloop.entity.input": "{}"}),
        ),
        span(
            t,
            "e",
            "w",
            "probe.tool",
            (56, 70),
            json!({"traceloop.span.kind": "tool",
            "traceloop.entity.name": "probe", "traceloop.entity.input": "{}"}),
        ),
    ]
}

fn read(text: &str) -> Vec<Extraction> {
    let pile = Pile::from_memory([("traces.jsonl", text.as_bytes().to_vec())]);
    let found = find_runs(&pile);
    let read = found.runs.iter().map(|run| read_run(&pile, run));
    read.filter_map(Result::ok).collect()
}

#[test]
fn a_call_seen_from_three_sides_is_one_step() {
    let read = read(&text(&[export(newer("1f"))]));
    assert_eq!(read.len(), 1);
    insta::assert_json_snapshot!(read[0].trajectory);
    assert_eq!(read[0].coverage.events.explained, 4);
}

#[test]
fn sub_agents_are_nested_below_the_call_that_has_their_name() {
    let requests: Vec<Value> = inference()
        .into_iter()
        .rev()
        .map(|s| export(vec![s]))
        .collect();
    insta::assert_json_snapshot!(read(&text(&requests))[0].trajectory);
}

#[test]
fn older_conventions_are_read() {
    insta::assert_json_snapshot!(read(&export(older()).to_string())[0].trajectory);
}

#[test]
fn traces_are_runs_and_traces_without_a_model_are_none() {
    let mut spans = newer("1f");
    spans.extend(newer("9f"));
    spans.push(span(
        "0f",
        "q",
        "",
        "GET /",
        (0, 1),
        json!({"http.method": "GET"}),
    ));
    let pretty = serde_json::to_string_pretty(&json!({"data": [export(spans)]})).unwrap();
    let read = read(&pretty);
    let steps: Vec<_> = read
        .iter()
        .map(|read| read.trajectory.steps.len())
        .collect();
    assert_eq!(steps, [2, 2]);
    assert!(read[0].trajectory.id.ends_with("#1f"));
}

#[test]
fn messages_in_log_records_are_those_of_their_span() {
    let span = span(
        "4f",
        "a",
        "",
        "chat",
        (0, 9),
        json!({"gen_ai.operation.name": "chat"}),
    );
    let body = json!({"kvlistValue": {"values": [{"key": "message", "value": {"kvlistValue": {"values": [
        {"key": "tool_calls", "value": {"arrayValue": {"values": [{"kvlistValue": {"values": [
            {"key": "id", "value": {"stringValue": "z"}},
            {"key": "function", "value": {"kvlistValue": {"values": [
                {"key": "name", "value": {"stringValue": "bash"}},
                {"key": "arguments", "value": {"stringValue": "{\"command\":\"ls\"}"}}]}}}]}}]}}}]}}}]}});
    let log = json!({"resourceLogs": [{"scopeLogs": [{"logRecords": [{"traceId": "4f", "spanId": "a",
        "timeUnixNano": "1", "eventName": "gen_ai.choice", "body": body}]}]}]});
    let read = read(&text(&[export(vec![span]), log]));
    assert_eq!(read[0].trajectory.steps[0].action.command(), Some("ls"));
}

#[test]
fn messages_in_log_records_without_their_spans_are_read() {
    let log = |name: &str, body: Value| {
        let body = json!({"stringValue": body.to_string()});
        json!({"traceId": "5f", "spanId": "s", "timeUnixNano": "1700000000000000000",
            "attributes": [{"key": "event.name", "value": {"stringValue": name}}], "body": body})
    };
    let logs = json!({"resourceLogs": [{"scopeLogs": [{"logRecords": [
        log("gen_ai.user.message", json!({"content": "Fix it."})),
        log("gen_ai.choice", json!({"message": {"role": "assistant", "tool_calls": [
            {"id": "z", "function": {"name": "bash", "arguments": "{\"command\":\"ls\"}"}}]}}))]}]}]});
    let read = read(&format!("{logs}\n"));
    assert_eq!(read[0].trajectory.task.as_deref(), Some("Fix it."));
    assert_eq!(read[0].trajectory.steps[0].action.command(), Some("ls"));
}

#[test]
fn tools_may_keep_their_arguments_and_results_as_events() {
    let event = |name: &str, key: &str, value: Value| {
        json!({"name": name, "attributes": [
        {"key": key, "value": {"stringValue": value.to_string()}},
        {"key": "id", "value": {"stringValue": "u"}}]})
    };
    let mut chat = span(
        "6f",
        "a",
        "",
        "chat",
        (0, 9),
        json!({"gen_ai.operation.name": "chat"}),
    );
    chat["events"] = json!([
        {"name": "gen_ai.user.message", "attributes": [{"key": "content", "value": {"stringValue": "[{\"text\": \"Go.\"}]"}}]},
        event("gen_ai.assistant.message", "content", json!([{"toolUse": {"toolUseId": "u", "name": "bash", "input": {"command": "ls"}}}]))]);
    let mut tool = span(
        "6f",
        "b",
        "",
        "execute_tool bash",
        (10, 19),
        json!({"gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "bash", "gen_ai.tool.call.id": "u"}),
    );
    tool["events"] = json!([
        event("gen_ai.tool.message", "content", json!({"command": "ls"})),
        event("gen_ai.choice", "message", json!([{"text": "a.py"}]))
    ]);
    let read = read(&text(&[export(vec![chat, tool])]));
    let run = &read[0].trajectory;
    assert_eq!((run.steps.len(), run.steps[0].observed()), (1, "a.py"));
    assert_eq!(run.steps[0].action.command(), Some("ls"));
    assert_eq!(run.task.as_deref(), Some("Go."));
}

#[test]
fn bare_spans_of_an_sdk_are_read() {
    let span = json!({"name": "chat", "context": {"trace_id": "0x1", "span_id": "0x2"}, "parent_id": null,
        "start_time": "2025-01-01T00:00:00Z", "end_time": "2025-01-01T00:00:01Z", "status": {"status_code": "OK"},
        "attributes": {"gen_ai.operation.name": "chat", "gen_ai.output.messages":
            "[{\"role\":\"assistant\",\"parts\":[{\"type\":\"tool_call\",\"name\":\"ls\",\"arguments\":{\"path\":\".\"}}]}]"}});
    assert_eq!(read(&format!("{span}\n"))[0].trajectory.steps.len(), 1);
}

proptest! {
    #[test]
    fn no_cut_and_no_noise_panics(cut in 0usize..6000, noise in ".{0,40}", which in 0usize..3) {
        let text = match which {
            0 => text(&[export(newer("1f"))]),
            1 => export(inference()).to_string(),
            _ => serde_json::to_string_pretty(&export(older())).unwrap(),
        };
        let mut cut = cut.min(text.len());
        while !text.is_char_boundary(cut) { cut -= 1; }
        let _ = read(&format!("{}{noise}", &text[..cut]));
    }

    #[test]
    fn no_tree_of_spans_panics(parents in prop::collection::vec((0usize..12, 0u64..9, 0u64..9, 0usize..4), 1..12)) {
        let kinds = ["AGENT", "LLM", "TOOL", "CHAIN"];
        let spans = parents.iter().enumerate().map(|(at, (parent, from, to, kind))| {
            let said = json!({"openinference.span.kind": kinds[*kind], "tool.name": "bash", "agent.name": format!("n{parent}"),
                "output.value": "{\"role\": \"assistant\", \"tool_calls\": [{\"function\": {\"name\": \"bash\", \"arguments\": \"{}\"}}]}"});
            span("1f", &format!("s{at}"), &format!("s{parent}"), "bash", (*from, *to), said)
        });
        let _ = read(&export(spans.collect()).to_string());
    }
}
