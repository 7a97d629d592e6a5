//! `evidence`: what the offline engine holds against steps, and how they lead to what shows the failure.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use localize::graph::Spreads;
use localize::{Model, explain};
use serde_json::{Map, Value, json};
use trace::{Contribution, StepId};

use super::Tool;
use super::arguments::Arguments;
use super::list::{List, ranges, short};
use crate::ledger::Ledger;
use crate::subject::Subject;

/// The most steps of one call.
const STEPS: usize = 6;

/// Signals of a step that are told; those that count for little are left out.
const SIGNALS: usize = 6;

/// Signals that count for less than this, in log-odds, tell nothing.
const LITTLE: f64 = 0.05;

/// Later steps that are told of one step, and failures that it is behind.
const LATER: usize = 6;

/// The longest sentence, in characters.
const WIDTH: usize = 220;

/// Tells what leads where.
pub struct Evidence;

impl Tool for Evidence {
    fn name(&self) -> &'static str {
        "evidence"
    }

    fn description(&self) -> &'static str {
        "What the offline engine holds against steps (signals in log-odds), which failures they led to, which later steps build on them. Without steps: the failures and the steps behind each."
    }

    fn parameters(&self) -> Value {
        json!({
            "type": "object",
            "properties": {"steps": {"type": "array", "items": {"type": "integer"}}}
        })
    }

    fn is_offline(&self) -> bool {
        true
    }

    fn call(
        &self,
        subject: &Subject<'_>,
        arguments: &Map<String, Value>,
        room: u64,
        _: &mut Ledger,
    ) -> Result<String, String> {
        let asked = Arguments::with(self, arguments, &["step"])?;
        let numbers = asked
            .numbers("steps")
            .into_iter()
            .chain(asked.numbers("step"));
        let numbers: Vec<u64> = numbers.take(STEPS).collect();
        if numbers.is_empty() {
            return Ok(failures(subject, room));
        }
        let steps = numbers.iter().map(|&number| subject.step_id(number));
        let steps: BTreeSet<StepId> = steps.collect::<Result<_, _>>()?;
        Ok(held_against(subject, &steps, room))
    }
}

/// A sentence of the engine; it names files, commands and tests of the run.
fn say(subject: &Subject<'_>, text: &str) -> String {
    subject.fence.line(&subject.safe(&short(text, WIDTH)))
}

/// The failures with the steps behind them.
fn failures(subject: &Subject<'_>, room: u64) -> String {
    let graph = &subject.case.graph;
    let mut list = List::new(room);
    let all = graph.failures();
    if all.is_empty() {
        list.say("nothing in the steps speaks for a failure");
    }
    for (place, failure) in all.iter().enumerate() {
        let behind = |repaired: bool| -> Vec<StepId> {
            let candidates = graph.candidates().iter();
            candidates
                .filter(|candidate| {
                    let mut explains = candidate.explains.iter();
                    explains.any(|e| e.end == place && e.repaired == repaired)
                })
                .map(|candidate| candidate.step)
                .collect()
        };
        let mut line = format!(
            "failure {} ({} {:.2}) step {}: {}",
            place + 1,
            failure.kind.as_str(),
            failure.strength,
            failure.step,
            say(subject, &failure.why)
        );
        // Writing to a string cannot fail.
        let _ = match (behind(false), behind(true)) {
            (open, _) if !open.is_empty() => write!(line, "\n behind it: {}", ranges(&open, 24)),
            (_, put_right) if !put_right.is_empty() => {
                write!(
                    line,
                    "\n behind it, put right since: {}",
                    ranges(&put_right, 24)
                )
            }
            _ => Ok(()),
        };
        if !list.push(&line) {
            list.say(&format!("({} more failures)", all.len() - place));
            break;
        }
    }
    let ignored: Vec<StepId> = graph.dismissals().iter().map(|d| d.step).collect();
    if !ignored.is_empty() {
        list.push(&format!(
            "went on over a failure never put right: steps {}",
            ranges(&ignored, 12)
        ));
    }
    list.done()
}

fn held_against(subject: &Subject<'_>, steps: &BTreeSet<StepId>, room: u64) -> String {
    let mut held = explain(subject.case, steps, Model::shipped());
    let mut list = List::new(room);
    for step in steps {
        let mut fits = list.push(&format!("## step {step}{}", rank(subject, *step)));
        let signals = held.remove(step).unwrap_or_default();
        let mut rows = signal_rows(subject, &signals);
        rows.extend(back(subject, *step, &rows));
        rows.extend(forward(subject, *step));
        for row in &rows {
            fits = fits && list.push(row);
        }
        if !fits {
            list.say("(no room for the rest)");
            break;
        }
    }
    list.done()
}

/// Where a step stands among the suspects.
fn rank(subject: &Subject<'_>, step: StepId) -> String {
    let suspects = &subject.offline.onset_candidates;
    let at = suspects.iter().position(|suspect| suspect.step_id == step);
    at.map_or_else(
        || format!(": none of the {} suspects", suspects.len()),
        |at| format!(": suspect {} ({:.2})", at + 1, suspects[at].score),
    )
}

/// What counts for and against it; plain facts about what it did have no words.
fn signal_rows(subject: &Subject<'_>, signals: &[Contribution]) -> Vec<String> {
    let telling = |part: &&Contribution| part.why.is_some() && part.log_odds.abs() >= LITTLE;
    let rows = signals.iter().filter(telling).take(SIGNALS).map(|part| {
        let why = part.why.as_deref().unwrap_or_default();
        format!(
            "{:+.2} {}: {}",
            part.log_odds,
            part.signal,
            say(subject, why)
        )
    });
    rows.collect()
}

/// The failures that a step is behind, and how it leads to the first where no signal has said so.
fn back(subject: &Subject<'_>, step: StepId, said: &[String]) -> Vec<String> {
    let graph = &subject.case.graph;
    let Some(candidate) = graph.candidate(step) else {
        return vec!["leads to no failure, as far as the graph shows".to_owned()];
    };
    let explains = candidate.explains.iter().take(LATER);
    let ends: Vec<String> = explains
        .map(|explained| {
            let right = if explained.repaired {
                ", put right since"
            } else {
                ""
            };
            let away = match explained.distance {
                0 => "itself".to_owned(),
                edges => format!("{edges} back"),
            };
            format!("{} ({away}{right})", explained.end + 1)
        })
        .collect();
    let mut row = format!("behind failures {}", ends.join(", "));
    let first = candidate.explains.first();
    if let Some(failure) = first.and_then(|first| graph.failures().get(first.end)) {
        let why = say(subject, &graph.because(candidate, failure));
        if !said.iter().any(|said| said.ends_with(&why)) {
            // Writing to a string cannot fail.
            let _ = write!(row, ": {why}");
        }
    }
    vec![row]
}

/// The later steps that build on a step.
fn forward(subject: &Subject<'_>, step: StepId) -> Vec<String> {
    let graph = &subject.case.graph;
    let spread = graph.spread(step);
    let mut rows: Vec<String> = Vec::new();
    for later in spread.iter().take(LATER) {
        let how = match later.how {
            Spreads::Changes => "changes",
            Spreads::Uses => "uses",
            Spreads::Shows => "fails with",
        };
        let what = say(subject, &graph.name(later.through));
        rows.push(format!("then step {} {how} {what}", later.step));
    }
    if spread.len() > LATER {
        let rest: Vec<StepId> = spread[LATER..].iter().map(|later| later.step).collect();
        rows.push(format!("then also steps {}", ranges(&rest, 8)));
    }
    rows
}
