//! Words of a sentence, and how much two sentences say the same.

use std::collections::BTreeSet;

/// Words that carry no matter, as stems.
const STOP: &[&str] = &[
    "a", "an", "the", "thi", "that", "these", "those", "it", "they", "them", "their", "and", "or",
    "but", "so", "as", "at", "by", "for", "from", "in", "into", "of", "off", "on", "onto", "out",
    "over", "to", "up", "with", "than", "then", "there", "be", "is", "are", "wa", "were", "been",
    "am", "do", "doe", "did", "done", "ha", "have", "had", "can", "could", "may", "might", "will",
    "would", "shall", "should", "must", "often", "usual", "sometim", "also", "just", "very",
    "such", "which", "who", "whose", "what", "when", "where", "while", "if", "one", "s", "t",
    "agent", "run", "step",
];

/// Words that turn a sentence round, as stems.
const NEGATION: &[&str] = &[
    "no", "not", "never", "without", "nor", "none", "nothing", "cannot", "don", "doesn", "isn",
    "aren", "wasn", "weren", "didn", "won", "hardly", "rarely", "seldom", "neither",
];

/// From which share of common words on two sentences say the same.
const SAME_WORDS: f64 = 0.75;

/// The same where they also share so many pairs of neighbours.
const SAME_WORDS_IN_ORDER: f64 = 0.5;
const SAME_PAIRS: f64 = 0.35;

/// The words of a text in lower case, split at everything that is no letter or digit.
pub(super) fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
}

/// The stem of a word in lower case: English endings of number, tense and manner are taken off, alike
/// for all words, so that forms of one word meet. It need not be a word itself.
pub(super) fn stem(word: &str) -> String {
    if !word.is_ascii() || word.len() < 4 {
        return word.to_owned();
    }
    let singular = if let Some(rest) = word.strip_suffix("ies") {
        format!("{rest}y")
    } else if let Some(rest) = word.strip_suffix("sses") {
        format!("{rest}ss")
    } else if word.ends_with("ss") || word.ends_with("us") {
        word.to_owned()
    } else {
        word.strip_suffix('s').unwrap_or(word).to_owned()
    };
    let bare = if let Some(rest) = singular.strip_suffix("ied") {
        format!("{rest}y")
    } else {
        let cut = ["ing", "ed", "ly"].into_iter().find_map(|ending| {
            let rest = singular.strip_suffix(ending)?;
            let has_vowel = rest.bytes().any(|b| b"aeiouy".contains(&b));
            (rest.len() >= 3 && has_vowel).then(|| undoubled(rest))
        });
        cut.unwrap_or(singular)
    };
    match bare.strip_suffix('e') {
        Some(rest) if rest.len() >= 3 => rest.to_owned(),
        _ => bare,
    }
}

/// `stopp` as `stop`; `fall` and `pass` stay.
fn undoubled(word: &str) -> String {
    let bytes = word.as_bytes();
    match bytes {
        [.., a, b] if a == b && !b"lsz".contains(b) => {
            word.get(..word.len() - 1).unwrap_or(word).to_owned()
        }
        _ => word.to_owned(),
    }
}

/// The stems of a text's words, those without matter left out, in order.
pub(super) fn content(text: &str) -> Vec<String> {
    let stems = words(text).map(|word| stem(&word));
    stems.filter(|stem| !is_stop(stem)).collect()
}

/// Whether a stem carries no matter.
pub(super) fn is_stop(stem: &str) -> bool {
    STOP.contains(&stem)
}

/// What a sentence says, for comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sketch {
    stems: BTreeSet<String>,
    pairs: BTreeSet<(String, String)>,
    negated: bool,
}

impl Sketch {
    /// Of one sentence.
    pub(super) fn of(text: &str) -> Self {
        let content = content(text);
        let negations = content.iter().filter(|stem| is_negation(stem)).count();
        let stems: Vec<String> = content.into_iter().filter(|s| !is_negation(s)).collect();
        let pairs = stems.iter().zip(stems.iter().skip(1));
        Self {
            pairs: pairs.map(|(a, b)| (a.clone(), b.clone())).collect(),
            stems: stems.into_iter().collect(),
            negated: negations % 2 == 1,
        }
    }

    /// How much two sentences share, between 0 and 1; 0 where one denies what the other says.
    pub(super) fn likeness(&self, other: &Self) -> f64 {
        if self.negated == other.negated {
            share(&self.stems, &other.stems)
        } else {
            0.0
        }
    }

    /// Whether two sentences say the same.
    pub(super) fn says_what(&self, other: &Self) -> bool {
        let words = self.likeness(other);
        words >= SAME_WORDS
            || words >= SAME_WORDS_IN_ORDER && share(&self.pairs, &other.pairs) >= SAME_PAIRS
    }
}

fn is_negation(stem: &str) -> bool {
    NEGATION.contains(&stem)
}

/// Common members over all members; 0 for two empty sets.
#[expect(clippy::cast_precision_loss, reason = "counts of words")]
fn share<T: Ord>(a: &BTreeSet<T>, b: &BTreeSet<T>) -> f64 {
    let common = a.intersection(b).count();
    let all = a.len() + b.len() - common;
    if all == 0 {
        return 0.0;
    }
    common as f64 / all as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn same(a: &str, b: &str) -> bool {
        Sketch::of(a).says_what(&Sketch::of(b))
    }

    #[test]
    fn forms_of_one_word_meet() {
        for forms in [
            ["verify", "verifies", "verified", "verifying"],
            ["install", "installs", "installed", "installing"],
            ["stop", "stops", "stopped", "stopping"],
            ["write", "writes", "writing", "write"],
            ["pass", "passes", "passed", "passing"],
        ] {
            let stems: BTreeSet<String> = forms.iter().map(|form| stem(form)).collect();
            assert_eq!(stems.len(), 1, "{stems:?}");
        }
    }

    #[test]
    fn the_same_in_other_forms_is_the_same() {
        assert!(same(
            "The agent claims success without running the tests.",
            "Agents claim success without having run tests."
        ));
        assert!(same(
            "Installs fail early and the missing package is worked around instead of installed.",
            "An install fails early, and the missing package is worked around instead of installed later."
        ));
    }

    #[test]
    fn another_matter_and_a_denial_are_not_the_same() {
        assert!(!same(
            "The agent claims success without running the tests.",
            "The agent edits the file it was told to leave alone."
        ));
        assert!(!same(
            "The agent reads the output of a failing test.",
            "The agent never reads the output of a failing test."
        ));
    }

    proptest! {
        #[test]
        fn likeness_is_symmetric_and_bounded(a in any::<String>(), b in any::<String>()) {
            let (a, b) = (Sketch::of(&a), Sketch::of(&b));
            prop_assert_eq!(a.likeness(&b).to_bits(), b.likeness(&a).to_bits());
            prop_assert!((0.0..=1.0).contains(&a.likeness(&b)));
        }
    }
}
