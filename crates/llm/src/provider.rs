//! The seam between messages and a protocol's bytes.

use serde_json::Value;

use crate::accepts::Accepts;
use crate::anthropic::Anthropic;
use crate::endpoint::Secret;
use crate::message::{Completion, Delta, Request};
use crate::openai::OpenAi;
use crate::program::Program;
use crate::settings::Protocol;
use crate::sse::Event;

/// A protocol: how a request is written and an answer read. It does no input or output and keeps
/// nothing between calls, so that a recorded exchange is read exactly as it was when it was made.
///
/// Another protocol is one file that implements this and one line in [`protocol`].
pub trait Provider: Send + Sync {
    /// The path below the server's address.
    fn path(&self) -> &'static str;

    /// Headers beside `content-type`; the key goes here and nowhere else.
    fn headers(&self, key: Option<&Secret>) -> Vec<(&'static str, String)>;

    /// The body of a request, without what the server does not accept.
    fn body(&self, model: &str, request: &Request, accepts: Accepts, stream: bool) -> Value;

    /// Which optional parts the body of this request holds.
    fn sent(&self, request: &Request, accepts: Accepts, stream: bool) -> Accepts {
        Accepts {
            tools: accepts.tools && !request.tools.is_empty(),
            forced_tools: accepts.tools && accepts.forced_tools && request.forces_tools(),
            effort: accepts.effort && request.effort.is_some(),
            schema: accepts.schema && request.schema.is_some(),
            temperature: accepts.temperature && request.temperature.is_some(),
            max_completion_tokens: accepts.max_completion_tokens,
            stream_usage: accepts.stream_usage && stream,
            cache: accepts.cache && request.cache,
        }
    }

    /// Reads a whole answer. A call that came without an id keeps none: the client, which knows the
    /// conversation, numbers it.
    ///
    /// # Errors
    /// When it is not an answer of this protocol.
    fn whole(&self, body: &Value) -> Result<Completion, BadAnswer>;

    /// Reads the bytes of a whole answer, of the content type the server names: JSON, unless the
    /// protocol allows more.
    ///
    /// # Errors
    /// As [`Provider::whole`].
    fn bytes(&self, body: &[u8], content_type: Option<&str>) -> Result<Completion, BadAnswer> {
        self.whole(&json(body, content_type)?)
    }

    /// How many tokens its models count for a thousand of `count_tokens`, until their answers say
    /// more: rather too many, as budgets must hold for the first call too.
    fn tokens_per_thousand(&self) -> u64 {
        1000
    }

    /// Whether an answer may hold fenced tool calls in its words, though tools were offered in the
    /// protocol's own form.
    fn calls_may_be_text(&self) -> bool {
        false
    }

    /// A reader for one streamed answer.
    fn stream(&self) -> Box<dyn StreamReader>;
}

/// Reads one streamed answer.
pub trait StreamReader: Send {
    /// Takes an event and hands on what it adds to the answer.
    ///
    /// # Errors
    /// When it is not an event of this protocol, or reports a fault of the server.
    fn event(&mut self, event: &Event, give: &mut dyn FnMut(Delta)) -> Result<(), BadAnswer>;

    /// The answer, once the stream has ended.
    ///
    /// # Errors
    /// [`BadAnswer::Incomplete`] when it ended too early.
    fn finish(self: Box<Self>) -> Result<Completion, BadAnswer>;
}

/// Why an answer cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadAnswer {
    /// It is not of this protocol.
    #[error("{0}")]
    NotThisProtocol(String),
    /// The server reported a fault in the middle of a stream.
    #[error("{message}")]
    Server {
        /// The HTTP status that the fault would have had.
        status: u16,
        /// In the server's words.
        message: String,
    },
    /// It ended too early.
    #[error("{0}")]
    Incomplete(String),
    /// It is not even JSON. Something on the way may have spoilt it.
    #[error("{0}")]
    Garbled(String),
}

/// The implementation of a protocol.
#[must_use]
pub fn protocol(protocol: Protocol) -> &'static dyn Provider {
    match protocol {
        Protocol::Anthropic => &Anthropic,
        Protocol::OpenAi => &OpenAi,
        Protocol::Program => &Program,
    }
}

/// An answer that must be JSON.
pub(crate) fn json(body: &[u8], content_type: Option<&str>) -> Result<Value, BadAnswer> {
    serde_json::from_slice(body).map_err(|error| {
        if error.is_eof() && !body.is_empty() {
            return BadAnswer::Incomplete(error.to_string());
        }
        BadAnswer::Garbled(format!(
            "it is not JSON ({error}; content type {}): {}",
            excerpt(content_type.unwrap_or("none")),
            excerpt(&String::from_utf8_lossy(body)),
        ))
    })
}

/// The message in the body of a refusal, in any of the shapes servers use, or the start of the body.
pub(crate) fn fault_message(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let message = serde_json::from_str::<Value>(&text).ok().and_then(|value| {
        let error = value.get("error").unwrap_or(&value);
        [
            error.get("message"),
            value.get("message"),
            value.get("detail"),
            Some(error),
        ]
        .into_iter()
        .flatten()
        .find_map(|found| found.as_str().map(str::to_owned))
    });
    excerpt(&message.unwrap_or_else(|| text.into_owned()))
}

/// The start of a text from a server, on one line and without control characters.
pub(crate) fn excerpt(text: &str) -> String {
    const LONGEST: usize = 300;
    let words = text.split_whitespace().flat_map(|word| [" ", word]).skip(1);
    let mut short = String::new();
    for c in words.flat_map(str::chars).filter(|c| !c.is_control()) {
        if short.len() >= LONGEST {
            short.push('…');
            break;
        }
        short.push(c);
    }
    if short.is_empty() {
        "(nothing)".to_owned()
    } else {
        short
    }
}
