//! `codetracer bench train` from outside, over a made-up benchmark.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::path::Path;

use localize::Model;
use serde_json::{Value, json};
use tempfile::TempDir;

/// A run as mini-SWE-agent leaves it: commands with what they printed and their exit status.
fn trajectory(task: &str, steps: &[(&str, &str, i32)]) -> String {
    let mut messages = vec![
        json!({"role": "system", "content": "Answer with a thought and one command in a bash block."}),
        json!({"role": "user", "content": format!("Please solve this issue:\n\n{task}\n")}),
    ];
    for (command, output, status) in steps {
        let said = format!("THOUGHT: go on.\n\n```bash\n{command}\n```");
        let seen = format!("<returncode>{status}</returncode>\n<output>\n{output}\n</output>");
        messages.push(json!({"role": "assistant", "content": said}));
        messages.push(json!({"role": "user", "content": seen}));
    }
    let info = json!({
        "exit_status": "Submitted",
        "submission": "",
        "mini_version": "1.9.0",
        "config": {"model": {"model_name": "example/sample-model"}},
    });
    json!({"info": info, "messages": messages, "trajectory_format": "mini-swe-agent-1"}).to_string()
}

/// A run whose third step breaks a test that had passed, and one that is fine.
fn bad(file: &str) -> String {
    let write = format!("cat > {file} <<'EOF'\ndef total(x):\n    return sum(x) + 1\nEOF");
    trajectory(
        &format!("Make `{file}` add up; keep the tests passing."),
        &[
            ("ls", file, 0),
            ("python -m pytest -q", "== 3 passed in 0.1s ==", 0),
            (&write, "", 0),
            (
                "python -m pytest -q",
                "FAILED test_it.py::test_total - assert 4 == 3\n== 1 failed, 2 passed in 0.1s ==",
                1,
            ),
            ("echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT", "", 0),
        ],
    )
}

fn good(file: &str) -> String {
    let write = format!("cat > {file} <<'EOF'\ndef total(x):\n    return sum(x)\nEOF");
    trajectory(
        &format!("Make `{file}` add up; keep the tests passing."),
        &[
            ("ls", file, 0),
            (&write, "", 0),
            ("python -m pytest -q", "== 3 passed in 0.1s ==", 0),
            ("echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT", "", 0),
        ],
    )
}

/// Three tasks with a failed and a solved run each, and a run of which effects alone are labelled.
fn scene() -> TempDir {
    let folder = TempDir::new().unwrap();
    let mut rows = Vec::new();
    let keep = |run: &str, text: String| {
        let at = folder.path().join("runs").join(run);
        fs::create_dir_all(&at).unwrap();
        fs::write(at.join("a.traj.json"), text).unwrap();
    };
    for (task, file) in [
        ("adding", "sums.py"),
        ("billing", "bill.py"),
        ("counting", "count.py"),
    ] {
        keep(&format!("{task}-bad"), bad(file));
        keep(&format!("{task}-good"), good(file));
        rows.push(
            json!({"run": format!("{task}-bad"), "task_name": task, "step_count": 5,
                         "onset": 3, "incorrect": [3, 5], "solved": false}),
        );
        rows.push(
            json!({"run": format!("{task}-good"), "task_name": task, "step_count": 4,
                         "onset": null, "incorrect": [], "solved": true}),
        );
    }
    keep("looking", good("look.py"));
    let gold = folder.path().join("gold");
    fs::create_dir(&gold).unwrap();
    fs::write(gold.join("onset.json"), Value::from(rows).to_string()).unwrap();
    let effects = json!([{"run": "looking", "step_count": 4, "change_steps": [2]}]);
    fs::write(gold.join("effects.json"), effects.to_string()).unwrap();
    // Names another task for a run that is labelled already: it must not be learned from when judged.
    let ended = json!({"adding-bad": {"resolved": false}, "nowhere": {"resolved": true}});
    fs::write(gold.join("outcomes.json"), ended.to_string()).unwrap();
    folder
}

fn train(folder: &Path, more: &[&str]) -> (i32, String, String) {
    let all = ["bench", "train", "gold", "--artifacts", "runs"];
    codetracer(folder, &[&all, more].concat())
}

