//! One exchange over HTTP: a request out, bytes back, whatever they mean.

use std::collections::BTreeMap;
use std::error::Error as _;
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::redirect::Policy;
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, timeout_at};

use crate::endpoint::Endpoint;
use crate::error::{LlmError, Wait};
use crate::model::Served;
use crate::provider::excerpt;

/// How long each part of a call may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// Making the connection.
    pub connect: Duration,
    /// From the request to the first byte of the answer. A whole answer is written before it is
    /// sent, so this must cover the model's time.
    pub first_byte: Duration,
    /// Between two pieces of the answer.
    pub between_bytes: Duration,
    /// One request and its answer.
    pub exchange: Duration,
    /// The call with all its retries and waits.
    pub call: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            first_byte: Duration::from_mins(5),
            between_bytes: Duration::from_mins(2),
            exchange: Duration::from_mins(15),
            call: Duration::from_mins(30),
        }
    }
}

impl Timeouts {
    /// The limits unless others are set: the default for what computes, and an hour for an answer
    /// where a person may be writing it.
    #[must_use]
    pub fn of(served: &Served) -> Self {
        match served {
            Served::Provider(_) | Served::Program(_) => Self::default(),
            Served::Folder(_) => Self {
                first_byte: Duration::from_hours(1),
                exchange: Duration::from_hours(1),
                call: Duration::from_hours(2),
                ..Self::default()
            },
        }
    }
}

/// What came back: perhaps a status, perhaps a failure, perhaps half an answer and then a failure.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Exchange {
    /// The HTTP status; `None` when no answer began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<u16>,
    /// The headers that matter later, names in lower case.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) headers: BTreeMap<String, String>,
    #[serde(flatten, with = "body")]
    pub(crate) body: Vec<u8>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) failure: Option<Failure>,
    /// From the request to the last byte.
    pub(crate) seconds: f64,
    /// Seconds before the request, between attempts or for the limits on traffic.
    #[serde(default, skip_serializing_if = "is_none")]
    pub(crate) waited: f64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_none(seconds: &f64) -> bool {
    *seconds <= 0.0
}

/// Why an answer is not whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Failure {
    /// No connection.
    Connect(String),
    /// The connection broke.
    Broken(String),
    FirstByteTimeout,
    NextBytesTimeout,
    ExchangeTimeout,
    TooLarge,
    /// The program could not be started, or the folder not used.
    Start(String),
    /// The program failed.
    Exit(String),
}

impl Failure {
    pub(crate) fn wait(&self) -> Option<Wait> {
        match self {
            Self::FirstByteTimeout => Some(Wait::FirstByte),
            Self::NextBytesTimeout => Some(Wait::NextBytes),
            Self::ExchangeTimeout => Some(Wait::Exchange),
            Self::Connect(_)
            | Self::Broken(_)
            | Self::TooLarge
            | Self::Start(_)
            | Self::Exit(_) => None,
        }
    }
}

/// A body as text where it is UTF-8, in hexadecimal digits where it is not.
mod body {
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

    #[derive(Serialize, Deserialize)]
    struct Body {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        body: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        body_hex: Option<String>,
    }

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        let body = if let Ok(text) = std::str::from_utf8(bytes) {
            Body {
                body: Some(text.to_owned()),
                body_hex: None,
            }
        } else {
            let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap_or('0');
            let hex = bytes
                .iter()
                .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]);
            Body {
                body: None,
                body_hex: Some(hex.collect()),
            }
        };
        body.serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        let body = Body::deserialize(from)?;
        let Some(hex) = body.body_hex else {
            return Ok(body.body.unwrap_or_default().into_bytes());
        };
        let digits: Option<Vec<u8>> = hex
            .chars()
            .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
            .collect();
        let digits = digits.ok_or_else(|| D::Error::custom("body_hex is not hexadecimal"))?;
        Ok(digits
            .chunks(2)
            .map(|pair| pair.iter().fold(0, |byte, half| byte << 4 | half))
            .collect())
    }
}

