//! Diagnoses for other programs and agents: profile files and advice, from outside.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::path::Path;

use scripted::{Asked, Protocol, Reply, ScriptedModel};
use serde_json::{Value, json};
use tempfile::TempDir;

const DEMO: &str = "demo/library-fees.traj.json";

/// Every profile with its file and its schema.
const PROFILES: [(&str, &str, &str); 3] = [
    (
        "tracebench",
        "codetracer_labels.json",
        "profile-tracebench-1",
    ),
    ("detailed", "codetracer_analysis.json", "profile-detailed-1"),
    (
        "rl_feedback",
        "codetracer_rl_feedback.json",
        "profile-rl-feedback-1",
    ),
];

fn run(args: &[&str]) -> (i32, String, String) {
    let output = assert_cmd::cargo::cargo_bin_cmd!("codetracer")
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("CODETRACER_DATA_DIR", "no-such-folder")
        .args(["--no-cache"])
        .args(args)
        .output()
        .unwrap();
    (
        output.status.code().unwrap(),
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn is_valid(value: &Value, schema: &str) {
    let (status, schema, _) = run(&["schema", schema]);
    assert_eq!(status, 0);
    let schema: Value = serde_json::from_str(&schema).unwrap();
    assert!(jsonschema::validator_for(&schema).unwrap().is_valid(value));
}

/// Two runs of one command each; equal ones would be taken for one.
fn pile(folder: &Path) {
    fs::create_dir_all(folder.join("sub")).unwrap();
    fs::write(folder.join("a.traj.json"), one_command("ls")).unwrap();
    fs::write(folder.join("sub/a.traj.json"), one_command("ls -a")).unwrap();
}

/// A run in the layout of mini-SWE-agent, with an answer that acts on a terminal.
fn one_command(command: &str) -> String {
    let run = json!({
        "info": {"exit_status": "Submitted", "submission": ""},
        "messages": [
            {"role": "user", "content": "List the folder."},
            {"role": "assistant", "content": format!("I look.\n\n```bash\n{command}\n```")},
            {"role": "user", "content":
                "<returncode>0</returncode>\n<output>\n\u{202e}a\u{1b}[31m\n</output>"},
        ],
        "trajectory_format": "mini-swe-agent-1",
    });
    run.to_string()
}

fn files_below(folder: &Path) -> Vec<String> {
    let mut open = vec![folder.to_owned()];
    let mut files = Vec::new();
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                files.push(path);
            }
        }
    }
    let name = |file: &std::path::PathBuf| path(file.strip_prefix(folder).unwrap()).to_owned();
    let mut names: Vec<String> = files.iter().map(name).collect();
    names.sort();
    names
}

#[test]
fn the_file_of_one_run_is_printed() {
    for (profile, _, schema) in PROFILES {
        let (status, stdout, stderr) = run(&["analyze", DEMO, "--profile", profile]);
        assert_eq!((status, stderr.as_str()), (0, ""));
        is_valid(&serde_json::from_str(&stdout).unwrap(), schema);
        insta::assert_snapshot!(profile, stdout);
    }
}

#[test]
fn every_run_gets_a_folder() {
    let folder = TempDir::new().unwrap();
    let (runs, out) = (folder.path().join("runs"), folder.path().join("out"));
    pile(&runs);
    let mut args = vec!["analyze", path(&runs), "--out", path(&out)];
    for (profile, _, _) in PROFILES {
        args.extend(["--profile", profile]);
    }
    // The second time finds the files of the first.
    for _ in 0..2 {
        let (status, stdout, stderr) = run(&args);
        assert_eq!(status, 0, "{stderr}");
        assert!(stderr.contains("6 files for 2 runs"), "{stderr}");
        assert_eq!(stdout.lines().count(), 6);
        assert!(stdout.lines().all(|line| Path::new(line).is_file()));
        let files = files_below(&out);
        assert_eq!(files.len(), 6, "{files:?}");
        for (at, file) in files.iter().enumerate() {
            let text = fs::read_to_string(out.join(file)).unwrap();
            assert!(!text.contains(['\u{202e}', '\u{1b}']));
            let (_, name, schema) = PROFILES[[1, 0, 2][at % 3]];
            assert!(file.ends_with(name), "{file}");
            is_valid(&serde_json::from_str(&text).unwrap(), schema);
        }
        assert_eq!(files_below(&runs).len(), 2);
    }
}

