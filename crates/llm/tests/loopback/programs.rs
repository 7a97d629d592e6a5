//! Programs that act as the model: `exec:`.

use std::path::Path;
use std::time::{Duration, Instant};

use llm::{
    Account, Budget, Cassette, Client, ClientBuilder, Delta, Limit, LlmError, Message,
    OutputSchema, Retry, Settings, Stop, Timeouts, ToolMode, Wait,
};
use serde_json::{Value, json};

use crate::{ask, show_step};

/// A client of a script of the shell, which runs in the folder the tests run in.
fn builder(script: &str) -> ClientBuilder {
    let quoted = format!("exec:sh -c {}", quote(script));
    let settings = Settings::from_pairs([("OPENAI_API_KEY", crate::KEY)]);
    let retry = Retry {
        first_wait: Duration::from_millis(1),
        ..Retry::default()
    };
    Client::builder(&quoted, &settings).unwrap().retry(retry)
}

fn quote(word: &str) -> String {
    format!("'{}'", word.replace('\'', "'\\''"))
}

fn client(script: &str) -> Client {
    builder(script).build().unwrap()
}

/// A script that ignores the request and prints a text.
fn print(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('\n', "\\n");
    format!("cat > /dev/null; printf %b {}", quote(&escaped))
}

/// An error's words without the command and the cassette.
fn words(error: &LlmError) -> String {
    let text = error.to_string();
    let site = ["': ", ".jsonl: "].map(|end| text.rfind(end).map_or(0, |at| at + end.len()));
    text[site[0].max(site[1])..].to_owned()
}

#[tokio::test]
async fn the_request_comes_in_and_words_go_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("request.json");
    let client = client(&format!("cat > {}; echo 'Step 3.'", path.display()));
    let mut request = ask("Which step?")
        .with_system("You read traces.")
        .with_tools(vec![show_step()])
        .with_max_output(500);
    request.temperature = Some(0.2);
    let schema = json!({"type": "object", "properties": {"step": {"type": "integer"}}});
    request.schema = Some(OutputSchema::new("verdict", schema).unwrap());
    let completion = client.complete(&request).await.unwrap();
    assert_eq!(
        (completion.text.as_str(), completion.stop),
        ("Step 3.", Stop::End)
    );
    assert!(
        completion.usage.estimated && completion.usage.input > 20 && completion.usage.output > 0
    );
    let mut sent: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    assert!(sent["model"].as_str().unwrap().starts_with("sh -c 'cat > "));
    sent["model"] = "…".into();
    insta::assert_json_snapshot!(sent);
}

#[tokio::test]
async fn calls_come_in_any_form() {
    let object = json!({"name": "show_step", "arguments": {"step": 2}});
    let chat = json!({"choices": [{"message": {"tool_calls": [{"function": object}]}}]});
    for (answer, mode) in [
        (
            json!({"text": "I look.", "calls": [object]}).to_string(),
            ToolMode::Auto,
        ),
        (chat.to_string(), ToolMode::Auto),
        (
            format!("I look.\n```tool_call\n{object}\n```"),
            ToolMode::Auto,
        ),
        (
            format!("I look.\n```tool_call\n{object}\n```"),
            ToolMode::Text,
        ),
    ] {
        let client = builder(&print(&answer)).tools(mode).build().unwrap();
        let mut request = ask("?").with_tools(vec![show_step()]);
        let first = client.complete(&request).await.unwrap();
        assert_eq!(
            (first.stop.clone(), first.calls.len()),
            (Stop::Tools, 1),
            "{answer}"
        );
        assert_eq!(first.calls[0].arguments.as_ref().unwrap()["step"], 2);
        request.messages.push(first.message());
        request
            .messages
            .push(Message::tool(&first.calls[0], "a step"));
        let second = client.complete(&request).await.unwrap();
        // No two calls of a conversation have one id.
        assert_eq!(
            (first.calls[0].id.as_str(), second.calls[0].id.as_str()),
            ("call_1", "call_2")
        );
    }
}

#[tokio::test]
async fn usage_is_believed_where_it_is_told() {
    let answer = json!({"text": "Step 3.", "usage": {"prompt_tokens": 70, "completion_tokens": 5}});
    let completion = client(&print(&answer.to_string()))
        .complete(&ask("?"))
        .await
        .unwrap();
    assert!(!completion.usage.estimated);
    assert_eq!((completion.usage.input, completion.usage.output), (70, 5));
}

