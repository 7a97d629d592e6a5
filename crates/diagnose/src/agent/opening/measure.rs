//! What each part of the opening costs over the labelled runs, and how often it shows what matters.
//!
//! `cargo test -p diagnose --lib opening::measure -- --nocapture`; the labels are looked for in
//! the folder `shared` beside the repository (or in `$CODETRACER_SHARED`).

#![allow(clippy::print_stdout, reason = "it prints a table")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use analysis::Index;
use formats::pile::{Limits as PileLimits, Pile};
use formats::{find_runs, read_run};
use llm::{Client, Ledger as Calls, Settings};
use localize::{Model, Options, diagnose_case};
use serde_json::Value;

use super::*;
use crate::fence::Fence;

/// What was measured of one run.
struct Measured {
    steps: u64,
    parts: [u64; 8],
    shown: u64,
    /// Whether the onset of the labels was opened; nothing where there is none.
    onset: Option<bool>,
    /// Whether the tree has a line of its own for it.
    lined: Option<bool>,
}

const PARTS: [&str; 8] = [
    "system", "tools", "conclude", "task", "offline", "tree", "opened", "all",
];

/// The labelled runs: folder, and the steps that are an honest onset.
fn labelled() -> Option<Vec<(PathBuf, BTreeSet<u64>)>> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let shared = std::env::var_os("CODETRACER_SHARED").map_or(beside, PathBuf::from);
    let mut runs = std::collections::BTreeMap::new();
    for set in ["codetracebench", "onset"] {
        let text = std::fs::read_to_string(shared.join(format!("gold/{set}.json"))).ok()?;
        for row in serde_json::from_str::<Vec<Value>>(&text).unwrap() {
            let accepted = row["onset_accept"].as_array().cloned().unwrap_or_default();
            let all = accepted.iter().chain([&row["onset"]]);
            runs.insert(
                shared.join(row["path"].as_str().unwrap()),
                all.filter_map(Value::as_u64).collect(),
            );
        }
    }
    Some(runs.into_iter().collect())
}

fn measure(path: &Path, onsets: &BTreeSet<u64>, client: &BlockingClient) -> Measured {
    let pile = Pile::open(path, &PileLimits::default()).unwrap();
    let found = find_runs(&pile);
    let runs = found
        .runs
        .iter()
        .map(|run| read_run(&pile, run).unwrap().trajectory);
    let run = runs.max_by_key(|run| run.steps.len()).unwrap();
    let index = Index::new(&run);
    let case = localize::Case::new(&index);
    let offline = diagnose_case(&case, Options::default(), Model::shipped());
    let fence = Fence::of_run(&run);
    let subject = Subject::new(&case, &offline, fence.mark());
    let setup = Setup::default();
    let mut ledger = Ledger::default();
    let parts = Case::new(&subject, &setup, &[], client).parts(20_000, &mut ledger);
    let tools: Vec<LlmTool> = tools().iter().map(|tool| llm_tool(*tool)).collect();
    let cost = |tools: Vec<LlmTool>| estimate_input(&Request::new(Vec::new()).with_tools(tools));
    let mut sizes = [
        count_tokens(&prompt::system(fence.mark(), 3).unwrap()),
        cost(tools),
        cost(vec![Conclusion::tool()]),
        count_tokens(&parts.task),
        count_tokens(&parts.offline),
        count_tokens(&parts.tree),
        count_tokens(&parts.shown),
        0,
    ];
    sizes[7] = sizes[..3].iter().sum::<u64>() + count_tokens(&prompt::opening(&parts).unwrap());
    let ids: Vec<StepId> = onsets
        .iter()
        .filter_map(|at| StepId::new(u32::try_from(*at).ok()?))
        .collect();
    let lines: BTreeSet<&str> = parts
        .tree
        .lines()
        .filter_map(|line| line.split(['+', '~']).next())
        .collect();
    let some = |yes: bool| (!ids.is_empty()).then_some(yes);
    Measured {
        steps: index.len() as u64,
        parts: sizes,
        shown: ledger.opened().len() as u64,
        onset: some(ids.iter().any(|id| ledger.is_open(*id))),
        lined: some(ids.iter().any(|id| lines.contains(id.to_string().as_str()))),
    }
}

fn row(name: &str, values: impl Iterator<Item = u64>) {
    let mut all: Vec<u64> = values.collect();
    all.sort_unstable();
    let at = |percent: usize| all[(all.len() * percent).div_ceil(100).max(1) - 1];
    println!("| {name} | {} | {} | {} |", at(50), at(95), at(100));
}

fn share(name: &str, values: impl Iterator<Item = Option<bool>>) {
    let all: Vec<bool> = values.flatten().collect();
    let yes = all.iter().filter(|yes| **yes).count();
    println!("| {name} | {yes} of {} | | |", all.len());
}

#[test]
fn what_the_parts_of_the_opening_cost() {
    let Some(runs) = labelled() else {
        println!("skipped: no labelled runs beside the repository");
        return;
    };
    let client = Client::builder("ollama/any", &Settings::from_pairs([("", ""); 0])).unwrap();
    let client = client.ledger(Calls::new()).build().unwrap();
    let client = BlockingClient::new(client).unwrap();
    let measured: Vec<Measured> = runs
        .iter()
        .map(|(path, onsets)| measure(path, onsets, &client))
        .collect();
    println!(
        "| {} runs | median | 95 % | most |\n|---|--:|--:|--:|",
        measured.len()
    );
    row("steps", measured.iter().map(|m| m.steps));
    for (place, name) in PARTS.iter().enumerate() {
        row(name, measured.iter().map(|m| m.parts[place]));
    }
    row("steps opened", measured.iter().map(|m| m.shown));
    share(
        "an honest onset is opened",
        measured.iter().map(|m| m.onset),
    );
    share(
        "it has a line in the tree",
        measured.iter().map(|m| m.lined),
    );
    // The opening is sent with every call, and is worth it by what it shows.
    let mut whole: Vec<u64> = measured.iter().map(|m| m.parts[PARTS.len() - 1]).collect();
    whole.sort_unstable();
    let median = whole[whole.len() / 2];
    assert!(median < 4_000, "{median} tokens");
    let labelled = measured.iter().filter_map(|m| m.onset);
    let (opened, all) = labelled.fold((0, 0), |(yes, all), it| (yes + u32::from(it), all + 1));
    assert!(opened * 2 > all, "{opened} of {all} onsets are opened");
}
