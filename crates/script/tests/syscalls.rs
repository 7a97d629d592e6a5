//! The system calls of a worker under a hostile program, as a tracer sees them.
#![cfg(target_os = "linux")]
#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test that cannot go on has failed, and one that is skipped says so"
)]

use std::path::Path;
use std::time::{Duration, Instant};
use std::{fs, thread};

use script::{Launcher, Limits, Program, Walls};

/// Tries what there is, computes, allocates, then allocates without end.
const HOSTILE: &str = r"
    const tried = [];
    for (const name of ['std', 'os', 'fs', 'require', 'process', 'fetch', 'WebSocket', 'Deno', 'Bun',
        'open', 'load', 'print', 'console', 'Worker', 'Atomics', 'eval', 'XMLHttpRequest', 'ffi']) {
        try { tried.push(typeof globalThis[name], globalThis[name]('/etc/passwd')) }
        catch (error) { tried.push(`${error}`) }
    }
    for (const code of ['fs', 'std', 'os', '/etc/passwd', './x.so', 'http://127.0.0.1:1/']) {
        import(code).then(m => tried.push(m), e => tried.push(e));
    }
    try { (() => {}).constructor('return this')() } catch (error) { tried.push(`${error}`) }
    function read(record, index) {
        if (record.filled) for (const kept = []; ;) kept.push('x'.repeat(1e5) + kept.length);
        const d = new Date('2020-07-01T00:00:00');
        d.setHours(3);
        return { tried: tried.length, index, local: `${d.toLocaleString()}${Date.parse('1 Jul 2020 1:00')}`,
            sorted: Array.from({ length: 1e5 }, (_, i) => `${i}`.normalize()).sort().length,
            compared: 'ä'.localeCompare('z'), numbered: (1e21).toLocaleString(),
            found: /\p{Script=Greek}+/u.test('αβγ'), cut: 'x'.repeat(1e6).split('').length };
    }";

/// All that a locked-down worker may call; the filter itself is the list that counts.
const COMPUTING: [&str; 19] = [
    "read",
    "write",
    "mmap",
    "munmap",
    "mremap",
    "mprotect",
    "madvise",
    "brk",
    "futex",
    "sched_yield",
    "clock_gettime",
    "exit",
    "exit_group",
    "rt_sigreturn",
    "rt_sigprocmask",
    "rt_sigaction",
    "sigaltstack",
    "getpid",
    "gettid",
];

#[test]
fn behind_the_filter_nothing_is_opened_started_or_connected() {
    let Some(strace) = ["/usr/bin/strace", "/bin/strace", "/usr/local/bin/strace"]
        .iter()
        .find(|p| Path::new(p).exists())
    else {
        eprintln!("skipped: no strace on this machine");
        return;
    };
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("syscalls");
    fs::create_dir_all(&folder).expect("a folder for the trace");
    let trace = folder.join("trace");
    let _ = fs::remove_file(&trace);
    // The shell between keeps the host from killing the tracer before it has written everything.
    let script = format!(
        "{strace} -f -o '{}' \"$0\" \"$@\"; exit $?",
        trace.display()
    );
    let launcher =
        Launcher::at(env!("CARGO_BIN_EXE_script-worker")).under("/bin/sh", &["-c", &script]);
    let mut limits = Limits::default();
    limits.cpu = Duration::from_mins(1);
    limits.wall = Duration::from_mins(5);
    let program = match Program::load(HOSTILE, limits, Walls::Both(launcher)) {
        Ok(program) => program,
        Err(error) => {
            // Where tracing is forbidden, strace starts nothing.
            eprintln!("skipped: {error}");
            return;
        }
    };
    let mut first = program.run().expect("runs");
    assert_eq!(first.feed(&["{}", "{}"]).expect("reads").len(), 2);
    first.finish().expect("ends");
    let mut second = program.run().expect("runs");
    let error = second
        .feed(&[r#"{"filled":true}"#])
        .expect_err("fills the memory");
    assert!(error.to_string().contains("bytes of memory"), "{error}");
    drop((second, program));

    let calls = calls_after_the_filter(&trace);
    assert!(calls.iter().any(|call| call == "write"), "{calls:?}");
    assert!(calls.iter().any(|call| call == "exit_group"), "{calls:?}");
    for forbidden in [
        "open", "openat", "openat2", "socket", "connect", "execve", "execveat", "fork", "vfork",
        "clone", "clone3", "kill", "ptrace", "ioctl",
    ] {
        assert!(!calls.iter().any(|call| call == forbidden), "{forbidden}");
    }
    let others: Vec<_> = calls
        .iter()
        .filter(|call| !COMPUTING.contains(&call.as_str()))
        .collect();
    assert!(others.is_empty(), "{others:?}");
    println!(
        "{} system calls after the filter, all of them for computing",
        calls.len()
    );
}

/// The names of the calls, once the tracer has seen the worker end.
fn calls_after_the_filter(trace: &Path) -> Vec<String> {
    let give_up = Instant::now() + Duration::from_secs(30);
    let mut text = String::new();
    while !text.contains("+++ exited") && !text.contains("+++ killed") {
        assert!(Instant::now() < give_up, "the tracer does not end: {text}");
        thread::sleep(Duration::from_millis(50));
        text = fs::read_to_string(trace).unwrap_or_default();
    }
    text.lines()
        .skip_while(|line| !line.contains("SECCOMP_SET_MODE_FILTER"))
        .skip(1)
        .filter_map(|line| {
            // `4711 read(0, …`, `4711 <... read resumed>…`, `4711 +++ exited`, `4711 --- SIG…`.
            let call = line.split_once(' ')?.1.trim_start();
            let name = call.strip_prefix("<... ").unwrap_or(call);
            let end = name.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))?;
            (end > 0).then(|| name[..end].to_owned())
        })
        .collect()
}
