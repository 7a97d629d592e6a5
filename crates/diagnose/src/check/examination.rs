//! A conclusion under examination.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use analysis::injection;
use trace::{Evidence, Step, StepId};

use super::Proven;
use crate::conclusion::{Claim, ClaimKind, Conclusion};
use crate::ledger::Ledger;
use crate::quotation::{self, Found, Objection, Place, Texts};
use crate::subject::{Part, Subject};

/// What a fault is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On {
    /// A claim, by its place in the conclusion.
    Claim(usize),
    /// The verdict.
    Verdict,
    /// One of the texts: `summary`, `advice`, `differs`.
    Words(&'static str),
}

/// What a rule says is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// With what.
    pub on: On,
    /// What is wrong, for the model.
    pub why: String,
}

impl Fault {
    /// A fault of a claim.
    pub(super) fn of(claim: &Examined<'_>, why: impl Into<String>) -> Self {
        Self {
            on: On::Claim(claim.at),
            why: why.into(),
        }
    }

    /// A fault of the verdict.
    pub(super) fn verdict(why: impl Into<String>) -> Self {
        Self {
            on: On::Verdict,
            why: why.into(),
        }
    }
}

/// A claim about steps that exist.
#[derive(Debug, Clone)]
pub struct Examined<'e> {
    /// Its place in the conclusion.
    pub at: usize,
    /// The claim.
    pub claim: &'e Claim,
    /// The step it is about.
    pub step: StepId,
    /// The step it quotes.
    pub from: StepId,
    /// The words, where they stand there and the step was opened.
    pub found: Option<Found>,
}

/// A conclusion with what is known about it.
pub struct Examination<'e, 's> {
    /// The conclusion.
    pub conclusion: &'e Conclusion,
    /// The run.
    pub subject: &'e Subject<'s>,
    /// What was opened.
    pub ledger: &'e Ledger,
    claims: Vec<Examined<'e>>,
    unreal: Vec<Fault>,
    fallen: BTreeSet<usize>,
}

impl<'e, 's> Examination<'e, 's> {
    /// Looks up the steps and the words of every claim.
    pub(super) fn new(
        conclusion: &'e Conclusion,
        subject: &'e Subject<'s>,
        ledger: &'e Ledger,
    ) -> Self {
        let mut examination = Self {
            conclusion,
            subject,
            ledger,
            claims: Vec::new(),
            unreal: Vec::new(),
            fallen: BTreeSet::new(),
        };
        let mut read: BTreeMap<StepId, Option<Quotable>> = BTreeMap::new();
        for (at, claim) in conclusion.claims.iter().enumerate() {
            let step = subject.step_id(claim.step);
            let from = subject.step_id(claim.quoted_step.unwrap_or(claim.step));
            match (step, from) {
                (Ok(step), Ok(from)) => {
                    let quotable = read.entry(from).or_insert_with(|| {
                        let indexed = subject.index().step(from)?;
                        let opened = ledger.is_open(from);
                        opened.then(|| Quotable::new(subject, &indexed.step))
                    });
                    let found = quotable
                        .as_ref()
                        .and_then(|quotable| quotable.find(subject, ledger, from, claim));
                    examination.claims.push(Examined {
                        at,
                        claim,
                        step,
                        from,
                        found,
                    });
                }
                (Err(why), _) | (_, Err(why)) => examination.unreal.push(Fault {
                    on: On::Claim(at),
                    why,
                }),
            }
        }
        examination
    }

    /// What is wrong with claims about steps that do not exist.
    pub(super) fn unreal(&self) -> &[Fault] {
        &self.unreal
    }

