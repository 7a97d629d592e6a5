//! `codetracer bench run --model` from outside, against a scripted model on loopback: what it keeps,
//! what it counts, where it stops and how it goes on.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use scripted::{Asked, Protocol, Reply, ScriptedModel};
use serde_json::{Value, json};
use tempfile::TempDir;

const DEMO: &str = include_str!("../demo/library-fees.traj.json");

/// A benchmark of three runs, and a model that can be made to fail on one of them.
struct Scene {
    folder: TempDir,
    model: ScriptedModel,
    is_down: Arc<AtomicBool>,
}

impl Scene {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let mut rows = Vec::new();
        for name in ["one", "two", "three"] {
            let run = folder.path().join("runs").join(name);
            fs::create_dir_all(&run).unwrap();
            let demo = DEMO.replace(
                "Late fees are charged",
                &format!("In {name} fees are charged"),
            );
            fs::write(run.join("a.traj.json"), demo).unwrap();
            rows.push(
                json!({"run": name, "path": format!("runs/{name}"), "step_count": 12,
                             "task_name": name, "onset": 9, "incorrect": [9, 12]}),
            );
        }
        fs::write(
            folder.path().join("gold.json"),
            Value::Array(rows).to_string(),
        )
        .unwrap();
        let is_down = Arc::new(AtomicBool::new(false));
        let down = Arc::clone(&is_down);
        let model = ScriptedModel::start(Protocol::OpenAi, move |asked| {
            if down.load(Ordering::SeqCst) && opening(asked).contains("In two fees") {
                return Reply::refused(400, "no");
            }
            if asked.round == 1 {
                return Reply::calls([("show_step", json!({"steps": [1, 5, 6, 8, 9, 11, 12]}))]);
            }
            Reply::calls([("conclude", conclusion())])
        });
        Self {
            folder,
            model,
            is_down,
        }
    }

    fn bench(&self, args: &[&str]) -> (i32, String, String) {
        let mut command = assert_cmd::cargo::cargo_bin_cmd!("codetracer");
        let output = command
            .current_dir(self.folder.path())
            .env("CODETRACER_DATA_DIR", "no-such-folder")
            .env("CODETRACER_CACHE_DIR", "cache")
            .envs(self.model.environment())
            .args(["bench", "run", "gold.json", "--artifacts", "runs", "--json"])
            .args(["--out", "out", "--model", "openai/scripted"])
            .args(args)
            .output()
            .unwrap();
        (
            output.status.code().unwrap(),
            String::from_utf8(output.stdout).unwrap(),
            String::from_utf8(output.stderr).unwrap(),
        )
    }

    /// Requests to the model so far.
    fn requests(&self) -> usize {
        self.model.requests().len()
    }

    fn lines(&self, name: &str) -> Vec<Value> {
        let text = fs::read_to_string(self.folder.path().join("out").join(name)).unwrap();
        let lines = text.lines();
        lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

fn opening(asked: &Asked) -> &str {
    asked.messages.first().map_or("", |turn| &turn.text)
}

fn conclusion() -> Value {
    let claim = |kind: &str, step: u64, quote: &str| {
        json!({"kind": kind, "step": step, "why": "It hides the failure.", "quote": quote,
               "quoted_step": null})
    };
    json!({
        "verdict": "failure_found", "fault": "incorrect_hypothesis",
        "claims": [claim("onset", 9, "Sundays are still charged"),
                   claim("incorrect", 12, "look like a quirk of the test data")],
        "summary": "Saturday is closed to make one test pass.", "advice": "Look at the loop instead.",
        "confidence": 0.8, "differs": "", "lessons": [],
    })
}

fn report(stdout: &str) -> Value {
    serde_json::from_str(stdout).unwrap()
}

/// The names of a report's systems with how many runs each says nothing about.
fn systems(report: &Value) -> Vec<(String, usize)> {
    let systems = report["sets"][0]["systems"].as_array().unwrap().iter();
    systems
        .map(|system| {
            let missing = system["missing"].as_array().unwrap().len();
            (system["name"].as_str().unwrap().to_owned(), missing)
        })
        .collect()
}

#[test]
fn answers_are_kept_scored_and_never_asked_for_twice() {
    let scene = Scene::new();
    let (status, stdout, stderr) = scene.bench(&["--repeats", "2"]);
    assert_eq!(status, 0, "{stdout}{stderr}");
    assert_eq!(scene.requests(), 12, "two turns, three runs, two goes");
    let told = report(&stdout);
    assert_eq!(
        systems(&told),
        [
            ("offline".to_owned(), 0),
            ("agent openai/scripted, go 1".to_owned(), 0),
            ("agent openai/scripted, go 2".to_owned(), 0)
        ]
    );
    assert_eq!(told["agreement"][0][1]["onset"], 1.0);
    assert_eq!(told["agreement"][0][1]["answers"], 2);
    let spent = told["spend"][0][1]["quantities"].as_array().unwrap();
    let total = |name: &str| {
        let of = spent.iter().find(|q| q["name"] == name).unwrap();
        of["total"].as_f64().unwrap()
    };
    let charged = scene.model.charged();
    #[expect(clippy::cast_precision_loss, reason = "small counts")]
    let (input, output) = (charged.prompt() as f64, charged.output as f64);
    assert_eq!((total("tokens in"), total("tokens out")), (input, output));
    assert_eq!(scene.lines("predictions.jsonl").len(), 6);
    assert_eq!(scene.lines("facts.jsonl").len(), 3);

    let (status, again, stderr) = scene.bench(&["--repeats", "2"]);
    assert_eq!((status, scene.requests()), (0, 12), "{stderr}");
    assert_eq!(report(&again), told, "the same report from what is kept");

    let (status, more, _) = scene.bench(&["--repeats", "3"]);
    assert_eq!((status, scene.requests()), (0, 18));
    assert_eq!(report(&more)["agreement"][0][1]["answers"], 3);
}

#[test]
fn a_failed_answer_counts_as_missing_and_is_asked_for_again() {
    let scene = Scene::new();
    scene.is_down.store(true, Ordering::SeqCst);
    let (status, stdout, _) = scene.bench(&[]);
    assert_eq!(status, 3);
    let told = report(&stdout);
    assert_eq!(
        systems(&told),
        [
            ("offline".to_owned(), 0),
            ("agent openai/scripted".to_owned(), 1)
        ]
    );
    let failures = told["sets"][0]["systems"][1]["failures"].to_string();
    assert!(failures.contains("runs/two"), "{failures}");

    scene.is_down.store(false, Ordering::SeqCst);
    let before = scene.requests();
    let (status, stdout, stderr) = scene.bench(&[]);
    assert_eq!(status, 0, "{stderr}");
    assert_eq!(scene.requests() - before, 2, "only the run that failed");
    assert_eq!(systems(&report(&stdout))[1].1, 0);
}

#[test]
fn the_budget_holds_for_all_runs_together_and_a_later_call_goes_on() {
    let scene = Scene::new();
    let (status, stdout, stderr) = scene.bench(&["--max-calls", "3", "--concurrency", "1"]);
    assert_eq!(status, 3, "{stdout}{stderr}");
    assert_eq!(scene.requests(), 3);
    assert_eq!(systems(&report(&stdout))[1].1, 2, "one run was done");
    let (status, stdout, stderr) = scene.bench(&["--max-calls", "50"]);
    assert_eq!(status, 0, "{stdout}{stderr}");
    assert_eq!(systems(&report(&stdout))[1].1, 0);
}

#[test]
fn a_killed_call_costs_its_last_line_only() {
    let scene = Scene::new();
    assert_eq!(scene.bench(&[]).0, 0);
    let path = scene.folder.path().join("out/predictions.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, &text[..text.len() - 100]).unwrap();
    let before = scene.requests();
    assert_eq!(scene.bench(&[]).0, 0);
    assert_eq!(scene.requests() - before, 2);
    assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 3);
}

#[test]
fn answers_of_other_settings_do_not_mix() {
    let scene = Scene::new();
    assert_eq!(scene.bench(&[]).0, 0);
    let (status, _, stderr) = scene.bench(&["--without", "tree"]);
    assert_eq!(status, 2);
    assert!(stderr.contains("choose another --out"), "{stderr}");
}

#[test]
fn a_run_that_takes_too_much_ends_no_other() {
    let scene = Scene::new();
    let (status, stdout, _) = scene.bench(&["--max-run-tokens", "100"]);
    assert_eq!(status, 3);
    let told = report(&stdout);
    let failures = told["sets"][0]["systems"][1]["failures"].to_string();
    assert!(!failures.contains("not asked"), "{failures}");
    assert_eq!(failures.matches("the budget of 100 tokens").count(), 3);
}

#[test]
fn only_labelled_runs_are_asked_about_and_each_once() {
    let scene = Scene::new();
    let row = |name: &str, path: &str| json!({"run": name, "path": path, "step_count": 12, "task_name": name, "onset": 9});
    let folder = scene.folder.path().join("runs/one");
    for name in ["second", "third"] {
        fs::create_dir(folder.join(name)).unwrap();
        let demo = DEMO.replace("Late fees are", &format!("In {name} fees are"));
        fs::write(folder.join(name).join("a.traj.json"), demo).unwrap();
    }
    // The way of the second label leads to all three, the first of them a second time.
    let rows = json!([
        row("first", "./runs/one/a.traj.json"),
        row("second", "runs/one")
    ]);
    fs::write(scene.folder.path().join("gold.json"), rows.to_string()).unwrap();
    let (status, stdout, stderr) = scene.bench(&[]);
    assert_eq!(status, 0, "{stdout}{stderr}");
    assert_eq!(scene.requests(), 4, "two turns about each of two runs");
    assert_eq!(systems(&report(&stdout))[1].1, 0);
}

#[test]
fn a_tape_goes_on_with_the_answers_and_gives_none_out_twice() {
    let scene = Scene::new();
    let record = ["--record", "calls.jsonl"];
    assert_eq!(scene.bench(&record).0, 0);
    let again = [&record[..], &["--repeats", "2"]].concat();
    let (status, stdout, stderr) = scene.bench(&again);
    assert_eq!(status, 0, "{stdout}{stderr}");
    assert_eq!(scene.requests(), 12, "the second go is asked for anew");
    let tape = fs::read_to_string(scene.folder.path().join("calls.jsonl")).unwrap();
    assert_eq!(tape.lines().count(), 12);
}
