//! Which runs a pile holds, each found once.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io;

use rayon::prelude::*;

use crate::envelope::{Envelope, Facts};
use crate::extractor::{Claim, Detection, Extractor, Part, Probe, Rank, Site};
use crate::learned::Learned;
use crate::pile::{Entry, EntryId, Folder, Pile, Problem};
use crate::{envelopes, extractors};

/// What a pile holds.
#[derive(Debug, Default)]
pub struct Found {
    /// The runs, sorted by path.
    pub runs: Vec<Run>,
    /// Files no extractor or envelope reads.
    pub unread: Vec<EntryId>,
    /// What could not be looked at.
    pub problems: Vec<Problem>,
}

/// One run of a pile.
#[derive(Debug)]
pub struct Run {
    /// Unique in the pile: the run's path, or the pile's own name when the run is the pile.
    pub id: String,
    /// The run's folder or file, relative to the pile's root; empty when it is the root.
    pub path: String,
    /// Who reads the transcript, and from which files.
    pub claim: Claim,
    /// What the trial folder around it knows.
    pub facts: Facts,
    /// Other records of the same run that were not counted again.
    pub duplicates: Vec<Duplicate>,
}

/// A second record of a run.
#[derive(Debug, Clone)]
pub struct Duplicate {
    /// Where it stands, relative to the pile's root.
    pub root: String,
    /// Its layout.
    pub layout: &'static str,
    /// Why it is taken for the same run.
    pub why: String,
}

/// Shows every folder and file of `pile` to every extractor and settles who reads what.
///
/// Claims on folders come first, then claims on files that no trial folder keeps for itself; where claims compete for a file, the higher
/// score wins, then the layout's name, so the result does not depend on the order of registration.
/// Of several records of one session the most faithful is the run and the others are named as its
/// duplicates.
#[must_use]
pub fn find_runs(pile: &Pile) -> Found {
    find_runs_with(pile, &Learned::default())
}

/// Like [`find_runs`], and shows what no built-in extractor is sure of to the learned ones.
///
/// A learned extractor never takes a file from a built-in one whose score is 60 or more.
#[must_use]
pub fn find_runs_with(pile: &Pile, learned: &Learned) -> Found {
    let mut problems = pile.problems().to_vec();
    let mut taken: HashSet<EntryId> = HashSet::new();
    let trials = find_trials(pile, &mut problems);
    let sidecars: HashSet<EntryId> = trials
        .values()
        .flat_map(|trial| trial.files.iter().copied())
        .collect();
    let mut claims = folder_claims(pile, &mut taken, &mut problems);
    claims.extend(file_claims(pile, &sidecars, &mut taken, &mut problems));
    crate::learned::claim(
        pile,
        learned,
        &sidecars,
        &mut claims,
        &mut taken,
        &mut problems,
    );
    let mut claims = into_parts(pile, claims);
    claims.sort_by(|a, b| a.root.cmp(&b.root).then_with(|| a.layout.cmp(b.layout)));

    let mut runs = assemble(pile, claims, &trials);
    runs.sort_by(|a, b| a.path.cmp(&b.path).then_with(|| a.id.cmp(&b.id)));

    let unread = pile
        .entries()
        .iter()
        .map(|entry| entry.id)
        .filter(|id| !taken.contains(id) && !sidecars.contains(id))
        .collect();
    Found {
        runs,
        unread,
        problems,
    }
}

fn folder_claims(
    pile: &Pile,
    taken: &mut HashSet<EntryId>,
    problems: &mut Vec<Problem>,
) -> Vec<Claim> {
    let offers: Vec<_> = pile
        .folders()
        .par_iter()
        .map(|folder| (folder.path.as_str(), offers_at(pile, Site::Folder(folder))))
        .collect();
    let mut open = Vec::new();
    for (root, offers) in offers {
        collect(root, offers, &mut open, problems);
    }
    settle(open, taken)
}

fn file_claims(
    pile: &Pile,
    sidecars: &HashSet<EntryId>,
    taken: &mut HashSet<EntryId>,
    problems: &mut Vec<Problem>,
) -> Vec<Claim> {
    let offers: Vec<_> = pile
        .entries()
        .par_iter()
        .filter(|entry| {
            entry.size > 0 && !taken.contains(&entry.id) && !sidecars.contains(&entry.id)
        })
        .map(|entry| (entry, offers_in_file(pile, entry)))
        .collect();
    let mut open = Vec::new();
    for (entry, offers) in offers {
        let mut at = Vec::new();
        collect(&entry.path, offers, &mut at, problems);
        for claim in &mut at {
            if claim.detection.files.is_empty() {
                claim.detection.files.push(entry.id);
            }
        }
        open.append(&mut at);
    }
    settle(open, taken)
}

