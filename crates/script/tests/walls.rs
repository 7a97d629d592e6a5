//! The outer wall from both sides: what a process behind it can still do, and what the host makes
//! of a worker that has been taken over.
#![cfg(unix)]
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test that cannot go on has failed, and one that is skipped says so"
)]

use std::fmt::Write as _;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use script::{At, Clock, Isolation, Launcher, Limits, Program, ScriptError, Wall, Walls};

const WORKER: &str = env!("CARGO_BIN_EXE_script-worker");

fn attempt(deed: &str) -> Output {
    Command::new(WORKER)
        .args(["try", deed])
        // As the host does: with a backtrace wanted, the last words would need a file.
        .env_clear()
        .stdin(Stdio::null())
        .output()
        .expect("the worker of this crate starts")
}

fn isolation() -> Isolation {
    Launcher::at(WORKER).isolation().expect("a worker starts")
}

/// The tests below that need the filter say so where there is none.
fn filter_is_missing() -> bool {
    let isolation = isolation();
    let missing = isolation.seccomp != Wall::Stands;
    if missing {
        eprintln!("skipped, no seccomp: {isolation}");
    }
    missing
}

#[test]
fn a_locked_process_can_still_compute_and_answer() {
    let output = attempt("nothing");
    assert!(output.status.success(), "{output:?}");
    assert!(output.stdout.starts_with(b"done"), "{output:?}");
}

#[test]
fn system_calls_beyond_computing_kill() {
    if filter_is_missing() {
        return;
    }
    for deed in [
        "open", "create", "list", "remove", "leaked", "connect", "listen", "datagram", "spawn",
        "thread", "signal", "sleep", "unlimit",
    ] {
        let output = attempt(deed);
        assert_eq!(output.status.signal(), Some(31), "{deed}: {output:?}");
        assert!(output.stdout.is_empty(), "{deed}: {output:?}");
    }
}

#[test]
fn memory_past_the_hard_limit_kills() {
    let output = attempt("memory");
    assert_eq!(output.status.signal(), Some(6), "{output:?}");
}

#[test]
fn this_machine_says_what_it_gives() {
    let isolation = isolation();
    let said = isolation.to_string();
    assert!(said.starts_with("engine limits, own process"), "{said}");
    assert_eq!(
        isolation.is_complete(),
        !said.contains("missing") && !said.contains("in part")
    );
    for (name, wall) in isolation.walls() {
        assert!(*wall != Wall::Stands || said.contains(name), "{said}");
    }
}

/// A worker that is a shell script: says hello, then these frames, then runs `then`.
fn impostor(frames: &[(u8, &[u8])], then: &str) -> Launcher {
    let hello = serde_json::to_vec(&isolation()).expect("JSON");
    let mut script = String::new();
    for (kind, payload) in std::iter::once(&(b'H', hello.as_slice())).chain(frames) {
        let length = u32::try_from(payload.len()).expect("small").to_le_bytes();
        script.push_str("printf '");
        for byte in std::iter::once(kind).chain(&length).chain(*payload) {
            write!(script, "\\{byte:03o}").expect("a string takes all");
        }
        script.push_str("'\n");
    }
    script.push_str(then);
    Launcher::at("worker").under("/bin/sh", &["-c", &script])
}

