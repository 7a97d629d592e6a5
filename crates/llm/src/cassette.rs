//! Exchanges with servers, recorded and replayed byte for byte.
//!
//! A cassette is a JSON Lines file; each line is one attempt: the request's key, protocol path and
//! body, and what came back, failures included. It holds no address and no header of the request,
//! so no key. A request is found by the hash of its canonical body, wherever it was sent to.

use std::collections::{BTreeMap, VecDeque};
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::error::LlmError;
use crate::retry::is_passing;
use crate::transport::Exchange;

/// Recorded exchanges; clones share them.
#[derive(Debug, Clone)]
pub struct Cassette(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    /// What is left to replay, by key, in the order of recording.
    recorded: Mutex<Recorded>,
    /// Where new exchanges go; `None` when only replaying.
    file: Option<Mutex<File>>,
}

/// Exchanges by the key of their request, in the order of recording.
type Recorded = BTreeMap<String, VecDeque<Exchange>>;

#[derive(Serialize, Deserialize)]
struct Line {
    /// The version of this form.
    v: u32,
    key: String,
    path: String,
    request: Value,
    #[serde(flatten)]
    exchange: Exchange,
}

/// The key of a request in cassettes: the BLAKE3 hash of the protocol's path and the canonical body.
///
/// Canonical means that the order of fields does not matter, nor which of its two names the limit of
/// output tokens has (servers differ in which they take).
#[must_use]
pub fn request_key(path: &str, body: &Value) -> String {
    let mut body = sorted(body);
    if let Some(body) = body.as_object_mut()
        && let Some(limit) = body.remove("max_completion_tokens")
    {
        body.insert("max_tokens".into(), limit);
        body.sort_keys();
    }
    let mut hasher = blake3::Hasher::new();
    hasher.update(path.as_bytes());
    hasher.update(b"\n");
    hasher.update(body.to_string().as_bytes());
    hasher.finalize().to_hex().to_string()
}

/// The value with all fields in order. Bodies are made here, from values that `serde_json` read
/// with its limit of 128 levels, so the recursion is bounded.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut out: Map<_, _> = map.iter().map(|(k, v)| (k.clone(), sorted(v))).collect();
            out.sort_keys();
            Value::Object(out)
        }
        Value::Array(list) => list.iter().map(sorted).collect(),
        other => other.clone(),
    }
}

impl Cassette {
    /// Begins a new cassette.
    ///
    /// # Errors
    /// [`LlmError::Cassette`] when the file exists and is not empty, or cannot be made.
    pub fn record(path: &Path) -> Result<Self, LlmError> {
        let file = open(path)?;
        if file.metadata().is_ok_and(|metadata| metadata.len() > 0) {
            let reason = "it exists already: replay it, resume it, or delete it first".to_owned();
            return Err(LlmError::Cassette {
                path: path.to_owned(),
                reason,
            });
        }
        Ok(Self::new(path, BTreeMap::new(), Some(file)))
    }

    /// Replays a cassette; what is not in it is an error.
    ///
    /// # Errors
    /// [`LlmError::Cassette`] when the file cannot be read or holds something else.
    pub fn replay(path: &Path) -> Result<Self, LlmError> {
        let mut text = Vec::new();
        File::open(path)
            .and_then(|mut file| file.read_to_end(&mut text))
            .map_err(|error| LlmError::Cassette {
                path: path.to_owned(),
                reason: error.to_string(),
            })?;
        Ok(Self::new(path, read(path, &text)?.0, None))
    }

    /// Replays what is recorded and records what is not, so that interrupted work goes on without
    /// paying twice. What failed and may succeed now is asked again. A half-written last line is cut
    /// off.
    ///
    /// # Errors
    /// As [`Cassette::replay`]; a file that is not there is begun.
    pub fn resume(path: &Path) -> Result<Self, LlmError> {
        let (mut recorded, file) = Self::reopen(path)?;
        for exchanges in recorded.values_mut() {
            exchanges.retain(is_settled);
        }
        Ok(Self::new(path, recorded, Some(file)))
    }

