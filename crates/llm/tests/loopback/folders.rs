//! Somebody who watches a folder and answers: `file:`.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use llm::{Client, ClientBuilder, LlmError, Settings, Timeouts, Wait};
use serde_json::{Value, json};

use crate::{ask, show_step};

fn builder(folder: &Path) -> ClientBuilder {
    let name = format!("file:{}", folder.display());
    Client::builder(&name, &Settings::default()).unwrap()
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

/// Waits for a file and reads it.
async fn request(path: &Path) -> Value {
    while !path.exists() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

#[tokio::test]
async fn a_request_is_a_file_and_so_is_its_answer() {
    let folder = tempfile::tempdir().unwrap();
    let calls = folder.path().join("new/calls");
    let client = builder(&calls).build().unwrap();
    let asked = ask("Which step?").with_tools(vec![show_step()]);
    let answer = async {
        let body = request(&calls.join("0001-request.json")).await;
        assert_eq!(body["messages"][0]["content"], "Which step?");
        let text = json!({"calls": [{"name": "show_step", "arguments": {"step": 2}}]}).to_string();
        let (start, rest) = text.split_at(text.len() / 2);
        let mut file = File::create(calls.join("0001-answer.json")).unwrap();
        tokio::time::sleep(Duration::from_millis(300)).await;
        file.write_all(start.as_bytes()).unwrap();
        tokio::time::sleep(Duration::from_millis(300)).await;
        file.write_all(rest.as_bytes()).unwrap();
    };
    let (completion, ()) = tokio::join!(client.complete(&asked), answer);
    assert_eq!(
        completion.unwrap().calls[0].arguments.as_ref().unwrap()["step"],
        2
    );
    assert_eq!(names(&calls).len(), 2, "{:?}", names(&calls));
}

#[tokio::test]
async fn words_count_once_they_have_settled() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("0041-answer.txt"), "an old answer").unwrap();
    let client = builder(folder.path()).build().unwrap();
    let answer = async {
        request(&folder.path().join("0042-request.json")).await;
        let mut file = File::create(folder.path().join("0042-answer.txt")).unwrap();
        for word in ["{\"text\": ", "\"Step ", "3.\"}", "\n"] {
            tokio::time::sleep(Duration::from_millis(400)).await;
            file.write_all(word.as_bytes()).unwrap();
        }
    };
    let asked = ask("?");
    let (completion, ()) = tokio::join!(client.complete(&asked), answer);
    // A text is words, whatever it looks like.
    assert_eq!(completion.unwrap().text, "{\"text\": \"Step 3.\"}");
}

#[tokio::test]
async fn requests_at_the_same_time_have_their_own_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let client = builder(folder.path()).build().unwrap();
    let tasks: Vec<_> = (0..8)
        .map(|at| {
            let client = client.clone();
            tokio::spawn(async move { client.complete(&ask(&format!("{at}"))).await })
        })
        .collect();
    for number in 1..=8 {
        let body = request(&folder.path().join(format!("{number:04}-request.json"))).await;
        let answer = json!({"text": body["messages"][0]["content"]});
        fs::write(
            folder.path().join(format!("{number:04}-answer.json")),
            answer.to_string(),
        )
        .unwrap();
    }
    for (at, task) in tasks.into_iter().enumerate() {
        assert_eq!(task.await.unwrap().unwrap().text, at.to_string());
    }
    assert_eq!(names(folder.path()).len(), 16);
}

#[tokio::test]
async fn nobody_is_waited_for_for_ever() {
    let folder = tempfile::tempdir().unwrap();
    let short = Timeouts {
        first_byte: Duration::from_millis(200),
        ..Timeouts::default()
    };
    // What is empty was begun, and is no answer.
    fs::write(folder.path().join("0001-request.json"), "{}").unwrap();
    fs::create_dir(folder.path().join("0002-answer.json")).unwrap();
    let client = builder(folder.path()).timeouts(short).build().unwrap();
    for _ in 0..2 {
        let error = client.complete(&ask("?")).await.unwrap_err();
        let expected = matches!(
            error,
            LlmError::Timeout {
                wait: Wait::FirstByte,
                ..
            }
        );
        assert!(expected, "{error}");
    }
    assert!(names(folder.path()).contains("0004-request.json"));
    assert_eq!(
        fs::read_to_string(folder.path().join("0001-request.json")).unwrap(),
        "{}"
    );
}

#[tokio::test]
async fn answers_that_are_none() {
    let folder = tempfile::tempdir().unwrap();
    let mut all = Vec::new();
    for (number, answer) in ["{\"text\": \"Ste", "{\"choices\": []}", &"x".repeat(5000)]
        .into_iter()
        .enumerate()
    {
        let client = builder(folder.path()).most_bytes(4000).build().unwrap();
        let write = async {
            request(
                &folder
                    .path()
                    .join(format!("{:04}-request.json", number + 1)),
            )
            .await;
            fs::write(
                folder.path().join(format!("{:04}-answer.json", number + 1)),
                answer,
            )
            .unwrap();
        };
        let asked = ask("?");
        let (result, ()) = tokio::join!(client.complete(&asked), write);
        all.push(
            result
                .unwrap_err()
                .to_string()
                .replace(folder.path().to_str().unwrap(), "calls"),
        );
    }
    let file = folder.path().join("0001-request.json");
    let error = builder(&file)
        .build()
        .unwrap()
        .complete(&ask("?"))
        .await
        .unwrap_err();
    assert!(matches!(error, LlmError::Program { .. }), "{error}");
    fs::write(folder.path().join(format!("{}-request.json", u64::MAX)), "").unwrap();
    let error = builder(folder.path())
        .build()
        .unwrap()
        .complete(&ask("?"))
        .await;
    assert!(matches!(error, Err(LlmError::Program { .. })), "{error:?}");
    insta::assert_debug_snapshot!(all);
}
