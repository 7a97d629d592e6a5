//! `diff`: what steps did to the files.

use std::fmt::Write as _;

use analysis::workspace::{Fidelity, FileDiff};
use llm::count_tokens;
use serde_json::{Map, Value, json};
use trace::StepId;

use super::arguments::Arguments;
use super::list::{List, short};
use super::page::{Page, share, tokens_up_to};
use super::{Tool, file};
use crate::ledger::Ledger;
use crate::subject::Subject;

/// Files whose hunks are shown; of the others only the names.
const FILES: usize = 8;

/// Shows how files differ.
pub struct Diff;

impl Tool for Diff {
    fn name(&self) -> &'static str {
        "diff"
    }

    fn description(&self) -> &'static str {
        "How files changed after step from up to step to. Without from: what step to did. from 0: since the start."
    }

    fn parameters(&self) -> Value {
        json!({
            "type": "object",
            "properties": {
                "to": {"type": "integer"},
                "from": {"type": "integer"},
                "path": {"type": "string"}
            },
            "required": ["to"]
        })
    }

    /// What is shown is rebuilt from the steps; it opens none of them.
    fn call(
        &self,
        subject: &Subject<'_>,
        arguments: &Map<String, Value>,
        room: u64,
        _: &mut Ledger,
    ) -> Result<String, String> {
        let asked = Arguments::new(self, arguments)?;
        let to = asked.step("to", subject)?.ok_or("to is missing")?;
        let from = match asked.number("from") {
            Some(0) => None,
            Some(_) => asked.step("from", subject)?,
            None => to.get().checked_sub(1).and_then(StepId::new),
        };
        if from.is_some_and(|from| from >= to) {
            return Err("from must come before to".to_owned());
        }
        let path = asked.text("path").map(|path| file::known(subject, path));
        let path = path.transpose()?;
        let mut files = subject.case.workspace.diff(from, Some(to));
        files.retain(|diff| path.is_none_or(|path| diff.path == path));
        if files.is_empty() {
            return Ok("no file is known to differ".to_owned());
        }
        // The largest first: they are what a reader looks for.
        files.sort_by_key(|diff| std::cmp::Reverse(diff.added + diff.removed));
        Ok(shown(subject, &files, room))
    }
}

fn shown(subject: &Subject<'_>, files: &[FileDiff], room: u64) -> String {
    let heads: Vec<String> = files.iter().map(|diff| head(subject, diff)).collect();
    let fence = count_tokens(&subject.fence.data("")) + 2;
    let texts: Vec<String> = files
        .iter()
        .take(FILES)
        .map(|diff| subject.safe(&diff.hunks))
        .collect();
    let needs: Vec<u64> = texts
        .iter()
        .map(|text| {
            if text.is_empty() {
                0
            } else {
                tokens_up_to(text, room).saturating_add(fence)
            }
        })
        .collect();
    let around: u64 = heads
        .iter()
        .take(64)
        .map(|head| count_tokens(head) + 1)
        .sum();
    let shares = share(&needs, room.saturating_sub(around));
    let mut list = List::new(room);
    for (at, head) in heads.iter().enumerate() {
        if !list.push(head) {
            list.say(&format!(
                "({} more files; name one as path)",
                heads.len() - at
            ));
            break;
        }
        let (Some(text), Some(share)) = (texts.get(at), shares.get(at)) else {
            continue;
        };
        let whole = Page::from(text, 1, share.saturating_sub(fence));
        let page = if whole.next().is_some() {
            Page::from(text, 1, share.saturating_sub(fence + 8))
        } else {
            whole
        };
        let mut out = String::new();
        if let Some(piece) = page.pieces.first() {
            out.push_str(&subject.fence.data(&piece.text));
        }
        if let Some(next) = page.next() {
            // Writing to a string cannot fail.
            let _ = write!(
                out,
                "\n(lines of the diff left out: {})",
                page.total + 1 - next
            );
        }
        if !out.is_empty() && !list.push(out.trim_start()) {
            list.say("(no room)");
        }
    }
    list.done()
}

/// What happened to a file, in a line.
fn head(subject: &Subject<'_>, diff: &FileDiff) -> String {
    let path = subject.fence.line(&subject.safe(&short(&diff.path, 160)));
    let what = match (diff.existed, diff.exists) {
        (false, true) => " created",
        (true, false) => " deleted",
        _ => "",
    };
    let how = match diff.fidelity {
        Fidelity::Exact => "",
        Fidelity::Partial => ", known in part",
        Fidelity::Inferred => ", not all changes are on record",
    };
    format!("{path}{what} +{} -{}{how}", diff.added, diff.removed)
}
