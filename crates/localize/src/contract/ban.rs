//! What a clause forbids.

use super::mention::{Piece, Set, path};
use super::scope::Voice;
use super::tables::{Deed, verb};
use super::terms::Reader;
use super::{DemandKind, Forbidden};

impl Reader<'_, '_> {
    /// Notes what the clause forbids; what stands after the returned byte is forbidden.
    pub(super) fn ban(&mut self) -> Option<usize> {
        let (at, end) = self.tone.forbids?;
        let said = self.text[self.clause.span.clone()].to_ascii_lowercase();
        let excuses = [
            "you don't have to",
            "you do not need",
            "don't need to",
            "don't have to",
            "no need to",
            "doesn't exist",
            "does not exist",
            "don't know",
            "without errors",
            "without error",
            "without conflict",
            "i don't",
            "i do not",
            "may not",
            "might not",
        ];
        if excuses.iter().any(|words| said.contains(words)) {
            return None;
        }
        if self.clause.voice == Voice::Report || self.tone.background {
            return Some(at);
        }
        let after: Vec<&Piece<'_>> = self.pieces.iter().filter(|p| p.span.start >= end).collect();
        let deed = after
            .iter()
            .take(5)
            .find(|p| p.set == Set::Word && verb(p.text).is_some());
        let forbids = match deed.map(|p| (p.text.to_ascii_lowercase(), verb(p.text))) {
            Some((word, _)) if word.starts_with("install") => Forbidden::Install,
            Some((word, _)) if word.starts_with("read") || word.starts_with("open") => {
                Forbidden::Read
            }
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
        };
        // "must not create files outside of x" is about all the others.
        let inverse = after.iter().any(|p| {
            [
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
        let objects: Vec<String> = if inverse || forbids == Forbidden::Other {
            Vec::new()
        } else {
            let stated = names.map(|p| p.text);
            stated.chain(meant).map(str::to_owned).take(8).collect()
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
}