type Offers = Vec<(&'static dyn Extractor, io::Result<Option<Detection>>)>;

fn offers_in_file(pile: &Pile, entry: &Entry) -> Offers {
    match pile.head(entry.id, Probe::HEAD_BYTES) {
        Ok(head) => offers_at(pile, Site::File(&Probe::new(entry, head).within(pile))),
        Err(error) => extractors()
            .iter()
            .take(1)
            .map(|e| (*e, Err(io::Error::from(error.kind()))))
            .collect(),
    }
}

fn offers_at(pile: &Pile, site: Site<'_>) -> Offers {
    extractors()
        .iter()
        .map(|extractor| (*extractor, extractor.detect(pile, site)))
        .filter(|(_, offer)| !matches!(offer, Ok(None)))
        .collect()
}

fn collect(root: &str, offers: Offers, open: &mut Vec<Claim>, problems: &mut Vec<Problem>) {
    for (extractor, offer) in offers {
        match offer {
            Ok(Some(detection)) => open.push(Claim {
                layout: extractor.layout().name,
                root: root.to_owned(),
                detection,
                part: None,
                learned: None,
            }),
            Ok(None) => {}
            Err(error) => {
                problems.push(Problem {
                    path: root.to_owned(),
                    what: error.to_string(),
                });
            }
        }
    }
}

/// Grants claims from the surest down; a claim on a file that is already granted falls.
fn settle(mut open: Vec<Claim>, taken: &mut HashSet<EntryId>) -> Vec<Claim> {
    open.sort_by(|a, b| {
        b.detection
            .score
            .cmp(&a.detection.score)
            .then_with(|| b.detection.files.len().cmp(&a.detection.files.len()))
            .then_with(|| a.root.cmp(&b.root))
            .then_with(|| a.layout.cmp(b.layout))
    });
    open.retain(|claim| {
        let free = !claim.detection.files.iter().any(|id| taken.contains(id));
        if free {
            taken.extend(claim.detection.files.iter().copied());
        }
        free
    });
    open
}

/// Splits the claims on files that hold several runs.
fn into_parts(pile: &Pile, claims: Vec<Claim>) -> Vec<Claim> {
    let split = claims.into_par_iter().flat_map_iter(|claim| {
        let parts = match &claim.learned {
            Some(reader) => Some(reader.package.runs(pile, &claim.detection.files)),
            None => extractor_of(claim.layout).map(|extractor| extractor.parts(pile, &claim)),
        };
        match parts {
            Some(Ok(parts)) if !parts.is_empty() => parts
                .into_iter()
                .map(|part| {
                    let mut claim = claim.clone();
                    claim.detection.session = part.session.clone().or(claim.detection.session);
                    claim.part = Some(part);
                    claim
                })
                .collect(),
            _ => vec![claim],
        }
    });
    split.collect()
}

fn extractor_of(layout: &str) -> Option<&'static dyn Extractor> {
    let mut all = extractors().iter();
    all.find(|e| e.layout().name == layout).copied()
}

/// The trial folders of the pile, by path.
fn find_trials(pile: &Pile, problems: &mut Vec<Problem>) -> BTreeMap<String, Facts> {
    let found: Vec<_> = pile
        .folders()
        .par_iter()
        .flat_map_iter(|folder| {
            envelopes()
                .iter()
                .map(move |envelope| (folder, read_facts(pile, *envelope, folder)))
        })
        .collect();
    let mut trials: BTreeMap<String, Facts> = BTreeMap::new();
    for (folder, facts) in found {
        match facts {
            Ok(Some(facts)) => {
                let known = trials.entry(folder.path.clone()).or_default();
                if facts.score > known.score {
                    *known = facts;
                }
            }
            Ok(None) => {}
            Err(error) => problems.push(Problem {
                path: folder.path.clone(),
                what: format!("trial folder could not be read: {error}"),
            }),
        }
    }
    trials
}

fn read_facts(pile: &Pile, envelope: &dyn Envelope, folder: &Folder) -> io::Result<Option<Facts>> {
    envelope.read(pile, folder)
}

/// Turns claims into runs: one a session, within its trial folder if it has one.
fn assemble(pile: &Pile, claims: Vec<Claim>, trials: &BTreeMap<String, Facts>) -> Vec<Run> {
    let mut groups: BTreeMap<Option<&str>, Vec<Claim>> = BTreeMap::new();
    for claim in claims {
        groups
            .entry(trial_of(&claim.root, trials))
            .or_default()
            .push(claim);
    }
    let mut runs = Vec::new();
    for (trial, claims) in groups {
        let alone = merge_records(pile, claims, trial.is_some());
        let single = alone.len() == 1;
        for (claim, duplicates) in alone {
            let facts = trial
                .and_then(|path| trials.get(path))
                .cloned()
                .unwrap_or_default();
            let path = match trial {
                Some(path) if single => path.to_owned(),
                _ => claim.root.clone(),
            };
            let mut id = run_id(pile, &path);
            if let Some(part) = &claim.part {
                id = format!("{id}#{}", part.key);
            }
            runs.push(Run {
                id,
                path,
                claim,
                facts,
                duplicates,
            });
        }
    }
    runs
}

