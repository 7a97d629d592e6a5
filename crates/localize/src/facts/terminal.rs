//! What a terminal is busy with, seen from outside: the keys typed and the screens shown.

use std::ops::Range;

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
    "ctrl+z", "ctrl-z", "<C-c>", "<C-d>", "\u{3}", "\u{4}", "\u{1a}", "\u{1c}",
];

/// What the keys of a step are for.
pub(crate) fn keys_of(step: &Step) -> Keys {
    let ActionKind::Keystrokes { keys, .. } = &step.action.kind else {
        return Keys::None;
    };
    let pressed = keys.split_whitespace().next().unwrap_or_default();
    let is_interrupt = |key: &&str| key.eq_ignore_ascii_case(pressed);
    if pressed.is_empty() {
        Keys::Wait
    } else if INTERRUPTS.iter().any(is_interrupt) {
        Keys::Interrupt
    } else {
        Keys::Text
    }
}

/// A terminal that one program at a time has for itself.
#[derive(Debug, Default)]
pub(crate) struct Terminal {
    /// The step that started what is running, counted from 0.
    busy: Option<usize>,
    /// What was typed since the last screen: the step, and how its first line begins.
    typed: Vec<(usize, String)>,
}

impl Terminal {
    /// The step that started what still has the terminal, counted from 0; `None` when it awaits input.
    pub(crate) fn busy_with(&self) -> Option<usize> {
        self.busy
    }

    /// Takes in the keys of the step at an index counted from 0, and the screen it shows.
    pub(crate) fn see(&mut self, at: usize, step: &Step) {
        /// Enough of a line to know it again.
        const KNOWN: usize = 30;
        /// More than any turn types.
        const TYPED: usize = 64;
        if let (ActionKind::Keystrokes { keys, .. }, Keys::Text) =
            (&step.action.kind, keys_of(step))
            && self.typed.len() < TYPED
        {
            let line = keys.trim_start().lines().next().unwrap_or_default();
            let known = line[..line.floor_char_boundary(KNOWN)].trim_end();
            self.typed.push((at, known.to_owned()));
        }
        let Some(observation) = step.observation.as_ref().filter(|o| o.screen) else {
            return;
        };
        let text = observation.text.as_str();
        if text.trim().is_empty() {
            return;
        }
        if awaits_input(&text[last_line(text)]) {
            self.busy = None;
        } else if self.busy.is_none() {
            self.busy = self.started(text).or(Some(at));
        }
        self.typed.clear();
    }

    /// Which of the steps since the last screen started what `screen` shows running: the one behind the last
    /// prompt. What was typed ahead stands on the screen too, but behind no prompt.
    fn started(&self, screen: &str) -> Option<usize> {
        /// More lines than terminals show.
        const LINES: usize = 200;
        let behind_prompt = screen.lines().rev().take(LINES).find_map(|line| {
            self.typed.iter().rev().find_map(|(at, known)| {
                let before = &line[..line.find(known.as_str())?];
                (!known.is_empty() && before.trim_end().ends_with(['#', '$', '%', '>', '❯']))
                    .then_some(*at)
            })
        });
        behind_prompt.or_else(|| self.typed.last().map(|(at, _)| *at))
    }
}

/// Where the last line stands that is not blank.
pub(crate) fn last_line(text: &str) -> Range<usize> {
    let end = text.trim_end().len();
    let start = text[..end].rfind('\n').map_or(0, |newline| newline + 1);
    start..end
}

/// What editors, pagers and questions show on their last line while they wait for keys.
const WAITING: &[&str] = &[
    "--More--",
    "-- INSERT --",
    "^X",
    "^G",
    "(END)",
    "Press ",
    "press ",
];

/// Whether a line is the prompt of something that reads what is typed next.
fn awaits_input(line: &str) -> bool {
    let line = line.trim_end();
    if WAITING.iter().any(|words| line.contains(words)) {
        return true;
    }
    // Three dots are the prompt of an interpreter inside a block: what is typed next becomes part of it.
    !line.ends_with("...") && line.ends_with(['$', '#', '%', '>', ':', '?', ']', ')', '❯', '~'])
}
