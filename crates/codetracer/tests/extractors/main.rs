//! Learned extractors from outside: learned, used, changed, exchanged.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(clippy::too_many_lines, reason = "tables of cases")]
#![allow(clippy::print_stdout, reason = "the table of changes is a result")]

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use serde_json::{Value, json};

mod model;

mod layout {
    include!("../../../formats/tests/data/drifting_layout.rs");
}

/// A user with a data folder of their own.
struct User {
    home: tempfile::TempDir,
}

impl User {
    fn new() -> Self {
        Self {
            home: tempfile::tempdir().unwrap(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// Runs the program and gives its exit status, standard output and standard error.
    fn run(&self, args: &[&str]) -> (i32, String, String) {
        let mut command: Command = assert_cmd::cargo::cargo_bin_cmd!("codetracer");
        let output = command
            .current_dir(self.home.path())
            .env("CODETRACER_DATA_DIR", self.path("data"))
            .env("NO_COLOR", "1")
            .args(args)
            .output()
            .unwrap();
        (
            output.status.code().unwrap(),
            String::from_utf8(output.stdout).unwrap(),
            String::from_utf8(output.stderr).unwrap(),
        )
    }

    fn ok(&self, args: &[&str]) -> (String, String) {
        let (status, stdout, stderr) = self.run(args);
        assert_eq!(status, 0, "{args:?}\n{stdout}\n{stderr}");
        (stdout, stderr)
    }

    fn json(&self, args: &[&str]) -> Value {
        serde_json::from_str(&self.ok(args).0).unwrap()
    }

    /// Writes runs of one edition into a folder; gives the steps that are in them.
    fn write(
        &self,
        folder: &str,
        edition: usize,
        runs: std::ops::Range<usize>,
    ) -> Vec<layout::Truth> {
        fs::create_dir_all(self.path(folder)).unwrap();
        let mut truth = Vec::new();
        for run in runs {
            let (text, steps) = layout::write(edition, run);
            let name = format!("{folder}/{run}.{}", layout::ending(edition));
            fs::write(self.path(&name), text).unwrap();
            truth.extend(steps);
        }
        truth
    }

    /// Tries a script that reads the new edition and forgets the ones before; gives how it was
    /// refused.
    fn forgetful(&self, edition: usize, folder: &str) -> Option<String> {
        if !(1..=2).contains(&edition) {
            return None;
        }
        let source = "function read(r) {\n  if (r.ev === 'act') return {says: 'call', id: r.cid, tool: r.tool, arguments: r.params};\n  if (r.ev === 'patch') return {says: 'call', id: r.cid, tool: r.op, arguments: r.change};\n  if (r.ev === 'out') return {says: 'result', id: r.cid, text: r.output, exit_status: r.rc};\n  return {says: 'nothing'};\n}";
        let lines: Vec<&str> = source.lines().collect();
        let program = json!({"script": {"records": {"container": "lines"}, "source": lines}});
        fs::write(self.path("forgetful.json"), program.to_string()).unwrap();
        let args = [
            "extractors",
            "learn",
            folder,
            "--name",
            "acme",
            "--program",
            "forgetful.json",
            "--json",
        ];
        let (status, stdout, _) = self.run(&args);
        assert_eq!(status, 2, "{stdout}");
        let answer: Value = serde_json::from_str(&stdout).unwrap();
        let refused = refusals(answer["attempts"].as_array().unwrap());
        assert!(refused[0].contains("sample 1."), "{refused:?}");
        Some(refused[0].clone())
    }

    /// How many of the steps are read exactly, how many there are, and who read them.
    fn read(&self, folder: &str, truth: &[layout::Truth]) -> (usize, String) {
        let (_, stdout, _) = self.run(&["extract", folder, "--json"]);
        let mut equal = 0;
        let mut version = String::from("nobody");
        let mut rest = truth;
        for line in stdout.lines() {
            let run: Value = serde_json::from_str(line).unwrap();
            let format = run["format"].as_str().unwrap();
            version = format!("{format} {}", run["format_version"].as_str().unwrap());
            let steps = run["steps"].as_array().unwrap();
            for (step, (tool, arguments, observed)) in steps.iter().zip(rest) {
                let same = step["action"]["tool"] == tool.as_str()
                    && step["action"]["arguments"] == *arguments
                    && step["observation"]["text"] == observed.as_str();
                equal += usize::from(same);
            }
            rest = &rest[steps.len().min(rest.len())..];
        }
        (equal, version)
    }
}

/// What was refused, with the first reason.
fn refusals(attempts: &[Value]) -> Vec<String> {
    attempts
        .iter()
        .filter(|attempt| attempt["accepted"] == false)
        .map(|attempt| {
            let why = &attempt["refusals"][0];
            let said = |key: &str| why[key].as_str().unwrap_or_default().to_owned();
            let why = match why["what"].as_str().unwrap() {
                "sample" => format!("sample {}: {}", said("sample"), said("difference")),
                "below_bar" => said("figure"),
                other => other.to_owned(),
            };
            format!("{} ({why})", attempt["how"].as_str().unwrap())
        })
        .collect()
}

#[test]
fn a_layout_that_changes_five_times() {
    let user = User::new();
    let mut table = String::from(
        "| change | read before the revision | noticed by | refused | accepted | reads | samples of all versions |\n|---|---|---|---|---|---|---|\n",
    );
    for edition in 0..=5 {
        let folder = format!("e{edition}");
        let truth = user.write(&folder, edition, 0..4);
        let (before, meanwhile) = user.read(&folder, &truth);
        let (_, _, notes) = user.run(&["extract", &folder]);
        let (_, report, _) = user.run(&["doctor", &folder]);
        let noticed = format!("{notes}{report}");
        let seen = noticed
            .split_once("was learned: ")
            .and_then(|(_, rest)| rest.split_once("; `codetracer"))
            .map_or("", |(reasons, _)| reasons);
        assert_eq!(seen.is_empty(), edition == 0, "{noticed}");
        let forgetful = user.forgetful(edition, &folder);
        let learnt = user.json(&["extractors", "learn", &folder, "--name", "acme", "--json"]);
        assert_eq!(learnt["version"], edition + 1);
        let attempts = learnt["attempts"].as_array().unwrap();
        let refused: Vec<String> = forgetful.into_iter().chain(refusals(attempts)).collect();
        let changes = attempts[0]["changes"].as_array().unwrap();
        let changes: Vec<&str> = changes.iter().map(|c| c.as_str().unwrap()).collect();
        let (equal, version) = user.read(&folder, &truth);
        assert_eq!(equal, truth.len(), "edition {edition}");
        assert!(version.starts_with(&format!("acme {} (", edition + 1)));
        // Every version still gives the steps of its own samples, the new one those of all.
        let mut proof = Vec::new();
        for old in 1..=edition + 1 {
            let tested = user.json(&["extractors", "test", &format!("acme@{old}"), "--json"]);
            assert_eq!(tested["passes"], true);
            proof.push(format!(
                "v{old} {}/{}",
                tested["sample_steps"], tested["sample_steps"]
            ));
        }
        let _ = writeln!(
            table,
            "| {edition}: {} | {before} of {}, by {meanwhile} | {seen} | {} | {version}: {} ({}) | {equal} of {} | {} |",
            layout::CHANGES[edition],
            truth.len(),
            refused.join("; "),
            attempts[0]["how"].as_str().unwrap(),
            changes.join("; "),
            truth.len(),
            proof.join(", "),
        );
    }
    println!("{table}");
    // The newest version reads what every edition wrote, also runs it never saw, without a word.
    for edition in 0..=5 {
        let folder = format!("later{edition}");
        let truth = user.write(&folder, edition, 5..8);
        let (equal, version) = user.read(&folder, &truth);
        assert_eq!(equal, truth.len(), "edition {edition} by {version}");
        assert!(version.starts_with("acme 6 ("), "{version}");
        let (_, notes) = user.ok(&["extract", &folder]);
        assert!(!notes.contains("seems to have changed"), "{notes}");
    }
    // Nothing more to learn, and a layout nobody knows is still nobody's.
    let again = user.json(&["extractors", "learn", "e5", "--name", "acme", "--json"]);
    assert_eq!(again["changed"], false);
    let (status, _, _) = user.run(&["--no-learned", "extract", "e5"]);
    assert_eq!(status, 2);
}

#[test]
fn an_extractor_is_reviewed_exchanged_and_removed() {
    let (anna, ben) = (User::new(), User::new());
    let truth = anna.write("runs", 0, 0..3);
    anna.ok(&["extractors", "learn", "runs", "--name", "acme"]);
    let (shown, _) = anna.ok(&["extractors", "show", "acme"]);
    assert!(
        shown.contains("→ call") && shown.contains("sample   1.1"),
        "{shown}"
    );
    let listed = anna.json(&["extractors", "list", "--json"]);
    assert_eq!(listed["extractors"][0]["name"], "acme");
    let (report, _) = anna.ok(&["doctor"]);
    assert!(report.contains("learned layouts\n  acme"), "{report}");
    let file = anna.path("acme.json");
    let file = file.to_str().unwrap();
    anna.ok(&["extractors", "export", "acme", file]);

    let taken = ben.json(&["extractors", "import", file, "--json"]);
    assert_eq!(taken["hash"], listed["extractors"][0]["hash"]);
    ben.write("runs", 0, 0..3);
    assert_eq!(ben.read("runs", &truth).0, truth.len());
    let tested = ben.json(&["extractors", "test", "acme", "runs", "--json"]);
    assert_eq!(tested["validation"]["score"]["steps"], truth.len());
    assert_eq!(
        ben.json(&["extractors", "remove", "acme", "--json"])["removed"][0]["version"],
        1
    );
    assert!(ben.read("runs", &truth).1.starts_with("induced "));
    // The same bytes again, whoever writes them.
    ben.ok(&["extractors", "import", file]);
    let copy = ben.path("copy.json");
    ben.ok(&["extractors", "export", "acme", copy.to_str().unwrap()]);
    assert_eq!(fs::read(copy).unwrap(), fs::read(file).unwrap());
    // Another layout of that name is not mixed with it.
    let clash = ben.write("other", 3, 0..2);
    assert!(!clash.is_empty());
    anna.write("other", 3, 0..2);
    anna.ok(&["extractors", "remove", "acme"]);
    anna.ok(&["extractors", "learn", "other", "--name", "acme"]);
    let theirs = anna.path("theirs.json");
    let theirs = theirs.to_str().unwrap();
    anna.ok(&["extractors", "export", "acme", theirs]);
    let (status, _, error) = ben.run(&["extractors", "import", theirs]);
    assert_eq!(status, 2);
    assert!(error.contains("names another learned layout"), "{error}");
    ben.ok(&["extractors", "import", theirs, "--name", "acme-nested"]);
}

type Change<'c> = Box<dyn Fn(&mut Value) + 'c>;

/// Changes an exported document and says how the import of it ends.
fn tampered(change: &dyn Fn(&mut Value), edited: bool) -> (i32, String) {
    let user = User::new();
    user.write("runs", 0, 0..2);
    user.ok(&["extractors", "learn", "runs", "--name", "acme"]);
    let (text, _) = user.ok(&["extractors", "export", "acme"]);
    let mut document: Value = serde_json::from_str(&text).unwrap();
    change(&mut document);
    user.ok(&["extractors", "remove", "acme"]);
    let file = user.path("tampered.json");
    fs::write(&file, serde_json::to_string_pretty(&document).unwrap()).unwrap();
    let mut args = vec!["extractors", "import", file.to_str().unwrap()];
    if edited {
        args.push("--edited");
    }
    let (status, _, error) = user.run(&args);
    let kept = user.json(&["extractors", "list", "--json"]);
    assert_eq!(
        kept["extractors"].as_array().unwrap().is_empty(),
        status != 0
    );
    (status, error)
}

#[test]
fn tampered_extractors_are_not_taken_in() {
    let script = |source: &str| {
        let lines: Vec<&str> = source.lines().collect();
        json!({"script": {"records": {"container": "lines"}, "source": lines}})
    };
    let cases: Vec<(&str, bool, Change<'_>, &str)> = vec![
        ("nothing changed", false, Box::new(|_| {}), ""),
        (
            "title changed",
            false,
            Box::new(|d| d["title"] = json!("evil")),
            "the hash does not fit",
        ),
        (
            "hash gone",
            false,
            Box::new(|d| drop(d.as_object_mut().unwrap().remove("hash"))),
            "stated none",
        ),
        (
            "sample's steps",
            true,
            Box::new(|d| d["samples"][0]["steps"][0]["tool"] = json!("rm")),
            "sample 1.1: step 1",
        ),
        (
            "sample's text",
            true,
            Box::new(|d| d["samples"][0]["files"][0]["text"][0] = json!("{}")),
            "hash does not fit its files",
        ),
        (
            "no samples",
            true,
            Box::new(|d| d["samples"] = json!([])),
            "carries no sample",
        ),
        (
            "unknown member",
            true,
            Box::new(|d| d["run"] = json!("sh")),
            "unknown field `run`",
        ),
        (
            "limits",
            true,
            Box::new(|d| d["limits"]["memory"] = json!(1_u64 << 40)),
            "beyond the ceiling",
        ),
        (
            "name",
            true,
            Box::new(|d| d["name"] = json!("../../evil")),
            "small letters",
        ),
        (
            "oversize",
            true,
            Box::new(|d| d["title"] = json!("x".repeat(5 << 20))),
            "a package has at most",
        ),
        (
            "script that loops",
            true,
            Box::new(|d| {
                d["program"] = script("function read() { for (;;) {} }");
                d["limits"]["cpu_ms"] = json!(300);
            }),
            "CPU time",
        ),
        (
            "script that opens files",
            true,
            Box::new(|d| {
                d["program"] =
                    script("function read() { return require('fs').readFileSync('/etc/passwd') }");
            }),
            "require",
        ),
        (
            "script that eats memory",
            true,
            Box::new(|d| {
                d["program"] = script(
                    "function read() { const a = []; for (;;) a.push('x'.repeat(1e6) + a.length) }",
                );
                d["limits"]["memory"] = json!(16 << 20);
            }),
            "of memory",
        ),
        (
            "script that lies",
            true,
            Box::new(|d| {
                d["program"] = script(
                    "function read(r) { return {says: 'call', tool: 'fake', arguments: {}} }",
                );
            }),
            "steps instead of",
        ),
    ];
    for (name, edited, change, reason) in cases {
        let (status, error) = tampered(&*change, edited);
        assert_eq!(status == 0, reason.is_empty(), "{name}: {error}");
        assert!(error.contains(reason), "{name}: {error}");
    }
}

#[test]
fn a_program_written_by_hand_is_held_to_the_same_bar() {
    let user = User::new();
    let truth = user.write("runs", 0, 0..2);
    let write = |name: &str, text: &Value| fs::write(user.path(name), text.to_string()).unwrap();
    write(
        "bad.json",
        &json!({"records": {"container": "lines"}, "rules": [{"says": "say", "text": ["text"]}]}),
    );
    let (status, out, error) = user.run(&[
        "extractors",
        "learn",
        "runs",
        "--name",
        "acme",
        "--program",
        "bad.json",
    ]);
    assert_eq!(status, 2);
    assert!(out.contains("no steps: "), "{out}");
    assert!(error.contains("nothing was learned"), "{error}");
    let source = "function read(r) {\n  if (r.ev === 'act') return {says: 'call', id: r.cid, tool: r.tool, arguments: r.input};\n  if (r.ev === 'out') return {says: 'result', id: r.cid, text: r.output, exit_status: r.rc};\n  return {says: 'nothing'};\n}";
    let lines: Vec<&str> = source.lines().collect();
    write(
        "good.json",
        &json!({"script": {"records": {"container": "lines"}, "source": lines}}),
    );
    let dry = user.json(&[
        "extractors",
        "learn",
        "runs",
        "--name",
        "acme",
        "--program",
        "good.json",
        "--dry-run",
        "--json",
    ]);
    assert_eq!(dry["kept"], false);
    user.ok(&[
        "extractors",
        "learn",
        "runs",
        "--name",
        "acme",
        "--program",
        "good.json",
    ]);
    assert_eq!(user.read("runs", &truth).0, truth.len());
    user.ok(&["extractors", "test", "acme", "runs"]);
}

#[test]
fn a_broken_file_is_named_and_the_rest_is_used() {
    let user = User::new();
    let truth = user.write("runs", 0, 0..2);
    user.ok(&["extractors", "learn", "runs", "--name", "acme"]);
    fs::write(user.path("data/extractors/acme/9-broken.json"), "{").unwrap();
    let (_, notes) = user.ok(&["extract", "runs"]);
    assert!(
        notes.contains("9-broken.json: not a learned extractor"),
        "{notes}"
    );
    assert_eq!(user.read("runs", &truth).0, truth.len());
    let (status, _, error) = user.run(&["extractors", "list"]);
    assert_eq!(status, 3);
    assert!(error.contains("9-broken.json"), "{error}");
}

#[test]
fn built_in_layouts_are_not_taken_over() {
    let user = User::new();
    user.write("runs", 0, 0..2);
    user.ok(&["extractors", "learn", "runs", "--name", "acme"]);
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("demo");
    let found = user.json(&["doctor", demo.to_str().unwrap(), "--json"]);
    assert_eq!(found["runs"][0]["layout"], "mini-swe-agent");
    let (status, _, error) = user.run(&["extractors", "learn", "runs", "--name", "mini-swe-agent"]);
    assert_eq!(status, 2);
    assert!(error.contains("a built-in layout has it"), "{error}");
}

#[test]
fn programs_that_add_at_the_same_time_lose_nothing() {
    let user = User::new();
    user.write("runs", 0, 0..2);
    let names: Vec<String> = (0..6).map(|n| format!("acme-{n}")).collect();
    std::thread::scope(|scope| {
        for name in &names {
            let user = &user;
            scope.spawn(move || user.ok(&["extractors", "learn", "runs", "--name", name]));
        }
        for _ in 0..6 {
            // A reader beside them sees whole files only.
            let user = &user;
            scope.spawn(move || user.ok(&["extractors", "list"]));
        }
    });
    let listed = user.json(&["extractors", "list", "--json"]);
    assert_eq!(listed["extractors"].as_array().unwrap().len(), names.len());
    assert_eq!(listed["broken"], json!([]));
    let index = fs::read_to_string(user.path("data/extractors/index.json")).unwrap();
    let index: Value = serde_json::from_str(&index).unwrap();
    assert_eq!(index.as_object().unwrap().len(), names.len());
}
