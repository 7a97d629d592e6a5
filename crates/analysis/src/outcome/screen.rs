//! What is new on a terminal screen, and which command each part of it answers.
//!
//! Terminal harnesses (Terminus 2 and others that drive tmux) hand back either the whole visible
//! screen or what was printed since the last look. Either may repeat lines seen before; reporting
//! them again would blame a step for the failure of an earlier one.

use std::collections::VecDeque;
use std::ops::Range;

use super::page::{WINDOW, floor};

/// Lines of earlier screens kept to recognise repetition; more than a tall terminal shows.
const HISTORY: usize = 2_000;

/// How many of the last lines may have been rewritten since (prompts, progress bars).
const REWRITTEN: usize = 4;

/// Lines a harness puts around a screen. Source: the prompts of Terminal-Bench's Terminus agents.
const FRAMES: &[&str] = &[
    "New Terminal Output:",
    "Current Terminal Screen:",
    "Current terminal state:",
    "Current terminal screen:",
];

/// The question with which Terminus answers a first claim of completion, below the screen.
const QUESTION: &str = "\nAre you sure you want to mark the task as complete?";

/// The frame of a screen that holds only what was printed since the last look.
const INCREMENT: &str = "New Terminal Output:";

/// A shell prompt and what was typed after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Prompt<'a> {
    /// The command typed; empty when the shell waits.
    pub(super) command: &'a str,
}

/// Reads `line` as a shell prompt: `user@host:dir# `, `[user@host dir]$ `, `bash-5.1$ `, each
/// with an optional `(environment) ` before it.
pub(super) fn prompt(line: &str) -> Option<Prompt<'_>> {
    let mut rest = line.trim_start();
    while let Some(inner) = rest.strip_prefix('(') {
        let (name, after) = inner.split_once(") ")?;
        if name.len() > 40 || name.contains(' ') {
            return None;
        }
        rest = after;
    }
    let bracketed = rest.starts_with('[');
    let at = rest.find(['#', '$', '%'])?;
    let (head, tail) = (rest.get(..at)?, rest.get(at + 1..)?);
    if !(tail.is_empty() || tail.starts_with(' ')) || head.len() > 200 {
        return None;
    }
    let shell = head
        .strip_prefix("bash-")
        .or_else(|| head.strip_prefix("sh-"))
        .is_some_and(|v| !v.is_empty() && v.bytes().all(|b| b.is_ascii_digit() || b == b'.'));
    let host = |text: &str, separator: char| {
        text.split_once('@').is_some_and(|(user, rest)| {
            is_name(user)
                && rest
                    .split_once(separator)
                    .is_some_and(|(host, dir)| is_name(host) && !dir.trim().is_empty())
        })
    };
    let known = shell
        || head.is_empty() && !tail.is_empty()
        || (bracketed && head.ends_with(']') && host(head.trim_matches(['[', ']']), ' '))
        || host(head, ':');
    if !known || (head.is_empty() && !rest.starts_with("$ ")) {
        return None;
    }
    Some(Prompt {
        command: tail.trim(),
    })
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"._-()".contains(&b))
}

/// What the harness put before the terminal's own text.
pub(super) fn frame_length(text: &str) -> usize {
    let mut end = 0;
    let mut at = 0;
    for line in text.split_inclusive('\n').take(40) {
        at += line.len();
        if FRAMES.contains(&line.trim()) {
            end = at;
        }
    }
    end
}

/// The bytes of `text` that the terminal showed: without what the harness wrote around them, and of
/// more than a [`WINDOW`] only the end, which is where a terminal's reader looks.
fn shown(text: &str) -> Range<usize> {
    let start = frame_length(text);
    let end = memchr::memmem::rfind(text.as_bytes(), QUESTION.as_bytes())
        .filter(|at| *at >= start && text.len() - at < 1_000)
        .unwrap_or(text.len());
    let start = if end - start > WINDOW {
        floor(text, end - WINDOW)
    } else {
        start
    };
    start..end
}

/// The screens of one run, in order.
#[derive(Default)]
pub(super) struct Screens {
    history: VecDeque<String>,
    /// The end of the history before a screen that could not be joined to it.
    before: Vec<String>,
    /// The last command seen at a prompt that has not come back yet.
    pub(super) running: String,
}

/// What a screen adds to those before it.
pub(super) struct Fresh {
    /// The new bytes.
    pub(super) range: Range<usize>,
    /// False when the screen could not be joined to what was seen, so that it may repeat some of it.
    pub(super) joined: bool,
}

impl Screens {
    /// Takes the next screen and gives its new part.
    pub(super) fn next(&mut self, text: &str) -> Fresh {
        let Range { start, end } = shown(text);
        let body = text.get(start..end).unwrap_or_default().trim_end();
        let end = start + body.len();
        let lines: Vec<(usize, &str)> = line_starts(body, start);
        // A harness that compared the screens itself is right: the same command may fail twice.
        let declared = text[..frame_length(text)].contains(INCREMENT);
        let overlap = if declared {
            Some((0, self.history.len()))
        } else {
            self.overlap(&lines)
        };
        let (skip, keep) = overlap.unwrap_or((0, self.history.len()));
        let from = lines.get(skip).map_or(end, |line| line.0);
        self.before.clear();
        if overlap.is_none() {
            let recent = self.history.len().saturating_sub(lines.len().max(200));
            self.before
                .extend(self.history.iter().skip(recent).cloned());
        }
        self.history.truncate(keep);
        self.history
            .extend(lines.iter().skip(skip).map(|line| line.1.to_owned()));
        let excess = self.history.len().saturating_sub(HISTORY);
        self.history.drain(..excess);
        Fresh {
            range: from..end,
            joined: overlap.is_some(),
        }
    }

