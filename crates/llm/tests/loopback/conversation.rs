//! What is sent and what is read when all goes well.

use llm::{
    Completion, Delta, Message, OutputSchema, Request, Stop, ToolCall, ToolChoice, ToolFault,
    ToolMode, Usage,
};
use serde_json::json;

use crate::server::{Reply, Server};
use crate::{
    ANTHROPIC, KEY, OPENAI, anthropic, ask, builder, client, openai, openai_stream, show_step,
};

/// A conversation with everything in it.
fn long_request() -> Request {
    let call = ToolCall {
        id: "call_7".to_owned(),
        name: "show_step".to_owned(),
        raw: "{\"step\":3}".to_owned(),
        arguments: Ok(json!({"step": 3}).as_object().unwrap().clone()),
    };
    let garbled = ToolCall {
        id: "call_8".to_owned(),
        name: "show_step".to_owned(),
        raw: "{step".to_owned(),
        arguments: Err(ToolFault::Unreadable("it is not JSON".to_owned())),
    };
    let answer = Completion {
        text: "I look at two steps.".to_owned(),
        calls: vec![call.clone(), garbled.clone()],
        ..Completion::default()
    };
    let messages = vec![
        Message::user("Where did it go wrong?"),
        answer.message(),
        Message::tool(&call, "cargo test: 1 failed"),
        Message::tool_failure(&garbled, "the arguments are not JSON"),
        Message::user("Go on."),
    ];
    let mut request = Request::new(messages)
        .with_system("You read traces.")
        .with_tools(vec![show_step()])
        .with_max_output(500);
    request.tool_choice = ToolChoice::Required;
    request.temperature = Some(0.2);
    request.effort = Some(llm::Effort::Low);
    let schema = json!({"type": "object", "properties": {"step": {"type": "integer"}}});
    request.schema = Some(OutputSchema::new("verdict", schema).unwrap());
    request
}

#[tokio::test]
async fn the_body_in_openais_protocol() {
    let server = Server::new(vec![Reply::json(&openai("Step 3."))]);
    client(&server, OPENAI)
        .complete(&long_request())
        .await
        .unwrap();
    let seen = server.seen().remove(0);
    assert_eq!(seen.path, "/v1/chat/completions");
    assert_eq!(
        seen.header("authorization"),
        Some(format!("Bearer {KEY}").as_str())
    );
    insta::assert_json_snapshot!(seen.body);
}

#[tokio::test]
async fn the_body_in_anthropics_protocol() {
    let server = Server::new(vec![Reply::json(&anthropic("Step 3."))]);
    client(&server, ANTHROPIC)
        .complete(&long_request())
        .await
        .unwrap();
    let seen = server.seen().remove(0);
    assert_eq!(seen.path, "/v1/messages");
    assert_eq!(seen.header("x-api-key"), Some(KEY));
    assert_eq!(seen.header("anthropic-version"), Some("2023-06-01"));
    insta::assert_json_snapshot!(seen.body);
}

#[tokio::test]
async fn the_body_with_tools_as_text() {
    let server = Server::new(vec![Reply::json(&openai("Step 3."))]);
    let client = builder(&server, "ollama/qwen3")
        .tools(ToolMode::Text)
        .build()
        .unwrap();
    client.complete(&long_request()).await.unwrap();
    let seen = server.seen().remove(0);
    assert_eq!(
        seen.header("authorization"),
        None,
        "a local server gets no key of another"
    );
    insta::assert_json_snapshot!(seen.body);
}

#[tokio::test]
async fn marks_for_the_cache_are_handed_on_to_who_needs_them() {
    let server = Server::new(vec![
        Reply::json(&openai("Step 3.")),
        Reply::error(400, &json!({"error": "cache_control: unknown field"})),
        Reply::json(&openai("Step 3.")),
        Reply::json(&openai("Step 3.")),
    ]);
    let behind = |model| builder(&server, model).build().unwrap();
    let marked = behind("openrouter/anthropic/claude-sonnet-5");
    marked.complete(&long_request()).await.unwrap();
    marked.complete(&long_request()).await.unwrap();
    behind("openrouter/meta-llama/llama-4")
        .complete(&long_request())
        .await
        .unwrap();
    let bodies = server.bodies();
    let marks = |at: usize| bodies[at].to_string().matches("cache_control").count();
    assert_eq!([0, 1, 2, 3].map(marks), [2, 2, 0, 0]);
    insta::assert_json_snapshot!([&bodies[0]["messages"][0], &bodies[0]["messages"][5]]);
}

