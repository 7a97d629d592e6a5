//! A step in a few words.

use trace::{ActionKind, Step};

use crate::activity::Activity;
use crate::effect::StepReading;
use crate::shell::Invocation;

/// The longest intent, in characters.
const WIDTH: usize = 60;

/// Says in at most 60 characters what a step is for, on one line, control characters escaped: `edit
/// src/app.py`, `run pytest -q`, `install flask`, `wait`, `submit`.
///
/// Taken from the command that tells most about the step, or from its tool and path.
#[must_use]
pub fn intent(step: &Step, reading: &StepReading) -> String {
    match &step.action.kind {
        ActionKind::Read { path } => line(&["read", path]),
        ActionKind::Search { query, .. } => line(&["search", query]),
        ActionKind::Delegate { prompt } => line(&["delegate", prompt]),
        ActionKind::Message { text } => line(&[said(&step.action.tool), text]),
        ActionKind::Finish { .. } => line(&["submit"]),
        ActionKind::Invalid { text } if text.trim().is_empty() => line(&["nothing"]),
        ActionKind::Invalid { text } => line(&["invalid", text]),
        ActionKind::Edit { edits } => match edits.as_slice() {
            [] => line(&["edit"]),
            [edit] => line(&["edit", &edit.path]),
            [edit, rest @ ..] => line(&["edit", &edit.path, &format!("and {} more", rest.len())]),
        },
        ActionKind::Other => line(&["call", &step.action.tool]),
        ActionKind::Shell { command } | ActionKind::Keystrokes { keys: command, .. } => {
            of_commands(command, reading)
        }
    }
}

fn said(tool: &str) -> &str {
    if tool.is_empty() { "say" } else { tool }
}

fn of_commands(text: &str, reading: &StepReading) -> String {
    let activity = deciding(reading);
    let wrote = reading.effect.writes.first().map(String::as_str);
    let read = reading.effect.reads.first().map(String::as_str);
    match (activity, wrote, read) {
        (Activity::Submit, ..) => line(&["submit"]),
        (Activity::Control, ..) if text.trim().is_empty() => line(&["wait"]),
        (Activity::Edit, Some(path), _) => line(&["edit", path]),
        (Activity::Read, _, Some(path)) => line(&["read", path]),
        (Activity::List, _, Some(path)) => line(&["list", path]),
        (Activity::Install, ..) => installed(reading).unwrap_or_else(|| line(&["install", text])),
        _ => match telling(reading) {
            Some(command) => line_of(
                ["run", command.program.as_str()]
                    .into_iter()
                    .chain(command.args.iter().map(String::as_str)),
            ),
            None if matches!(activity, Activity::Control) => line(&["press", text]),
            None => line(&["run", text]),
        },
    }
}

/// The activity that tells most: the last of the most telling kind, since what comes before leads to it.
fn deciding(reading: &StepReading) -> Activity {
    let rank = |activity: &Activity| match activity {
        Activity::Talk | Activity::Control => 0,
        Activity::Probe | Activity::List => 1,
        Activity::Read | Activity::Search | Activity::Inspect => 2,
        Activity::Arrange => 3,
        Activity::Edit => 5,
        Activity::Submit => 6,
        _ => 4,
    };
    reading
        .activities
        .iter()
        .copied()
        .max_by_key(rank)
        .unwrap_or(Activity::Control)
}

/// Programs that only lead to the command that matters.
const LEADING: &[&str] = &[
    "", "cd", "set", "export", "source", ".", "echo", "true", "sleep", "mkdir",
];

/// The first command that does not merely lead to another, else the first.
fn telling(reading: &StepReading) -> Option<&Invocation> {
    reading
        .commands
        .iter()
        .find(|command| !LEADING.contains(&command.program.as_str()))
        .or(reading.commands.first())
}

/// What an installing command names after its verb: `pip install -U flask` gives `install flask`.
fn installed(reading: &StepReading) -> Option<String> {
    const VERBS: &[&str] = &["install", "add", "create", "get"];
    let (command, verb) = reading.commands.iter().find_map(|command| {
        let at = command
            .args
            .iter()
            .position(|arg| VERBS.contains(&arg.as_str()))?;
        Some((command, at))
    })?;
    let names = command.args[verb + 1..]
        .iter()
        .map(String::as_str)
        .filter(|arg| !arg.starts_with('-'));
    Some(line_of(std::iter::once("install").chain(names)))
}

fn line(words: &[&str]) -> String {
    line_of(words.iter().copied())
}

/// Joins words with single spaces, escapes control characters and cuts at the width. Looks at no more text
/// than it needs.
pub(crate) fn line_of<'w>(words: impl Iterator<Item = &'w str>) -> String {
    let mut text = String::new();
    let mut width = 0;
    for word in words.flat_map(str::split_whitespace) {
        let space = (!text.is_empty()).then_some(' ');
        for character in space.into_iter().chain(word.chars()) {
            if width > WIDTH {
                return cut(&text);
            }
            if character.is_control() || reorders(character) {
                let before = text.len();
                text.extend(character.escape_default());
                width += text.len() - before;
            } else {
                text.push(character);
                width += 1;
            }
        }
    }
    if width > WIDTH { cut(&text) } else { text }
}

/// True for the characters that make a terminal show text in another order than it is written.
fn reorders(character: char) -> bool {
    matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn cut(text: &str) -> String {
    text.chars().take(WIDTH - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::intent;
    use crate::Index;
    use proptest::prelude::*;
    use trace::{Action, Step, Trajectory};

    fn intent_of(command: &str) -> String {
        let run = Trajectory {
            steps: vec![Step::new(0, Action::shell("bash", command))].into(),
            ..Trajectory::default()
        };
        let index = Index::new(&run);
        intent(&run.steps[0], &index.readings[0])
    }

    #[test]
    fn intents_name_the_deciding_command_and_its_path() {
        for (command, expected) in [
            ("cat config.toml", "read config.toml"),
            ("cd /app && pip install -q flask", "install flask"),
            ("cat > src/app.py <<'EOF'\nx\nEOF", "edit src/app.py"),
            ("cd x && pytest -q", "run pytest -q"),
        ] {
            assert_eq!(intent_of(command), expected);
        }
    }

    proptest! {
        #[test]
        fn intents_are_short_single_lines(command in any::<String>()) {
            let text = intent_of(&command);
            prop_assert!(text.chars().count() <= 60);
            prop_assert!(!text.chars().any(char::is_control));
        }
    }
}
