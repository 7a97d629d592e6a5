//! What the model was told stays with it.

use super::{Examination, Fault, On, Rule};
use crate::prompt;

/// No sentence of a conclusion repeats the standing instructions at length, or the mark of the fence:
/// who asks for them in the run's text finds nothing in the document. Secrets need no rule, since the
/// model is never shown one.
pub(super) const RULE: Rule = Rule {
    name: "discreet",
    judge,
};

/// So many words of the instructions in a row are no accident. Their definitions may be repeated.
const WORDS: usize = 16;

fn judge(examination: &Examination<'_, '_>) -> Vec<Fault> {
    let subject = examination.subject;
    let conclusion = examination.conclusion;
    let told = prompt::system(subject.fence.mark(), 0).unwrap_or_default();
    let told = format!(" {} ", plain(&told).join(" "));
    let mark = subject.fence.mark();
    let repeats = |text: &str| {
        text.contains(mark)
            || plain(text)
                .windows(WORDS)
                .any(|words| told.contains(&format!(" {} ", words.join(" "))))
    };
    let why = "it repeats what you were told; say what happened in the run";
    let mut faults: Vec<Fault> = examination
        .claims()
        .filter(|claim| repeats(&claim.claim.why))
        .map(|claim| Fault::of(claim, why))
        .collect();
    let texts = [
        ("summary", &conclusion.summary),
        ("advice", &conclusion.advice),
        ("differs", &conclusion.differs),
    ];
    let repeating = texts.into_iter().filter(|(_, text)| repeats(text));
    faults.extend(repeating.map(|(name, _)| Fault {
        on: On::Words(name),
        why: why.to_owned(),
    }));
    faults
}

/// The words of a text, in lower case and without signs.
fn plain(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_alphanumeric());
    let words = words.filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect()
}
