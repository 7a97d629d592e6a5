//! Learned extractors at discovery: which of them reads what no built-in one is sure of.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::sync::Arc;

use rayon::prelude::*;

use super::evolve::{Appraisal, appraise};
use super::map::Container;
use super::package::{Content, Package, Program};
use super::program::worth_of;
use super::registry::Registry;
use super::score::Score;
use super::{Induction, Refusal, induce};
use crate::extractor::{Claim, Detection, ExtractError, Extraction};
use crate::pile::{EntryId, Folder, Pile, Problem};

/// From which score on a built-in extractor keeps its files.
const SURE: u8 = 60;

/// How alike files must be to what a package knows for its failure on them to be worth a word.
const ALIKE: f64 = 0.5;

/// What may read files besides the built-in extractors. The default is nothing.
#[derive(Debug, Clone, Default)]
pub struct Learned {
    /// The learned extractors.
    pub packages: Vec<Arc<Package>>,
    /// Whether a file nothing else reads may be read by structure alone.
    pub induction: bool,
}

impl Learned {
    /// What a registry holds.
    #[must_use]
    pub fn of(registry: &Registry) -> Self {
        Self {
            packages: registry.packages().to_vec(),
            induction: true,
        }
    }

    /// Nothing learned before, but what nobody reads is read by its structure.
    #[must_use]
    pub fn by_structure() -> Self {
        Self {
            packages: Vec::new(),
            induction: true,
        }
    }
}

/// A learned extractor that reads a run.
#[derive(Debug)]
pub struct Reader {
    /// The extractor.
    pub package: Arc<Package>,
    /// Why its layout seems to have changed since it was accepted; empty when it has not.
    pub drift: Vec<String>,
}

impl Reader {
    /// Reads a claimed run, naming the version that reads it.
    pub(crate) fn read(&self, pile: &Pile, claim: &Claim) -> Result<Extraction, ExtractError> {
        let files = &claim.detection.files;
        let mut extraction = self.package.extract(pile, files, claim.part.as_ref())?;
        extraction.trajectory.format_version = Some(self.package.version_text());
        if self.package.name == Registry::RESERVED {
            extraction.warnings.push(format!(
                "{}: no known layout; read by its structure alone \
                 (`codetracer extractors learn --dry-run` shows what each field was taken for)",
                claim.root
            ));
        }
        if !self.drift.is_empty() {
            extraction
                .warnings
                .push(changed(&claim.root, &self.package, &self.drift));
        }
        Ok(extraction)
    }
}

fn changed(root: &str, package: &Package, drift: &[String]) -> String {
    let mut text = format!(
        "{root}: the layout seems to have changed since {package} was learned: {}",
        drift.join("; ")
    );
    let _ = write!(
        text,
        "; `codetracer extractors learn … --name {}` proposes a revision",
        package.name
    );
    text
}

/// Adds the claims of learned extractors, and takes away claims of built-in ones that were unsure.
pub(crate) fn claim(
    pile: &Pile,
    learned: &Learned,
    sidecars: &HashSet<EntryId>,
    claims: &mut Vec<Claim>,
    taken: &mut HashSet<EntryId>,
    problems: &mut Vec<Problem>,
) {
    if learned.packages.is_empty() && !learned.induction {
        return;
    }
    let unsure: HashSet<EntryId> = claims
        .iter()
        .filter(|claim| claim.detection.score < SURE)
        .flat_map(|claim| claim.detection.files.iter().copied())
        .collect();
    let free =
        |id: &EntryId| (!taken.contains(id) || unsure.contains(id)) && !sidecars.contains(id);
    let folders: Vec<Finding> = pile
        .folders()
        .par_iter()
        .filter_map(|folder| in_folder(pile, learned, folder, &free))
        .collect();
    let in_folders: HashSet<EntryId> = folders
        .iter()
        .filter_map(|finding| finding.claim.as_ref())
        .flat_map(|claim| claim.detection.files.iter().copied())
        .collect();
    let single: Vec<Finding> = pile
        .entries()
        .par_iter()
        .filter(|entry| entry.size > 0 && free(&entry.id) && !in_folders.contains(&entry.id))
        .filter_map(|entry| {
            let nobody = !unsure.contains(&entry.id);
            in_file(pile, learned, &entry.path, entry.id, nobody)
        })
        .collect();
    let mut granted = Vec::new();
    for finding in folders.into_iter().chain(single) {
        problems.extend(finding.problem);
        granted.extend(finding.claim);
    }
    grant(granted, claims, taken);
}

/// Gives learned claims, which share no file with each other, their files: an unsure claim on one
/// of these falls, and what else it held is free again.
fn grant(granted: Vec<Claim>, claims: &mut Vec<Claim>, taken: &mut HashSet<EntryId>) {
    let files = |claim: &Claim| claim.detection.files.clone();
    let theirs: HashSet<EntryId> = granted.iter().flat_map(files).collect();
    claims.retain(|claim| {
        let files = &claim.detection.files;
        let stands = !files.iter().any(|id| theirs.contains(id));
        if !stands {
            for id in files {
                taken.remove(id);
            }
        }
        stands
    });
    taken.extend(theirs);
    claims.extend(granted);
}

