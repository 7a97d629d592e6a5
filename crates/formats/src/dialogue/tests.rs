use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Feed, messages_in, read};

/// What a conversation says: each call with its result, then the last words.
fn told(messages: &Value) -> Vec<String> {
    let mut feed = Feed::default();
    for message in messages.as_array().unwrap() {
        assert!(feed.add(message, |_| None), "{message}");
    }
    let (run, orphans) = feed.finish();
    assert_eq!(orphans, 0);
    let calls = run.steps.iter().map(|step| {
        let seen = step.observation.as_ref();
        let failed = if seen.and_then(|seen| seen.is_error) == Some(true) {
            "!"
        } else {
            ""
        };
        let group = step
            .parallel_group
            .map_or(String::new(), |group| format!("#{group}"));
        format!(
            "{}{group} {} {} -> {failed}{}",
            step.action.tool,
            step.reasoning,
            step.action.arguments,
            step.observed()
        )
    });
    calls.chain(run.final_message.clone()).collect()
}

#[test]
fn chat_completions() {
    insta::assert_debug_snapshot!(told(&json!([
        {"role": "user", "content": "Fix it."},
        {"role": "assistant", "reasoning_content": "hm", "content": null, "tool_calls": [
            {"id": "a", "type": "function", "function": {"name": "bash", "arguments": "{\"command\": \"ls\"}"}},
            {"id": "b", "type": "function", "function": {"name": "bash", "arguments": "{\"command\": \"id\"}"}}]},
        {"role": "tool", "tool_call_id": "b", "content": [{"type": "text", "text": "root"}]},
        {"role": "tool", "tool_call_id": "a", "content": "a.py"},
        {"role": "assistant", "content": null, "function_call": {"name": "sum", "arguments": "{}"}},
        {"role": "function", "name": "sum", "content": "3"},
        {"role": "assistant", "content": "Done."}])));
}

