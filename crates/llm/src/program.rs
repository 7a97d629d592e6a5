//! The answers of programs and people that act as the model.
//!
//! They get the body of an OpenAI-compatible chat completion, as plain as it can be, and may answer
//! in any of three forms: a chat completion; an object of `text`, `calls` or both; or words, in
//! which fenced tool calls are understood (see `text_tools`). Our own form, described in
//! `docs/models.md`.

use serde_json::{Map, Value, json};

use crate::accepts::Accepts;
use crate::endpoint::Secret;
use crate::message::{Completion, Request};
use crate::openai::OpenAi;
use crate::provider::{BadAnswer, Provider, StreamReader, excerpt};

pub(crate) struct Program;

/// The content type of words that are not to be taken for anything else.
pub(crate) const WORDS: &str = "text/plain";
/// The content type of what must be JSON.
pub(crate) const JSON: &str = "application/json";

impl Provider for Program {
    fn path(&self) -> &'static str {
        "/program"
    }

    fn headers(&self, _key: Option<&Secret>) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    fn body(&self, model: &str, request: &Request, accepts: Accepts, _stream: bool) -> Value {
        OpenAi.body(model, request, accepts, false)
    }

    fn sent(&self, request: &Request, accepts: Accepts, _stream: bool) -> Accepts {
        OpenAi.sent(request, accepts, false)
    }

    fn whole(&self, body: &Value) -> Result<Completion, BadAnswer> {
        known(body).unwrap_or_else(|| Ok(words(body.to_string())))
    }

    fn bytes(&self, body: &[u8], content_type: Option<&str>) -> Result<Completion, BadAnswer> {
        let text = String::from_utf8_lossy(body);
        let text = text.trim();
        if text.is_empty() {
            return Err(BadAnswer::NotThisProtocol("it is empty".to_owned()));
        }
        if content_type == Some(WORDS) {
            return Ok(words(text.to_owned()));
        }
        match serde_json::from_str(text) {
            Ok(value) => known(&value).unwrap_or_else(|| Ok(words(text.to_owned()))),
            Err(error) if content_type == Some(JSON) => Err(BadAnswer::NotThisProtocol(format!(
                "it is not JSON ({error}): {}",
                excerpt(text)
            ))),
            Err(_) => Ok(words(text.to_owned())),
        }
    }

    fn calls_may_be_text(&self) -> bool {
        true
    }

    fn stream(&self) -> Box<dyn StreamReader> {
        OpenAi.stream()
    }
}

/// An answer in one of the two forms that are objects. Any other document is words: it may be what
/// was asked for.
fn known(value: &Value) -> Option<Result<Completion, BadAnswer>> {
    let fields = value.as_object()?;
    if fields.contains_key("choices") || is_only(fields, &["error"]) {
        return Some(OpenAi.whole(value));
    }
    is_only(fields, &["text", "calls", "usage", "model"]).then(|| bare(fields))
}

fn words(text: String) -> Completion {
    Completion {
        text,
        ..Completion::default()
    }
}

/// Whether the object holds the first or second of the fields, and none beside all of them.
fn is_only(fields: &Map<String, Value>, names: &[&str]) -> bool {
    names.iter().take(2).any(|name| fields.contains_key(*name))
        && fields.keys().all(|field| names.contains(&field.as_str()))
}

/// An answer as an object of `text` and `calls`.
fn bare(fields: &Map<String, Value>) -> Result<Completion, BadAnswer> {
    let of_type = |name: &str, fits: fn(&Value) -> bool, what: &str| match fields.get(name) {
        Some(value) if !value.is_null() && !fits(value) => {
            Err(BadAnswer::NotThisProtocol(format!(
                "its `{name}` is not {what}: {}",
                excerpt(&value.to_string())
            )))
        }
        found => Ok(found.cloned().unwrap_or(Value::Null)),
    };
    let text = of_type("text", Value::is_string, "a text")?;
    let is_list = |value: &Value| {
        let list = value.as_array();
        list.is_some_and(|calls| calls.iter().all(Value::is_object))
    };
    let calls = of_type("calls", is_list, "a list of objects")?;
    OpenAi.whole(&json!({
        "model": fields.get("model"),
        "choices": [{"message": {"content": text, "tool_calls": calls}}],
        "usage": fields.get("usage"),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Result<Completion, BadAnswer> {
        Program.bytes(text.as_bytes(), None)
    }

    #[test]
    fn all_forms_of_an_answer() {
        let answers: Vec<_> = [
            "Step 3.\n",
            "{\"choices\": [{\"message\": {\"content\": \"Step 3.\"}}], \"usage\": {\"prompt_tokens\": 9, \"completion_tokens\": 2}}",
            "{\"text\": \"I look.\", \"calls\": [{\"name\": \"show_step\", \"arguments\": {\"step\": 3}}]}",
            "{\"calls\": [{\"name\": \"show_step\", \"arguments\": \"{\\\"step\\\": 3}\"}, {}]}",
            "{\"text\": \"Step 3.\", \"usage\": {\"prompt_tokens\": 9, \"completion_tokens\": 2}}",
            "{ \"step\": 3.0 }",
            "{\"text\": \"a document of\", \"another\": \"schema\"}",
            "{\"choices\": [{\"mess",
            "{\"error\": {\"code\": 429, \"message\": \"busy\"}}",
            "{\"text\": 3}",
            "{\"calls\": {\"name\": \"show_step\"}}",
            " \n",
        ]
        .map(read)
        .into();
        insta::assert_debug_snapshot!(answers);
    }

    #[test]
    fn a_stated_type_is_believed() {
        let bare = b"{\"text\": \"Step 3.\"}";
        let text = |kind| Program.bytes(bare, Some(kind)).unwrap().text;
        assert_eq!(text(WORDS), "{\"text\": \"Step 3.\"}");
        assert_eq!(text(JSON), "Step 3.");
        assert!(Program.bytes(b"Step 3.", Some(JSON)).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Program.bytes(&bytes, None);
        }

        #[test]
        fn any_words_are_words(text in "[a-zA-Z`\\n .]{1,80}") {
            prop_assume!(!text.trim().is_empty() && serde_json::from_str::<Value>(&text).is_err());
            prop_assert_eq!(read(&text).unwrap().text, text.trim());
        }
    }
}
