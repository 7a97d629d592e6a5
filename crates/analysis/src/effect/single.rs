//! One command of a step by itself: a comparison of two runs cannot tell apart what a step's commands
//! did from the reading of the whole step.

use trace::FileEdit;

use super::command::judge;
use super::judgement::Judged;
use super::knowledge;
use super::script::Scripts;
use super::words::Words;
use crate::activity::Activity;
use crate::shell::Invocation;

/// Reads the commands of a run one after the other, as the reading of its steps did.
#[derive(Debug, Default)]
pub(crate) struct CommandReader {
    scripts: Scripts,
}

/// What one command did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CommandReading {
    /// True when it left state behind in more than its shell.
    pub(crate) changes: bool,
    /// What it was busy with.
    pub(crate) activity: Activity,
    /// The paths it wrote, as written.
    pub(crate) writes: Vec<String>,
    /// Its subcommand, such as `install`; empty without one.
    pub(crate) subcommand: String,
    /// Its words without options, their values and the subcommand.
    pub(crate) operands: Vec<String>,
}

impl CommandReader {
    /// Reads the next command of the run.
    pub(crate) fn read(&mut self, command: &Invocation) -> CommandReading {
        let judgement = judge(command, &self.scripts);
        super::remember(command, &mut self.scripts);
        let (subcommand, operands) = if let Some(rule) = knowledge::rule(&command.program) {
            let words = Words::new(rule).read(command);
            let subcommand = words.subcommand().to_owned();
            let mut operands = words.operands;
            // A subcommand the table does not single out is counted among the operands.
            if !subcommand.is_empty() && operands.first() == Some(&subcommand) {
                operands.remove(0);
            }
            (subcommand, operands)
        } else {
            let plain = command.args.iter().filter(|arg| !arg.starts_with('-'));
            (String::new(), plain.cloned().collect())
        };
        CommandReading {
            changes: judgement.effect == Judged::Change,
            activity: judgement.activity,
            writes: judgement.writes,
            subcommand,
            operands,
        }
    }

    /// Remembers the scripts a tool wrote.
    pub(crate) fn edited(&mut self, edits: &[FileEdit]) {
        for edit in edits {
            super::remember_edit(edit, &mut self.scripts);
        }
    }
}
