//! `codetracer diff RUN_A RUN_B` from outside, on a failing run and a passing run of one task by two agents.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;

use assert_cmd::Command;
use serde_json::{Value, json};

const FAILING: &str = "demo/library-fees.traj.json";
const PASSING: &str = "tests/data/library-fees-passing.jsonl";

fn run(args: &[&str]) -> (i32, String, String) {
    let mut command: Command = assert_cmd::cargo::cargo_bin_cmd!("codetracer");
    let output = command
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("CODETRACER_DATA_DIR", "no-such-folder")
        .env_remove("NO_COLOR")
        .env_remove("CLICOLOR_FORCE")
        .arg("--no-cache")
        .args(args)
        .output()
        .unwrap();
    (
        output.status.code().unwrap(),
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

fn document(a: &str, b: &str) -> Value {
    let (status, stdout, stderr) = run(&["diff", a, b, "--json"]);
    assert_eq!((status, stderr.as_str()), (0, ""));
    serde_json::from_str(&stdout).unwrap()
}

#[test]
fn two_agents_are_laid_out_side_by_side() {
    let (status, stdout, stderr) = run(&["diff", PASSING, FAILING]);
    assert_eq!((status, stderr.as_str()), (0, ""));
    assert!(!stdout.contains('\u{1b}'), "colour is for terminals");
    assert!(stdout.lines().all(|line| line.chars().count() <= 100));
    insta::assert_snapshot!(stdout);
}

#[test]
fn the_comparison_is_a_valid_document() {
    let comparison = document(PASSING, FAILING);
    let (_, schema, _) = run(&["schema", "comparison-1"]);
    let schema: Value = serde_json::from_str(&schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> = validator
        .iter_errors(&comparison)
        .map(|e| e.to_string())
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");
    assert_eq!(comparison["schema"], "codetracer.comparison/1");
    assert_eq!(comparison["divergence"]["a"]["step_id"], 6);
    for cited in [
        &comparison["divergence"]["a"],
        &comparison["divergence"]["b"],
    ] {
        assert!(!cited["evidence"][0]["quote"].as_str().unwrap().is_empty());
    }
}

#[test]
fn the_other_way_round_tells_the_same() {
    let (there, back) = (document(PASSING, FAILING), document(FAILING, PASSING));
    assert_eq!(there["divergence"]["a"], back["divergence"]["b"]);
    assert_eq!(there["counts"]["only_a"], back["counts"]["only_b"]);
    assert_eq!(there["onsets"][0]["place"], back["onsets"][0]["place"]);
}

#[test]
fn a_run_does_not_part_from_itself() {
    let comparison = document(FAILING, FAILING);
    assert_eq!(comparison["divergence"], Value::Null);
    assert_eq!(comparison["counts"]["different"], 0);
    assert_eq!(comparison["onsets"][0]["place"], "no_divergence");
}

#[test]
fn different_tasks_are_compared_with_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    let other = folder.path().join("other.traj.json");
    let text = json!({
        "info": {"exit_status": "Submitted", "submission": ""},
        "messages": [
            {"role": "user", "content": "Compile the kernel and start it in an emulator without a screen."},
            {"role": "assistant", "content": "I begin.\n\n```bash\nmake -j4 > build.log\n```"},
            {"role": "user", "content": "<returncode>0</returncode>\n<output>\n\n</output>"},
        ],
        "trajectory_format": "mini-swe-agent-1",
    });
    fs::write(&other, text.to_string()).unwrap();
    let other = other.to_str().unwrap();
    let (status, stdout, stderr) = run(&["diff", FAILING, other]);
    assert_eq!(status, 0);
    assert!(stderr.contains("different tasks"), "{stderr}");
    assert!(stdout.contains("first divergence"));
}

#[test]
fn a_heap_needs_a_choice() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["one.traj.json", "two.traj.json"] {
        fs::copy(
            concat!(env!("CARGO_MANIFEST_DIR"), "/demo/library-fees.traj.json"),
            folder.path().join(name),
        )
        .unwrap();
    }
    // Two equal files would be one run found twice.
    let two = folder.path().join("two.traj.json");
    let text = fs::read_to_string(&two).unwrap().replace("0.021", "0.022");
    fs::write(&two, text).unwrap();
    let heap = folder.path().to_str().unwrap();
    let (status, _, stderr) = run(&["diff", heap, PASSING]);
    assert_eq!(status, 2);
    assert!(stderr.contains("--run-a ID"), "{stderr}");
    let chosen = [
        "diff",
        heap,
        heap,
        "--run-a",
        "one.traj.json",
        "--run-b",
        "two.traj.json",
    ];
    let (status, stdout, stderr) = run(&chosen);
    assert_eq!((status, stderr.as_str()), (0, ""));
    assert!(stdout.contains("do not part"), "{stdout}");
}
