//! What must hold of answers from servers of models.

use llm::sse::{Event, Parser};
use llm::{Delta, Protocol, protocol};

/// Arbitrary bytes as a stream of events: where it is cut does not matter, both protocols read it or
/// say why not, and what was handed on piece by piece is what the completion says.
pub fn stream(bytes: &[u8]) {
    let Some((at, stream)) = bytes.split_first() else {
        return;
    };
    let (first, second) = stream.split_at(usize::from(*at).min(stream.len()));
    let events = read(&[first, second]);
    assert_eq!(events, read(&[stream]));
    for name in [Protocol::Anthropic, Protocol::OpenAi] {
        let mut reader = protocol(name).stream();
        let mut words = String::new();
        let mut hear = |delta| {
            if let Delta::Text(text) = delta {
                words.push_str(&text);
            }
        };
        if events
            .iter()
            .all(|event| reader.event(event, &mut hear).is_ok())
            && let Ok(completion) = reader.finish()
            && name == Protocol::OpenAi
        {
            assert_eq!(completion.text, words);
        }
    }
    if let Ok(whole) = serde_json::from_slice(stream) {
        for name in [Protocol::Anthropic, Protocol::OpenAi] {
            let _ = protocol(name).whole(&whole);
        }
    }
    let text = String::from_utf8_lossy(stream);
    assert!(llm::parse_text_calls(&text, 0).len() <= text.matches("```tool_call").count());
}

/// Arbitrary bytes as the answer of a program or a person: whatever it is, it is read or it is said why not,
/// and words stay words.
pub fn answer(bytes: &[u8]) {
    let program = protocol(Protocol::Program);
    let _ = program.bytes(bytes, Some("application/json"));
    let read = program.bytes(bytes, None);
    let text = String::from_utf8_lossy(bytes);
    let words = program.bytes(bytes, Some("text/plain"));
    assert_eq!(words.is_ok(), !text.trim().is_empty());
    if serde_json::from_slice::<serde_json::Value>(text.trim().as_bytes()).is_err() {
        assert_eq!(read.is_ok(), words.is_ok());
    }
}

fn read(pieces: &[&[u8]]) -> Vec<Event> {
    let mut parser = Parser::new();
    let mut events = Vec::new();
    for piece in pieces {
        parser.feed(piece, &mut |event| events.push(event));
    }
    events.extend(parser.finish());
    events
}
