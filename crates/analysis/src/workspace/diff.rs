//! Unified differences of files that may be known in part.

use std::fmt::Write as _;
use std::ops::Range;

use similar::{Algorithm, DiffOp, capture_diff_slices, group_diff_ops};
use trace::StepId;

use super::content::Content;
use super::line::{Line, Lines, Origin};

/// Unchanged lines shown around a change.
const CONTEXT: usize = 3;

/// Rows that stand for what is not known between two stretches: so many that no hunk reaches across.
const GAP: usize = 2 * CONTEXT + 1;

/// The hunks that lead from one content to the other, how many lines come, and how many go.
///
/// Of files that are known in part only lines count as new that a step behind `since` wrote: others were
/// merely shown later.
pub(super) fn hunks(
    before: &Content,
    after: &Content,
    since: Option<StepId>,
    lines: &Lines,
) -> (String, usize, usize) {
    let old = Side::of(before, lines);
    let mut new = Side::of(after, lines);
    let mut ops = compared(&old, &new);
    if before.all().is_none() || after.all().is_none() {
        new.keep_written(&ops, since);
        ops = compared(&old, &new);
    }
    let mut page = Page {
        old: &old,
        new: &new,
        lines,
        out: String::new(),
        hunk: None,
        changed: false,
        added: 0,
        removed: 0,
    };
    for group in group_diff_ops(ops, CONTEXT) {
        for op in &group {
            page.op(op);
        }
        page.flush();
    }
    (page.out, page.added, page.removed)
}

/// The hunks as they are written.
struct Page<'d> {
    old: &'d Side,
    new: &'d Side,
    lines: &'d Lines,
    out: String,
    /// The rows of both sides in the hunk at hand, and its text.
    hunk: Option<(Range<usize>, Range<usize>, String)>,
    /// True when more than context is in it.
    changed: bool,
    added: usize,
    removed: usize,
}

impl Page<'_> {
    /// Writes an operation; a gap on either side ends the hunk.
    fn op(&mut self, op: &DiffOp) {
        let equal = matches!(op, DiffOp::Equal { .. });
        let mut olds = self.old.stretches(op.old_range()).into_iter();
        let mut news = self.new.stretches(op.new_range()).into_iter();
        let mut begun = false;
        loop {
            let (old, new) = (olds.next(), news.next());
            if old.is_none() && new.is_none() {
                return;
            }
            if std::mem::replace(&mut begun, true) {
                self.flush();
            }
            let old = old.unwrap_or(op.old_range().end..op.old_range().end);
            let new = new.unwrap_or(op.new_range().end..op.new_range().end);
            self.rows(old, new, equal);
        }
    }

    fn rows(&mut self, old: Range<usize>, new: Range<usize>, equal: bool) {
        let (olds, news, text) = self
            .hunk
            .get_or_insert_with(|| (old.start..old.start, new.start..new.start, String::new()));
        olds.end = old.end;
        news.end = new.end;
        if equal {
            self.old.write(old, ' ', self.lines, text);
            return;
        }
        let gone = self.old.write(old, '-', self.lines, text);
        let came = self.new.write(new, '+', self.lines, text);
        self.removed += gone;
        self.added += came;
        self.changed |= gone + came > 0;
    }

    /// Ends the hunk at hand; context alone is none.
    fn flush(&mut self) {
        let hunk = self.hunk.take();
        if let Some((olds, news, text)) = hunk.filter(|_| std::mem::take(&mut self.changed)) {
            let (olds, news) = (self.old.header(olds), self.new.header(news));
            let _ = write!(self.out, "@@ -{olds} +{news} @@\n{text}");
        }
    }
}

fn compared(old: &Side, new: &Side) -> Vec<DiffOp> {
    capture_diff_slices(Algorithm::Myers, &old.keys(), &new.keys())
}

/// One row of a side.
#[derive(Clone, Copy)]
enum Row {
    /// A line with how many stand before it.
    Line(usize, Line),
    /// Something that is not known.
    Gap,
}

