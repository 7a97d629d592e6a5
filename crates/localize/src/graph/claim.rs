//! What an agent asserts about its work.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use trace::{Step, StepId};

use crate::evidence::{Citation, of_action, of_action_line, of_thought};
use crate::facts::phrase::phrases;

/// What is asserted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ClaimKind {
    /// Tests or checks pass.
    Passes,
    /// Something works.
    Works,
    /// An error is gone.
    Fixed,
    /// The work, or a part of it, is done.
    Done,
}

impl ClaimKind {
    /// The name as it stands in printed graphs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Passes => "passes",
            Self::Works => "works",
            Self::Fixed => "fixed",
            Self::Done => "done",
        }
    }
}

/// Where the words of a claim stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Thought(usize),
    Action(usize),
    /// The run's closing message, which belongs to no step.
    Closing,
}

/// An assertion and what speaks against it.
#[derive(Debug)]
pub struct Claim {
    /// What is asserted.
    pub kind: ClaimKind,
    /// The step that says it; of a closing message the last one.
    pub step: StepId,
    /// The failing steps that say the opposite, in step order.
    pub against: Vec<StepId>,
    pub(super) place: Place,
}

impl Claim {
    /// Cites its words; of a closing message the action of the last step.
    #[must_use]
    pub fn cite(&self, step: &Step) -> Option<Citation> {
        match self.place {
            Place::Thought(at) => of_thought(step, at),
            Place::Action(at) => of_action_line(step, at),
            Place::Closing => of_action(step),
        }
    }
}

/// The phrases, and what each asserts.
const PHRASES: &[(&str, ClaimKind)] = &[
    ("tests pass", ClaimKind::Passes),
    ("tests passed", ClaimKind::Passes),
    ("tests are passing", ClaimKind::Passes),
    ("tests now pass", ClaimKind::Passes),
    ("test passes", ClaimKind::Passes),
    ("test passed", ClaimKind::Passes),
    ("passes all", ClaimKind::Passes),
    ("passed all", ClaimKind::Passes),
    ("checks pass", ClaimKind::Passes),
    ("works correctly", ClaimKind::Works),
    ("works perfectly", ClaimKind::Works),
    ("works as expected", ClaimKind::Works),
    ("works now", ClaimKind::Works),
    ("now works", ClaimKind::Works),
    ("working correctly", ClaimKind::Works),
    ("working perfectly", ClaimKind::Works),
    ("working as expected", ClaimKind::Works),
    ("working properly", ClaimKind::Works),
    ("is working", ClaimKind::Works),
    ("are working", ClaimKind::Works),
    ("running correctly", ClaimKind::Works),
    ("running successfully", ClaimKind::Works),
    ("is correct", ClaimKind::Works),
    ("is fixed", ClaimKind::Fixed),
    ("been fixed", ClaimKind::Fixed),
    ("is resolved", ClaimKind::Fixed),
    ("been resolved", ClaimKind::Fixed),
    ("fixed the", ClaimKind::Fixed),
    ("resolved the", ClaimKind::Fixed),
    ("successfully", ClaimKind::Done),
    ("is complete", ClaimKind::Done),
    ("are complete", ClaimKind::Done),
    ("now complete", ClaimKind::Done),
    ("been completed", ClaimKind::Done),
    ("is finished", ClaimKind::Done),
    ("is done", ClaimKind::Done),
    ("is ready", ClaimKind::Done),
    ("are ready", ClaimKind::Done),
    ("all requirements", ClaimKind::Done),
    ("have been met", ClaimKind::Done),
    ("been fulfilled", ClaimKind::Done),
];

/// Words before a phrase in its sentence that take the assertion back, or put it off.
const HEDGES: &[&str] = &[
    " not ",
    "n't ",
    " if ",
    "should",
    "would",
    "could",
    "might",
    "may ",
    "let me",
    "let's",
    "i'll",
    " will ",
    " need",
    "ensure",
    "make sure",
    "verify",
    "check if",
    "check that",
    "whether",
    " once ",
    "until",
    "when ",
    "before",
    "after ",
    "want",
    "try ",
    "trying",
    "unless",
    "unable",
    "failed",
    "never",
    "without",
    "seems",
    "appears",
    "expect",
    "assum",
];