/// What feeding one record to it gives.
fn fed(frames: &[(u8, &[u8])], then: &str) -> ScriptError {
    let mut limits = Limits::default();
    limits.wall = Duration::from_millis(500);
    limits.output = 1024;
    let loaded = (b'E', br#"{"cpu_us":1,"counts":[],"events":[]}"#.as_slice());
    let all: Vec<_> = std::iter::once(loaded)
        .chain(frames.iter().copied())
        .collect();
    let program = Program::load("", limits, Walls::Both(impostor(&all, then))).expect("loads");
    let mut run = program.run().expect("runs");
    match run.feed(&["1"]) {
        Err(error) => error,
        Ok(events) => panic!("{events:?}"),
    }
}

const SLEEP: &str = "exec /bin/sleep 60";

#[test]
fn an_answer_out_of_shape_is_refused() {
    let answers: [&[u8]; 12] = [
        b"",
        b"{",
        b"\xff",
        b"[]",
        br#"{"cpu_us":1,"counts":[1],"events":[]}"#,
        br#"{"cpu_us":1,"counts":[0],"events":[{}]}"#,
        br#"{"cpu_us":1,"counts":[1],"events":[1]}"#,
        br#"{"cpu_us":1,"counts":[1],"events":{}}"#,
        br#"{"cpu_us":1,"counts":[0,1],"events":[{}]}"#,
        br#"{"cpu_us":1,"counts":[-1],"events":[]}"#,
        br#"{"cpu_us":1,"counts":[1],"events":[{}],"more":1}"#,
        br#"{"cpu_us":1,"counts":[1],"events":[{"a":"\x"}]}"#,
    ];
    for answer in answers {
        let error = fed(&[(b'E', answer)], SLEEP);
        assert!(matches!(error, ScriptError::Protocol { .. }), "{error:?}");
    }
    for kind in [b'H', b'R', 0, 255] {
        let error = fed(&[(kind, b"{}")], SLEEP);
        assert!(matches!(error, ScriptError::Protocol { .. }), "{error:?}");
    }
    let error = fed(&[(b'X', b"{\"kind\":\"none\"}")], SLEEP);
    assert!(matches!(error, ScriptError::Protocol { .. }), "{error:?}");
}

#[test]
fn an_answer_past_the_limit_is_not_even_read() {
    // 80,000 bytes where 1,024 and the answer's own 64 KiB are allowed.
    let long = format!("printf 'E\\200\\070\\001\\000%080000d' 0; {SLEEP}");
    let error = fed(&[], &long);
    assert!(matches!(error, ScriptError::Protocol { .. }), "{error:?}");
    // A frame that says it is 4 GiB long.
    let error = fed(&[], &format!("printf 'E\\377\\377\\377\\377'; {SLEEP}"));
    assert!(matches!(error, ScriptError::Protocol { .. }), "{error:?}");
}

#[test]
fn a_worker_that_waits_is_killed() {
    let timeout = ScriptError::Timeout {
        limit_ms: 500,
        clock: Clock::Wall,
        at: At::Record(0),
    };
    assert_eq!(fed(&[], SLEEP), timeout);
    // In the middle of a frame, too.
    assert_eq!(
        fed(&[], &format!("printf 'E\\377\\000\\000'; {SLEEP}")),
        timeout
    );
}

#[test]
fn a_worker_that_dies_says_of_what() {
    for (then, signal) in [
        ("kill -SEGV $$", Some(11)),
        ("kill -KILL $$", Some(9)),
        ("exit 101", None),
        ("printf 'E\\001'; exit 0", None),
        // It closes its pipe and lives on.
        ("exec >&-; exec /bin/sleep 60", Some(9)),
    ] {
        let error = fed(&[], then);
        assert_eq!(
            error,
            ScriptError::Killed {
                signal,
                at: At::Record(0)
            },
            "{then}"
        );
    }
    let timeout = fed(&[], "kill -XCPU $$");
    assert!(
        matches!(
            timeout,
            ScriptError::Timeout {
                clock: Clock::Cpu,
                ..
            }
        ),
        "{timeout:?}"
    );
}

#[test]
fn what_is_no_worker_is_no_worker() {
    for launcher in [
        Launcher::at("/nonexistent/worker"),
        Launcher::at("/bin/true"),
        Launcher::at("/bin/echo"),
        Launcher::at("worker").under("/bin/sh", &["-c", "printf 'E\\002\\000\\000\\000{}'"]),
        Launcher::at("worker").under("/bin/sh", &["-c", "printf 'H\\002\\000\\000\\000{}'"]),
    ] {
        let error = launcher.isolation().expect_err("no worker");
        assert!(matches!(error, ScriptError::Start { .. }), "{error:?}");
    }
}

#[test]
fn one_worker_serves_runs_that_know_nothing_of_each_other() {
    let text = "let seen = 0; globalThis.all = globalThis.all ?? []; \
                function read(r) { all.push(r); return { seen: ++seen, all: all.length } } \
                function finish() { return { total: seen } }";
    let walls = Walls::Both(Launcher::at(WORKER));
    let program = Program::load(text, Limits::default(), walls).expect("good");
    for _ in 0..5 {
        let mut run = program.run().expect("runs");
        let first = run.feed(&["1", "2"]).expect("reads");
        assert_eq!(
            first.as_json(),
            r#"[{"seen":1,"all":1},{"seen":2,"all":2}]"#
        );
        let more = run.feed(&["3"]).expect("reads");
        assert_eq!(
            more.iter().collect::<Vec<_>>(),
            [(2, r#"{"seen":3,"all":3}"#)]
        );
        let last = run.finish().expect("ends");
        assert_eq!(last.iter().collect::<Vec<_>>(), [(3, r#"{"total":3}"#)]);
    }
    // A run without records, and one that is given up.
    let run = program.run().expect("runs");
    assert_eq!(run.finish().expect("ends").as_json(), r#"[{"total":0}]"#);
    drop(program.run().expect("runs"));
}

#[test]
fn runs_side_by_side_do_not_mix() {
    let text = "let sum = 0; function read(r) { sum += r } function finish() { return { sum } }";
    let walls = Walls::Both(Launcher::at(WORKER));
    let program = Program::load(text, Limits::default(), walls).expect("good");
    std::thread::scope(|scope| {
        for of in 1..=8_u32 {
            let program = &program;
            scope.spawn(move || {
                let mut run = program.run().expect("runs");
                for _ in 0..20 {
                    run.feed(&[of.to_string()]).expect("reads");
                }
                let sum = run.finish().expect("ends");
                assert_eq!(sum.as_json(), format!(r#"[{{"sum":{}}}]"#, of * 20));
            });
        }
    });
}

#[test]
fn a_worker_is_retired_before_the_kernel_ends_it() {
    // Together these take several times the CPU time one run may use.
    let text = "function read() { for (let i = 0; i < 4e6; i++); return { i: 1 } }";
    let mut limits = Limits::default();
    limits.cpu = Duration::from_secs(1);
    let walls = Walls::Both(Launcher::at(WORKER));
    let program = Program::load(text, limits, walls).expect("good");
    for _ in 0..30 {
        let mut run = program.run().expect("runs");
        assert_eq!(run.feed(&["0"]).expect("reads").len(), 1);
        run.finish().expect("ends");
    }
}
