//! opencode; its layouts are described in `LAYOUT.md` beside this file.

mod database;
mod export;
mod session;
mod storage;
mod stream;
#[cfg(test)]
mod tests;

pub(crate) use database::OpencodeDatabase;
pub(crate) use export::OpencodeExport;
pub(crate) use storage::OpencodeStorage;
pub(crate) use stream::OpencodeStream;

use serde_json::Value;
use trace::{Timestamp, Usage};

use crate::json::str_at;
use crate::time;

const LAYOUT: &str = include_str!("LAYOUT.md");

/// True for what opencode says of a session: its id, folder and version.
fn is_session(info: &Value) -> bool {
    str_at(info, "id").is_some_and(|id| id.starts_with("ses_"))
        && ["projectID", "directory", "version", "title", "slug"]
            .iter()
            .filter(|key| str_at(info, key).is_some())
            .count()
            >= 2
}

/// The time at `key` of a `time` object, in milliseconds since 1970.
fn time_at(time: Option<&Value>, key: &str) -> Option<Timestamp> {
    time::from_seconds(time?.get(key)?.as_f64()? / 1e3)
}

/// What a message or a finished step cost.
fn usage_of(record: &Value) -> Usage {
    let count = |path: &str| record.pointer(path).and_then(Value::as_u64);
    let sum = |parts: &[Option<u64>]| {
        let known = parts.iter().flatten().copied();
        known.reduce(u64::saturating_add)
    };
    let cached = count("/tokens/cache/read");
    Usage {
        // Tokens read from and written to the cache are counted beside the rest of the input.
        input_tokens: sum(&[count("/tokens/input"), cached, count("/tokens/cache/write")]),
        cached_tokens: cached,
        output_tokens: sum(&[count("/tokens/output"), count("/tokens/reasoning")]),
        cost_usd: record.get("cost").and_then(Value::as_f64),
    }
}
