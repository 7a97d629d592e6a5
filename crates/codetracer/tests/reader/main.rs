//! What a diagnosis by a model takes: labelled runs put before a scripted model that opens what a
//! competent reader would, and the same runs in one prompt.
//!
//! The reader is told by the labels which steps matter, since this measures tokens and not accuracy:
//! nothing here says how right a model is. The labels are looked for in the folder `shared` beside the
//! repository (or in `$CODETRACER_SHARED`); without them this test says so and passes.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "tests"
)]

mod gold;
mod script;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use assert_cmd::Command;
use scripted::{Protocol, ScriptedModel};
use serde_json::Value;

use gold::{Labelled, labelled};
use script::Reader;

/// What one diagnosis took.
#[derive(Debug, Clone)]
struct Taken {
    input: u64,
    output: u64,
    calls: u64,
    opened: usize,
    trouble: bool,
}

/// Diagnoses one run with the scripted reader.
fn take(run: &Labelled, is_thorough: bool, flags: &[&str]) -> Taken {
    let reader = Reader::of(run, is_thorough);
    let model = ScriptedModel::start(Protocol::OpenAi, move |asked| reader.answer(asked));
    let output = Command::new(env!("CARGO_BIN_EXE_codetracer"))
        .args(["analyze", "--json", "--model", &model.name("reader")])
        .args(["--no-memory"])
        .args(flags)
        .args(["--run", &run.id])
        .arg(&run.path)
        .envs(model.environment())
        .output()
        .expect("the program runs");
    let document: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| {
        panic!("{}: {}", run.id, String::from_utf8_lossy(&output.stderr));
    });
    let inquiry = &document["engine"]["inquiry"];
    let charged = model.charged();
    let number = |value: &Value| value.as_u64().expect("a number");
    // What the program says it took is what the server charged.
    assert_eq!(
        number(&inquiry["input_tokens"]),
        charged.prompt(),
        "{}",
        run.id
    );
    assert_eq!(
        number(&inquiry["output_tokens"]),
        charged.output,
        "{}",
        run.id
    );
    if !inquiry["trouble"].is_null() {
        eprintln!("{}: {}", run.id, inquiry["trouble"]);
    }
    Taken {
        input: number(&inquiry["input_tokens"]),
        output: number(&inquiry["output_tokens"]),
        calls: number(&inquiry["calls"]),
        opened: inquiry["opened"].as_array().map_or(0, Vec::len),
        trouble: !inquiry["trouble"].is_null(),
    }
}

/// All runs, a few at a time, in their order.
fn take_all(runs: &[Labelled], is_thorough: bool, flags: &[&str]) -> Vec<Taken> {
    const AT_ONCE: usize = 3;
    let next = AtomicUsize::new(0);
    let taken = Arc::new(Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(run) = runs.get(at) else { break };
                    let one = take(run, is_thorough, flags);
                    taken.lock().expect("no panic").push((at, one));
                }
            });
        }
    });
    let mut taken = std::mem::take(&mut *taken.lock().expect("no panic"));
    taken.sort_by_key(|(at, _)| *at);
    taken.into_iter().map(|(_, one)| one).collect()
}

/// The middle, the value that 95 in 100 stay below or at, and the highest.
fn spread(values: impl Iterator<Item = u64>) -> (u64, u64, u64) {
    let mut all: Vec<u64> = values.collect();
    all.sort_unstable();
    let at = |percent: usize| all[(all.len() * percent).div_ceil(100).max(1) - 1];
    (at(50), at(95), at(100))
}

fn print(name: &str, taken: &[Taken]) {
    let row = |what: &str, values: (u64, u64, u64)| {
        println!(
            "| {name} | {what} | {} | {} | {} |",
            values.0, values.1, values.2
        );
    };
    row("tokens in", spread(taken.iter().map(|t| t.input)));
    row("tokens out", spread(taken.iter().map(|t| t.output)));
    row("calls", spread(taken.iter().map(|t| t.calls)));
    row(
        "steps opened",
        spread(taken.iter().map(|t| t.opened as u64)),
    );
    let failed = taken.iter().filter(|t| t.trouble).count();
    println!(
        "| {name} | without a verdict of the model | {failed} of {} | | |",
        taken.len()
    );
}

#[test]
fn tokens_of_a_competent_reader_and_of_one_prompt() {
    let Some(runs) = labelled() else {
        eprintln!("skipped: no labelled runs beside the repository");
        return;
    };
    println!(
        "| method | {} runs | median | 95 % | most |\n|---|---|--:|--:|--:|",
        runs.len()
    );
    let agent = take_all(&runs, false, &[]);
    print("agent", &agent);
    print("agent, thorough reader", &take_all(&runs, true, &[]));
    for without in ["tree", "offline"] {
        let ablated = take_all(&runs, false, &["--without", without]);
        print(&format!("agent without {without}"), &ablated);
    }
    let direct = take_all(&runs, false, &["--method", "direct", "--context", "400000"]);
    print("direct, whole run", &direct);
    let (tokens_in, ..) = spread(agent.iter().map(|t| t.input));
    let (tokens_out, ..) = spread(agent.iter().map(|t| t.output));
    let (whole, ..) = spread(direct.iter().map(|t| t.input));
    assert!(
        tokens_in < whole,
        "navigating is cheaper than reading everything"
    );
    assert!(tokens_out < 2_000, "{tokens_out} tokens out");
}
