//! `codetracer cache`: what earlier calls kept.

use anyhow::anyhow;
use serde::Serialize;

use super::Status;
use crate::cli::CacheTask;
use crate::input::counted;
use crate::kept::open_cache;
use crate::output::{Output, inert};

/// The cache as a document.
#[derive(Serialize)]
struct Shown {
    path: String,
    bytes: u64,
    most_bytes: u64,
    answers: u64,
    files: u64,
}

/// Says how large the cache is, after emptying it if that was asked.
pub(super) fn run(what: CacheTask, json: bool, output: &mut Output) -> anyhow::Result<Status> {
    let cache = open_cache().map_err(|error| anyhow!("no cache: {error}"))?;
    if what == CacheTask::Clear {
        cache.clear();
    }
    let info = cache.info();
    if let Some(trouble) = cache.trouble() {
        return Err(anyhow!("{trouble}; delete the file to start afresh"));
    }
    let info = info.ok_or_else(|| anyhow!("the cache does not answer"))?;
    let shown = Shown {
        path: info.path.display().to_string(),
        bytes: info.bytes,
        most_bytes: info.most_bytes,
        answers: info.answers,
        files: info.files,
    };
    if json {
        output.json(&shown)?;
    } else {
        let count =
            |number: u64, noun| counted(usize::try_from(number).unwrap_or(usize::MAX), noun);
        let text = format!(
            "{}: {} kept of {}, {} of at most {} MB\n",
            shown.path,
            count(shown.answers, "answer"),
            count(shown.files, "file"),
            shown.bytes.div_ceil(1 << 20),
            shown.most_bytes >> 20,
        );
        output.text(&inert(&text))?;
    }
    Ok(Status::Done)
}
