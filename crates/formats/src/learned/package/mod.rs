//! A learned extractor as a thing to keep: one document with its program, what it recognises, how
//! well it reads, where it comes from, and the samples it must go on reading.

use std::fmt;
use std::ops::Deref;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::map::{Container, FieldMap, Records};
use super::path::Path;
use super::score::{Bar, Score};

/// The version of the document.
pub const SCHEMA: &str = "codetracer.extractor/1";

/// The largest document that is read, in bytes.
pub const MOST_BYTES: usize = 4 << 20;

/// The largest program text of a script, in bytes.
pub const MOST_SCRIPT: usize = 256 << 10;

/// The most samples a package may carry.
pub const MOST_SAMPLES: usize = 48;

/// The largest sample, in bytes of all its files.
pub const MOST_SAMPLE_BYTES: usize = 128 << 10;

/// A sealed package: its content and the hash of it. It can be read and no longer changed; a changed
/// content is another package.
#[derive(Debug, Clone, PartialEq)]
pub struct Package {
    content: Content,
    hash: String,
}

/// What a package says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Content {
    /// [`SCHEMA`].
    pub schema: String,
    /// BLAKE3 of the document without this line. Filled by [`Package::seal`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hash: Option<String>,
    /// The layout's name: small letters, digits and `-`. It stands in `Trajectory::format`.
    pub name: String,
    /// 1, 2, 3 … along the layout's history.
    pub version: u32,
    /// One line for people.
    pub title: String,
    /// What files of the layout look like.
    pub recognise: Fingerprint,
    /// How they are read.
    pub program: Program,
    /// What a script may use.
    #[serde(default)]
    pub limits: Limits,
    /// What a reading must reach.
    pub bar: Bar,
    /// Where the package comes from.
    pub provenance: Provenance,
    /// What it achieved on the artifacts it was accepted on.
    pub score: Score,
    /// Bytes of text in the steps (thoughts, actions, observations) of all bytes of those artifacts.
    #[serde(default)]
    pub told: f64,
    /// What it must go on reading exactly so: its own sample and those of the versions before.
    pub samples: Vec<Sample>,
}

/// What files of a layout look like. It makes a package a candidate for a file and decides nothing:
/// the measured reading does.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fingerprint {
    /// What held the records, in each edition of the layout.
    pub containers: Vec<Container>,
    /// The fields whose values tell the kinds of records apart.
    pub kinds_by: Vec<Path>,
    /// The kinds of records seen, as `field=value`, and which of their fields are always there.
    pub kinds: Vec<Kind>,
    /// Endings of file names seen; a hint for people only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub endings: Vec<String>,
}

/// One kind of record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kind {
    /// `type=call`, or the names of its members where no field tells kinds apart.
    pub name: String,
    /// The paths seen in at least half of its records.
    pub fields: Vec<Path>,
}

/// How files are read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Program {
    /// Field maps, one for each edition of the layout whose records stand elsewhere. The one that
    /// reads a file best reads it.
    Maps(Vec<FieldMap>),
    /// A program for the sandbox.
    Script(Script),
}

/// A program in JavaScript with `read(record, index)` and perhaps `finish()`, which give events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// Where its records stand.
    pub records: Records,
    /// The text, line by line.
    #[serde(with = "lines")]
    pub source: String,
}

/// What a script may use for one run. Values above [`Limits::CEILING`] are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Milliseconds of computing.
    pub cpu_ms: u64,
    /// Bytes of memory.
    pub memory: u64,
    /// Bytes of events.
    pub output: u64,
    /// Events.
    pub events: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            cpu_ms: 10_000,
            memory: 128 << 20,
            output: 64 << 20,
            events: 1_000_000,
        }
    }
}

impl Limits {
    /// The most a package may ask for.
    pub const CEILING: Self = Self {
        cpu_ms: 60_000,
        memory: 512 << 20,
        output: 256 << 20,
        events: 5_000_000,
    };

    fn within(&self, most: &Self) -> bool {
        self.cpu_ms <= most.cpu_ms
            && self.memory <= most.memory
            && self.output <= most.output
            && self.events <= most.events
    }
}

/// Where a package comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    /// `induction`, `hand`, `revision`, or `model NAME`.
    pub made_by: String,
    /// The version of this program that made it.
    pub tool: String,
    /// How it was made from the version before, one sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<String>,
    /// The hash of the version before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// The hash of the first version; absent in the first version itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
}

