//! The sentences of a document: a model's, made harmless, or ours.

use analysis::injection::is_unseen;
use trace::{ChainRole, Diagnosis, Verdict};

/// A model's words as a document may hold them: on one line, at most `most` bytes, without characters
/// that move a cursor, turn the direction of writing or are not seen.
#[must_use]
pub fn clean(text: &str, most: usize) -> String {
    let mut out = String::with_capacity(text.len().min(most));
    let mut spaced = true;
    for character in text.chars() {
        if character.is_whitespace() || character.is_control() {
            if !spaced {
                out.push(' ');
            }
            spaced = true;
        } else if !is_unseen(character) {
            out.push(character);
            spaced = false;
        }
        if out.len() > most {
            const CUT: &str = " \u{2026}";
            out.truncate(out.floor_char_boundary(most.saturating_sub(CUT.len())));
            out.truncate(out.rfind(' ').unwrap_or(out.len()));
            out.push_str(CUT);
            return out;
        }
    }
    out.truncate(out.trim_end().len());
    out
}

/// What a verdict says, where the model's own words cannot be taken.
pub(super) fn summary(document: &Diagnosis) -> String {
    let mut chain = document.chain.iter();
    let onset = chain.find(|link| link.role == ChainRole::Onset);
    match (document.verdict, onset) {
        (Verdict::FailureFound, Some(onset)) => {
            format!(
                "The run first goes wrong at step {}: {}",
                onset.step_id, onset.why
            )
        }
        (Verdict::Undecided, Some(onset)) => format!(
            "Whether the run failed is not clear; if it did, it first goes wrong at step {}: {}",
            onset.step_id, onset.why
        ),
        (Verdict::NoFailure, _) => "Nothing in the run speaks for a failure.".to_owned(),
        _ => "Whether the run failed is not clear.".to_owned(),
    }
}

/// What to do, where the model's own words cannot be taken.
pub(super) fn advice(document: &Diagnosis) -> String {
    let onset = document.onset_step_id;
    onset.map_or_else(String::new, |step| {
        format!("Go back to just before step {step} and decide anew.")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn hostile_words_are_made_harmless() {
        let text = " It \u{1b}[2Jfailed\r\n\nhere\u{202e}\u{200b} twice. ";
        assert_eq!(clean(text, 100), "It [2Jfailed here twice.");
        assert_eq!(clean("one two three four", 12), "one two \u{2026}");
    }

    proptest! {
        #[test]
        fn words_fit_and_stay_on_a_line(text in "\\PC{0,60}[\u{0}-\u{2fff}]{0,200}", most in 8usize..200) {
            let cleaned = clean(&text, most);
            prop_assert!(cleaned.len() <= most, "{}", cleaned.len());
            prop_assert!(!cleaned.chars().any(char::is_control));
            prop_assert_eq!(clean(&cleaned, most), cleaned);
        }
    }
}
