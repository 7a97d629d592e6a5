use super::*;
use llm::ToolCall;
use proptest::prelude::*;

const LOST: &str = "It no longer fits.";

fn call(id: usize) -> ToolCall {
    ToolCall {
        id: format!("call_{id}"),
        name: "show_step".to_owned(),
        raw: "{}".to_owned(),
        arguments: Ok(serde_json::Map::new()),
    }
}

fn said(id: usize, words: usize) -> Message {
    Message::Assistant {
        text: "word ".repeat(words),
        calls: vec![call(id)],
        native: Vec::new(),
    }
}

fn begun(context: u64) -> Conversation {
    let tool = Tool {
        name: "show_step".to_owned(),
        description: "Opens a step.".to_owned(),
        parameters: serde_json::json!({"type": "object"}),
    };
    let limits = Limits::new(context, 400);
    Conversation::new("Judge.".to_owned(), "case ".repeat(100), vec![tool], limits)
}

/// Every call is followed by its result, and no result stands without its call.
fn whole(request: &Request) -> bool {
    let mut open = Vec::new();
    for message in &request.messages {
        match message {
            Message::Assistant { calls, .. } => {
                if !open.is_empty() {
                    return false;
                }
                open.extend(calls.iter().map(|call| call.id.clone()));
            }
            Message::Tool(result) => {
                let before = open.len();
                open.retain(|id| *id != result.call_id);
                if open.len() == before {
                    return false;
                }
            }
            Message::User(_) if !open.is_empty() => return false,
            Message::User(_) => {}
        }
    }
    open.is_empty()
}

fn digest(room: u64) -> String {
    "seen ".repeat(usize::try_from(room).unwrap() / 2)
}

proptest! {
    #[test]
    fn whatever_is_said_fits_and_stays_whole(
        context in 1_500..9_000_u64,
        exchanges in prop::collection::vec((0..300_usize, 0..3_000_usize), 0..30),
        per_thousand in 1_000..1_800_u64,
    ) {
        let mut talk = begun(context);
        talk.learn(per_thousand);
        for (id, (words, given)) in exchanges.into_iter().enumerate() {
            talk.fit(0, digest, LOST);
            let request = talk.request(ToolChoice::Auto);
            let theirs = estimate_input(&request) * per_thousand / 1000;
            prop_assert!(theirs + u64::from(request.max_output_tokens) <= context);
            prop_assert!(whole(&request));
            talk.begin(vec![said(id, words)]);
            talk.fit(talk.span() / 2, digest, LOST);
            if !talk.is_lost() {
                let text = "given ".repeat(given);
                talk.add(vec![Message::tool(&call(id), text)]);
            }
        }
        talk.fit(0, digest, LOST);
        let closing = talk.closing("Conclude.");
        prop_assert!(closing.tools.is_empty());
        prop_assert!(closing.messages.iter().all(|m| !matches!(m, Message::Tool(_))));
    }
}

#[test]
fn nothing_is_folded_while_there_is_room() {
    let mut talk = begun(8_000);
    let before = talk.request(ToolChoice::Auto);
    talk.begin(vec![said(1, 10)]);
    talk.add(vec![Message::tool(&call(1), "words")]);
    talk.fit(1_000, digest, LOST);
    let after = talk.request(ToolChoice::Auto);
    assert_eq!(talk.compactions(), 0);
    assert_eq!(after.messages[..1], before.messages[..]);
    assert_eq!((after.system, after.tools), (before.system, before.tools));
}

#[test]
fn a_folding_makes_room_for_several_turns() {
    let mut talk = begun(8_000);
    for id in 0..40 {
        talk.fit(500, digest, LOST);
        talk.begin(vec![said(id, 10)]);
        talk.add(vec![Message::tool(&call(id), "words ".repeat(400))]);
    }
    assert!(
        (2..12).contains(&talk.compactions()),
        "{}",
        talk.compactions()
    );
}

#[test]
fn an_answer_takes_a_fifth_of_a_small_context() {
    assert_eq!(Limits::new(4_096, 2_048).answer, 819);
    assert_eq!(Limits::new(32_000, 2_048).answer, 2_048);
}