#[tokio::test]
async fn usage_is_split_the_same_way_for_both() {
    let server = Server::new(vec![
        Reply::json(&openai("a")),
        Reply::json(&anthropic("b")),
    ]);
    let first = client(&server, OPENAI).complete(&ask("?")).await.unwrap();
    let expected = Usage {
        input: 20,
        cached_read: 100,
        cache_write: 0,
        output: 30,
        reasoning: 20,
        estimated: false,
    };
    assert_eq!((first.text.as_str(), first.usage), ("a", expected));
    let second = client(&server, ANTHROPIC)
        .complete(&ask("?"))
        .await
        .unwrap();
    let expected = Usage {
        input: 20,
        cached_read: 60,
        cache_write: 40,
        output: 30,
        reasoning: 0,
        estimated: false,
    };
    assert_eq!((second.text.as_str(), second.usage), ("b", expected));
}

#[tokio::test]
async fn a_stream_in_openais_protocol() {
    let events = [
        json!({"id": "c1", "model": "m", "choices": [{"delta": {"role": "assistant", "reasoning_content": "Hm. "}}]}),
        json!({"choices": [{"delta": {"content": "Ste"}}]}),
        json!({"choices": [{"delta": {"content": "p 3."}}]}),
        json!({"choices": [{"delta": {"tool_calls": [{"index": 0, "id": "a", "function": {"name": "show_step", "arguments": ""}}]}}]}),
        json!({"choices": [{"delta": {"tool_calls": [{"index": 0, "function": {"arguments": "{\"st"}}]}}]}),
        json!({"choices": [{"delta": {"tool_calls": [{"index": 0, "function": {"arguments": "ep\": 3}"}}]}}]}),
        // A second call under the index of the first, as some servers send it.
        json!({"choices": [{"delta": {"tool_calls": [{"index": 0, "id": "b", "function": {"name": "show_step", "arguments": {"step": 0}}}]}}]}),
        json!({"choices": [{"delta": {}, "finish_reason": "tool_calls"}]}),
        json!({"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 4}}),
    ];
    let server = Server::new(vec![Reply::events(&events).body("data: [DONE]\n\n")]);
    let mut deltas = Vec::new();
    let request = ask("?").with_tools(vec![show_step()]);
    let completion = client(&server, OPENAI)
        .stream(&request, &mut |delta| deltas.push(delta))
        .await
        .unwrap();
    insta::assert_debug_snapshot!((deltas, completion));
    assert_eq!(
        server.bodies()[0]["stream_options"],
        json!({"include_usage": true})
    );
}

#[tokio::test]
async fn a_stream_in_anthropics_protocol() {
    let block = |index, block| json!({"type": "content_block_start", "index": index, "content_block": block});
    let delta =
        |index, delta| json!({"type": "content_block_delta", "index": index, "delta": delta});
    let events = [
        json!({"type": "message_start", "message": {"id": "msg_1", "model": "claude-sonnet-5", "usage": {"input_tokens": 5, "cache_read_input_tokens": 50, "output_tokens": 1}}}),
        block(
            0,
            json!({"type": "thinking", "thinking": "", "signature": ""}),
        ),
        json!({"type": "ping"}),
        delta(0, json!({"type": "thinking_delta", "thinking": "Hm."})),
        delta(0, json!({"type": "signature_delta", "signature": "c2ln"})),
        json!({"type": "content_block_stop", "index": 0}),
        block(1, json!({"type": "text", "text": ""})),
        delta(1, json!({"type": "text_delta", "text": "I look."})),
        block(
            2,
            json!({"type": "tool_use", "id": "toolu_1", "name": "show_step", "input": {}}),
        ),
        delta(
            2,
            json!({"type": "input_json_delta", "partial_json": "{\"step\""}),
        ),
        delta(
            2,
            json!({"type": "input_json_delta", "partial_json": ": 3}"}),
        ),
        json!({"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 40}}),
        json!({"type": "message_stop"}),
    ];
    let server = Server::new(vec![
        Reply::events(&events),
        Reply::json(&anthropic("Step 3.")),
    ]);
    let client = client(&server, ANTHROPIC);
    let mut deltas: Vec<Delta> = Vec::new();
    let mut request = ask("?").with_tools(vec![show_step()]);
    let completion = client
        .stream(&request, &mut |delta| deltas.push(delta))
        .await
        .unwrap();
    insta::assert_debug_snapshot!((&deltas, &completion));

    // Signed thinking goes back unchanged, in its place.
    request.messages.push(completion.message());
    request
        .messages
        .push(Message::tool(&completion.calls[0], "a step"));
    client.complete(&request).await.unwrap();
    insta::assert_json_snapshot!(server.bodies()[1]["messages"]);
}

#[tokio::test]
async fn calls_in_text_are_found_and_numbered() {
    let words = "Let me see.\n```tool_call\n{\"name\": \"show_step\", \"arguments\": {\"step\": 2}}\n```\n\
                 ```tool_call\n{\"name\": \"show_step\", \"arguments\": {\"step\": \"two\"}}\n```";
    let server = Server::new(vec![
        Reply::json(&openai(words)),
        Reply::json(&openai(words)),
    ]);
    let client = builder(&server, "ollama/qwen3")
        .tools(ToolMode::Text)
        .build()
        .unwrap();
    let mut request = ask("?").with_tools(vec![show_step()]);
    let first = client.complete(&request).await.unwrap();
    assert_eq!(first.stop, Stop::Tools);
    insta::assert_debug_snapshot!(first.calls);
    request.messages.push(first.message());
    for call in &first.calls {
        request.messages.push(Message::tool(call, "fine"));
    }
    let second = client.complete(&request).await.unwrap();
    assert_eq!(second.calls[0].id, "call_3");
}

#[tokio::test]
async fn a_stream_may_be_answered_whole() {
    let server = Server::new(vec![Reply::json(&openai("Step 3."))]);
    let mut deltas = Vec::new();
    client(&server, OPENAI)
        .stream(&ask("?"), &mut |delta| deltas.push(delta))
        .await
        .unwrap();
    assert_eq!(deltas, [Delta::Text("Step 3.".to_owned())]);
}

#[tokio::test]
async fn bytes_may_be_cut_anywhere() {
    let text = "data: {\"choices\":[{\"delta\":{\"content\":\"é🦀\"},\"finish_reason\":\"stop\"}]}\r\n\r\ndata: [DONE]";
    let reply = text
        .as_bytes()
        .iter()
        .fold(Reply::stream(), |reply, byte| reply.body([*byte]));
    let server = Server::new(vec![reply]);
    let completion = client(&server, OPENAI)
        .stream(&ask("?"), &mut |_| {})
        .await
        .unwrap();
    assert_eq!(completion.text, "é🦀");
    assert!(completion.usage.estimated && completion.usage.total() > 0);
}

#[test]
fn the_blocking_client_gives_the_same() {
    let server = Server::new(vec![
        Reply::json(&openai("Step 3.")),
        openai_stream(&["St", "ep"]),
    ]);
    let client = llm::BlockingClient::new(client(&server, OPENAI)).unwrap();
    assert_eq!(client.complete(&ask("?")).unwrap().text, "Step 3.");
    assert_eq!(client.client().ledger().calls().len(), 1);
    let mut deltas = Vec::new();
    let streamed = client.stream(&ask("?"), &mut |delta| deltas.push(delta));
    assert_eq!((streamed.unwrap().text.as_str(), deltas.len()), ("Step", 2));
}

#[tokio::test]
async fn blocking_inside_asynchronous_code_is_an_error() {
    let server = Server::new(vec![]);
    assert!(llm::BlockingClient::new(client(&server, OPENAI)).is_err());
}

#[tokio::test]
async fn clients_are_shared_between_tasks() {
    let server = Server::new((0..12).map(|_| openai_stream(&["a", "b"])).collect());
    let client = client(&server, OPENAI);
    let tasks: Vec<_> = (0..12)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.stream(&ask("?"), &mut |_| {}).await })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap().unwrap().text, "ab");
    }
    assert_eq!(client.ledger().usage().total(), 120);
    assert_eq!(client.account().spent().tokens, 120);
}
