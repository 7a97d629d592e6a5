//! The trace tree folded into few tokens: stages, then what is suspicious, then the other steps.
//!
//! Every step lies in exactly one line: its own, that of its like neighbours, or that of the span it is
//! folded into. What a span hides is counted.

mod draw;
mod worth;

use std::collections::BTreeSet;

use llm::count_tokens;
use trace::StepId;

use crate::subject::Subject;
use draw::Pen;
use worth::Worth;

/// The share of the room that the lines of stages may take, in percent; the rest is for steps.
const STAGES_PERCENT: u64 = 50;

/// No line of a step takes fewer tokens.
const SHORTEST_LINE: u64 = 4;

/// The run in at most `room` tokens, to be put in a fence; empty where not even a line fits. With `suspects` the steps that
/// the offline engine suspects, and those its evidence graph ties to the failure, are marked and come
/// first; then what failed and what changed something. Reads the run once and draws it some twenty
/// times at most.
#[must_use]
pub fn fold(subject: &Subject<'_>, room: u64, suspects: bool) -> String {
    let worth = Worth::new(subject, suspects);
    let pen = Pen::new(subject, &worth);
    let fits = |rows: &[Row]| {
        let text = pen.draw(rows);
        (count_tokens(&text) <= room).then_some(text)
    };
    let stages = subject.index().stages.len();
    let closed = |spans: usize| {
        rows(
            subject,
            &worth.spans(subject, spans),
            &BTreeSet::new(),
            &pen,
        )
    };
    let spans = most(stages, |spans| {
        count_tokens(&pen.draw(&closed(spans))) <= room * STAGES_PERCENT / 100
    })
    .max(1);
    let spans = worth.spans(subject, spans);
    let order = worth.order(usize::try_from(room / SHORTEST_LINE).unwrap_or(usize::MAX));
    let mut best = fits(&rows(subject, &spans, &BTreeSet::new(), &pen)).unwrap_or_default();
    most(order.len(), |steps| {
        let taken = order[..steps].iter().copied().collect();
        let text = fits(&rows(subject, &spans, &taken, &pen));
        let fit = text.is_some();
        if let Some(text) = text {
            best = text;
        }
        fit
    });
    best
}

/// The lines of single steps, as the folded tree words them.
pub struct Lines<'l, 's> {
    subject: &'l Subject<'s>,
    worth: Worth,
}

impl<'l, 's> Lines<'l, 's> {
    /// Reads the run; see [`fold`] for `suspects`.
    #[must_use]
    pub fn new(subject: &'l Subject<'s>, suspects: bool) -> Self {
        Self {
            subject,
            worth: Worth::new(subject, suspects),
        }
    }

    /// The line of a step without its number, to be put in a fence: `~ read src/app.py`.
    #[must_use]
    pub fn of(&self, step: StepId) -> String {
        Pen::new(self.subject, &self.worth).line(step)
    }
}

/// The largest number up to `limit` that passes, as far as larger numbers pass less; 0 where none does.
fn most(limit: usize, mut passes: impl FnMut(usize) -> bool) -> usize {
    if limit == 0 || passes(limit) {
        return limit;
    }
    let (mut low, mut high) = (0, limit);
    while high - low > 1 {
        let middle = usize::midpoint(low, high);
        if passes(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}

/// A line of the folded tree. Steps lie in `Steps`, `Rest` and `Folded`; `Open` is only a head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Row {
    /// Neighbouring stages, by their places; their steps follow.
    Open(Span),
    /// Neighbouring stages, all of their steps folded.
    Folded(Span),
    /// A step, or neighbouring steps that read the same.
    Steps(StepId, StepId),
    /// Neighbouring steps of which none is named.
    Rest(StepId, StepId),
}

/// Neighbouring stages: the first and the last of them by their places, and their steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span {
    stages: (usize, usize),
    steps: (StepId, StepId),
}

/// The lines for these spans of stages when the steps `taken` have lines of their own.
fn rows(
    subject: &Subject<'_>,
    spans: &[Span],
    taken: &BTreeSet<StepId>,
    pen: &Pen<'_, '_>,
) -> Vec<Row> {
    let mut rows = Vec::new();
    for span in spans {
        let (first, last) = span.steps;
        let mut next = first.index();
        let mut inside = taken.range(first..=last).peekable();
        // A lone step that has no line of its own is as well shown as told.
        if inside.peek().is_none() && (first < last || subject.index().len() == 1) {
            rows.push(Row::Folded(*span));
            continue;
        }
        rows.push(Row::Open(*span));
        let start = rows.len();
        for step in inside {
            rest(&mut rows, next, step.index());
            add(&mut rows, start, *step, pen);
            next = step.index() + 1;
        }
        rest(&mut rows, next, last.index() + 1);
    }
    rows
}

/// The steps from `from` up to `to`, `to` not included, as a line.
fn rest(rows: &mut Vec<Row>, from: usize, to: usize) {
    if from < to {
        let (first, last) = (StepId::from_index(from), StepId::from_index(to - 1));
        rows.push(if first == last {
            Row::Steps(first, last)
        } else {
            Row::Rest(first, last)
        });
    }
}

/// A step as a line, or as part of the line before where that reads the same.
fn add(rows: &mut Vec<Row>, start: usize, step: StepId, pen: &Pen<'_, '_>) {
    if rows.len() > start
        && let Some(Row::Steps(first, last)) = rows.last_mut()
        && last.index() + 1 == step.index()
        && pen.same(*first, step)
    {
        *last = step;
        return;
    }
    rows.push(Row::Steps(step, step));
}

#[cfg(test)]
mod tests;
