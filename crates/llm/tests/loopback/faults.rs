//! Servers that fail, lie, stall and flood.

use std::time::Duration;

use llm::{LlmError, Retry, Timeouts, ToolFault};
use serde_json::{Value, json};

use crate::server::{Reply, Server};
use crate::{
    ANTHROPIC, KEY, OPENAI, anthropic, ask, client, openai, openai_chunks, openai_stream, show_step,
};

async fn error(server: &Server, model: &str) -> LlmError {
    client(server, model).complete(&ask("?")).await.unwrap_err()
}

/// An error's words with the server's changing port taken out.
fn words(server: &Server, error: &LlmError) -> String {
    error
        .to_string()
        .replace(&server.url(""), "http://loopback")
}

#[tokio::test]
async fn passing_faults_are_retried() {
    let busy = || json!({"error": {"message": "busy"}});
    let server = Server::new(vec![
        Reply::error(429, &busy()).header("retry-after", "0"),
        Reply::error(429, &busy()).header("retry-after", "Mon, 23 Nov 2020 12:00:00 GMT"),
        Reply::error(503, &busy()),
        Reply::status(500).body("<html>oops"),
        Reply::json(&openai("Step 3.")),
    ]);
    let client = client(&server, OPENAI);
    assert_eq!(client.complete(&ask("?")).await.unwrap().text, "Step 3.");
    let call = client.ledger().calls().remove(0);
    assert_eq!((call.retries, call.error), (4, None));
}

#[tokio::test]
async fn a_fault_that_does_not_pass_ends_the_call() {
    let reply = || {
        Reply::error(
            529,
            &json!({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}),
        )
    };
    let server = Server::new((0..5).map(|_| reply()).collect());
    let error = error(&server, ANTHROPIC).await;
    insta::assert_snapshot!(words(&server, &error));
    assert_eq!(server.seen().len(), 5);
}

#[tokio::test]
async fn a_server_may_not_ask_to_wait_for_ever() {
    let server = Server::new(vec![
        Reply::error(429, &json!({"error": "slow down"})).header("retry-after", "86400"),
    ]);
    let error = error(&server, OPENAI).await;
    insta::assert_snapshot!(words(&server, &error));
    assert!(
        matches!(error, LlmError::Busy { retry_after: Some(wait), .. } if wait.as_secs() == 86_400)
    );
}

#[tokio::test]
async fn refusals_are_not_retried_and_say_the_way_out() {
    let mut all = Vec::new();
    for (status, body) in [
        (
            400,
            json!({"error": {"message": "messages: roles must take turns"}}),
        ),
        (
            401,
            json!({"error": {"message": format!("Incorrect API key provided: {KEY}.")}}),
        ),
        (403, json!({"detail": "forbidden"})),
        (
            404,
            json!({"error": "model \"x\" not found, try pulling it first"}),
        ),
    ] {
        let server = Server::new(vec![Reply::error(status, &body)]);
        all.push(words(&server, &error(&server, OPENAI).await));
        assert_eq!(server.seen().len(), 1);
    }
    insta::assert_debug_snapshot!(all);
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let other = Server::new(vec![Reply::json(&openai("stolen"))]);
    let server = Server::new(vec![
        Reply::status(307).header("location", &other.url("/v1")),
    ]);
    assert!(matches!(
        error(&server, ANTHROPIC).await,
        LlmError::Refused { status: 307, .. }
    ));
    assert!(other.seen().is_empty());
}

#[tokio::test]
async fn no_server_is_a_connection_error() {
    let server = Server::new(vec![]);
    let client = client(&server, OPENAI);
    drop(server);
    let error = client.complete(&ask("?")).await.unwrap_err();
    assert!(
        matches!(error, LlmError::Connection { retries: 4, .. }),
        "{error}"
    );
}

