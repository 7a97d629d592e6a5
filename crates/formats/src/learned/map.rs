//! The declarative extractor: where the records of a layout stand and what their fields say.

use serde::{Deserialize, Serialize};

use super::path::Path;

/// A whole layout as data. It can be read, edited and exchanged, and runs nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldMap {
    /// Where the records stand.
    pub records: Records,
    /// What they say. Every rule that fits a record speaks; what a record says is ordered as
    /// person, reasoning, words, calls, results, whatever the order of its fields.
    pub rules: Vec<Rule>,
}

/// Where the records of a layout stand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Records {
    /// What holds them.
    pub container: Container,
    /// Where each record stands within the document or line; empty when that is the record.
    #[serde(default, skip_serializing_if = "Path::is_root")]
    pub at: Path,
    /// What keeps several runs of one file apart.
    #[serde(default, skip_serializing_if = "Runs::is_one")]
    pub runs: Runs,
    /// Records are put in the order of this field before they are read: numbers, or times.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<Path>,
    /// The field that names the sub-agent a record belongs to; absent or empty for the main agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread: Option<Path>,
}

/// What holds the records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Container {
    /// One JSON document.
    Document,
    /// JSON Lines.
    Lines,
    /// A folder of JSON documents, in the order of their names' numbers.
    Files,
    /// The rows of the tables of an `SQLite` database, each with the member `@table`; columns of JSON
    /// text are decoded.
    Database,
    /// Sections of a Markdown transcript: `role` (the words that open the section), `text`, and
    /// `code` (fenced blocks, each with `language` and `text`).
    Markdown,
    /// The lines of a text, each a record with the member `line`: for scripts.
    Text,
    /// Entries of a plain log: `time`, `level`, `mark` (the words that open the entry) and `text`.
    Log,
}

/// How several runs in one file are told apart.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Runs {
    /// The file is one run.
    #[default]
    One,
    /// Every line, or every element at this path of the document, is a run of its own.
    Each(Path),
    /// Records with the same value of this field are one run.
    By(Path),
}

impl Runs {
    fn is_one(&self) -> bool {
        *self == Self::One
    }
}

/// One thing that some records say.
// What no field takes goes on to `Says`, which refuses what it does not know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// What the record must be.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub when: Vec<Condition>,
    /// The parts of the record that speak, each on its own; empty for the record itself.
    #[serde(default, skip_serializing_if = "Path::is_root")]
    pub each: Path,
    /// What such a part must be.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub which: Vec<Condition>,
    /// What it says. Fields are looked for in the part, or from `@record` on in the whole record.
    #[serde(flatten)]
    pub says: Says,
}

/// What a value must be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// The field looked at.
    pub field: Path,
    /// The texts it may have (numbers and booleans as JSON writes them). Empty: it must be there
    /// and not be null or empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub is: Vec<String>,
    /// It must be none of that.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub not: bool,
}

/// A field and where else it may stand: the first path that leads to something counts.
pub type Field = Vec<Path>;

/// What a part of a record says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "says", rename_all = "snake_case", deny_unknown_fields)]
pub enum Says {
    /// A person's words.
    User {
        /// The words.
        text: Field,
    },
    /// Hidden reasoning.
    Think {
        /// The text.
        text: Field,
    },
    /// The agent's words.
    Say {
        /// The words.
        text: Field,
    },
    /// A tool call, with its result where that stands beside it.
    Call(CallFields),
    /// The result of a call.
    Result(ResultFields),
    /// A command the agent wrote into its words, as a fenced block or between tags. What the next
    /// person's or environment's record says is its result.
    TextCall {
        /// The words that hold it.
        text: Field,
        /// How it is marked.
        marked: Mark,
    },
    /// What a reply cost.
    Usage {
        /// Prompt tokens.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        input: Field,
        /// Prompt tokens read from a cache.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        cached: Field,
        /// Completion tokens.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        output: Field,
        /// United States dollars.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        cost: Field,
    },
    /// Nothing of the agent's work: bookkeeping, known and passed over.
    Nothing,
    /// Facts about the run.
    About {
        /// The session's id.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        session: Field,
        /// The agent's name.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        agent: Field,
        /// The model's name.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        model: Field,
        /// The folder the agent started in.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        cwd: Field,
        /// When the record was written: ISO text, or seconds, milli-, micro- or nanoseconds since
        /// 1970.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        time: Field,
        /// The id of the model's reply the record belongs to.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        reply: Field,
    },
}

/// The fields of a tool call.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallFields {
    /// The call's id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub id: Field,
    /// The tool's name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tool: Field,
    /// The tool's name where no field states it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub named: Option<String>,
    /// Its arguments: an object, the JSON text of one, or a command as text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub arguments: Field,
    /// The same id again is the same call brought up to date, not another call.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub once: bool,
    /// The result that stands beside the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<ResultFields>,
}

/// The fields of a result.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResultFields {
    /// The id of the call it answers; empty: the earliest call without a result.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub id: Field,
    /// The text.
    pub text: Field,
    /// The exit status.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exit_status: Field,
    /// Where it is said that the call failed, and by which values; by being there at all where none
    /// are listed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failed: Vec<Condition>,
}

/// How a command is marked within words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// A fenced block whose language is one of these (empty: a block without one).
    Fence(Vec<String>),
    /// Between `<tag>` and `</tag>`.
    Tag(String),
}
