//! Carries out on the files, one step after the other, what the steps did to them.

mod edit;
mod hunks;
mod shown;
mod versions;
mod whole;

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::{Bound, Range};
use std::sync::Arc;

use trace::{RefPart, StepId};

use crate::workspace::check::{Checks, FileCheck};
use crate::workspace::content::Content;
use crate::workspace::history::{Fidelity, FileHistory, Operation, Provenance, Version};
use crate::workspace::ledger::Ledger;
use crate::workspace::line::{Lines, Origin};

pub(in crate::workspace) use edit::Done;
pub(in crate::workspace) use shown::Mark;

/// Lines of a file beyond which its text is not followed.
const FILE_LINES: usize = 200_000;

/// Lines held by all versions together, at 12 bytes each; past it only the first and the last versions
/// of every file keep their text.
const KEPT_LINES: usize = 4_000_000;

/// Files followed in one run, and versions of all files together.
const FILES: usize = 100_000;
const VERSIONS: usize = 2_000_000;

/// Whether a file is there, and what it holds.
#[derive(Debug, Clone, Default)]
pub(in crate::workspace) enum Presence {
    /// Nothing was heard of it.
    #[default]
    Unseen,
    /// It is there.
    There(Arc<Content>),
    /// It went away.
    Gone,
}

impl Presence {
    /// What is known of it, where it is there.
    pub(in crate::workspace) fn content(&self) -> Option<&Arc<Content>> {
        match self {
            Self::There(content) => Some(content),
            Self::Unseen | Self::Gone => None,
        }
    }
}

/// One file, its past and its present.
pub(in crate::workspace) struct FileState {
    pub(in crate::workspace) history: FileHistory,
    pub(in crate::workspace) now: Presence,
    /// True when a change was made whose result is not recorded.
    inferred: bool,
    undo: Vec<Presence>,
    /// By the hash of its whole text, the last step after which it held that.
    held: HashMap<u64, StepId>,
    /// The hash of what it holds.
    hash: Option<u64>,
    /// How its listings compared.
    pub(in crate::workspace) check: FileCheck,
}

impl FileState {
    /// The step after which the file held the same before, where something else stood between.
    fn comes_back(&mut self, content: Option<&Content>, step: StepId) -> Option<StepId> {
        let hash = content.and_then(Content::all).map(|lines| {
            let mut hasher = DefaultHasher::new();
            for line in lines {
                line.text.hash(&mut hasher);
            }
            hasher.finish()
        });
        let before = std::mem::replace(&mut self.hash, hash);
        let earlier = self.held.insert(hash?, step);
        earlier.filter(|earlier| before != hash && *earlier < step)
    }
}

