//! A program that acts as the model: started for each call, request in, answer out.
//!
//! Pipes are served by threads, since they are files that block; whoever awaits the answer is not.

use std::io::{Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::time::{Instant, sleep, timeout_at};

use crate::endpoint::Secret;
use crate::provider::excerpt;
use crate::settings::providers;
use crate::transport::{Deadlines, Exchange, Failure, Timeouts};

/// How often a program that is silent is looked at.
const TICK: Duration = Duration::from_millis(100);

/// How long a program that has ended may seem to have more to say: what it left running can keep the
/// pipe open, but on a busy machine its last words can also be late.
const GRACE: Duration = Duration::from_secs(2);

/// How much of the error output is kept, from its end.
const TAIL: usize = 4096;

/// The command of a program that acts as the model.
#[derive(Clone)]
pub(crate) struct Program {
    words: Vec<String>,
    keys: Vec<Secret>,
}

impl Program {
    /// The program of these words, which is to learn none of the keys.
    pub(crate) fn new(words: &[String], keys: Vec<Secret>) -> Self {
        Self {
            words: words.to_vec(),
            keys,
        }
    }

    pub(crate) fn keys(&self) -> &[Secret] {
        &self.keys
    }

    /// Runs it once. What it wrote stays in `received`, whatever failed; a program that is given up
    /// is ended with all that it started.
    pub(crate) async fn run(
        &self,
        request: String,
        timeouts: &Timeouts,
        most_bytes: usize,
        received: &mut Exchange,
    ) -> Result<(), Failure> {
        let deadlines = Deadlines::new(timeouts);
        let mut running = Running::start(self.command(), request)
            .map_err(|error| Failure::Start(format!("the program cannot be started: {error}")))?;
        let mut limit = deadlines.within(timeouts.first_byte, Failure::FirstByteTimeout);
        let mut ended: Option<Instant> = None;
        loop {
            let tick = limit.0.min(Instant::now() + TICK);
            match timeout_at(tick, running.answer.recv()).await {
                Ok(None) => break,
                Ok(Some(piece)) => {
                    if received.body.len().saturating_add(piece.len()) > most_bytes {
                        return Err(Failure::TooLarge);
                    }
                    received.body.extend_from_slice(&piece);
                    limit = deadlines.within(timeouts.between_bytes, Failure::NextBytesTimeout);
                    ended = None;
                }
                Err(_) if ended.is_some_and(|ended| ended.elapsed() >= GRACE) => break,
                Err(_) if Instant::now() >= limit.0 => return Err(limit.1),
                Err(_) if running.status().is_some() => ended = ended.or(Some(Instant::now())),
                Err(_) => {}
            }
        }
        let (until, late) = deadlines.within(timeouts.between_bytes, Failure::NextBytesTimeout);
        let mut pause = Duration::from_millis(1);
        let status = loop {
            if let Some(status) = running.status() {
                break status;
            }
            if Instant::now() >= until {
                return Err(late);
            }
            sleep(pause).await;
            pause = TICK.min(pause * 2);
        };
        if status.success() {
            return Ok(());
        }
        let words = running.last_words().await;
        Err(Failure::Exit(format!(
            "the program ended with {status}; its last words: {words}"
        )))
    }

    /// The command without the variables that hold keys: what it needs, it has of its own.
    fn command(&self) -> Command {
        let mut words = self.words.iter();
        let mut command = Command::new(words.next().map_or("", String::as_str));
        command.args(words);
        for provider in providers() {
            command.env_remove(provider.key_variable);
        }
        for (name, value) in std::env::vars_os() {
            let value = value.as_encoded_bytes();
            if self.keys.iter().any(|key| key.hides_in(value)) {
                command.env_remove(name);
            }
        }
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        command
    }
}

/// A program that was started. Dropped before its end was seen, it is ended, and on Unix everything
/// in its process group with it.
struct Running {
    child: Child,
    /// Its exit status, once seen; from then on its id may be that of another process.
    status: Option<ExitStatus>,
    answer: Receiver<Vec<u8>>,
    /// Tells by its end that all of the error output was read.
    errors_end: Receiver<Vec<u8>>,
    errors: Arc<Mutex<Vec<u8>>>,
}

impl Running {
    fn start(mut command: Command, request: String) -> std::io::Result<Self> {
        let mut child = command.spawn()?;
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (give, answer) = channel(16);
        let (end, errors_end) = channel(1);
        // From here on, whatever fails ends the program.
        let running = Self {
            child,
            status: None,
            answer,
            errors_end,
            errors: Arc::default(),
        };
        let errors = Arc::clone(&running.errors);
        if let (Some(mut stdin), Some(stdout), Some(stderr)) = pipes {
            let thread = || thread::Builder::new().name("llm-program".to_owned());
            // A program need not read its request; then the pipe breaks, and that is all.
            thread().spawn(move || stdin.write_all(request.as_bytes()))?;
            thread().spawn(move || hand_on(stdout, &give))?;
            thread().spawn(move || {
                keep_tail(stderr, &errors);
                drop(end);
            })?;
        }
        Ok(running)
    }

    /// Its exit status, if it has ended.
    fn status(&mut self) -> Option<ExitStatus> {
        if self.status.is_none() {
            self.status = self.child.try_wait().ok().flatten();
        }
        self.status
    }

    /// The end of its error output, on one line and without control characters.
    async fn last_words(&mut self) -> String {
        // What it left running may keep this pipe open too.
        let _ = timeout_at(Instant::now() + TICK * 5, self.errors_end.recv()).await;
        let errors = self.errors.lock().unwrap_or_else(PoisonError::into_inner);
        last_lines(&String::from_utf8_lossy(&errors))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.status().is_some() {
            return;
        }
        #[cfg(unix)]
        {
            use rustix::process::{Pid, Signal, kill_process_group};
            // Not waited for, so that the id is still its own, and that of its group.
            let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads a pipe to its end, or until nobody listens.
fn hand_on(mut pipe: impl Read, give: &Sender<Vec<u8>>) {
    let mut buffer = vec![0; 16 << 10];
    while let Ok(read) = pipe.read(&mut buffer) {
        let piece = buffer.get(..read).unwrap_or_default();
        if piece.is_empty() || give.blocking_send(piece.to_vec()).is_err() {
            return;
        }
    }
}

/// Reads a pipe to its end and keeps the end.
fn keep_tail(mut pipe: impl Read, tail: &Mutex<Vec<u8>>) {
    let mut buffer = vec![0; TAIL];
    while let Ok(read) = pipe.read(&mut buffer) {
        let piece = buffer.get(..read).unwrap_or_default();
        if piece.is_empty() {
            return;
        }
        let mut tail = tail.lock().unwrap_or_else(PoisonError::into_inner);
        tail.extend_from_slice(piece);
        let before = tail.len().saturating_sub(TAIL);
        tail.drain(..before);
    }
}

/// The last three lines, or the last if they are long.
fn last_lines(text: &str) -> String {
    const SHORT: usize = 250;
    let mut lines: Vec<_> = text
        .lines()
        .rev()
        .filter(|line| !line.trim().is_empty())
        .take(3)
        .collect();
    lines.reverse();
    if lines.iter().map(|line| line.len()).sum::<usize>() > SHORT {
        lines.drain(..lines.len() - 1);
    }
    excerpt(&lines.join(" | "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_are_short_and_inert() {
        assert_eq!(
            last_lines("one\ntwo\n\n\u{1b}[31mthree\n four\n"),
            "two | [31mthree | four"
        );
        assert_eq!(last_lines(&format!("{}\nlast", "x".repeat(300))), "last");
        assert!(last_lines(&"é".repeat(9000)).len() < 320);
        assert_eq!(last_lines("\n"), "(nothing)");
    }

    #[test]
    fn keys_are_taken_out_of_the_environment() {
        // Whatever the machine's search path is, here it plays the key.
        let path = std::env::var("PATH").unwrap();
        let program = Program::new(&["true".to_owned()], vec![Secret::new(&path)]);
        let command = program.command();
        let removed: Vec<_> = command
            .get_envs()
            .filter(|(_, value)| value.is_none())
            .filter_map(|(name, _)| name.to_str())
            .collect();
        assert!(removed.contains(&"OPENAI_API_KEY") && removed.contains(&"ANTHROPIC_API_KEY"));
        assert!(removed.contains(&"PATH"));
        assert!(!removed.contains(&"HOME"));
    }
}
