//! Figures agree to the digit with those of an independent script, where it is at hand.
//!
//! The script and the labels are not part of this repository. They are looked for in the folder
//! `shared` beside it (or in `$CODETRACER_SHARED`); without them, or without Python, this test says
//! so and passes.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "tests"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use bench::gold::{GoldRun, Set, load};
use bench::metric::{Row, by_key};
use bench::pairing::pair;
use bench::prediction::Prediction;
use serde_json::{Value, json};

/// The script's name for a figure, the set it is taken from, our name, and the rows it is about.
type Figure = (
    &'static str,
    &'static str,
    &'static str,
    fn(&GoldRun) -> bool,
);

const FIGURES: &[Figure] = &[
    ("onset exact", "onset", "onset_exact", any),
    ("onset accepted", "onset", "onset_accepted", any),
    ("onset within 1", "onset", "onset_within_1", any),
    ("onset within 3", "onset", "onset_within_3", any),
    ("onset in top 3", "onset", "onset_top_3", any),
    (
        "incorrect macro-F1 (annotated)",
        "onset",
        "incorrect_f1_onset",
        any,
    ),
    (
        "abstains on runs without onset",
        "onset",
        "abstains_without_onset",
        any,
    ),
    ("error type", "onset", "error_type", any),
    (
        "change/explore accuracy (annotated)",
        "onset",
        "change_accuracy",
        any,
    ),
    ("phase accuracy per step", "onset", "phase_accuracy", any),
    ("stage boundary F1 (+-1)", "onset", "boundary_f1", any),
    (
        "CodeTraceBench all-row F1",
        "codetracebench",
        "incorrect_f1_all",
        any,
    ),
    (
        "CodeTraceBench positive-row macro-F1",
        "codetracebench",
        "incorrect_f1_positive",
        any,
    ),
    (
        "CodeTraceBench all-row F1 outside s3",
        "codetracebench",
        "incorrect_f1_all",
        outside,
    ),
    (
        "CodeTraceBench positive-row macro-F1 outside s3",
        "codetracebench",
        "incorrect_f1_positive",
        outside,
    ),
    (
        "change/explore accuracy (published trees)",
        "effects",
        "change_accuracy",
        any,
    ),
];

fn any(_: &GoldRun) -> bool {
    true
}

fn outside(run: &GoldRun) -> bool {
    run.split.as_deref() != Some("s3")
}

fn shared() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let shared = std::env::var_os("CODETRACER_SHARED").map_or(beside, PathBuf::from);
    let there = shared.join("tools/score.py").is_file() && shared.join("gold").is_dir();
    there.then_some(shared)
}

/// A prediction for every run, wrong in all the ways there are; the same in every call.
fn predictions(sets: &[Set]) -> Vec<Value> {
    let mut random = fastrand::Rng::with_seed(11);
    let mut by_run: BTreeMap<&str, &GoldRun> = BTreeMap::new();
    for run in sets.iter().flat_map(|set| &set.runs) {
        let known = by_run.entry(&run.run).or_insert(run);
        if run.onset.is_some() {
            *known = run;
        }
    }
    let phases = ["inspection_debugging", "patching", "verification"];
    let mut made = Vec::new();
    for (name, run) in by_run {
        let steps = run.steps().max(1);
        let mut some =
            |share: f64| -> Vec<u32> { (1..=steps).filter(|_| random.f64() < share).collect() };
        let (incorrect, mut change, candidates) = (some(0.2), some(0.3), some(0.5));
        change.extend(run.change_steps.iter().flatten().map(|id| id.get()));
        let true_onset = run.onset.flatten().map(trace::StepId::get);
        let onset = match random.u8(0..4) {
            0 => None,
            1 => true_onset.map(|onset| onset.saturating_sub(1).max(1)),
            2 => true_onset,
            _ => Some(random.u32(1..=steps)),
        };
        let cut = random.u32(1..=steps);
        let mut stages = vec![json!({"start": 1, "end": cut, "phase": random.choice(phases)})];
        if cut < steps {
            stages.push(json!({"start": cut + 1, "end": steps, "phase": random.choice(phases)}));
        }
        made.push(json!({
            "run_id": name, "step_count": steps, "onset_step_id": onset,
            "onset_candidates": candidates.iter().map(|id| json!({"step_id": id, "score": 0.5})).collect::<Vec<_>>(),
            "incorrect_step_ids": incorrect, "change_steps": change, "stages": stages,
            "error_type": if random.bool() { run.error_type.as_deref() } else { None },
        }));
    }
    made
}

#[test]
fn figures_are_those_of_the_script() {
    let Some(shared) = shared() else {
        eprintln!("skipped: no labels and no script beside the repository");
        return;
    };
    let sets = load(&shared.join("gold")).expect("labels");
    let lines: Vec<String> = predictions(&sets).iter().map(Value::to_string).collect();
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("predictions.jsonl");
    std::fs::write(&file, lines.join("\n")).expect("predictions");
    let script = Command::new("python3")
        .arg(shared.join("tools/score.py"))
        .args([shared.join("gold"), file.clone()])
        .output();
    let Ok(script) = script
        .as_ref()
        .map(|out| String::from_utf8_lossy(&out.stdout))
    else {
        eprintln!("skipped: no python3");
        return;
    };
    let theirs: BTreeMap<&str, &str> = script
        .lines()
        .filter_map(|line| {
            let mut parts = line.split('\t');
            Some((parts.next()?, parts.next()?))
        })
        .collect();
    let (predictions, _) = bench::prediction::load(&file).expect("predictions");
    for &(theirs_name, set, key, of) in FIGURES {
        let set = sets.iter().find(|s| s.name == set).expect(set);
        let ours = figure(set, &predictions, key, of);
        assert_eq!(
            Some(&ours.as_str()),
            theirs.get(theirs_name),
            "{theirs_name}\n{script}"
        );
    }
}

fn figure(set: &Set, predictions: &[Prediction], key: &str, of: fn(&GoldRun) -> bool) -> String {
    let paired = pair(&set.runs, predictions);
    assert!(paired.missing.is_empty() && paired.ambiguous.is_empty());
    let rows: Vec<Row<'_>> = paired.rows.into_iter().filter(|row| of(row.gold)).collect();
    let figure = by_key(key).expect(key).figure(&rows).expect(key);
    format!("{figure:.4}")
}
