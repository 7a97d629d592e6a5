//! A folder as the model: each request is a file, and so is its answer, whoever writes it.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde_json::Value;
use tokio::time::{Instant, sleep};

use crate::endpoint::Secret;
use crate::program::{JSON, WORDS};
use crate::transport::{Deadlines, Exchange, Failure, Timeouts};

/// How long a file must not change before it counts as whole.
const SETTLED: Duration = Duration::from_secs(1);

/// A folder of requests and answers: `0001-request.json`, `0001-answer.json` or `0001-answer.txt`,
/// and so on.
#[derive(Clone)]
pub(crate) struct Folder {
    path: PathBuf,
    keys: Vec<Secret>,
}

impl Folder {
    pub(crate) fn new(path: &Path, keys: Vec<Secret>) -> Self {
        Self {
            path: path.to_owned(),
            keys,
        }
    }

    pub(crate) fn keys(&self) -> &[Secret] {
        &self.keys
    }

    /// Writes a request and waits for its answer. Nothing is ever overwritten or removed.
    pub(crate) async fn ask(
        &self,
        request: &str,
        timeouts: &Timeouts,
        most_bytes: usize,
        received: &mut Exchange,
    ) -> Result<(), Failure> {
        let deadlines = Deadlines::new(timeouts);
        let number = self
            .write(request)
            .map_err(|error| Failure::Start(format!("the folder cannot be used: {error}")))?;
        let mut answers = [("json", JSON), ("txt", WORDS)].map(|(ending, kind)| Answer {
            path: self.path.join(format!("{number:04}-answer.{ending}")),
            kind,
            seen: None,
        });
        let (until, late) = deadlines.within(timeouts.first_byte, Failure::FirstByteTimeout);
        let mut pause = Duration::from_millis(20);
        loop {
            for answer in &mut answers {
                if let Some(body) = answer.look(most_bytes)? {
                    let kind = ("content-type".to_owned(), answer.kind.to_owned());
                    received.headers.extend([kind]);
                    received.body = body;
                    return Ok(());
                }
            }
            let begun = answers.iter().filter_map(|answer| answer.seen.as_ref());
            let (until, late) = match begun.map(|seen| seen.since).max() {
                // Only what does not change for long is given up.
                Some(since) => {
                    let wait = timeouts.between_bytes.max(SETTLED * 2);
                    let left = (since + wait).saturating_duration_since(Instant::now());
                    deadlines.within(left, Failure::NextBytesTimeout)
                }
                None => (until, late.clone()),
            };
            if Instant::now() >= until {
                return Err(late);
            }
            sleep(pause).await;
            pause = Duration::from_millis(500).min(pause * 2);
        }
    }

    /// Writes a request under the next number that has neither request nor answer.
    fn write(&self, request: &str) -> io::Result<u64> {
        fs::create_dir_all(&self.path)?;
        let mut file = tempfile::Builder::new()
            .prefix(".request-")
            .tempfile_in(&self.path)?;
        // A person may have to read it.
        let value: Value = serde_json::from_str(request)?;
        serde_json::to_writer_pretty(&mut file, &value)?;
        file.write_all(b"\n")?;
        let mut number = self.last_number()?;
        loop {
            number = number
                .checked_add(1)
                .ok_or_else(|| io::Error::other("its numbers are used up"))?;
            let path = self.path.join(format!("{number:04}-request.json"));
            // Whole at once, so that nobody reads half of it, and never over another.
            match file.persist_noclobber(path) {
                Ok(_) => return Ok(number),
                Err(taken) if taken.error.kind() == io::ErrorKind::AlreadyExists => {
                    file = taken.file;
                }
                Err(failed) => return Err(failed.error),
            }
        }
    }

    fn last_number(&self) -> io::Result<u64> {
        let mut last = 0;
        for entry in fs::read_dir(&self.path)? {
            let name = entry?.file_name();
            let number = name.to_str().and_then(|name| name.split_once('-'));
            let number = number.and_then(|(number, _)| number.parse().ok());
            last = last.max(number.unwrap_or(0));
        }
        Ok(last)
    }
}

/// A file that may become the answer.
struct Answer {
    path: PathBuf,
    kind: &'static str,
    seen: Option<Seen>,
}

/// A file as it stood when it last changed.
struct Seen {
    length: u64,
    modified: Option<SystemTime>,
    since: Instant,
}

impl Answer {
    /// The answer, if it is there and whole: a JSON object, or a file that has not changed for a
    /// while. Who writes it may be doing so at this moment.
    fn look(&mut self, most_bytes: usize) -> Result<Option<Vec<u8>>, Failure> {
        let found = fs::metadata(&self.path).ok();
        // What is empty was begun and is not written yet; what is no file could be waited on for ever.
        let Some(found) = found.filter(|found| found.is_file() && found.len() > 0) else {
            self.seen = None;
            return Ok(None);
        };
        if found.len() > most_bytes as u64 {
            return Err(Failure::TooLarge);
        }
        let modified = found.modified().ok();
        let same = |seen: &&Seen| seen.length == found.len() && seen.modified == modified;
        if let Some(seen) = self.seen.as_ref().filter(same) {
            let whole = seen.since.elapsed() >= SETTLED;
            return Ok(if whole { self.read(most_bytes) } else { None });
        }
        self.seen = Some(Seen {
            length: found.len(),
            modified,
            since: Instant::now(),
        });
        let is_object = |body: &Vec<u8>| {
            self.kind == JSON
                && serde_json::from_slice(body).is_ok_and(|value: Value| value.is_object())
        };
        Ok(self.read(most_bytes).filter(is_object))
    }

    fn read(&self, most_bytes: usize) -> Option<Vec<u8>> {
        let mut body = Vec::new();
        let file = File::open(&self.path).ok()?;
        file.take(most_bytes as u64).read_to_end(&mut body).ok()?;
        Some(body)
    }
}
