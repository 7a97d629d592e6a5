//! What happens between the network and the caller: events cut out of a stream, an answer read from
//! them, and tokens counted before a call.

#![allow(
    clippy::unwrap_used,
    reason = "a benchmark that cannot go on has failed"
)]

use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use llm::sse::Parser;
use llm::{Protocol, count_tokens, protocol};
use serde_json::json;

fn main() {
    divan::main();
}

/// A streamed answer of `words` words.
fn stream(words: usize) -> String {
    let chunk = json!({
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "model": "some-model",
        "choices": [{"index": 0, "delta": {"content": " onset"}, "finish_reason": null}],
    });
    format!(
        "{}data: [DONE]\n\n",
        format!("data: {chunk}\n\n").repeat(words)
    )
}

#[divan::bench]
fn events(bencher: Bencher) {
    let stream = stream(10_000);
    bencher.counter(BytesCount::of_str(&stream)).bench(|| {
        let mut events = 0;
        Parser::new().feed(black_box(stream.as_bytes()), &mut |_| events += 1);
        events
    });
}

#[divan::bench]
fn answer(bencher: Bencher) {
    let stream = stream(10_000);
    bencher.counter(BytesCount::of_str(&stream)).bench(|| {
        let mut reader = protocol(Protocol::OpenAi).stream();
        Parser::new().feed(black_box(stream.as_bytes()), &mut |event| {
            reader.event(&event, &mut |_| {}).unwrap();
        });
        reader.finish().unwrap()
    });
}

#[divan::bench]
fn tokens(bencher: Bencher) {
    let text = "    assert_eq!(read(&[stream]), [event(\"a\", \"one\")]);\n".repeat(5000);
    bencher
        .counter(BytesCount::of_str(&text))
        .bench(|| count_tokens(black_box(&text)));
}
