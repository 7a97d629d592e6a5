//! A quotation says something.

use std::collections::BTreeMap;

use super::{Examination, Examined, Fault, Rule};
use crate::subject::{Part, raw};

/// A quotation is long enough to mean something, or a whole line; and where it is short it is not one
/// that stands in most steps, such as a prompt.
pub(super) const RULE: Rule = Rule {
    name: "telling",
    judge,
};

/// Letters and digits of a quotation that is no whole line.
const LETTERS: usize = 8;
/// From this length on, in bytes, a quotation is taken for telling wherever it stands: a run that goes
/// round in circles repeats whole lines.
const LONG: usize = 60;
/// Runs shorter than this say nothing about what is common.
const STEPS: usize = 6;

fn judge(examination: &Examination<'_, '_>) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut short: Vec<&Examined<'_>> = Vec::new();
    for claim in examination.claims() {
        let Some(found) = &claim.found else {
            continue;
        };
        let letters = found.words.chars().filter(|c| c.is_alphanumeric()).count();
        if letters == 0 || (letters < LETTERS && !found.whole_line) {
            let why = "the quote is too short to show anything; quote the whole line";
            faults.push(Fault::of(claim, why));
        } else if found.words.len() < LONG {
            short.push(claim);
        }
    }
    for claim in everywhere(examination, &short) {
        let why = "the quote stands in most steps and shows nothing about this one; quote what is \
                   particular to it";
        faults.push(Fault::of(claim, why));
    }
    faults
}

/// The claims whose words stand in more than half of all steps.
fn everywhere<'c, 'e>(
    examination: &Examination<'_, '_>,
    claims: &[&'c Examined<'e>],
) -> Vec<&'c Examined<'e>> {
    let index = examination.subject.index();
    if claims.is_empty() || index.len() < STEPS {
        return Vec::new();
    }
    let words: Vec<&str> = claims
        .iter()
        .filter_map(|claim| Some(claim.found.as_ref()?.words.as_str()))
        .collect();
    let mut holding: BTreeMap<usize, usize> = BTreeMap::new();
    for step in index.steps() {
        let texts = Part::ALL.map(|part| raw(&step.step, part));
        for (number, words) in words.iter().enumerate() {
            if texts.iter().any(|text| text.contains(words)) {
                *holding.entry(number).or_default() += 1;
            }
        }
    }
    let common = holding
        .into_iter()
        .filter(|(_, steps)| steps * 2 > index.len());
    common
        .filter_map(|(number, _)| claims.get(number).copied())
        .collect()
}