/// The client for an endpoint. It follows no redirect, since keys in headers other than
/// `authorization` would be sent along, and uses no proxy for servers on this machine.
pub(crate) fn http_client(
    endpoint: &Endpoint,
    connect: Duration,
) -> Result<reqwest::Client, LlmError> {
    // Another part of the program may have chosen a provider before; any will do.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = reqwest::Client::builder()
        .redirect(Policy::none())
        .connect_timeout(connect)
        .user_agent(concat!("codetracer/", env!("CARGO_PKG_VERSION")));
    if endpoint.is_loopback() {
        builder = builder.no_proxy();
    }
    if !endpoint.is_https() {
        // So that a machine without certificates can still reach a server without TLS.
        builder = builder.tls_certs_only([]);
    }
    builder.build().map_err(|error| LlmError::Setting {
        variable: "TLS",
        reason: chain(&error),
    })
}

/// What to send.
pub(crate) struct Outgoing<'a> {
    pub(crate) path: &'a str,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
}

/// Receives the status and headers, and each piece of the body; `false` ends the exchange.
pub(crate) type OnBytes<'a> = dyn FnMut(&Exchange, &[u8]) -> bool + Send + 'a;

/// The limits of time of an exchange that began now.
pub(crate) struct Deadlines {
    whole: Instant,
}

impl Deadlines {
    pub(crate) fn new(timeouts: &Timeouts) -> Self {
        Self {
            whole: Instant::now() + timeouts.exchange,
        }
    }

    /// When a wait that begins now must end, and what it then was.
    pub(crate) fn within(&self, wait: Duration, failure: Failure) -> (Instant, Failure) {
        let until = Instant::now() + wait;
        if until < self.whole {
            (until, failure)
        } else {
            (self.whole, Failure::ExchangeTimeout)
        }
    }
}

/// Sends and receives over HTTP. What came before a failure stays in `received`.
pub(crate) async fn exchange(
    http: &reqwest::Client,
    endpoint: &Endpoint,
    outgoing: Outgoing<'_>,
    timeouts: &Timeouts,
    most_bytes: usize,
    received: &mut Exchange,
    on_bytes: &mut OnBytes<'_>,
) -> Result<(), Failure> {
    let deadlines = Deadlines::new(timeouts);
    let (until, late) = deadlines.within(timeouts.first_byte, Failure::FirstByteTimeout);
    let request = http
        .post(endpoint.url(outgoing.path))
        .headers(headers(outgoing.headers))
        .body(outgoing.body);
    let mut response = match timeout_at(until, request.send()).await {
        Err(_) => return Err(late),
        Ok(Err(error)) => return Err(failure(error)),
        Ok(Ok(response)) => response,
    };
    received.status = Some(response.status().as_u16());
    received.headers = kept_headers(response.headers());
    loop {
        let (until, late) = deadlines.within(timeouts.between_bytes, Failure::NextBytesTimeout);
        let piece = match timeout_at(until, response.chunk()).await {
            Err(_) => return Err(late),
            Ok(Err(error)) => return Err(failure(error)),
            Ok(Ok(None)) => return Ok(()),
            Ok(Ok(Some(piece))) => piece,
        };
        if received.body.len().saturating_add(piece.len()) > most_bytes {
            return Err(Failure::TooLarge);
        }
        received.body.extend_from_slice(&piece);
        if !on_bytes(received, &piece) {
            return Ok(());
        }
    }
}

fn headers(pairs: Vec<(&'static str, String)>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    for (name, value) in pairs {
        // A key with line feeds or the like cannot be sent; the server will say that it is missing.
        if let Ok(mut value) = HeaderValue::try_from(value) {
            value.set_sensitive(true);
            headers.insert(name, value);
        }
    }
    headers
}

fn kept_headers(headers: &HeaderMap) -> BTreeMap<String, String> {
    ["content-type", "retry-after", "retry-after-ms"]
        .into_iter()
        .filter_map(|name| {
            Some((
                name.to_owned(),
                headers.get(name)?.to_str().ok()?.to_owned(),
            ))
        })
        .collect()
}

fn failure(error: reqwest::Error) -> Failure {
    let connect = error.is_connect();
    // The address stands in the error already, and may be one with a query.
    let reason = chain(&error.without_url());
    if connect {
        Failure::Connect(reason)
    } else {
        Failure::Broken(reason)
    }
}

fn chain(error: &reqwest::Error) -> String {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let reason = error.to_string();
        if !words.contains(&reason) {
            words = format!("{words}: {reason}");
        }
        source = error.source();
    }
    excerpt(&words)
}
