//! Piles that are analysed again: what is kept must never be seen in what is printed.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::{Duration, SystemTime};

use assert_cmd::Command;
use serde_json::{Value, json};
use tempfile::TempDir;

/// Older than any file system's clock is coarse.
const LONG_AGO: Duration = Duration::from_mins(10);

struct Pile {
    folder: TempDir,
    cache: TempDir,
}

impl Pile {
    fn new(runs: usize) -> Self {
        let pile = Self {
            folder: TempDir::new().unwrap(),
            cache: TempDir::new().unwrap(),
        };
        for number in 0..runs {
            pile.write(number, number, LONG_AGO);
        }
        fs::write(pile.folder.path().join("notes.txt"), "no run").unwrap();
        age(&pile.folder.path().join("notes.txt"), LONG_AGO);
        pile
    }

    fn path(&self, number: usize) -> PathBuf {
        self.folder
            .path()
            .join(format!("f{}/run{number}.traj.json", number % 3))
    }

    /// Writes a run whose steps are told apart by `seed`, as if `ago`.
    fn write(&self, number: usize, seed: usize, ago: Duration) {
        let path = self.path(number);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, run(seed)).unwrap();
        age(&path, ago);
    }

    fn command(&self, flags: &[&str]) -> Command {
        let mut command = assert_cmd::cargo::cargo_bin_cmd!("codetracer");
        command
            .env("CODETRACER_CACHE_DIR", self.cache.path())
            .env("NO_COLOR", "1")
            .arg("analyze")
            .arg(self.folder.path())
            .args(flags);
        command
    }

    fn analyze(&self, flags: &[&str]) -> Output {
        self.command(flags).output().unwrap()
    }

    /// What is printed with the cache as it is, which must be what is printed without.
    fn check(&self) -> Output {
        let with = self.analyze(&["--json"]);
        assert_eq!(with, self.analyze(&["--json", "--no-cache"]));
        assert_eq!(self.analyze(&[]), self.analyze(&["--no-cache"]));
        with
    }
}

fn age(path: &Path, ago: Duration) {
    let file = fs::File::options().append(true).open(path).unwrap();
    file.set_modified(SystemTime::now() - ago).unwrap();
}

fn run(seed: usize) -> String {
    let mut messages = vec![
        json!({"role": "user", "content": format!("Please solve this issue: Make it {seed:04}.\n\nYou can execute bash commands and edit files to do it.")}),
    ];
    for step in 0..3 + seed % 4 {
        messages.push(json!({"role": "assistant",
            "content": format!("THOUGHT: on.\n\n```bash\nsed -i s/{step}/{seed:04}/ a{step}.py\n```")}));
        messages.push(json!({"role": "user",
            "content": format!("<returncode>{}</returncode>\n<output>\nline\n</output>", (step + seed) % 2)}));
    }
    json!({"info": {"exit_status": "Submitted"}, "messages": messages,
           "trajectory_format": "mini-swe-agent-1", "instance_id": format!("a__b-{seed}")})
    .to_string()
}

#[test]
fn a_second_analysis_prints_the_same() {
    let pile = Pile::new(12);
    // A run that cannot be read, and one that was cut: their notes are part of what is printed.
    fs::write(pile.path(90), &run(3)[..300]).unwrap();
    age(&pile.path(90), LONG_AGO);
    let cold = pile.analyze(&["--json"]);
    assert_eq!(cold, pile.analyze(&["--json"]));
    pile.check();
}

#[test]
fn an_unchanged_pile_is_not_opened() {
    let pile = Pile::new(6);
    let cold = pile.analyze(&["--json"]);
    // Behind the file system's back: the same size, time and inode. Whoever opened it would see.
    let path = pile.path(2);
    let stamp = fs::metadata(&path).unwrap().modified().unwrap();
    let other = fs::read_to_string(&path).unwrap().replace("0002", "9999");
    fs::File::create(&path)
        .unwrap()
        .write_all(other.as_bytes())
        .unwrap();
    let file = fs::File::options().append(true).open(&path).unwrap();
    file.set_modified(stamp).unwrap();
    assert_eq!(cold, pile.analyze(&["--json"]));
    assert_ne!(cold, pile.analyze(&["--json", "--no-cache"]));
}

#[test]
fn changed_touched_added_and_deleted_files_are_noticed() {
    let pile = Pile::new(9);
    let first = pile.check();
    pile.write(4, 4, Duration::from_mins(5));
    assert_eq!(pile.check(), first, "touched");
    pile.write(4, 77, Duration::from_mins(4));
    let changed = pile.check();
    assert_ne!(changed, first);
    pile.write(20, 20, Duration::from_mins(3));
    assert_ne!(pile.check(), changed, "added");
    fs::remove_file(pile.path(20)).unwrap();
    assert_eq!(pile.check(), changed, "deleted");
    pile.write(4, 4, Duration::from_mins(2));
    assert_eq!(pile.check(), first, "changed back");
    fs::rename(pile.path(1), pile.folder.path().join("f1/moved.traj.json")).unwrap();
    assert_ne!(pile.check(), first, "renamed");
}

