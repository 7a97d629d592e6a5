//! `docs/examples/judge.py`, run as `docs/tools.md` says.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test that cannot go on has failed, and says when it was skipped"
)]

use std::process::Command;

use serde_json::Value;

#[test]
fn the_smallest_program_that_judges_concludes() {
    if Command::new("python3").arg("--version").output().is_err() {
        eprintln!("skipped: no python3 here");
        return;
    }
    let program = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/examples/judge.py");
    let output = Command::new(env!("CARGO_BIN_EXE_codetracer"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("CODETRACER_DATA_DIR", "no-such-folder")
        .args(["analyze", "demo/library-fees.traj.json", "--json"])
        .args([
            "--no-memory",
            "--model",
            &format!("exec:python3 '{program}'"),
        ])
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    let inquiry = &document["engine"]["inquiry"];
    assert_eq!(inquiry["concluded"], true, "{inquiry}");
    assert_eq!(
        inquiry["dropped"].as_array().map(Vec::len),
        Some(0),
        "{inquiry}"
    );
    assert_eq!(document["verdict"], "undecided");
}
