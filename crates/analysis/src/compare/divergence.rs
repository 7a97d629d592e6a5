//! Where two runs stop doing alike things and do not come back.
//!
//! Of the differences that part the runs (`settled`) that is told first which matters: something both runs
//! changed, or the task names. Only where no such thing parted them, differences in detail are named, and
//! then other things.

use std::collections::BTreeMap;

use trace::{ChangeKind, DivergedSide, Divergence, Relation, StepId};

use super::change::StateChange;
use super::extract::Changes;
use super::pairing::{Entry, Pairing};
use super::settled::{Run, Weight, weigh};

/// How many changes of each side are named.
const NAMED: usize = 8;

/// Places in the lists of changes of both runs.
type Both = [Option<usize>; 2];

/// Finds the first divergence. `tasks` are the task texts, `last` the last steps.
pub(super) fn find(
    changes: [&Changes; 2],
    pairing: &Pairing,
    tasks: [&str; 2],
    last: [Option<StepId>; 2],
) -> Option<Divergence> {
    let runs = changes.map(Run::new);
    let tasks = tasks.map(str::to_lowercase);
    let entries = &pairing.entries;
    let weights: Vec<Option<Weight>> = entries
        .iter()
        .map(|entry| weigh(entry, &runs, &tasks))
        .collect();
    let first = |weight| weights.iter().position(|found| *found == Some(weight));
    let (weight, at) = Weight::ALL
        .into_iter()
        .find_map(|weight| Some((weight, first(weight)?)))?;
    let parting = Parting {
        lists: changes.map(|changes| changes.list.as_slice()),
        entries,
        weights: &weights,
        last,
    };
    Some(parting.describe(at, weight))
}

struct Parting<'c> {
    lists: [&'c [StateChange]; 2],
    entries: &'c [Entry],
    weights: &'c [Option<Weight>],
    last: [Option<StepId>; 2],
}

impl Parting<'_> {
    /// Tells of the first divergence, which lies in the entry at `at` or beside it.
    fn describe(&self, at: usize, weight: Weight) -> Divergence {
        let entries = self.entries;
        let before = entries[..at].iter().rposition(Entry::is_in_order);
        let behind = entries[at + 1..].iter().position(Entry::is_in_order);
        let behind = behind.map_or(entries.len(), |pair| at + 1 + pair);
        // What both do up to the next change they make together is one point of the alignment.
        let (from, to) = if entries[at].is_in_order() {
            (at, at + 1)
        } else {
            (before.map_or(0, |pair| pair + 1), behind)
        };
        let firsts = self.first_by_subject(weight);
        let parted = (from..to)
            .filter(|place| self.weights[*place] == Some(weight))
            .map(|place| self.of_one_thing(&entries[place], &firsts))
            .min_by_key(|both| {
                let [a, b] = [0, 1].map(|side| {
                    let change = both[side].map(|at| &self.lists[side][at])?;
                    Some((change.step, change.target_text()))
                });
                (a.is_none() || b.is_none(), a.into_iter().chain(b).min())
            })
            .unwrap_or([entries[at].a, entries[at].b]);
        let pair_before = before.map(|pair| entries[pair]);
        let pair_behind = entries.get(behind);
        let sides = [0, 1].map(|side| {
            let pick = |entry: &Entry| [entry.a, entry.b][side];
            Side {
                list: self.lists[side],
                change: parted[side],
                after: pair_before.as_ref().and_then(pick),
                before: pair_behind.and_then(pick),
                last: self.last[side],
            }
        });
        let relation = match parted {
            _ if matches!(weight, Weight::Detail | Weight::Words) => Relation::Alike,
            [Some(_), Some(_)] => Relation::Different,
            [Some(_), None] => Relation::OnlyA,
            [None, _] => Relation::OnlyB,
        };
        Divergence {
            relation,
            matters: weight == Weight::Matters,
            why: why(relation, &sides),
            a: sides[0].diverged(),
            b: sides[1].diverged(),
        }
    }

    /// For each thing the first change of each run by which they part.
    fn first_by_subject(&self, weight: Weight) -> BTreeMap<u64, Both> {
        let mut firsts: BTreeMap<u64, Both> = BTreeMap::new();
        let parting = self.entries.iter().zip(self.weights);
        for (entry, _) in parting.filter(|(_, found)| **found == Some(weight)) {
            for (side, place) in [entry.a, entry.b].into_iter().enumerate() {
                if let Some(place) = place {
                    let subject = self.lists[side][place].subject();
                    firsts.entry(subject).or_default()[side].get_or_insert(place);
                }
            }
        }
        firsts
    }

    /// The changes of both runs to what an entry is about.
    fn of_one_thing(&self, entry: &Entry, firsts: &BTreeMap<u64, Both>) -> Both {
        let first = |side: usize, place: usize| {
            let subject = self.lists[side][place].subject();
            firsts.get(&subject).copied().unwrap_or_default()
        };
        match [entry.a, entry.b] {
            [Some(a), None] => [Some(a), first(0, a)[1]],
            [None, Some(b)] => [first(1, b)[0], Some(b)],
            both => both,
        }
    }
}

