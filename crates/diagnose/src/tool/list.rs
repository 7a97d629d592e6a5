//! Answers line by line.

use std::fmt::Write as _;

use llm::count_tokens;
use trace::StepId;

use crate::fence::Fence;

/// A list that takes lines as long as they fit.
#[derive(Debug)]
pub(crate) struct List {
    text: String,
    left: u64,
    /// Where the lines begin that go into a fence.
    fenced: Option<usize>,
}

impl List {
    /// An empty list of at most `room` tokens.
    pub(crate) fn new(room: u64) -> Self {
        Self {
            text: String::new(),
            left: room,
            fenced: None,
        }
    }

    /// What comes is put in one fence, until [`Self::close`]: lines of ours with words of the run in them
    /// that stand in no fence of their own.
    pub(crate) fn open(&mut self, fence: &Fence) {
        self.left = self
            .left
            .saturating_sub(count_tokens(&fence.around("")) + 2);
        self.fenced = Some(self.text.len());
    }

    /// Puts what came in a fence.
    pub(crate) fn close(&mut self, fence: &Fence) {
        if let Some(start) = self.fenced.take()
            && start < self.text.len()
        {
            let inside = self.text.split_off(start);
            self.say(&fence.around(&inside));
        }
    }

    /// Adds a line, or lines that belong together, if they fit; false when they do not.
    pub(crate) fn push(&mut self, line: &str) -> bool {
        let cost = count_tokens(line) + 1;
        if cost > self.left {
            return false;
        }
        self.left -= cost;
        self.say(line);
        true
    }

    /// Adds our own words, whether they fit or not: a heading, or how to see the rest.
    pub(crate) fn say(&mut self, line: &str) {
        self.text.push_str(line.trim_end_matches('\n'));
        self.text.push('\n');
    }

    /// Adds what was measured to fit.
    pub(crate) fn take(&mut self, line: &str) {
        self.left = self.left.saturating_sub(count_tokens(line) + 1);
        self.say(line);
    }

    /// Tokens that are left.
    pub(crate) fn left(&self) -> u64 {
        self.left
    }

    /// The list.
    pub(crate) fn done(self) -> String {
        self.text
    }
}

/// The steps from one to another: `5-9`, or `5` alone.
pub(crate) fn span(first: StepId, last: StepId) -> String {
    if first == last {
        first.to_string()
    } else {
        format!("{first}-{last}")
    }
}

/// Steps as numbers and ranges: `3, 5-9, 12`; of many the first `most` ranges, with how many are left.
pub(crate) fn ranges(steps: &[StepId], most: usize) -> String {
    let mut ranges: Vec<(StepId, StepId)> = Vec::new();
    for step in steps {
        match ranges.last_mut() {
            Some((_, last)) if last.index() + 1 == step.index() => *last = *step,
            _ => ranges.push((*step, *step)),
        }
    }
    let shown = ranges.iter().take(most);
    let shown = shown.map(|(first, last)| span(*first, *last));
    let mut text = shown.collect::<Vec<_>>().join(", ");
    let left = ranges.iter().skip(most);
    let left: usize = left.map(|(a, b)| b.index() + 1 - a.index()).sum();
    if left > 0 {
        // Writing to a string cannot fail.
        let _ = write!(text, " and {left} more");
    }
    text
}

/// The beginning of a text in at most `most` characters, marked where it is cut.
pub(crate) fn short(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

/// How many lines of the beginning fit, and where those of the end begin: the end is told first, it
/// takes up to two thirds of the room. Together they are all lines when all fit.
pub(crate) fn ends(lines: &[String], room: u64) -> (usize, usize) {
    let costs: Vec<u64> = lines.iter().map(|line| count_tokens(line) + 1).collect();
    if costs.iter().sum::<u64>() <= room {
        return (lines.len(), lines.len());
    }
    let most = room / 3 * 2;
    let mut left = most;
    let mut tail = lines.len();
    while tail > 0 && costs[tail - 1] <= left {
        tail -= 1;
        left -= costs[tail];
    }
    left += room - most;
    let mut head = 0;
    while head < tail && costs[head] <= left {
        left -= costs[head];
        head += 1;
    }
    (head, tail)
}
