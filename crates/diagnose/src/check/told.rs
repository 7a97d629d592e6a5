//! The summary says no more than what was proven.

use std::collections::BTreeSet;

use super::{Examination, Fault, On, Rule};

/// Summary, advice and reason for differing name only steps that were opened or stand in the offline
/// diagnosis, and none about which every claim fell: what was dropped does not come back as prose.
pub(super) const RULE: Rule = Rule {
    name: "told",
    judge,
};

fn judge(examination: &Examination<'_, '_>) -> Vec<Fault> {
    let conclusion = examination.conclusion;
    let standing: BTreeSet<u64> = examination.standing().map(|c| c.claim.step).collect();
    let claimed: BTreeSet<u64> = conclusion.claims.iter().map(|c| c.step).collect();
    let offline = examination.subject.offline;
    let known = |number: u64| {
        let step = examination.subject.step_id(number);
        step.is_ok_and(|step| {
            let found = offline.onset_candidates.iter();
            examination.ledger.is_open(step)
                || offline.onset_step_id == Some(step)
                || found.into_iter().any(|candidate| candidate.step_id == step)
        })
    };
    let texts = [
        ("summary", &conclusion.summary),
        ("advice", &conclusion.advice),
        ("differs", &conclusion.differs),
    ];
    let mut faults = Vec::new();
    for (name, text) in texts {
        for number in steps_named(text) {
            let why = if !known(number) {
                format!("it names step {number}, which was not opened")
            } else if claimed.contains(&number) && !standing.contains(&number) {
                format!("it names step {number}, about which no claim stands the check")
            } else {
                continue;
            };
            faults.push(Fault {
                on: On::Words(name),
                why,
            });
            break;
        }
    }
    faults
}

/// The numbers that follow `step` or `steps`: `step 3`, `steps 4, 5 and 7-9` (both ends of a range).
fn steps_named(text: &str) -> Vec<u64> {
    let mut numbers = Vec::new();
    let mut listing = false;
    for word in text.split(|c: char| !c.is_alphanumeric()) {
        let lower = word.to_ascii_lowercase();
        match lower.as_str() {
            "step" | "steps" => listing = true,
            "" | "and" | "or" | "to" | "through" => {}
            number => match number.parse() {
                Ok(number) if listing => numbers.push(number),
                _ => listing = false,
            },
        }
    }
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_read_out_of_prose() {
        let named =
            steps_named("At Step 3 it left 12 files; steps 4, 5 and 7-9 (see step #11) took 20 s.");
        assert_eq!(named, [3, 4, 5, 7, 9, 11]);
        assert!(steps_named("two-step login, 3 tests").is_empty());
    }
}
