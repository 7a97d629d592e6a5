//! Layouts nobody has seen: one abstract run, written down in hundreds of made-up ways, each worked
//! out anew. What is measured is the share of steps that come back, by every choice a layout makes.
//!
//! Layouts whose number leaves 2 when divided by 3 are held out: nobody looks at how they are read
//! while the induction is worked on. `MOST=n` sets how many are tried, `ONLY=text` shows those whose
//! description holds the text, with their maps.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    reason = "made-up runs with small numbers"
)]

mod hold;
mod run;
mod style;
mod write;

use std::collections::BTreeMap;

use formats::learned::{Refusal, induce};
use formats::pile::{EntryId, Limits, Pile};
use run::{Dice, Run, TOOLS};
use serde_json::Value;
use similar::{Algorithm, ChangeTag, capture_diff_slices};
use style::{Style, style};
use trace::Trajectory;

/// How many layouts are tried.
const LAYOUTS: u64 = 300;

fn runs_of(style: &Style) -> Vec<Run> {
    let many = if style.hold == "rows" { 4 } else { 1 };
    let make = |at: u64| {
        let seed = style.seed * 31 + at;
        let steps = 8 + Dice::new(seed).below(52);
        run::run(seed, steps, &TOOLS[style.tools].1, style.ids)
    };
    (0..many).map(make).collect()
}

/// A step as it should come back: what was asked and what was answered.
type Key = (String, String);

fn asked(arguments: &Value) -> String {
    match arguments {
        Value::Object(members) if members.len() == 1 => members
            .values()
            .next()
            .and_then(Value::as_str)
            .map_or_else(|| arguments.to_string(), str::to_owned),
        other => other.to_string(),
    }
}

fn truth(runs: &[Run]) -> Vec<Key> {
    let calls = runs
        .iter()
        .flat_map(|run| &run.replies)
        .flat_map(|r| &r.calls);
    calls
        .map(|call| (asked(&call.arguments), call.output.trim().to_owned()))
        .collect()
}

fn found(run: &Trajectory) -> Vec<Key> {
    let key = |step: &trace::Step| {
        let command = step.action.command().map(str::to_owned);
        let text = command.unwrap_or_else(|| asked(&step.action.arguments));
        (text, step.observed().trim().to_owned())
    };
    let nested = run
        .descendants()
        .into_iter()
        .flat_map(|run| run.steps.iter().map(key));
    run.steps.iter().map(key).chain(nested).collect()
}

fn equal(a: &[Key], b: &[Key]) -> usize {
    capture_diff_slices(Algorithm::Myers, a, b)
        .iter()
        .flat_map(|op| op.iter_changes(a, b))
        .filter(|change| change.tag() == ChangeTag::Equal)
        .count()
}

#[derive(Default, Clone, Copy)]
struct Tally {
    layouts: usize,
    refused: usize,
    steps: usize,
    same: usize,
    tasks: usize,
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.layouts += other.layouts;
        self.refused += other.refused;
        self.steps += other.steps;
        self.same += other.same;
        self.tasks += other.tasks;
    }

    fn share(&self) -> f64 {
        self.same as f64 / self.steps.max(1) as f64
    }
}

fn try_layout(style: &Style, show: bool) -> Tally {
    let folder = tempfile::tempdir().unwrap();
    let runs = runs_of(style);
    hold::write(style, &runs, folder.path());
    let pile = Pile::open(folder.path(), &Limits::default()).unwrap();
    let files: Vec<EntryId> = pile.entries().iter().map(|entry| entry.id).collect();
    let expected = truth(&runs);
    let mut tally = Tally {
        layouts: 1,
        ..Tally::default()
    };
    let found = match induce(&pile, &files) {
        Ok(found) => found,
        Err(refusal) => {
            tally.refused = 1;
            tally.steps = expected.len();
            if show {
                println!("REFUSED {style:?}\n   {refusal}");
                if let Refusal::BelowBar { found, .. } = refusal {
                    println!("{}", serde_json::to_string_pretty(&found.map).unwrap());
                }
            }
            return tally;
        }
    };
    let parts = found.map.runs(&pile, &files).unwrap();
    let read = |part| found.map.extract(&pile, &files, part).unwrap().trajectory;
    let trajectories: Vec<Trajectory> = if parts.is_empty() {
        vec![read(None)]
    } else {
        parts.iter().map(|part| read(Some(part))).collect()
    };
    let ours: Vec<Key> = trajectories.iter().flat_map(self::found).collect();
    tally.same = equal(&expected, &ours);
    tally.steps = expected.len().max(ours.len());
    let told = trajectories.first().and_then(|run| run.task.as_deref());
    tally.tasks = usize::from(told.is_some_and(|task| task.contains(&runs[0].task)));
    if show {
        println!(
            "{} {:.2} ({} of {}, {} found) {style:?}",
            if tally.share() > 0.95 { "fine" } else { "POOR" },
            tally.share(),
            tally.same,
            expected.len(),
            ours.len()
        );
        if tally.share() <= 0.95 {
            println!("   {}", serde_json::to_string(&found.map.records).unwrap());
            for rule in &found.map.rules {
                println!("   {}", serde_json::to_string(rule).unwrap());
            }
        }
    }
    tally
}

#[test]
fn unseen_layouts_are_read() {
    let most = std::env::var("MOST").map_or(LAYOUTS, |n| n.parse().unwrap());
    let only = std::env::var("ONLY").ok();
    let mut table: BTreeMap<String, [Tally; 2]> = BTreeMap::new();
    for number in 0..most {
        let style = style(number);
        let held_out = number % 3 == 2;
        let named = format!("{style:?}");
        if only
            .as_ref()
            .is_some_and(|only| held_out || !named.contains(only))
        {
            continue;
        }
        let tally = try_layout(&style, only.is_some());
        let Style {
            shape,
            names,
            words,
            ids,
            arguments,
            time,
            wrap,
            hold,
            noise,
            tools,
            ..
        } = style;
        for (dimension, value) in [
            ("all", ""),
            ("shape", shape),
            ("names", names),
            ("words", words),
            ("ids", ids),
            ("arguments", arguments),
            ("time", time),
            ("wrap", wrap),
            ("hold", hold),
            ("noise", noise),
            ("tools", TOOLS[tools].0),
        ] {
            let row = table.entry(format!("{dimension} {value}")).or_default();
            row[usize::from(held_out)].add(tally);
        }
    }
    println!(
        "{:<22} seen: layouts refused steps tasks   held out: the same",
        ""
    );
    for (name, row) in &table {
        let cells = row.map(|t| {
            let tasks = t.tasks as f64 / t.layouts.max(1) as f64;
            format!(
                "{:>4} {:>4} {:.3} {tasks:.2}",
                t.layouts,
                t.refused,
                t.share()
            )
        });
        println!("{name:<22} {}   {}", cells[0], cells[1]);
    }
    if only.is_none() && most >= LAYOUTS {
        let [seen, held_out] = table["all "];
        assert!(
            seen.share() >= FLOORS[0],
            "seen layouts: {:.3}",
            seen.share()
        );
        assert!(
            held_out.share() >= FLOORS[1],
            "held out: {:.3}",
            held_out.share()
        );
    }
}

/// The least shares of steps: of layouts seen while this was worked on, and of those held out.
const FLOORS: [f64; 2] = [0.97, 0.94];
