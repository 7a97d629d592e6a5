//! The seam every layout implements.

use std::cell::OnceCell;
use std::io;
use std::ops::Range;
use std::sync::Arc;

use serde_json::Value;
use thiserror::Error;
use trace::{Timestamp, Trajectory};

use crate::json;
use crate::learned::Reader;
use crate::pile::{Entry, EntryId, Folder, Pile};

/// Reads one layout.
pub trait Extractor: Sync {
    /// What the layout is called and where it is documented.
    fn layout(&self) -> Layout;

    /// Says whether a transcript of this layout stands at `site`, judged by content.
    ///
    /// A folder is shown before the files in it; a claim on a folder takes all its transcript files
    /// off the table. A file is shown with the head of its content.
    ///
    /// # Errors
    /// Only for I/O failures while looking; "not mine" is `Ok(None)`.
    fn detect(&self, pile: &Pile, site: Site<'_>) -> io::Result<Option<Detection>>;

    /// The runs in the claimed files, where a layout keeps several together: rows of an evaluation,
    /// sessions of a database, traces of an export. Empty, as by default, when the files are one
    /// run. A single part may be given where its key tells more than the file's name.
    ///
    /// # Errors
    /// [`ExtractError`] when the files cannot be read; they are then taken for one run, whose
    /// reading will say so.
    fn parts(&self, _pile: &Pile, _claim: &Claim) -> Result<Vec<Part>, ExtractError> {
        Ok(Vec::new())
    }

    /// Turns the claimed files, or the claimed part of them, into a trajectory. `Trajectory::{id, source}` are filled by the
    /// caller, but for `source.files` of a part that stands in some of the files only; `format` may be
    /// left empty.
    ///
    /// # Errors
    /// [`ExtractError`] when nothing usable can be read. A half-written artifact is not an error:
    /// give the steps there are and a warning.
    fn extract(&self, pile: &Pile, claim: &Claim) -> Result<Extraction, ExtractError>;
}

/// A layout's identity.
#[derive(Debug, Clone, Copy)]
pub struct Layout {
    /// The name that stands in `Trajectory::format`, such as `mini-swe-agent`.
    pub name: &'static str,
    /// One line for people.
    pub title: &'static str,
    /// The layout's documentation (its `LAYOUT.md`).
    pub doc: &'static str,
    /// How much of a run this layout keeps, to choose between two records of one session.
    pub rank: Rank,
}

/// How faithful a record of a run is; the higher one is read when a session was recorded twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// Converted from a native transcript by another program (ATIF and the like).
    Export,
    /// What the agent printed while it ran.
    Stream,
    /// What the agent itself keeps of the run.
    Native,
}

/// A place that may hold a transcript.
#[derive(Clone, Copy)]
pub enum Site<'a> {
    /// A folder and the names in it.
    Folder(&'a Folder),
    /// A file and the head of its content.
    File(&'a Probe<'a>),
}

/// A file with the head of its content, parsed on demand and shared by all extractors.
pub struct Probe<'a> {
    entry: &'a Entry,
    head: String,
    pile: Option<&'a Pile>,
    records: OnceCell<Vec<Value>>,
}

impl<'a> Probe<'a> {
    /// How many bytes of a file detection looks at.
    pub const HEAD_BYTES: usize = 16 * 1024;

    /// Takes a file and the first [`Self::HEAD_BYTES`] of its content, decoded.
    #[must_use]
    pub fn new(entry: &'a Entry, head: String) -> Self {
        Self {
            entry,
            head,
            pile: None,
            records: OnceCell::new(),
        }
    }

    /// Lets the probe look past the head where one JSON document is larger than that.
    #[must_use]
    pub fn within(self, pile: &'a Pile) -> Self {
        Self {
            pile: Some(pile),
            ..self
        }
    }

    /// The file.
    #[must_use]
    pub fn entry(&self) -> &'a Entry {
        self.entry
    }

    /// The head as text. May end in the middle of a line or value.
    #[must_use]
    pub fn head(&self) -> &str {
        &self.head
    }

    /// The JSON objects the head begins with: one for a document, several for JSON Lines. The last
    /// may be cut, keeping only its whole members. A document larger than the head is given as its
    /// outline ([`json::outline`]). Empty when the file is no JSON.
    pub fn records(&self) -> &[Value] {
        self.records.get_or_init(|| {
            let outline = self.outline().map(|outline| vec![outline]);
            outline.unwrap_or_else(|| parse_records(&self.head))
        })
    }

    /// The outline of a file that is one JSON document and larger than the head.
    fn outline(&self) -> Option<Value> {
        const MOST_BYTES: usize = 64 << 20;
        let pile = self.pile?;
        let one_object = self.head.trim_start().starts_with('{')
            && self.entry.size > self.head.len() as u64
            && !self.head.contains("\n{");
        if !one_object {
            return None;
        }
        let mut outline = json::outline(&pile.head(self.entry.id, MOST_BYTES).ok()?)?;
        // A half-written document loses the member it was written in; the head may still show it.
        if let (Some(Value::Object(begun)), Some(members)) =
            (json::parse_head(&self.head), outline.as_object_mut())
        {
            for (key, value) in begun {
                members.entry(key).or_insert(value);
            }
        }
        Some(outline)
    }

    /// The first record, if the file is JSON at all.
    pub fn first(&self) -> Option<&Value> {
        self.records().first()
    }
}

