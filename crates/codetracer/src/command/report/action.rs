//! What a step did, in one line.

use trace::{ActionKind, Change, Step};

use crate::output::headline;

/// A step's action in one line.
pub(in crate::command) fn command_line(step: &Step, width: usize) -> String {
    let tool = &step.action.tool;
    match &step.action.kind {
        ActionKind::Shell { command } => headline(&format!("$ {}", command.trim_start()), width),
        ActionKind::Keystrokes { keys, .. } => headline(&format!("keys {keys}"), width),
        ActionKind::Edit { edits } => {
            let paths: Vec<String> = edits
                .iter()
                .map(|edit| match &edit.change {
                    Change::Rename { to } => format!("{} -> {to}", edit.path),
                    Change::Delete => format!("{} (deleted)", edit.path),
                    _ => edit.path.clone(),
                })
                .collect();
            headline(&format!("{tool} edits {}", paths.join(", ")), width)
        }
        ActionKind::Read { path } => headline(&format!("{tool} reads {path}"), width),
        ActionKind::Search { query, .. } => headline(&format!("{tool} searches {query}"), width),
        ActionKind::Delegate { prompt } => headline(&format!("{tool} delegates {prompt}"), width),
        ActionKind::Message { text } => headline(&format!("says {text}"), width),
        ActionKind::Finish { text } => headline(&format!("finishes {text}"), width),
        ActionKind::Invalid { text } => headline(&format!("invalid {text}"), width),
        ActionKind::Other if step.action.arguments.is_null() => headline(tool, width),
        ActionKind::Other => headline(&format!("{tool} {}", step.action.arguments), width),
    }
}
