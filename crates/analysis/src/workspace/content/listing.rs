//! What a listing adds to what is known.

use super::seek::find;
use super::{Content, inherit};
use crate::workspace::line::{Line, Origin};

impl Content {
    /// Gives the lines of a listing the origins of what was held before: where a line is the same, its
    /// own; where another was held, `unseen`; and where nothing was known, `rest`.
    pub(in crate::workspace) fn adopt(
        &mut self,
        before: Option<&mut Self>,
        rest: Origin,
        unseen: Origin,
    ) {
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
    pub(in crate::workspace) fn compare(&self, held: &Self) -> (usize, usize) {
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
    pub(in crate::workspace) fn merge(&mut self, shown: Self) {
        for stretch in shown.stretches {
            if let Some(at) = stretch.at {
                self.shown(at..at + stretch.lines.len(), &stretch.lines);
            }
        }
        if let Some(total) = shown.total {
            self.set_total(total);
        }
    }

    /// Takes away the loose stretches whose lines are all in `lines`, in one piece, and gives
    /// those lines their origins: so a listing places what an edit had put somewhere.
    pub(in crate::workspace) fn settle(&mut self, lines: &mut [Line]) {
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
}
