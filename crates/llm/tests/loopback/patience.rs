//! Where the client's patience ends: slow, huge and choosy servers.

use std::time::Duration;

use llm::{LlmError, Retry, Timeouts, Wait};
use serde_json::{Value, json};

use crate::server::{Reply, Server};
use crate::{ANTHROPIC, OPENAI, anthropic, ask, builder, client, openai, openai_chunks, show_step};

#[tokio::test]
async fn slow_servers_are_given_up() {
    let short = Duration::from_millis(100);
    let ample = Timeouts::default();
    let whole = || Reply::json(&openai("Step 3."));
    for (reply, timeouts, expected) in [
        (
            Reply::status(200).stall(),
            Timeouts {
                between_bytes: short,
                ..ample
            },
            Wait::NextBytes,
        ),
        (
            whole().stall(),
            Timeouts {
                between_bytes: short,
                ..ample
            },
            Wait::NextBytes,
        ),
        (
            whole().stall(),
            Timeouts {
                exchange: short,
                ..ample
            },
            Wait::Exchange,
        ),
        (
            whole().stall(),
            Timeouts {
                call: short,
                ..ample
            },
            Wait::Call,
        ),
    ] {
        let server = Server::new(vec![reply]);
        let client = builder(&server, OPENAI).timeouts(timeouts).build().unwrap();
        match client.complete(&ask("?")).await {
            Err(LlmError::Timeout { wait, limit, .. }) => {
                assert_eq!((wait, limit), (expected, short));
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(client.ledger().calls()[0].error, Some("timeout"));
    }
}

#[tokio::test]
async fn a_server_that_says_nothing_is_given_up() {
    // A listener that takes connections into its queue and never answers.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}/v1", silent.local_addr().unwrap());
    let settings = llm::Settings::from_pairs([("OPENAI_BASE_URL", base)]);
    let timeouts = Timeouts {
        first_byte: Duration::from_millis(100),
        ..Timeouts::default()
    };
    let client = llm::Client::builder(OPENAI, &settings)
        .unwrap()
        .timeouts(timeouts)
        .build()
        .unwrap();
    let error = client.complete(&ask("?")).await.unwrap_err();
    assert!(
        matches!(
            error,
            LlmError::Timeout {
                wait: Wait::FirstByte,
                ..
            }
        ),
        "{error}"
    );
}

#[tokio::test]
async fn huge_answers_are_not_read() {
    let flood = "x".repeat(100_000);
    for reply in [
        Reply::json(&openai(&flood)),
        Reply::events(&openai_chunks(&[&flood])),
        Reply::error(400, &Value::String(flood.clone())),
    ] {
        let server = Server::new(vec![reply]);
        let client = builder(&server, OPENAI).most_bytes(10_000).build().unwrap();
        let error = client.stream(&ask("?"), &mut |_| {}).await.unwrap_err();
        assert!(
            matches!(
                error,
                LlmError::TooLarge { limit: 10_000, .. } | LlmError::Refused { status: 400, .. }
            ),
            "{error}"
        );
        assert!(error.to_string().len() < 1000);
    }
}

#[tokio::test]
async fn what_a_server_does_not_take_is_left_out() {
    let refuse = |words: &str| Reply::error(400, &json!({"error": {"message": words}}));
    let server = Server::new(vec![
        refuse("registry.ollama.ai/library/qwen does not support tools"),
        refuse("Unsupported value: 'temperature' does not support 0.2 with this model."),
        refuse(
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
        ),
        Reply::json(&openai(
            "```tool_call\n{\"name\": \"show_step\", \"arguments\": {\"step\": 2}}\n```",
        )),
        Reply::json(&openai("Step 2.")),
    ]);
    let client = client(&server, OPENAI);
    let mut request = ask("?").with_tools(vec![show_step()]);
    request.temperature = Some(0.2);
    let completion = client.complete(&request).await.unwrap();
    assert!(completion.calls[0].arguments.is_ok());
    client.complete(&request).await.unwrap();
    let bodies = server.bodies();
    // What was learnt is kept for the next call, and it was no retry.
    assert_eq!(bodies[3], bodies[4]);
    assert_eq!(client.ledger().calls()[0].retries, 0);
    let fields: Vec<_> = bodies[4].as_object().unwrap().keys().collect();
    assert_eq!(fields, ["model", "messages", "max_completion_tokens"]);
}

#[tokio::test]
async fn a_server_that_refuses_everything_is_not_asked_for_ever() {
    let replies = (0..40).map(|_| {
        Reply::error(
            400,
            &json!({"error": "not supported: tools, temperature, max_completion_tokens"}),
        )
    });
    let server = Server::new(replies.collect());
    let mut request = ask("?").with_tools(vec![show_step()]);
    request.temperature = Some(0.2);
    let error = client(&server, OPENAI)
        .complete(&request)
        .await
        .unwrap_err();
    assert!(matches!(error, LlmError::Refused { status: 400, .. }));
    assert!(server.seen().len() < 8, "{}", server.seen().len());
}

#[tokio::test]
async fn retries_can_be_turned_off() {
    let server = Server::new(vec![Reply::status(500)]);
    let client = builder(&server, OPENAI)
        .retry(Retry {
            most: 0,
            ..Retry::default()
        })
        .build()
        .unwrap();
    assert!(matches!(
        client.complete(&ask("?")).await,
        Err(LlmError::Busy { retries: 0, .. })
    ));
}

#[tokio::test]
async fn no_wait_is_longer_than_the_time_there_is() {
    let busy = || Reply::error(429, &json!({"error": "slow down"})).header("retry-after", "60");
    let server = Server::new(vec![busy(), busy()]);
    let account = llm::Account::new(llm::Budget {
        seconds: Some(20.0),
        ..llm::Budget::default()
    });
    let short = Timeouts {
        call: Duration::from_secs(30),
        ..Timeouts::default()
    };
    let begun = std::time::Instant::now();
    for builder in [
        builder(&server, OPENAI).account(account),
        builder(&server, OPENAI).timeouts(short),
    ] {
        let error = builder
            .build()
            .unwrap()
            .complete(&ask("?"))
            .await
            .unwrap_err();
        let expected = matches!(
            error,
            LlmError::Busy {
                retries: 0,
                retry_after: Some(_),
                ..
            }
        );
        assert!(expected, "{error}");
    }
    assert!(begun.elapsed() < Duration::from_secs(15));
}

#[tokio::test]
async fn a_server_that_asks_to_wait_holds_back_all_who_share_the_gate() {
    let server = Server::new(vec![
        Reply::error(429, &json!({"error": "slow down"})).header("retry-after-ms", "2000"),
        Reply::json(&openai("a")),
        Reply::json(&openai("b")),
    ]);
    let gate = llm::Gate::default();
    let first = builder(&server, OPENAI).gate(gate.clone()).build().unwrap();
    let second = builder(&server, OPENAI).gate(gate).build().unwrap();
    let begun = std::time::Instant::now();
    let task = tokio::spawn(async move { first.complete(&ask("?")).await });
    while server.seen().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // The refusal is on its way.
    tokio::time::sleep(Duration::from_secs(1)).await;
    second.complete(&ask("?")).await.unwrap();
    assert!(
        begun.elapsed() > Duration::from_millis(1900),
        "{:?}",
        begun.elapsed()
    );
    task.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_model_that_cannot_be_forced_is_asked() {
    let refusal = "tool_choice: type \"tool\" and \"any\" are not supported for this model.";
    let no_effort = "This model does not support the effort parameter.";
    let refuse = |words: &str| {
        let error = json!({"type": "invalid_request_error", "message": words});
        Reply::error(400, &json!({"type": "error", "error": error}))
    };
    let server = Server::new(vec![
        refuse(refusal),
        refuse(no_effort),
        Reply::json(&anthropic("Step 3.")),
        Reply::json(&anthropic("Step 3.")),
    ]);
    let client = client(&server, ANTHROPIC);
    let mut request = ask("?").with_tools(vec![show_step()]);
    request.tool_choice = llm::ToolChoice::Named("show_step".to_owned());
    request.effort = Some(llm::Effort::Low);
    client.complete(&request).await.unwrap();
    request.tool_choice = llm::ToolChoice::Auto;
    client.complete(&request).await.unwrap();
    let parts: Vec<_> = server
        .bodies()
        .iter()
        .map(|body| {
            json!([
                body["tool_choice"],
                body["output_config"],
                body["messages"][0]["content"]
            ])
        })
        .collect();
    insta::assert_json_snapshot!(parts);
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_is_asked_for_once_more() {
    let garbled = || Reply::status(200).body("{\"choices\": oops");
    let server = Server::new(vec![
        garbled(),
        Reply::json(&openai("Step 3.")),
        garbled(),
        garbled(),
    ]);
    let client = client(&server, OPENAI);
    assert_eq!(client.complete(&ask("?")).await.unwrap().text, "Step 3.");
    let error = client.complete(&ask("?")).await.unwrap_err();
    assert!(matches!(error, LlmError::BadAnswer { .. }), "{error}");
    let calls = client.ledger().calls();
    assert_eq!((calls[0].retries, calls[1].retries), (1, 1));
    assert_eq!(server.seen().len(), 4);
}

#[tokio::test]
async fn waits_count_as_time_and_are_replayed_as_such() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("calls.jsonl");
    let server = Server::new(vec![
        Reply::error(429, &json!({"error": "slow down"})).header("retry-after-ms", "300"),
        Reply::json(&openai("Step 3.")),
    ]);
    let recorded = builder(&server, OPENAI)
        .cassette(llm::Cassette::record(&path).unwrap())
        .build()
        .unwrap();
    recorded.complete(&ask("?")).await.unwrap();
    let seconds = recorded.ledger().calls()[0].seconds;
    assert!(seconds >= 0.3, "{seconds}");
    drop(recorded);
    let replayed = builder(&server, OPENAI)
        .cassette(llm::Cassette::replay(&path).unwrap())
        .build()
        .unwrap();
    replayed.complete(&ask("?")).await.unwrap();
    let again = replayed.ledger().calls()[0].seconds;
    assert!((again - seconds).abs() < f64::EPSILON, "{again} {seconds}");
}
