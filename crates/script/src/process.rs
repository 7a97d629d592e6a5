//! The host's side of a worker: starts it, talks to it, and kills it when it is due.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::error::{At, Clock, ScriptError};
use crate::events::Events;
use crate::isolation::Isolation;
use crate::limits::Limits;
use crate::wire;
use crate::worker::ARGUMENT;

/// How long a worker may take to start and lock itself down. It takes milliseconds.
const START: Duration = Duration::from_secs(20);

/// The longest hello and the longest error, in bytes.
const MOST_SAID: u64 = 64 * 1024;

/// Which binary is started as a worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Launcher {
    program: PathBuf,
    arguments: Vec<OsString>,
}

impl Launcher {
    /// This very binary, whose `main` must call [`worker::main`](crate::worker::main) first.
    ///
    /// # Errors
    /// [`ScriptError::Start`] when the system does not say which binary that is.
    pub fn here() -> Result<Self, ScriptError> {
        // The file may have been replaced while this process ran; this name stands for the one
        // that runs.
        #[cfg(target_os = "linux")]
        let program = PathBuf::from("/proc/self/exe");
        #[cfg(not(target_os = "linux"))]
        let program = std::env::current_exe().map_err(|error| start(&error))?;
        Ok(Self::at(program))
    }

    /// Another binary that calls [`worker::main`](crate::worker::main) first. For tests, whose own
    /// binary does not.
    #[must_use]
    pub fn at(program: impl Into<PathBuf>) -> Self {
        Self {
            program: program.into(),
            arguments: Vec::new(),
        }
    }

    /// Starts the worker as the last arguments of `program`: a tracer, say.
    #[must_use]
    pub fn under(self, program: impl Into<PathBuf>, arguments: &[&str]) -> Self {
        let mut all: Vec<OsString> = arguments.iter().map(OsString::from).collect();
        all.push(self.program.into());
        all.extend(self.arguments);
        Self {
            program: program.into(),
            arguments: all,
        }
    }

    /// What this machine gives: starts a worker, asks it which walls it stands behind, and ends it.
    ///
    /// # Errors
    /// [`ScriptError::Start`] and its like, when no worker can be started.
    pub fn isolation(&self) -> Result<Isolation, ScriptError> {
        Worker::start(self, &Limits::default()).map(|worker| worker.isolation)
    }
}

/// A started worker that has said hello.
pub(crate) struct Worker {
    input: ChildStdin,
    output: ChildStdout,
    watchdog: Watchdog,
    #[cfg(target_os = "linux")]
    pid: u32,
    pub(crate) isolation: Isolation,
    /// What it has used so far, by its own account.
    pub(crate) cpu: Duration,
    /// What is left of the run's time on the wall.
    wall_left: Duration,
    limits: Limits,
}

