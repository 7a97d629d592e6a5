//! Which lines that the run wrote still stand, and who wrote them.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use trace::StepId;

use super::{Event, Paths};

/// Shorter lines (a bracket, `fi`) stand everywhere and say nothing about who wrote them.
const TELLING: usize = 3;
/// How many lines are followed; what is written beyond that many is not judged.
const LINES: usize = 500_000;

/// The lines the run wrote. A file is a set of lines here: moving them about changes nothing.
#[derive(Default)]
pub(crate) struct Lines {
    /// How files are told apart.
    pub(crate) paths: Paths,
    files: HashMap<u32, HashMap<u64, StepId>>,
    held: usize,
    fates: BTreeMap<StepId, Fate>,
}

/// What became of one step's lines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Fate {
    /// How many it wrote that were not there.
    pub(crate) written: u32,
    /// How many of them still stand.
    pub(crate) standing: u32,
    /// The step that took the last of them away.
    pub(crate) ended_by: Option<StepId>,
}

/// What an event did to the lines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Touched {
    /// Lines that came.
    pub(crate) added: u32,
    /// Lines that went, own or not.
    pub(crate) removed: u32,
    /// Lines among them that an earlier step of the run had written.
    pub(crate) own_removed: u32,
}

impl Lines {
    /// Takes note of what a step did to a file.
    pub(crate) fn apply(&mut self, step: StepId, event: &Event<'_>) -> Touched {
        match event {
            Event::Whole { path, text } => {
                let file = self.paths.id(path);
                let new = hashes(text);
                let removed = self.drop_all(file, step, |line| new.contains(&line));
                let mut touched = self.add(file, step, &new);
                touched.removed = removed;
                touched.own_removed = removed;
                touched
            }
            Event::Piece { path, old, new } => {
                let file = self.paths.id(path);
                let (old, new) = (hashes(old), hashes(new));
                let gone: Vec<u64> = old.difference(&new).copied().collect();
                let own_removed = self.drop_lines(file, step, &gone);
                let fresh: HashSet<u64> = new.difference(&old).copied().collect();
                let mut touched = self.add(file, step, &fresh);
                touched.removed = count(gone.len());
                touched.own_removed = own_removed;
                touched
            }
            Event::Gone { path } => {
                let mut files = self.paths.below(path);
                files.push(self.paths.id(path));
                self.clear(&files, step)
            }
            Event::Moved { from, to } => {
                let (from, to) = (self.paths.id(from), self.paths.id(to));
                if from != to {
                    let lines = self.files.remove(&from).unwrap_or_default();
                    self.files.entry(to).or_default().extend(lines);
                }
                Touched::default()
            }
            Event::Restored { path: Some(path) } => {
                let file = self.paths.id(path);
                self.clear(&[file], step)
            }
            Event::Restored { path: None } => {
                let mut files: Vec<u32> = self.files.keys().copied().collect();
                files.sort_unstable();
                self.clear(&files, step)
            }
        }
    }

    /// Stops following a file without holding its end against anyone.
    pub(crate) fn release(&mut self, path: &str) {
        if let Some(file) = self.paths.known(path)
            && let Some(lines) = self.files.remove(&file)
        {
            self.held -= lines.len().min(self.held);
        }
    }

    /// What became of the lines of each step that wrote any, in step order.
    pub(crate) fn fates(&self) -> &BTreeMap<StepId, Fate> {
        &self.fates
    }

    fn add(&mut self, file: u32, step: StepId, new: &HashSet<u64>) -> Touched {
        let mut added = 0;
        if self.held + new.len() > LINES {
            return Touched::default();
        }
        let lines = self.files.entry(file).or_default();
        for &line in new {
            if let std::collections::hash_map::Entry::Vacant(place) = lines.entry(line) {
                place.insert(step);
                self.held += 1;
                added += 1;
            }
        }
        if added > 0 {
            let fate = self.fates.entry(step).or_default();
            fate.written += added;
            fate.standing += added;
        }
        Touched {
            added,
            ..Touched::default()
        }
    }

    fn drop_all(&mut self, file: u32, step: StepId, keeps: impl Fn(u64) -> bool) -> u32 {
        let Some(lines) = self.files.get(&file) else {
            return 0;
        };
        let gone: Vec<u64> = lines.keys().copied().filter(|line| !keeps(*line)).collect();
        self.drop_lines(file, step, &gone)
    }

    fn drop_lines(&mut self, file: u32, step: StepId, gone: &[u64]) -> u32 {
        let Some(lines) = self.files.get_mut(&file) else {
            return 0;
        };
        let mut dropped = 0;
        for line in gone {
            let Some(writer) = lines.remove(line) else {
                continue;
            };
            dropped += 1;
            self.held -= 1;
            if let Some(fate) = self.fates.get_mut(&writer) {
                fate.standing = fate.standing.saturating_sub(1);
                fate.ended_by = Some(step);
            }
        }
        dropped
    }

    fn clear(&mut self, files: &[u32], step: StepId) -> Touched {
        let mut removed = 0;
        for file in files {
            removed += self.drop_all(*file, step, |_| false);
            self.files.remove(file);
        }
        Touched {
            added: 0,
            removed,
            own_removed: removed,
        }
    }
}

fn hashes(text: &str) -> HashSet<u64> {
    text.lines()
        .map(str::trim)
        .filter(|line| line.len() >= TELLING)
        .map(|line| {
            let mut hasher = DefaultHasher::new();
            line.hash(&mut hasher);
            hasher.finish()
        })
        .collect()
}

fn count(lines: usize) -> u32 {
    u32::try_from(lines).unwrap_or(u32::MAX)
}