#[tokio::test]
async fn a_stream_is_one_piece() {
    let mut deltas = Vec::new();
    let client = client(&print("Step 3."));
    client
        .stream(&ask("?"), &mut |delta| deltas.push(delta))
        .await
        .unwrap();
    assert_eq!(deltas, [Delta::Text("Step 3.".to_owned())]);
}

#[tokio::test]
async fn a_document_is_checked_and_mended() {
    let folder = tempfile::tempdir().unwrap();
    let mark = folder.path().join("asked").display().to_string();
    let script = format!(
        "if [ -e {mark} ]; then echo '{{\"step\": 3}}'; else touch {mark}; echo '{{\"step\": 0}}'; fi"
    );
    let schema = json!({"type": "object", "properties": {"step": {"minimum": 1}}});
    let schema = OutputSchema::new("verdict", schema).unwrap();
    let answer = client(&script)
        .complete_json(&ask("?"), &schema, 1)
        .await
        .unwrap();
    assert_eq!((answer.value, answer.rounds), (json!({"step": 3}), 1));
}

#[tokio::test]
async fn programs_that_fail_say_why() {
    let mut all = Vec::new();
    for script in [
        "echo reading >&2; printf 'no \\033[31mweights\\n\\n' >&2; exit 3",
        "kill -9 $$",
        "exit 1",
        "cat > /dev/null",
        "echo '{\"choices\": []}'",
        "echo '{\"error\": {\"code\": 401, \"message\": \"no key here\"}}'",
    ] {
        let client = client(script);
        let error = client.complete(&ask("?")).await.unwrap_err();
        all.push(words(&error));
        assert_eq!(client.ledger().calls()[0].retries, 0);
    }
    let settings = Settings::default();
    let nobody = Client::builder("exec:./no-such-program --fast", &settings).unwrap();
    let nobody = nobody.build().unwrap();
    all.push(nobody.complete(&ask("?")).await.unwrap_err().to_string());
    assert_eq!(
        nobody.account().spent().tokens,
        0,
        "what never ran cost nothing"
    );
    insta::assert_debug_snapshot!(all);
}

#[tokio::test]
async fn a_program_may_ask_to_be_asked_again() {
    let folder = tempfile::tempdir().unwrap();
    let mark = folder.path().join("asked").display().to_string();
    let busy = "{\"error\": {\"code\": 429, \"message\": \"busy\"}}";
    let client = client(&format!(
        "if [ -e {mark} ]; then echo Step 3.; else touch {mark}; echo '{busy}'; fi"
    ));
    assert_eq!(client.complete(&ask("?")).await.unwrap().text, "Step 3.");
    assert_eq!(client.ledger().calls()[0].retries, 1);
}

#[tokio::test]
async fn a_slow_program_is_ended_with_all_it_started() {
    let short = Duration::from_millis(300);
    let ample = Timeouts::default();
    let folder = tempfile::tempdir().unwrap();
    let cases = [
        (
            "sleep 60",
            Timeouts {
                first_byte: short,
                ..ample
            },
            Wait::FirstByte,
        ),
        (
            "echo St; sleep 60",
            Timeouts {
                between_bytes: short,
                ..ample
            },
            Wait::NextBytes,
        ),
        (
            "exec >&-; sleep 60",
            Timeouts {
                between_bytes: short,
                ..ample
            },
            Wait::NextBytes,
        ),
        (
            "sleep 60",
            Timeouts {
                exchange: short,
                ..ample
            },
            Wait::Exchange,
        ),
        (
            "sleep 60",
            Timeouts {
                call: short,
                ..ample
            },
            Wait::Call,
        ),
    ];
    let tasks = cases
        .into_iter()
        .enumerate()
        .map(|(at, (script, timeouts, expected))| {
            let mark = folder.path().join(at.to_string());
            let script = format!("(sleep 2; touch {}) > /dev/null & {script}", mark.display());
            tokio::spawn(async move {
                let client = builder(&script).timeouts(timeouts).build().unwrap();
                match client.complete(&ask("?")).await {
                    Err(LlmError::Timeout { wait, limit, .. }) => {
                        assert_eq!((wait, limit), (expected, short));
                    }
                    other => panic!("{other:?}"),
                }
                tokio::time::sleep(Duration::from_millis(2300)).await;
                assert!(!mark.exists(), "what it started went on: {script}");
            })
        });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
}

