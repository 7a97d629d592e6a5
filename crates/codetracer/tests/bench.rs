//! `codetracer bench` from outside, over a made-up benchmark; and against an independent script where
//! labelled runs are at hand.

#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test that cannot go on has failed"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;

const DEMO: &str = include_str!("../demo/library-fees.traj.json");

/// A benchmark of four runs: a folder, an archive, one that is no run, and one that is not there.
struct Scene {
    folder: TempDir,
}

impl Scene {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir_all(at("runs/set/lib-folder")).unwrap();
        fs::write(at("runs/set/lib-folder/a.traj.json"), DEMO).unwrap();
        fs::write(
            at("runs/set/lib-archive.tar.zst"),
            archive("lib-archive/b.traj.json"),
        )
        .unwrap();
        fs::create_dir_all(at("runs/set/broken")).unwrap();
        fs::write(at("runs/set/broken/notes.txt"), "nothing to see").unwrap();
        let rows = [
            json!({"run": "lib-folder", "path": "elsewhere/set/lib-folder", "step_count": 12,
                   "task_name": "fees", "onset": 9, "incorrect": [9], "split": "x"}),
            json!({"traj_id": "lib-archive", "artifact_path": "set/lib-archive.tar.zst",
                   "task_name": "fees too", "step_count": 12, "split": "y",
                   "incorrect_stages": [{"stage_id": 1, "incorrect_step_ids": [6]}]}),
            json!({"run": "broken", "path": "set/broken", "incorrect": [1], "step_count": 3}),
            json!({"run": "gone", "path": "../runs/set/lib-folder", "incorrect": [1], "step_count": 3}),
        ];
        let lines: Vec<String> = rows.iter().map(Value::to_string).collect();
        fs::write(at("gold.jsonl"), lines.join("\n")).unwrap();
        Self { folder }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn bench(&self, args: &[&str]) -> (i32, String, String) {
        let mut command = assert_cmd::cargo::cargo_bin_cmd!("codetracer");
        let output = command
            .current_dir(self.folder.path())
            .env("CODETRACER_DATA_DIR", "no-such-folder")
            .env("CODETRACER_CACHE_DIR", self.folder.path().join("cache"))
            .arg("bench")
            .args(args)
            .output()
            .unwrap();
        (
            output.status.code().unwrap(),
            String::from_utf8(output.stdout).unwrap(),
            String::from_utf8(output.stderr).unwrap(),
        )
    }

    fn run(&self) -> (i32, String, String) {
        self.bench(&["run", "gold.jsonl", "--artifacts", "runs", "--out", "out"])
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }
}

/// The demo run in an archive, under a path.
fn archive(path: &str) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(DEMO.len() as u64);
    header.set_mode(0o644);
    builder
        .append_data(&mut header, path, DEMO.as_bytes())
        .unwrap();
    zstd::encode_all(&*builder.into_inner().unwrap(), 1).unwrap()
}

fn figures(report: &Value, set: usize, system: usize) -> BTreeMap<String, f64> {
    let figures = report["sets"][set]["systems"][system]["figures"].as_array();
    let figures = figures.unwrap().iter();
    figures
        .map(|f| {
            (
                f["key"].as_str().unwrap().to_owned(),
                f["value"].as_f64().unwrap(),
            )
        })
        .collect()
}

#[test]
fn runs_are_found_scored_and_named_when_they_fail() {
    let scene = Scene::new();
    let (status, stdout, stderr) = scene.run();
    assert_eq!(status, 3, "{stdout}{stderr}");
    assert!(stdout.contains("broken: no run found"), "{stdout}");
    assert!(
        stdout.contains("2 runs without a prediction: broken, gone"),
        "{stdout}"
    );
    let report: Value = serde_json::from_str(&scene.text("out/report.json")).unwrap();
    let found = figures(&report, 0, 0);
    // Four rows; the demo's own onset is step 9.
    assert_eq!(found["onset_exact"].to_string(), "1");
    assert_eq!(found["step_count"].to_string(), "0.5");
    let rules: Vec<&str> = report["sets"][0]["rules"]
        .as_array()
        .unwrap()
        .iter()
        .map(|rule| rule["name"].as_str().unwrap())
        .collect();
    assert!(rules.contains(&"first failing step"), "{rules:?}");
    assert!(scene.text("out/chart.svg").starts_with("<svg"));
    assert_eq!(scene.text("out/predictions.jsonl").lines().count(), 2);

    // Once more, out of the cache, byte for byte; and from the predictions alone.
    let kept = [
        "out/report.md",
        "out/predictions.jsonl",
        "out/facts.jsonl",
        "out/chart.svg",
    ];
    let before = kept.map(|name| scene.text(name));
    assert_eq!(scene.run().1, stdout);
    assert_eq!(kept.map(|name| scene.text(name)), before);
    let (status, again, _) = scene.bench(&[
        "score",
        "gold.jsonl",
        "--pred",
        "out/predictions.jsonl",
        "--facts",
        "out/facts.jsonl",
        "--json",
    ]);
    assert_eq!(status, 0);
    let again: Value = serde_json::from_str(&again).unwrap();
    assert_eq!(figures(&again, 0, 0), found);
}

