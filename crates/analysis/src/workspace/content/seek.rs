//! Finding lines and texts in what is known, and replacing them there.

use super::{Content, Stretch, inherit};
use crate::workspace::line::{Line, Lines, Origin};

impl Content {
    /// The place of consecutive lines, nearest to `stated`, and whether it is the only one or the stated
    /// one. Only placed lines are looked at.
    pub(in crate::workspace) fn seek(
        &self,
        wanted: &[u32],
        stated: Option<usize>,
    ) -> Option<(usize, bool)> {
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
    pub(in crate::workspace) fn replace_loose(&mut self, wanted: &[u32], with: &[Line]) -> bool {
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

    /// Finds `old` and puts `new`, written by `origin`, in its place: once, or everywhere. Gives how
    /// often it was found; only a text found once, or asked for everywhere, is replaced. `None` when
    /// no more text is kept.
    pub(in crate::workspace) fn replace(
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
    pub(in crate::workspace) fn replace_first(
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

/// How a text was found that is to give way to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::workspace) enum Found {
    /// In this many places.
    Times(usize),
    /// Not in what is known, but not all is known.
    Unknown,
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
pub(super) fn find(lines: &[Line], wanted: &[u32]) -> Option<usize> {
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
