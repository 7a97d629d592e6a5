//! `codetracer graph` on the bundled run.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::process::{Command, Output};

use serde_json::Value;

fn graph(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_codetracer"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["graph", DEMO])
        .args(args)
        .output()
        .unwrap()
}

fn printed(args: &[&str]) -> String {
    let output = graph(args);
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

const DEMO: &str = "demo/library-fees.traj.json";

#[test]
fn the_failure_and_what_is_behind_it_are_named() {
    let text = printed(&[]);
    let first = text.lines().next().unwrap();
    assert!(
        first.starts_with("failure 0 · step 11 · failing_tests"),
        "{first}"
    );
    let all: Value = serde_json::from_str(&printed(&["--format", "json"])).unwrap();
    let behind: Vec<_> = all["candidates"].as_array().unwrap().iter().collect();
    assert!(
        behind
            .iter()
            .any(|c| c["step_id"] == 9 && c["repaired"] == false)
    );
}

#[test]
fn a_step_is_shown_with_what_has_to_do_with_it() {
    let near = printed(&["--step", "9", "--format", "mermaid"]);
    assert!(near.starts_with("flowchart LR\n") && near.contains("library/calendar.py"));
    let all = printed(&["--format", "dot"]);
    assert!(all.starts_with("digraph run {") && all.ends_with("}\n") && all.len() > near.len());
    let output = graph(&["--step", "99"]);
    assert_eq!(output.status.code(), Some(2));
}
