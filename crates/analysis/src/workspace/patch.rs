//! Patches: unified diffs, and the form `apply_patch` takes.
//!
//! Sources: POSIX `diff -u` and git's extended headers; the grammar in the instructions of the
//! `apply_patch` tool (`*** Begin Patch`, `*** Update File:`, `@@` with an optional anchor line).

use super::line::line_number;

/// What a patch does to one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FilePatch<'p> {
    /// The path before, as written without git's `a/`; `None` when the file is new.
    pub(super) old: Option<&'p str>,
    /// The path after, without git's `b/`; `None` when the file goes away.
    pub(super) new: Option<&'p str>,
    pub(super) hunks: Vec<Hunk<'p>>,
    /// True for a patch that states every line of a new file.
    pub(super) creates: bool,
}

/// Lines that change together.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Hunk<'p> {
    /// The number of the first line before, counted from 1, where stated.
    pub(super) old_start: Option<usize>,
    /// The number of the first line after, counted from 1, where stated.
    pub(super) new_start: Option<usize>,
    pub(super) rows: Vec<(Sign, &'p str)>,
}

/// What a row of a hunk says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    /// The line is there before and after.
    Both,
    /// The line goes.
    Gone,
    /// The line comes.
    Added,
}

impl<'p> Hunk<'p> {
    /// The lines before.
    pub(super) fn before(&self) -> impl Iterator<Item = &'p str> + '_ {
        let rows = self.rows.iter().filter(|(sign, _)| *sign != Sign::Added);
        rows.map(|(_, text)| *text)
    }

    /// The lines after.
    pub(super) fn after(&self) -> impl Iterator<Item = &'p str> + '_ {
        let rows = self.rows.iter().filter(|(sign, _)| *sign != Sign::Gone);
        rows.map(|(_, text)| *text)
    }
}

/// The files a text in either form changes; empty when it is no patch.
pub(super) fn read(text: &str) -> Vec<FilePatch<'_>> {
    if text.contains("*** Begin Patch") || text.trim_start().starts_with("*** ") {
        return read_apply(text);
    }
    read_unified(text)
}

fn read_unified(text: &str) -> Vec<FilePatch<'_>> {
    let mut files: Vec<FilePatch<'_>> = Vec::new();
    let mut lines = text.lines().peekable();
    let mut old = None;
    // Rows of the present hunk that are still to come, before and after.
    let mut due = (0_usize, 0_usize);
    while let Some(line) = lines.next() {
        if due != (0, 0) {
            if let Some(hunk) = files.last_mut().and_then(|f| f.hunks.last_mut())
                && let Some(sign) = row(line, &mut due)
            {
                hunk.rows.push((sign, line.get(1..).unwrap_or_default()));
            }
            continue;
        }
        if let Some(path) = line.strip_prefix("--- ") {
            old = Some(header(path));
        } else if let (Some(before), Some(path)) = (old, line.strip_prefix("+++ ")) {
            let after = header(path);
            files.push(FilePatch {
                old: stripped(before, "a/"),
                new: stripped(after, "b/"),
                hunks: Vec::new(),
                creates: before == "/dev/null",
            });
            old = None;
        } else if let Some(((old_start, olds), (new_start, news))) = hunk_header(line) {
            if let Some(file) = files.last_mut() {
                file.hunks.push(Hunk {
                    old_start: Some(old_start),
                    new_start: Some(new_start),
                    rows: Vec::new(),
                });
                due = (olds, news);
            }
        } else if let Some(path) = line.strip_prefix("rename from ")
            && let Some(to) = lines.peek().and_then(|l| l.strip_prefix("rename to "))
        {
            files.push(FilePatch {
                old: Some(path),
                new: Some(to),
                hunks: Vec::new(),
                creates: false,
            });
        }
    }
    files
}

/// The sign of a row, counted off from what is due; `None` for `\ No newline at end of file`.
fn row(line: &str, due: &mut (usize, usize)) -> Option<Sign> {
    let sign = match line.as_bytes().first() {
        Some(b'-') => Sign::Gone,
        Some(b'+') => Sign::Added,
        Some(b' ') | None => Sign::Both,
        Some(b'\\') => return None,
        Some(_) => {
            // The patch stops short.
            *due = (0, 0);
            return None;
        }
    };
    if sign != Sign::Added {
        due.0 = due.0.saturating_sub(1);
    }
    if sign != Sign::Gone {
        due.1 = due.1.saturating_sub(1);
    }
    Some(sign)
}

