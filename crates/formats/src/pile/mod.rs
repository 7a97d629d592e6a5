//! Everything under one path, whatever it is: folders, files, members of archives, one stream.
//!
//! A pile is a sorted list of files with their folders. It is made by looking, never by writing:
//! archives are unpacked into a private temporary folder that goes away with the pile.

mod archive;
mod listing;
pub(crate) mod used;
mod walk;

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use listing::Listing;
use tempfile::TempDir;
use thiserror::Error;

use crate::document::Document;
use crate::lines::Lines;

/// The number of a file within its pile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryId(u32);

impl EntryId {
    /// The file's place in [`Pile::entries`].
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// One file of a pile.
#[derive(Debug)]
pub struct Entry {
    /// The file's number.
    pub id: EntryId,
    /// Relative to the pile's root, `/`-separated; members of archives stand below
    /// `archive.tar.gz!`. For a pile made of one file, the file's own name.
    pub path: String,
    /// Size in bytes.
    pub size: u64,
    content: Content,
}

impl Entry {
    /// The last component of the path.
    #[must_use]
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// Whether the name ends with `.` and this ending.
    #[must_use]
    pub fn has_ending(&self, ending: &str) -> bool {
        self.name()
            .rsplit_once('.')
            .is_some_and(|(_, own)| own == ending)
    }

    /// The path of the folder that holds the file; empty for the root.
    #[must_use]
    pub fn folder(&self) -> &str {
        self.path.rsplit_once('/').map_or("", |(folder, _)| folder)
    }
}

#[derive(Debug, Clone)]
enum Content {
    Disk(PathBuf),
    Memory(Arc<[u8]>),
}

/// One folder of a pile.
#[derive(Debug)]
pub struct Folder {
    /// Relative to the pile's root; empty for the root itself.
    pub path: String,
    /// The files directly in it, by path.
    pub files: Vec<EntryId>,
    /// The names of the folders directly in it, sorted.
    pub folders: Vec<String>,
}

impl Folder {
    /// The last component of the path; empty for the root.
    #[must_use]
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }
}

/// How much a pile may take in before it says so and stops there.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Files in the whole pile.
    pub entries: usize,
    /// Bytes unpacked from archives, all together.
    pub unpacked_bytes: u64,
    /// How many times larger than its archive a content may get, past the first 64 MiB.
    pub unpacked_ratio: u64,
    /// Archives within archives.
    pub archive_depth: u32,
    /// Bytes read from a stream.
    pub stream_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            entries: 2_000_000,
            unpacked_bytes: 64 << 30,
            unpacked_ratio: 400,
            archive_depth: 3,
            stream_bytes: 8 << 30,
        }
    }
}

/// Something that could not be taken in; the rest of the pile stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What it concerns, relative to the pile's root.
    pub path: String,
    /// What happened and what can be done.
    pub what: String,
}

/// Why there is no pile at all.
#[derive(Debug, Error)]
pub enum PileError {
    /// The path cannot be looked at.
    #[error("{}: {source}", path.display())]
    Root {
        /// The path as given.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// No private folder could be made for unpacking.
    #[error("cannot make a temporary folder to unpack archives: {0}")]
    Temporary(io::Error),
}

/// Everything under one path.
#[derive(Debug, Default)]
pub struct Pile {
    root: PathBuf,
    entries: Vec<Entry>,
    folders: Vec<Folder>,
    problems: Vec<Problem>,
    /// Readable copies of databases that cannot be read where they stand, made on demand.
    databases: crate::database::Copies,
    /// Keeps unpacked members alive.
    #[cfg_attr(not(test), expect(dead_code, reason = "held for its drop"))]
    unpacked: Option<TempDir>,
}

impl Pile {
    /// Takes in a folder, a file or an archive.
    ///
    /// # Errors
    /// [`PileError`] when `root` itself cannot be read. Trouble further down becomes a
    /// [`Problem`] and the rest is kept.
    pub fn open(root: &Path, limits: &Limits) -> Result<Self, PileError> {
        walk::open(root, limits)
    }

    /// Takes in one stream, such as standard input, under the name `name`. An archive is unpacked.
    ///
    /// # Errors
    /// [`PileError`] when the stream cannot be read.
    pub fn from_reader(name: &str, reader: impl Read, limits: &Limits) -> Result<Self, PileError> {
        walk::from_reader(name, reader, limits)
    }

