//! `codetracer diff RUN_A RUN_B` from outside, on a failing run and a passing run of one task by two agents.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use serde_json::{Value, json};
use tempfile::TempDir;

const FAILING: &str = "failing";
const PASSING: &str = "passing";

/// A folder with a trial that passed, by one agent, and one that failed, by another.
fn trials() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (trial, resolved, transcript, name) in [
        (
            PASSING,
            true,
            "tests/data/library-fees-passing.jsonl",
            "session.jsonl",
        ),
        (
            FAILING,
            false,
            "demo/library-fees.traj.json",
            "mini.traj.json",
        ),
    ] {
        let logs = folder.path().join(trial).join("agent-logs");
        fs::create_dir_all(&logs).unwrap();
        fs::copy(here.join(transcript), logs.join(name)).unwrap();
        let results = json!({"task_id": "library-fees", "is_resolved": resolved});
        fs::write(
            folder.path().join(trial).join("results.json"),
            results.to_string(),
        )
        .unwrap();
    }
    folder
}

fn run(trials: &TempDir, args: &[&str]) -> (i32, String, String) {
    let mut command: Command = assert_cmd::cargo::cargo_bin_cmd!("codetracer");
    let output = command
        .current_dir(trials.path())
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
    let (status, stdout, stderr) = run(&trials(), &["diff", a, b, "--json"]);
    assert_eq!((status, stderr.as_str()), (0, ""));
    serde_json::from_str(&stdout).unwrap()
}

#[test]
fn two_agents_are_laid_out_side_by_side() {
    let (status, stdout, stderr) = run(&trials(), &["diff", PASSING, FAILING]);
    assert_eq!((status, stderr.as_str()), (0, ""));
    assert!(!stdout.contains('\u{1b}'), "colour is for terminals");
    assert!(stdout.lines().all(|line| line.chars().count() <= 100));
    insta::assert_snapshot!(stdout);
}

#[test]
fn the_comparison_is_a_valid_document() {
    let comparison = document(PASSING, FAILING);
    let (_, schema, _) = run(&trials(), &["schema", "comparison-1"]);
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
    let trials = trials();
    let text = json!({
        "info": {"exit_status": "Submitted", "submission": ""},
        "messages": [
            {"role": "user", "content": "Compile the kernel and start it in an emulator without a screen."},
            {"role": "assistant", "content": "I begin.\n\n```bash\nmake -j4 > build.log\n```"},
            {"role": "user", "content": "<returncode>0</returncode>\n<output>\n\n</output>"},
        ],
        "trajectory_format": "mini-swe-agent-1",
    });
    fs::write(trials.path().join("other.traj.json"), text.to_string()).unwrap();
    let (status, stdout, stderr) = run(&trials, &["diff", FAILING, "other.traj.json"]);
    assert_eq!(status, 0);
    assert!(stderr.contains("different tasks"), "{stderr}");
    assert!(stdout.contains("first divergence"));
}

#[test]
fn a_heap_needs_a_choice() {
    let trials = trials();
    let (status, _, stderr) = run(&trials, &["diff", ".", PASSING]);
    assert_eq!(status, 2);
    assert!(stderr.contains("--run-a ID"), "{stderr}");
    let chosen = [
        "diff", ".", ".", "--run-a", PASSING, "--run-b", FAILING, "--json",
    ];
    let (status, stdout, stderr) = run(&trials, &chosen);
    assert_eq!((status, stderr.as_str()), (0, ""));
    let comparison: Value = serde_json::from_str(&stdout).unwrap();
    let alone = document(PASSING, FAILING);
    assert_eq!(comparison["divergence"]["why"], alone["divergence"]["why"]);
}
