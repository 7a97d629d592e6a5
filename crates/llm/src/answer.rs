//! What the bytes of an exchange mean: a completion, or why not, and what it cost all the same.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use crate::attempt::Caller;
use crate::count::count_tokens;
use crate::endpoint::Secret;
use crate::error::{CallSite, LlmError};
use crate::message::{Completion, Delta, Message, Request, ToolCall};
use crate::provider::{BadAnswer, Provider, StreamReader, fault_message};
use crate::retry::{is_passing, retry_after};
use crate::sse::Parser;
use crate::transport::{Exchange, Failure};
use crate::usage::Usage;

/// An attempt that gave no completion.
pub(crate) struct Failed {
    pub(crate) error: LlmError,
    /// How often the same request may be made again.
    pub(crate) again: Again,
    pub(crate) retry_after: Option<Duration>,
    /// What the provider probably charges for it.
    pub(crate) usage: Usage,
    pub(crate) replayed: bool,
}

/// How often a request that failed may be made again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Again {
    /// It would fail again.
    Never,
    /// Something between here and the server may have spoilt the answer, but it is more likely that
    /// the server always answers so.
    Once,
    /// As often as the caller allows.
    Often,
}

impl Again {
    fn often_if(passing: bool) -> Self {
        if passing { Self::Often } else { Self::Never }
    }
}

impl Failed {
    pub(crate) fn new(error: LlmError, again: Again, usage: Usage) -> Box<Self> {
        Box::new(Self {
            error,
            again,
            retry_after: None,
            usage,
            replayed: false,
        })
    }
}

/// Reads an exchange while it goes on.
pub(crate) struct Reading<'a, 'b> {
    provider: &'static dyn Provider,
    stream: Option<(Parser, Box<dyn StreamReader>)>,
    on_delta: Option<&'a mut (dyn FnMut(Delta) + Send + 'b)>,
    /// Never handed on, even if the server repeats it.
    key: Option<&'a Secret>,
    /// What was handed on: it can no longer be taken back, and it was paid for.
    written: String,
    bad: Option<BadAnswer>,
}

impl<'a, 'b> Reading<'a, 'b> {
    pub(crate) fn new(
        provider: &'static dyn Provider,
        stream: bool,
        on_delta: Option<&'a mut (dyn FnMut(Delta) + Send + 'b)>,
        key: Option<&'a Secret>,
    ) -> Self {
        let stream = stream.then(|| (Parser::new(), provider.stream()));
        Self {
            provider,
            stream,
            on_delta,
            key,
            written: String::new(),
            bad: None,
        }
    }

    /// Takes the next bytes of the body; `false` when no more are wanted.
    pub(crate) fn bytes(&mut self, head: &Exchange, piece: &[u8]) -> bool {
        if !streams(head) {
            return true;
        }
        let Some((parser, reader)) = &mut self.stream else {
            return true;
        };
        let (bad, written, on_delta) = (&mut self.bad, &mut self.written, &mut self.on_delta);
        let key = self.key;
        parser.feed(piece, &mut |mut event| {
            if let Some(key) = key {
                event.data = key.scrub_text(event.data);
            }
            if bad.is_none() {
                *bad = reader
                    .event(&event, &mut |delta| {
                        match &delta {
                            Delta::Text(text) | Delta::Reasoning(text) => written.push_str(text),
                            Delta::ToolCall { name } => written.push_str(name),
                        }
                        if let Some(on_delta) = on_delta {
                            on_delta(delta);
                        }
                    })
                    .err();
            }
        });
        self.bad.is_none()
    }

    /// What it all came to.
    pub(crate) fn end(
        mut self,
        received: &Exchange,
        site: &CallSite,
        caller: &Caller,
        most: Usage,
    ) -> Result<Completion, Box<Failed>> {
        if let Some(status) = received.status.filter(|status| *status != 200) {
            let error = refusal(site.clone(), status, fault_message(&received.body));
            let again = Again::often_if(is_passing(status));
            return Err(Failed::new(error, again, Usage::default()));
        }
        let begun = !self.written.is_empty();
        let Some(failure) = &received.failure else {
            return self.completion(received).map_err(|bad| {
                let usage = lost(received, &self.written, most);
                unreadable(bad, site.clone(), begun, usage)
            });
        };
        // A stream says itself when it is whole, whatever became of the connection afterwards.
        if streams(received)
            && let Ok(completion) = self.completion(received)
        {
            return Ok(completion);
        }
        let usage = lost(received, &self.written, most);
        let error = broken(failure, site.clone(), begun, caller);
        let passing = matches!(failure, Failure::Connect(_) | Failure::Broken(_)) && !begun;
        Err(Failed::new(error, Again::often_if(passing), usage))
    }

    fn completion(&mut self, received: &Exchange) -> Result<Completion, BadAnswer> {
        if let Some(bad) = self.bad.take() {
            return Err(bad);
        }
        match self.stream.take().filter(|_| streams(received)) {
            Some((parser, mut reader)) => {
                if let Some(mut event) = parser.finish() {
                    if let Some(key) = self.key {
                        event.data = key.scrub_text(event.data);
                    }
                    // Cut in the middle it is no event; whether it is missed, the reader knows.
                    let _ = reader.event(&event, &mut |delta| {
                        if let Some(on_delta) = &mut self.on_delta {
                            on_delta(delta);
                        }
                    });
                }
                reader.finish()
            }
            None => self.whole(received),
        }
    }

    fn whole(&mut self, received: &Exchange) -> Result<Completion, BadAnswer> {
        let kind = received.headers.get("content-type").map(String::as_str);
        let completion = self.provider.bytes(&received.body, kind)?;
        // Some servers answer a request for a stream with a whole answer.
        if let Some(on_delta) = self
            .on_delta
            .as_mut()
            .filter(|_| !completion.text.is_empty())
        {
            on_delta(Delta::Text(completion.text.clone()));
        }
        Ok(completion)
    }
}

