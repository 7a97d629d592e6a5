//! What became of the lines each step wrote.

use std::collections::BTreeMap;

use trace::StepId;

use super::content::Content;
use super::line::Lines;

/// How the lines a step wrote fared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Fate {
    /// Lines that were its own when it ended.
    pub(super) written: usize,
    /// Lines of it that stand now, counted once a file.
    standing: usize,
    /// The step that took the last of them away.
    pub(super) ended: Option<StepId>,
}

impl Fate {
    /// Lines that stand, of those it wrote.
    pub(super) fn standing(&self) -> usize {
        self.standing.min(self.written)
    }
}

/// The fates of all steps.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    fates: BTreeMap<StepId, Fate>,
}

impl Ledger {
    /// Books that `step` made `after` of `before` in one file. Blank lines are left out: they stand
    /// everywhere, and the one behind the last line feed outlives every rewrite.
    pub(super) fn book(
        &mut self,
        step: StepId,
        before: Option<&Content>,
        after: Option<&Content>,
        texts: &Lines,
    ) {
        let mut change: BTreeMap<StepId, (usize, usize)> = BTreeMap::new();
        let lines = |content: Option<&Content>| -> Vec<StepId> {
            let lines = content.into_iter().flat_map(Content::lines);
            let telling = lines.filter(|line| !texts.text(line.text).trim().is_empty());
            telling.filter_map(|line| line.origin.step()).collect()
        };
        for owner in lines(before) {
            change.entry(owner).or_default().0 += 1;
        }
        for owner in lines(after) {
            change.entry(owner).or_default().1 += 1;
        }
        for (owner, (was, is)) in change {
            let fate = self.fates.entry(owner).or_default();
            if owner == step {
                fate.written += is.saturating_sub(was);
            }
            fate.standing = (fate.standing + is).saturating_sub(was);
            if fate.standing == 0 && was > 0 {
                fate.ended = Some(step);
            } else if fate.standing > 0 {
                fate.ended = None;
            }
        }
    }

    /// The fate of what a step wrote; `None` when it wrote no line.
    pub(super) fn fate(&self, step: StepId) -> Option<Fate> {
        self.fates
            .get(&step)
            .copied()
            .filter(|fate| fate.written > 0)
    }
}
