//! What was opened, and what the model noted.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use trace::StepId;

use crate::subject::{Part, Subject};

/// Notes beyond this many push out the oldest.
const MOST_NOTES: usize = 16;

/// The lines of one part of a step that were shown, counted from 1: sorted, apart from each other.
type Shown = Vec<RangeInclusive<usize>>;

/// The evidence ledger: code keeps it, so that no model can say it read what it did not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ledger {
    opened: BTreeSet<StepId>,
    shown: BTreeMap<(StepId, Part), Shown>,
    tools: BTreeMap<String, u32>,
    notes: Vec<String>,
}

impl Ledger {
    /// Notes that a step's text was shown.
    pub fn open(&mut self, step: StepId) {
        self.opened.insert(step);
    }

    /// Notes that these lines of a part were shown, counted from 1; that opens the step. A line of which
    /// only a piece was shown counts: who quotes it has seen where it stands.
    pub fn show(&mut self, step: StepId, part: Part, lines: RangeInclusive<usize>) {
        self.open(step);
        let shown = self.shown.entry((step, part)).or_default();
        let (mut first, mut last) = lines.into_inner();
        if first > last {
            return;
        }
        shown.retain(|known| {
            let touches =
                *known.start() <= last.saturating_add(1) && first <= known.end().saturating_add(1);
            if touches {
                first = first.min(*known.start());
                last = last.max(*known.end());
            }
            !touches
        });
        let at = shown.partition_point(|known| *known.start() < first);
        shown.insert(at, first..=last);
    }

    /// Notes that a tool was called.
    pub fn called(&mut self, tool: &str) {
        *self.tools.entry(tool.to_owned()).or_default() += 1;
    }

    /// Keeps a note or an open question of the model; survives compaction. Of many notes the newest
    /// 16 stay.
    pub fn note(&mut self, text: impl Into<String>) {
        if self.notes.len() >= MOST_NOTES {
            self.notes.remove(0);
        }
        self.notes.push(text.into());
    }

    /// The steps whose text was shown.
    #[must_use]
    pub fn opened(&self) -> &BTreeSet<StepId> {
        &self.opened
    }

    /// Which lines of a part were shown, counted from 1: in order, no two touching. The lines are those of
    /// [`Subject::text`].
    #[must_use]
    pub fn shown(&self, step: StepId, part: Part) -> &[RangeInclusive<usize>] {
        self.shown.get(&(step, part)).map_or(&[], Vec::as_slice)
    }

    /// Whether all these lines of a part were shown.
    #[must_use]
    pub fn was_shown(&self, step: StepId, part: Part, lines: &RangeInclusive<usize>) -> bool {
        let mut shown = self.shown(step, part).iter();
        shown.any(|known| known.contains(lines.start()) && known.contains(lines.end()))
    }

    /// How often each tool was called.
    #[must_use]
    pub fn tools(&self) -> &BTreeMap<String, u32> {
        &self.tools
    }

    /// What the model noted.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Whether a step was opened.
    #[must_use]
    pub fn is_open(&self, step: StepId) -> bool {
        self.opened.contains(&step)
    }

    /// The stages of which a step was opened, by their ids.
    #[must_use]
    pub fn stages(&self, subject: &Subject<'_>) -> BTreeSet<u32> {
        let index = subject.index();
        let stages = self.opened.iter().filter_map(|step| index.stage_of(*step));
        stages.map(|stage| stage.id).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn first() -> StepId {
        StepId::from_index(0)
    }

    #[test]
    fn lines_that_touch_are_one_stretch() {
        let mut ledger = Ledger::default();
        ledger.show(first(), Part::Observation, 1..=3);
        ledger.show(first(), Part::Observation, 8..=9);
        ledger.show(first(), Part::Observation, 4..=5);
        assert_eq!(ledger.shown(first(), Part::Observation), [1..=5, 8..=9]);
        assert!(ledger.was_shown(first(), Part::Observation, &(2..=5)));
        assert!(!ledger.was_shown(first(), Part::Observation, &(5..=8)));
        assert!(!ledger.was_shown(first(), Part::Action, &(1..=1)));
        assert!(ledger.is_open(first()));
    }

    #[test]
    fn the_newest_notes_stay() {
        let mut ledger = Ledger::default();
        for number in 0..40 {
            ledger.note(number.to_string());
        }
        assert_eq!(ledger.notes().len(), MOST_NOTES);
        assert_eq!(ledger.notes().last().map(String::as_str), Some("39"));
    }

    proptest! {
        #[test]
        fn what_was_shown_is_what_is_said(
            shown in prop::collection::vec((1_usize..40, 0_usize..8), 0..20),
            asked in 1_usize..60,
        ) {
            let mut ledger = Ledger::default();
            for (start, length) in &shown {
                ledger.show(first(), Part::Action, *start..=start + length);
            }
            let expected = shown.iter().any(|(start, length)| (*start..=start + length).contains(&asked));
            prop_assert_eq!(ledger.was_shown(first(), Part::Action, &(asked..=asked)), expected);
            let stretches = ledger.shown(first(), Part::Action);
            prop_assert!(stretches.windows(2).all(|pair| pair[0].end() + 1 < *pair[1].start()));
        }
    }
}
