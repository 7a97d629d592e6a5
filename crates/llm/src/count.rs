//! Tokens counted before a call.

use crate::message::{Message, Request};

/// The tokens of a text in OpenAI's `o200k` encoding: exact for OpenAI's models since GPT-4o, and an
/// estimate for every other family (theirs give more tokens for the same text, code most of all).
/// Linear in the text. The first call loads the encoding, which takes some 50 ms.
#[must_use]
pub fn count_tokens(text: &str) -> u64 {
    bpe_openai::o200k_base().count(text) as u64
}

/// The prompt tokens of a request, tools and schema included. An estimate for every provider: how
/// roles and tools are written into the prompt is theirs to know.
#[must_use]
pub fn estimate_input(request: &Request) -> u64 {
    // Role, and marks of beginning and end.
    const AROUND_MESSAGE: u64 = 4;
    let system = request
        .system
        .as_deref()
        .map_or(0, |text| count_tokens(text) + AROUND_MESSAGE);
    let messages: u64 = request
        .messages
        .iter()
        .map(|m| message(m) + AROUND_MESSAGE)
        .sum();
    let tools: u64 = request
        .tools
        .iter()
        .map(|tool| {
            count_tokens(&tool.name)
                + count_tokens(&tool.description)
                + count_tokens(&tool.parameters.to_string())
                + AROUND_MESSAGE
        })
        .sum();
    let schema = request
        .schema
        .as_ref()
        .map_or(0, |s| count_tokens(&s.value().to_string()));
    system + messages + tools + schema
}

fn message(message: &Message) -> u64 {
    match message {
        Message::User(text) => count_tokens(text),
        Message::Assistant { native, .. } if !native.is_empty() => native
            .iter()
            .map(|block| count_tokens(&block.to_string()))
            .sum(),
        Message::Assistant { text, calls, .. } => {
            let calls: u64 = calls
                .iter()
                .map(|c| count_tokens(&c.name) + count_tokens(&c.raw))
                .sum();
            count_tokens(text) + calls
        }
        Message::Tool(result) => count_tokens(&result.text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_those_of_o200k() {
        assert_eq!(count_tokens(""), 0);
        assert_eq!(count_tokens("hello world"), 2);
    }

    #[test]
    fn every_part_counts() {
        let bare = Request::new(vec![Message::user("Which step?")]);
        let more = bare.clone().with_system("You read traces.");
        assert!(estimate_input(&more) > estimate_input(&bare));
    }
}
