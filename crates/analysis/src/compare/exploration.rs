//! What each run had read and tested when the two parted.

use std::collections::BTreeMap;

use trace::{OnlyRead, ReportPair, SeenReport, StepId, TestReport};

use super::extract::Changes;
use super::pairing::Pairing;
use super::place::Place;
use crate::Index;
use crate::activity::Activity;

/// How many paths a run read are remembered.
const REMEMBERED: usize = 10_000;

/// How many are named.
const NAMED: usize = 30;

/// The first step that read each path, by path; files the run wrote itself are not among them.
pub(super) struct Reads(BTreeMap<Place, (StepId, String)>);

impl Reads {
    /// Everything a run read; linear in its size.
    pub(super) fn new(index: &Index<'_>, changes: &Changes) -> Self {
        let mut reads: BTreeMap<Place, (StepId, String)> = BTreeMap::new();
        let cwd = index.trajectory.cwd.as_deref().unwrap_or_default();
        for s in index.steps() {
            let looks = s.reading.activities.iter().any(|activity| {
                matches!(
                    activity,
                    Activity::Read | Activity::Search | Activity::Inspect
                )
            });
            if !looks || reads.len() >= REMEMBERED {
                continue;
            }
            for path in s.reading.effect.reads.iter().filter(|path| is_path(path)) {
                let place = Place::new(cwd, path);
                if changes.ends.of(&place).is_none() && !place.is_scratch() {
                    reads.entry(place).or_insert_with(|| (s.id, path.clone()));
                }
            }
        }
        Self(reads)
    }

    /// What this run read before `until` and the other had not read before `others_until`, in step order.
    pub(super) fn only(
        &self,
        until: Option<StepId>,
        other: &Self,
        others_until: Option<StepId>,
    ) -> Vec<OnlyRead> {
        let by_name = other.by_name();
        let before = |step: StepId, until: Option<StepId>| until.is_none_or(|until| step < until);
        let mut only = Vec::new();
        for (place, (step_id, path)) in &self.0 {
            if !before(*step_id, until) {
                continue;
            }
            let theirs = by_name.get(place.name()).into_iter().flatten();
            let theirs = theirs
                .filter(|(at, _)| at.compare(place).is_one_file())
                .map(|(_, step)| *step)
                .min();
            if theirs.is_none_or(|step| !before(step, others_until)) {
                only.push(OnlyRead {
                    path: path.clone(),
                    step_id: *step_id,
                    other_step_id: theirs,
                });
            }
        }
        only.sort_by(|one, other| (one.step_id, &one.path).cmp(&(other.step_id, &other.path)));
        only.truncate(NAMED);
        only
    }

    fn by_name(&self) -> BTreeMap<&str, Vec<(&Place, StepId)>> {
        let mut names: BTreeMap<&str, Vec<(&Place, StepId)>> = BTreeMap::new();
        for (place, (step, _)) in &self.0 {
            names.entry(place.name()).or_default().push((place, *step));
        }
        names
    }
}

/// True for what looks like the name of a file: tables of commands take some words for paths that are none.
fn is_path(path: &str) -> bool {
    let plain = !path.contains(['*', '$', '`', '\n', '(', '{', ' ']) && !path.ends_with(['/', '.']);
    plain && (path.contains(['/', '.']) || path.starts_with(char::is_uppercase))
}

/// The last report of each run between two changes that both made.
pub(super) fn reports(
    a: &Index<'_>,
    b: &Index<'_>,
    changes: [&Changes; 2],
    pairing: &Pairing,
) -> Vec<ReportPair> {
    let mut common: [Vec<StepId>; 2] = [Vec::new(), Vec::new()];
    for entry in pairing.entries.iter().filter(|entry| entry.is_in_order()) {
        if let (Some(i), Some(j)) = (entry.a, entry.b) {
            common[0].push(changes[0].list[i].step);
            common[1].push(changes[1].list[j].step);
        }
    }
    let mut slots: BTreeMap<usize, [Option<SeenReport>; 2]> = BTreeMap::new();
    for (side, index) in [a, b].into_iter().enumerate() {
        for s in index.steps() {
            if let Some(report) = s.outcome.tests.last() {
                let slot = common[side].partition_point(|step| *step <= s.id);
                slots.entry(slot).or_default()[side] = Some(SeenReport {
                    step_id: s.id,
                    report: TestReport {
                        cases: Vec::new(),
                        ..report.clone()
                    },
                });
            }
        }
    }
    let pair = |(slot, [a, b]): (usize, [Option<SeenReport>; 2])| ReportPair {
        after_common: u32::try_from(slot).unwrap_or(u32::MAX),
        a,
        b,
    };
    slots.into_iter().map(pair).collect()
}