    /// True when the screens before the last, unjoined one showed this line.
    pub(super) fn had_seen(&self, line: &str) -> bool {
        self.before.iter().any(|seen| seen.trim() == line)
    }

    /// How many lines of the screen are old, and how many of the history they leave standing.
    ///
    /// One pass of Knuth-Morris-Pratt gives, for every end position in the history, the longest
    /// stretch before it that the screen begins with; of the last few ends the best one wins.
    fn overlap(&self, lines: &[(usize, &str)]) -> Option<(usize, usize)> {
        if self.history.is_empty() || lines.is_empty() {
            return None;
        }
        let fail = prefix_function(lines);
        let first = self
            .history
            .len()
            .saturating_sub(lines.len() + REWRITTEN + 1);
        let mut matched = 0;
        let mut best: Option<(usize, usize)> = None;
        for (index, seen) in self.history.iter().enumerate().skip(first) {
            while matched > 0 && (matched == lines.len() || lines[matched].1 != seen) {
                matched = fail[matched - 1];
            }
            if lines[matched].1 == seen {
                matched += 1;
            }
            let dropped = self.history.len() - index - 1;
            let words = matched > 0 && lines[..matched].iter().any(|line| !line.1.is_empty());
            // One equal line proves little once lines after it were rewritten.
            if words && dropped <= REWRITTEN && (matched > 1 || dropped <= 1) {
                let better = best.is_none_or(|(old, _)| matched >= old);
                if better {
                    best = Some((matched, index + 1));
                }
            }
        }
        let last = self.history.back()?;
        match best {
            // The waiting prompt is repeated with the command now typed after it.
            None if !last.is_empty() && lines[0].1.starts_with(last.as_str()) => {
                Some((0, self.history.len() - 1))
            }
            // A prompt alone may just be printed again.
            Some((1, kept)) if prompt(lines[0].1).is_some_and(|p| p.command.is_empty()) => {
                Some((1, kept))
            }
            other => other,
        }
    }
}

fn line_starts(body: &str, base: usize) -> Vec<(usize, &str)> {
    let mut at = base;
    body.split_inclusive('\n')
        .map(|line| {
            let start = at;
            at += line.len();
            (start, line.trim_end())
        })
        .collect()
}

fn prefix_function(lines: &[(usize, &str)]) -> Vec<usize> {
    let mut fail = vec![0; lines.len()];
    let mut matched = 0;
    for index in 1..lines.len() {
        while matched > 0 && lines[matched].1 != lines[index].1 {
            matched = fail[matched - 1];
        }
        if lines[matched].1 == lines[index].1 {
            matched += 1;
        }
        fail[index] = matched;
    }
    fail
}

/// The width of the terminal that showed `screens`: that of the widest line, if several lines of
/// at least eighty columns reach it.
#[derive(Debug, Default)]
pub(super) struct Width {
    widest: usize,
    reached: usize,
}

impl Width {
    /// Measures one more screen.
    pub(super) fn see(&mut self, screen: &str) {
        for line in screen[shown(screen)].lines() {
            if line.len() < self.widest.max(80) {
                continue;
            }
            let columns = line.chars().count();
            if columns > self.widest {
                (self.widest, self.reached) = (columns, 1);
            } else if columns == self.widest {
                self.reached += 1;
            }
        }
    }

    /// The width, where enough lines reach it.
    pub(super) fn columns(&self) -> Option<usize> {
        (self.widest >= 80 && self.reached >= 3).then_some(self.widest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_prompts() {
        for (line, command) in [
            ("root@box:/app# ls -l", Some("ls -l")),
            ("(venv) me@my-host:~/src$", Some("")),
            ("[me@host dir]$ make", Some("make")),
            ("bash-5.1# id", Some("id")),
            ("$ make", Some("make")),
            ("# a comment", None),
            ("costs 5$ today", None),
            ("mail me@host.org: 100% sure", None),
        ] {
            assert_eq!(prompt(line).map(|p| p.command), command, "{line}");
        }
    }

    #[test]
    fn sees_only_what_is_new() {
        let mut screens = Screens::default();
        let one = "Current Terminal Screen:\nroot@b:/# ls\na\nroot@b:/#\n\n\n";
        let two = "Current Terminal Screen:\nroot@b:/# ls\na\nroot@b:/# make\nerror\nroot@b:/#\n";
        assert_eq!(&one[screens.next(one).range], "root@b:/# ls\na\nroot@b:/#");
        let fresh = screens.next(two);
        assert!(fresh.joined);
        assert_eq!(&two[fresh.range], "root@b:/# make\nerror\nroot@b:/#");
        assert!(two[screens.next(two).range].is_empty());
    }

    #[test]
    fn leaves_out_what_the_harness_says() {
        let text = "Current terminal state:\nNew Terminal Output:\n\nroot@b:/# \n\nAre you sure you want to mark the task as complete? Say so.";
        let fresh = Screens::default().next(text);
        assert_eq!(text[fresh.range].trim(), "root@b:/#");
    }

    #[test]
    fn joins_a_scrolled_screen() {
        let mut screens = Screens::default();
        screens.next("a\nb\nc\nd");
        let text = "c\nd\ne";
        assert_eq!(&text[screens.next(text).range], "e");
    }
}