#[test]
fn runs_of_one_id_stay_apart() {
    let folder = TempDir::new().unwrap();
    let out = folder.path().join("out");
    let piles = ["one", "two"].map(|name| folder.path().join(name));
    for runs in &piles {
        pile(runs);
    }
    let (status, stdout, _) = run(&[
        "analyze",
        path(&piles[0]),
        path(&piles[1]),
        "--profile",
        "tracebench",
        "--out",
        path(&out),
    ]);
    assert_eq!(status, 0);
    assert_eq!(stdout.lines().count(), 4);
    assert_eq!(files_below(&out).len(), 4);
    assert!(out.join("a.traj.json/codetracer_labels.json").is_file());
}

#[test]
fn nothing_is_written_below_an_input() {
    let folder = TempDir::new().unwrap();
    let runs = folder.path().join("runs");
    pile(&runs);
    let before = files_below(folder.path());
    let inside = runs.join("new/deeper");
    for out in [&runs, &inside] {
        let args = ["analyze", path(&runs), "--profile", "detailed"];
        let (status, stdout, stderr) = run(&[&args[..], &["--out", path(out)]].concat());
        assert_eq!((status, stdout.as_str()), (2, ""));
        assert!(stderr.contains("which is only read"), "{stderr}");
    }
    // The folder of the run would be the input itself.
    let alone = folder.path().join("out/a.traj.json");
    fs::create_dir_all(&alone).unwrap();
    fs::copy(runs.join("a.traj.json"), alone.join("a.traj.json")).unwrap();
    let (status, _, stderr) = run(&[
        "analyze",
        path(&alone),
        "--profile",
        "detailed",
        "--out",
        path(&folder.path().join("out")),
    ]);
    assert_eq!(status, 2, "{stderr}");
    assert!(stderr.contains("which is only read"), "{stderr}");
    assert_eq!(files_below(folder.path()).len(), before.len() + 1);
}

#[cfg(unix)]
#[test]
fn a_link_does_not_lead_into_an_input() {
    let folder = TempDir::new().unwrap();
    let (runs, out) = (folder.path().join("runs"), folder.path().join("out"));
    pile(&runs);
    fs::create_dir_all(&out).unwrap();
    std::os::unix::fs::symlink(&runs, out.join("a.traj.json")).unwrap();
    let args = ["analyze", path(&runs), "--profile", "tracebench"];
    let (status, stdout, stderr) = run(&[&args[..], &["--out", path(&out)]].concat());
    // The other run is written all the same.
    assert_eq!(status, 3, "{stderr}");
    assert_eq!(stdout.lines().count(), 1);
    assert_eq!(files_below(&runs).len(), 2);
}

#[test]
fn several_files_need_a_folder() {
    let folder = TempDir::new().unwrap();
    pile(folder.path());
    let several: [&[&str]; 2] = [
        &["analyze", path(folder.path()), "--profile", "detailed"],
        &[
            "analyze",
            DEMO,
            "--profile",
            "detailed",
            "--profile",
            "tracebench",
        ],
    ];
    for args in several {
        let (status, stdout, stderr) = run(args);
        assert_eq!((status, stdout.as_str()), (2, ""));
        assert!(stderr.contains("--out FOLDER"), "{stderr}");
    }
    for args in [["--out", "x"], ["--profile", "other"]] {
        assert_eq!(run(&[&["analyze", DEMO][..], &args].concat()).0, 2);
    }
}

#[test]
fn advice_is_ready_to_paste() {
    let (status, stdout, stderr) = run(&["analyze", DEMO, "--advice"]);
    assert_eq!((status, stderr.as_str()), (0, ""));
    insta::assert_snapshot!(stdout);
    let folder = TempDir::new().unwrap();
    pile(folder.path());
    let (status, stdout, _) = run(&["analyze", path(folder.path()), "--advice"]);
    assert_eq!(status, 0);
    assert_eq!(stdout.matches("<!-- run ").count(), 2);
    assert!(!stdout.contains(['\u{202e}', '\u{1b}']));
}

