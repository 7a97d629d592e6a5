//! What a step checks, by name: the same test suite, build or program asked again.

use std::hash::{DefaultHasher, Hash, Hasher};

use analysis::IndexedStep;
use analysis::activity::Activity;
use trace::ActionKind;

/// Programs that only lead to a command or trim what it prints.
const AROUND: &[&str] = &[
    "", "cd", "set", "export", "source", ".", "echo", "true", "false", "sleep", "head", "tail",
    "grep", "egrep", "tee", "cat", "sed", "awk", "wc", "less", "more", "sort", "uniq", "ulimit",
    "pwd", "clear", "date", "time",
];
/// The words kept of a check to show it to people, in bytes.
const SHOWN: usize = 80;

/// A check as it is asked for, without the flags that change only how it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct CheckId(u64);

/// The check a step makes, with its words; `None` for steps that check nothing.
///
/// Two steps make the same check when their commands have the same programs and operands. Flags,
/// numbers, redirections and what stands around it in the pipeline do not count.
pub(super) fn of(step: &IndexedStep<'_>) -> Option<(CheckId, String)> {
    let checks = |a: &Activity| matches!(a, Activity::Test | Activity::Build | Activity::Run);
    // A script that edits is not a check, though it may fail; a test or build that follows is.
    let edits = step.reading.activities.contains(&Activity::Edit);
    let surely = |a: &Activity| matches!(a, Activity::Test | Activity::Build);
    let asks = |edits: bool, a: &Activity| if edits { surely(a) } else { checks(a) };
    if !step.reading.activities.iter().any(|a| asks(edits, a)) {
        return None;
    }
    let mut hasher = DefaultHasher::new();
    let mut shown = String::new();
    let mut any = false;
    for command in &step.reading.commands {
        if AROUND.contains(&command.program.as_str()) {
            continue;
        }
        // A program typed in with the command that changes something does work, it checks nothing.
        if command.input_text().is_some() && step.reading.effect.kind.is_change() {
            return None;
        }
        any = true;
        let operands = command.args.iter().map(String::as_str).filter(|arg| {
            !arg.starts_with('-') && !arg.is_empty() && !arg.bytes().all(|b| b.is_ascii_digit())
        });
        for word in std::iter::once(command.program.as_str()).chain(operands) {
            word.hash(&mut hasher);
            if shown.len() < SHOWN {
                if !shown.is_empty() {
                    shown.push(' ');
                }
                shown.extend(word.chars().take_while(|c| *c != '\n'));
            }
        }
        // A program typed in is a part of what is asked.
        command.input_text().hash(&mut hasher);
        ';'.hash(&mut hasher);
    }
    if !any {
        // A tool of its own for running tests: its name and arguments are the check.
        if !matches!(step.step.action.kind, ActionKind::Other) {
            return None;
        }
        step.step.action.tool.hash(&mut hasher);
        step.step.action.arguments.to_string().hash(&mut hasher);
        shown.clone_from(&step.step.action.tool);
    }
    shown.truncate(shown.floor_char_boundary(SHOWN));
    Some((CheckId(hasher.finish()), shown))
}
