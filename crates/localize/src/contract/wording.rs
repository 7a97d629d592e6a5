//! What a clause does: demand, forbid or describe.

use super::limit::has_word;
use super::mention::{Piece, Set};
use super::prose::Clause;
use super::scope::Voice;
use super::tables::{
    ASKS, BACKGROUND, DESCRIBES, Deed, FORBIDS, FRAME, MODALS, OPENERS, has, verb,
};

/// How a clause is meant.
#[allow(
    clippy::struct_excessive_bools,
    reason = "a clause can be several of these at once"
)]
#[derive(Debug, Clone, Default)]
pub(super) struct Tone {
    /// Something is asked for.
    pub(super) demands: bool,
    /// The verb that opens it, if it is an imperative or its list's lead is.
    pub(super) deed: Option<Deed>,
    /// Where in the whole text the forbidding phrase stands, and where it ends.
    pub(super) forbids: Option<(usize, usize)>,
    /// The result is to be checked.
    pub(super) checks: bool,
    /// It speaks of how the agent is to answer.
    pub(super) frame: bool,
    /// It stands among things that are described.
    pub(super) background: bool,
}

/// Reads a clause, given how the clause that introduces it is meant.
pub(super) fn tone(text: &str, clause: &Clause, pieces: &[Piece<'_>], lead: Option<&Tone>) -> Tone {
    let said = text[clause.span.clone()].to_ascii_lowercase();
    if FRAME.iter().any(|words| said.contains(words)) {
        return Tone {
            frame: true,
            ..Tone::default()
        };
    }
    let heading = clause
        .heading
        .clone()
        .map(|span| text[span].to_ascii_lowercase())
        .unwrap_or_default();
    let opening = opening(pieces, &said);
    let asks = ASKS.iter().any(|words| begins(&said, words)) || said.contains("so that i can run");
    let modal = MODALS.iter().any(|word| has_word(&said, word))
        || said.contains("make sure")
        || said.contains("have to")
        || said.contains("has to");
    let own_background =
        said.ends_with(':') && names_background(&said) && opening.is_none() && !modal && !asks;
    let background = own_background
        || match lead {
            Some(lead) => lead.background || (names_background(&heading) && !lead.demands),
            None => names_background(&heading),
        };
    let reported = clause.voice == Voice::Report;
    let alone = matches!(pieces, [piece] if piece.set != Set::Word);
    let listed =
        (clause.item || alone) && lead.is_some_and(|lead| lead.demands) && !describes(&said);
    let imperative = opening.is_some();
    let demands = if reported {
        modal && !background
    } else {
        asks || modal || imperative || (listed && !background)
    };
    let deed = opening.or_else(|| lead.filter(|_| clause.item).and_then(|lead| lead.deed));
    Tone {
        demands,
        deed,
        forbids: forbids(&said, clause.span.start).or_else(|| {
            // Under "must exclude" or "do not" every item is forbidden; only the latter is a ban.
            lead.filter(|lead| clause.item && lead.forbids.is_some())
                .map(|_| (clause.span.start, clause.span.start))
        }),
        checks: !reported && demands && checks(&said, opening),
        frame: false,
        background: background && !modal && !asks,
    }
}

/// The deed of the imperative that opens a clause.
fn opening(pieces: &[Piece<'_>], said: &str) -> Option<Deed> {
    let asked = ASKS
        .iter()
        .filter(|words| begins(said, words))
        .map(|w| w.split(' ').count())
        .max();
    let skip = asked.unwrap_or(0);
    for piece in pieces.iter().skip(skip).take(5) {
        if piece.set != Set::Word {
            return None;
        }
        if let Some((deed, base)) = verb(piece.text) {
            return base.then_some(deed);
        }
        let lower = piece.text.to_ascii_lowercase();
        let leads = has(OPENERS, &lower)
            || ["you", "me", "is", "a", "do", "help"].contains(&lower.as_str())
            // "To run it …" says what for; "your task is to run it" asks.
            || (lower == "to" && skip > 0);
        let adverb = lower.ends_with("ly");
        if !(leads || adverb || piece.stop == Some(':')) {
            return None;
        }
    }
    None
}

fn begins(said: &str, words: &str) -> bool {
    let said = said
        .trim_start_matches("please ")
        .trim_start_matches("so ")
        .trim_start_matches("and ");
    said.strip_prefix(words)
        .is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
}

/// True for a sentence that only says what is there.
fn describes(said: &str) -> bool {
    let first = said.split_whitespace().next().unwrap_or("");
    ["there", "this", "these", "it's", "you"].contains(&first)
        || DESCRIBES.iter().any(|word| has_word(said, word))
}

fn names_background(title: &str) -> bool {
    BACKGROUND.iter().any(|word| {
        title
            .match_indices(word)
            .any(|(at, _)| !title[..at].ends_with(char::is_alphanumeric))
    }) && ![
        "output",
        "requirement",
        "must",
        "create",
        "your task",
        "implement",
    ]
    .iter()
    .any(|word| title.contains(word))
}

/// The first forbidding phrase.
fn forbids(said: &str, base: usize) -> Option<(usize, usize)> {
    FORBIDS
        .iter()
        .filter_map(|words| {
            let at = said.match_indices(words).map(|(at, _)| at).find(|&at| {
                !said[..at].ends_with(char::is_alphanumeric)
                    && !said[at + words.len()..].starts_with(char::is_alphanumeric)
                    && !is_complaint(&said[..at], words)
            })?;
            Some((base + at, base + at + words.len()))
        })
        .min_by_key(|(at, end)| (*at, std::cmp::Reverse(*end)))
}

/// "I can't find them", "we cannot log in": what the writer is not able to do forbids nothing.
fn is_complaint(before: &str, words: &str) -> bool {
    let subject = before.split_whitespace().next_back().unwrap_or("");
    words.starts_with("can") && ["i", "we"].contains(&subject)
}

/// True when a clause asks that the result be checked.
fn checks(said: &str, opening: Option<Deed>) -> bool {
    let tests = ["test", "tests", "testsuite", "test suite", "test script"]
        .iter()
        .any(|word| has_word(said, word));
    let pass = ["pass", "passes", "passing", "cleanly", "succeed", "green"]
        .iter()
        .any(|word| has_word(said, word));
    let verify = ["verify", "validate"]
        .iter()
        .any(|word| has_word(said, word));
    verify
        || (tests && pass)
        || (opening == Some(Deed::Check))
        || (opening == Some(Deed::Run) && tests)
}

#[cfg(test)]
mod tests {
    use super::forbids;

    #[test]
    fn the_first_forbidding_phrase_is_found_whole() {
        assert_eq!(forbids("please do not edit", 10), Some((17, 23)));
        assert_eq!(forbids("it must not be slow", 0), Some((3, 11)));
        assert_eq!(forbids("nothing", 0), None);
        assert_eq!(forbids("but i can't find them", 0), None);
        assert_eq!(forbids("you cannot use it", 0), Some((4, 10)));
    }
}
