//! What steps did to the text of files, as far as their actions say it.
//!
//! Edit tools name path and text; a shell names them in heredocs, `echo` and `printf` with a
//! redirection, `rm`, `mv` and version control. A program that writes files by itself says nothing,
//! and nothing is guessed about it.

mod lines;
mod paths;
mod shell;

use std::borrow::Cow;

use analysis::IndexedStep;
use trace::{ActionKind, Change, ErrorKind, FileEdit};

pub(crate) use lines::Lines;
pub(crate) use paths::Paths;

/// One thing that happened to a file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Event<'s> {
    /// The file now holds this text and nothing else.
    Whole {
        /// The path as written.
        path: &'s str,
        /// All of it.
        text: Cow<'s, str>,
    },
    /// A piece was put in, perhaps in place of another.
    Piece {
        /// The path as written.
        path: &'s str,
        /// What gave way, if anything.
        old: Cow<'s, str>,
        /// What came.
        new: Cow<'s, str>,
    },
    /// The file is gone.
    Gone {
        /// The path as written.
        path: &'s str,
    },
    /// The file has another name.
    Moved {
        /// The old one.
        from: &'s str,
        /// The new one.
        to: &'s str,
    },
    /// What the run had done was taken back.
    Restored {
        /// In this file, or everywhere.
        path: Option<&'s str>,
    },
}

impl Event<'_> {
    /// The path that lost or got text; `None` for everything at once.
    pub(crate) fn path(&self) -> Option<&str> {
        match self {
            Self::Whole { path, .. } | Self::Piece { path, .. } | Self::Gone { path } => Some(path),
            Self::Moved { from, .. } => Some(from),
            Self::Restored { path } => *path,
        }
    }
}

/// What a step did to files, in order. An edit that its tool refused did nothing.
pub(crate) fn events<'s>(step: &'s IndexedStep<'_>) -> Vec<Event<'s>> {
    match &step.step.action.kind {
        ActionKind::Edit { .. } if refused(step) => Vec::new(),
        ActionKind::Edit { edits } => edits.iter().map(of_edit).collect(),
        ActionKind::Shell { .. } | ActionKind::Keystrokes { .. } => step
            .reading
            .commands
            .iter()
            .flat_map(shell::events)
            .collect(),
        _ => Vec::new(),
    }
}

/// True when the answer to an edit says that nothing was changed.
fn refused(step: &IndexedStep<'_>) -> bool {
    let flagged = step.step.observation.as_ref().and_then(|o| o.is_error);
    let said = |kind| matches!(kind, ErrorKind::EditRejected | ErrorKind::ToolCall);
    flagged == Some(true) || step.outcome.errors.iter().any(|error| said(error.kind))
}

fn of_edit(edit: &FileEdit) -> Event<'_> {
    let path = edit.path.as_str();
    let piece = |old, new| Event::Piece { path, old, new };
    match &edit.change {
        Change::Write { content } => Event::Whole {
            path,
            text: content.into(),
        },
        Change::Replace { old, new, .. } => piece(old.into(), new.into()),
        Change::ReplaceLines { text, .. } | Change::Insert { text, .. } => {
            piece("".into(), text.into())
        }
        Change::Cell { source, .. } => piece("".into(), source.into()),
        Change::Patch { patch } => {
            let (old, new) = of_patch(patch);
            piece(old.into(), new.into())
        }
        Change::Delete => Event::Gone { path },
        Change::Rename { to } => Event::Moved { from: path, to },
        Change::Undo => Event::Restored { path: Some(path) },
    }
}

/// The lines a patch takes out and the lines it puts in.
fn of_patch(patch: &str) -> (String, String) {
    let (mut old, mut new) = (String::new(), String::new());
    for line in patch.lines() {
        let (side, text) = match line.as_bytes().first() {
            Some(b'+') if !line.starts_with("+++") => (&mut new, &line[1..]),
            Some(b'-') if !line.starts_with("---") => (&mut old, &line[1..]),
            _ => continue,
        };
        side.push_str(text);
        side.push('\n');
    }
    (old, new)
}
