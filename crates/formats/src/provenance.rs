//! What a run's trajectory was made from, so that it is known when it would be made the same again.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::extractor::Extraction;
use crate::pile::{EntryId, Folder, Pile, used};
use crate::{Learned, ReadError, Run, extractors, read_run};

/// Identifies the extractors that may read: another set, another description of a built-in one, or
/// another version of a learned one reads otherwise.
#[must_use]
pub fn identity(learned: &Learned) -> blake3::Hash {
    let mut hasher = Fields::default();
    for extractor in extractors() {
        let layout = extractor.layout();
        hasher.add(layout.name.as_bytes());
        hasher.add(layout.doc.as_bytes());
    }
    for package in &learned.packages {
        hasher.add(package.hash().as_bytes());
    }
    hasher.add(&[u8::from(learned.induction)]);
    hasher.0.finalize()
}

/// Reads one run as [`read_run`] does and names the files on disk it was made from; an archive
/// stands for its members. `None` for what is not on disk.
///
/// # Errors
/// Those of [`read_run`].
pub fn read_with_sources(
    pile: &Pile,
    run: &Run,
) -> (Result<Extraction, ReadError>, Option<BTreeSet<PathBuf>>) {
    let (read, mut used) = used::noting(|| read_run(pile, run));
    used.extend(&run.claim.detection.files);
    used.extend(&run.facts.files);
    // A database is read with what waits beside it to be written into it.
    let beside: Vec<EntryId> = used.iter().flat_map(|id| journals(pile, *id)).collect();
    used.extend(beside);
    if pile.folder(&run.claim.root).is_some() {
        used.extend(pile.below(&run.claim.root).iter().map(|entry| entry.id));
    }
    let sources = used.iter().map(|id| pile.source(*id)).collect();
    (read, sources)
}

fn journals(pile: &Pile, id: EntryId) -> impl Iterator<Item = EntryId> {
    let path = &pile.entry(id).path;
    ["-wal", "-journal"]
        .into_iter()
        .filter_map(move |ending| Some(pile.find(&format!("{path}{ending}"))?.id))
}

/// Fingerprints of the runs of one pile.
pub struct Fingerprints<'p> {
    pile: &'p Pile,
    /// The names in each folder, in the order of [`Pile::folders`].
    folders: Vec<blake3::Hash>,
}

impl<'p> Fingerprints<'p> {
    /// Looks at the names in the pile's folders.
    #[must_use]
    pub fn new(pile: &'p Pile) -> Self {
        let folders = pile.folders().iter().map(|f| names(pile, f)).collect();
        Self { pile, folders }
    }

    /// A hash of all that decides a run's trajectory but the content of its files: who reads it and
    /// from where, what its trial folder knows, and which other files lie around it.
    #[must_use]
    pub fn of(&self, run: &Run) -> blake3::Hash {
        let mut all = Fields::default();
        for text in [&run.id, &run.path, &run.claim.root] {
            all.add(text.as_bytes());
        }
        all.add(run.claim.layout_name().as_bytes());
        if let Some(reader) = &run.claim.learned {
            all.add(reader.package.hash().as_bytes());
            all.add(reader.drift.join("; ").as_bytes());
        }
        all.add(format!("{:?} {:?}", run.claim.part, run.claim.detection.session).as_bytes());
        let facts = &run.facts;
        let known = format!(
            "{:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?}",
            facts.task,
            facts.outcome,
            facts.agent,
            facts.agent_version,
            facts.model,
            facts.usage,
            facts.started,
            facts.ended
        );
        all.add(known.as_bytes());
        for id in run.claim.detection.files.iter().chain(&facts.files) {
            all.add(self.pile.entry(*id).path.as_bytes());
        }
        for duplicate in &run.duplicates {
            all.add(duplicate.root.as_bytes());
        }
        if self.pile.folder(&run.claim.root).is_some() {
            for entry in self.pile.below(&run.claim.root) {
                all.add(entry.path.as_bytes());
            }
        }
        for path in [&run.claim.root, &run.path] {
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            let folders = self.pile.folders();
            let at = folders.binary_search_by(|known| known.path.as_str().cmp(folder));
            if let Some(hash) = at.ok().and_then(|at| self.folders.get(at)) {
                all.add(hash.as_bytes());
            }
        }
        all.0.finalize()
    }
}

fn names(pile: &Pile, folder: &Folder) -> blake3::Hash {
    let mut all = Fields::default();
    for id in &folder.files {
        all.add(pile.entry(*id).name().as_bytes());
    }
    for name in &folder.folders {
        all.add(name.as_bytes());
    }
    all.0.finalize()
}

/// A hash over fields, each with its length, so that no two lists of fields look the same.
#[derive(Default)]
struct Fields(blake3::Hasher);

impl Fields {
    fn add(&mut self, bytes: &[u8]) {
        self.0.update(&(bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
    }
}
