//! Calls recorded and replayed.

use std::path::Path;

use llm::{Cassette, Client, Delta, LlmError, Settings, ToolMode, request_key};
use serde_json::json;

use crate::server::{Reply, Server};
use crate::{
    ANTHROPIC, KEY, OPENAI, anthropic, ask, builder, openai, openai_chunks, openai_stream,
    show_step,
};

/// A client without key, network or settings.
fn player(path: &Path, model: &str) -> Client {
    let settings = Settings::from_pairs::<String, String>([]);
    Client::builder(model, &settings)
        .unwrap()
        .cassette(Cassette::replay(path).unwrap())
        .build()
        .unwrap()
}

#[tokio::test]
async fn what_was_recorded_is_replayed_to_the_byte() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("calls.jsonl");
    let server = Server::new(vec![
        Reply::error(429, &json!({"error": "busy"})).header("retry-after", "0"),
        Reply::json(&openai("first")),
        Reply::json(&openai("second")),
        openai_stream(&["St", "ep"]),
        Reply::json(&anthropic("third")),
    ]);
    let record = Cassette::record(&path).unwrap();
    let openai = builder(&server, OPENAI)
        .cassette(record.clone())
        .build()
        .unwrap();
    let anthropic = builder(&server, ANTHROPIC)
        .cassette(record)
        .build()
        .unwrap();
    let mut deltas: Vec<Delta> = Vec::new();
    let live = [
        openai.complete(&ask("?")).await.unwrap(),
        openai.complete(&ask("?")).await.unwrap(),
        openai
            .stream(&ask("?"), &mut |delta| deltas.push(delta))
            .await
            .unwrap(),
        anthropic.complete(&ask("?")).await.unwrap(),
    ];
    drop(server);

    let openai_again = player(&path, OPENAI);
    let mut deltas_again = Vec::new();
    let again = [
        openai_again.complete(&ask("?")).await.unwrap(),
        openai_again.complete(&ask("?")).await.unwrap(),
        openai_again
            .stream(&ask("?"), &mut |delta| deltas_again.push(delta))
            .await
            .unwrap(),
        player(&path, ANTHROPIC).complete(&ask("?")).await.unwrap(),
    ];
    assert_eq!((live, deltas), (again, deltas_again));

    // The ledger of a replay differs only in saying so.
    let mut calls = openai_again.ledger().calls();
    assert!(calls.iter().all(|call| call.replayed));
    for call in &mut calls {
        call.replayed = false;
    }
    assert_eq!(calls, openai.ledger().calls());
}

#[tokio::test]
async fn what_is_not_recorded_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("calls.jsonl");
    let server = Server::new(vec![Reply::json(&openai("first"))]);
    let client = builder(&server, OPENAI)
        .cassette(Cassette::record(&path).unwrap())
        .build()
        .unwrap();
    client.complete(&ask("?")).await.unwrap();
    let player = player(&path, OPENAI);
    let other = player.complete(&ask("!")).await.unwrap_err();
    assert!(
        matches!(other, LlmError::NotRecorded { used: false, .. }),
        "{other}"
    );
    player.complete(&ask("?")).await.unwrap();
    let again = player.complete(&ask("?")).await.unwrap_err();
    assert!(
        matches!(again, LlmError::NotRecorded { used: true, .. }),
        "{again}"
    );
    insta::assert_snapshot!(
        again
            .to_string()
            .replace(path.to_str().unwrap(), "calls.jsonl")
    );
}

#[tokio::test]
async fn failures_are_replayed_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("calls.jsonl");
    let server = Server::new(vec![
        Reply::error(400, &json!({"error": "this model does not support tools"})),
        Reply::events(&openai_chunks(&["half"])).cut(),
        Reply::status(200)
            .header("content-type", "application/json")
            .body([0xff, 0x00, 0xfe]),
    ]);
    let client = builder(&server, OPENAI)
        .cassette(Cassette::record(&path).unwrap())
        .build()
        .unwrap();
    let request = ask("?").with_tools(vec![show_step()]);
    let words = |error: LlmError| error.to_string().rsplit_once(": ").unwrap().1.to_owned();
    let live = [
        words(client.stream(&request, &mut |_| {}).await.unwrap_err()),
        words(client.complete(&ask("!")).await.unwrap_err()),
    ];
    drop(server);
    let player = player(&path, OPENAI);
    let again = [
        words(player.stream(&request, &mut |_| {}).await.unwrap_err()),
        words(player.complete(&ask("!")).await.unwrap_err()),
    ];
    assert_eq!(live, again);
}