/// The innermost trial folder that holds `root`.
fn trial_of<'t>(root: &str, trials: &'t BTreeMap<String, Facts>) -> Option<&'t str> {
    let mut at = Some(root);
    while let Some(path) = at {
        if let Some((key, _)) = trials.get_key_value(path) {
            return Some(key);
        }
        at = match path.rsplit_once('/') {
            Some((parent, _)) => Some(parent),
            None if path.is_empty() => None,
            None => Some(""),
        };
    }
    None
}

fn run_id(pile: &Pile, path: &str) -> String {
    if !path.is_empty() {
        return path.to_owned();
    }
    let name = pile.root().canonicalize().ok();
    let name = name.as_deref().unwrap_or(pile.root()).file_name();
    name.map_or_else(
        || "run".to_owned(),
        |name| name.to_string_lossy().into_owned(),
    )
}

fn rank_of(layout: &str) -> Rank {
    extractor_of(layout).map_or(Rank::Export, |e| e.layout().rank)
}

/// Leaves one claim a run, with the other records of it beside: byte-identical transcripts, records
/// of one session in different layouts, and in a trial folder exports beside a native transcript.
fn merge_records(
    pile: &Pile,
    mut claims: Vec<Claim>,
    in_trial: bool,
) -> Vec<(Claim, Vec<Duplicate>)> {
    claims.sort_by(|a, b| {
        rank_of(b.layout)
            .cmp(&rank_of(a.layout))
            .then_with(|| size_of(pile, b).cmp(&size_of(pile, a)))
            .then_with(|| a.root.cmp(&b.root))
    });
    let hashes = hashes_of_equals(pile, &claims);
    let mut kept: Vec<(Claim, Vec<Duplicate>)> = Vec::new();
    let mut by_session: HashMap<String, Vec<usize>> = HashMap::new();
    let mut by_content: HashMap<(blake3::Hash, Option<Part>), usize> = HashMap::new();
    let mut native = None;
    for claim in claims {
        let session = claim.detection.session.clone();
        let content = hashes
            .get(claim.root.as_str())
            .map(|hash| (*hash, claim.part.clone()));
        let same_session = session
            .iter()
            .filter_map(|session| by_session.get(session))
            .flatten()
            .find(|at| kept[**at].0.layout != claim.layout);
        let same_content = || content.as_ref().and_then(|content| by_content.get(content));
        let is_export = rank_of(claim.layout) == Rank::Export;
        let found = if let Some(at) = same_session {
            Some((*at, "records the same session"))
        } else if let Some(at) = same_content() {
            Some((*at, "has the same bytes"))
        } else {
            native
                .filter(|_| in_trial && is_export)
                .map(|at| (at, "exports the same trial"))
        };
        if let Some((at, why)) = found {
            kept[at].1.push(Duplicate {
                root: claim.root,
                layout: claim.layout,
                why: why.to_owned(),
            });
            continue;
        }
        let at = kept.len();
        if let Some(session) = session {
            by_session.entry(session).or_default().push(at);
        }
        if let Some(content) = content {
            by_content.insert(content, at);
        }
        if !is_export && native.is_none() {
            native = Some(at);
        }
        kept.push((claim, Vec::new()));
    }
    kept
}

fn size_of(pile: &Pile, claim: &Claim) -> u64 {
    claim
        .detection
        .files
        .iter()
        .map(|id| pile.entry(*id).size)
        .sum()
}

/// Content hashes of the transcripts whose size another one of the same layout shares, by root.
fn hashes_of_equals(pile: &Pile, claims: &[Claim]) -> HashMap<String, blake3::Hash> {
    let mut roots: BTreeMap<&str, &Claim> = BTreeMap::new();
    for claim in claims {
        roots.entry(&claim.root).or_insert(claim);
    }
    let mut sizes: HashMap<(&str, u64), u32> = HashMap::new();
    for claim in roots.values() {
        *sizes
            .entry((claim.layout, size_of(pile, claim)))
            .or_default() += 1;
    }
    roots
        .par_iter()
        .filter(|(_, claim)| sizes[&(claim.layout, size_of(pile, claim))] > 1)
        .filter_map(|(root, claim)| {
            let mut hasher = blake3::Hasher::new();
            for id in &claim.detection.files {
                hasher.update(pile.hash(*id).ok()?.as_bytes());
            }
            Some(((*root).to_owned(), hasher.finalize()))
        })
        .collect()
}
