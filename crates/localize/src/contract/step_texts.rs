//! The texts of a step, by what they are to a demand.

use std::borrow::Cow;

use analysis::IndexedStep;
use trace::{ActionKind, Change};

/// Arguments of a tool of unknown meaning that are looked at.
const MOST_ARGUMENTS: usize = 64;

/// Text that a step puts into a file.
pub(super) struct Written<'s> {
    /// The file as written; empty when it is not known.
    pub(super) path: &'s str,
    /// What is put there.
    pub(super) text: Cow<'s, str>,
    /// What gives way to it.
    pub(super) old: &'s str,
    /// True when it is the whole file from now on.
    pub(super) whole: bool,
}

/// The texts of one step.
pub(super) struct Texts<'s> {
    /// What the agent says: its thought, or a message in place of an action.
    pub(super) said: [&'s str; 2],
    /// What it asks a program or tool for.
    pub(super) asked: Vec<Cow<'s, str>>,
    /// What it writes.
    pub(super) written: Vec<Written<'s>>,
    /// What came back.
    pub(super) observed: &'s str,
}

/// Sorts the texts of a step.
pub(super) fn of<'s>(step: &'s IndexedStep<'_>) -> Texts<'s> {
    let mut texts = Texts {
        said: [&step.step.thought, ""],
        asked: Vec::new(),
        written: Vec::new(),
        observed: step.step.observed(),
    };
    match &step.step.action.kind {
        ActionKind::Shell { command: text } | ActionKind::Keystrokes { keys: text, .. } => {
            texts.asked.push(Cow::Borrowed(text));
            by_commands(step, &mut texts.written);
        }
        ActionKind::Edit { edits } => {
            for edit in edits {
                let (text, old, whole): (&str, &str, bool) = match &edit.change {
                    Change::Write { content } => (content, "", true),
                    Change::Replace { old, new, .. } => (new, old, false),
                    Change::ReplaceLines { text, .. }
                    | Change::Insert { text, .. }
                    | Change::Patch { patch: text }
                    | Change::Cell { source: text, .. } => (text, "", false),
                    Change::Delete | Change::Rename { .. } | Change::Undo => ("", "", false),
                };
                texts.written.push(Written {
                    path: &edit.path,
                    text: Cow::Borrowed(text),
                    old,
                    whole,
                });
            }
        }
        ActionKind::Message { text } | ActionKind::Finish { text } => texts.said[1] = text,
        ActionKind::Read { path } => texts.asked.push(Cow::Borrowed(path)),
        ActionKind::Search { query, .. } => texts.asked.push(Cow::Borrowed(query)),
        ActionKind::Delegate { prompt } => texts.asked.push(Cow::Borrowed(prompt)),
        ActionKind::Invalid { .. } => {}
        ActionKind::Other => strings(&step.step.action.arguments, &mut texts.asked),
    }
    texts
}

/// What the commands of a step put into files: heredocs, `echo … > file`, `sed -i`.
fn by_commands<'s>(step: &'s IndexedStep<'_>, written: &mut Vec<Written<'s>>) {
    for command in &step.reading.commands {
        let redirect = command
            .redirects
            .iter()
            .find_map(|r| Some((r.written_path()?, r.op.as_str())));
        let program = command.program.as_str();
        let tee = (program == "tee")
            .then(|| command.args.iter().find(|arg| !arg.starts_with('-')))
            .flatten();
        let target = match (redirect, tee) {
            (_, Some(path)) => Some((path.as_str(), !command.args.iter().any(|a| a == "-a"))),
            (Some((path, op)), None) => Some((path, !op.ends_with(">>"))),
            (None, None) => None,
        };
        if let (Some((path, whole)), Some(text)) = (target, command.input_text()) {
            written.push(Written {
                path,
                text: Cow::Borrowed(text),
                old: "",
                whole,
            });
        } else if let (Some((path, whole)), "echo" | "printf") = (target, program) {
            written.push(Written {
                path,
                text: Cow::Owned(command.args.join(" ")),
                old: "",
                whole,
            });
        } else if program == "sed"
            && command.args.iter().any(|arg| arg.starts_with("-i"))
            && let Some(path) = command.args.last()
        {
            written.push(Written {
                path,
                text: Cow::Owned(command.args[..command.args.len() - 1].join(" ")),
                old: "",
                whole: false,
            });
        }
    }
}

/// The strings in a tool's arguments.
fn strings<'s>(arguments: &'s serde_json::Value, into: &mut Vec<Cow<'s, str>>) {
    let mut open = vec![arguments];
    while let Some(value) = open.pop() {
        match value {
            serde_json::Value::String(text) => into.push(Cow::Borrowed(text)),
            serde_json::Value::Array(items) => open.extend(items.iter().rev()),
            serde_json::Value::Object(fields) => open.extend(fields.values().rev()),
            _ => {}
        }
        if into.len() >= MOST_ARGUMENTS {
            return;
        }
    }
}
