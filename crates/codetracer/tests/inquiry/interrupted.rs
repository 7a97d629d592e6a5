//! What is left of a call that is ended while it waits for a model.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use scripted::{Protocol, ScriptedModel};

use crate::program::{model, run_path};
use crate::reader::honest;

#[test]
fn what_was_there_is_printed_and_what_was_paid_for_is_not_asked_again() {
    let home = tempfile::tempdir().unwrap();
    let text = std::fs::read_to_string(run_path()).unwrap();
    for name in ["a", "b"] {
        let task = format!("Task {name}: please solve this issue:");
        let text = text.replace("Please solve this issue:", &task);
        std::fs::write(home.path().join(format!("{name}.traj.json")), text).unwrap();
    }
    // The second run waits until the first call was ended, and with it whatever is asked meanwhile: the
    // scripted model answers one request after the other.
    let is_open = Arc::new(AtomicBool::new(false));
    let open = Arc::clone(&is_open);
    let server = ScriptedModel::start(Protocol::OpenAi, move |asked| {
        while asked.body.to_string().contains("Task b") && !open.load(Ordering::SeqCst) {
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        honest(asked)
    });
    let ask = || {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("codetracer"));
        command
            .current_dir(home.path())
            .env("CODETRACER_DATA_DIR", "data")
            .env("CODETRACER_CACHE_DIR", "cache")
            .envs(server.environment())
            .args(["analyze", "--json", "a.traj.json", "b.traj.json"])
            .args([
                "--model",
                model(Protocol::OpenAi),
                "--record",
                "calls.jsonl",
            ])
            .args(["--concurrency", "1"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    };
    let mut ended = ask().spawn().unwrap();
    let mut first = String::new();
    BufReader::new(ended.stdout.take().unwrap())
        .read_line(&mut first)
        .unwrap();
    ended.kill().unwrap();
    ended.wait().unwrap();
    assert!(first.contains("a.traj.json"), "{first}");

    is_open.store(true, Ordering::SeqCst);
    let again = ask().output().unwrap();
    let error = String::from_utf8(again.stderr).unwrap();
    assert_eq!(again.status.code(), Some(0), "{error}");
    let both = String::from_utf8(again.stdout).unwrap();
    assert_eq!(both.lines().next(), Some(first.trim_end()));
    assert_eq!(both.lines().count(), 2);
    let asked = server.requests();
    let of_first = asked
        .iter()
        .filter(|asked| asked.body.to_string().contains("Task a"));
    assert_eq!(of_first.count(), 2, "two turns, once");
}
