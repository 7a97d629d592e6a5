//! What is answered: an answer of a model in whatever protocol was asked, or bytes; and its faults.

use std::fmt::Write as _;
use std::time::Duration;

use llm::Usage;
use serde_json::{Value, json};

use crate::wire::Piece;

/// One answer to one request. Begins with one of the functions without `self`; the methods change
/// it and are applied in the order in which they are written.
#[derive(Debug, Clone)]
pub struct Reply {
    pub(crate) said: Said,
    pub(crate) delay: Duration,
    pub(crate) usage: Option<Usage>,
    pub(crate) faults: Vec<Fault>,
}

#[derive(Debug, Clone)]
pub(crate) enum Said {
    Answer(Answer),
    Bytes(Bytes),
}

/// What a model says, in no protocol yet.
#[derive(Debug, Clone, Default)]
pub(crate) struct Answer {
    pub(crate) text: String,
    /// Names and arguments; arguments that are a text stand for what the model wrote, JSON or not.
    pub(crate) calls: Vec<(String, Value)>,
    pub(crate) refuses: bool,
    /// Stopped at the limit of output tokens, whatever the text.
    pub(crate) cut_at_limit: bool,
    /// Whether the server says what was used.
    pub(crate) counts: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Bytes {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) pieces: Vec<Piece>,
    pub(crate) chunked: bool,
}

/// What goes wrong on the way.
#[derive(Debug, Clone)]
pub(crate) enum Fault {
    /// The body, or one event, is no JSON, and all else is well.
    Malformed,
    /// The second half is missing.
    Truncated,
    /// So many bytes at a time, with this pause after each.
    Drip(usize, Duration),
    /// Then nothing more comes.
    Stall,
    /// Then the connection is closed, though more was promised.
    Cut,
}

impl Reply {
    fn new(said: Said) -> Self {
        Self {
            said,
            delay: Duration::ZERO,
            usage: None,
            faults: Vec::new(),
        }
    }

    fn answer(text: String, calls: Vec<(String, Value)>) -> Self {
        Self::new(Said::Answer(Answer {
            text,
            calls,
            counts: true,
            ..Answer::default()
        }))
    }

    /// Words. Where they are more than the tokens that were allowed, they are cut there, as models'
    /// answers are, unless [`Reply::with_usage`] says what they cost.
    pub fn text(words: impl Into<String>) -> Self {
        Self::answer(words.into(), Vec::new())
    }

    /// Calls of tools, by name and arguments. Arguments given as a JSON string are sent as the model
    /// wrote them, and need not be JSON: `("show_step", "{\"step\": ".into())`.
    pub fn calls<N: Into<String>>(calls: impl IntoIterator<Item = (N, Value)>) -> Self {
        let calls = calls.into_iter().map(|(name, args)| (name.into(), args));
        Self::answer(String::new(), calls.collect())
    }

    /// A refusal by the model.
    pub fn refusal(words: impl Into<String>) -> Self {
        let mut reply = Self::text(words);
        if let Said::Answer(answer) = &mut reply.said {
            answer.refuses = true;
        }
        reply
    }

    /// A refusal by the server, with the body both protocols use.
    #[must_use]
    pub fn refused(status: u16, message: &str) -> Self {
        let kind = match status {
            400 => "invalid_request_error",
            401 => "authentication_error",
            404 => "not_found_error",
            429 => "rate_limit_error",
            529 => "overloaded_error",
            _ => "api_error",
        };
        let error = json!({"type": kind, "message": message});
        Self::error(status, &json!({"type": "error", "error": error}))
    }

    /// Status 429; `retry_after` in seconds or as a date.
    #[must_use]
    pub fn busy(retry_after: &str) -> Self {
        Self::refused(429, "too many requests").header("retry-after", retry_after)
    }

    /// Closes the connection without an answer.
    #[must_use]
    pub fn hang_up() -> Self {
        Self::status(0)
    }

