//! The changes of two runs, paired.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use trace::{AlignedChange, Relation, RelationCounts};

use super::align::align;
use super::change::StateChange;
use super::extract::Changes;
use super::likeness::{ALIKE, Likeness, compare};

/// How many changes of one thing are tried as counterparts of a change made elsewhere in the order.
const TRIED: usize = 64;

/// One entry of an alignment, by the places in the lists of changes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Entry {
    pub(super) a: Option<usize>,
    pub(super) b: Option<usize>,
    /// What the two have in common, where there are two.
    pub(super) likeness: Option<Likeness>,
    /// Made at another point of the order.
    pub(super) moved: bool,
}

/// The changes both runs made at the same point, and what each did between them.
#[derive(Debug, Default)]
pub(super) struct Pairing {
    /// In the order of both runs: pairs with what only `a` and then what only `b` did before them. An
    /// entry with `moved` stands where `a` made its change.
    pub(super) entries: Vec<Entry>,
}

impl Entry {
    /// How the two sides relate.
    pub(super) fn relation(&self) -> Relation {
        match (self.a, self.b, self.likeness) {
            (Some(_), Some(_), Some(likeness)) => likeness.relation,
            (Some(_), None, _) => Relation::OnlyA,
            _ => Relation::OnlyB,
        }
    }

    /// True when both made the change at the same point of their order.
    pub(super) fn is_in_order(&self) -> bool {
        self.a.is_some() && self.b.is_some() && !self.moved
    }
}

impl Pairing {
    /// Pairs the changes of two runs. The other way round gives the same pairs.
    pub(super) fn new(a: &Changes, b: &Changes) -> Self {
        let (ends_a, ends_b) = (&a.ends, &b.ends);
        let (a, b) = (&a.list, &b.list);
        let a_keys: Vec<u64> = a.iter().map(StateChange::key).collect();
        let b_keys: Vec<u64> = b.iter().map(StateChange::key).collect();
        let kin = |i: usize, j: usize| {
            let likeness = compare(&a[i], &b[j])?;
            // Two files that one run both has are not one file under two names.
            let apart = likeness.renamed
                && (a[i].place().is_some_and(|place| ends_b.of(place).is_some())
                    || b[j].place().is_some_and(|place| ends_a.of(place).is_some()));
            (!apart).then_some(likeness)
        };
        let worth = |i: usize, j: usize| kin(i, j).map(|likeness| likeness.share);
        // Of pairings that are equally good the one is taken that the smaller run would choose.
        let places = |list: &[StateChange]| -> Vec<String> {
            list.iter().map(StateChange::target_text).collect()
        };
        let order = a_keys.cmp(&b_keys).then_with(|| places(a).cmp(&places(b)));
        let pairs = if order == Ordering::Greater {
            let turned = align(&b_keys, &a_keys, |j, i| worth(i, j));
            turned.into_iter().map(|(j, i)| (i, j)).collect()
        } else {
            align(&a_keys, &b_keys, worth)
        };
        let pairs: Vec<(usize, usize, Likeness)> = pairs
            .into_iter()
            .filter_map(|(i, j)| Some((i, j, kin(i, j)?)))
            .collect();
        let moved = moved(a, b, &pairs);
        Self::assemble(a.len(), b.len(), &pairs, &moved)
    }

