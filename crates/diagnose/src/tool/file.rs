//! `file`: what a file held after a step, and who wrote its lines.

use std::fmt::Write as _;

use analysis::workspace::{BlamedLine, Fidelity, Origin, Workspace};
use llm::count_tokens;
use serde_json::{Map, Value, json};
use trace::StepId;

use super::Tool;
use super::arguments::Arguments;
use super::list::{List, ranges, short};
use super::page::Page;
use crate::ledger::Ledger;
use crate::subject::Subject;

/// The longest line that is shown, in characters.
const WIDTH: usize = 400;

/// Shows a file.
pub struct File;

impl Tool for File {
    fn name(&self) -> &'static str {
        "file"
    }

    fn description(&self) -> &'static str {
        "A file as it stood after a step (default: the last), lines numbered; @N marks lines written by step N, up to the next mark (@0: before the run). Without path: all files and who wrote them."
    }

    fn parameters(&self) -> Value {
        json!({
            "type": "object",
            "properties": {
                "path": {"type": "string"},
                "step": {"type": "integer"},
                "from_line": {"type": "integer"},
                "to_line": {"type": "integer"}
            }
        })
    }

    /// What is shown is put together from many steps; it opens none of them.
    fn call(
        &self,
        subject: &Subject<'_>,
        arguments: &Map<String, Value>,
        room: u64,
        _: &mut Ledger,
    ) -> Result<String, String> {
        let asked = Arguments::new(self, arguments)?;
        let step = asked.step("step", subject)?;
        let last = || StepId::from_index(subject.index().len().saturating_sub(1));
        let step = step.unwrap_or_else(last);
        let Some(path) = asked.text("path") else {
            return Ok(all(subject, room));
        };
        let path = known(subject, path)?;
        let workspace = &subject.case.workspace;
        let Some(text) = workspace.at(path, step) else {
            return Err(absent(workspace, path, step));
        };
        let first = asked.line("from_line").unwrap_or(1);
        let last = asked.line("to_line").unwrap_or(usize::MAX);
        let version = text.version;
        let head = format!(
            "{} after step {step}: {}, last {} at step {}",
            subject.fence.line(&subject.safe(&short(path, WIDTH))),
            trust(text.fidelity()),
            version.operation.as_str(),
            version.step,
        );
        Ok(shown(subject, &head, &text.lines(), (first, last), room))
    }
}

/// The path of a file of the run by what the model calls it.
///
/// # Errors
/// A sentence with the names that are alike.
pub(super) fn known<'s>(subject: &'s Subject<'_>, name: &str) -> Result<&'s str, String> {
    let workspace = &subject.case.workspace;
    if let Some(file) = workspace.file(name) {
        return Ok(&file.path);
    }
    let alike = workspace.files().map(|file| file.path.as_str());
    let alike = alike.filter(|path| path.contains(name));
    let alike: Vec<String> = alike
        .take(8)
        .map(|path| subject.fence.line(&subject.safe(&short(path, 120))))
        .collect();
    Err(if alike.is_empty() {
        "the run neither wrote nor showed such a file; `file` without path lists them".to_owned()
    } else {
        format!("which one? {}", alike.join(", "))
    })
}

/// Why a file is not there after a step.
fn absent(workspace: &Workspace, path: &str, step: StepId) -> String {
    let file = workspace.file(path);
    let last = file.and_then(|file| file.version(step));
    if let Some(gone) = last.filter(|version| !version.exists) {
        return format!("step {} took it away; name an earlier step", gone.step);
    }
    let steps: Vec<StepId> = file.map_or_else(Vec::new, |file| file.writers().collect());
    format!(
        "after step {step} it is not there, as far as the run shows; written by: {}",
        ranges(&steps, 12)
    )
}

fn trust(fidelity: Fidelity) -> &'static str {
    match fidelity {
        Fidelity::Exact => "exact",
        Fidelity::Partial => "known in part",
        Fidelity::Inferred => "not all changes are on record",
    }
}

/// All files: those the run wrote first.
fn all(subject: &Subject<'_>, room: u64) -> String {
    let workspace = &subject.case.workspace;
    let (written, shown): (Vec<_>, Vec<_>) = workspace.files().partition(|f| !f.only_shown());
    let count = written.len() + shown.len();
    let mut list = List::new(room);
    list.say(&format!("{count} files"));
    for (at, file) in written.into_iter().chain(shown).enumerate() {
        let path = subject.fence.line(&subject.safe(&short(&file.path, 160)));
        let writers: Vec<StepId> = file.writers().collect();
        let line = if writers.is_empty() {
            format!("{path}: read only")
        } else {
            format!("{path}: steps {}", ranges(&writers, 12))
        };
        if !list.push(&line) {
            list.say(&format!("({} more)", count - at));
            break;
        }
    }
    list.done()
}

/// The lines that fit, each with its number and, where it is another's than the one above, its writer.
fn shown(
    subject: &Subject<'_>,
    head: &str,
    lines: &[BlamedLine<'_>],
    range: (usize, usize),
    room: u64,
) -> String {
    let total = lines.iter().filter_map(|line| line.number).max();
    let total = total.unwrap_or_default();
    let wanted = |line: &&BlamedLine<'_>| {
        let number = line.number.unwrap_or(usize::from(range.0 <= 1));
        (range.0..=range.1).contains(&number)
    };
    let wanted: Vec<&BlamedLine<'_>> = lines.iter().filter(wanted).collect();
    let mut list = List::new(room);
    list.say(&format!("{head}, {total} lines"));
    if wanted.is_empty() {
        list.say(if lines.is_empty() {
            "nothing of its text is known"
        } else {
            "none of these lines is known"
        });
        return list.done();
    }
    // Secrets are found in whole texts: a line of one tells too little.
    let texts: Vec<&str> = wanted.iter().map(|line| line.text).collect();
    let safe = subject.safe(&texts.join("\n"));
    let safe: Vec<&str> = safe.split('\n').collect();
    let numbered = numbered(&wanted, &safe);
    let fence = count_tokens(&subject.fence.data(""));
    let page = Page::from(&numbered, 1, list.left().saturating_sub(fence + 24));
    let Some(piece) = page.pieces.first() else {
        list.say("no room for a line");
        return list.done();
    };
    list.say(&subject.fence.data(&piece.text));
    if let Some(next) = page.next().and_then(|next| wanted.get(next - 1)) {
        match next.number {
            Some(number) => list.say(&format!("(from_line {number} shows the rest)")),
            None => list.say("(more lines whose place is not known)"),
        }
    }
    list.done()
}

fn numbered(wanted: &[&BlamedLine<'_>], safe: &[&str]) -> String {
    let mut text = String::new();
    let mut writer = None;
    for (at, line) in wanted.iter().enumerate() {
        let number = line
            .number
            .map_or_else(|| "?".to_owned(), |n| n.to_string());
        // A secret of several lines has fewer in its place.
        let words = safe.get(at).copied().unwrap_or_default();
        let mark = if writer == Some(line.origin) {
            String::new()
        } else {
            match line.origin {
                Origin::Before => " @0".to_owned(),
                Origin::Step(step) => format!(" @{step}"),
                Origin::Unseen(step) => format!(" @?{step}"),
            }
        };
        writer = Some(line.origin);
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{number}{mark}|{}", short(words, WIDTH));
    }
    text
}