    /// A pile of files held in memory, given as path and content; for tests and embedding.
    #[must_use]
    pub fn from_memory<P: Into<String>, B: Into<Vec<u8>>>(
        files: impl IntoIterator<Item = (P, B)>,
    ) -> Self {
        let files = files.into_iter().map(|(path, bytes)| {
            let bytes: Arc<[u8]> = bytes.into().into();
            (path.into(), bytes.len() as u64, Content::Memory(bytes))
        });
        Self::assemble(PathBuf::new(), files.collect(), Vec::new(), None)
    }

    /// Sorts the files and works out the folders.
    fn assemble(
        root: PathBuf,
        mut files: Vec<(String, u64, Content)>,
        problems: Vec<Problem>,
        unpacked: Option<TempDir>,
    ) -> Self {
        files.sort_by(|a, b| a.0.cmp(&b.0));
        files.dedup_by(|a, b| a.0 == b.0);
        let entries: Vec<Entry> = (0u32..)
            .zip(files)
            .map(|(id, (path, size, content))| Entry {
                id: EntryId(id),
                path,
                size,
                content,
            })
            .collect();
        let folders = folders_of(&entries);
        Self {
            root,
            entries,
            folders,
            problems,
            databases: crate::database::Copies::default(),
            unpacked,
        }
    }

    /// The path as the user gave it.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// All files, sorted by path.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// All folders that hold anything, sorted by path, the root first.
    #[must_use]
    pub fn folders(&self) -> &[Folder] {
        &self.folders
    }

    /// What could not be taken in.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// The file with this number.
    #[must_use]
    pub fn entry(&self, id: EntryId) -> &Entry {
        &self.entries[id.index()]
    }

    /// The file at `path`, relative to the root.
    #[must_use]
    pub fn find(&self, path: &str) -> Option<&Entry> {
        let at = self
            .entries
            .binary_search_by(|entry| entry.path.as_str().cmp(path))
            .ok()?;
        Some(&self.entries[at])
    }

    /// The folder at `path`, relative to the root.
    #[must_use]
    pub fn folder(&self, path: &str) -> Option<&Folder> {
        let at = self
            .folders
            .binary_search_by(|folder| folder.path.as_str().cmp(path))
            .ok()?;
        Some(&self.folders[at])
    }

    /// All files below the folder at `path`, at any depth, sorted by path.
    #[must_use]
    pub fn below(&self, path: &str) -> &[Entry] {
        if path.is_empty() {
            return &self.entries;
        }
        &self.entries[below_range(&self.entries, path)]
    }

    /// Reads a file whole.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub fn read(&self, id: EntryId) -> io::Result<Document> {
        used::note(id);
        let entry = self.entry(id);
        let bytes = match &entry.content {
            Content::Disk(path) => std::fs::read(path)?,
            Content::Memory(bytes) => bytes.to_vec(),
        };
        Ok(Document::new(entry.path.clone(), bytes))
    }

