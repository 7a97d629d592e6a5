//! Failed commands tried again with a part of the demand left out.

use std::collections::{HashSet, VecDeque};

use super::{Signal, Suspicion, Watch, at, each_step};
use crate::case::Case;
use crate::evidence::of_action;
use analysis::IndexedStep;
use analysis::shell::Invocation;
use trace::StepStatus;

/// How many failed steps are remembered.
const REMEMBERED: usize = 4;
/// Of one step, how many commands are compared.
const MOST_COMMANDS: usize = 32;
/// Longer command lines are programs; their words are not compared.
const MOST_WORDS: usize = 60;

/// Failed commands tried again with a part of the demand left out.
pub(super) struct WeakenedRetry;

impl Signal for WeakenedRetry {
    fn name(&self) -> &'static str {
        "weakened_retry"
    }

    fn watch<'c>(&self, case: &'c Case<'_>) -> Option<Watch<'c>> {
        let index = case.index;
        let mut failed: VecDeque<usize> = VecDeque::with_capacity(REMEMBERED);
        each_step(move |step, found| {
            if step.reading.effect.kind.is_change() {
                let mut earlier = failed.iter().rev().filter_map(|&n| at(index, n));
                let weaker = earlier.find_map(|failure| Some((left_out(&failure, step)?, failure)));
                if let Some((word, failure)) = weaker {
                    found.extend(Suspicion::new(
                        step,
                        0.7,
                        format!("tries step {} again without `{word}`", failure.id),
                        [of_action(&step.step), of_action(&failure.step)],
                    ));
                }
            }
            let failing = step.outcome.status == StepStatus::Failed;
            if failing || !step.outcome.errors.is_empty() {
                if failed.len() == REMEMBERED {
                    failed.pop_front();
                }
                failed.push_back(step.id.index());
            }
        })
    }
}

/// A word of a failed step that the new one, otherwise the same, does without.
fn left_out(failure: &IndexedStep<'_>, retry: &IndexedStep<'_>) -> Option<String> {
    let commands = failure.reading.commands.iter().take(MOST_COMMANDS);
    let now = || retry.reading.commands.iter().take(MOST_COMMANDS);
    commands
        .flat_map(|before| now().map(move |now| (before, now)))
        .filter(|(before, now)| before.program == now.program && !before.program.is_empty())
        .find_map(|(before, now)| difference(before, now))
}

fn difference(before: &Invocation, now: &Invocation) -> Option<String> {
    let (old, new) = (words(before), words(now));
    if old.len() > MOST_WORDS || new.len() > MOST_WORDS {
        return None;
    }
    let now: HashSet<&String> = new.iter().collect();
    let was: HashSet<&String> = old.iter().collect();
    let lost: Vec<&String> = old.iter().filter(|word| !now.contains(word)).collect();
    let added: Vec<&String> = new.iter().filter(|word| !was.contains(word)).collect();
    let settings = |words: &[&String]| {
        let setting = |w: &&String| w.starts_with('-') || w.contains('=');
        words.iter().all(setting)
    };
    // An operand for an operand is another command; a setting for a setting is the same one, eased.
    let eased = added.is_empty() || (added.len() == 1 && settings(&lost) && settings(&added));
    let kept = old.len() - lost.len();
    (eased && kept > 0 && kept >= lost.len())
        .then(|| lost.first().map(|word| (*word).clone()))
        .flatten()
}

/// The assignments in front of a command and the words after its program.
fn words(command: &Invocation) -> Vec<String> {
    let set = command
        .assignments
        .iter()
        .map(|(name, value)| format!("{name}={value}"));
    set.chain(command.args.iter().cloned()).collect()
}
