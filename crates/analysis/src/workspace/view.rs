//! Looking at files: their text, who wrote it, and how two moments differ.

use serde::Serialize;
use similar::{Algorithm, DiffOp, capture_diff_slices, group_diff_ops};
use std::fmt::Write as _;

use super::content::Content;
use super::history::{BlamedLine, Fidelity, FileHistory, Version};
use super::line::{Line, Lines};
use super::{StepId, Workspace};

/// Unchanged lines shown around a change.
const CONTEXT: usize = 3;

/// What is known of a file at one moment.
pub struct Text<'w> {
    lines: &'w Lines,
    /// The version it is taken from.
    pub version: &'w Version,
}

impl<'w> Text<'w> {
    /// How far the text can be trusted.
    #[must_use]
    pub fn fidelity(&self) -> Fidelity {
        self.version.fidelity
    }

    /// The whole text, where all of it is known.
    #[must_use]
    pub fn whole(&self) -> Option<String> {
        let content = self.version.content.as_ref()?;
        Some(self.lines.join(content.all()?))
    }

    /// The known lines with who wrote them: placed ones in order, then those that are known to be
    /// somewhere. The empty line behind a last line feed is left out.
    #[must_use]
    pub fn lines(&self) -> Vec<BlamedLine<'w>> {
        let content = self.version.content.as_deref();
        content.map_or_else(Vec::new, |content| blamed(content, self.lines))
    }
}

fn blamed<'w>(content: &Content, lines: &'w Lines) -> Vec<BlamedLine<'w>> {
    let mut out = Vec::with_capacity(content.known());
    for stretch in content.stretches() {
        for (offset, line) in stretch.lines.iter().enumerate() {
            out.push(BlamedLine {
                number: stretch.at.map(|at| at + offset + 1),
                origin: line.origin,
                text: lines.text(line.text),
            });
        }
    }
    let end = content.total();
    if out
        .last()
        .is_some_and(|last| last.text.is_empty() && last.number.is_some() && last.number == end)
    {
        out.pop();
    }
    out
}

/// How one file differs between two moments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileDiff {
    /// The file.
    pub path: String,
    /// Whether it existed at the first moment.
    pub existed: bool,
    /// Whether it exists at the second.
    pub exists: bool,
    /// How far the difference can be trusted: the lesser of both versions.
    pub fidelity: Fidelity,
    /// The hunks in unified form, without the file header; empty where nothing is known to differ.
    pub hunks: String,
    /// Lines that came.
    pub added: usize,
    /// Lines that went.
    pub removed: usize,
}

impl FileDiff {
    /// The difference with the header `patch` and `git apply` read.
    #[must_use]
    pub fn unified(&self) -> String {
        let path = self.path.trim_start_matches('/');
        let old = if self.existed {
            format!("a/{path}")
        } else {
            "/dev/null".to_owned()
        };
        let new = if self.exists {
            format!("b/{path}")
        } else {
            "/dev/null".to_owned()
        };
        format!("--- {old}\n+++ {new}\n{}", self.hunks)
    }
}

impl Workspace {
    /// What a file holds after `step`; `None` when it had not been seen or is not there.
    #[must_use]
    pub fn at(&self, path: &str, step: StepId) -> Option<Text<'_>> {
        let version = Self::known_at(self.file(path)?, Some(step))?;
        version.exists.then_some(Text {
            lines: &self.lines,
            version,
        })
    }

    /// Who wrote the lines of a file as it stands after `step`.
    #[must_use]
    pub fn blame(&self, path: &str, step: StepId) -> Option<Vec<BlamedLine<'_>>> {
        Some(self.at(path, step)?.lines())
    }

    /// The version that knows most of a file as it stood after `step` (before the run for `None`):
    /// what was shown before it changed again counts for it.
    fn known_at(file: &FileHistory, step: Option<StepId>) -> Option<&Version> {
        let after = step.map_or(0, |step| file.versions.partition_point(|v| v.step <= step));
        let later = file.versions[after..]
            .iter()
            .take_while(|version| !version.operation.writes())
            .last();
        later.or_else(|| file.versions.get(after.checked_sub(1)?))
    }

    /// How the files differ between the states after two steps; `None` is the state before the run.
    /// By path.
    #[must_use]
    pub fn diff(&self, from: Option<StepId>, to: Option<StepId>) -> Vec<FileDiff> {
        let files = self.files();
        files
            .filter_map(|file| {
                let (old, new) = (Self::known_at(file, from), Self::known_at(file, to));
                self.differ(file, old, new)
            })
            .collect()
    }

    /// How the files differ between the beginning and the end of the run.
    #[must_use]
    pub fn final_patch(&self) -> Vec<FileDiff> {
        let last = self.touches.last().map(|touch| touch.0);
        self.diff(None, last)
    }

    fn differ(
        &self,
        file: &FileHistory,
        old: Option<&Version>,
        new: Option<&Version>,
    ) -> Option<FileDiff> {
        let new = new?;
        if old.is_some_and(|old| std::ptr::eq(old, new)) {
            return None;
        }
        let existed = old.map_or(file.existed_before(), |old| old.exists);
        let empty = Content::whole(Vec::new());
        let before = old.and_then(|old| old.content.as_deref());
        let unknown = Content::default();
        let before = before.unwrap_or(if existed { &unknown } else { &empty });
        let after = new
            .content
            .as_deref()
            .unwrap_or(if new.exists { &unknown } else { &empty });
        let (hunks, added, removed) = hunks(before, after, &self.lines);
        if hunks.is_empty() && existed == new.exists {
            return None;
        }
        let known = before.all().is_some() && after.all().is_some();
        let fidelity = new
            .fidelity
            .max(old.map_or(Fidelity::Exact, |old| old.fidelity));
        Some(FileDiff {
            path: file.path.clone(),
            existed,
            exists: new.exists,
            fidelity: if known {
                fidelity
            } else {
                fidelity.max(Fidelity::Partial)
            },
            hunks,
            added,
            removed,
        })
    }
}

