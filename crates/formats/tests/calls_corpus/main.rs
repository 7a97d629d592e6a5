//! Every tool call of the real samples is recovered: for each layout, the steps our extractors give
//! equal a count made from the raw artifact by a few lines of its own.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test that cannot go on has failed, and says what it counted"
)]

mod benchmark;
mod cli;
mod telemetry;

use std::path::{Path, PathBuf};

use formats::pile::{Limits, Pile};
use formats::{Coverage, find_runs, read_run};
use serde_json::Value;

/// The samples of a layout, or `None` with a plain word where the data is not there.
fn samples(layout: &str) -> Option<PathBuf> {
    let shared = std::env::var_os("CODETRACER_SHARED").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    );
    let folder = shared.join("corpus/formats").join(layout);
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!(
        "skipped: the samples of {layout} are not at {}",
        folder.display()
    );
    None
}

/// What is recovered from everything under `path` by the extractors named in `layouts`: runs,
/// steps of main and nested agents, and coverage.
fn recovered(path: &Path, layouts: &[&str]) -> (usize, usize, Coverage) {
    let pile = Pile::open(path, &Limits::default()).unwrap();
    let found = find_runs(&pile);
    let (mut runs, mut steps, mut coverage) = (0, 0, Coverage::default());
    for run in &found.runs {
        if !layouts.contains(&run.claim.layout) {
            continue;
        }
        let read = read_run(&pile, run).unwrap();
        runs += 1;
        steps += read.trajectory.steps.len() + read.trajectory.nested_step_count();
        coverage.add(read.coverage);
    }
    println!(
        "{}: {runs} runs, {steps} steps, {:.1} % of bytes explained",
        layouts.join(", "),
        coverage.bytes.ratio() * 100.0
    );
    (runs, steps, coverage)
}

/// All files below `folder` whose name ends with `ending`, sorted.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = walkdir::WalkDir::new(folder)
        .into_iter()
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_file())
        .map(walkdir::DirEntry::into_path)
        .filter(|path| path.to_string_lossy().ends_with(ending))
        .collect();
    found.sort();
    found
}

/// The JSON lines of a file; what is no JSON is passed over.
fn json_lines(path: &Path) -> Vec<Value> {
    let text = String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned();
    text.lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect()
}
