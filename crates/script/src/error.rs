//! Why a program was not run to its end.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Where a program was when something went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum At {
    /// While its text was compiled and its top level ran.
    Loading,
    /// While it read the record of this index; 0 is the run's first.
    Record(u64),
    /// In `finish()`.
    Finishing,
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Loading => f.write_str("while loading"),
            Self::Record(index) => write!(f, "at record {index}"),
            Self::Finishing => f.write_str("in finish()"),
        }
    }
}

/// Why a run ended early. Every limit has its own kind, which gives the figure that was passed.
///
/// Texts that come from the program are cut to a few kilobytes and are untrusted: make them inert
/// before they reach a terminal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum ScriptError {
    /// The program took longer than [`cpu`](crate::Limits::cpu) or [`wall`](crate::Limits::wall).
    #[error("the program was stopped {at}: it took more than {limit_ms} ms of {clock}")]
    Timeout {
        /// The limit, in milliseconds.
        limit_ms: u64,
        /// Which clock ran out.
        clock: Clock,
        /// Where.
        at: At,
    },
    /// The program needed more than [`memory`](crate::Limits::memory). A program that throws `null`
    /// gets this as well: the engine does the same when there is no memory for an error.
    #[error("the program was stopped {at}: it needed more than {limit} bytes of memory")]
    Memory {
        /// The limit, in bytes.
        limit: u64,
        /// Where.
        at: At,
    },
    /// The events took more than [`output`](crate::Limits::output).
    #[error("the program was stopped {at}: its events took more than {limit} bytes")]
    Output {
        /// The limit, in bytes.
        limit: u64,
        /// Where.
        at: At,
    },
    /// There were more than [`events`](crate::Limits::events).
    #[error("the program was stopped {at}: it gave more than {limit} events")]
    Events {
        /// The limit.
        limit: u64,
        /// Where.
        at: At,
    },
    /// Calls, or values in values, went deeper than [`stack`](crate::Limits::stack) allows.
    #[error("the program was stopped {at}: calls or values nested past {limit} bytes of stack")]
    Stack {
        /// The limit, in bytes.
        limit: u64,
        /// Where.
        at: At,
    },
    /// The text is no program.
    #[error("the program does not compile, line {line}, column {column}: {message}")]
    Compile {
        /// 1-based; 0 where the engine does not say.
        line: u32,
        /// 1-based; 0 where the engine does not say.
        column: u32,
        /// What the engine says.
        message: String,
    },
    /// The program threw.
    #[error("the program threw {at}: {message}")]
    Threw {
        /// Where.
        at: At,
        /// Name and message of the error, or what else was thrown.
        message: String,
        /// The program's call stack, a line a call; empty when what was thrown has none.
        stack: String,
    },
    /// The program broke its contract: no `read`, or something else than events came out of it.
    #[error("the program broke its contract {at}: {message}")]
    Contract {
        /// Where.
        at: At,
        /// What was expected and what came.
        message: String,
    },
    /// A record is not JSON. This is the caller's fault, not the program's.
    #[error("record {record} is not JSON: {message}")]
    Record {
        /// Its index.
        record: u64,
        /// What the parser says.
        message: String,
    },
    /// What came from the worker is not an answer. Either side has a bug, or the engine was
    /// taken over.
    #[error("the worker did not keep to the protocol {at}: {message}")]
    Protocol {
        /// What the worker was asked to do.
        at: At,
        /// What was wrong.
        message: String,
    },
    /// The worker died of something else than its limits.
    #[error("the worker was killed {at}{}", killer(*signal))]
    Killed {
        /// The signal, where the system has signals and it was one.
        signal: Option<i32>,
        /// What the worker was asked to do.
        at: At,
    },
    /// No worker could be started.
    #[error("no worker could be started: {message}")]
    Start {
        /// What the system says.
        message: String,
    },
}

/// The two clocks of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Clock {
    /// Time the program computed.
    Cpu,
    /// Time that went by.
    Wall,
}

impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cpu => "CPU time",
            Self::Wall => "time",
        })
    }
}

/// The signals a worker can die of, with what each of them means here.
fn killer(signal: Option<i32>) -> String {
    let meaning = match signal {
        None => return String::from(": it ended without an answer"),
        Some(6) => " (abort: the engine gave up, or the process passed its hard memory limit)",
        Some(9) => " (kill: from outside, or the system was out of memory)",
        Some(11) => " (segmentation fault: a bug of the engine)",
        // 31 on Linux, everywhere but on MIPS.
        Some(31) => " (bad system call: it asked the kernel for something that is not allowed)",
        Some(_) => "",
    };
    format!(" by signal {}{meaning}", signal.unwrap_or_default())
}
