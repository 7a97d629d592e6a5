//! What the README shows is what the program prints.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use scripted::{Protocol, Reply, ScriptedModel};
use serde_json::{Value, json};

/// Set this variable to write the README's examples anew.
const UPDATE: &str = "UPDATE_README";

fn printed(args: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_codetracer"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("NO_COLOR", "1")
        .args(args)
        .output()
        .unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

fn fenced(text: &str) -> String {
    format!("```text\n{text}```\n")
}

fn layouts() -> String {
    let known: Value = serde_json::from_str(&printed(&["doctor", "--json"])).unwrap();
    let mut table = "| layout | what it is |\n|---|---|\n".to_owned();
    for layout in known["layouts"].as_array().unwrap() {
        let text = |key: &str| layout[key].as_str().unwrap();
        // A star would begin emphasis.
        let title = text("title").replace('*', "\\*");
        writeln!(table, "| `{}` | {title} |", text("name")).unwrap();
    }
    let trials = known["trial_folders"].as_array().unwrap();
    let names: Vec<_> = trials.iter().map(|t| t.as_str().unwrap()).collect();
    writeln!(
        table,
        "\nTask and outcome are taken from trial folders around a run: {}.",
        names.join(", ")
    )
    .unwrap();
    table
}

/// The beginning of a report on the bundled run by a scripted model, which knows the answer.
fn asked() -> String {
    let model = ScriptedModel::start(Protocol::OpenAi, |asked| match asked.round {
        1 => Reply::calls([("show_step", json!({"steps": [2, 3, 5, 6, 7]}))]),
        _ => Reply::calls([("conclude", conclusion())]),
    });
    let output = Command::new(env!("CARGO_BIN_EXE_codetracer"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("NO_COLOR", "1")
        .envs(model.environment())
        .args(["analyze", "demo/library-fees.traj.json", "--no-memory"])
        .args(["--model", "openai/gpt-5.4-mini"])
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    let report = String::from_utf8(output.stdout).unwrap();
    let (verdict, rest) = report.split_once("other suspects").unwrap();
    let (_, asked) = rest.split_once("asked openai").unwrap();
    // The only thing that differs from call to call.
    let (before, after) = asked.split_once(" s; by method").unwrap();
    let (before, _) = before.rsplit_once(' ').unwrap();
    format!("{verdict}[…]\n\nasked openai{before} 0.0 s; by method{after}")
}

fn conclusion() -> Value {
    let claim = |kind: &str, step: u64, why: &str, quote: &str| json!({"kind": kind, "step": step, "why": why, "quote": quote, "quoted_step": null});
    json!({
        "verdict": "failure_found",
        "fault": "incorrect_hypothesis",
        "claims": [
            claim(
                "onset", 6,
                "It takes `open_days` for right without a look at its loop, which counts the day \
                 before it steps: the due day is in and the day of return is out.",
                "its loop looks right to me",
            ),
            claim(
                "missed_signal", 8,
                "The day after a closure is counted as none, which no weekday explains.",
                "assert 0 == 20",
            ),
            claim(
                "incorrect", 9,
                "It bends the calendar until one test passes.",
                "I will treat 5 as closed as well",
            ),
            claim(
                "final_commitment", 12,
                "It hands in with two failing tests called a quirk of the data.",
                "look like a quirk of the test data",
            ),
        ],
        "summary": "The helper `open_days` counts from the wrong end; step 6 calls it unread, and all that \
                    follows treats what that breaks.",
        "advice": "From step 6 on: read the loop of `open_days` against the task's words, move the step \
                   forward before the count, and leave the calendar alone.",
        "confidence": 0.85,
        "differs": "Step 9 bends the calendar because the helper called in step 6 was already wrong.",
        "lessons": [],
    })
}

/// `text` with the lines between `<!-- name` and `<!-- /name -->` replaced.
fn with_block(text: &str, name: &str, block: &str) -> String {
    let (before, rest) = text.split_once(&format!("<!-- {name}")).unwrap();
    let (mark, rest) = rest.split_once("-->\n").unwrap();
    let (_, after) = rest.split_once(&format!("<!-- /{name} -->")).unwrap();
    format!("{before}<!-- {name}{mark}-->\n{block}<!-- /{name} -->{after}")
}

#[test]
fn examples_are_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md");
    let readme = fs::read_to_string(&path).unwrap();
    let mut current = with_block(&readme, "demo", &fenced(&printed(&["demo"])));
    let tree = printed(&["tree", "demo/library-fees.traj.json"]);
    current = with_block(&current, "tree", &fenced(&tree));
    current = with_block(&current, "asked", &fenced(&asked()));
    current = with_block(&current, "layouts", &layouts());
    if std::env::var_os(UPDATE).is_some() {
        fs::write(&path, &current).unwrap();
    } else {
        assert!(
            readme == current,
            "the README is out of date; run the test with {UPDATE}=1"
        );
    }
}
