//! What lies under a path by metadata alone: nothing is opened.

use std::fs::Metadata;
use std::io;
use std::path::Path;
use std::time::UNIX_EPOCH;

use walkdir::WalkDir;

use super::Limits;

/// The state of everything under a path, as far as the file system tells without opening a file.
///
/// Two listings of one path are equal when no file was added, removed, renamed, replaced or changed
/// between them; an archive counts as the one file it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listing {
    /// A hash over path, kind, size, time of change and inode of everything there.
    pub hash: blake3::Hash,
    /// The latest change of any file, in nanoseconds since 1970.
    pub newest: i64,
}

impl Listing {
    /// Lists `root`, a folder or a single file.
    ///
    /// # Errors
    /// When `root` itself cannot be looked at.
    pub fn of(root: &Path, limits: &Limits) -> io::Result<Self> {
        let mut hasher = blake3::Hasher::new();
        let mut newest = 0;
        let mut add = |path: &Path, what: &str, meta: Option<&Metadata>| {
            let path = path.as_os_str().as_encoded_bytes();
            hasher.update(&(path.len() as u64).to_le_bytes());
            hasher.update(path);
            hasher.update(&[u8::try_from(what.len()).unwrap_or(u8::MAX)]);
            hasher.update(what.as_bytes());
            if let Some(meta) = meta {
                let modified = modified(meta);
                newest = newest.max(modified);
                hasher.update(&meta.len().to_le_bytes());
                hasher.update(&modified.to_le_bytes());
                hasher.update(&inode(meta).to_le_bytes());
            }
        };
        let meta = std::fs::metadata(root)?;
        if meta.is_file() {
            add(root, "file", Some(&meta));
        } else {
            let all = WalkDir::new(root).min_depth(1).sort_by_file_name();
            // One more than is read, so that the limit is seen to be passed.
            for found in all.into_iter().take(limits.entries.saturating_mul(2)) {
                match found {
                    Err(error) => add(root, &error.to_string(), None),
                    Ok(found) if found.file_type().is_file() => match found.metadata() {
                        Ok(meta) => add(found.path(), "file", Some(&meta)),
                        Err(error) => add(found.path(), &error.to_string(), None),
                    },
                    Ok(found) => {
                        let is_folder = found.file_type().is_dir();
                        add(
                            found.path(),
                            if is_folder { "folder" } else { "other" },
                            None,
                        );
                    }
                }
            }
        }
        Ok(Self {
            hash: hasher.finalize(),
            newest,
        })
    }
}

fn modified(meta: &Metadata) -> i64 {
    let since = meta
        .modified()
        .ok()
        .and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    since
        .and_then(|since| i64::try_from(since.as_nanos()).ok())
        .unwrap_or(0)
}

#[cfg(unix)]
fn inode(meta: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(meta)
}

#[cfg(not(unix))]
fn inode(_meta: &Metadata) -> u64 {
    0
}
