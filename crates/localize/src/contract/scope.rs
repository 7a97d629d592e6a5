//! Which bytes of a task text are the task.
//!
//! Agent frameworks wrap a task in prose of their own: how to answer, which tools there are, a worked
//! example. It is told by general means: text in tags, and text between ruled lines.

use std::ops::Range;

use memchr::memchr_iter;

/// What a part of a task text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Voice {
    /// Somebody says what is wanted.
    Request,
    /// Somebody reports how a program behaves: an issue, a pull request. Demands are weak there.
    Report,
}

/// A part of the text that is the task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    /// Its bytes.
    pub(super) span: Range<usize>,
    /// Who speaks.
    pub(super) voice: Voice,
}

/// Tags around the task itself; where one is there, the rest of the text is a frame.
const HOLDS_TASK: &[&str] = &[
    "issue",
    "issue_description",
    "pr_description",
    "problem",
    "problem_statement",
    "question",
    "request",
    "task",
    "task_description",
    "user_query",
    "user_request",
];

/// Tags around what is not the task.
const HOLDS_FRAME: &[&str] = &[
    "command-message",
    "command-name",
    "context",
    "environment_context",
    "environment_details",
    "example",
    "format",
    "ide_opened_file",
    "ide_selection",
    "important",
    "instructions",
    "local-command-stdout",
    "response_format",
    "rules",
    "system",
    "system-reminder",
    "system_information",
    "tools",
    "uploaded_files",
    "user_instructions",
];

/// Words that stand in reports of bugs and changes, and not in requests; two of them make a report.
const OF_REPORTS: &[&str] = &[
    "actual behavior",
    "actual behaviour",
    "actual result",
    "bug report",
    "closes #",
    "describe the bug",
    "expected behavior",
    "expected behaviour",
    "expected result",
    "fixes #",
    "how to reproduce",
    "issue description",
    "minimal example",
    "pr description",
    "reproduction",
    "steps to reproduce",
    "supersedes #",
    "to reproduce",
    "traceback (most recent call last)",
    "what happened",
];

/// First lines that say that a report follows.
const INTRODUCES_REPORT: &[&str] = &[
    "consider the following pr description",
    "consider the following issue",
    "the following issue",
];

/// The parts of a text that are the task, in order, without overlap.
pub(super) fn of(text: &str) -> Vec<Part> {
    let tags = tags(text);
    let held: Vec<&Tag<'_>> = tags
        .iter()
        .filter(|t| HOLDS_TASK.contains(&t.name))
        .collect();
    let ruled = ruled_task(text);
    let mut spans: Vec<Range<usize>> = if let Some(ruled) = ruled {
        vec![ruled]
    } else if held.is_empty() {
        std::iter::once(0..text.len()).collect()
    } else {
        outermost(held.iter().map(|tag| tag.inner.clone()))
    };
    for tag in tags.iter().filter(|t| HOLDS_FRAME.contains(&t.name)) {
        spans = without(&spans, &tag.inner);
    }
    let tagged_report = held.iter().any(|tag| {
        tag.name.contains("issue") || tag.name.contains("pr_") || tag.name.contains("problem")
    });
    spans
        .into_iter()
        .filter(|span| !text[span.clone()].trim().is_empty())
        .map(|span| {
            let report = tagged_report || is_report(&text[span.clone()]);
            let voice = if report {
                Voice::Report
            } else {
                Voice::Request
            };
            Part { span, voice }
        })
        .collect()
}

/// A pair of tags that stand on lines of their own or at a line's ends.
struct Tag<'t> {
    name: &'t str,
    inner: Range<usize>,
}

/// Every pair of tags with a name that is known here; linear in the text.
fn tags(text: &str) -> Vec<Tag<'_>> {
    let known = |name: &str| HOLDS_TASK.contains(&name) || HOLDS_FRAME.contains(&name);
    let mut open: Vec<(&str, usize)> = Vec::new();
    let mut found = Vec::new();
    for at in memchr_iter(b'<', text.as_bytes()) {
        let rest = &text[at + 1..];
        let (closes, rest) = rest.strip_prefix('/').map_or((false, rest), |r| (true, r));
        let length = rest
            .bytes()
            .take(32)
            .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
            .count();
        let name = &rest[..length];
        if !rest[length..].starts_with('>') || !known(name) {
            continue;
        }
        if !closes {
            open.push((name, at + 1 + length + 1));
        } else if let Some(from) = open.iter().rposition(|(n, _)| *n == name) {
            found.push(Tag {
                name,
                inner: open[from].1..at,
            });
            open.truncate(from);
        }
        // Text about tags opens many and closes none.
        if open.len() > 32 {
            open.clear();
        }
    }
    found.sort_by_key(|tag| (tag.inner.start, std::cmp::Reverse(tag.inner.end)));
    found
}

/// The task of a text that shows an example first: what follows the ruled line that says so.
fn ruled_task(text: &str) -> Option<Range<usize>> {
    let mut at = 0;
    let mut begins = None;
    let mut ends = text.len();
    for line in text.split_inclusive('\n') {
        let words = line.trim();
        if words.starts_with("---") && words.ends_with("---") {
            let title = words.trim_matches('-').trim();
            let last = title.starts_with("END OF");
            if title.contains("TASK") && !last {
                begins = Some(at + line.len());
                ends = text.len();
            } else if last && title.contains("TASK") && begins.is_some() {
                ends = ends.min(at);
            }
        }
        at += line.len();
    }
    begins.filter(|&from| from <= ends).map(|from| from..ends)
}

fn is_report(text: &str) -> bool {
    let head = text[..text.floor_char_boundary(200)].to_ascii_lowercase();
    if INTRODUCES_REPORT.iter().any(|words| head.contains(words)) {
        return true;
    }
    let lower = text.to_ascii_lowercase();
    OF_REPORTS
        .iter()
        .filter(|words| lower.contains(**words))
        .count()
        >= 2
}

/// Of spans sorted by start, those that lie in no other.
fn outermost(spans: impl Iterator<Item = Range<usize>>) -> Vec<Range<usize>> {
    let mut kept: Vec<Range<usize>> = Vec::new();
    for span in spans {
        if kept.last().is_none_or(|last| span.start >= last.end) {
            kept.push(span);
        }
    }
    kept
}

/// The spans without what lies in `hole`.
fn without(spans: &[Range<usize>], hole: &Range<usize>) -> Vec<Range<usize>> {
    let mut kept = Vec::with_capacity(spans.len() + 1);
    for span in spans {
        if hole.end <= span.start || hole.start >= span.end {
            kept.push(span.clone());
            continue;
        }
        if span.start < hole.start {
            kept.push(span.start..hole.start);
        }
        if hole.end < span.end {
            kept.push(hole.end..span.end);
        }
    }
    kept
}
