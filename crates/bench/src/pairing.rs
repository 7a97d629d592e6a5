//! Which prediction, or which run found under a path, a labelled run is.
//!
//! Labels and artifacts seldom agree on a name: labels give a folder relative to some root, a
//! prediction a run's id or a path from elsewhere. The first of these that fits any candidate
//! decides:
//!
//! 1. the run's id is the labelled run's name;
//! 2. the candidate's id or path ends with the labelled path, or the labelled path with it;
//! 3. the candidate's id or path ends with the labelled run's name;
//! 4. the labelled run's name stands anywhere in the candidate's id or path, folder for folder.
//!
//! Endings of archives and of transcripts do not count. Several candidates that fit equally are
//! told, and none is taken.

use std::collections::{BTreeMap, BTreeSet};

use crate::gold::GoldRun;
use crate::metric::Row;
use crate::prediction::Prediction;

/// Endings that are no part of a run's name.
const ENDINGS: &[&str] = &[
    ".tar.zst",
    ".tar.gz",
    ".tgz",
    ".tar",
    ".zip",
    ".traj.json",
    ".traj",
    ".jsonl",
    ".json",
];

/// How a candidate is called.
#[derive(Debug, Clone, Copy)]
pub struct Name<'a> {
    /// The run's id.
    pub run: &'a str,
    /// Where its artifacts are.
    pub path: Option<&'a str>,
}

/// What was found for a labelled run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// The candidate at this index.
    One(usize),
    /// Nothing.
    Nothing,
    /// Several that fit equally.
    Several(Vec<usize>),
}

/// Finds every labelled run among the candidates, in the order of the labels.
#[must_use]
pub fn find(gold: &[GoldRun], candidates: &[Name<'_>]) -> Vec<Found> {
    let mut with_part: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, candidate) in candidates.iter().enumerate() {
        let parts: BTreeSet<&str> = candidate.spellings().into_iter().flatten().collect();
        for part in parts {
            with_part.entry(part).or_default().push(at);
        }
    }
    let look = |run: &GoldRun| {
        let name = parts(&run.run);
        let path = run.path.as_deref().map(parts);
        let lasts = path.iter().chain([&name]).filter_map(|parts| parts.last());
        let near: BTreeSet<usize> = lasts
            .filter_map(|last| with_part.get(last))
            .flatten()
            .copied()
            .collect();
        let levels: [&dyn Fn(&Name<'_>) -> bool; 4] = [
            &|candidate| candidate.run == run.run,
            &|candidate| {
                path.as_deref()
                    .is_some_and(|path| candidate.ends_like(path))
            },
            &|candidate| candidate.spellings().iter().any(|s| s.ends_with(&name)),
            &|candidate| candidate.holds(&name),
        ];
        for level in levels {
            let fitting = near.iter().copied().filter(|at| level(&candidates[*at]));
            match fitting.collect::<Vec<_>>().as_slice() {
                [] => {}
                [one] => return Found::One(*one),
                several => return Found::Several(several.to_vec()),
            }
        }
        Found::Nothing
    };
    gold.iter().map(look).collect()
}

impl<'a> Name<'a> {
    /// The id and the path, part by part.
    fn spellings(&self) -> Vec<Vec<&'a str>> {
        let both = std::iter::once(self.run).chain(self.path);
        both.map(parts).filter(|parts| !parts.is_empty()).collect()
    }

    fn ends_like(&self, path: &[&str]) -> bool {
        !path.is_empty()
            && self
                .spellings()
                .iter()
                .any(|spelling| spelling.ends_with(path) || path.ends_with(spelling))
    }

    fn holds(&self, name: &[&str]) -> bool {
        !name.is_empty()
            && self
                .spellings()
                .iter()
                .any(|spelling| spelling.windows(name.len()).any(|window| window == name))
    }
}

