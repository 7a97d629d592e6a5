//! How an agent deals with a program that does not answer: waiting, interrupting, typing on.

use analysis::IndexedStep;
use trace::{ActionKind, Step};

/// What keys are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keys {
    /// The step types no keys.
    None,
    /// Waits for what is running.
    Wait,
    /// Breaks off what is running.
    Interrupt,
    /// Types something.
    Text,
}

/// The keys that break off a program, as the layouts write them.
const INTERRUPTS: &[&str] = &[
    "C-c", "C-d", "C-z", "C-\\", "^C", "^D", "^Z", "^\\", "ctrl+c", "ctrl-c", "ctrl+d", "ctrl-d",
    "ctrl+z", "<C-c>", "\u{3}", "\u{4}", "\u{1a}", "\u{1c}",
];
/// Tools that stop a process in the background.
const STOPPING: &[&str] = &["kill", "stop", "terminate"];

/// What the keys of a step are for.
pub(crate) fn keys_of(step: &Step) -> Keys {
    let ActionKind::Keystrokes { keys, .. } = &step.action.kind else {
        return Keys::None;
    };
    let pressed = keys.trim_matches(|c: char| c.is_whitespace() && !c.is_control());
    let is_interrupt = |key: &str| {
        INTERRUPTS
            .iter()
            .any(|interrupt| key.eq_ignore_ascii_case(interrupt))
    };
    if keys.trim().is_empty() && !keys.chars().any(|c| c.is_control() && !c.is_whitespace()) {
        Keys::Wait
    } else if pressed.split_whitespace().next().is_some_and(is_interrupt) || is_interrupt(pressed) {
        Keys::Interrupt
    } else {
        Keys::Text
    }
}

/// Whether a step ends a process that was left running: a tool made for it, or a command.
pub(crate) fn is_stop(step: &IndexedStep<'_>) -> bool {
    if let ActionKind::Other = &step.step.action.kind {
        let name = step.step.action.tool.to_ascii_lowercase();
        return STOPPING.iter().any(|word| name.contains(word));
    }
    let mut commands = step.reading.commands.iter();
    commands.any(|command| {
        matches!(command.program.as_str(), "kill" | "pkill" | "killall")
            && !command.args.iter().any(|arg| arg == "-0" || arg == "-l")
    })
}
