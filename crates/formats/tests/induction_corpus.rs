//! Layouts read by structure alone: the native extractor is hidden, the layout is worked out anew,
//! and the steps are compared with the native ones.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "the table is the result, and a test that cannot go on has failed"
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
    }
}

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