#[test]
fn a_file_of_this_moment_is_read_again() {
    let pile = Pile::new(3);
    pile.write(1, 1, Duration::ZERO);
    let first = pile.check();
    let stamp = fs::metadata(pile.path(1)).unwrap().modified().unwrap();
    fs::write(pile.path(1), run(1).replace("0001", "4321")).unwrap();
    let file = fs::File::options().append(true).open(pile.path(1)).unwrap();
    file.set_modified(stamp).unwrap();
    assert_ne!(pile.check(), first);
}

#[test]
fn blind_and_seeing_do_not_share() {
    let pile = Pile::new(4);
    pile.check();
    assert_eq!(
        pile.analyze(&["--json", "--blind"]),
        pile.analyze(&["--json", "--blind", "--no-cache"])
    );
}

#[test]
fn a_broken_cache_changes_no_result() {
    let pile = Pile::new(5);
    let first = pile.check();
    let file = pile.cache.path().join("cache.sqlite3");
    fs::write(&file, vec![0x55; 100_000]).unwrap();
    assert_eq!(pile.analyze(&["--json"]).stdout, first.stdout);
    pile.check();
    // No place for a cache at all: a note, and the same results.
    fs::remove_dir_all(pile.cache.path()).unwrap();
    fs::write(pile.cache.path(), "in the way").unwrap();
    let without = pile.analyze(&["--json"]);
    assert_eq!(
        (without.stdout, without.status),
        (first.stdout, first.status)
    );
    assert!(String::from_utf8_lossy(&without.stderr).contains("without a cache"));
    fs::remove_file(pile.cache.path()).unwrap();
    fs::create_dir(pile.cache.path()).unwrap();
}

#[test]
fn calls_at_the_same_time_print_the_same() {
    let pile = Pile::new(40);
    let expected = pile.analyze(&["--json", "--no-cache"]);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| assert_eq!(pile.analyze(&["--json"]), expected));
        }
    });
    assert_eq!(pile.analyze(&["--json"]), expected);
}

#[test]
fn the_cache_tells_its_size_and_can_be_emptied() {
    let pile = Pile::new(5);
    pile.check();
    let cache = |what: &str| -> Value {
        let mut command = assert_cmd::cargo::cargo_bin_cmd!("codetracer");
        command.env("CODETRACER_CACHE_DIR", pile.cache.path());
        let done = command.args(["cache", what, "--json"]).output().unwrap();
        serde_json::from_slice(&done.stdout).unwrap()
    };
    assert!(cache("info")["answers"].as_u64().unwrap() >= 5);
    assert_eq!(cache("clear")["answers"], 0);
    pile.check();
}

/// A Claude Code session of some steps, one record a line.
fn session(steps: usize) -> String {
    let record = |kind: &str, number: usize, content: Value| {
        json!({"type": kind, "uuid": format!("{kind}-{number}"), "sessionId": "s", "isSidechain": false,
               "userType": "external", "message": {"role": kind, "content": content}})
        .to_string()
            + "\n"
    };
    let mut text = record("user", 0, json!("Make it so."));
    for step in 1..=steps {
        let id = format!("call{step}");
        text += &record(
            "assistant",
            step,
            json!([{"type": "tool_use", "id": id, "name": "Bash",
            "input": {"command": format!("make {step}")}}]),
        );
        text += &record(
            "user",
            step,
            json!([{"type": "tool_result", "tool_use_id": id, "content": "ok"}]),
        );
    }
    text
}

#[test]
fn a_session_that_is_being_written_is_read_up_to_its_last_whole_record() {
    let pile = Pile::new(0);
    let path = pile.folder.path().join("live.jsonl");
    let whole = session(5);
    let steps = |text: &str| {
        fs::write(&path, text).unwrap();
        let done = pile.check();
        let document: Value = serde_json::from_slice(&done.stdout).unwrap();
        let notes = String::from_utf8(done.stderr).unwrap();
        (document["step_count"].as_u64().unwrap(), notes)
    };
    let (count, notes) = steps(&whole);
    assert_eq!((count, notes.contains("still being written")), (5, false));
    let (count, notes) = steps(&whole[..whole.len() - 40]);
    assert_eq!((count, notes.contains("still being written")), (5, true));
    // A record that is whole but for the end of its line counts.
    assert_eq!(steps(whole.trim_end()).0, 5);
    let lines: Vec<&str> = whole.split_inclusive('\n').collect();
    assert_eq!(steps(&lines[..4].concat()).0, 2);
}