fn codetracer(folder: &Path, args: &[&str]) -> (i32, String, String) {
    let mut command = assert_cmd::cargo::cargo_bin_cmd!("codetracer");
    let output = command
        .current_dir(folder)
        .env("CODETRACER_DATA_DIR", "no-such-folder")
        .env("CODETRACER_CACHE_DIR", folder.join("cache"))
        .args(args)
        .output()
        .unwrap();
    (
        output.status.code().unwrap(),
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

#[test]
fn a_model_is_fitted_written_and_scored_on_tasks_it_has_not_seen() {
    let folder = scene();
    let at = |name: &str| folder.path().join(name);
    let text = |name: &str| fs::read_to_string(at(name)).unwrap();
    let all = ["--out", "out", "--model", "model.toml", "--ablation"];
    let (status, stdout, stderr) = train(folder.path(), &all);
    assert_eq!(status, 0, "{stdout}{stderr}");
    let report: Value = serde_json::from_str(&text("out/report.json")).unwrap();
    let sets = report["sets"].as_array().unwrap();
    let names: Vec<&str> = sets
        .iter()
        .map(|set| set["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["effects", "onset"]);
    for set in sets {
        for (system, name) in [(0, "cross-validated"), (1, "stated weights")] {
            assert_eq!(set["systems"][system]["name"], name);
            assert_eq!(set["systems"][system]["missing"], json!([]), "{name}");
        }
    }
    assert_eq!(text("out/predictions.jsonl").lines().count(), 7);
    assert!(text("out/ablation.md").contains("| regression |"));
    let model = Model::from_toml(&text("model.toml")).unwrap();
    let seen = &model.training;
    assert_eq!(
        (seen.onset_runs, seen.incorrect_runs, seen.outcome_runs),
        (3, 6, 6)
    );
    assert_eq!(seen.data.len(), 64);
    assert_eq!(seen.saw("billing"), Some(true));
    assert_eq!(seen.saw("looking"), Some(false));
    let weights = model
        .onset
        .by_column()
        .into_iter()
        .chain(model.incorrect.by_column());
    assert!(weights.clone().count() > 0 && weights.into_iter().all(f64::is_finite));

    // What is kept scores the same.
    let figures = |text: &str| -> Value {
        let report: Value = serde_json::from_str(text).unwrap();
        report["sets"][1]["systems"][0]["figures"].clone()
    };
    let again = codetracer(
        folder.path(),
        &[
            "bench",
            "score",
            "gold",
            "--pred",
            "out/predictions.jsonl",
            "--json",
        ],
    );
    assert_eq!(figures(&again.1), figures(&text("out/report.json")));

    // The same again, byte for byte.
    let kept = [
        "model.toml",
        "out/report.json",
        "out/predictions.jsonl",
        "out/ablation.md",
    ];
    let before = kept.map(text);
    let (_, again, _) = train(folder.path(), &all);
    assert_eq!(again, stdout);
    assert_eq!(kept.map(text), before);
}

#[test]
fn labels_of_a_task_do_not_reach_what_is_said_of_it() {
    let folder = scene();
    let said = |blind: &[&str]| {
        let (status, _, stderr) = train(folder.path(), &[&["--out", "out"], blind].concat());
        assert_eq!(status, 0, "{stderr}");
        let text = fs::read_to_string(folder.path().join("out/predictions.jsonl")).unwrap();
        let of_adding = text.lines().filter(|line| line.contains("adding-"));
        of_adding.map(str::to_owned).collect::<Vec<_>>()
    };
    let before = [said(&[]), said(&["--blind"])];
    assert_eq!(before[0].len(), 2);
    assert!(
        before[1]
            .iter()
            .all(|line| line.contains("\"used_outcome\":false"))
    );
    let gold = folder.path().join("gold/onset.json");
    let mut rows: Vec<Value> = serde_json::from_str(&fs::read_to_string(&gold).unwrap()).unwrap();
    for row in rows.iter_mut().filter(|row| row["task_name"] == "adding") {
        row["onset"] = json!(1);
        row["incorrect"] = json!([1, 2]);
        let solved = row["solved"] == json!(true);
        row["solved"] = json!(!solved);
    }
    fs::write(&gold, Value::from(rows).to_string()).unwrap();
    assert_eq!([said(&[]), said(&["--blind"])], before);
}

#[test]
fn what_cannot_be_trained_on_is_said() {
    let folder = scene();
    let (status, _, stderr) = train(folder.path(), &["--group", "run"]);
    assert_eq!(status, 2);
    assert!(stderr.contains("whole tasks are held out"), "{stderr}");
    let (status, _, stderr) = train(folder.path(), &["--out", "runs/out"]);
    assert_eq!(status, 2);
    assert!(stderr.contains("which is only read"), "{stderr}");
    fs::remove_file(folder.path().join("gold/onset.json")).unwrap();
    fs::remove_file(folder.path().join("gold/outcomes.json")).unwrap();
    let (status, _, stderr) = train(folder.path(), &[]);
    assert_eq!(status, 2);
    assert!(
        stderr.contains("none of the runs whose failures are labelled"),
        "{stderr}"
    );
}
