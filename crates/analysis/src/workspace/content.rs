//! What is known of a file's lines: all of them, some at known places, some at unknown ones.

use std::ops::Range;

use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::line::{Line, Lines, Origin};

/// How many separate stretches of one file are told apart; past it the oldest loose ones are let go.
const STRETCHES: usize = 512;

/// Lines that follow one another without a gap.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Stretch {
    /// How many lines stand before the first one; `None` when the stretch is somewhere.
    pub(super) at: Option<usize>,
    pub(super) lines: Vec<Line>,
}

impl Stretch {
    /// One past its last line.
    fn end(&self) -> Option<usize> {
        Some(self.at? + self.lines.len())
    }
}

/// What is known of a file at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Content {
    /// Placed stretches in order, not touching each other, then those that are somewhere.
    stretches: Vec<Stretch>,
    /// How many lines there are, counting what follows the last line feed; `None` when unknown.
    total: Option<usize>,
    /// Who put the lines there that are not known.
    pub(super) rest: Origin,
}

/// How a text was found that is to give way to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// In this many places.
    Times(usize),
    /// Not in what is known, but not all is known.
    Unknown,
}

impl Content {
    /// A file of which everything is known.
    pub(super) fn whole(lines: Vec<Line>) -> Self {
        Self {
            total: Some(lines.len()),
            stretches: vec![Stretch { at: Some(0), lines }],
            rest: Origin::Before,
        }
    }

    /// A file of which nothing is known but who wrote it.
    pub(super) fn unknown(rest: Origin) -> Self {
        Self {
            rest,
            ..Self::default()
        }
    }

    /// All lines, where all are known.
    pub(super) fn all(&self) -> Option<&[Line]> {
        match self.stretches.as_slice() {
            [only] if only.at == Some(0) && self.total == Some(only.lines.len()) => {
                Some(&only.lines)
            }
            _ => None,
        }
    }

    /// The known stretches: placed ones in order, then those that are somewhere.
    pub(super) fn stretches(&self) -> &[Stretch] {
        &self.stretches
    }

    /// How many lines there are, counting what follows the last line feed.
    pub(super) fn total(&self) -> Option<usize> {
        self.total
    }

    /// How many lines are known.
    pub(super) fn known(&self) -> usize {
        self.stretches.iter().map(|s| s.lines.len()).sum()
    }

    /// All known lines.
    pub(super) fn lines(&self) -> impl Iterator<Item = &Line> {
        self.stretches.iter().flat_map(|stretch| &stretch.lines)
    }