#[tokio::test]
async fn a_cassette_holds_no_key_and_no_address() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("calls.jsonl");
    let server = Server::new(vec![
        Reply::error(
            401,
            &json!({"error": {"message": format!("bad key {KEY}")}}),
        )
        .header("set-cookie", "session=1"),
        Reply::json(&openai(&format!("your key is {KEY}"))),
    ]);
    let client = builder(&server, OPENAI)
        .cassette(Cassette::record(&path).unwrap())
        .build()
        .unwrap();
    let error = client.complete(&ask("?")).await.unwrap_err();
    assert!(!format!("{error} {error:?} {client:?}").contains(KEY));
    client
        .complete(&ask(&format!("my key is {KEY}")))
        .await
        .unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(!text.contains(KEY) && !text.contains("127.0.0.1") && !text.contains("cookie"));
    assert_eq!(text.lines().count(), 2);
    // The prompt that quotes the key is still found.
    player(&path, OPENAI)
        .complete(&ask(&format!("my key is {KEY}")))
        .await
        .unwrap();
}

#[tokio::test]
async fn interrupted_work_goes_on_without_paying_twice() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("calls.jsonl");
    let server = Server::new(vec![
        Reply::json(&openai("first")),
        Reply::json(&openai("second")),
    ]);
    let resume = || {
        let cassette = Cassette::resume(&path).unwrap();
        builder(&server, OPENAI).cassette(cassette).build().unwrap()
    };
    resume().complete(&ask("1")).await.unwrap();
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(
        &path,
        [whole.as_slice(), b"{\"v\":1,\"key\":\"half"].concat(),
    )
    .unwrap();
    let client = resume();
    assert_eq!(client.complete(&ask("1")).await.unwrap().text, "first");
    assert_eq!(client.complete(&ask("2")).await.unwrap().text, "second");
    assert_eq!(server.seen().len(), 2);
    let replayed: Vec<_> = client
        .ledger()
        .calls()
        .iter()
        .map(|call| call.replayed)
        .collect();
    assert_eq!(replayed, [true, false]);
    assert_eq!(
        player(&path, OPENAI)
            .complete(&ask("2"))
            .await
            .unwrap()
            .text,
        "second"
    );
}

#[test]
fn cassettes_that_cannot_be_used_say_why() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("calls.jsonl");
    let mut all = Vec::new();
    for text in [
        "{\"v\":1}\n",
        "{\"v\":2,\"key\":\"\",\"path\":\"\",\"request\":{},\"body\":\"\",\"seconds\":0.0}\n",
        "no\n",
    ] {
        std::fs::write(&path, text).unwrap();
        all.push(Cassette::replay(&path).unwrap_err());
        all.push(Cassette::record(&path).unwrap_err());
    }
    let words: Vec<_> = all
        .iter()
        .map(|error| {
            error
                .to_string()
                .replace(path.to_str().unwrap(), "calls.jsonl")
        })
        .collect();
    insta::assert_debug_snapshot!(words);
    assert!(Cassette::replay(&folder.path().join("none.jsonl")).is_err());
}

#[test]
fn the_key_is_that_of_the_meaning() {
    let one =
        json!({"model": "m", "max_tokens": 5, "messages": [{"role": "user", "content": "a"}]});
    let same = json!({"messages": [{"content": "a", "role": "user"}], "max_completion_tokens": 5, "model": "m"});
    let other =
        json!({"messages": [{"content": "b", "role": "user"}], "max_tokens": 5, "model": "m"});
    assert_eq!(request_key("/p", &one), request_key("/p", &same));
    assert_ne!(request_key("/p", &one), request_key("/p", &other));
    assert_ne!(request_key("/p", &one), request_key("/q", &one));
}

