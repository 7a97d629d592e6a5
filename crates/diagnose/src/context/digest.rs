//! What stays of what was folded: the evidence ledger in few tokens.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use llm::count_tokens;
use trace::StepId;

use crate::fold::Lines;
use crate::ledger::Ledger;
use crate::subject::Subject;

/// The longest quotation that is repeated, in characters.
const QUOTE: usize = 120;

/// What is remembered of an inquiry besides the ledger.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Digest {
    /// The steps in the order in which they were first opened.
    pub order: Vec<StepId>,
    /// Words of a step that the model quoted and that are there.
    pub quoted: BTreeMap<StepId, String>,
}

impl Digest {
    /// Notes what was opened since.
    pub fn follow(&mut self, ledger: &Ledger) {
        let known: std::collections::BTreeSet<StepId> = self.order.iter().copied().collect();
        let new = ledger.opened().iter().filter(|step| !known.contains(step));
        self.order.extend(new.copied());
    }
}

/// The evidence ledger in at most `room` tokens: a line for each step that was opened, with the words
/// quoted from it; then notes. Where that is too much, steps that were quoted and the newest keep their
/// lines, and the others are numbers.
#[must_use]
pub fn digest(
    subject: &Subject<'_>,
    lines: &Lines<'_, '_>,
    known: &Digest,
    ledger: &Ledger,
    room: u64,
) -> String {
    let notes = notes(subject, ledger, room / 3);
    let mut wanted: Vec<StepId> = known.quoted.keys().copied().collect();
    let newest = known.order.iter().rev().copied();
    wanted.extend(newest.filter(|step| !known.quoted.contains_key(step)));
    let mut told: BTreeMap<StepId, String> = BTreeMap::new();
    let heads = 60 + count_tokens(&notes);
    let mut left = room.saturating_sub(heads + count_tokens(&numbers(&known.order)));
    for step in wanted {
        let mut line = format!("{step}{}", lines.of(step));
        if let Some(words) = known.quoted.get(&step) {
            let words: String = words.chars().take(QUOTE).collect();
            let _ = write!(line, ": \"{}\"", subject.fence.words(&subject.safe(&words)));
        }
        let cost = count_tokens(&line) + 1;
        if cost > left {
            break;
        }
        left -= cost;
        told.insert(step, line);
    }
    let rest: Vec<StepId> = known
        .order
        .iter()
        .copied()
        .filter(|step| !told.contains_key(step))
        .collect();
    let mut text =
        "# Opened before, folded to save room (open a step again to quote it)\n".to_owned();
    if !told.is_empty() {
        let told: Vec<String> = told.into_values().collect();
        let _ = writeln!(text, "{}", subject.fence.around(&told.join("\n")));
    }
    if !rest.is_empty() {
        let _ = writeln!(text, "Also steps {}", numbers(&rest));
    }
    text.push_str(&notes);
    if count_tokens(&text) > room {
        // Thousands of single numbers: how many is all that can be said.
        text = format!(
            "# {} steps were opened before, folded to save room\n",
            known.order.len()
        );
        if count_tokens(&text) + count_tokens(&notes) <= room {
            text.push_str(&notes);
        }
    }
    text
}

/// The model's notes in at most `room` tokens, the newest first to stay.
fn notes(subject: &Subject<'_>, ledger: &Ledger, room: u64) -> String {
    let mut kept = Vec::new();
    let mut left = room.saturating_sub(4);
    for note in ledger.notes().iter().rev() {
        let line = format!("- {}\n", subject.fence.line(note));
        let cost = count_tokens(&line);
        if cost > left {
            break;
        }
        left -= cost;
        kept.push(line);
    }
    if kept.is_empty() {
        return String::new();
    }
    kept.reverse();
    format!("Your notes:\n{}", kept.concat())
}

/// Numbers of steps with neighbours as ranges: `3-9, 12`.
fn numbers(steps: &[StepId]) -> String {
    let mut sorted: Vec<StepId> = steps.to_vec();
    sorted.sort_unstable();
    let mut ranges: Vec<(StepId, StepId)> = Vec::new();
    for step in sorted {
        match ranges.last_mut() {
            Some((_, last)) if last.index() + 1 >= step.index() => *last = step,
            _ => ranges.push((step, step)),
        }
    }
    let words = ranges.iter().map(|(first, last)| {
        if first == last {
            first.to_string()
        } else {
            format!("{first}-{last}")
        }
    });
    words.collect::<Vec<_>>().join(", ")
}