    /// Bytes, to be given with [`Reply::header`] and [`Reply::body`].
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self::new(Said::Bytes(Bytes {
            status,
            headers: Vec::new(),
            pieces: Vec::new(),
            chunked: false,
        }))
    }

    /// A whole answer as it stands.
    #[must_use]
    pub fn json(body: &Value) -> Self {
        Self::error(200, body)
    }

    /// The same with another status.
    #[must_use]
    pub fn error(status: u16, body: &Value) -> Self {
        Self::status(status)
            .header("content-type", "application/json")
            .body(body.to_string())
    }

    /// A stream, to be given with [`Reply::body`], each of which is one chunk.
    #[must_use]
    pub fn stream() -> Self {
        let mut reply =
            Self::status(200).header("content-type", "text/event-stream; charset=utf-8");
        if let Said::Bytes(bytes) = &mut reply.said {
            bytes.chunked = true;
        }
        reply
    }

    /// A stream of events, each with its type where it has one.
    #[must_use]
    pub fn events(events: &[Value]) -> Self {
        let mut reply = Self::stream();
        for event in events {
            let name = event.get("type").and_then(Value::as_str);
            let name = name.map_or_else(String::new, |name| format!("event: {name}\n"));
            reply = reply.body(format!("{name}data: {event}\n\n"));
        }
        reply
    }

    /// Adds a header to bytes; answers have their own.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        if let Said::Bytes(bytes) = &mut self.said {
            bytes.headers.push((name, value.to_owned()));
        }
        self
    }

    /// Adds to a body of bytes.
    #[must_use]
    pub fn body(mut self, more: impl Into<Vec<u8>>) -> Self {
        if let Said::Bytes(bytes) = &mut self.said {
            bytes.pieces.push(Piece::Bytes(more.into()));
        }
        self
    }

    /// Words before the calls.
    #[must_use]
    pub fn saying(mut self, words: &str) -> Self {
        if let Said::Answer(answer) = &mut self.said {
            words.clone_into(&mut answer.text);
        }
        self
    }

    /// Writes the calls as fenced blocks of the text, as models without tools do.
    #[must_use]
    pub fn as_text(mut self) -> Self {
        if let Said::Answer(answer) = &mut self.said {
            for (name, arguments) in answer.calls.drain(..) {
                let arguments = match arguments {
                    Value::String(written) => written,
                    other => other.to_string(),
                };
                let name = Value::String(name);
                // Writing to a string cannot fail.
                let _ = write!(
                    answer.text,
                    "\n```tool_call\n{{\"name\": {name}, \"arguments\": {arguments}}}\n```\n"
                );
            }
        }
        self
    }

    /// Says that this was used. Otherwise it is counted.
    #[must_use]
    pub fn with_usage(mut self, usage: Usage) -> Self {
        self.usage = Some(usage);
        self
    }

    /// Does not say what was used. It is counted for [`crate::Served`] all the same.
    #[must_use]
    pub fn without_usage(mut self) -> Self {
        if let Said::Answer(answer) = &mut self.said {
            answer.counts = false;
        }
        self
    }

    /// Says that the answer was cut at the limit of output tokens.
    #[must_use]
    pub fn cut_at_limit(mut self) -> Self {
        if let Said::Answer(answer) = &mut self.said {
            answer.cut_at_limit = true;
        }
        self
    }

    /// Waits before it answers.
    #[must_use]
    pub fn after(mut self, time: Duration) -> Self {
        self.delay = time;
        self
    }

    fn fault(mut self, fault: Fault) -> Self {
        self.faults.push(fault);
        self
    }

    /// Makes the body, or one event of a stream, something that is no JSON.
    #[must_use]
    pub fn malformed(self) -> Self {
        self.fault(Fault::Malformed)
    }

    /// Leaves out the second half and closes the connection: a whole answer is shorter than its
    /// promised length, a stream lacks its last events.
    #[must_use]
    pub fn truncated(self) -> Self {
        self.fault(Fault::Truncated)
    }

    /// Sends so many bytes at a time, with a pause after each.
    #[must_use]
    pub fn drip(self, bytes: usize, every: Duration) -> Self {
        self.fault(Fault::Drip(bytes, every))
    }

    /// Sends nothing after what stands so far, and keeps the connection.
    #[must_use]
    pub fn stall(self) -> Self {
        self.fault(Fault::Stall)
    }

    /// Closes the connection after what stands so far, though more was promised.
    #[must_use]
    pub fn cut(self) -> Self {
        self.fault(Fault::Cut)
    }
}
