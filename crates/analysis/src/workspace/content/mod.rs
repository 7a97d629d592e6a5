//! What is known of a file's lines: all of them, some at known places, some at unknown ones.

mod listing;
mod seek;

use std::ops::Range;

use similar::{Algorithm, DiffOp, capture_diff_slices};

use crate::workspace::line::{Line, Origin};
pub(in crate::workspace) use seek::Found;

/// How many separate stretches of one file are told apart; past it the oldest loose ones are let go.
const STRETCHES: usize = 512;

/// Lines that follow one another without a gap.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::workspace) struct Stretch {
    /// How many lines stand before the first one; `None` when the stretch is somewhere.
    pub(in crate::workspace) at: Option<usize>,
    pub(in crate::workspace) lines: Vec<Line>,
}

impl Stretch {
    /// One past its last line.
    fn end(&self) -> Option<usize> {
        Some(self.at? + self.lines.len())
    }
}

/// What is known of a file at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::workspace) struct Content {
    /// Placed stretches in order, not touching each other, then those that are somewhere.
    stretches: Vec<Stretch>,
    /// How many lines there are, counting what follows the last line feed; `None` when unknown.
    total: Option<usize>,
    /// Who put the lines there that are not known.
    pub(in crate::workspace) rest: Origin,
}

impl Content {
    /// A file of which everything is known.
    pub(in crate::workspace) fn whole(lines: Vec<Line>) -> Self {
        Self {
            total: Some(lines.len()),
            stretches: vec![Stretch { at: Some(0), lines }],
            rest: Origin::Before,
        }
    }

    /// A file of which nothing is known but who wrote it.
    pub(in crate::workspace) fn unknown(rest: Origin) -> Self {
        Self {
            rest,
            ..Self::default()
        }
    }

    /// All lines, where all are known.
    pub(in crate::workspace) fn all(&self) -> Option<&[Line]> {
        match self.stretches.as_slice() {
            [only] if only.at == Some(0) && self.total == Some(only.lines.len()) => {
                Some(&only.lines)
            }
            _ => None,
        }
    }

    /// The known stretches: placed ones in order, then those that are somewhere.
    pub(in crate::workspace) fn stretches(&self) -> &[Stretch] {
        &self.stretches
    }

    /// How many lines there are, counting what follows the last line feed.
    pub(in crate::workspace) fn total(&self) -> Option<usize> {
        self.total
    }

    /// How many lines are known.
    pub(in crate::workspace) fn known(&self) -> usize {
        self.stretches.iter().map(|s| s.lines.len()).sum()
    }

    /// All known lines.
    pub(in crate::workspace) fn lines(&self) -> impl Iterator<Item = &Line> {
        self.stretches.iter().flat_map(|stretch| &stretch.lines)
    }

    /// Replaces lines `range` of a placed file by `with`; false where that range is not known.
    /// `range` may start where the known lines end.
    pub(in crate::workspace) fn splice(&mut self, range: Range<usize>, with: Vec<Line>) -> bool {
        let holds = |stretch: &Stretch| {
            stretch.at.is_some_and(|at| at <= range.start)
                && stretch.end().is_some_and(|end| range.end <= end)
        };
        match self.stretches.iter().position(holds) {
            Some(index) => {
                let at = self.stretches[index].at.unwrap_or_default();
                self.splice_in(index, range.start - at..range.end - at, with);
                true
            }
            None => false,
        }
    }

    /// Replaces lines `range` wherever they are: what of them is known goes, what stands behind moves.
    pub(in crate::workspace) fn overwrite(&mut self, range: Range<usize>, with: Vec<Line>) {
        if self.splice(range.clone(), with.clone()) {
            return;
        }
        self.shown(range.clone(), &[]);
        self.shift(range.end, range.len(), with.len());
        self.place(Stretch {
            at: Some(range.start),
            lines: with,
        });
    }

    fn splice_in(&mut self, index: usize, range: Range<usize>, with: Vec<Line>) {
        let (removed, added) = (range.len(), with.len());
        let Some(stretch) = self.stretches.get_mut(index) else {
            return;
        };
        let behind = stretch.at.map(|at| at + range.end);
        stretch.lines.splice(range, with);
        let own = std::mem::take(stretch);
        match behind {
            Some(behind) => self.shift(behind, removed, added),
            None if removed != added => self.loosen(),
            None => {}
        }
        if own.lines.is_empty() {
            self.stretches.remove(index);
        } else {
            self.stretches[index] = own;
        }
    }

    /// Moves what stands at `behind` or later by what came and went before it.
    fn shift(&mut self, behind: usize, removed: usize, added: usize) {
        let moved = |at: usize| (at + added).saturating_sub(removed);
        for stretch in &mut self.stretches {
            stretch.at = stretch
                .at
                .map(|at| if at >= behind { moved(at) } else { at });
        }
        self.total = self.total.map(moved);
    }

    /// Forgets where things are, as lines came or went in a part that is not known. What stands at the
    /// very top cannot have moved.
    fn loosen(&mut self) {
        self.total = None;
        for stretch in &mut self.stretches {
            stretch.at = stretch.at.filter(|at| *at == 0);
        }
    }

    /// Notes lines that stand somewhere in what was not known; places are lost when their number
    /// changed by it.
    pub(in crate::workspace) fn somewhere(&mut self, lines: Vec<Line>, removed: usize) {
        if lines.len() != removed {
            self.loosen();
        }
        if !lines.is_empty() {
            self.stretches.push(Stretch { at: None, lines });
        }
        self.bound();
    }

    /// Notes lines that are known to be somewhere.
    pub(in crate::workspace) fn note(&mut self, lines: Vec<Line>) {
        if !lines.is_empty() {
            self.stretches.push(Stretch { at: None, lines });
            self.bound();
        }
    }

