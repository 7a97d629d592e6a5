//! What a step is worth to a reader, and into how many spans the stages go.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use analysis::intent::intent;
use trace::{StepId, StepStatus};

use super::Span;
use crate::subject::Subject;

/// What is known of every step before anything is drawn.
pub(super) struct Worth {
    pub(super) marks: Vec<Mark>,
    /// What steps do, in a word or two: `pytest`, `edit`. As recorded, not yet safe to show.
    pub(super) kinds: Vec<String>,
}

/// What is known of one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
// Each is an independent yes or no, not a state.
#[expect(clippy::struct_excessive_bools)]
pub(super) struct Mark {
    pub(super) change: bool,
    pub(super) failed: bool,
    /// Its place in [`Worth::kinds`].
    pub(super) kind: usize,
    /// The offline engine suspects it.
    pub(super) suspect: bool,
    /// The evidence graph ties it to what shows the failure.
    pub(super) tied: bool,
    weight: u32,
}

/// What counts for a line of its own. They add up; a step that only does again what the one before did
/// counts half.
mod weight {
    pub(super) const SUSPECT: u32 = 64;
    pub(super) const SHOWS_FAILURE: u32 = 32;
    pub(super) const LAST: u32 = 16;
    pub(super) const NEAR_SUSPECT: u32 = 12;
    pub(super) const FAILED: u32 = 8;
    pub(super) const CHANGE: u32 = 6;
    pub(super) const TIED: u32 = 4;
    pub(super) const ANY: u32 = 2;
}

/// How many suspects are marked: a mark on every step of a short run would say nothing.
const SUSPECTS: usize = 5;

impl Worth {
    pub(super) fn new(subject: &Subject<'_>, suspects: bool) -> Self {
        let mut worth = Self {
            marks: Vec::with_capacity(subject.index().len()),
            kinds: Vec::new(),
        };
        worth.read(subject);
        if suspects {
            worth.suspect(subject);
        }
        if let Some(last) = worth.marks.last_mut() {
            last.weight += weight::LAST;
        }
        worth.discount_repeats();
        worth
    }

    fn read(&mut self, subject: &Subject<'_>) {
        let mut known: BTreeMap<String, usize> = BTreeMap::new();
        for indexed in subject.index().steps() {
            let name = kind(&intent(&indexed.step, &indexed.reading)).to_owned();
            let next = known.len();
            let place = *known.entry(name).or_insert_with_key(|name| {
                self.kinds.push(name.clone());
                next
            });
            let change = indexed.reading.effect.kind.is_change();
            let failed = indexed.outcome.status == StepStatus::Failed;
            self.marks.push(Mark {
                change,
                failed,
                kind: place,
                suspect: false,
                tied: false,
                weight: weight::ANY
                    + u32::from(change) * weight::CHANGE
                    + u32::from(failed) * weight::FAILED,
            });
        }
    }

    /// Adds what the offline engine says.
    fn suspect(&mut self, subject: &Subject<'_>) {
        for candidate in subject.case.graph.candidates() {
            if let Some(mark) = self.marks.get_mut(candidate.step.index()) {
                mark.tied = !candidate.repaired;
                mark.weight += u32::from(mark.tied) * weight::TIED;
            }
        }
        for failure in &subject.offline.failures {
            if let Some(mark) = self.marks.get_mut(failure.step_id.index()) {
                mark.weight += weight::SHOWS_FAILURE;
            }
        }
        for candidate in subject.offline.onset_candidates.iter().take(SUSPECTS) {
            let at = candidate.step_id.index();
            if let Some(mark) = self.marks.get_mut(at) {
                mark.suspect = true;
                mark.weight += weight::SUSPECT;
            }
            for near in [at.checked_sub(1), Some(at + 1)].into_iter().flatten() {
                if let Some(mark) = self.marks.get_mut(near) {
                    mark.weight += weight::NEAR_SUSPECT;
                }
            }
        }
    }

    fn discount_repeats(&mut self) {
        for at in (1..self.marks.len()).rev() {
            let (before, mark) = (self.marks[at - 1], &mut self.marks[at]);
            let same = (before.kind, before.change, before.failed)
                == (mark.kind, mark.change, mark.failed);
            if same && !mark.suspect {
                mark.weight /= 2;
            }
        }
    }

    /// The worthiest steps, the best first, at most so many. Of equal ones those come first that halve
    /// the run, then those that halve the halves, so that no part of a long run is left dark.
    pub(super) fn order(&self, most: usize) -> Vec<StepId> {
        let key = |at: usize| {
            let spread = u32::try_from(at).unwrap_or(u32::MAX).reverse_bits();
            (Reverse(self.marks[at].weight), spread)
        };
        let mut order: Vec<usize> = (0..self.marks.len()).collect();
        if order.len() > most {
            order.select_nth_unstable_by_key(most, |at| key(*at));
            order.truncate(most);
        }
        order.sort_unstable_by_key(|at| key(*at));
        order.into_iter().map(StepId::from_index).collect()
    }

    /// The stages as at most `wanted` spans of neighbours; those with suspects or failures count more,
    /// so that they are merged with fewer others.
    pub(super) fn spans(&self, subject: &Subject<'_>, wanted: usize) -> Vec<Span> {
        let stages = &subject.index().stages;
        let weights: Vec<u64> = stages
            .iter()
            .map(|stage| {
                let marks = self.marks.get(stage.start.index()..=stage.end.index());
                let marks = marks.unwrap_or_default();
                let hot = marks.iter().any(|mark| mark.suspect);
                let failed = marks.iter().any(|mark| mark.failed);
                1 + u64::from(hot) * 3 + u64::from(failed)
            })
            .collect();
        let all: u64 = weights.iter().sum();
        let mut spans: Vec<Span> = Vec::new();
        let (mut sum, mut group) = (0, None);
        for (at, (stage, weight)) in stages.iter().zip(&weights).enumerate() {
            let here = if wanted >= stages.len() {
                at as u64
            } else {
                sum * wanted as u64 / all.max(1)
            };
            sum += weight;
            match spans.last_mut() {
                Some(span) if group == Some(here) => {
                    span.stages.1 = at;
                    span.steps.1 = stage.end;
                }
                _ => spans.push(Span {
                    stages: (at, at),
                    steps: (stage.start, stage.end),
                }),
            }
            group = Some(here);
        }
        spans
    }
}

/// What a step does, out of its intent: the program it runs, else the verb.
fn kind(intent: &str) -> &str {
    let mut words = intent.split(' ');
    match (words.next(), words.next()) {
        (Some("run"), Some(program)) => program,
        (verb, _) => verb.unwrap_or_default(),
    }
}
