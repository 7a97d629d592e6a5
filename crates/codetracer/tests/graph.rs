//! `codetracer graph` on the bundled run.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::process::{Command, Output};

use serde_json::Value;

fn graph(args: &[&str]) -> Output {
    codetracer(&[&["graph", DEMO], args].concat())
}

fn codetracer(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_codetracer"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
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
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains(DEMO) && said.contains("1 to 12"), "{said}");
    assert_eq!(printed(&["--json"]), printed(&["--format", "json"]));
}

#[test]
fn a_hostile_name_is_inert_in_every_view() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.traj.json");
    let demo = std::fs::read_to_string(format!("{}/{DEMO}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let evil = "library/\\u001b[2J\\u009b2J\\u202ecal\\u0022]<b>&endar.py";
    std::fs::write(&path, demo.replace("library/calendar.py", evil)).unwrap();
    let path = path.to_str().unwrap();
    for args in [
        &["graph", path][..],
        &["graph", path, "--json"],
        &["graph", path, "--format", "dot"],
        &["graph", path, "--format", "mermaid"],
        &["contract", path],
        &["contract", path, "--json"],
        &["diff", path, "--patch"],
        &["diff", path, DEMO],
        &["diff", path, DEMO, "--json", "--blind"],
        &["blame", path, "endar.py"],
        &["show", path, "9"],
        &["show", path, "9", "--json"],
    ] {
        let output = codetracer(args);
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8(said).unwrap();
        let acts = |c: char| c.is_control() && c != '\n' || c == '\u{202e}';
        assert!(!said.contains(acts), "{args:?}: {said:?}");
        if args.contains(&"mermaid") {
            assert!(!said.contains("cal\"]"), "{said}");
        }
    }
}

#[test]
fn a_verdict_that_is_not_asked_for_is_told() {
    let output = graph(&["--fail-on", "failure"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&output.stderr).contains("--fail-on"));
}