/// Reads the objects of JSON Lines, or the single (perhaps cut) object or array of a document.
/// Lines that are not JSON, such as a banner before the first record, are passed over.
fn parse_records(head: &str) -> Vec<Value> {
    const MOST_RECORDS: usize = 64;
    let trimmed = head.trim_start();
    if !trimmed.starts_with('{') && !trimmed.starts_with('[') && !head.contains("\n{") {
        return Vec::new();
    }
    let lines: Vec<Value> = head
        .lines()
        .filter(|line| line.starts_with('{'))
        .take(MOST_RECORDS)
        .map_while(|line| serde_json::from_str(line).ok())
        .collect();
    if !lines.is_empty() {
        return lines;
    }
    let start = if trimmed.starts_with(['{', '[']) {
        trimmed
    } else {
        head.find("\n{").map_or("", |at| &head[at + 1..])
    };
    json::parse_head(start).into_iter().collect()
}

/// What an extractor says about a site it recognises.
#[derive(Debug, Clone, Default)]
pub struct Detection {
    /// How sure it is, 0 to 100. 90 and above: the layout names itself or has a structure nothing
    /// else has. 60 to 89: its typical fields are there. Below 60: it could be.
    pub score: u8,
    /// What was seen, one short clause each.
    pub evidence: Vec<String>,
    /// The transcript's files in reading order. Left empty for a file site: the file itself.
    pub files: Vec<EntryId>,
    /// The session id, if seen, so that two records of one session are counted once.
    pub session: Option<String>,
}

/// A site that was settled on one extractor.
#[derive(Debug, Clone)]
pub struct Claim {
    /// The layout's name.
    pub layout: &'static str,
    /// Folder or file, relative to the analysed path.
    pub root: String,
    /// What the extractor said.
    pub detection: Detection,
    /// Which of the runs in the files, if they hold several.
    pub part: Option<Part>,
    /// The learned extractor that reads it, where `layout` is [`Claim::LEARNED`].
    pub learned: Option<Arc<Reader>>,
}

impl Claim {
    /// What stands in `layout` for every learned extractor.
    pub const LEARNED: &'static str = "learned";

    /// The layout's name: of a learned one that of its package.
    #[must_use]
    pub fn layout_name(&self) -> &str {
        match &self.learned {
            Some(reader) => &reader.package.name,
            None => self.layout,
        }
    }
}

/// One of several runs in the same files.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Part {
    /// What the layout calls it; unique among the parts. The run's id is `path#key`.
    pub key: String,
    /// The session id, if known, so that two records of one session are counted once.
    pub session: Option<String>,
    /// Where it stands, for parts that are a byte range of the first file.
    pub range: Option<Range<u64>>,
    /// For parts that are sessions of one store: the sessions that belong to it, itself first and
    /// parents before the sessions their calls started, each with its parent's id.
    pub sessions: Vec<(String, Option<String>)>,
    /// When anything of it was last written, where the layout knows that better than the time of
    /// the file all parts share.
    pub written: Option<Timestamp>,
}

/// A trajectory with the account of how it was read.
#[derive(Debug, Clone, Default)]
pub struct Extraction {
    /// The run.
    pub trajectory: Trajectory,
    /// How much of the files ended up in it.
    pub coverage: Coverage,
    /// What was odd, one sentence each, naming file and place.
    pub warnings: Vec<String>,
}

/// How much of a transcript an extractor understood.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Bytes of records whose kind is known, of all bytes.
    pub bytes: Share,
    /// Records (messages, events, lines) whose kind is known, of all records.
    pub events: Share,
    /// Results that answer no known call, where the reader counts them.
    pub orphans: u64,
}

impl Coverage {
    /// Counts one record of `size` bytes.
    pub fn count(&mut self, size: usize, explained: bool) {
        self.events.total += 1;
        self.bytes.total += size as u64;
        if explained {
            self.events.explained += 1;
            self.bytes.explained += size as u64;
        }
    }

    /// Adds the counts of another part of the same run.
    pub fn add(&mut self, other: Self) {
        for (mine, more) in [
            (&mut self.bytes, other.bytes),
            (&mut self.events, other.events),
        ] {
            mine.explained += more.explained;
            mine.total += more.total;
        }
        self.orphans += other.orphans;
    }
}

/// A part of a whole.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Share {
    /// The part.
    pub explained: u64,
    /// The whole.
    pub total: u64,
}

impl Share {
    /// Between 0 and 1; 1 for an empty whole.
    #[must_use]
    pub fn ratio(self) -> f64 {
        if self.total == 0 {
            return 1.0;
        }
        #[expect(clippy::cast_precision_loss, reason = "a share for people")]
        let ratio = self.explained as f64 / self.total as f64;
        ratio
    }
}

/// Why a recognised run could not be read.
#[derive(Debug, Error)]
pub enum ExtractError {
    /// A file could not be read.
    #[error("{path}: {source}")]
    Io {
        /// The artifact, relative to the analysed path.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// The content is not what the layout promises.
    #[error("{path}: byte {byte}: {what}")]
    Malformed {
        /// The artifact, relative to the analysed path.
        path: String,
        /// Where in the file reading stopped.
        byte: u64,
        /// What was wrong there and what can be done.
        what: String,
    },
}

impl ExtractError {
    /// An I/O failure on the artifact at `path`.
    #[must_use]
    pub fn io(path: &str, source: io::Error) -> Self {
        Self::Io {
            path: path.to_owned(),
            source,
        }
    }

    /// A JSON error in `text`, which was read from `path`.
    #[must_use]
    pub fn json(path: &str, text: &str, error: &serde_json::Error) -> Self {
        let line_start: usize = text
            .split_inclusive('\n')
            .take(error.line().saturating_sub(1))
            .map(str::len)
            .sum();
        Self::Malformed {
            path: path.to_owned(),
            byte: (line_start + error.column().saturating_sub(1)) as u64,
            what: error.to_string(),
        }
    }
}
