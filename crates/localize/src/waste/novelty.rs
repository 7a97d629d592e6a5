//! Looks that showed nothing new, and broad ones of which nothing was ever used.
//!
//! Words are the measure. A look is redundant when every word of its answer stood in an earlier answer
//! or in what the agent had written (what the task says still has to be seen), and no change had just been made that it could
//! have been meant to check. A listing or search is too broad when it brings up many words and none of
//! them is ever said again: not in an action, not in a thought, not in the last message.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use analysis::IndexedStep;
use analysis::activity::Activity;
use trace::{ActionKind, StepId, WasteCause};

use super::{Finding, Findings, Reason};
use crate::case::Case;
use crate::evidence::{action_text, of_observation};

/// Fewer words are known by chance.
const ENOUGH: usize = 3;
/// From this many new words on a listing is broad.
const BROAD: usize = 6;
/// How many of a listing's new words are followed.
const FOLLOWED: usize = 2_000;
/// How many words a run may know; past that nothing is called known any more.
const WORDS: usize = 1_000_000;
/// How much of an answer is read, in bytes.
const READ: usize = 1 << 20;

/// A broad look whose words nobody has used yet.
struct Scan {
    step: StepId,
    unused: bool,
    words: u32,
}

/// Finds them in one pass.
pub(super) fn find(case: &Case<'_>, findings: &mut Findings) {
    let trajectory = case.index.trajectory;
    let mut known: HashSet<u64> = HashSet::new();
    let told: HashSet<u64> = words(trajectory.task.as_deref().unwrap_or_default()).collect();
    let mut scans: Vec<Scan> = Vec::new();
    let mut waiting: HashMap<u64, usize> = HashMap::new();
    let mut files: HashSet<u64> = HashSet::new();
    // The step before may have been a change that this one checks.
    let mut since_change = 0_u32;
    for step in case.index.steps() {
        let asked = said(&step);
        for word in asked.iter().flat_map(|text| names(text)) {
            if let Some(scan) = waiting.remove(&word).and_then(|at| scans.get_mut(at)) {
                scan.unused = false;
            }
        }
        let looks = is_look(&step);
        let first_read = match &step.step.action.kind {
            ActionKind::Read { path } => files.insert(hash(path)),
            _ => false,
        };
        let answer = own_answer(&step);
        let heard: HashSet<u64> = answer.iter().flat_map(|line| words(line)).collect();
        let fresh = heard.difference(&known).count();
        let spoken: HashSet<u64> = asked.iter().flat_map(|text| words(text)).collect();
        let idle = is_idle(&step) && heard.is_subset(&spoken);
        if idle || looks && heard.len() >= ENOUGH && fresh == 0 && since_change > 0 && !first_read {
            let finding = Finding {
                cause: WasteCause::RepeatedExploration,
                explored: true,
                reason: if idle {
                    Reason::Idle
                } else {
                    Reason::NothingNew
                },
                shown: of_observation(&step.step, &(0..0)),
            };
            findings.add(step.id, finding);
        } else if looks && is_broad(&step) {
            let mut brought: Vec<u64> = answer
                .iter()
                .flat_map(|line| names(line))
                .filter(|word| !known.contains(word) && !told.contains(word))
                .collect();
            brought.sort_unstable();
            brought.dedup();
            if (BROAD..=FOLLOWED).contains(&brought.len()) && waiting.len() < WORDS {
                waiting.extend(brought.iter().map(|word| (*word, scans.len())));
                scans.push(Scan {
                    step: step.id,
                    unused: true,
                    words: u32::try_from(brought.len()).unwrap_or(u32::MAX),
                });
            }
        }
        if known.len() < WORDS {
            known.extend(heard);
            known.extend(spoken);
        } else {
            known.clear();
        }
        since_change = if step.reading.effect.kind.is_change() {
            0
        } else {
            since_change.saturating_add(1)
        };
    }
    let last = trajectory.final_message.as_deref().unwrap_or_default();
    for word in names(last) {
        if let Some(scan) = waiting.remove(&word).and_then(|at| scans.get_mut(at)) {
            scan.unused = false;
        }
    }
    for scan in scans.into_iter().filter(|scan| scan.unused) {
        let finding = Finding {
            cause: WasteCause::RepeatedExploration,
            explored: true,
            reason: Reason::Unused(scan.words),
            shown: None,
        };
        findings.add(scan.step, finding);
    }
}

/// True for steps that only look: no change, no run, no test, no build.
fn is_look(step: &IndexedStep<'_>) -> bool {
    let only = |a: &Activity| {
        matches!(
            a,
            Activity::Talk
                | Activity::Control
                | Activity::Probe
                | Activity::List
                | Activity::Read
                | Activity::Search
                | Activity::Inspect
        )
    };
    let looks = |a: &Activity| only(a) && !matches!(a, Activity::Talk | Activity::Control);
    let reading = &step.reading;
    !reading.effect.kind.is_change()
        && reading.activities.iter().all(only)
        && reading.activities.iter().any(looks)
}

/// True for a command that only says something and hands nothing in.
fn is_idle(step: &IndexedStep<'_>) -> bool {
    step.step
        .action
        .command()
        .is_some_and(|c| !c.trim().is_empty())
        && step.reading.activities.iter().all(|a| *a == Activity::Talk)
}

fn is_broad(step: &IndexedStep<'_>) -> bool {
    let broad = |a: &Activity| matches!(a, Activity::List | Activity::Search);
    step.reading.activities.iter().any(broad)
}

/// What the agent says in a step.
fn said<'s>(step: &'s IndexedStep<'_>) -> [&'s str; 3] {
    [
        step.step.thought.as_str(),
        step.step.reasoning.as_str(),
        action_text(&step.step),
    ]
}

/// The lines of an answer that do not merely echo what was typed.
fn own_answer<'s>(step: &'s IndexedStep<'_>) -> Vec<&'s str> {
    let text = step.step.observed();
    let text = &text[..text.floor_char_boundary(READ)];
    let screen = step.step.observation.as_ref().is_some_and(|o| o.screen);
    let typed: HashSet<&str> = if screen {
        let asked = action_text(&step.step).lines().map(str::trim);
        asked.filter(|line| !line.is_empty()).collect()
    } else {
        HashSet::new()
    };
    text.lines()
        .filter(|line| {
            // A prompt stands before what was typed.
            let line = line.trim();
            let echo = |at: usize| {
                line.get(at..)
                    .is_some_and(|tail| typed.contains(tail.trim()))
            };
            let prompts = line
                .char_indices()
                .filter(|(_, c)| "#$>%.".contains(*c))
                .take(8);
            !(typed.contains(line) || prompts.into_iter().any(|(at, c)| echo(at + c.len_utf8())))
        })
        .collect()
}

/// The words of a text: runs of letters of three or more, and numbers.
fn words(text: &str) -> impl Iterator<Item = u64> + '_ {
    text.split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .filter(|word| word.len() >= 3 || word.bytes().any(|b| b.is_ascii_digit()))
        .map(hash)
}

/// The words of a text that name something: four letters or more, so that sizes and dates stay out.
fn names(text: &str) -> impl Iterator<Item = u64> + '_ {
    text.split(|c: char| !(c.is_alphabetic() || c == '_'))
        .filter(|word| word.len() >= 4)
        .map(hash)
}

fn hash(word: &(impl Hash + ?Sized)) -> u64 {
    let mut hasher = DefaultHasher::new();
    word.hash(&mut hasher);
    hasher.finish()
}