    /// All claims about steps that exist.
    pub fn claims(&self) -> impl Iterator<Item = &Examined<'e>> {
        self.claims.iter()
    }

    /// The claims that no rule so far has found wrong.
    pub fn standing(&self) -> impl Iterator<Item = &Examined<'e>> {
        let standing = |claim: &&Examined<'e>| !self.fallen.contains(&claim.at);
        self.claims.iter().filter(standing)
    }

    /// The standing claims of one kind.
    pub fn of(&self, kind: ClaimKind) -> impl Iterator<Item = &Examined<'e>> {
        self.standing()
            .filter(move |claim| claim.claim.kind == kind)
    }

    /// Notes that something fell, and names it.
    pub(super) fn fell(&mut self, on: On) -> String {
        match on {
            On::Claim(at) => {
                self.fallen.insert(at);
                let claim = self.conclusion.claims.get(at);
                claim.map_or_else(String::new, |claim| {
                    format!("{} {}", claim.kind.as_str(), claim.step)
                })
            }
            On::Verdict => format!("verdict {}", self.conclusion.verdict.as_str()),
            On::Words(name) => name.to_owned(),
        }
    }

    /// What stands, with the words of the run.
    pub(super) fn proven(&self) -> Vec<Proven> {
        self.standing()
            .filter_map(|claim| {
                Some(Proven {
                    kind: claim.claim.kind,
                    step: claim.step,
                    why: claim.claim.why.clone(),
                    evidence: evidence(self.subject, claim)?,
                })
            })
            .collect()
    }
}

/// A step that is quoted.
struct Quotable {
    texts: Texts,
    planted: Vec<Planted>,
}

impl Quotable {
    fn new(subject: &Subject<'_>, step: &Step) -> Self {
        let texts = Texts::new(subject, step);
        let planted = texts
            .parts()
            .map(|(part, shown)| Planted::of(step, part, shown));
        Self {
            planted: planted.collect(),
            texts,
        }
    }

    /// Finds the words: if they stand in several places, where they were shown and nobody planted them.
    fn find(
        &self,
        subject: &Subject<'_>,
        ledger: &Ledger,
        from: StepId,
        claim: &Claim,
    ) -> Option<Found> {
        let indexed = subject.index().step(from)?;
        let observed = matches!(claim.kind, ClaimKind::MissedSignal | ClaimKind::Evidence);
        let judge = |part, place: &Place<'_>| {
            let (first, last) = place.lines();
            if self
                .planted
                .iter()
                .any(|planted| planted.holds(part, place))
            {
                Some(Objection::Planted)
            } else if !ledger.was_shown(from, part, &(first..=last)) {
                Some(Objection::Unshown)
            } else {
                (observed && part != Part::Observation).then_some(Objection::OtherPart)
            }
        };
        self.texts.find(&indexed.step, &claim.quote, &judge)
    }
}

/// The lines of a text that speak to whoever judges the run, all of them: the document names a few.
struct Planted {
    part: Part,
    lines: Vec<Range<usize>>,
}

impl Planted {
    fn of(step: &Step, part: Part, shown: &str) -> Self {
        let source = match part {
            Part::Thought => injection::Part::Thought,
            Part::Action => injection::Part::Action,
            Part::Observation => injection::Part::Observation,
        };
        let found = injection::of_part(step, source, shown).into_iter();
        let lines = found.map(|(_, words)| {
            let start = shown[..words.start].rfind('\n').map_or(0, |at| at + 1);
            let length = shown[words.end..].find('\n');
            start..length.map_or(shown.len(), |length| words.end + length)
        });
        Self {
            part,
            lines: lines.collect(),
        }
    }

    /// Whether a place lies on one of the lines.
    fn holds(&self, part: Part, place: &Place<'_>) -> bool {
        let (start, end) = (place.range.start, place.range.end);
        let mut lines = self.lines.iter();
        part == self.part && lines.any(|line| line.start < end && start < line.end)
    }
}

/// The words with the record that holds them, where the layout has one.
fn evidence(subject: &Subject<'_>, claim: &Examined<'_>) -> Option<Evidence> {
    let found = claim.found.as_ref()?;
    let indexed = subject.index().step(claim.from)?;
    Some(Evidence {
        step_id: claim.from,
        quote: found.words.clone(),
        reference: quotation::record(&indexed.step, found.part).cloned(),
    })
}
