//! A worker and nothing else, for the tests and benches of this crate. The real one is the
//! `codetracer` binary, which starts itself anew.
//!
//! `script-worker try DEED` locks itself down, then does what an engine that was taken over might,
//! and says `done` if it could.

use std::io::{Read as _, Write as _};
use std::process::{Command, ExitCode};
use std::{fs, mem, net, thread};

use script::{Limits, lock_down};

fn main() -> ExitCode {
    if let Some(code) = script::worker::main() {
        return code;
    }
    let mut arguments = std::env::args().skip(1);
    match (arguments.next().as_deref(), arguments.next()) {
        (Some("try"), Some(deed)) => attempt(&deed),
        _ => ExitCode::from(2),
    }
}

fn attempt(deed: &str) -> ExitCode {
    // Left open on purpose: to close a file is not allowed either.
    let leaked = mem::ManuallyDrop::new(fs::File::open("/dev/null"));
    let isolation = lock_down(&Limits::default());
    let worked = match deed {
        "nothing" => true,
        "open" => fs::File::open("/etc/passwd").is_ok(),
        "create" => fs::File::create("/tmp/extractor-was-here").is_ok(),
        "list" => fs::read_dir("/").is_ok(),
        "remove" => fs::remove_file("/tmp/extractor-is-not-here").is_ok(),
        "leaked" => leaked
            .as_ref()
            .is_ok_and(|mut file| file.read(&mut [0]).is_ok()),
        "connect" => net::TcpStream::connect(("127.0.0.1", 1)).is_ok(),
        "listen" => net::TcpListener::bind(("127.0.0.1", 0)).is_ok(),
        "datagram" => net::UdpSocket::bind(("127.0.0.1", 0)).is_ok(),
        "spawn" => Command::new("/bin/true").spawn().is_ok(),
        "thread" => thread::Builder::new().spawn(|| ()).is_ok(),
        "signal" => signal_parent(),
        "sleep" => {
            thread::sleep(std::time::Duration::from_millis(1));
            true
        }
        "unlimit" => unlimit(),
        "memory" => {
            let filled: Vec<Vec<u8>> = (0..1024).map(|_| vec![1; 1 << 20]).collect();
            filled.len() == 1024
        }
        "compute" => loop {
            std::hint::spin_loop();
        },
        _ => return ExitCode::from(2),
    };
    let word = if worked { "done" } else { "refused" };
    let said = writeln!(std::io::stdout(), "{word}: {isolation}");
    if said.is_ok() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

#[cfg(unix)]
fn signal_parent() -> bool {
    use rustix::process::{Signal, getppid, kill_process};
    getppid().is_some_and(|parent| kill_process(parent, Signal::CONT).is_ok())
}

#[cfg(not(unix))]
fn signal_parent() -> bool {
    false
}

#[cfg(unix)]
fn unlimit() -> bool {
    use rustix::process::{Resource, Rlimit, setrlimit};
    setrlimit(
        Resource::Nofile,
        Rlimit {
            current: Some(0),
            maximum: Some(0),
        },
    )
    .is_ok()
}

#[cfg(not(unix))]
fn unlimit() -> bool {
    false
}
