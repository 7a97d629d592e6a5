//! What is to be done with a path that a clause names.

use super::mention::Set;
use super::tables::{Deed, OPENERS, TAKES, has, verb};
use super::terms::Reader;

/// Words after which a verb stands in its base form.
const BEFORE_VERBS: &str = "& and can could do help i it may me might must need or shall should that \
     to us we which will would you";

/// Words for a file that is there and is to be finished.
const OPEN_WORK: &[&str] = &[
    "incomplete",
    "partial",
    "skeleton",
    "stub",
    "template",
    "unfinished",
];

impl Reader<'_, '_> {
    /// What is to be done to the path that is the piece `at`.
    pub(super) fn role(&self, at: usize, path: &str) -> Option<Deed> {
        let after = self.pieces[at + 1..].iter().take(6);
        if after
            .into_iter()
            .any(|p| OPEN_WORK.contains(&p.text.to_ascii_lowercase().as_str()))
        {
            return Some(Deed::Change);
        }
        if self.tone.background || !self.tone.demands {
            return None;
        }
        let before = &self.pieces[..at];
        let word = |back: usize| {
            let at = before.len().checked_sub(back)?;
            Some(before[at].text.to_ascii_lowercase())
        };
        // The nearest words decide: "from x", "the provided x", "named x".
        let near: Vec<String> = (1..=3).filter_map(word).collect();
        let naming = ["named", "called", "into", "as"];
        let close = near.first().map_or("", String::as_str);
        let said =
            self.text[self.clause.span.start..self.pieces[at].span.start].to_ascii_lowercase();
        // "make the tests in x pass" makes no x.
        let after = &self.pieces[at + 1..];
        let causes = said
            .split_whitespace()
            .next()
            .is_some_and(|w| w.starts_with("make"))
            && after
                .iter()
                .take(3)
                .any(|p| ["pass", "work", "run", "succeed", "compile"].contains(&p.text));
        if said.contains("except") || causes {
            return None;
        }
        // "a new file x", "call the script x": a name is given.
        let third = near.get(2).map_or("", String::as_str);
        let second = near.get(1).map_or("", String::as_str);
        if second == "new"
            || (["call", "name", "calling", "naming"].contains(&third)
                && ["the", "this", "it"].contains(&second))
            || (["call", "name"].contains(&second) && ["it", "this", "folder"].contains(&close))
        {
            return Some(Deed::Make);
        }
        if naming.contains(&close) {
            return Some(Deed::Make)
                .filter(|_| close != "as" || self.deed_before(at) != Some(Deed::Use));
        }
        if close == "to" {
            // "to /app/x" is where something goes unless it is where to look.
            return match self.deed_before(at) {
                Some(Deed::Use | Deed::Run) | None => self.tone.deed.filter(|d| *d == Deed::Make),
                Some(Deed::Other) => Some(Deed::Make),
                deed => deed,
            };
        }
        let folder = path.ends_with('/') || !path.rsplit('/').next().unwrap_or("").contains('.');
        let passive = self.passive(at);
        if passive.is_some() {
            return passive;
        }
        let taken = near
            .iter()
            .take_while(|w| TAKES.contains(&w.as_str()) || verb(w).is_none())
            .any(|w| TAKES.contains(&w.as_str()));
        let locative = ["in", "inside", "under", "at", "within"].contains(&close)
            || (near.len() > 1
                && ["the", "a"].contains(&close)
                && ["in", "inside", "under"].contains(&near[1].as_str()));
        // "Walks x" below "create a script that": a verb that is not known is no making.
        let other = at > 0 && self.pieces[0].set == Set::Word && self.pieces[0].text.ends_with('s');
        let deed = self.deed_before(at).or(self.tone.deed.filter(|_| !other));
        if locative {
            // "Place it in x", "complete f in x.py", but not "create the file y in x/".
            return match deed {
                Some(Deed::Make | Deed::Change) if !folder => deed,
                _ => None,
            };
        }
        if taken {
            return None;
        }
        deed
    }