    /// Records behind what is recorded, and replays nothing of it. A half-written last line is cut off.
    ///
    /// # Errors
    /// As [`Cassette::replay`]; a file that is not there is begun.
    pub fn append(path: &Path) -> Result<Self, LlmError> {
        let (_, file) = Self::reopen(path)?;
        Ok(Self::new(path, BTreeMap::new(), Some(file)))
    }

    fn reopen(path: &Path) -> Result<(Recorded, File), LlmError> {
        let failed = |error: std::io::Error| LlmError::Cassette {
            path: path.to_owned(),
            reason: error.to_string(),
        };
        let mut file = open(path)?;
        let mut text = Vec::new();
        file.read_to_end(&mut text).map_err(failed)?;
        let (recorded, whole) = read(path, &text)?;
        file.set_len(whole as u64).map_err(failed)?;
        Ok((recorded, file))
    }

    fn new(path: &Path, recorded: Recorded, file: Option<File>) -> Self {
        Self(Arc::new(Inner {
            path: path.to_owned(),
            recorded: Mutex::new(recorded),
            file: file.map(Mutex::new),
        }))
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// Whether requests that are not recorded are made.
    #[must_use]
    pub fn is_recording(&self) -> bool {
        self.0.file.is_some()
    }

    /// The next recorded exchange of a request. Equal requests get their exchanges in turn.
    pub(crate) fn next(&self, key: &str) -> Option<Exchange> {
        let mut recorded = self
            .0
            .recorded
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        recorded.get_mut(key)?.pop_front()
    }

    /// The error for a request that has no recorded exchange.
    pub(crate) fn missing(&self, key: &str, model: &str) -> LlmError {
        let recorded = self
            .0
            .recorded
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        LlmError::NotRecorded {
            path: self.0.path.clone(),
            model: model.to_owned(),
            key: key.get(..16).unwrap_or(key).to_owned(),
            used: recorded.contains_key(key),
        }
    }

    /// Writes one exchange before it is used, so that a killed program loses none it paid for.
    pub(crate) fn add(
        &self,
        key: &str,
        path: &str,
        request: Value,
        exchange: &Exchange,
    ) -> Result<(), LlmError> {
        let Some(file) = &self.0.file else {
            return Ok(());
        };
        let failed = |reason: String| LlmError::Cassette {
            path: self.0.path.clone(),
            reason,
        };
        let line = Line {
            v: 1,
            key: key.to_owned(),
            path: path.to_owned(),
            request,
            exchange: exchange.clone(),
        };
        let mut text = serde_json::to_string(&line).map_err(|error| failed(error.to_string()))?;
        text.push('\n');
        let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(text.as_bytes())
            .map_err(|error| failed(error.to_string()))
    }
}

/// Whether the same request would end the same way: it was answered, or refused for what it is. A server
/// without time, a broken connection and an account without credit are other things tomorrow.
fn is_settled(exchange: &Exchange) -> bool {
    let status = exchange.status.unwrap_or(200);
    exchange.failure.is_none() && !is_passing(status) && !matches!(status, 401..=404)
}

fn open(path: &Path) -> Result<File, LlmError> {
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true);
    // Prompts hold what artifacts hold, which is nobody else's business.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(|error| LlmError::Cassette {
        path: path.to_owned(),
        reason: error.to_string(),
    })
}

/// The recorded exchanges, and the length of the whole lines.
fn read(path: &Path, text: &[u8]) -> Result<(Recorded, usize), LlmError> {
    let whole = memchr::memrchr(b'\n', text).map_or(0, |at| at + 1);
    let mut recorded: BTreeMap<_, VecDeque<_>> = BTreeMap::new();
    let lines = text
        .get(..whole)
        .unwrap_or_default()
        .split(|byte| *byte == b'\n');
    for (number, line) in lines.enumerate().filter(|(_, line)| !line.is_empty()) {
        let refuse = |reason: String| LlmError::Cassette {
            path: path.to_owned(),
            reason: format!("line {}: {reason}", number + 1),
        };
        let line: Line = serde_json::from_slice(line)
            .map_err(|error| refuse(format!("it is no recorded call: {error}")))?;
        if line.v != 1 {
            return Err(refuse(format!("version {} is not known here", line.v)));
        }
        recorded
            .entry(line.key)
            .or_default()
            .push_back(line.exchange);
    }
    Ok((recorded, whole))
}
