//! Layouts read by structure alone: the native extractor is hidden, the layout is worked out anew,
//! and the steps are compared with the native ones.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::too_many_lines,
    reason = "a table for people, over runs that are not kept here"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use formats::learned::{FieldMap, Refusal, induce};
use formats::pile::{Limits, Pile};
use formats::{find_runs, read_run};
use serde_json::Value;
use similar::{Algorithm, ChangeTag, DiffOp, TextDiff, capture_diff_slices};
use trace::{Step, Trajectory};

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

/// What makes a step the same step: what was asked, as it stands and as it is understood, and what
/// came back.
struct Key {
    asked: String,
    meant: String,
    seen: String,
}

fn keys(run: &Trajectory) -> Vec<Key> {
    let key = |step: &Step| Key {
        asked: request(step),
        meant: serde_json::to_value(&step.action.kind).unwrap().to_string(),
        seen: step.observed().trim().to_owned(),
    };
    let mut all: Vec<_> = run.steps.iter().map(key).collect();
    for nested in run.descendants() {
        all.extend(nested.steps.iter().map(key));
    }
    all
}

/// What was asked for, whatever it was understood as: the command, or the arguments.
fn request(step: &Step) -> String {
    let only_text = |value: &Value| match value {
        Value::Object(members) if members.len() == 1 => members
            .values()
            .next()
            .and_then(Value::as_str)
            .map(str::to_owned),
        Value::String(text) => Some(text.clone()),
        _ => None,
    };
    let arguments = &step.action.arguments;
    let text = step
        .action
        .command()
        .map(str::to_owned)
        .or_else(|| only_text(arguments))
        .or_else(|| (!arguments.is_null()).then(|| arguments.to_string()))
        .unwrap_or_default();
    text.trim().to_owned()
}

/// Steps that are the same in the same order: (asked alike, asked and answered alike).
fn same(theirs: &[Key], ours: &[Key]) -> (usize, usize) {
    let by = |pick: &dyn Fn(&Key) -> String| {
        let list = |keys: &[Key]| keys.iter().map(pick).collect::<Vec<_>>();
        equal(&list(theirs), &list(ours))
    };
    let actions = by(&|key| key.asked.clone()).max(by(&|key| key.meant.clone()));
    let asked = by(&|key| format!("{}\0{}", key.asked, key.seen));
    let meant = by(&|key| format!("{}\0{}", key.meant, key.seen));
    (actions, asked.max(meant).max(held(theirs, ours)))
}

/// Steps asked alike whose observation holds the native one: extractors that know their layout take
/// off the frame an agent puts around an output.
fn held(theirs: &[Key], ours: &[Key]) -> usize {
    let list = |keys: &[Key]| keys.iter().map(|key| key.asked.clone()).collect::<Vec<_>>();
    let pairs = capture_diff_slices(Algorithm::Myers, &list(theirs), &list(ours));
    let equal = pairs.iter().filter_map(|op| match op {
        DiffOp::Equal {
            old_index,
            new_index,
            len,
        } => Some((*old_index, *new_index, *len)),
        _ => None,
    });
    equal
        .flat_map(|(old, new, length)| (0..length).map(move |at| (old + at, new + at)))
        .filter(|(old, new)| ours[*new].seen.contains(&theirs[*old].seen))
        .count()
}

fn equal<T: Ord + std::hash::Hash + Clone>(a: &[T], b: &[T]) -> usize {
    capture_diff_slices(Algorithm::Myers, a, b)
        .iter()
        .flat_map(|op| op.iter_changes(a, b))
        .filter(|change| change.tag() == ChangeTag::Equal)
        .count()
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
        let files = &run.claim.detection.files;
        let alone = || {
            files
                .iter()
                .filter_map(|id| induce(&pile, &[*id]).ok().map(|m| (vec![*id], m)))
        };
        let found = match induce(&pile, files) {
            // A folder of unlike files holds its records in one of them.
            Err(_) if files.len() > 1 => {
                match alone().max_by_key(|(_, found)| found.score.joined) {
                    Some((files, found)) => Ok((files, found)),
                    None => induce(&pile, files).map(|found| (files.clone(), found)),
                }
            }
            result => result.map(|found| (files.clone(), found)),
        };
        let (files, map) = match found {
            Ok((files, found)) => (files, found.map),
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
        let files = files.as_slice();
        let parts = map.runs(&pile, files).unwrap();
        let mut ours = Vec::new();
        if parts.is_empty() {
            ours = keys(&map.extract(&pile, files, None).unwrap().trajectory);
        }
        let mut parts = parts;
        parts.sort_by(|a, b| a.key.cmp(&b.key));
        for part in &parts {
            ours.extend(keys(
                &map.extract(&pile, files, Some(part)).unwrap().trajectory,
            ));
        }
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
    ("claude-code-stream", 0.98),
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