/// A whole text, or only who wrote it.
#[derive(Debug, Clone, Copy)]
pub(in crate::workspace) enum Text<'t> {
    /// These bytes.
    Known(&'t str),
    /// These bytes but for what a shell or program put in their place.
    About(&'t str),
    /// The run does not show it.
    Unknown,
}

/// The files while the run is read.
pub(in crate::workspace) struct Replay {
    pub(in crate::workspace) lines: Lines,
    pub(in crate::workspace) files: Vec<FileState>,
    by_path: BTreeMap<String, usize>,
    pub(in crate::workspace) ledger: Ledger,
    pub(in crate::workspace) checks: Checks,
    /// Files and versions in the order they came to be.
    pub(in crate::workspace) touches: Vec<(StepId, usize, usize)>,
    /// What the files the present step touched held before it.
    begun: BTreeMap<usize, Presence>,
    /// Lines held by all versions, and at how many they are thinned out.
    kept: usize,
    limit: usize,
    step: StepId,
    /// The step of the sub-agent whose steps are read at present.
    pub(in crate::workspace) nested: Option<StepId>,
    /// The step of the last `git commit`.
    committed: Option<StepId>,
    stash: Vec<Vec<(usize, Presence)>>,
}

impl Replay {
    pub(in crate::workspace) fn new() -> Self {
        Self {
            lines: Lines::default(),
            files: Vec::new(),
            by_path: BTreeMap::new(),
            ledger: Ledger::default(),
            checks: Checks::default(),
            touches: Vec::new(),
            begun: BTreeMap::new(),
            kept: 0,
            limit: KEPT_LINES,
            step: StepId::from_index(0),
            nested: None,
            committed: None,
            stash: Vec::new(),
        }
    }

    /// Begins a step.
    pub(in crate::workspace) fn begin(&mut self, step: StepId) {
        self.step = step;
    }

    /// Ends the step: what it wrote and took away is booked.
    pub(in crate::workspace) fn end(&mut self) {
        for (file, before) in std::mem::take(&mut self.begun) {
            let after = self.files[file].now.content().map(Arc::as_ref);
            let before = before.content().map(Arc::as_ref);
            self.ledger.book(self.step, before, after);
        }
    }

    /// Where a file stands in `files`, once it was heard of.
    pub(in crate::workspace) fn find(&self, path: &str) -> Option<usize> {
        self.by_path.get(path).copied()
    }

    /// The files below a folder.
    pub(in crate::workspace) fn below(&self, folder: &str) -> Vec<usize> {
        let prefix = match folder {
            "" | "." => String::new(),
            folder => format!("{}/", folder.trim_end_matches('/')),
        };
        self.by_path
            .range::<str, _>((Bound::Included(prefix.as_str()), Bound::Unbounded))
            .take_while(|(path, _)| path.starts_with(&prefix))
            .map(|(_, file)| *file)
            .collect()
    }

    /// True when files below a folder were heard of.
    pub(in crate::workspace) fn is_folder(&self, folder: &str) -> bool {
        let prefix = format!("{}/", folder.trim_end_matches('/'));
        let range = (Bound::Included(prefix.as_str()), Bound::Unbounded);
        let next = self.by_path.range::<str, _>(range).next();
        next.is_some_and(|(path, _)| path.starts_with(&prefix))
    }

    /// The whole text of a file, where it is known for sure.
    pub(in crate::workspace) fn text(&self, path: &str) -> Option<String> {
        let file = &self.files[self.find(path)?];
        if file.inferred {
            return None;
        }
        Some(self.lines.join(file.now.content()?.all()?))
    }

    fn file(&mut self, path: &str) -> Option<usize> {
        if let Some(file) = self.find(path) {
            return Some(file);
        }
        if self.files.len() >= FILES {
            return None;
        }
        self.by_path.insert(path.to_owned(), self.files.len());
        self.files.push(FileState {
            history: FileHistory {
                path: path.to_owned(),
                versions: Vec::new(),
                existed: false,
            },
            now: Presence::Unseen,
            inferred: false,
            undo: Vec::new(),
            held: HashMap::new(),
            hash: None,
            check: FileCheck::default_at(path),
        });
        Some(self.files.len() - 1)
    }

    /// Sets what a file holds and notes the version.
    fn set(&mut self, file: usize, operation: Operation, now: Presence, place: Place) {
        let now = match now {
            // Of a run whose files are larger than what is kept, only small ones are followed on.
            Presence::There(content)
                if content.known() > FILE_LINES
                    || (self.kept > 2 * KEPT_LINES && content.known() > 1_000) =>
            {
                Presence::There(Arc::new(Content::unknown(Origin::Step(self.step))))
            }
            now => now,
        };
        let state = &mut self.files[file];
        let before = std::mem::replace(&mut state.now, now.clone());
        self.begun.entry(file).or_insert(before);
        if self.touches.len() >= VERSIONS {
            return;
        }
        let content = now.content().cloned();
        let fidelity = match &content {
            _ if state.inferred => Fidelity::Inferred,
            Some(content) if content.all().is_none() => Fidelity::Partial,
            _ => Fidelity::Exact,
        };
        let returns_to = state.comes_back(content.as_deref(), self.step);
        self.kept += content.as_ref().map_or(0, |content| content.known());
        self.touches
            .push((self.step, file, state.history.versions.len()));
        state.history.versions.push(Version {
            step: self.step,
            operation,
            provenance: Provenance {
                step: self.step,
                nested: self.nested,
                part: place.part,
                bytes: place.bytes,
            },
            fidelity,
            exists: content.is_some(),
            returns_to,
            content,
        });
        if self.kept > self.limit {
            self.thin();
            self.limit = KEPT_LINES.max(self.kept + KEPT_LINES / 4);
        }
    }

    /// Lets go of the text of all versions but the first and the last two of every file.
    fn thin(&mut self) {
        self.kept = 0;
        for file in &mut self.files {
            file.undo.clear();
            let versions = &mut file.history.versions;
            let last = versions.len().saturating_sub(2);
            for version in versions.iter_mut().take(last).skip(1) {
                version.content = None;
            }
            let contents = versions.iter().filter_map(|v| v.content.as_ref());
            self.kept += contents.map(|content| content.known()).sum::<usize>();
        }
    }

    fn origin(&self) -> Origin {
        Origin::Step(self.step)
    }
}

/// Where in a step something stands.
#[derive(Debug, Clone)]
pub(in crate::workspace) struct Place {
    pub(in crate::workspace) part: RefPart,
    pub(in crate::workspace) bytes: Option<Range<usize>>,
}

impl Place {
    /// Somewhere in the action.
    pub(in crate::workspace) fn action(bytes: Option<Range<usize>>) -> Self {
        Self {
            part: RefPart::Action,
            bytes,
        }
    }

    /// These bytes of the observation.
    pub(in crate::workspace) fn observation(bytes: Range<usize>) -> Self {
        Self {
            part: RefPart::Observation,
            bytes: Some(bytes),
        }
    }
}

fn there(content: Content) -> Presence {
    Presence::There(Arc::new(content))
}
