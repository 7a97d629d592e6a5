//! What can go wrong, and the way out.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::budget::BudgetExhausted;

/// Which model was called where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallSite {
    /// The model as `provider/model`.
    pub model: String,
    /// The server's address, without secrets; empty where the model's name is its address.
    pub address: String,
}

impl fmt::Display for CallSite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.model)?;
        if self.address.is_empty() {
            return Ok(());
        }
        write!(f, " at {}", self.address)
    }
}

/// What was being waited for when the time was up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// The first byte of the answer.
    FirstByte,
    /// The next bytes of the answer.
    NextBytes,
    /// One whole exchange.
    Exchange,
    /// The call with all its retries.
    Call,
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::FirstByte => "the first byte",
            Self::NextBytes => "the next bytes",
            Self::Exchange => "the whole answer",
            Self::Call => "the call with its retries",
        })
    }
}

/// Why a call gave no completion.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum LlmError {
    /// The name of the model cannot be understood.
    #[error("model `{given}`: {reason}")]
    ModelName {
        /// As given.
        given: String,
        /// What is wrong and how to write it.
        reason: String,
    },
    /// The provider needs a key and none is set.
    #[error("{provider} needs a key: set {variable} in the environment or in .env{}", bad_lines_note(*bad_lines))]
    MissingKey {
        /// The provider's name.
        provider: &'static str,
        /// The variable to set.
        variable: &'static str,
        /// Lines of `.env` that could not be read.
        bad_lines: usize,
    },
    /// A variable, file or option holds something that cannot be used.
    #[error("{variable}: {reason}")]
    Setting {
        /// The variable, file or option.
        variable: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// The server refused the request, and would refuse it again.
    #[error("{site}: status {status}: {message}{}", hint(*status))]
    Refused {
        /// Which call.
        site: CallSite,
        /// The HTTP status.
        status: u16,
        /// What the server said.
        message: String,
    },
    /// The server had no time for the request, and still had none after the retries.
    #[error("{site}: status {status} after {retries} retries: {message}{}", wait_note(*retry_after))]
    Busy {
        /// Which call.
        site: CallSite,
        /// The HTTP status of the last answer.
        status: u16,
        /// Retries made.
        retries: u32,
        /// How long the server asked to wait, when it said so.
        retry_after: Option<Duration>,
        /// What the server said.
        message: String,
    },
    /// No connection, or it broke before the answer was whole.
    #[error("{site}: {reason}{}", if *.retries > 0 { format!(" (after {} retries)", .retries) } else { String::new() })]
    Connection {
        /// Which call.
        site: CallSite,
        /// What happened.
        reason: String,
        /// Retries made.
        retries: u32,
    },
    /// The time was up.
    #[error("{site}: waited {} s for {wait}; raise the timeout if the model is this slow", limit.as_secs_f64())]
    Timeout {
        /// Which call.
        site: CallSite,
        /// What was being waited for.
        wait: Wait,
        /// The limit.
        limit: Duration,
    },
    /// The stream ended before the answer did, and some of it had already been passed on.
    #[error("{site}: the stream ended before the answer did: {reason}")]
    Truncated {
        /// Which call.
        site: CallSite,
        /// What is missing.
        reason: String,
    },
    /// The answer is not one of this protocol.
    #[error("{site}: the answer cannot be read: {reason}")]
    BadAnswer {
        /// Which call.
        site: CallSite,
        /// What is wrong with it.
        reason: String,
    },
    /// The program that acts as the model could not be started or failed, or its folder cannot be
    /// used.
    #[error("{site}: {reason}")]
    Program {
        /// Which call.
        site: CallSite,
        /// What happened, with the last lines of its error output where it failed.
        reason: String,
    },
    /// The answer is larger than allowed.
    #[error("{site}: the answer is larger than {limit} bytes")]
    TooLarge {
        /// Which call.
        site: CallSite,
        /// The limit in bytes.
        limit: usize,
    },
    /// The budget does not allow the call.
    #[error(transparent)]
    Budget(#[from] BudgetExhausted),
    /// A budget in money was set for a model whose price is not known.
    #[error(
        "{model} has no known price, so a budget in money cannot be kept: add it to a price file, or limit tokens instead"
    )]
    UnknownPrice {
        /// The model as `provider/model`.
        model: String,
    },
    /// The request is not in the cassette that is replayed.
    #[error("{}: no recorded answer to this request ({model}, key {key}){}: record the calls again", .path.display(), if *.used { ", all that were recorded are used up" } else { "" })]
    NotRecorded {
        /// The cassette.
        path: PathBuf,
        /// The model as `provider/model`.
        model: String,
        /// The request's key.
        key: String,
        /// Whether there were answers, all given out by now.
        used: bool,
    },
    /// The cassette cannot be read or written.
    #[error("{}: {reason}", .path.display())]
    Cassette {
        /// The cassette.
        path: PathBuf,
        /// What went wrong, with the line where there is one.
        reason: String,
    },
    /// The model did not give a document that satisfies the schema.
    #[error("{model}: after {rounds} repair rounds the answer still does not satisfy the schema `{schema}`: {}", .errors.join("; "))]
    Schema {
        /// The model as `provider/model`.
        model: String,
        /// The schema's name.
        schema: String,
        /// Repair rounds made.
        rounds: u32,
        /// What is wrong with the last answer.
        errors: Vec<String>,
    },
}

fn bad_lines_note(lines: usize) -> String {
    if lines == 0 {
        return String::new();
    }
    format!(" (lines of .env passed over, as they are not NAME=value or hold `$`: {lines})")
}

fn wait_note(retry_after: Option<Duration>) -> String {
    retry_after.map_or_else(String::new, |wait| {
        format!(" (the server asks to wait {} s)", wait.as_secs())
    })
}

fn hint(status: u16) -> &'static str {
    match status {
        300..=399 => " (a redirect is not followed: set the base address to where it points)",
        401 => " (the key was refused)",
        402 => " (the account has no credit)",
        403 => " (the key may not use this model)",
        404 => " (check the model's name and the base address)",
        413 => " (the request is too long for the server)",
        _ => "",
    }
}

impl LlmError {
    /// The error of a call that was retried so often.
    pub(crate) fn after(mut self, made: u32) -> Self {
        if let Self::Busy { retries, .. } | Self::Connection { retries, .. } = &mut self {
            *retries = made;
        }
        self
    }

    /// A short name of the kind, for ledgers and tables.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::ModelName { .. } => "model_name",
            Self::MissingKey { .. } => "missing_key",
            Self::Setting { .. } => "setting",
            Self::Refused { .. } => "refused",
            Self::Busy { .. } => "busy",
            Self::Connection { .. } => "connection",
            Self::Timeout { .. } => "timeout",
            Self::Truncated { .. } => "truncated",
            Self::BadAnswer { .. } => "bad_answer",
            Self::Program { .. } => "program",
            Self::TooLarge { .. } => "too_large",
            Self::Budget(_) => "budget",
            Self::UnknownPrice { .. } => "unknown_price",
            Self::NotRecorded { .. } => "not_recorded",
            Self::Cassette { .. } => "cassette",
            Self::Schema { .. } => "schema",
        }
    }
}