    /// Replaces lines `range` of a placed file by `with`; false where that range is not known.
    /// `range` may start where the known lines end.
    pub(super) fn splice(&mut self, range: Range<usize>, with: Vec<Line>) -> bool {
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
    pub(super) fn overwrite(&mut self, range: Range<usize>, with: Vec<Line>) {
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
    pub(super) fn somewhere(&mut self, lines: Vec<Line>, removed: usize) {
        if lines.len() != removed {
            self.loosen();
        }
        if !lines.is_empty() {
            self.stretches.push(Stretch { at: None, lines });
        }
        self.bound();
    }

    /// Notes lines that are known to be somewhere.
    pub(super) fn note(&mut self, lines: Vec<Line>) {
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
    pub(super) fn shown(&mut self, range: Range<usize>, lines: &[Line]) {
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
    pub(super) fn end_with(&mut self, lines: Vec<Line>) {
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

    /// The place of consecutive lines, nearest to `stated`, and whether it is the only one or the stated
    /// one. Only placed lines are looked at.
    pub(super) fn seek(&self, wanted: &[u32], stated: Option<usize>) -> Option<(usize, bool)> {
        if wanted.is_empty() {
            let end = self.total.map(|total| total.saturating_sub(1));
            return stated.or(end).map(|at| (at, true));
        }
        let mut best: Option<usize> = None;
        let mut times = 0;
        for stretch in &self.stretches {
            let Some(at) = stretch.at else { continue };
            let mut from = 0;
            while let Some(found) = find(stretch.lines.get(from..).unwrap_or_default(), wanted) {
                let place = at + from + found;
                times += 1;
                let nearer = |old: usize| {
                    stated.is_some_and(|stated| place.abs_diff(stated) < old.abs_diff(stated))
                };
                if best.is_none_or(nearer) {
                    best = Some(place);
                }
                from += found + 1;
            }
        }
        best.map(|at| (at, times == 1 || stated == Some(at)))
    }

    /// Replaces consecutive lines of a stretch that is somewhere; false when there are none such.
    pub(super) fn replace_loose(&mut self, wanted: &[u32], with: &[Line]) -> bool {
        let loose = self
            .stretches
            .iter()
            .enumerate()
            .filter(|(_, s)| s.at.is_none());
        let mut found = loose.filter_map(|(index, s)| Some((index, find(&s.lines, wanted)?)));
        let Some((index, at)) = found.next() else {
            return false;
        };
        self.splice_in(index, at..at + wanted.len(), with.to_vec());
        true
    }

    /// Gives the lines of a listing the origins of what was held before: where a line is the same, its
    /// own; where another was held, `unseen`; and where nothing was known, `rest`.
    pub(super) fn adopt(&mut self, before: Option<&mut Self>, rest: Origin, unseen: Origin) {
        self.rest = rest;
        for stretch in &mut self.stretches {
            let Some(at) = stretch.at else { continue };
            for line in &mut stretch.lines {
                line.origin = rest;
            }
            let Some(before) = &before else { continue };
            for held in &before.stretches {
                let Some(held_at) = held.at else { continue };
                let from = at.max(held_at);
                let whole = before.all().is_some() && self.total == Some(stretch.lines.len());
                let (old, new) = if whole {
                    (0..held.lines.len(), 0..stretch.lines.len())
                } else {
                    let to = (at + stretch.lines.len()).min(held_at + held.lines.len());
                    if from >= to {
                        continue;
                    }
                    (from - held_at..to - held_at, from - at..to - at)
                };
                let (old, new) = (&held.lines[old], &mut stretch.lines[new]);
                if old.len() == new.len() && old.iter().zip(&*new).all(|(a, b)| a.text == b.text) {
                    new.copy_from_slice(old);
                } else {
                    for line in &mut *new {
                        line.origin = unseen;
                    }
                    inherit(old, new);
                }
            }
        }
        if let (Some(before), [stretch]) = (before, self.stretches.as_mut_slice()) {
            before.settle(&mut stretch.lines);
        }
    }

    /// How many lines both know at the same place, and how many of these differ.
    pub(super) fn compare(&self, held: &Self) -> (usize, usize) {
        let (mut shared, mut differ) = (0, 0);
        for (mine, theirs) in self
            .stretches
            .iter()
            .flat_map(|mine| held.stretches.iter().map(move |theirs| (mine, theirs)))
        {
            let (Some(at), Some(held_at)) = (mine.at, theirs.at) else {
                continue;
            };
            let from = at.max(held_at);
            let to = (at + mine.lines.len()).min(held_at + theirs.lines.len());
            for number in from..to {
                shared += 1;
                differ += usize::from(
                    mine.lines[number - at].text != theirs.lines[number - held_at].text,
                );
            }
        }
        if let (Some(mine), Some(theirs)) = (self.all(), held.all()) {
            differ += mine.len().abs_diff(theirs.len());
        }
        (shared, differ)
    }

    /// Takes over what a listing knows; it wins.
    pub(super) fn merge(&mut self, shown: Self) {
        for stretch in shown.stretches {
            if let Some(at) = stretch.at {
                self.shown(at..at + stretch.lines.len(), &stretch.lines);
            }
        }
        if let Some(total) = shown.total {
            self.set_total(total);
        }
    }

    /// Changes every known stretch by itself; `change` is given the number of lines before it, where
    /// that is known. Gives whether lines came or went by it; `None`, and nothing changed, when `change`
    /// gives up.
    pub(super) fn map(
        &mut self,
        mut change: impl FnMut(Option<usize>, &[Line]) -> Option<Vec<Line>>,
    ) -> Option<bool> {
        let mut changed: Vec<Vec<Line>> = Vec::with_capacity(self.stretches.len());
        for stretch in &self.stretches {
            changed.push(change(stretch.at, &stretch.lines)?);
        }
        let mut moves = false;
        let mut moved = 0_isize;
        for (stretch, lines) in self.stretches.iter_mut().zip(changed) {
            let grown = lines.len().cast_signed() - stretch.lines.len().cast_signed();
            moves |= grown != 0;
            stretch.at = stretch.at.map(|at| at.saturating_add_signed(moved));
            if stretch.at.is_some() {
                moved += grown;
            }
            stretch.lines = lines;
        }
        self.total = self.total.map(|total| total.saturating_add_signed(moved));
        self.stretches.retain(|stretch| !stretch.lines.is_empty());
        Some(moves)
    }

    /// Lines that follow one another from `at` on.
    pub(super) fn part(at: usize, lines: Vec<Line>, total: Option<usize>) -> Self {
        Self {
            stretches: vec![Stretch {
                at: Some(at),
                lines,
            }],
            total,
            rest: Origin::Before,
        }
    }

    /// Takes away the loose stretches whose lines are all in `lines`, in one piece, and gives
    /// those lines their origins: so a listing places what an edit had put somewhere.
    pub(super) fn settle(&mut self, lines: &mut [Line]) {
        self.stretches.retain(|stretch| {
            if stretch.at.is_some() || stretch.lines.is_empty() {
                return true;
            }
            let wanted: Vec<u32> = stretch.lines.iter().map(|line| line.text).collect();
            let Some(found) = find(lines, &wanted) else {
                return true;
            };
            for (line, known) in lines[found..].iter_mut().zip(&stretch.lines) {
                line.origin = known.origin;
            }
            false
        });
    }

    /// States how many lines there are; what was held beyond them goes.
    pub(super) fn set_total(&mut self, total: usize) {
        self.total = Some(total);
        for stretch in &mut self.stretches {
            if let Some(at) = stretch.at {
                stretch.lines.truncate(total.saturating_sub(at));
            }
        }
        self.stretches.retain(|s| !s.lines.is_empty() || total == 0);
    }

    /// The line at `number` (counted from 0), where it is known.
    pub(super) fn line(&self, number: usize) -> Option<&Line> {
        let placed = self.stretches.iter().filter(|s| s.at.is_some());
        let mut holding = placed.filter_map(|s| s.lines.get(number.checked_sub(s.at?)?));
        holding.next()
    }

    /// Finds `old` and puts `new`, written by `origin`, in its place: once, or everywhere. Gives how
    /// often it was found; only a text found once, or asked for everywhere, is replaced. `None` when
    /// no more text is kept.
    pub(super) fn replace(
        &mut self,
        old: &str,
        new: &str,
        all: bool,
        origin: Origin,
        lines: &mut Lines,
    ) -> Option<Found> {
        let hits = self.find(old, lines, if all { usize::MAX } else { 2 });
        if hits.is_empty() {
            return Some(if self.all().is_some() {
                Found::Times(0)
            } else {
                Found::Unknown
            });
        }
        let found = Found::Times(hits.len());
        if hits.len() > 1 && !all {
            return Some(found);
        }
        // From the back, so that the places of those before stay true.
        for group in grouped(&hits) {
            self.put(group, old, new, origin, lines)?;
        }
        Some(found)
    }

    /// The same for the first place alone, whatever comes behind it.
    pub(super) fn replace_first(
        &mut self,
        old: &str,
        new: &str,
        origin: Origin,
        lines: &mut Lines,
    ) -> Option<Found> {
        let hits = self.find(old, lines, 1);
        match hits.first() {
            Some(_) => {
                self.put(&hits, old, new, origin, lines)?;
                Some(Found::Times(1))
            }
            None if self.all().is_some() => Some(Found::Times(0)),
            None => Some(Found::Unknown),
        }
    }

    /// Where `old` stands, at most `limit` times, without overlaps.
    fn find(&self, old: &str, lines: &Lines, limit: usize) -> Vec<Hit> {
        let parts: Vec<&str> = old.split('\n').collect();
        let mut hits = Vec::new();
        if old.is_empty() {
            return hits;
        }
        for (index, stretch) in self.stretches.iter().enumerate() {
            find_in(stretch, index, &parts, lines, limit, &mut hits);
            if hits.len() >= limit {
                break;
            }
        }
        hits
    }

    /// Replaces the hits of one line range.
    fn put(
        &mut self,
        group: &[Hit],
        old: &str,
        new: &str,
        origin: Origin,
        lines: &mut Lines,
    ) -> Option<()> {
        let first = *group.first()?;
        let stretch = self.stretches.get(first.stretch)?;
        let text_of = |number: usize| stretch.lines.get(number).map_or("", |l| lines.text(l.text));
        let mut text = String::new();
        let mut from = 0;
        for hit in group {
            text.push_str(text_of(first.first).get(from..hit.from)?);
            text.push_str(new);
            from = if hit.last == hit.first {
                hit.from + old.len()
            } else {
                hit.until
            };
        }
        text.push_str(text_of(first.last).get(from..).unwrap_or_default());
        let end = (first.last + 1).min(stretch.lines.len());
        let before = stretch.lines[first.first..end].to_vec();
        let mut after = lines.cut(&text, origin)?;
        if first.last >= stretch.lines.len() {
            // `old` ended with the line feed before a line that is not known.
            if after.last().is_some_and(|l| lines.text(l.text).is_empty()) {
                after.pop();
            } else {
                return None;
            }
        }
        inherit(&before, &mut after);
        self.splice_in(first.stretch, first.first..end, after);
        Some(())
    }
}

/// One place where a text was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Hit {
    stretch: usize,
    /// The lines of the stretch it begins and ends in.
    first: usize,
    last: usize,
    /// Bytes into the first line.
    from: usize,
    /// Bytes into the last line.
    until: usize,
}

/// Hits within one line, which are replaced together, from the last line to the first.
fn grouped(hits: &[Hit]) -> impl Iterator<Item = &[Hit]> {
    hits.chunk_by(|a, b| {
        (a.stretch, a.first, a.last) == (b.stretch, b.first, b.last) && a.first == a.last
    })
    .rev()
}

fn find_in(
    stretch: &Stretch,
    index: usize,
    parts: &[&str],
    lines: &Lines,
    limit: usize,
    hits: &mut Vec<Hit>,
) {
    let text = |at: usize| stretch.lines.get(at).map(|line| lines.text(line.text));
    if let [part] = parts {
        let finder = memchr::memmem::Finder::new(part);
        for at in 0..stretch.lines.len() {
            for from in finder.find_iter(text(at).unwrap_or_default().as_bytes()) {
                hits.push(Hit {
                    stretch: index,
                    first: at,
                    last: at,
                    from,
                    until: from + part.len(),
                });
                if hits.len() >= limit {
                    return;
                }
            }
        }
        return;
    }
    let (Some(head), Some(tail)) = (parts.first(), parts.last()) else {
        return;
    };
    let inner: Option<Vec<u32>> = parts[1..parts.len() - 1]
        .iter()
        .map(|part| lines.known(part))
        .collect();
    let Some(inner) = inner else { return };
    let span = parts.len() - 1;
    let mut at = 0;
    while at < stretch.lines.len() && hits.len() < limit {
        let last = at + span;
        let fits = text(at).is_some_and(|line| line.ends_with(head))
            && inner.iter().enumerate().all(|(offset, number)| {
                stretch
                    .lines
                    .get(at + 1 + offset)
                    .is_some_and(|l| l.text == *number)
            })
            && match text(last) {
                Some(line) => line.starts_with(tail),
                None => tail.is_empty() && last == stretch.lines.len(),
            };
        if fits {
            hits.push(Hit {
                stretch: index,
                first: at,
                last,
                from: text(at).map_or(0, |line| line.len() - head.len()),
                until: tail.len(),
            });
            at = last;
            // The next may begin in the line this one ended in only behind it, which is not looked
            // for: edits of whole lines do not.
            if !tail.is_empty() {
                at += 1;
            }
        } else {
            at += 1;
        }
    }
}

/// The first place in `lines` where `wanted` stands in one piece.
fn find(lines: &[Line], wanted: &[u32]) -> Option<usize> {
    let first = *wanted.first()?;
    let starts = lines.len().checked_sub(wanted.len())?;
    (0..=starts).find(|&at| {
        lines[at].text == first
            && lines[at..]
                .iter()
                .zip(wanted)
                .all(|(line, number)| line.text == *number)
    })
}

/// Gives lines that were kept the origin they had.
pub(super) fn inherit(before: &[Line], after: &mut [Line]) {
    for (old, new) in kept(before, after) {
        for (from, to) in before[old].iter().zip(&mut after[new]) {
            to.origin = from.origin;
        }
    }
}

/// The stretches two texts share, in order.
pub(super) fn kept(before: &[Line], after: &[Line]) -> Vec<(Range<usize>, Range<usize>)> {
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
