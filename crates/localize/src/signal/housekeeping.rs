//! Folders made, modes set, leftovers removed: changes that decide nothing.

use super::{Signal, Suspicion, Watch, each_change};
use crate::case::Case;
use crate::evidence::of_action;

/// Programs that put things in order.
const ORDERING: &[&str] = &["mkdir", "rm", "rmdir", "touch", "chmod", "chown", "ln"];
/// Programs that may stand beside them without deciding anything either.
const BESIDE: &[&str] = &[
    "", "cd", "pwd", "ls", "echo", "true", "cat", "sleep", "clear",
];

/// Changes that decide nothing.
pub(super) struct Housekeeping;

impl Signal for Housekeeping {
    fn name(&self) -> &'static str {
        "housekeeping"
    }

    fn speaks_for_failure(&self) -> bool {
        false
    }

    fn exculpates(&self) -> bool {
        true
    }

    fn watch<'c>(&self, _: &'c Case<'_>) -> Option<Watch<'c>> {
        each_change(move |step| {
            Some(step)
                .filter(|step| {
                    let commands = &step.reading.commands;
                    let program = |command: &analysis::shell::Invocation, list: &[&str]| {
                        list.contains(&command.program.as_str())
                    };
                    let writes = commands
                        .iter()
                        .flat_map(|command| &command.redirects)
                        .any(|redirect| redirect.written_path().is_some());
                    !writes
                        && commands.iter().any(|c| program(c, ORDERING))
                        && commands
                            .iter()
                            .all(|c| program(c, ORDERING) || program(c, BESIDE))
                })
                .and_then(|step| {
                    let why = "only puts things in order".to_owned();
                    Suspicion::new(step, 0.8, why, [of_action(&step.step)])
                })
        })
    }
}
