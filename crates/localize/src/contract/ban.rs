//! What a clause forbids.

use super::mention::{Piece, Set, path};
use super::scope::Voice;
use super::tables::{Deed, verb};
use super::terms::Reader;
use super::{DemandKind, Forbidden};

/// Phrases that look like a ban and are none.
const EXCUSES: &[&str] = &[
    "doesn't exist",
    "does not exist",
    "don't have to",
    "don't know",
    "don't need to",
    "i do not",
    "i don't",
    "may not",
    "might not",
    "no need to",
    "without conflict",
    "without error",
    "you do not need",
];

impl Reader<'_, '_> {
    /// Notes what the clause forbids; what stands after the returned byte is forbidden.
    pub(super) fn ban(&mut self) -> Option<usize> {
        let (at, end) = self.tone.forbids?;
        let said = self.text[self.clause.span.clone()].to_ascii_lowercase();
        if EXCUSES.iter().any(|words| said.contains(words)) {
            return None;
        }
        if self.clause.voice == Voice::Report || self.tone.background {
            return Some(at);
        }
        let after = self.forbidden_words(end);
        let forbids = kind(&after);
        // "must not create files outside of x" is about all the others.
        let inverse = after.iter().any(|p| {
            [
                // "do not write x from y": who wrote it by what means is not always to be seen.
                "from",
                "using",
                "via",
                "outside",
                "except",
                "other",
                "unless",
                "extra",
                "additional",
            ]
            .contains(&p.text)
        });
        let names = after
            .iter()
            .filter(|p| path(p).is_some() || (p.set == Set::Code && p.text.len() > 1));
        // "without changing them": what was named before.
        let pronoun = after
            .iter()
            .any(|p| ["it", "them", "these", "those"].contains(&p.text));
        let before = self.pieces.iter().rev().filter(|p| p.span.start < at);
        let meant = before.filter(|_| pronoun).find_map(path);
        // What is forbidden in one mode only cannot be judged without knowing the mode.
        let before_ban = said.get(..at - self.clause.span.start).unwrap_or("");
        let conditional = before_ban
            .split(|c: char| !c.is_alphanumeric())
            .any(|word| ["if", "when", "unless", "while"].contains(&word));
        let objects: Vec<String> = if inverse || conditional || forbids == Forbidden::Other {
            Vec::new()
        } else {
            let stated = names.map(|p| p.text);
            let mut all: Vec<String> = stated.chain(meant).map(str::to_owned).take(8).collect();
            if all.is_empty() && pronoun {
                // "do not change these files": those of the sentence before.
                all.clone_from(&self.named_before);
            }
            all
        };
        let weight = if objects.is_empty() { 0 } else { 2 };
        let span = at..self.clause.span.end;
        // "x must not read y" binds x; "do not read y" binds the agent.
        let phrase = self.text[at..end].to_ascii_lowercase();
        let of_subject = ["must", "should", "may", "can", "never"]
            .iter()
            .any(|word| phrase.starts_with(word));
        let before = self.pieces.iter().rev().filter(|p| p.span.end <= at);
        let by = before.take(3).find_map(path).filter(|_| of_subject);
        let kind = DemandKind::Prohibition {
            forbids,
            objects,
            by: by.map(str::to_owned),
        };
        self.found.add(format!("ban {at}"), kind, span, weight);
        Some(at)
    }

    /// What the ban is about: the pieces from byte `end` on.
    fn forbidden_words(&self, end: usize) -> Vec<&Piece<'_>> {
        // What follows a semicolon, a bracket or a dash is said of something else.
        let mut open = true;
        let after = self.pieces.iter().filter(|p| p.span.start >= end);
        after
            .take_while(|p| {
                let here = open;
                open = !(matches!(p.stop, Some(';' | ')')) || p.text.contains('—'));
                here
            })
            .collect()
    }
}

/// What kind of deed is forbidden.
fn kind(after: &[&Piece<'_>]) -> Forbidden {
    let deed = after
        .iter()
        .take(5)
        .find(|p| p.set == Set::Word && verb(p.text).is_some());
    match deed.map(|p| (p.text.to_ascii_lowercase(), verb(p.text))) {
        Some((word, _)) if word.starts_with("install") => Forbidden::Install,
        Some((word, _)) if word.starts_with("read") || word.starts_with("open") => Forbidden::Read,
        Some((word, _))
            if word.starts_with("use")
                || word.starts_with("using")
                || word.starts_with("import") =>
        {
            Forbidden::Use
        }
        Some((_, Some((Deed::Change | Deed::Make, _)))) => Forbidden::Change,
        Some((_, Some((Deed::Remove, _)))) => Forbidden::Remove,
        Some((_, Some((Deed::Run, _)))) => Forbidden::Run,
        _ => Forbidden::Other,
    }
}
