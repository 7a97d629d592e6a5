//! Labels that follow position.

use std::collections::{BTreeMap, BTreeSet};

use trace::StepId;

use super::{GoldRun, Set};

/// Fewer runs than this say nothing about a split.
const FEWEST: usize = 5;

/// Sets with the splits that position alone wins taken out and put beside, as sets of their own: what
/// is scored there says where people put labels, and not what a system understood.
#[must_use]
pub fn apart(sets: Vec<Set>) -> Vec<Set> {
    let mut all = Vec::new();
    for mut set in sets {
        let artificial = position_splits(&set.runs);
        let follows = |run: &GoldRun| run.split.as_ref().is_some_and(|s| artificial.contains(s));
        let (beside, kept): (Vec<_>, Vec<_>) = set.runs.into_iter().partition(follows);
        set.runs = kept;
        let name = set.name.clone();
        if !set.runs.is_empty() {
            all.push(set);
        }
        if !beside.is_empty() {
            let splits: Vec<&str> = artificial.iter().map(String::as_str).collect();
            let splits = splits.join(", ");
            all.push(Set {
                name: format!("{name}, split {splits}"),
                notes: vec![format!(
                    "{name}: in the split {splits} most incorrect steps are the last but one; it is \
                     scored apart, since position alone wins it"
                )],
                runs: beside,
            });
        }
    }
    all
}

/// The splits whose labels are met by position alone: where flagging the step before the last, and no
/// other, has a mean F1 above one half over the runs that have an incorrect step. Whoever learns from
/// them learns where people put labels. A split is judged by its runs whose number of steps is stated,
/// since the last labelled step says nothing of what came after it, and by no fewer than five of them.
#[must_use]
pub fn position_splits(runs: &[GoldRun]) -> BTreeSet<String> {
    let mut scores: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for run in runs {
        let (Some(split), Some(wrong)) = (&run.split, &run.incorrect) else {
            continue;
        };
        let Some(steps) = run.step_count.filter(|_| !wrong.is_empty()) else {
            continue;
        };
        let before_last = StepId::new(steps.saturating_sub(1));
        let hit = before_last.is_some_and(|step| wrong.contains(&step));
        let size = f64::from(u32::try_from(wrong.len()).unwrap_or(u32::MAX));
        let f1 = if hit { 2.0 / (1.0 + size) } else { 0.0 };
        scores.entry(split).or_default().push(f1);
    }
    let mean =
        |f1: &[f64]| f1.iter().sum::<f64>() / f64::from(u32::try_from(f1.len()).unwrap_or(1));
    let found = scores.into_iter();
    found
        .filter(|(_, f1)| f1.len() >= FEWEST && mean(f1) > 0.5)
        .map(|(split, _)| split.to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(split: &str, at: usize, wrong: &[u32], steps: Option<u32>) -> GoldRun {
        GoldRun {
            run: format!("{split}-{at}"),
            split: Some(split.to_owned()),
            incorrect: Some(wrong.iter().filter_map(|step| StepId::new(*step)).collect()),
            step_count: steps,
            ..GoldRun::default()
        }
    }

    /// A split that the step before the last wins, and one that it does not.
    fn runs() -> Vec<GoldRun> {
        let won = (0..6).map(|at| run("won", at, &[9], Some(10)));
        let spread = (0..6_u32).map(|at| run("spread", at as usize, &[at + 1], Some(10)));
        won.chain(spread).collect()
    }

    #[test]
    fn splits_that_position_wins_are_set_apart_and_said_to_be() {
        assert_eq!(position_splits(&runs()), BTreeSet::from(["won".to_owned()]));
        let set = Set {
            name: "gold".to_owned(),
            runs: runs(),
            notes: Vec::new(),
        };
        let sets = apart(vec![set]);
        let names: Vec<(&str, usize)> = sets
            .iter()
            .map(|s| (s.name.as_str(), s.runs.len()))
            .collect();
        assert_eq!(names, [("gold", 6), ("gold, split won", 6)]);
        assert_eq!(
            sets[1].notes,
            [
                "gold: in the split won most incorrect steps are the last but one; it is scored apart, \
              since position alone wins it"
            ]
        );
        // What was set apart stays found out when it is looked at alone.
        assert_eq!(position_splits(&sets[1].runs).len(), 1);
    }

    #[test]
    fn too_little_is_no_ground_to_set_a_split_apart() {
        let few: Vec<GoldRun> = runs().into_iter().take(4).collect();
        assert!(position_splits(&few).is_empty());
        // Where nobody says how long the run was, the last label is not its end.
        let unsaid: Vec<GoldRun> = (0..6).map(|at| run("won", at, &[8, 9], None)).collect();
        assert!(position_splits(&unsaid).is_empty());
        let unwrong: Vec<GoldRun> = (0..6).map(|at| run("won", at, &[], Some(10))).collect();
        assert!(position_splits(&unwrong).is_empty());
        let one_step: Vec<GoldRun> = (0..6).map(|at| run("won", at, &[1], Some(1))).collect();
        assert!(position_splits(&one_step).is_empty());
    }
}