    /// Reads a file line by line.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub fn lines(&self, id: EntryId) -> io::Result<Lines<Box<dyn BufRead + '_>>> {
        self.lines_from(id, 0)
    }

    /// Reads a file line by line from `offset` on, which must begin a line.
    ///
    /// # Errors
    /// When the file cannot be opened or is shorter.
    pub fn lines_from(&self, id: EntryId, offset: u64) -> io::Result<Lines<Box<dyn BufRead + '_>>> {
        let stream = self.stream_from(id, offset)?;
        Ok(Lines::at(self.entry(id).path.clone(), stream, offset))
    }

    /// Where the file stands on disk; `None` for one held in memory.
    pub(crate) fn on_disk(&self, id: EntryId) -> Option<&Path> {
        used::note(id);
        match &self.entry(id).content {
            Content::Disk(path) => Some(path),
            Content::Memory(_) => None,
        }
    }

    /// Copies a file's content, byte for byte.
    ///
    /// # Errors
    /// Whatever the file system or `to` says.
    pub(crate) fn copy(&self, id: EntryId, to: &mut impl io::Write) -> io::Result<u64> {
        io::copy(&mut self.stream(id)?, to)
    }

    /// The readable copies of this pile's databases.
    pub(crate) fn databases(&self) -> &crate::database::Copies {
        &self.databases
    }

    /// The first `most` bytes of a file as text; invalid bytes read as `?`.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub fn head(&self, id: EntryId, most: usize) -> io::Result<String> {
        let mut bytes = Vec::new();
        self.stream(id)?.take(most as u64).read_to_end(&mut bytes)?;
        // A cut in the middle of a character is not an invalid byte.
        if let Err(error) = std::str::from_utf8(&bytes)
            && error.error_len().is_none()
        {
            bytes.truncate(error.valid_up_to());
        }
        Ok(Document::new(String::new(), bytes).into_text())
    }

    /// Hashes a file's content.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub fn hash(&self, id: EntryId) -> io::Result<blake3::Hash> {
        let mut hasher = blake3::Hasher::new();
        hasher.update_reader(self.stream(id)?)?;
        Ok(hasher.finalize())
    }

    fn stream(&self, id: EntryId) -> io::Result<Box<dyn BufRead + '_>> {
        self.stream_from(id, 0)
    }

    /// The file on disk that holds this one: itself, or the archive it was unpacked from. `None` for
    /// one that came from no disk.
    pub(crate) fn source(&self, id: EntryId) -> Option<PathBuf> {
        let entry = self.entry(id);
        let root = std::path::absolute(&self.root).ok()?;
        if let (None, Content::Disk(path)) = (entry.path.find("!/"), &entry.content) {
            return std::path::absolute(path).ok();
        }
        // Archives within archives stand for nothing: the outermost is the file that may change.
        entry
            .path
            .match_indices("!/")
            .map(|(at, _)| &entry.path[..at])
            .map(|archive| {
                if root.is_file() {
                    root.clone()
                } else {
                    root.join(archive)
                }
            })
            .find(|path| path.is_file())
    }

    fn stream_from(&self, id: EntryId, offset: u64) -> io::Result<Box<dyn BufRead + '_>> {
        used::note(id);
        Ok(match &self.entry(id).content {
            Content::Disk(path) => {
                let mut file = File::open(path)?;
                if offset > 0 {
                    file.seek(SeekFrom::Start(offset))?;
                }
                Box::new(BufReader::with_capacity(1 << 16, file))
            }
            Content::Memory(bytes) => {
                let mut cursor = Cursor::new(bytes.as_ref());
                cursor.set_position(offset);
                Box::new(cursor)
            }
        })
    }
}

/// The entries below `folder`, as a range: they are neighbours in the sorted list.
fn below_range(entries: &[Entry], folder: &str) -> Range<usize> {
    let prefix = format!("{folder}/");
    let start = entries.partition_point(|entry| entry.path.as_str() < prefix.as_str());
    let length = entries[start..].partition_point(|entry| entry.path.starts_with(&prefix));
    start..start + length
}

/// The folders named by the entries' paths, sorted, the root first.
fn folders_of(entries: &[Entry]) -> Vec<Folder> {
    use std::collections::BTreeMap;
    let mut folders: BTreeMap<&str, (Vec<EntryId>, Vec<&str>)> = BTreeMap::new();
    folders.entry("").or_default();
    for entry in entries {
        let mut child = entry.folder();
        let known = folders.contains_key(child);
        folders.entry(child).or_default().0.push(entry.id);
        if known {
            continue;
        }
        while !child.is_empty() {
            let (parent, name) = child.rsplit_once('/').unwrap_or(("", child));
            let parent_known = folders.contains_key(parent);
            folders.entry(parent).or_default().1.push(name);
            if parent_known {
                break;
            }
            child = parent;
        }
    }
    folders
        .into_iter()
        .map(|(path, (files, mut names))| {
            names.sort_unstable();
            Folder {
                path: path.to_owned(),
                files,
                folders: names.into_iter().map(str::to_owned).collect(),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_know_their_files_and_folders() {
        let pile = Pile::from_memory([("b/x/1", ""), ("a/2", ""), ("a.b/3", ""), ("0", "")]);
        let shape: Vec<_> = pile
            .folders()
            .iter()
            .map(|f| (f.path.as_str(), f.files.len(), f.folders.join(",")))
            .collect();
        assert_eq!(
            shape,
            [
                ("", 1, "a,a.b,b".to_owned()),
                ("a", 1, String::new()),
                ("a.b", 1, String::new()),
                ("b", 0, "x".to_owned()),
                ("b/x", 1, String::new()),
            ]
        );
        let below: Vec<_> = pile.below("a").iter().map(|e| e.path.as_str()).collect();
        assert_eq!(below, ["a/2"]);
        assert_eq!(pile.find("b/x/1").unwrap().name(), "1");
    }
}