/// The path of a `---` or `+++` line, without a date behind it.
fn header(path: &str) -> &str {
    path.split('\t')
        .next()
        .unwrap_or(path)
        .trim()
        .trim_matches('"')
}

fn stripped<'p>(path: &'p str, prefix: &str) -> Option<&'p str> {
    (path != "/dev/null").then(|| path.strip_prefix(prefix).unwrap_or(path))
}

/// `@@ -a,b +c,d @@` as two starts with their counts.
fn hunk_header(line: &str) -> Option<((usize, usize), (usize, usize))> {
    let rest = line.strip_prefix("@@ -")?;
    let (old, rest) = rest.split_once(" +")?;
    let (new, _) = rest.split_once(" @@")?;
    let range = |text: &str| -> Option<(usize, usize)> {
        let (start, count) = text.split_once(',').unwrap_or((text, "1"));
        Some((line_number(start)?, line_number(count)?))
    };
    Some((range(old)?, range(new)?))
}

fn read_apply(text: &str) -> Vec<FilePatch<'_>> {
    let mut files: Vec<FilePatch<'_>> = Vec::new();
    for line in text.lines() {
        if let Some(directive) = line.strip_prefix("*** ") {
            apply_directive(directive, &mut files);
            continue;
        }
        let Some(file) = files.last_mut() else {
            continue;
        };
        if file.creates {
            if let Some(added) = line.strip_prefix('+') {
                hunk_of(file).rows.push((Sign::Added, added));
            }
        } else if line.starts_with("@@") {
            file.hunks.push(Hunk::default());
        } else {
            let sign = match line.as_bytes().first() {
                Some(b'-') => Sign::Gone,
                Some(b'+') => Sign::Added,
                Some(b' ') | None => Sign::Both,
                Some(_) => continue,
            };
            hunk_of(file)
                .rows
                .push((sign, line.get(1..).unwrap_or_default()));
        }
    }
    for file in &mut files {
        file.hunks.retain(|hunk| !hunk.rows.is_empty());
    }
    files
}

fn apply_directive<'p>(directive: &'p str, files: &mut Vec<FilePatch<'p>>) {
    let file = |old, new, creates| FilePatch {
        old,
        new,
        hunks: Vec::new(),
        creates,
    };
    if let Some(path) = directive.strip_prefix("Update File: ") {
        files.push(file(Some(path.trim()), Some(path.trim()), false));
    } else if let Some(path) = directive.strip_prefix("Add File: ") {
        files.push(file(None, Some(path.trim()), true));
    } else if let Some(path) = directive.strip_prefix("Delete File: ") {
        files.push(file(Some(path.trim()), None, false));
    } else if let Some(path) = directive.strip_prefix("Move to: ")
        && let Some(last) = files.last_mut()
    {
        last.new = Some(path.trim());
    }
}

fn hunk_of<'f, 'p>(file: &'f mut FilePatch<'p>) -> &'f mut Hunk<'p> {
    if file.hunks.is_empty() {
        file.hunks.push(Hunk::default());
    }
    let last = file.hunks.len() - 1;
    &mut file.hunks[last]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unified_diffs_are_read_with_their_places() {
        let text = "diff --git a/x.py b/x.py\nindex 1..2 100644\n--- a/x.py\n+++ b/x.py\n\
                    @@ -1,2 +1,3 @@ def f\n a\n-b\n+c\n+--- d\n\\ No newline at end of file\n\
                    --- /dev/null\n+++ b/new\n@@ -0,0 +1 @@\n+one\n";
        let files = read(text);
        assert_eq!(files.len(), 2);
        assert_eq!(files[0].new, Some("x.py"));
        let after: Vec<&str> = files[0].hunks[0].after().collect();
        assert_eq!(after, ["a", "c", "--- d"]);
        assert!(files[1].creates);
        assert_eq!(files[1].new, Some("new"));
    }

    #[test]
    fn apply_patch_texts_are_read() {
        let text = "*** Begin Patch\n*** Update File: a.rs\n*** Move to: b.rs\n@@ fn main\n x\n-y\n+z\n\
                    *** Add File: n\n+1\n+2\n*** Delete File: d\n*** End Patch";
        let files = read(text);
        assert_eq!(files.len(), 3);
        assert_eq!((files[0].old, files[0].new), (Some("a.rs"), Some("b.rs")));
        assert_eq!(files[0].hunks[0].before().collect::<Vec<_>>(), ["x", "y"]);
        assert_eq!(files[1].hunks[0].after().count(), 2);
        assert_eq!(files[2].new, None);
    }
}