/// One run's side of the point where both part.
struct Side<'c> {
    list: &'c [StateChange],
    /// The place of the diverging change.
    change: Option<usize>,
    /// The place of the last change before it that has a counterpart.
    after: Option<usize>,
    /// The place of the first change behind it that has.
    before: Option<usize>,
    last: Option<StepId>,
}

impl Side<'_> {
    /// Where the run's own way begins.
    fn start(&self) -> usize {
        let next = self.after.map_or(0, |at| at + 1);
        self.change.unwrap_or(next)
    }

    fn diverged(&self) -> DivergedSide {
        let from = self.start();
        let least = from + usize::from(self.change.is_some());
        let to = self.before.unwrap_or(self.list.len()).max(least);
        let between = self.list.get(from..to).unwrap_or_default();
        DivergedSide {
            step_id: self.list.get(from).map(|change| change.step).or(self.last),
            last_common_step_id: self.after.map(|at| self.list[at].step),
            change: self.change.map(|at| self.list[at].named()),
            instead: between.iter().take(NAMED).map(StateChange::named).collect(),
            evidence: Vec::new(),
        }
    }
}

/// One sentence on how the runs part.
fn why(relation: Relation, sides: &[Side<'_>; 2]) -> String {
    let told = |side: &Side<'_>| {
        side.change.map(|at| {
            let change = &side.list[at];
            let failed = if change.failed {
                " without success"
            } else {
                ""
            };
            let verb = third_person(change.kind);
            let target = change.target_text();
            format!("{verb} `{target}`{failed} in step {}", change.step)
        })
    };
    let instead = |side: &Side<'_>| match side.list.get(side.start()) {
        None => "does not, and makes no further change".to_owned(),
        Some(change) => format!(
            "does not; its next change is in step {}: {} `{}`",
            change.step,
            change.kind.verb(),
            change.target_text()
        ),
    };
    match (relation, told(&sides[0]), told(&sides[1])) {
        (Relation::Alike, Some(a), Some(b)) => {
            format!("A {a} and B {b}, alike but for details.")
        }
        (_, Some(a), Some(b)) => format!("A {a}; B {b}, in another way."),
        (_, Some(a), None) => format!("A {a}; B {}.", instead(&sides[1])),
        (_, None, Some(b)) => format!("B {b}; A {}.", instead(&sides[0])),
        (_, None, None) => String::new(),
    }
}

fn third_person(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::Write => "writes",
        ChangeKind::Edit => "edits",
        ChangeKind::Delete => "deletes",
        ChangeKind::Arrange => "moves, copies or unpacks",
        ChangeKind::Mode => "sets the mode of",
        ChangeKind::Folder => "makes the folder",
        ChangeKind::Install => "installs",
        ChangeKind::Fetch => "fetches",
        ChangeKind::Build => "builds with",
        ChangeKind::Version => "changes version control with",
        ChangeKind::Serve => "calls",
        ChangeKind::Run => "runs",
    }
}