static WORDS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    let words: Vec<&str> = PHRASES.iter().map(|(phrase, _)| *phrase).collect();
    phrases(&words)
});
static TAKEN_BACK: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| phrases(HEDGES));

/// How far back a sentence is looked at for a hedge, in bytes.
const SENTENCE: usize = 200;

/// The first plain assertion of each kind in a text, with the byte at which it stands.
pub(super) fn claims(text: &str) -> Vec<(ClaimKind, usize)> {
    let mut found: Vec<(ClaimKind, usize)> = Vec::new();
    let Some(words) = WORDS.as_ref() else {
        return found;
    };
    for hit in words.find_iter(text) {
        let kind = PHRASES[hit.pattern().as_usize()].1;
        if found.iter().all(|(known, _)| *known != kind)
            && is_plain(text, hit.start())
            && !is_of_the_fault(&text[hit.end()..])
        {
            found.push((kind, hit.start()));
        }
    }
    found
}

/// Beginnings of words by which it is the fault that was brought about: "successfully reproduced".
const FAULTS: &[&str] = &["reproduc", "replicat", "confirm", "trigger", "demonstrat"];

/// True when the word after a phrase says that the fault was seen, and not that it is gone.
fn is_of_the_fault(after: &str) -> bool {
    let word = after.trim_start();
    FAULTS.iter().any(|fault| {
        let begins = word.get(..fault.len());
        begins.is_some_and(|begins| begins.eq_ignore_ascii_case(fault))
    })
}

/// True when nothing before `at` in its sentence takes it back.
fn is_plain(text: &str, at: usize) -> bool {
    let from = text.floor_char_boundary(at.saturating_sub(SENTENCE));
    let before = &text[from..at];
    // The stop in `a.py` ends no sentence.
    let ends = |(at, c): &(usize, char)| match c {
        '\n' => true,
        '.' | '!' | '?' | ':' | ';' => before[at + 1..].starts_with(char::is_whitespace),
        _ => false,
    };
    let sentence = before.char_indices().rev().find(ends);
    let sentence = sentence.map_or(before, |(end, _)| &before[end + 1..]);
    let padded = format!(" {sentence}");
    TAKEN_BACK
        .as_ref()
        .is_some_and(|hedges| !hedges.is_match(&padded))
}

/// Phrases by which an agent says that it stops without having done what was asked.
const SURRENDERS: &[&str] = &[
    "unable to",
    "i cannot",
    "i can't",
    "could not be",
    "couldn't",
    "not possible to",
    "is not possible",
    "beyond the scope",
    "need your approval",
    "needs approval",
    "requires approval",
    "awaiting",
    "blocked by",
    "out of time",
    "in a real environment",
    "would need to be done",
];

/// Phrases that ask back. After work is done they offer more of it; where nothing was done they stand
/// in its place.
const ASKS: &[&str] = &[
    "would you like",
    "do you want me",
    "please provide",
    "please confirm",
    "please let me know",
    "manually",
];

static SURRENDER: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| phrases(SURRENDERS));
static ASK: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| phrases(ASKS));

/// Where a text first says that the work is not done, in bytes. `worked` tells whether the run changed
/// anything.
pub(super) fn surrender(text: &str, worked: bool) -> Option<usize> {
    let admits = crate::facts::phrase::first(SURRENDER.as_ref(), text);
    admits.or_else(|| crate::facts::phrase::first(ASK.as_ref().filter(|_| !worked), text))
}

#[cfg(test)]
mod tests {
    use super::{ClaimKind, claims};

    #[test]
    fn only_plain_assertions_are_claims() {
        let kinds = |text| claims(text).into_iter().map(|c| c.0).collect::<Vec<_>>();
        assert_eq!(
            kinds("All tests pass. The bug is fixed."),
            [ClaimKind::Passes, ClaimKind::Fixed]
        );
        assert_eq!(kinds("Built successfully."), [ClaimKind::Done]);
        assert!(kinds("Let me verify that it works correctly.").is_empty());
        assert!(kinds("The tests should pass once this is done.").is_empty());
        assert!(kinds("The server is not running successfully").is_empty());
        assert!(kinds("Let me check if a.py was created successfully").is_empty());
        assert!(kinds("The script successfully reproduced the bug").is_empty());
        assert!(kinds("The error was successfully  Replicated.").is_empty());
    }
}
