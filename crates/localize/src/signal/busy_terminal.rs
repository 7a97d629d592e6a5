//! Keys typed while a program that does not answer has the terminal.

use super::{Signal, Suspicion, Watch, at, each_step};
use crate::case::Case;
use crate::evidence::of_action;
use crate::facts::terminal::{Keys, Terminal, keys_of};

/// Keys typed while a program that does not answer has the terminal.
pub(super) struct BusyTerminal;

impl Signal for BusyTerminal {
    fn name(&self) -> &'static str {
        "busy_terminal"
    }

    fn watch<'c>(&self, case: &'c Case<'_>) -> Option<Watch<'c>> {
        let mut terminal = Terminal::default();
        // Keys of one turn are sent without looking in between.
        let mut turn = None;
        let mut interrupted = None;
        each_step(move |step, found| {
            let group = step.step.parallel_group;
            let new_turn = group.is_none() || group != turn;
            turn = group;
            let keys = keys_of(&step.step);
            if let Some(busy) = terminal.busy_with() {
                // Breaking off is right the first time; what it did not end, more of it does not either.
                let again = keys == Keys::Interrupt && interrupted.replace(busy) == Some(busy);
                if ((keys == Keys::Text && new_turn) || again)
                    && let Some(begun) = at(case.index, busy)
                {
                    found.extend(Suspicion::new(
                        step,
                        if again { 0.5 } else { 0.8 },
                        format!(
                            "types while what step {} started has the terminal",
                            begun.id
                        ),
                        [of_action(&step.step), of_action(&begun.step)],
                    ));
                }
            }
            terminal.see(step.id.index(), &step.step);
        })
    }
}