impl Worker {
    /// Starts one and waits until it is locked down.
    pub(crate) fn start(launcher: &Launcher, limits: &Limits) -> Result<Self, ScriptError> {
        let as_json = serde_json::to_string(limits).map_err(|error| start(&error))?;
        let mut command = Command::new(&launcher.program);
        command
            .args(&launcher.arguments)
            .arg(ARGUMENT)
            .arg(as_json)
            .env_clear()
            // Local time is UTC, whatever the machine's zone is.
            .env("TZ", "UTC0")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        #[cfg(unix)]
        command.current_dir("/");
        let mut child = command.spawn().map_err(|error| start(&error))?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(start(&"it has no pipes"));
        };
        #[cfg(target_os = "linux")]
        let pid = child.id();
        let watchdog = Watchdog::over(child).map_err(|error| start(&error))?;
        let isolation = Isolation {
            rlimits: unsaid(),
            landlock: unsaid(),
            seccomp: unsaid(),
        };
        let limits = limits.clone();
        let mut worker = Self {
            input,
            output,
            watchdog,
            #[cfg(target_os = "linux")]
            pid,
            isolation,
            cpu: Duration::ZERO,
            wall_left: START,
            limits,
        };
        worker.isolation = match worker.exchange(At::Loading, MOST_SAID, None) {
            Ok((wire::HELLO, hello)) => serde_json::from_slice(&hello)
                .map_err(|error| start(&format!("it does not say hello: {error}")))?,
            Ok(_) => return Err(start(&"it does not say hello")),
            Err(error) => return Err(start(&error)),
        };
        Ok(worker)
    }

    /// Gives a new run its time, on the wall and on the processor.
    pub(crate) fn begin(&mut self) {
        self.wall_left = self.limits.wall;
        self.allow_cpu();
    }

    /// The engine counts CPU time to the millisecond, but not within one built-in function. There
    /// the kernel ends it: at what the worker has used plus what the run may use, rounded up. (The
    /// worker's own limit, which this cannot pass, is that of two runs.)
    #[cfg(target_os = "linux")]
    fn allow_cpu(&self) {
        use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit};
        let soft = self
            .cpu
            .saturating_add(self.limits.cpu)
            .as_secs()
            .saturating_add(1);
        let hard = crate::lockdown::cpu_seconds(&self.limits)
            .min(getrlimit(Resource::Cpu).maximum.unwrap_or(u64::MAX));
        let limit = Rlimit {
            current: Some(soft.min(hard)),
            maximum: Some(hard),
        };
        let pid = i32::try_from(self.pid).ok().and_then(Pid::from_raw);
        if let Some(pid) = pid {
            // Where it fails the worker's own limit stands.
            let _ = prlimit(Some(pid), Resource::Cpu, limit);
        }
    }

    #[cfg(not(target_os = "linux"))]
    #[allow(clippy::unused_self)]
    fn allow_cpu(&self) {}

    /// Sends a frame and checks the answer to it: events of `records` records from `first` on, in
    /// at most `most` bytes.
    pub(crate) fn ask(
        &mut self,
        at: At,
        frame: (u8, &[u8]),
        (first, records): (u64, u64),
        most: u64,
    ) -> Result<Events, ScriptError> {
        let most = most
            .saturating_add(records.saturating_mul(11))
            .saturating_add(wire::ANSWER_OVERHEAD);
        let (kind, payload) = self.exchange(at, most, Some(frame))?;
        let wrong = |message: String| ScriptError::Protocol { at, message };
        match kind {
            wire::EVENTS => {
                let answer: wire::Answer = serde_json::from_slice(&payload)
                    .map_err(|error| wrong(format!("no answer: {error}")))?;
                if answer.counts.len() as u64 > records {
                    return Err(wrong("an answer for more records than asked for".into()));
                }
                self.cpu = Duration::from_micros(answer.cpu_us);
                Events::check(answer.events.get().to_owned(), &answer.counts, first).map_err(wrong)
            }
            wire::ERROR => Err(serde_json::from_slice(&payload)
                .unwrap_or_else(|error| wrong(format!("no error either: {error}")))),
            _ => Err(wrong("an unknown kind of frame".into())),
        }
    }

    /// One frame out, one frame in, within the time that is left.
    fn exchange(
        &mut self,
        at: At,
        most: u64,
        frame: Option<(u8, &[u8])>,
    ) -> Result<(u8, Vec<u8>), ScriptError> {
        let begun = Instant::now();
        self.watchdog.arm(self.wall_left);
        // A worker that gave up early is not there to read; what it said before counts.
        if let Some((kind, payload)) = frame {
            let _ = wire::send(&mut self.input, kind, payload);
        }
        let received = wire::receive(&mut self.output, most);
        let in_time = self.watchdog.disarm();
        self.wall_left = self.wall_left.saturating_sub(begun.elapsed());
        match received {
            Ok(Some(frame)) => Ok(frame),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                Err(ScriptError::Protocol {
                    at,
                    message: error.to_string(),
                })
            }
            _ if !in_time => Err(ScriptError::Timeout {
                limit_ms: milliseconds(self.limits.wall),
                clock: Clock::Wall,
                at,
            }),
            _ => Err(self.cause_of_death(at)),
        }
    }

    fn cause_of_death(&self, at: At) -> ScriptError {
        let signal = self.watchdog.bury().and_then(signal);
        // SIGXCPU: the kernel's limit on CPU time, behind the engine's own.
        if signal == Some(24) {
            let limit_ms = milliseconds(self.limits.cpu);
            return ScriptError::Timeout {
                limit_ms,
                clock: Clock::Cpu,
                at,
            };
        }
        ScriptError::Killed { signal, at }
    }
}

