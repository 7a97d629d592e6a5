//! Finds what demands name in the texts of a run, all at once.

use aho_corasick::AhoCorasick;

use super::{Contract, Demand, DemandKind};
use crate::blame::file_name;

/// A text that is looked for.
struct Needle {
    /// Whose it is: the place of the demand in the contract.
    demand: usize,
    /// Which of the demand's texts.
    part: usize,
    /// The text.
    text: String,
    /// True when it is another spelling of what is demanded.
    other: bool,
}

/// One finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hit {
    /// The place of the demand in the contract.
    pub(super) demand: usize,
    /// Which of its texts.
    pub(super) part: usize,
    /// Where it begins.
    pub(super) at: usize,
    /// Where it ends.
    pub(super) end: usize,
    /// False when it is spelled otherwise than demanded.
    pub(super) exact: bool,
    /// True when only the case of its letters differs.
    pub(super) case_only: bool,
}

/// Everything a contract looks for.
pub(super) struct Hunt {
    automaton: Option<AhoCorasick>,
    needles: Vec<Needle>,
}

impl Hunt {
    /// Makes ready to look for what a contract names.
    pub(super) fn new(contract: &Contract) -> Self {
        let mut needles = Vec::new();
        for (demand, stated) in contract.demands.iter().enumerate() {
            for (part, text) in texts(stated).into_iter().enumerate() {
                let spellings = matches!(
                    stated.kind,
                    DemandKind::Literal { .. } | DemandKind::Format { .. }
                );
                for other in if spellings {
                    other_spellings(&text)
                } else {
                    Vec::new()
                } {
                    needles.push(Needle {
                        demand,
                        part,
                        text: other,
                        other: true,
                    });
                }
                needles.push(Needle {
                    demand,
                    part,
                    text,
                    other: false,
                });
            }
        }
        needles.retain(|needle| !needle.text.is_empty());
        let automaton = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .build(needles.iter().map(|needle| needle.text.as_str()))
            .ok()
            .filter(|_| !needles.is_empty());
        Self { automaton, needles }
    }

    /// Calls back for every place where something is named; linear in the text and the findings.
    pub(super) fn search(&self, text: &str, mut found: impl FnMut(Hit)) {
        let Some(automaton) = &self.automaton else {
            return;
        };
        for hit in automaton.find_overlapping_iter(text) {
            let needle = &self.needles[hit.pattern().as_usize()];
            if !stands_alone(text, hit.start(), hit.end()) {
                continue;
            }
            let same = text.as_bytes()[hit.range()] == *needle.text.as_bytes();
            found(Hit {
                demand: needle.demand,
                part: needle.part,
                at: hit.start(),
                end: hit.end(),
                exact: same && !needle.other,
                case_only: !same && !needle.other,
            });
        }
    }
}

/// The texts by which a demand is known. A demand's parts are all of them.
pub(super) fn texts(demand: &Demand) -> Vec<String> {
    match &demand.kind {
        DemandKind::Output { path, .. }
        | DemandKind::Removal { path }
        | DemandKind::Input { path } => vec![file_name(path).to_owned()],
        DemandKind::Command { command } => vec![command.clone()],
        DemandKind::Literal { text } => vec![bare_call(text).to_owned()],
        DemandKind::Format { parts } => parts.clone(),
        DemandKind::Limit { limit } => vec![limit.measure.clone()],
        DemandKind::Prohibition { objects, .. } => {
            objects.iter().map(|o| file_name(o).to_owned()).collect()
        }
        DemandKind::Service { port } => vec![port.to_string()],
        DemandKind::Verification => Vec::new(),
    }
}

/// The name of what is called, of a text like `module.name(arguments)`; any other text as it is.
fn bare_call(text: &str) -> &str {
    let plain = |c: char| c.is_alphanumeric() || "_.:".contains(c);
    match text.split_once('(') {
        Some((name, rest)) if rest.ends_with(')') && name.chars().all(plain) && name.len() > 2 => {
            name.rsplit(['.', ':']).next().unwrap_or(name)
        }
        _ => text,
    }
}

/// The same words joined in other ways: `sha256` as `sha-256`, `page_count` as `page-count`.
fn other_spellings(text: &str) -> Vec<String> {
    const LONGEST: usize = 48;
    let plain = |c: char| c.is_ascii_alphanumeric() || "_- ".contains(c);
    if text.len() < 5 || text.len() > LONGEST || !text.chars().all(plain) {
        return Vec::new();
    }
    let mut words: Vec<&str> = Vec::new();
    for chunk in text
        .split(['_', '-', ' '])
        .filter(|chunk| !chunk.is_empty())
    {
        let turn = chunk
            .as_bytes()
            .windows(2)
            .position(|pair| pair[0].is_ascii_alphabetic() && pair[1].is_ascii_digit());
        match turn {
            Some(n) => words.extend([&chunk[..=n], &chunk[n + 1..]]),
            None => words.push(chunk),
        }
    }
    if words.len() < 2 {
        return Vec::new();
    }
    let joined = ["", "_", "-", " "].map(|with| words.join(with));
    let mut joined: Vec<String> = joined
        .into_iter()
        .filter(|other| !other.eq_ignore_ascii_case(text))
        .collect();
    joined.dedup();
    joined
}

/// True when a finding is not the middle of a longer word.
fn stands_alone(text: &str, at: usize, end: usize) -> bool {
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    let bytes = text.as_bytes();
    let before = at.checked_sub(1).map(|n| bytes[n]);
    let after = bytes.get(end);
    let glued_before = before.is_some_and(|b| word(b) && word(bytes[at]));
    let glued_after = after.is_some_and(|&b| word(b) && word(bytes[end - 1]));
    // A name with an ending goes on: `out.json` is not in `out.json.bak`.
    let longer = after == Some(&b'.')
        && bytes.get(end + 1).is_some_and(u8::is_ascii_alphanumeric)
        && text[at..end].contains('.');
    !(glued_before || glued_after || longer)
}

#[cfg(test)]
mod tests {
    use super::{other_spellings, stands_alone};

    #[test]
    fn names_are_not_found_inside_longer_ones() {
        assert!(stands_alone("see out.json now", 4, 12));
        assert!(!stands_alone("see out.json.bak", 4, 12));
        assert!(!stands_alone("myout.json", 2, 10));
    }

    #[test]
    fn other_spellings_join_the_same_words() {
        assert_eq!(other_spellings("sha256"), ["sha_256", "sha-256", "sha 256"]);
        assert!(other_spellings("total").is_empty());
    }
}