#[test]
fn runs_that_are_not_where_labels_say_are_looked_for() {
    let scene = Scene::new();
    fs::create_dir_all(scene.path("runs/deep/down")).unwrap();
    fs::rename(
        scene.path("runs/set/lib-folder"),
        scene.path("runs/deep/down/lib-folder"),
    )
    .unwrap();
    let (_, stdout, _) = scene.run();
    assert!(
        stdout.contains("2 runs without a prediction: broken, gone"),
        "{stdout}"
    );
}

#[test]
fn systems_stand_side_by_side_and_one_does_not_differ_from_itself() {
    let scene = Scene::new();
    let say = |name: &str, onset: u32| {
        let line =
            json!({"run_id": "lib-folder", "onset_step_id": onset, "incorrect_step_ids": [onset]});
        fs::write(scene.path(name), line.to_string()).unwrap();
    };
    say("right.jsonl", 9);
    say("wrong.jsonl", 3);
    let (status, stdout, _) = scene.bench(&[
        "score",
        "gold.jsonl",
        "--pred",
        "right.jsonl",
        "wrong.jsonl",
    ]);
    assert_eq!(status, 0);
    assert!(
        stdout.contains("| exact | 1 | 1.000 [1.000, 1.000] | 0.000 [0.000, 0.000] |"),
        "{stdout}"
    );
    assert!(stdout.contains("Not applied, since nobody looked at the steps: first failing step"));
    let (_, same, _) = scene.bench(&["compare", "gold.jsonl", "right.jsonl", "right.jsonl"]);
    assert!(same.contains("No difference: both say the same"), "{same}");
    let (_, other, _) = scene.bench(&["compare", "gold.jsonl", "right.jsonl", "wrong.jsonl"]);
    assert!(
        other.contains("| lib-folder | worse | 9 | 9 | 3 |"),
        "{other}"
    );
}

#[test]
fn bad_questions_are_told_plainly() {
    let scene = Scene::new();
    for (args, said) in [
        (
            vec![
                "run",
                "gold.jsonl",
                "--artifacts",
                "runs",
                "--out",
                "runs/out",
            ],
            "only read",
        ),
        (vec!["run", "gold.jsonl", "--artifacts", "absent"], "absent"),
        (
            vec!["score", "gold.jsonl", "--pred", "gold.jsonl", "--set", "x"],
            "there are gold",
        ),
        (
            vec![
                "score",
                "gold.jsonl",
                "--pred",
                "gold.jsonl",
                "--group",
                "x",
            ],
            "--group takes",
        ),
        (
            vec!["score", "runs/set", "--pred", "gold.jsonl"],
            "no labelled run",
        ),
    ] {
        let (status, _, stderr) = scene.bench(&args);
        assert_eq!(status, 2, "{args:?}");
        assert!(stderr.contains(said), "{args:?}: {stderr}");
    }
    assert!(!Path::new(&scene.path("runs/out")).exists());
}

#[test]
fn figures_over_labelled_runs_are_those_of_the_script() {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let shared = std::env::var_os("CODETRACER_SHARED").map_or(beside, PathBuf::from);
    let (gold, script) = (shared.join("gold"), shared.join("tools/score.py"));
    if !gold.is_dir() || !script.is_file() {
        eprintln!("skipped: no labelled runs and no script beside the repository");
        return;
    }
    let scene = Scene::new();
    let (gold, corpus) = (
        gold.display().to_string(),
        shared.join("corpus").display().to_string(),
    );
    let (status, stdout, stderr) = scene.bench(&[
        "run",
        &gold,
        "--artifacts",
        &corpus,
        "--out",
        "out",
        "--json",
    ]);
    assert_eq!(status, 0, "{stderr}");
    let theirs = std::process::Command::new("python3")
        .arg(script)
        .args([gold, scene.path("out/predictions.jsonl")])
        .output();
    let Ok(theirs) = theirs else {
        eprintln!("skipped: no python3");
        return;
    };
    let theirs = String::from_utf8_lossy(&theirs.stdout).into_owned();
    let report: Value = serde_json::from_str(&stdout).unwrap();
    let sets = report["sets"].as_array().unwrap();
    for (name, set, key) in [
        ("onset exact", "onset", "onset_exact"),
        ("onset in top 3", "onset", "onset_top_3"),
        (
            "incorrect macro-F1 (annotated)",
            "onset",
            "incorrect_f1_onset",
        ),
        ("stage boundary F1 (+-1)", "onset", "boundary_f1"),
        (
            "CodeTraceBench all-row F1 outside s3",
            "codetracebench",
            "incorrect_f1_all",
        ),
        (
            "CodeTraceBench positive-row macro-F1 outside s3",
            "codetracebench",
            "incorrect_f1_positive",
        ),
        (
            "change/explore accuracy (published trees)",
            "effects",
            "change_accuracy",
        ),
    ] {
        let at = sets.iter().position(|s| s["name"] == set).unwrap();
        let ours = format!("{name}\t{:.4}\t", figures(&report, at, 0)[key]);
        assert!(
            theirs.lines().any(|line| line.starts_with(&ours)),
            "{ours}\n{theirs}"
        );
    }
}