/// A piece of an artifact, redacted and cut, and the steps it must give.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sample {
    /// `1.1`: of version 1, the first.
    pub name: String,
    /// Its files.
    pub files: Vec<SampleFile>,
    /// The files are JSON Lines with the records of another container, such as rows of a database.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub records_only: bool,
    /// BLAKE3 of the files' texts, one after the other.
    pub blake3: String,
    /// The steps, those of sub-agents after those of the main agent.
    pub steps: Vec<StepPrint>,
}

/// A file of a sample.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SampleFile {
    /// Its name.
    pub name: String,
    /// Its text, line by line.
    #[serde(with = "lines")]
    pub text: String,
}

/// What a step of a sample must be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepPrint {
    /// The meaning of the action; `other` where the tool was not known.
    pub kind: String,
    /// The tool's name.
    pub tool: String,
    /// Hash of the arguments.
    pub arguments: String,
    /// Hash of the observation's text and exit status; absent where there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observation: Option<String>,
}

/// Why a document is no package.
#[derive(Debug, Error)]
pub enum PackageError {
    /// It is too large to be one.
    #[error("{bytes} bytes; a package has at most {MOST_BYTES}")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// It is not written like one.
    #[error("line {line}, column {column}: {what}")]
    Malformed {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// What is wrong.
        what: String,
    },
    /// It was changed after it was sealed.
    #[error(
        "the hash does not fit the content: stated {stated}, found {found}; it was changed after it was made"
    )]
    Hash {
        /// In the document.
        stated: String,
        /// Of the document.
        found: String,
    },
    /// It says something a package may not say.
    #[error("{0}")]
    Invalid(String),
}

impl Content {
    /// A content with nothing in it but a name and a program.
    #[must_use]
    pub fn new(name: &str, program: Program) -> Self {
        Self {
            schema: SCHEMA.to_owned(),
            hash: None,
            name: name.to_owned(),
            version: 1,
            title: String::new(),
            recognise: Fingerprint::default(),
            program,
            limits: Limits::default(),
            bar: Bar::default(),
            provenance: Provenance::default(),
            score: Score::default(),
            told: 0.0,
            samples: Vec::new(),
        }
    }

    fn check(&self) -> Result<(), String> {
        if self.schema != SCHEMA {
            return Err(format!(
                "schema `{}`; this program reads {SCHEMA}",
                self.schema
            ));
        }
        check_name(&self.name)?;
        if self.version == 0 {
            return Err("versions begin with 1".to_owned());
        }
        if !self.bar.reaches(&Bar::default()) {
            return Err(format!("a bar below {:?}", Bar::default()));
        }
        if !self.limits.within(&Limits::CEILING) {
            return Err(format!("limits beyond the ceiling {:?}", Limits::CEILING));
        }
        match &self.program {
            Program::Script(script) if script.source.len() > MOST_SCRIPT => {
                return Err(format!("a script has at most {MOST_SCRIPT} bytes"));
            }
            Program::Maps(maps) if maps.is_empty() || maps.len() > 16 => {
                return Err("a program has 1 to 16 maps".to_owned());
            }
            Program::Maps(maps) if maps.iter().any(|map| map.rules.len() > 256) => {
                return Err("a map has at most 256 rules".to_owned());
            }
            _ => {}
        }
        if self.samples.len() > MOST_SAMPLES {
            return Err(format!("a package has at most {MOST_SAMPLES} samples"));
        }
        self.samples.iter().try_for_each(Sample::check)
    }
}

impl Sample {
    fn check(&self) -> Result<(), String> {
        let bytes: usize = self.files.iter().map(|file| file.text.len()).sum();
        if bytes > MOST_SAMPLE_BYTES {
            return Err(format!(
                "sample {}: {bytes} bytes, at most {MOST_SAMPLE_BYTES}",
                self.name
            ));
        }
        if self.blake3 != self.hash() {
            return Err(format!(
                "sample {}: its hash does not fit its files",
                self.name
            ));
        }
        Ok(())
    }

    /// The hash of the files.
    pub(super) fn hash(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        for file in &self.files {
            hasher.update(file.text.as_bytes());
        }
        hasher.finalize().to_hex().to_string()
    }
}