#[tokio::test]
async fn an_https_address_is_never_spoken_to_in_the_clear() {
    let server = Server::new(vec![Reply::json(&openai("in the clear"))]);
    let base = server.url("/v1").replace("http:", "https:");
    let settings =
        llm::Settings::from_pairs([("OPENAI_BASE_URL", base.as_str()), ("OPENAI_API_KEY", KEY)]);
    let retry = Retry {
        most: 0,
        ..Retry::default()
    };
    // The server waits for a request and the client for a handshake.
    let timeouts = Timeouts {
        connect: Duration::from_millis(200),
        ..Timeouts::default()
    };
    // A machine without certificates cannot even make the client.
    let builder = llm::Client::builder(OPENAI, &settings)
        .unwrap()
        .retry(retry);
    match builder.timeouts(timeouts).build() {
        Ok(client) => {
            let error = client.complete(&ask("?")).await.unwrap_err();
            assert!(matches!(error, LlmError::Connection { .. }), "{error}");
        }
        Err(error) => assert!(matches!(
            error,
            LlmError::Setting {
                variable: "TLS",
                ..
            }
        )),
    }
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn a_cut_answer_is_asked_for_again() {
    let server = Server::new(vec![
        Reply::json(&openai("Ste")).cut(),
        Reply::status(200).cut(),
        // No length was promised, so that only the JSON shows that something is missing.
        Reply::stream().body("{\"choices\": [{\"mess"),
        Reply::json(&openai("Step 3.")),
    ]);
    let client = client(&server, OPENAI);
    assert_eq!(client.complete(&ask("?")).await.unwrap().text, "Step 3.");
    let usage = client.ledger().calls()[0].usage;
    assert!(
        usage.estimated && usage.total() > 150,
        "the lost answer was paid for: {usage:?}"
    );
}

#[tokio::test]
async fn a_cut_stream_is_truncated_once_words_were_handed_on() {
    for end in [Reply::cut as fn(Reply) -> Reply, |reply| reply] {
        let server = Server::new(vec![end(Reply::events(&openai_chunks(&["St", "ep"])))]);
        let mut heard = 0;
        let result = client(&server, OPENAI)
            .stream(&ask("?"), &mut |_| heard += 1)
            .await;
        assert!(
            matches!(result, Err(LlmError::Truncated { .. })),
            "{result:?}"
        );
        assert_eq!((heard, server.seen().len()), (2, 1));
    }
}

#[tokio::test]
async fn a_stream_cut_after_its_last_word_is_whole() {
    let server = Server::new(vec![openai_stream(&["Step 3."]).cut()]);
    let completion = client(&server, OPENAI)
        .stream(&ask("?"), &mut |_| {})
        .await
        .unwrap();
    assert_eq!(
        (completion.text.as_str(), completion.usage.total()),
        ("Step 3.", 10)
    );
}

#[tokio::test]
async fn a_stream_cut_before_its_first_word_is_asked_for_again() {
    let server = Server::new(vec![
        Reply::stream().cut(),
        Reply::stream(),
        Reply::events(&[json!({"error": {"code": 503, "message": "no worker"}})]),
        openai_stream(&["Step 3."]),
    ]);
    let completion = client(&server, OPENAI)
        .stream(&ask("?"), &mut |_| {})
        .await
        .unwrap();
    assert_eq!(completion.text, "Step 3.");
}

#[tokio::test]
async fn faults_inside_a_stream() {
    let overloaded =
        json!({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}});
    let start = json!({"type": "message_start", "message": {"usage": {"input_tokens": 5}}});
    let block = json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}});
    let word = json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "St"}});
    let server = Server::new(vec![
        Reply::events(&[start.clone(), overloaded.clone()]),
        Reply::events(&[start, block, word, overloaded]),
    ]);
    let error = client(&server, ANTHROPIC)
        .stream(&ask("?"), &mut |_| {})
        .await
        .unwrap_err();
    insta::assert_snapshot!(words(&server, &error));
    assert_eq!(server.seen().len(), 2);
}

#[tokio::test]
async fn what_is_no_answer_of_the_protocol() {
    let mut all = Vec::new();
    for (model, reply) in [
        (
            OPENAI,
            Reply::status(200)
                .header("content-type", "text/html")
                .body("<html>\u{1b}[31mLogin</html>"),
        ),
        (
            OPENAI,
            Reply::json(&json!({"choices": [{"text": "an old completion"}]})),
        ),
        (OPENAI, Reply::json(&anthropic("hello"))),
        (ANTHROPIC, Reply::json(&openai("hello"))),
        (OPENAI, Reply::json(&json!({"choices": []}))),
        (OPENAI, Reply::json(&json!([1, 2]))),
        (OPENAI, Reply::status(200)),
        (OPENAI, Reply::status(200).body([0xff, 0xfe, 0x00])),
        (OPENAI, Reply::status(204)),
    ] {
        let server = Server::new(vec![reply.clone(), reply]);
        let words = words(&server, &error(&server, model).await);
        // What is no JSON may have been spoilt on the way.
        let asked = if words.contains("not JSON") { 2 } else { 1 };
        assert_eq!(server.seen().len(), asked, "{words}");
        all.push(words);
    }
    insta::assert_debug_snapshot!(all);
}

#[tokio::test]
async fn streams_of_another_protocol() {
    let mut all = Vec::new();
    for (model, reply) in [
        (ANTHROPIC, openai_stream(&["hello"])),
        (
            OPENAI,
            Reply::events(&[json!({"type": "message_start", "message": {}})]),
        ),
        (OPENAI, Reply::stream().body("data: {\"choices\": [\n\n")),
        (
            OPENAI,
            Reply::stream().body(format!("data: {KEY} is not JSON\n\n")),
        ),
    ] {
        let server = Server::new(vec![reply.clone(), reply]);
        let error = client(&server, model)
            .stream(&ask("?"), &mut |_| {})
            .await
            .unwrap_err();
        all.push(words(&server, &error));
    }
    insta::assert_debug_snapshot!(all);
}

#[tokio::test]
async fn tool_calls_are_checked() {
    let call = |id: &str, name: &str, arguments: Value| json!({"id": id, "function": {"name": name, "arguments": arguments}});
    let mut answer = openai("");
    answer["choices"][0]["message"]["tool_calls"] = json!([
        call("a", "show_step", json!("{\"step\": 3}")),
        call("b", "delete_files", json!("{}")),
        call("c", "show_step", json!("{\"step\": 0, \"all\": true}")),
        call("d", "show_step", json!("{\"step\": ")),
        call("e", "show_step", json!({"step": 4})),
        call("f", "", json!(null)),
    ]);
    let server = Server::new(vec![Reply::json(&answer)]);
    let request = ask("?").with_tools(vec![show_step()]);
    let completion = client(&server, OPENAI).complete(&request).await.unwrap();
    let faults: Vec<_> = completion
        .calls
        .iter()
        .map(|call| call.arguments.as_ref().map_err(ToString::to_string))
        .collect();
    insta::assert_debug_snapshot!(faults);
    assert!(matches!(
        completion.calls[1].arguments,
        Err(ToolFault::UnknownTool { .. })
    ));
}

#[tokio::test]
async fn tools_no_provider_takes_are_refused_beforehand() {
    let server = Server::new(vec![]);
    let mut tool = show_step();
    tool.name = "show step".to_owned();
    let request = ask("?").with_tools(vec![tool]);
    assert!(matches!(
        client(&server, OPENAI).complete(&request).await,
        Err(LlmError::Setting { .. })
    ));
    let twice = ask("?").with_tools(vec![show_step(), show_step()]);
    assert!(client(&server, OPENAI).complete(&twice).await.is_err());
}