fn start(error: &dyn std::fmt::Display) -> ScriptError {
    ScriptError::Start {
        message: error.to_string(),
    }
}

fn unsaid() -> crate::Wall {
    crate::Wall::Missing("the worker has not said".into())
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(unix)]
fn signal(status: ExitStatus) -> Option<i32> {
    std::os::unix::process::ExitStatusExt::signal(&status)
}

#[cfg(not(unix))]
fn signal(_: ExitStatus) -> Option<i32> {
    None
}

/// A thread that kills the child when a deadline passes. Reading from and writing to a pipe block,
/// and this is what ends them.
struct Watchdog {
    watch: Arc<Watch>,
}

struct Watch {
    child: Mutex<Child>,
    deadline: Mutex<Deadline>,
    changed: Condvar,
}

#[derive(Clone, Copy)]
enum Deadline {
    None,
    Until(Instant),
    Passed,
    /// The watchdog is no longer needed.
    Gone,
}

impl Watchdog {
    fn over(child: Child) -> io::Result<Self> {
        let watch = Arc::new(Watch {
            child: Mutex::new(child),
            deadline: Mutex::new(Deadline::None),
            changed: Condvar::new(),
        });
        let watchdog = Self {
            watch: Arc::clone(&watch),
        };
        thread::Builder::new()
            .name("extractor-watchdog".into())
            .stack_size(64 * 1024)
            .spawn(move || watch.keep())?;
        Ok(watchdog)
    }

    fn arm(&self, time: Duration) {
        // A time past what the clock can say is a time that never comes.
        let deadline = Instant::now()
            .checked_add(time)
            .map_or(Deadline::None, Deadline::Until);
        self.set(deadline);
    }

    /// Whether the deadline had not passed.
    fn disarm(&self) -> bool {
        let mut deadline = hold(&self.watch.deadline);
        let in_time = !matches!(*deadline, Deadline::Passed);
        *deadline = Deadline::None;
        in_time
    }

    fn set(&self, to: Deadline) {
        *hold(&self.watch.deadline) = to;
        self.watch.changed.notify_one();
    }

    /// What a child that closed its pipe died of. One that closed it and lives on is killed.
    fn bury(&self) -> Option<ExitStatus> {
        let mut child = hold(&self.watch.child);
        for _ in 0..200 {
            if let Ok(Some(status)) = child.try_wait() {
                return Some(status);
            }
            thread::sleep(Duration::from_millis(5));
        }
        let _ = child.kill();
        child.wait().ok()
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        self.set(Deadline::Gone);
        let mut child = hold(&self.watch.child);
        let _ = child.kill();
        let _ = child.wait();
    }
}

impl Watch {
    fn keep(&self) {
        let mut deadline = hold(&self.deadline);
        loop {
            deadline = match *deadline {
                Deadline::Gone => return,
                Deadline::None | Deadline::Passed => self
                    .changed
                    .wait(deadline)
                    .unwrap_or_else(PoisonError::into_inner),
                Deadline::Until(time) => {
                    let left = time.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        *deadline = Deadline::Passed;
                        let _ = hold(&self.child).kill();
                        continue;
                    }
                    self.changed
                        .wait_timeout(deadline, left)
                        .unwrap_or_else(PoisonError::into_inner)
                        .0
                }
            };
        }
    }
}

/// A lock whose holder cannot leave anything half done.
fn hold<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