#[tokio::test]
async fn a_call_given_up_ends_its_program() {
    let folder = tempfile::tempdir().unwrap();
    let (begun, mark) = (folder.path().join("begun"), folder.path().join("mark"));
    let client = client(&format!(
        "touch {}; sleep 1; touch {}",
        begun.display(),
        mark.display()
    ));
    let task = tokio::spawn(async move { client.complete(&ask("?")).await });
    while !begun.exists() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    task.abort();
    let _ = task.await;
    tokio::time::sleep(Duration::from_millis(1300)).await;
    assert!(!mark.exists());
}

#[tokio::test]
async fn what_a_program_leaves_behind_holds_nothing_up() {
    let begun = Instant::now();
    let client = client("sleep 20 & echo Step 3.");
    assert_eq!(client.complete(&ask("?")).await.unwrap().text, "Step 3.");
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn pipes_that_are_full_or_unread_hold_nothing_up() {
    let long = ask(&"word ".repeat(200_000));
    assert_eq!(
        client("echo Step 3.").complete(&long).await.unwrap().text,
        "Step 3."
    );
    let noisy = client(
        "head -c 300000 /dev/zero >&2; head -c 300000 /dev/zero | tr '\\0' x; cat > /dev/null",
    );
    assert_eq!(noisy.complete(&long).await.unwrap().text.len(), 300_000);
    let flood = builder("yes").most_bytes(100_000).build().unwrap();
    let error = flood.complete(&ask("?")).await.unwrap_err();
    assert!(
        matches!(error, LlmError::TooLarge { limit: 100_000, .. }),
        "{error}"
    );
}

#[tokio::test]
async fn budgets_hold_for_programs() {
    let account = Account::new(Budget {
        calls: Some(1),
        ..Budget::default()
    });
    let client = builder(&print("Step 3.")).account(account).build().unwrap();
    client.complete(&ask("?")).await.unwrap();
    match client.complete(&ask("?")).await {
        Err(LlmError::Budget(exhausted)) => assert_eq!(exhausted.limit, Limit::Calls),
        other => panic!("{other:?}"),
    }
    // Nobody knows what a program's servers charge.
    let money = Account::new(Budget {
        cost_usd: Some(1.0),
        ..Budget::default()
    });
    assert!(matches!(
        builder("true").account(money).build(),
        Err(LlmError::UnknownPrice { .. })
    ));
    assert_eq!(client.ledger().cost_usd(), None);
}

#[tokio::test]
async fn calls_of_programs_are_recorded_and_replayed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("calls.jsonl");
    let script = "cat > /dev/null; printf 'St\\0\\377ep'; sleep 0.1; printf ' 3.\\n'";
    let record = |path: &Path| Cassette::record(path).unwrap();
    let live = builder(script).cassette(record(&path)).build().unwrap();
    let first = live.complete(&ask("?")).await.unwrap();
    let fails = builder("echo sk-test-0123456789 >&2; exit 2")
        .cassette(Cassette::resume(&path).unwrap())
        .build()
        .unwrap();
    let refused = fails.complete(&ask("?")).await.unwrap_err();
    assert!(
        words(&refused).ends_with("its last words: [key]"),
        "{refused}"
    );

    let replay = |script: &str| {
        let cassette = Cassette::replay(&path).unwrap();
        builder(script).cassette(cassette).build().unwrap()
    };
    let player = replay(script);
    assert_eq!(player.complete(&ask("?")).await.unwrap(), first);
    let (mut again, then) = (player.ledger().calls(), live.ledger().calls());
    again[0].replayed = false;
    assert_eq!(again, then);
    let again = replay("echo sk-test-0123456789 >&2; exit 2")
        .complete(&ask("?"))
        .await;
    assert_eq!(words(&again.unwrap_err()), words(&refused));
    assert!(matches!(
        replay("true").complete(&ask("?")).await,
        Err(LlmError::NotRecorded { .. })
    ));
}