#[test]
fn responses() {
    insta::assert_debug_snapshot!(told(&json!([
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Fix it."}]},
        {"type": "reasoning", "id": "rs", "summary": [{"type": "summary_text", "text": "hm"}]},
        {"type": "function_call", "call_id": "a", "name": "bash", "arguments": "{\"command\": \"ls\"}"},
        {"type": "custom_tool_call", "call_id": "b", "name": "apply_patch", "input": "*** Begin Patch"},
        {"type": "function_call_output", "call_id": "a", "output": "a.py"},
        {"type": "custom_tool_call_output", "call_id": "b", "output": "ok"},
        {"type": "local_shell_call", "call_id": "c", "action": {"type": "exec", "command": ["id"]}},
        {"type": "local_shell_call_output", "call_id": "c", "output": "root"},
        {"type": "mcp_call", "id": "m", "name": "query", "arguments": "{\"q\": 1}", "error": {"message": "refused"}},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Done."}]}])));
}

#[test]
fn anthropic_blocks() {
    insta::assert_debug_snapshot!(told(&json!([
        {"role": "assistant", "content": [{"type": "thinking", "thinking": "hm"},
            {"type": "tool_use", "id": "a", "name": "Read", "input": {"file_path": "a.py"}},
            {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {"query": "x"}},
            {"type": "web_search_tool_result", "tool_use_id": "s", "content": [{"title": "t"}]}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "a", "is_error": true,
            "content": [{"type": "text", "text": "no"}]}]}])));
}

#[test]
fn gemini_and_bedrock_parts() {
    insta::assert_debug_snapshot!(told(&json!([
        {"role": "user", "parts": [{"text": "Fix it."}]},
        {"role": "model", "parts": [{"text": "hm", "thought": true}, {"functionCall": {"name": "ls", "args": {"path": "."}}},
            {"functionCall": {"name": "ls", "args": {"path": "/"}}}]},
        {"role": "user", "parts": [{"functionResponse": {"name": "ls", "response": {"output": "a.py"}}},
            {"functionResponse": {"name": "ls", "response": {"error": "denied"}}}]},
        {"role": "model", "parts": [{"executableCode": {"language": "PYTHON", "code": "1/0"}},
            {"codeExecutionResult": {"outcome": "OUTCOME_FAILED", "output": "division"}}]},
        {"role": "assistant", "content": [{"toolUse": {"toolUseId": "t", "name": "bash", "input": {"command": "id"}}}]},
        {"role": "user", "content": [{"toolResult": {"toolUseId": "t", "status": "error", "content": [{"text": "no"}]}}]}])));
}

#[test]
fn langchain_messages() {
    insta::assert_debug_snapshot!(told(&json!([
        {"type": "human", "data": {"content": "Fix it."}},
        {"lc": 1, "type": "constructor", "id": ["langchain", "schema", "messages", "AIMessage"], "kwargs": {
            "content": [{"type": "tool_use", "id": "a", "name": "bash", "input": {"command": "ls"}}],
            "tool_calls": [{"id": "a", "name": "bash", "args": {"command": "ls"}, "type": "tool_call"}]}},
        {"lc": 1, "type": "constructor", "id": ["langchain", "schema", "messages", "ToolMessage"],
            "kwargs": {"content": "a.py", "tool_call_id": "a", "status": "success"}},
        {"type": "ai", "content": "", "tool_calls": [], "additional_kwargs": {"tool_calls": [
            {"id": "b", "function": {"name": "bash", "arguments": "{\"command\":\"id\"}"}}]}},
        {"type": "tool", "content": "no", "tool_call_id": "b", "status": "error"},
        {"type": "AIMessage", "content": "Done."}])));
}

#[test]
fn ai_sdk_parts() {
    insta::assert_debug_snapshot!(told(&json!([
        {"role": "user", "parts": [{"type": "text", "text": "Fix it."}]},
        {"role": "assistant", "parts": [{"type": "step-start"}, {"type": "reasoning", "text": "hm"},
            {"type": "tool-bash", "toolCallId": "a", "state": "output-available", "input": {"command": "ls"}, "output": "a.py"},
            {"type": "tool-bash", "toolCallId": "b", "state": "output-error", "input": {"command": "id"}, "errorText": "no"},
            {"type": "tool-invocation", "toolInvocation": {"state": "result", "toolCallId": "c", "toolName": "bash", "args": {"command": "x"}, "result": {"code": 1}}},
            {"type": "dynamic-tool", "toolName": "ask", "toolCallId": "d", "state": "input-available", "input": {}}]},
        {"role": "assistant", "content": [{"type": "tool-call", "toolCallId": "e", "toolName": "bash", "input": {"command": "y"}}]},
        {"role": "tool", "content": [{"type": "tool-result", "toolCallId": "e", "toolName": "bash", "output": {"type": "error-text", "value": "bad"}}]},
        {"role": "assistant", "content": "", "toolInvocations": [{"state": "result", "toolCallId": "f", "toolName": "bash", "args": {}, "result": "ok"}]}])));
}

#[test]
fn autogen_sharegpt_and_hermes() {
    insta::assert_debug_snapshot!(told(&json!([
        {"source": "user", "type": "TextMessage", "content": "Fix it."},
        {"source": "coder", "type": "ToolCallRequestEvent", "content": [{"id": "a", "name": "bash", "arguments": "{\"command\":\"ls\"}"}]},
        {"source": "coder", "type": "ToolCallExecutionEvent", "content": [{"call_id": "a", "content": "a.py", "is_error": false}]},
        {"from": "human", "value": "Again."},
        {"from": "function_call", "value": "{\"name\": \"bash\", \"arguments\": {\"command\": \"id\"}}"},
        {"from": "observation", "value": "root"},
        {"from": "gpt", "value": "<think>hm</think>I call.\n<tool_call>\n{\"name\": \"bash\", \"arguments\": {\"command\": \"x\"}}\n</tool_call>"},
        {"from": "tool", "value": "<tool_response>{\"name\": \"bash\", \"content\": \"gone\"}</tool_response>"},
        {"from": "gpt", "value": "Done."}])));
}

#[test]
fn requests_and_responses_hold_messages() {
    let lengths = [
        json!({"messages": [{"role": "user", "content": "x"}]}),
        json!("[{\"role\": \"user\", \"content\": \"x\"}]"),
        json!({"choices": [{"message": {"role": "assistant", "content": "x"}}]}),
        json!({"candidates": [{"content": {"role": "model", "parts": [{"text": "x"}]}}]}),
        json!({"generations": [[{"message": {"kwargs": {"content": "x"}, "id": ["m", "AIMessage"]}}]]}),
        json!({"output": [{"type": "function_call", "name": "x", "call_id": "a", "arguments": "{}"}]}),
        json!({"content": {"role": "model", "parts": [{"text": "x"}]}}),
    ];
    assert!(lengths.iter().all(|value| messages_in(value).len() == 1));
    assert!(messages_in(&json!({"a": 1})).is_empty());
}

fn odd() -> impl Strategy<Value = Value> {
    let words = [
        "role",
        "content",
        "parts",
        "type",
        "assistant",
        "tool",
        "tool_use",
        "tool-call",
        "function_call",
        "kwargs",
        "id",
        "data",
        "message",
        "tool_calls",
        "input",
        "output",
        "error",
        "request",
        "kind",
        "<tool_call>{}</tool_call>",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        prop::sample::select(words.to_vec()).prop_map(Value::from)
    ];
    leaf.prop_recursive(5, 40, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((prop::sample::select(words.to_vec()), inner), 0..5).prop_map(
                |members| Value::Object(
                    members
                        .into_iter()
                        .map(|(k, v)| (k.to_owned(), v))
                        .collect()
                )
            )
        ]
    })
}

proptest! {
    #[test]
    fn no_value_panics(value in odd()) {
        let _ = (read(&value), messages_in(&value));
        let mut feed = Feed::default();
        feed.add(&value, |_| None);
        let _ = feed.finish();
    }
}