/// The lines of both sides that can be compared, each with its number.
fn side(content: &Content) -> Vec<(usize, Line)> {
    let mut out = Vec::new();
    let mut next = 0;
    for stretch in content.stretches() {
        let at = stretch.at.unwrap_or(next);
        for (offset, line) in stretch.lines.iter().enumerate() {
            out.push((at + offset, *line));
        }
        next = at + stretch.lines.len();
    }
    out
}

fn hunks(before: &Content, after: &Content, lines: &Lines) -> (String, usize, usize) {
    let (old, new) = (Side::of(before, lines), Side::of(after, lines));
    let numbers = |side: &Side| -> Vec<(u32, bool)> {
        let open = |at: usize| side.unclosed && at + 1 == side.rows.len();
        let rows = side.rows.iter().enumerate();
        rows.map(|(at, row)| (row.1.text, open(at))).collect()
    };
    let ops = capture_diff_slices(Algorithm::Myers, &numbers(&old), &numbers(&new));
    let mut out = String::new();
    let (mut added, mut removed) = (0, 0);
    for group in group_diff_ops(ops, CONTEXT) {
        let (Some(first), Some(last)) = (group.first(), group.last()) else {
            continue;
        };
        let olds = first.old_range().start..last.old_range().end;
        let news = first.new_range().start..last.new_range().end;
        let header = |side: &Side, range: &std::ops::Range<usize>| {
            let at = side
                .rows
                .get(range.start)
                .map_or(side.rows.len(), |row| row.0);
            let start = if range.is_empty() { at } else { at + 1 };
            format!("{start},{}", range.len())
        };
        let _ = writeln!(
            out,
            "@@ -{} +{} @@",
            header(&old, &olds),
            header(&new, &news)
        );
        for op in group {
            match op {
                DiffOp::Equal { old_index, len, .. } => {
                    old.write(old_index..old_index + len, ' ', lines, &mut out);
                }
                op => {
                    removed += op.old_range().len();
                    added += op.new_range().len();
                    old.write(op.old_range(), '-', lines, &mut out);
                    new.write(op.new_range(), '+', lines, &mut out);
                }
            }
        }
    }
    (out, added, removed)
}

/// One side of a difference.
struct Side {
    rows: Vec<(usize, Line)>,
    /// True when the last row has no line feed behind it.
    unclosed: bool,
}

impl Side {
    fn of(content: &Content, lines: &Lines) -> Self {
        let mut rows = side(content);
        let mut unclosed = false;
        if content.all().is_some() {
            // What follows the last line feed is a line only when there is something.
            match rows.last() {
                Some((_, last)) if lines.text(last.text).is_empty() => {
                    rows.pop();
                }
                Some(_) => unclosed = true,
                None => {}
            }
        }
        Self { rows, unclosed }
    }

    fn write(&self, range: std::ops::Range<usize>, sign: char, lines: &Lines, out: &mut String) {
        for at in range {
            let Some((_, line)) = self.rows.get(at) else {
                continue;
            };
            let _ = writeln!(out, "{sign}{}", lines.text(line.text));
            if self.unclosed && at + 1 == self.rows.len() {
                out.push_str("\\ No newline at end of file\n");
            }
        }
    }
}
