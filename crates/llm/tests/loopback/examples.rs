//! The programs of `docs/examples`, run as `docs/models.md` says.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use llm::{Client, ClientBuilder, LlmError, Message, Settings, Stop};
use serde_json::json;

use crate::server::{Reply, Server};
use crate::{KEY, ask, openai, show_step};

/// An example, if there is an interpreter to run it.
fn example(name: &str) -> Option<PathBuf> {
    let python = Command::new("python3").arg("--version").output();
    if !python.is_ok_and(|python| python.status.success()) {
        eprintln!("skipped: there is no python3 to run {name}");
        return None;
    }
    let docs = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/examples");
    Some(docs.join(name).canonicalize().unwrap())
}

fn builder(model: &str) -> ClientBuilder {
    Client::builder(model, &Settings::default()).unwrap()
}

/// Ends the program with the test, whatever becomes of it.
struct Watching(Child);

impl Drop for Watching {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn a_program_that_passes_requests_on() {
    let Some(program) = example("forward.py") else {
        return;
    };
    let mut answer = openai("");
    answer["choices"][0]["message"]["tool_calls"] =
        json!([{"id": "c1", "function": {"name": "show_step", "arguments": "{\"step\": 3}"}}]);
    let server = Server::new(vec![
        Reply::json(&answer),
        Reply::error(503, &json!({"error": "busy"})),
        Reply::json(&openai("Step 3.")),
        Reply::error(401, &json!({"error": "who are you?"})),
    ]);
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("key file");
    std::fs::write(&key, format!("{KEY}\n")).unwrap();
    let client = builder(&format!(
        "exec:python3 '{}' {} small --key-file '{}'",
        program.display(),
        server.url("/v1"),
        key.display()
    ));
    let client = client.build().unwrap();
    let mut request = ask("Which step?").with_tools(vec![show_step()]);
    let first = client.complete(&request).await.unwrap();
    assert_eq!(first.calls[0].arguments.as_ref().unwrap()["step"], 3);
    assert_eq!((first.usage.output, first.usage.estimated), (30, false));
    request.messages.push(first.message());
    request
        .messages
        .push(Message::tool(&first.calls[0], "a step"));
    assert_eq!(client.complete(&request).await.unwrap().text, "Step 3.");
    assert_eq!(client.ledger().calls()[1].retries, 1);
    let refused = client.complete(&request).await.unwrap_err();
    assert!(
        matches!(refused, LlmError::Refused { status: 401, .. }),
        "{refused}"
    );
    let seen = server.seen();
    assert_eq!(seen[2].path, "/v1/chat/completions");
    assert_eq!(
        seen[2].header("authorization"),
        Some(format!("Bearer {KEY}").as_str())
    );
    assert_eq!(
        (&seen[2].body["model"], &seen[2].body["max_tokens"]),
        (&json!("small"), &json!(4096))
    );
}

#[tokio::test]
async fn a_person_at_a_terminal() {
    let Some(program) = example("answer.py") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let mut person = Watching(
        Command::new("python3")
            .arg(program)
            .arg(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap(),
    );
    let mut keyboard = person.0.stdin.take().unwrap();
    keyboard
        .write_all(b"I look.\nshow_step {\"step\": 2}\n.\nStep 2,\nI think.\n.\n")
        .unwrap();
    let client = builder(&format!("file:{}", folder.path().display()));
    let client = client.build().unwrap();
    let mut request = ask("Which step?").with_tools(vec![show_step()]);
    let first = client.complete(&request).await.unwrap();
    assert_eq!(
        (first.text.as_str(), &first.stop),
        ("I look.", &Stop::Tools)
    );
    assert!(first.calls[0].arguments.is_ok());
    request.messages.push(first.message());
    request
        .messages
        .push(Message::tool(&first.calls[0], "a step"));
    let second = client.complete(&request).await.unwrap();
    assert_eq!(
        (second.text.as_str(), second.stop),
        ("Step 2,\nI think.", Stop::End)
    );
}