    /// The deed of the last verb before a piece, in the same clause.
    fn deed_before(&self, at: usize) -> Option<Deed> {
        const GIVEN: &str = "containing contains exists given located provided";
        let mut deed = None;
        for (n, piece) in self.pieces[..at].iter().enumerate() {
            let lower = piece.text.to_ascii_lowercase();
            if piece.set != Set::Word {
                continue;
            }
            if has(GIVEN, &lower) {
                deed = Some(Deed::Use);
            } else if let Some((found, base)) = verb(&lower)
                && self.is_verb(n, base)
            {
                // "the encrypted archive" encrypts nothing; "saved in x" saves.
                let next = self.pieces.get(n + 1).map_or("", |p| p.text);
                let adjective = lower.ends_with("ed") && !has("as at by from in into on to", next);
                if !adjective || deed.is_none() {
                    deed = Some(found);
                }
            }
        }
        deed
    }

    /// True when the word at `n`, which can be a verb, is one here: "a summary report" and "the log
    /// file" name things.
    fn is_verb(&self, n: usize, base: bool) -> bool {
        const ARTICLES: &str = "a access an each error of the this your";
        let Some(last) = n.checked_sub(1).map(|n| &self.pieces[n]) else {
            return true;
        };
        let before = last.text.to_ascii_lowercase();
        let starts = self.pieces[n].text.starts_with(char::is_uppercase) || last.stop.is_some();
        let leads = has(BEFORE_VERBS, &before) || has(OPENERS, &before) || before.ends_with("ly");
        !has(ARTICLES, &before) && (!base || starts || leads)
    }

    /// What is said of a path after it: "x should be created", "x contains".
    fn passive(&self, at: usize) -> Option<Deed> {
        let after = &self.pieces[at + 1..];
        let first = after.first().map(|p| p.text.to_ascii_lowercase())?;
        if ![
            "must", "should", "shall", "will", "has", "needs", "is", "to",
        ]
        .contains(&first.as_str())
        {
            return None;
        }
        after.iter().take(4).find_map(|piece| {
            let (deed, base) = verb(piece.text)?;
            (!base && matches!(deed, Deed::Make | Deed::Change | Deed::Remove)).then_some(deed)
        })
    }

    /// The name of a file with an ending that is not known, where it is what a verb makes: "write
    /// me data.comp".
    pub(super) fn made_name(&self, at: usize) -> bool {
        let text = self.pieces[at].text;
        let plain = |part: &str| {
            !part.is_empty()
                && part
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b))
        };
        let named = text.rsplit_once('.').is_some_and(|(stem, ending)| {
            plain(stem)
                && plain(ending)
                && ending.len() <= 5
                && ending.bytes().any(|b| b.is_ascii_lowercase())
        });
        let mut before = self.pieces[..at].iter().rev().take(2);
        named
            && self.pieces[at].set != Set::Quoted
            && self.tone.demands
            && !self.tone.background
            && before.any(|p| verb(p.text) == Some((Deed::Make, true)))
    }

    /// True when a clause asks that a program be run: "running the `test_all.py` script".
    pub(super) fn is_run(&self, at: usize) -> bool {
        let text = self.pieces[at].text;
        let runs = [".sh", ".py", ".js", ".rb", ".pl"]
            .iter()
            .any(|e| text.ends_with(e));
        let mut before = self.pieces[..at]
            .iter()
            .rev()
            .map(|p| p.text.to_ascii_lowercase());
        let near: Vec<String> = before.by_ref().take(3).collect();
        let verb = near
            .iter()
            .position(|w| ["run", "running", "execute", "executing"].contains(&w.as_str()));
        let between = verb.map_or(&near[..], |n| &near[..n]);
        runs && verb.is_some()
            && between.iter().all(|w| {
                ["the", "a", "provided", "given", "script", "file", "your"].contains(&w.as_str())
            })
    }

    /// True when a program is said not to work: "the script x is failing".
    pub(super) fn is_broken(&self, at: usize) -> bool {
        let text = self.pieces[at].text;
        let runs = [".sh", ".py", ".js", ".rb", ".pl"]
            .iter()
            .any(|e| text.ends_with(e));
        let after = self.pieces[at + 1..].iter().take(3);
        let words: Vec<String> = after.map(|p| p.text.to_ascii_lowercase()).collect();
        let word = |n: usize| words.get(n).map_or("", String::as_str);
        let broken = ["failing", "broken", "crashing"].contains(&word(1)) && word(0) == "is";
        // "x fails y" may be about a test of it.
        let fails = ["fails", "crashes"].contains(&word(0))
            && ["", "to", "with", "when"].contains(&word(1));
        runs && (broken || fails)
    }
}
