//! Programs that mean harm, each of which must end in its clear error within the limits. The whole
//! suite runs behind both walls. Kinds of errors are asserted, never times.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

mod limits;
mod reach;
mod results;

use std::time::Duration;

use script::{At, Clock, Launcher, Limits, Program, ScriptError, Walls};

const MIB: u64 = 1024 * 1024;

/// Small enough for a quick suite on a busy machine.
fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.cpu = Duration::from_millis(700);
    limits.wall = Duration::from_secs(30);
    limits.memory = 32 * MIB;
    limits.output = 4 * MIB;
    limits.events = 10_000;
    limits
}

fn walls() -> Walls {
    Walls::Both(Launcher::at(env!("CARGO_BIN_EXE_script-worker")))
}

/// Runs `source` over two small records to its end.
fn run(source: &str) -> Result<String, ScriptError> {
    run_with(source, limits())
}

fn run_with(source: &str, limits: Limits) -> Result<String, ScriptError> {
    let mut run = Program::load(source, limits, walls())?.run()?;
    let mut events = run
        .feed(&[r#"{"a":1}"#, r#"{"a":2}"#])?
        .as_json()
        .to_owned();
    let last = run.finish()?;
    if !last.is_empty() {
        events.push_str(last.as_json());
    }
    Ok(events)
}

/// The error of a `read` with this body.
fn error(body: &str) -> ScriptError {
    error_of(&format!("function read(record, index) {{ {body} }}"))
}

fn error_of(source: &str) -> ScriptError {
    run(source).expect_err(source)
}

const FIRST: At = At::Record(0);

#[track_caller]
fn assert_threw(error: &ScriptError, says: &str) {
    let ScriptError::Threw { message, .. } = error else {
        panic!("{error:?}")
    };
    assert!(message.contains(says), "{message}");
}

#[track_caller]
fn assert_contract(error: &ScriptError, says: &str) {
    let ScriptError::Contract { message, .. } = error else {
        panic!("{error:?}")
    };
    assert!(message.contains(says), "{message}");
}

fn timeout() -> ScriptError {
    ScriptError::Timeout {
        limit_ms: 700,
        clock: Clock::Cpu,
        at: FIRST,
    }
}

/// Filling memory takes its time on a busy machine.
#[track_caller]
fn assert_memory(body: &str) {
    let mut limits = limits();
    limits.cpu = Duration::from_secs(20);
    let text = format!("function read() {{ {body} }}");
    let memory = ScriptError::Memory {
        limit: 32 * MIB,
        at: FIRST,
    };
    assert_eq!(run_with(&text, limits).expect_err(body), memory);
}