fn streams(head: &Exchange) -> bool {
    let kind = head.headers.get("content-type").map_or("", String::as_str);
    head.status == Some(200) && kind.trim_start().starts_with("text/event-stream")
}

/// The failure of an attempt whose answer arrived but is none. Once words were handed on, the
/// request cannot be made again.
fn unreadable(bad: BadAnswer, site: CallSite, begun: bool, usage: Usage) -> Box<Failed> {
    match bad {
        BadAnswer::Server { status, message } if begun => {
            let reason = format!("the server reports status {status}: {message}");
            Failed::new(LlmError::Truncated { site, reason }, Again::Never, usage)
        }
        BadAnswer::Server { status, message } => {
            let error = refusal(site, status, message);
            let again = Again::often_if(is_passing(status));
            Failed::new(error, again, Usage::default())
        }
        BadAnswer::Incomplete(reason) if begun => {
            Failed::new(LlmError::Truncated { site, reason }, Again::Never, usage)
        }
        BadAnswer::Incomplete(reason) => {
            let reason = format!("the answer ended too early: {reason}");
            let retries = 0;
            let error = LlmError::Connection {
                site,
                reason,
                retries,
            };
            Failed::new(error, Again::Often, usage)
        }
        BadAnswer::NotThisProtocol(reason) => {
            Failed::new(LlmError::BadAnswer { site, reason }, Again::Never, usage)
        }
        BadAnswer::Garbled(reason) => {
            let again = if begun { Again::Never } else { Again::Once };
            Failed::new(LlmError::BadAnswer { site, reason }, again, usage)
        }
    }
}

fn refusal(site: CallSite, status: u16, message: String) -> LlmError {
    if is_passing(status) {
        return LlmError::Busy {
            site,
            status,
            retries: 0,
            retry_after: None,
            message,
        };
    }
    LlmError::Refused {
        site,
        status,
        message,
    }
}

fn broken(failure: &Failure, site: CallSite, begun: bool, caller: &Caller) -> LlmError {
    if let Some(wait) = failure.wait() {
        return LlmError::Timeout {
            site,
            wait,
            limit: caller.limit_of(wait),
        };
    }
    match failure {
        Failure::TooLarge => LlmError::TooLarge {
            site,
            limit: caller.most_bytes(),
        },
        Failure::Start(reason) | Failure::Exit(reason) => LlmError::Program {
            site,
            reason: reason.clone(),
        },
        Failure::Broken(reason) if begun => LlmError::Truncated {
            site,
            reason: reason.clone(),
        },
        Failure::Connect(reason) => {
            let reason = format!("no connection, is the server running? {reason}");
            LlmError::Connection {
                site,
                reason,
                retries: 0,
            }
        }
        other => {
            let reason = match other {
                Failure::Broken(reason) => reason.clone(),
                _ => String::new(),
            };
            LlmError::Connection {
                site,
                reason,
                retries: 0,
            }
        }
    }
}

/// What an answer that never became whole probably costs, `most` being what it was expected to cost
/// at most. Where nobody can know, all of it: a budget must hold.
fn lost(received: &Exchange, written: &str, most: Usage) -> Usage {
    let of_output = |output| Usage { output, ..most };
    match &received.failure {
        _ if received.status.is_some_and(|status| status != 200) => Usage::default(),
        Some(Failure::Connect(_) | Failure::Start(_)) => Usage::default(),
        _ if !written.is_empty() => of_output(count_tokens(written).min(most.output)),
        _ if !received.body.is_empty() => {
            let body = String::from_utf8_lossy(&received.body);
            of_output(count_tokens(&body).min(most.output))
        }
        // The model may have been writing all the time.
        Some(failure) if failure.wait().is_some() => most,
        _ => of_output(0),
    }
}

/// Usage for a completion whose provider reports none.
pub(crate) fn counted(completion: &Completion, input: u64) -> Usage {
    let calls: u64 = completion
        .calls
        .iter()
        .map(|c| count_tokens(&c.name) + count_tokens(&c.raw))
        .sum();
    let reasoning = count_tokens(&completion.reasoning);
    let output = count_tokens(&completion.text) + calls + reasoning;
    Usage {
        input,
        output,
        reasoning,
        estimated: true,
        ..Usage::default()
    }
}

/// The wait the server asks for.
pub(crate) fn asked_wait(headers: &BTreeMap<String, String>, now: Timestamp) -> Option<Duration> {
    if let Some(wait) = headers
        .get("retry-after-ms")
        .and_then(|ms| ms.trim().parse().ok())
    {
        return Some(Duration::from_millis(wait));
    }
    retry_after(headers.get("retry-after")?, now)
}

/// Tool calls in earlier messages.
pub(crate) fn earlier_calls(request: &Request) -> usize {
    let calls = |message: &Message| match message {
        Message::Assistant { calls, .. } => calls.len(),
        Message::User(_) | Message::Tool(_) => 0,
    };
    request.messages.iter().map(calls).sum()
}

/// Gives ids to calls that came without: numbers that no other of the conversation has, `earlier`
/// being how many calls it holds.
pub(crate) fn number(calls: &mut [ToolCall], earlier: usize) {
    for (at, call) in calls.iter_mut().enumerate() {
        if call.id.is_empty() {
            call.id = format!("call_{}", earlier + at + 1);
        }
    }
}