    fn bound(&mut self) {
        let excess = self.stretches.len().saturating_sub(STRETCHES);
        for _ in 0..excess {
            match self.stretches.iter().position(|s| s.at.is_none()) {
                Some(loose) => self.stretches.remove(loose),
                None => self.stretches.remove(0),
            };
        }
    }

    /// Forgets what is held about lines `range` and puts `lines` there instead, moving nothing.
    pub(in crate::workspace) fn shown(&mut self, range: Range<usize>, lines: &[Line]) {
        let mut parts = Vec::with_capacity(self.stretches.len() + 2);
        for stretch in std::mem::take(&mut self.stretches) {
            let (Some(at), Some(end)) = (stretch.at, stretch.end()) else {
                parts.push(stretch);
                continue;
            };
            if end <= range.start || range.end <= at {
                parts.push(stretch);
                continue;
            }
            if at < range.start {
                parts.push(Stretch {
                    at: Some(at),
                    lines: stretch.lines[..range.start - at].to_vec(),
                });
            }
            if range.end < end {
                parts.push(Stretch {
                    at: Some(range.end),
                    lines: stretch.lines[range.end - at..].to_vec(),
                });
            }
        }
        self.stretches = parts;
        if !lines.is_empty() {
            self.place(Stretch {
                at: Some(range.start),
                lines: lines.to_vec(),
            });
        }
    }

    /// Puts a stretch among the others and joins those that touch.
    fn place(&mut self, stretch: Stretch) {
        self.stretches.push(stretch);
        self.stretches
            .sort_by_key(|stretch| stretch.at.unwrap_or(usize::MAX));
        let mut joined: Vec<Stretch> = Vec::with_capacity(self.stretches.len());
        for stretch in std::mem::take(&mut self.stretches) {
            match joined.last_mut() {
                Some(last) if last.end().is_some() && last.end() == stretch.at => {
                    last.lines.extend(stretch.lines);
                }
                _ => joined.push(stretch),
            }
        }
        self.stretches = joined;
        self.bound();
    }

    /// Adds lines behind all others, of which not all are known.
    pub(in crate::workspace) fn end_with(&mut self, lines: Vec<Line>) {
        let at = self.total.map(|total| total.saturating_sub(1));
        match at {
            Some(at) => self.overwrite(at..at, lines),
            None if lines.is_empty() => {}
            None => {
                self.stretches.push(Stretch { at: None, lines });
                self.bound();
            }
        }
    }

    /// Changes every known stretch by itself; `change` is given the number of lines before it, where
    /// that is known. Gives whether lines came or went by it; `None`, and nothing changed, when `change`
    /// gives up.
    pub(in crate::workspace) fn map(
        &mut self,
        mut change: impl FnMut(Option<usize>, &[Line]) -> Option<Vec<Line>>,
    ) -> Option<bool> {
        let mut changed: Vec<Vec<Line>> = Vec::with_capacity(self.stretches.len());
        for stretch in &self.stretches {
            changed.push(change(stretch.at, &stretch.lines)?);
        }
        let mut moves = false;
        let mut gained = 0_isize;
        for (stretch, lines) in self.stretches.iter_mut().zip(changed) {
            let grown = lines.len().cast_signed() - stretch.lines.len().cast_signed();
            moves |= grown != 0;
            stretch.at = stretch.at.map(|at| at.saturating_add_signed(gained));
            if stretch.at.is_some() {
                gained += grown;
            }
            stretch.lines = lines;
        }
        self.total = self.total.map(|total| total.saturating_add_signed(gained));
        self.stretches.retain(|stretch| !stretch.lines.is_empty());
        Some(moves)
    }

    /// Lines that follow one another from `at` on.
    pub(in crate::workspace) fn part(at: usize, lines: Vec<Line>, total: Option<usize>) -> Self {
        Self {
            stretches: vec![Stretch {
                at: Some(at),
                lines,
            }],
            total,
            rest: Origin::Before,
        }
    }

    /// States how many lines there are; what was held beyond them goes.
    pub(in crate::workspace) fn set_total(&mut self, total: usize) {
        self.total = Some(total);
        for stretch in &mut self.stretches {
            if let Some(at) = stretch.at {
                stretch.lines.truncate(total.saturating_sub(at));
            }
        }
        self.stretches.retain(|s| !s.lines.is_empty() || total == 0);
    }

    /// The line at `number` (counted from 0), where it is known.
    pub(in crate::workspace) fn line(&self, number: usize) -> Option<&Line> {
        let placed = self.stretches.iter().filter(|s| s.at.is_some());
        let mut holding = placed.filter_map(|s| s.lines.get(number.checked_sub(s.at?)?));
        holding.next()
    }
}

/// Gives lines that were kept the origin they had.
pub(in crate::workspace) fn inherit(before: &[Line], after: &mut [Line]) {
    for (old, new) in kept(before, after) {
        for (from, to) in before[old].iter().zip(&mut after[new]) {
            to.origin = from.origin;
        }
    }
}

/// The stretches two texts share, in order.
pub(in crate::workspace) fn kept(
    before: &[Line],
    after: &[Line],
) -> Vec<(Range<usize>, Range<usize>)> {
    let numbers = |lines: &[Line]| -> Vec<u32> { lines.iter().map(|line| line.text).collect() };
    capture_diff_slices(Algorithm::Myers, &numbers(before), &numbers(after))
        .into_iter()
        .filter_map(|op| match op {
            DiffOp::Equal {
                old_index,
                new_index,
                len,
            } => Some((old_index..old_index + len, new_index..new_index + len)),
            _ => None,
        })
        .collect()
}