/// Runs the program on the bundled run, judged by a scripted model.
fn judged(model: &ScriptedModel, args: &[&str]) -> (i32, String, String) {
    let output = assert_cmd::cargo::cargo_bin_cmd!("codetracer")
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("CODETRACER_DATA_DIR", "no-such-folder")
        .args(["analyze", DEMO, "--no-memory"])
        .args(["--model", &model.name("any")])
        .args(args)
        .envs(model.environment())
        .output()
        .unwrap();
    (
        output.status.code().unwrap(),
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

/// Opens steps and then blames step 6, with one claim that it cannot prove.
fn blames_step_six(asked: &Asked) -> Reply {
    let claim = |kind: &str, step: u32, quote: &str| {
        json!({"kind": kind, "step": step, "why": "It counts the wrong days.",
            "quote": quote, "quoted_step": null})
    };
    match asked.round {
        1 => Reply::calls([("show_step", json!({"steps": [1, 5, 6, 8, 9, 11, 12]}))]),
        _ => Reply::calls([(
            "conclude",
            json!({
                "verdict": "failure_found", "fault": "incorrect_hypothesis",
                "claims": [claim("onset", 6, "open_days"), claim("missed_signal", 8, "failed"),
                    claim("incorrect", 4, "cat tests/test_fees.py")],
                "summary": "Step 6 calls a helper that counts the wrong days.",
                "advice": "Read the helper before calling it, from step 6 on.",
                "confidence": 0.8, "differs": "The helper is wrong from its first use.",
                "lessons": [],
            }),
        )]),
    }
}

#[test]
fn what_a_model_says_is_exported_and_reported() {
    let model = || ScriptedModel::start(Protocol::OpenAi, blames_step_six);
    for (profile, _, schema) in PROFILES {
        let (status, stdout, stderr) = judged(&model(), &["--profile", profile]);
        assert_eq!(status, 0, "{stderr}");
        let value: Value = serde_json::from_str(&stdout).unwrap();
        is_valid(&value, schema);
        match profile {
            "tracebench" => assert_eq!(value[0]["incorrect_step_ids"], json!([6])),
            "detailed" => assert_eq!(
                value["correct_strategy"],
                "Read the helper before calling it, from step 6 on."
            ),
            _ => assert_eq!(value[5]["onset"], true),
        }
    }
    let (_, advice, _) = judged(&model(), &["--advice"]);
    assert!(advice.contains("first went wrong at step 6"), "{advice}");
    assert!(advice.contains("- Read the helper before calling it"));
    assert!(advice.contains("those of a model that read the record"));
    let (_, report, _) = judged(&model(), &[]);
    for line in [
        "asked openai/any",
        "it was shown 7 of 12 steps",
        "onset step: 6, offline 9",
        "because: The helper is wrong from its first use.",
        "incorrect 4",
    ] {
        assert!(report.contains(line), "{line}\n{report}");
    }
}

/// Whoever judged, the files are made of the document: here the offline one, since the model fails.
#[test]
fn a_failed_model_leaves_valid_files() {
    let model = ScriptedModel::start(Protocol::OpenAi, |_| Reply::refused(403, "not for you"));
    let folder = TempDir::new().unwrap();
    let out = path(folder.path());
    let args = ["--profile", "detailed", "--profile", "rl_feedback", "--out"];
    let (status, _, stderr) = judged(&model, &[&args[..], &[out]].concat());
    assert_eq!(status, 3, "{stderr}");
    let folder = folder.path().join("library-fees.traj.json");
    for (profile, name, schema) in &PROFILES[1..] {
        let text = fs::read_to_string(folder.join(name)).unwrap();
        let value: Value = serde_json::from_str(&text).unwrap();
        is_valid(&value, schema);
        let judged = match *profile {
            "detailed" => &value["engine"],
            _ => &value[0]["engine"],
        };
        assert!(judged.as_str().unwrap().contains("any"), "{judged}");
    }
}