#[tokio::test]
async fn tools_as_text_are_replayed_as_text() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("calls.jsonl");
    let words = "```tool_call\n{\"name\": \"show_step\", \"arguments\": {\"step\": 2}}\n```";
    let server = Server::new(vec![
        Reply::error(400, &json!({"error": "does not support tools"})),
        Reply::json(&openai(words)),
    ]);
    let client = builder(&server, OPENAI)
        .tools(ToolMode::Auto)
        .cassette(Cassette::record(&path).unwrap())
        .build()
        .unwrap();
    let request = ask("?").with_tools(vec![show_step()]);
    let live = client.complete(&request).await.unwrap();
    assert_eq!(
        live,
        player(&path, OPENAI).complete(&request).await.unwrap()
    );
}

#[test]
fn threads_record_at_once_and_replay_at_once() {
    const THREADS: usize = 8;
    const CALLS: usize = 12;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("calls.jsonl");
    let replies = (0..THREADS * CALLS).map(|at| {
        // Long enough for lines to be written in more than one piece, if they were.
        let text = format!("{at} {}", "long \u{1f980} ".repeat(at * 100));
        Reply::json(&openai(&text))
    });
    let server = Server::new(replies.collect());
    let client = builder(&server, OPENAI)
        .cassette(Cassette::record(&path).unwrap())
        .build()
        .unwrap();
    let run = |client: &llm::BlockingClient| -> Vec<Vec<String>> {
        let calls = |thread: usize| {
            let ask = |call| ask(&format!("thread {thread}, call {call}"));
            let texts = (0..CALLS).map(|call| client.complete(&ask(call)).unwrap().text);
            texts.collect()
        };
        std::thread::scope(|scope| {
            let calls = &calls;
            let threads: Vec<_> = (0..THREADS)
                .map(|thread| scope.spawn(move || calls(thread)))
                .collect();
            threads.into_iter().map(|t| t.join().unwrap()).collect()
        })
    };
    let live = run(&llm::BlockingClient::new(client).unwrap());
    drop(server);
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text.lines().count(), THREADS * CALLS);
    for line in text.lines() {
        serde_json::from_str::<serde_json::Value>(line).unwrap();
    }
    let again = llm::BlockingClient::new(player(&path, OPENAI)).unwrap();
    assert_eq!(run(&again), live);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
}

#[tokio::test]
async fn what_was_learnt_in_another_order_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("calls.jsonl");
    let server = Server::new(vec![
        Reply::error(400, &json!({"error": "temperature is not supported"})),
        Reply::error(400, &json!({"error": "this model does not support tools"})),
        Reply::json(&openai("first")),
        Reply::json(&openai("second")),
    ]);
    let client = builder(&server, OPENAI)
        .cassette(Cassette::record(&path).unwrap())
        .build()
        .unwrap();
    let request = |text: &str| {
        let mut request = ask(text).with_tools(vec![show_step()]);
        request.temperature = Some(0.2);
        request
    };
    client.complete(&request("1")).await.unwrap();
    client.complete(&request("2")).await.unwrap();
    // The second never was refused anything, and is now asked first.
    let player = player(&path, OPENAI);
    for (text, answer) in [("2", "second"), ("1", "first")] {
        let completion = player.complete(&request(text)).await.unwrap();
        assert_eq!(completion.text, answer);
    }
}

#[tokio::test]
async fn what_failed_is_asked_again_when_work_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("calls.jsonl");
    let server = Server::new(vec![
        Reply::error(401, &json!({"error": "no such key"})),
        Reply::json(&openai("now")),
        Reply::json(&openai("once more")),
    ]);
    let ask_with = async |cassette: Cassette| {
        let client = builder(&server, OPENAI).cassette(cassette).build().unwrap();
        let completion = client.complete(&ask("1")).await;
        completion.map(|completion| completion.text).ok()
    };
    assert_eq!(ask_with(Cassette::resume(&path).unwrap()).await, None);
    let now = Some("now".to_owned());
    assert_eq!(ask_with(Cassette::resume(&path).unwrap()).await, now);
    assert_eq!(ask_with(Cassette::resume(&path).unwrap()).await, now);
    let more = Some("once more".to_owned());
    assert_eq!(ask_with(Cassette::append(&path).unwrap()).await, more);
    let lines = std::fs::read_to_string(&path).unwrap().lines().count();
    assert_eq!((server.seen().len(), lines), (3, 3));
}