/// What a place gave: a claim, or a word about a known layout that is no longer read.
#[derive(Clone)]
struct Finding {
    claim: Option<Claim>,
    problem: Option<Problem>,
}

fn in_file(
    pile: &Pile,
    learned: &Learned,
    path: &str,
    id: EntryId,
    nobody: bool,
) -> Option<Finding> {
    let of_files = |package: &&Arc<Package>| {
        let places = package.program.records();
        places
            .iter()
            .any(|place| place.container != Container::Files)
    };
    let head = pile.head(id, 16 << 10).ok()?;
    let packages: Vec<Arc<Package>> = learned
        .packages
        .iter()
        .filter(of_files)
        .filter(|package| mentions(package, &head))
        .cloned()
        .collect();
    let files = vec![id];
    let found = decide(pile, path, files.clone(), &packages);
    let settled = |finding: &Finding| {
        let reader = finding
            .claim
            .as_ref()
            .and_then(|claim| claim.learned.as_ref());
        reader.is_some_and(|reader| reader.drift.is_empty())
    };
    if !learned.induction || !nobody || found.as_ref().is_some_and(settled) {
        return found;
    }
    better(pile, found, by_induction(pile, path, files))
}

/// How much more a reading by structure must be worth than that of a version whose layout changed.
const CLEARLY: f64 = 0.05;

/// What reads a file whose layout no learned extractor knows, or knows as it was: structure, where
/// it reads clearly more; that the layout changed is said all the same.
fn better(pile: &Pile, known: Option<Finding>, induced: Option<Finding>) -> Option<Finding> {
    let (Some(mut known), Some(induced)) = (known.clone(), &induced) else {
        return known.or(induced);
    };
    let worth = |finding: &Finding| {
        let claim = finding.claim.as_ref()?;
        let reading = claim.learned.as_ref()?.read(pile, claim).ok()?;
        Some(worth_of(&reading))
    };
    let Some(by_structure) = worth(induced) else {
        return Some(known);
    };
    if worth(&known).is_some_and(|worth| by_structure < worth + CLEARLY) {
        return Some(known);
    }
    if let Some(claim) = known.claim.take()
        && let Some(reader) = &claim.learned
    {
        known.problem = Some(Problem {
            path: claim.root.clone(),
            what: changed(&claim.root, &reader.package, &reader.drift),
        });
    }
    known.claim.clone_from(&induced.claim);
    Some(known)
}

fn in_folder(
    pile: &Pile,
    learned: &Learned,
    folder: &Folder,
    free: &(impl Fn(&EntryId) -> bool + Sync),
) -> Option<Finding> {
    const FEWEST_FOR_INDUCTION: usize = 6;
    let packages: Vec<Arc<Package>> = learned
        .packages
        .iter()
        .filter(|package| package.recognise.containers.contains(&Container::Files))
        .cloned()
        .collect();
    let json = |id: &EntryId| pile.entry(*id).has_ending("json") && free(id);
    let mut files: Vec<EntryId> = folder.files.iter().copied().filter(json).collect();
    if files.len() < 2 {
        return None;
    }
    if !packages.is_empty()
        && let Some(found) = decide(pile, &folder.path, files.clone(), &packages)
    {
        return Some(found);
    }
    // Many small files that are one record each, in the order of the numbers in their names.
    if !learned.induction || files.len() < FEWEST_FOR_INDUCTION {
        return None;
    }
    files.sort_by_key(|id| numbers_in(pile.entry(*id).name()));
    by_induction(pile, &folder.path, files).filter(|finding| finding.claim.is_some())
}

/// The numbers in a name, so that `event-9` comes before `event-10`, and then the name.
fn numbers_in(name: &str) -> (Vec<u64>, String) {
    let digits = name.split(|c: char| !c.is_ascii_digit());
    let numbers = digits.filter_map(|part| part.parse().ok()).collect();
    (numbers, name.to_owned())
}

/// Whether the head of a file holds the names of some of the package's fields: cheap, and true of
/// every file the package could read.
fn mentions(package: &Package, head: &str) -> bool {
    let json = package
        .recognise
        .containers
        .iter()
        .all(|c| matches!(c, Container::Lines | Container::Document));
    if !json {
        return true;
    }
    let kinds = &package.recognise.kinds;
    let names: HashSet<&str> = kinds
        .iter()
        .flat_map(|kind| &kind.fields)
        .filter_map(|field| field.last_key())
        .collect();
    let found = names
        .iter()
        .filter(|name| head.contains(&format!("\"{name}\"")))
        .count();
    found * 6 >= names.len().max(1)
}

