//! Labels that follow position.

use std::collections::{BTreeMap, BTreeSet};

use trace::StepId;

use super::{GoldRun, Set};

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
                    "{name}: in the split {splits} most incorrect steps are the last but one; it is \\
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
/// them learns where people put labels.
#[must_use]
pub fn position_splits(runs: &[GoldRun]) -> BTreeSet<String> {
    let mut scores: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for run in runs {
        let (Some(split), Some(wrong)) = (&run.split, &run.incorrect) else {
            continue;
        };
        if wrong.is_empty() {
            continue;
        }
        let before_last = StepId::new(run.steps().saturating_sub(1));
        let hit = before_last.is_some_and(|step| wrong.contains(&step));
        let size = f64::from(u32::try_from(wrong.len()).unwrap_or(u32::MAX));
        let f1 = if hit { 2.0 / (1.0 + size) } else { 0.0 };
        scores.entry(split).or_default().push(f1);
    }
    let mean =
        |f1: &[f64]| f1.iter().sum::<f64>() / f64::from(u32::try_from(f1.len()).unwrap_or(1));
    let found = scores.into_iter();
    found
        .filter(|(_, f1)| mean(f1) > 0.5)
        .map(|(split, _)| split.to_owned())
        .collect()
}