/// One side of a difference.
struct Side {
    rows: Vec<Row>,
    /// True when the last row has no line feed behind it.
    unclosed: bool,
}

impl Side {
    fn of(content: &Content, lines: &Lines) -> Self {
        let mut rows: Vec<Row> = Vec::with_capacity(content.known());
        let mut next = Some(0);
        for stretch in content.stretches() {
            if stretch.at.is_none() || stretch.at != next {
                rows.extend([Row::Gap; GAP]);
            }
            let at = stretch.at.or(next).unwrap_or_default();
            let numbered = stretch.lines.iter().enumerate();
            rows.extend(numbered.map(|(offset, line)| Row::Line(at + offset, *line)));
            next = Some(at + stretch.lines.len());
        }
        let mut unclosed = false;
        if content.all().is_some() {
            // What follows the last line feed is a line only when there is something.
            match rows.last() {
                Some(Row::Line(_, last)) if lines.text(last.text).is_empty() => {
                    rows.pop();
                }
                Some(_) => unclosed = true,
                None => {}
            }
        }
        Self { rows, unclosed }
    }

    /// What rows are compared by.
    fn keys(&self) -> Vec<(Option<u32>, bool)> {
        let open = |at: usize| self.unclosed && at + 1 == self.rows.len();
        let keys = self.rows.iter().enumerate().map(|(at, row)| match row {
            Row::Line(_, line) => (Some(line.text), open(at)),
            Row::Gap => (None, false),
        });
        keys.collect()
    }

    /// Leaves out the lines the other side does not have and no step behind `since` wrote.
    fn keep_written(&mut self, ops: &[DiffOp], since: Option<StepId>) {
        let mut kept = Vec::with_capacity(self.rows.len());
        for op in ops {
            let equal = matches!(op, DiffOp::Equal { .. });
            let rows = self.rows.get(op.new_range()).unwrap_or_default();
            kept.extend(rows.iter().copied().map(|row| match row {
                Row::Line(_, line) if !equal && !is_later(line.origin, since) => Row::Gap,
                row => row,
            }));
        }
        self.rows = kept;
    }

    /// Where a hunk begins, and how many lines it has.
    fn header(&self, range: Range<usize>) -> String {
        let mut numbers = self.rows[range.clone()].iter().filter_map(Row::number);
        let first = numbers.next();
        let count = usize::from(first.is_some()) + numbers.count();
        if let Some(first) = first {
            return format!("{},{count}", first + 1);
        }
        // Of nothing the line before it is stated.
        let before = self.rows[..range.start].iter().rev().find_map(Row::number);
        format!("{},0", before.map_or(0, |before| before + 1))
    }

    /// The parts of a range between gaps; empty ones where a gap begins or ends it.
    fn stretches(&self, range: Range<usize>) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        let mut start = range.start;
        let mut gap = false;
        for at in range.clone() {
            let is_gap = matches!(self.rows.get(at), Some(Row::Gap));
            if is_gap && !gap {
                found.push(start..at);
            }
            if is_gap {
                start = at + 1;
            }
            gap = is_gap;
        }
        found.push(start..range.end);
        found
    }

    /// Writes the lines of a range; gives how many there are.
    fn write(&self, range: Range<usize>, sign: char, lines: &Lines, out: &mut String) -> usize {
        let mut count = 0;
        for at in range {
            let Some(Row::Line(_, line)) = self.rows.get(at) else {
                continue;
            };
            count += 1;
            let _ = writeln!(out, "{sign}{}", lines.text(line.text));
            if self.unclosed && at + 1 == self.rows.len() {
                out.push_str("\\ No newline at end of file\n");
            }
        }
        count
    }
}

impl Row {
    fn number(&self) -> Option<usize> {
        match self {
            Self::Line(number, _) => Some(*number),
            Self::Gap => None,
        }
    }
}

/// True when a line came behind a step.
fn is_later(origin: Origin, since: Option<StepId>) -> bool {
    match origin {
        Origin::Before => false,
        Origin::Step(step) | Origin::Unseen(step) => since.is_none_or(|since| step > since),
    }
}