impl Package {
    /// Seals a content: checks it and works out its hash.
    ///
    /// # Errors
    /// [`PackageError::Invalid`] when it says something a package may not say.
    pub fn seal(mut content: Content) -> Result<Self, PackageError> {
        for share in [
            &mut content.score.bytes_explained,
            &mut content.score.events_explained,
            &mut content.bar.joined,
            &mut content.bar.events,
            &mut content.bar.bytes,
            &mut content.bar.order,
            &mut content.told,
        ] {
            if !share.is_finite() {
                return Err(PackageError::Invalid("a share is no number".to_owned()));
            }
            // Short enough to be written and read back as the same number everywhere.
            *share = (*share * 1e4).round() / 1e4;
        }
        content.hash = None;
        content.check().map_err(PackageError::Invalid)?;
        let hash = blake3::hash(text_of(&content)?.as_bytes())
            .to_hex()
            .to_string();
        Ok(Self { content, hash })
    }

    /// Reads a document.
    ///
    /// # Errors
    /// [`PackageError`] when it is too large, says something unknown or forbidden, or does not have
    /// the hash it states.
    pub fn parse(text: &str) -> Result<Self, PackageError> {
        let (package, stated) = Self::parse_edited(text)?;
        match stated {
            Some(stated) if stated == package.hash => Ok(package),
            stated => Err(PackageError::Hash {
                stated: stated.unwrap_or_else(|| "none".to_owned()),
                found: package.hash,
            }),
        }
    }

    /// Reads a document a person may have edited, whatever hash it states; gives that hash too.
    ///
    /// # Errors
    /// As [`Self::parse`], but for the hash.
    pub fn parse_edited(text: &str) -> Result<(Self, Option<String>), PackageError> {
        if text.len() > MOST_BYTES {
            return Err(PackageError::TooLarge { bytes: text.len() });
        }
        let mut content: Content =
            serde_json::from_str(text).map_err(|error| PackageError::Malformed {
                line: error.line(),
                column: error.column(),
                what: error.to_string(),
            })?;
        let stated = content.hash.take();
        Ok((Self::seal(content)?, stated))
    }

    /// The document: indented JSON in a fixed order, ending with a line break.
    ///
    /// # Errors
    /// Never for a package that was sealed.
    pub fn document(&self) -> Result<String, PackageError> {
        let mut content = self.content.clone();
        content.hash = Some(self.hash.clone());
        text_of(&content)
    }

    /// BLAKE3 of the content: the package's address.
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// The hash of the first version of this layout.
    #[must_use]
    pub fn origin(&self) -> &str {
        self.provenance.origin.as_deref().unwrap_or(&self.hash)
    }

    /// The content, to make another package from.
    #[must_use]
    pub fn content(&self) -> &Content {
        &self.content
    }

    /// The version as it stands in `Trajectory::format_version`: `2 (3f2a9c1d7e60)`.
    #[must_use]
    pub fn version_text(&self) -> String {
        format!(
            "{} ({})",
            self.version,
            self.hash.get(..12).unwrap_or_default()
        )
    }
}

impl Deref for Package {
    type Target = Content;

    fn deref(&self) -> &Content {
        &self.content
    }
}

impl fmt::Display for Package {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.name, self.version)
    }
}

/// Whether `name` may name a layout.
///
/// # Errors
/// What is wrong with it.
pub fn check_name(name: &str) -> Result<(), String> {
    let right = (1..=64).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if !right {
        return Err(format!(
            "name `{name}`: use up to 64 small letters, digits and `-`"
        ));
    }
    if crate::extractors().iter().any(|e| e.layout().name == name) {
        return Err(format!("name `{name}`: a built-in layout has it"));
    }
    Ok(())
}

fn text_of(content: &Content) -> Result<String, PackageError> {
    let mut text = serde_json::to_string_pretty(content)
        .map_err(|error| PackageError::Invalid(error.to_string()))?;
    text.push('\n');
    Ok(text)
}

/// Texts as lists of lines, for documents that are reviewed and compared.
mod lines {
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(text.split('\n'))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<String, D::Error> {
        Ok(Vec::<String>::deserialize(deserializer)?.join("\n"))
    }
}

#[cfg(test)]
mod tests;