fn decide(
    pile: &Pile,
    root: &str,
    files: Vec<EntryId>,
    packages: &[Arc<Package>],
) -> Option<Finding> {
    let appraisals = appraise(packages, pile, &files);
    let best = appraisals.first()?;
    if best.is_readable() {
        return Some(Finding {
            claim: Some(claim_of(root, files, best)),
            problem: None,
        });
    }
    let alike = appraisals
        .iter()
        .max_by(|a, b| a.likeness.share.total_cmp(&b.likeness.share))
        .filter(|alike| alike.likeness.share >= ALIKE)?;
    let mut why = alike.drift.clone();
    why.extend(alike.score.shortcomings(&alike.package.bar));
    why.dedup();
    Some(Finding {
        claim: None,
        problem: Some(Problem {
            path: root.to_owned(),
            what: changed(root, &alike.package, &why),
        }),
    })
}

fn claim_of(root: &str, files: Vec<EntryId>, best: &Appraisal) -> Claim {
    let score = &best.score;
    let evidence = vec![
        format!(
            "learned as {} ({})",
            best.package,
            best.package.hash().get(..12).unwrap_or_default()
        ),
        format!(
            "{} of {} steps with a result, {:.0} % of records explained",
            score.joined,
            score.steps,
            score.events_explained * 100.0
        ),
    ];
    Claim {
        layout: Claim::LEARNED,
        root: root.to_owned(),
        detection: Detection {
            score: SURE - 1,
            evidence,
            files,
            session: None,
        },
        part: None,
        learned: Some(Arc::new(Reader {
            package: Arc::clone(&best.package),
            drift: best.drift.clone(),
        })),
    }
}

/// Whether a reading may stand unasked. What a program prints for people has no structure but its
/// words, so most of what is read from it must be understood.
fn reads_plainly(found: &Induction) -> bool {
    let printed = matches!(
        found.map.records.container,
        Container::Log | Container::Markdown
    );
    !printed || found.score.meant * 5 >= found.score.steps * 4
}

/// A word on files that look like a run and are not read.
fn hinted(root: &str, why: &str) -> Finding {
    Finding {
        claim: None,
        problem: Some(Problem {
            path: root.to_owned(),
            what: format!(
                "looks like a run of an unknown layout, but {why}; \
                 `codetracer extractors learn` with --model may read it"
            ),
        }),
    }
}

/// The last resort: files nothing else reads, read by their structure alone. What looks like a run
/// and cannot be read well enough is a problem that names the way out.
fn by_induction(pile: &Pile, root: &str, files: Vec<EntryId>) -> Option<Finding> {
    let found = match induce(pile, &files) {
        Ok(found) if reads_plainly(&found) => found,
        Ok(found) => {
            let Score { meant, steps, .. } = found.score;
            let why =
                format!("only {meant} of the {steps} steps its lines would give are understood");
            return Some(hinted(root, &why));
        }
        Err(Refusal::BelowBar {
            found,
            shortcomings,
        }) if found.score.joined > 1 => return Some(hinted(root, &shortcomings.join(", and "))),
        Err(_) => return None,
    };
    let score = found.score;
    let mut content = Content::new(Registry::RESERVED, Program::Maps(vec![found.map]));
    content.score = score;
    "induction".clone_into(&mut content.provenance.made_by);
    let package = Arc::new(Package::seal(content).ok()?);
    let evidence = vec![
        format!("read by its structure alone: {} steps", score.steps),
        format!(
            "{} of them with a result, {:.0} % of records explained",
            score.joined,
            score.events_explained * 100.0
        ),
    ];
    Some(Finding {
        claim: Some(Claim {
            layout: Claim::LEARNED,
            root: root.to_owned(),
            detection: Detection {
                score: 1,
                evidence,
                files,
                session: None,
            },
            part: None,
            learned: Some(Arc::new(Reader {
                package,
                drift: Vec::new(),
            })),
        }),
        problem: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim_on(pile: &Pile, layout: &'static str, files: std::ops::Range<usize>) -> Claim {
        let files = pile.entries()[files].iter().map(|entry| entry.id);
        Claim {
            layout,
            root: String::new(),
            detection: Detection {
                files: files.collect(),
                ..Detection::default()
            },
            part: None,
            learned: None,
        }
    }

    #[test]
    fn a_fallen_claim_frees_what_nobody_takes_over() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a", "b", "c", "d"] {
            std::fs::write(folder.path().join(name), name).unwrap();
        }
        let pile = Pile::open(folder.path(), &crate::pile::Limits::default()).unwrap();
        let mut claims = vec![
            claim_on(&pile, "unsure", 0..3),
            claim_on(&pile, "other", 3..4),
        ];
        let mut taken: HashSet<EntryId> = pile.entries().iter().map(|entry| entry.id).collect();
        let learned = claim_on(&pile, Claim::LEARNED, 1..2);
        grant(vec![learned], &mut claims, &mut taken);
        let left: Vec<&str> = claims.iter().map(|claim| claim.layout).collect();
        assert_eq!(left, ["other", Claim::LEARNED]);
        let free = pile.entries().iter().filter(|e| !taken.contains(&e.id));
        let free: Vec<&str> = free.map(crate::pile::Entry::name).collect();
        assert_eq!(free, ["a", "c"]);
    }
}
