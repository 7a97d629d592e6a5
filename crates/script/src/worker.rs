//! The inside of the outer wall: the process that runs programs.

use std::ffi::OsStr;
use std::io::{self, Read, Write};
use std::process::ExitCode;
use std::time::Duration;

use crate::engine::{Engine, Yield, warm_up};
use crate::error::{At, ScriptError};
use crate::limits::{Limits, MOST_SOURCE};
use crate::lockdown::lock_down;
use crate::wire;

/// The first argument that makes a binary a worker. The second is its limits, as JSON.
pub const ARGUMENT: &str = "__extractor-worker";

/// Works, if this process was started as a worker: then this returns at the end of the work, and
/// `main` must return what it gives. Call it before anything else, while the process has one
/// thread and no file open.
///
/// A worker locks itself down before it reads from standard input.
#[must_use]
pub fn main() -> Option<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().as_deref() != Some(OsStr::new(ARGUMENT)) {
        return None;
    }
    let limits = arguments.next()?.into_string().ok()?;
    let limits: Limits = serde_json::from_str(&limits).ok()?;
    Some(if on_stack(&limits.kept()).is_ok() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// On Unix the main thread has 8 MiB, twice what an engine may take.
#[cfg(unix)]
fn on_stack(limits: &Limits) -> io::Result<()> {
    work(limits)
}

/// Elsewhere the main thread may have one.
#[cfg(not(unix))]
fn on_stack(limits: &Limits) -> io::Result<()> {
    let limits = limits.clone();
    let thread = std::thread::Builder::new()
        .stack_size(8 << 20)
        .spawn(move || work(&limits))?;
    thread
        .join()
        .unwrap_or_else(|_| Err(io::ErrorKind::Other.into()))
}

fn work(limits: &Limits) -> io::Result<()> {
    warm_up();
    let isolation = lock_down(limits);
    let mut input = io::stdin().lock();
    let mut output = io::stdout().lock();
    wire::send(&mut output, wire::HELLO, &serde_json::to_vec(&isolation)?)?;
    let Err(error) = serve(&mut input, &mut output, limits)? else {
        return Ok(());
    };
    wire::send(&mut output, wire::ERROR, &serde_json::to_vec(&error)?)
}

/// Answers frames until the host closes the pipe. The outer error is the pipe's, the inner one the
/// program's; after either this worker is of no use.
fn serve(
    input: &mut impl Read,
    output: &mut impl Write,
    limits: &Limits,
) -> io::Result<Result<(), ScriptError>> {
    let Some((wire::PROGRAM, source)) = wire::receive(input, MOST_SOURCE as u64)? else {
        return Ok(Ok(()));
    };
    let Ok(source) = String::from_utf8(source) else {
        return Ok(Err(nonsense("the program is not UTF-8")));
    };
    let mut engine = match Engine::load(&source, limits) {
        Ok(engine) => Some(engine),
        Err(error) => return Ok(Err(error)),
    };
    reply(output, &Yield::default())?;
    // The lengths of the records come on top of their text.
    let most = limits.batch().saturating_mul(5).saturating_add(4);
    while let Some((kind, payload)) = wire::receive(input, most)? {
        // A run after the first begins with its first frame, on an engine of its own.
        let current = match engine.take() {
            Some(engine) => Ok(engine),
            None => Engine::load(&source, limits),
        };
        let answer = current.and_then(|mut current| match kind {
            wire::RECORDS => {
                let records =
                    wire::unpack(&payload).ok_or_else(|| nonsense("records out of shape"))?;
                let answer = current.feed(records)?;
                engine = Some(current);
                Ok(answer)
            }
            wire::FINISH => current.finish(),
            _ => Err(nonsense("an unknown kind of frame")),
        });
        match answer {
            Ok(answer) => reply(output, &answer)?,
            Err(error) => return Ok(Err(error)),
        }
    }
    Ok(Ok(()))
}

fn reply(output: &mut impl Write, given: &Yield) -> io::Result<()> {
    let cpu_us = u64::try_from(cpu_time().as_micros()).unwrap_or(u64::MAX);
    wire::send_answer(output, cpu_us, &given.counts, &given.events)
}

fn nonsense(message: &str) -> ScriptError {
    ScriptError::Protocol {
        at: At::Loading,
        message: message.to_owned(),
    }
}

/// CPU time of this process.
#[cfg(unix)]
fn cpu_time() -> Duration {
    use rustix::time::{ClockId, clock_gettime};
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::from_secs(u64::try_from(time.tv_sec).unwrap_or(0))
        + Duration::from_nanos(u64::try_from(time.tv_nsec).unwrap_or(0))
}

/// Not known: such a worker serves as many runs as it is given.
#[cfg(not(unix))]
fn cpu_time() -> Duration {
    Duration::ZERO
}
