//! Answers that must satisfy a schema.

use llm::{LlmError, OutputSchema};
use serde_json::json;

use crate::server::{Reply, Server};
use crate::{ANTHROPIC, OPENAI, anthropic, ask, client, openai};

fn verdict() -> OutputSchema {
    let schema = json!({
        "type": "object",
        "properties": {"step": {"type": "integer", "minimum": 1}},
        "required": ["step"],
        "additionalProperties": false,
    });
    OutputSchema::new("verdict", schema).unwrap()
}

#[tokio::test]
async fn mistakes_are_sent_back_until_they_are_mended() {
    let server = Server::new(vec![
        Reply::json(&openai("It is step 3.")),
        Reply::json(&openai("{\"step\": 0}")),
        Reply::json(&openai("```json\n{\"step\": 3}\n```")),
    ]);
    let answer = client(&server, OPENAI)
        .complete_json(&ask("?"), &verdict(), 3)
        .await
        .unwrap();
    assert_eq!((answer.value, answer.rounds), (json!({"step": 3}), 2));
    assert_eq!(answer.completion.usage.total(), 450);
    insta::assert_json_snapshot!(server.bodies()[2]);
}

#[tokio::test]
async fn a_model_that_does_not_mend_them_is_an_error() {
    let server = Server::new(vec![
        Reply::json(&openai("")),
        Reply::json(&openai("{\"onset\": 3}")),
    ]);
    let error = client(&server, OPENAI)
        .complete_json(&ask("?"), &verdict(), 1)
        .await
        .unwrap_err();
    insta::assert_snapshot!(error);
}

#[tokio::test]
async fn a_server_without_schemas_is_told_in_words() {
    let server = Server::new(vec![
        Reply::error(
            400,
            &json!({"type": "error", "error": {"type": "invalid_request_error", "message": "output_config: Extra inputs are not permitted"}}),
        ),
        Reply::json(&anthropic("{\"step\": 3}")),
    ]);
    let answer = client(&server, ANTHROPIC)
        .complete_json(&ask("?"), &verdict(), 0)
        .await
        .unwrap();
    assert_eq!(answer.value, json!({"step": 3}));
    insta::assert_json_snapshot!(server.bodies());
}

#[tokio::test]
async fn an_answer_cut_at_its_limit_says_so() {
    let mut cut = openai("{\"step\":");
    cut["choices"][0]["finish_reason"] = json!("length");
    let server = Server::new(vec![Reply::json(&cut)]);
    let error = client(&server, OPENAI)
        .complete_json(&ask("?"), &verdict(), 0)
        .await
        .unwrap_err();
    match error {
        LlmError::Schema { errors, .. } => assert!(errors[1].contains("4096"), "{errors:?}"),
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_flood_is_not_sent_back() {
    let server = Server::new(vec![
        Reply::json(&openai(&"flood ".repeat(1_000_000))),
        Reply::json(&openai("{\"step\": 3}")),
    ]);
    client(&server, OPENAI)
        .complete_json(&ask("?"), &verdict(), 1)
        .await
        .unwrap();
    let again = server.bodies()[1].to_string();
    assert!(again.len() < 100_000, "{}", again.len());
}
