//! Layouts read by structure alone: the native extractor is hidden, the layout is worked out anew,
//! and the steps are compared with the native ones.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a table for people, over runs that are not kept here"
)]

mod same;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use formats::learned::{FieldMap, Refusal};
use formats::pile::{Limits, Pile};
use formats::{find_runs, read_run};
use similar::TextDiff;

use same::{Key, by_map, by_structure, keys, same};

fn corpus() -> Option<PathBuf> {
    let shared = std::env::var_os("CODETRACER_SHARED").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    );
    let folder = shared.join("corpus");
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: no runs at {}", folder.display());
    None
}

#[derive(Default)]
struct Tally {
    runs: usize,
    refused: usize,
    native: usize,
    induced: usize,
    calls: usize,
    steps: usize,
}

#[test]
fn induction_reads_what_native_extractors_read() {
    let Some(corpus) = corpus() else { return };
    let only = std::env::var("ONLY").unwrap_or_default();
    let mut table: BTreeMap<String, Tally> = BTreeMap::new();
    let pile = Pile::open(&corpus, &Limits::default()).unwrap();
    let found = find_runs(&pile);
    let limit: usize = std::env::var("MOST").map_or(10, |n| n.parse().unwrap());
    let mut whole = std::collections::BTreeSet::new();
    for run in &found.runs {
        let layout = run.claim.layout;
        if !only.is_empty() && layout != only {
            continue;
        }
        let tally = table.entry(layout.to_owned()).or_default();
        if tally.runs >= limit {
            continue;
        }
        if run.claim.part.is_some() && !whole.insert(run.claim.root.clone()) {
            continue;
        }
        // The parts of a file are worked out together.
        let theirs: Vec<_> = found
            .runs
            .iter()
            .filter(|other| std::ptr::eq(*other, run) || other.claim.root == run.claim.root)
            .flat_map(|run| keys(&read_run(&pile, run).unwrap().trajectory))
            .collect();
        if theirs.is_empty() {
            continue;
        }
        tally.runs += 1;
        tally.native += theirs.len();
        let found = by_structure(&pile, &run.claim.detection.files);
        let (files, map) = match found {
            Ok(found) => found,
            Err(refusal) => {
                tally.refused += 1;
                println!("{layout} {}: {refusal}", run.id);
                if let Refusal::BelowBar { found, .. } = refusal
                    && !only.is_empty()
                {
                    show_map(&found.map);
                }
                continue;
            }
        };
        let ours = by_map(&pile, &files, &map);
        tally.induced += ours.len();
        let (calls, steps) = same(&theirs, &ours);
        tally.calls += calls;
        tally.steps += steps;
        if !only.is_empty() {
            println!(
                "# {} native {} induced {} calls {calls} steps {steps}",
                run.id,
                theirs.len(),
                ours.len()
            );
            show_map(&map);
            show_difference(&theirs, &ours);
        }
    }
    let mut below = Vec::new();
    for (layout, t) in &table {
        let of = t.native.max(t.induced).max(1);
        #[expect(clippy::cast_precision_loss, reason = "a share for people")]
        let share = |n: usize| n as f64 / of as f64;
        println!(
            "{layout:<24} runs {:>3} refused {:>3} native {:>5} induced {:>5} actions {:.3} steps {:.3}",
            t.runs,
            t.refused,
            t.native,
            t.induced,
            share(t.calls),
            share(t.steps)
        );
        let floor = FLOORS.iter().find(|(name, _)| name == layout);
        if let Some((_, least)) = floor
            && only.is_empty()
            && t.runs > 0
            && share(t.steps) < *least
        {
            below.push(format!("{layout}: {:.3}, at least {least}", share(t.steps)));
        }
    }
    assert!(
        below.is_empty(),
        "below their floors:\n{}",
        below.join("\n")
    );
}

/// The least share of steps equal to the native extractor's, a little below what is reached.
/// Layouts that are not here are read badly or refused, and known to be.
const FLOORS: &[(&str, f64)] = &[
    ("atif", 0.99),
    ("claude-code-session", 0.95),
    // One run numbers the calls of every reply anew; a result goes to the earliest call of its id here.
    ("claude-code-stream", 0.91),
    ("cline-session", 0.95),
    ("codex-rollout", 0.95),
    ("continue", 0.95),
    ("copilot-cli", 0.95),
    ("gemini-cli", 0.95),
    ("goose-session", 0.95),
    ("inspect", 0.65),
    ("kimi-cli", 0.95),
    ("kimi-cli-stream", 0.95),
    ("mini-swe-agent", 0.9),
    ("opencode-database", 0.85),
    ("openhands-conversation", 0.95),
    ("openhands-events", 0.97),
    ("openhands-output", 0.8),
    ("otlp", 0.85),
    ("pydantic-ai", 0.95),
    ("qwen-code", 0.65),
    ("smolagents", 0.95),
    ("swe-agent", 0.97),
];

fn show_map(map: &FieldMap) {
    println!("{}", serde_json::to_string(&map.records).unwrap());
    for rule in &map.rules {
        println!("  {}", serde_json::to_string(rule).unwrap());
    }
}

fn show_difference(theirs: &[Key], ours: &[Key]) {
    let text = |keys: &[Key]| {
        keys.iter().fold(String::new(), |text, key| {
            let brief = |t: &str| t.chars().take(150).collect::<String>().replace('\n', "⏎");
            text + &brief(&key.meant) + "\n    => " + &brief(&key.seen) + "\n"
        })
    };
    let (a, b) = (text(theirs), text(ours));
    let diff = TextDiff::from_lines(&a, &b);
    let text = diff.unified_diff().context_radius(0).to_string();
    println!("{}", text.chars().take(3000).collect::<String>());
}