    fn assemble(
        a: usize,
        b: usize,
        pairs: &[(usize, usize, Likeness)],
        moved: &BTreeMap<usize, (usize, Likeness)>,
    ) -> Self {
        let moved_in_b: BTreeSet<usize> = moved.values().map(|(j, _)| *j).collect();
        let mut entries = Vec::new();
        let (mut next_a, mut next_b) = (0, 0);
        let ends = pairs.iter().map(|&(i, j, likeness)| (i, j, Some(likeness)));
        for (i, j, likeness) in ends.chain([(a, b, None)]) {
            entries.extend((next_a..i).map(|i| match moved.get(&i) {
                Some(&(j, likeness)) => Entry {
                    a: Some(i),
                    b: Some(j),
                    likeness: Some(likeness),
                    moved: true,
                },
                None => Entry {
                    a: Some(i),
                    b: None,
                    likeness: None,
                    moved: false,
                },
            }));
            let only_b = (next_b..j).filter(|j| !moved_in_b.contains(j));
            entries.extend(only_b.map(|j| Entry {
                a: None,
                b: Some(j),
                likeness: None,
                moved: false,
            }));
            if likeness.is_some() {
                entries.push(Entry {
                    a: Some(i),
                    b: Some(j),
                    likeness,
                    moved: false,
                });
            }
            (next_a, next_b) = (i + 1, j + 1);
        }
        Self { entries }
    }

    /// How many entries are of each relation.
    pub(super) fn counts(&self) -> RelationCounts {
        let mut counts = RelationCounts::default();
        for entry in &self.entries {
            let count = match entry.relation() {
                Relation::Same => &mut counts.same,
                Relation::Alike => &mut counts.alike,
                Relation::Different => &mut counts.different,
                Relation::OnlyA => &mut counts.only_a,
                Relation::OnlyB => &mut counts.only_b,
            };
            *count += 1;
        }
        counts
    }

    /// The entries as they stand in a document.
    pub(super) fn aligned(&self, a: &Changes, b: &Changes) -> Vec<AlignedChange> {
        let named = |entry: &Entry| AlignedChange {
            relation: entry.relation(),
            likeness: entry.likeness.map_or(0.0, |likeness| likeness.share),
            moved: entry.moved,
            a: entry.a.map(|at| a.list[at].named()),
            b: entry.b.map(|at| b.list[at].named()),
        };
        self.entries.iter().map(named).collect()
    }
}

/// The counterparts of changes that were made at another point of the order, by place in `a`: those that
/// are the same first, then those that are alike.
fn moved(
    a: &[StateChange],
    b: &[StateChange],
    pairs: &[(usize, usize, Likeness)],
) -> BTreeMap<usize, (usize, Likeness)> {
    let mut left: Vec<bool> = vec![true; a.len()];
    let mut right: Vec<bool> = vec![true; b.len()];
    for (i, j, _) in pairs {
        (left[*i], right[*j]) = (false, false);
    }
    let mut by_subject: BTreeMap<u64, (Vec<usize>, Vec<usize>)> = BTreeMap::new();
    for (at, change) in a.iter().enumerate().filter(|(at, _)| left[*at]) {
        by_subject.entry(change.subject()).or_default().0.push(at);
    }
    for (at, change) in b.iter().enumerate().filter(|(at, _)| right[*at]) {
        by_subject.entry(change.subject()).or_default().1.push(at);
    }
    let mut found = BTreeMap::new();
    for (ours, theirs) in by_subject.into_values() {
        let mut candidates: Vec<(usize, usize, Likeness)> = Vec::new();
        for &i in ours.iter().take(TRIED) {
            for &j in theirs.iter().take(TRIED) {
                let likeness = compare(&a[i], &b[j]).filter(|likeness| likeness.share >= ALIKE);
                candidates.extend(likeness.map(|likeness| (i, j, likeness)));
            }
        }
        // The most alike first; among equals the earliest of both together, whichever run is named first.
        candidates.sort_by(|one, other| {
            let order = other.2.share.total_cmp(&one.2.share);
            let sum = |c: &(usize, usize, Likeness)| (c.0 + c.1, c.0.abs_diff(c.1), c.0.min(c.1));
            order.then_with(|| sum(one).cmp(&sum(other)))
        });
        for (i, j, likeness) in candidates {
            if left[i] && right[j] {
                (left[i], right[j]) = (false, false);
                found.insert(i, (j, likeness));
            }
        }
    }
    found
}
