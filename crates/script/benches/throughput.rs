//! How fast an ordinary extractor goes through records, with one wall and with both, and what
//! starting costs: `cargo bench -p script`.

#![allow(clippy::expect_used, reason = "a bench that cannot go on has failed")]

use std::fmt::Write as _;
use std::time::Duration;

use divan::Bencher;
use divan::counter::BytesCount;
use script::{Launcher, Limits, Program, Walls};

/// What is read: 9 MB, in batches of 256 KiB.
const CALLS: usize = 4_000;
const BATCH: usize = 256 * 1024;

const PROGRAM: &str = include_str!("extractor.js");

fn main() {
    divan::main();
}

fn both() -> Walls {
    Walls::Both(Launcher::at(env!("CARGO_BIN_EXE_script-worker")))
}

/// A run of made-up messages, a call and its result after the other.
fn records() -> Vec<String> {
    let mut records = Vec::new();
    for call in 0..CALLS {
        let mut output = String::new();
        for line in 0..30 {
            let n = (call * 31 + line * 17) % 997;
            writeln!(
                output,
                "src/module_{n}.rs:{line}:    let total = \"{n}\" + é;\t// {call}"
            )
            .expect("a string takes all");
        }
        writeln!(output, "command finished, exit code {}", call % 3).expect("a string takes all");
        let command = format!("grep -rn total src | head -{}", call % 50);
        let arguments = serde_json::json!({ "command": command, "timeout": 60 }).to_string();
        records.push(
            serde_json::json!({
                "role": "assistant", "timestamp": "2026-01-02T03:04:05.678Z",
                "content": format!("I look for where the total of step {call} comes from."),
                "tool_calls": [{ "id": format!("call_{call}"), "type": "function",
                    "function": { "name": "bash", "arguments": arguments } }],
                "usage": { "input_tokens": 12_345 + call, "output_tokens": 67 },
            })
            .to_string(),
        );
        records.push(
            serde_json::json!({
                "role": "tool", "timestamp": "2026-01-02T03:04:06.001Z",
                "tool_call_id": format!("call_{call}"), "content": output,
            })
            .to_string(),
        );
    }
    records
}

fn read_all(program: &Program, records: &[String]) -> usize {
    let mut run = program.run().expect("runs");
    let mut events = 0;
    let mut rest = records;
    while !rest.is_empty() {
        let mut size = 0;
        let end = rest.iter().take_while(|record| {
            size += record.len();
            size <= BATCH
        });
        let (batch, after) = rest.split_at(end.count().max(1));
        events += run.feed(batch).expect("reads").len();
        rest = after;
    }
    events + run.finish().expect("ends").len()
}

fn throughput(bencher: Bencher, walls: Walls) {
    let records = records();
    let bytes: usize = records.iter().map(String::len).sum();
    let program = Program::load(PROGRAM, Limits::for_input(bytes as u64), walls).expect("loads");
    bencher.counter(BytesCount::new(bytes)).bench(|| {
        assert_eq!(read_all(&program, &records), 2 * CALLS + 1);
    });
}

/// The engine in this process.
#[divan::bench]
fn inner_wall(bencher: Bencher) {
    throughput(bencher, Walls::InnerOnly);
}

/// Through a worker.
#[divan::bench]
fn both_walls(bencher: Bencher) {
    throughput(bencher, both());
}

/// Starting a process, locking it down and loading the program, then an empty run.
#[divan::bench]
fn run_in_a_new_worker(bencher: Bencher) {
    bencher.bench(|| {
        let program = Program::load(PROGRAM, Limits::default(), both()).expect("loads");
        program.run().expect("runs").finish().expect("ends").len()
    });
}

/// An empty run in a worker that has served others.
#[divan::bench]
fn run_in_a_kept_worker(bencher: Bencher) {
    let program = Program::load(PROGRAM, Limits::default(), both()).expect("loads");
    bencher.bench(|| program.run().expect("runs").finish().expect("ends").len());
}

/// An empty run on an engine in this process.
#[divan::bench]
fn run_on_a_new_engine(bencher: Bencher) {
    let program = Program::load(PROGRAM, Limits::default(), Walls::InnerOnly).expect("loads");
    bencher.bench(|| program.run().expect("runs").finish().expect("ends").len());
}

/// From the start of an endless loop with 100 ms of CPU time to its error.
#[divan::bench(sample_count = 10)]
fn stop_an_endless_loop_of_100_ms(bencher: Bencher) {
    let mut limits = Limits::default();
    limits.cpu = Duration::from_millis(100);
    let text = "function read() { for (;;) {} }";
    let program = Program::load(text, limits, both()).expect("loads");
    bencher.bench(|| {
        program
            .run()
            .expect("runs")
            .feed(&["0"])
            .expect_err("endless")
    });
}
