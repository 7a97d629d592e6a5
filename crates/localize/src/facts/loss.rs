//! What commands take away: the paths they remove, and work that version control takes back.

use analysis::IndexedStep;
use analysis::shell::Invocation;
use trace::{ActionKind, Change, ErrorKind};

/// Commands that make their operands disappear or unreadable.
const REMOVES: &[&str] = &["rm", "shred", "unlink", "truncate", "wipe", "srm"];

/// The operands of a command that removes; none of any other.
pub(crate) fn removed_by(command: &Invocation) -> impl Iterator<Item = &str> {
    let removes = REMOVES.contains(&command.program.as_str());
    let operands = command.args.iter().map(String::as_str);
    operands.filter(move |word| removes && !word.starts_with('-'))
}

/// The paths a step removes, as written. What a tool refused it did not do.
pub(crate) fn removed<'s>(step: &'s IndexedStep<'_>) -> Vec<&'s str> {
    match &step.step.action.kind {
        ActionKind::Edit { .. } if refused(step) => Vec::new(),
        ActionKind::Edit { edits } => {
            let gone = edits.iter().filter(|edit| edit.change == Change::Delete);
            gone.map(|edit| edit.path.as_str()).collect()
        }
        _ => step.reading.commands.iter().flat_map(removed_by).collect(),
    }
}

/// True when the answer to an edit says that nothing was changed.
fn refused(step: &IndexedStep<'_>) -> bool {
    let flagged = step.step.observation.as_ref().and_then(|o| o.is_error);
    let said = |kind| matches!(kind, ErrorKind::EditRejected | ErrorKind::ToolCall);
    flagged == Some(true) || step.outcome.errors.iter().any(|error| said(error.kind))
}

/// Whether a command takes back all that was not committed, or committed last.
pub(crate) fn takes_all_back(command: &Invocation) -> bool {
    let Some((verb, rest)) = git(command) else {
        return false;
    };
    let has = |word: &str| rest.contains(&word);
    let everywhere = rest.iter().any(|path| matches!(*path, "." | ":/" | "*"));
    match verb {
        "checkout" => everywhere,
        "restore" => everywhere && (!has("--staged") || has("--worktree")),
        "reset" => has("--hard"),
        "revert" => true,
        _ => false,
    }
}

/// The verb of a version-control command and the words behind it.
pub(crate) fn git(command: &Invocation) -> Option<(&str, Vec<&str>)> {
    if command.program != "git" {
        return None;
    }
    // What stands before the verb (`-C dir`, `-c name=value`) takes a word of its own.
    let mut words = command.args.iter().map(String::as_str);
    let mut verb = words.next()?;
    while verb.starts_with('-') {
        if matches!(verb, "-C" | "-c") {
            words.next();
        }
        verb = words.next()?;
    }
    Some((verb, words.collect()))
}