/// The folders and the file of a path, without endings, `.` and roots.
fn parts(path: &str) -> Vec<&str> {
    let parts = path.split(['/', '\\', '#']);
    parts
        .filter(|part| !part.is_empty() && *part != ".")
        .map(|part| {
            let bare = ENDINGS.iter().find_map(|end| part.strip_suffix(end));
            bare.filter(|bare| !bare.is_empty()).unwrap_or(part)
        })
        .collect()
}

/// Labelled runs beside what one system says about them.
#[derive(Debug, Clone)]
pub struct Paired<'a> {
    /// All labelled runs, in their order.
    pub rows: Vec<Row<'a>>,
    /// Labelled runs without a prediction.
    pub missing: Vec<&'a str>,
    /// Labelled runs several predictions fit, with their names; none is taken.
    pub ambiguous: Vec<(&'a str, Vec<&'a str>)>,
}

/// Puts predictions beside labels.
#[must_use]
pub fn pair<'a>(gold: &'a [GoldRun], predictions: &'a [Prediction]) -> Paired<'a> {
    let mut newest: BTreeMap<(&str, Option<&str>), usize> = BTreeMap::new();
    for (at, prediction) in predictions.iter().enumerate() {
        newest.insert((&prediction.run, prediction.path.as_deref()), at);
    }
    let kept: Vec<&Prediction> = newest.values().map(|at| &predictions[*at]).collect();
    let names: Vec<Name<'_>> = kept
        .iter()
        .map(|prediction| Name {
            run: &prediction.run,
            path: prediction.path.as_deref(),
        })
        .collect();
    let mut paired = Paired {
        rows: Vec::new(),
        missing: Vec::new(),
        ambiguous: Vec::new(),
    };
    for (gold, found) in gold.iter().zip(find(gold, &names)) {
        let prediction = match found {
            Found::One(at) => Some(kept[at]),
            Found::Nothing => {
                paired.missing.push(&gold.run);
                None
            }
            Found::Several(all) => {
                let names = all.iter().map(|at| kept[*at].run.as_str()).collect();
                paired.ambiguous.push((&gold.run, names));
                None
            }
        };
        paired.rows.push(Row { gold, prediction });
    }
    paired
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gold(run: &str, path: Option<&str>) -> GoldRun {
        GoldRun {
            run: run.to_owned(),
            path: path.map(str::to_owned),
            ..GoldRun::default()
        }
    }

    fn found(run: GoldRun, candidates: &[(&'static str, Option<&'static str>)]) -> Found {
        let names: Vec<Name<'_>> = candidates
            .iter()
            .map(|&(run, path)| Name { run, path })
            .collect();
        find(&[run], &names).remove(0)
    }

    #[test]
    fn a_run_is_found_by_id_by_path_and_by_folder() {
        let one = gold("one", Some("corpus/agent/one"));
        let at = |candidates: &[_]| found(one.clone(), candidates);
        assert_eq!(at(&[("one", None), ("x/one", None)]), Found::One(0));
        assert_eq!(at(&[("two", None), ("agent/one", None)]), Found::One(1));
        assert_eq!(at(&[("7", Some("/data/corpus/agent/one"))]), Found::One(0));
        assert_eq!(at(&[("other/one/logs/session.jsonl", None)]), Found::One(0));
        assert_eq!(at(&[("one.traj.json", None)]), Found::One(0));
        assert_eq!(at(&[("one-more", None), ("anyone", None)]), Found::Nothing);
    }

    #[test]
    fn several_that_fit_equally_are_not_chosen_from() {
        let two = [("a/one/x.json", None), ("b/one/y.json", None)];
        assert_eq!(found(gold("one", None), &two), Found::Several(vec![0, 1]));
        // The labelled path tells them apart.
        let places = [("1", Some("a/one")), ("2", Some("b/one"))];
        let one = gold("one", Some("root/b/one"));
        assert_eq!(found(one, &places), Found::One(1));
    }

    #[test]
    fn an_archive_is_found_by_the_name_without_its_ending() {
        let one = gold("t1", Some("artifacts/t1.tar.zst"));
        assert_eq!(found(one, &[("t1/logs/a.traj.json", None)]), Found::One(0));
    }
}
