//! What the rules would keep from an honest reader: the labels of readers as conclusions with words of
//! the steps they name. Skipped, saying so, where the folder `shared` beside the repository (or
//! `$CODETRACER_SHARED`) is not there.
//!
//! `cargo test -p diagnose --test honest -- --nocapture` prints the figures.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test reads real files and says what it saw"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use analysis::Index;
use diagnose::check::check;
use diagnose::subject::Part;
use diagnose::{Conclusion, Ledger, Subject};
use formats::pile::{Limits, Pile};
use localize::{Case, Model, Options, diagnose_case};
use serde_json::{Value, json};
use trace::{Step, StepId, Trajectory};

fn shared() -> PathBuf {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    std::env::var_os("CODETRACER_SHARED").map_or(beside, PathBuf::from)
}

/// The longest run at a path.
fn longest(path: &Path) -> Trajectory {
    let pile = Pile::open(path, &Limits::default()).unwrap();
    let found = formats::find_runs(&pile);
    let read = found.runs.iter().map(|run| formats::read_run(&pile, run));
    let read = read.map(|run| run.unwrap().trajectory);
    read.max_by_key(|run| run.steps.len()).unwrap()
}

/// A line of one of the parts, the fullest one, as it is shown.
fn line(subject: &Subject<'_>, step: &Step, parts: &[Part]) -> Option<String> {
    parts.iter().find_map(|part| {
        let text = subject.fence.data(&subject.text(step, *part));
        let lines: Vec<&str> = text.lines().collect();
        let lines = lines.get(1..lines.len() - 1)?.iter();
        let full = lines.filter(|line| line.chars().any(char::is_alphanumeric));
        let best = full.max_by_key(|line| line.len().min(200))?;
        Some(best.chars().take(200).collect())
    })
}

/// What a reader's labels say, as a conclusion.
fn conclusion(subject: &Subject<'_>, row: &Value) -> Value {
    let run = subject.index().trajectory;
    let mut claims = Vec::new();
    let mut claim = |kind: &str, step: &Value, parts: &[Part]| {
        let number = step.as_u64().unwrap();
        let at = StepId::new(u32::try_from(number).unwrap()).unwrap().index();
        let step = run.steps.get(at).unwrap();
        let quote = line(subject, &step, parts).unwrap_or_default();
        claims.push(json!({"kind": kind, "step": number, "why": "as read", "quote": quote}));
    };
    let decision = [Part::Action, Part::Thought, Part::Observation];
    let list = |field: &str| row[field].as_array().cloned().unwrap_or_default();
    if row["onset"].is_u64() {
        claim("onset", &row["onset"], &decision);
        for link in list("chain").iter().filter(|link| link["role"] != "onset") {
            let role = link["role"].as_str().unwrap();
            let observed = [Part::Observation];
            let parts = if role == "missed_signal" {
                &observed[..]
            } else {
                &decision
            };
            claim(role, &link["step"], parts);
        }
    } else {
        let end = json!(run.steps.len());
        claim(
            "evidence",
            &end,
            &[Part::Observation, Part::Action, Part::Thought],
        );
    }
    for step in list("incorrect")
        .iter()
        .filter(|step| **step != row["onset"])
        .take(6)
    {
        claim("incorrect", step, &decision);
    }
    for step in list("unuseful").iter().take(8) {
        claim("unuseful", step, &decision);
    }
    let verdict = if row["onset"].is_u64() {
        "failure_found"
    } else {
        "undecided"
    };
    json!({"verdict": verdict, "claims": claims, "summary": "As read."})
}

#[test]
fn honest_readers_are_rarely_refused() {
    let shared = shared();
    let Ok(text) = std::fs::read_to_string(shared.join("gold/onset.json")) else {
        println!("skipped: there are no labels in {}", shared.display());
        return;
    };
    let rows: Vec<Value> = serde_json::from_str(&text).unwrap();
    let (mut claims, mut onsets, mut refused) = (0, 0, 0);
    let mut broken: BTreeMap<String, usize> = BTreeMap::new();
    for row in &rows {
        let run = longest(&shared.join(row["path"].as_str().unwrap()));
        let index = Index::new(&run);
        let case = Case::new(&index);
        let options = Options {
            blind: true,
            ..Options::default()
        };
        let offline = diagnose_case(&case, options, Model::shipped());
        let subject = Subject::new(&case, &offline, "mark");
        let mut ledger = Ledger::default();
        for at in 0..index.len() {
            for part in Part::ALL {
                ledger.show(StepId::from_index(at), part, 1..=usize::MAX);
            }
        }
        let said = Conclusion::read(&conclusion(&subject, row)).unwrap();
        let checked = check(&said, &subject, &ledger);
        claims += said.claims.len();
        onsets += usize::from(row["onset"].is_u64());
        refused += usize::from(checked.refused);
        for fault in &checked.faults {
            println!(
                "{}: {}: {} {}",
                row["run"], fault.rule, fault.claim, fault.why
            );
            *broken.entry(fault.rule.clone()).or_default() += 1;
        }
    }
    println!(
        "{} runs, {onsets} with an onset, {claims} claims; {refused} verdicts refused; by rule: {broken:?}",
        rows.len()
    );
    // A rule that keeps much from honest readers is wrong.
    let fell: usize = broken.values().sum();
    assert!(
        fell * 10 < claims && refused * 10 <= rows.len(),
        "{broken:?}"
    );
}
