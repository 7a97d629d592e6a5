//! Patches, hunk by hunk.

use super::{Place, Replay, Text, there};
use crate::workspace::check::Replayed;
use crate::workspace::content::{Content, inherit};
use crate::workspace::history::Operation;
use crate::workspace::line::{Line, Lines, Origin};
use crate::workspace::patch::{FilePatch, Hunk, Sign};

impl Replay {
    /// Applies what a patch says about one file; paths are already normal.
    pub(in crate::workspace) fn patch(
        &mut self,
        old: Option<&str>,
        new: Option<&str>,
        patch: &FilePatch<'_>,
        place: &Place,
    ) {
        match (old, new) {
            (_, Some(new)) if patch.creates => {
                let after = patch.hunks.iter().flat_map(Hunk::after);
                let text: String = after.flat_map(|line| [line, "\n"]).collect();
                self.checks.edit(self.step, Replayed::Exactly);
                self.write(new, Text::Known(&text), Operation::Patch, place.clone());
            }
            (Some(old), None) => self.remove(old, false, place),
            (Some(old), Some(new)) => {
                if old != new {
                    self.carry(old, new, false, place);
                }
                if !patch.hunks.is_empty() {
                    self.apply(new, &patch.hunks, place.clone());
                }
            }
            _ => {}
        }
    }

    fn apply(&mut self, path: &str, hunks: &[Hunk<'_>], place: Place) {
        let Some(file) = self.file(path) else { return };
        let present = self.present(file);
        let mut content = Content::clone(&present);
        let origin = self.origin();
        self.remember(file);
        self.stood(file, &mut content, hunks, &place);
        let mut moved: isize = 0;
        for hunk in hunks {
            let replayed = apply_hunk(&mut content, hunk, moved, origin, &mut self.lines);
            moved += balance(hunk);
            self.checks.edit(self.step, replayed);
            self.files[file].inferred |=
                matches!(replayed, Replayed::NotFound | Replayed::Ambiguous);
        }
        self.set(file, Operation::Patch, there(content), place);
    }

    /// Takes in the lines a patch says stood in a file, where nothing was known of them.
    fn stood(&mut self, file: usize, content: &mut Content, hunks: &[Hunk<'_>], place: &Place) {
        if content.all().is_some() {
            return;
        }
        let mut learned = false;
        for hunk in hunks {
            let rest = content.rest;
            let before = hunk.before().map(|line| {
                Some(Line {
                    text: self.lines.number(line)?,
                    origin: rest,
                })
            });
            let Some(before) = before.collect::<Option<Vec<Line>>>() else {
                return;
            };
            let numbers: Vec<u32> = before.iter().map(|line| line.text).collect();
            if before.is_empty() || content.seek(&numbers, None).is_some() {
                continue;
            }
            learned = true;
            match hunk.old_start.and_then(|start| start.checked_sub(1)) {
                Some(at) => content.shown(at..at + before.len(), &before),
                None => content.note(before),
            }
        }
        if learned {
            self.set(file, Operation::Show, there(content.clone()), place.clone());
        }
    }
}

/// By how many lines a hunk makes a file longer.
fn balance(hunk: &Hunk<'_>) -> isize {
    let count = |sign| hunk.rows.iter().filter(|row| row.0 == sign).count();
    count(Sign::Added).cast_signed() - count(Sign::Gone).cast_signed()
}

/// Applies one hunk where its lines are found, nearest to where it says.
fn apply_hunk(
    content: &mut Content,
    hunk: &Hunk<'_>,
    moved: isize,
    origin: Origin,
    lines: &mut Lines,
) -> Replayed {
    let before: Option<Vec<u32>> = hunk.before().map(|line| lines.number(line)).collect();
    let Some(before) = before else {
        return Replayed::Unseen;
    };
    let stated = hunk.old_start.map(|start| {
        // An addition to nothing states the line before it.
        let at = if before.is_empty() {
            start
        } else {
            start.saturating_sub(1)
        };
        at.saturating_add_signed(moved)
    });
    let place = content.seek(&before, stated);
    let rows: Option<Vec<Line>> = hunk
        .after()
        .map(|line| {
            Some(Line {
                text: lines.number(line)?,
                origin,
            })
        })
        .collect();
    let Some(mut after) = rows else {
        return Replayed::Unseen;
    };
    if let Some((at, sure)) = place {
        let range = at..at + before.len();
        let known: Vec<Line> = range
            .clone()
            .filter_map(|at| content.line(at).copied())
            .collect();
        inherit(&known, &mut after);
        content.overwrite(range, after);
        return if sure {
            Replayed::Exactly
        } else {
            Replayed::Ambiguous
        };
    }
    let replayed = if content.all().is_some() {
        Replayed::NotFound
    } else {
        Replayed::Unseen
    };
    mark_context(content, hunk, &mut after);
    if content.replace_loose(&before, &after) {
        return replayed;
    }
    match stated {
        Some(at) if replayed == Replayed::Unseen => {
            content.overwrite(at..at + before.len(), after);
        }
        _ => content.somewhere(after, before.len()),
    }
    replayed
}

/// Lines a hunk only shows were there before it.
fn mark_context(content: &Content, hunk: &Hunk<'_>, after: &mut [Line]) {
    let rows = hunk.rows.iter().filter(|(sign, _)| *sign != Sign::Gone);
    for ((sign, _), line) in rows.zip(after) {
        if *sign == Sign::Both {
            line.origin = content.rest;
        }
    }
}
