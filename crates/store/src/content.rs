//! What a file's metadata says about its content.

use std::fs::Metadata;
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How old a change must be before an unchanged stamp proves an unchanged content.
///
/// File systems stamp changes with a clock that ticks coarsely: every few milliseconds on ext4, every
/// second on NFS and HFS+, every two seconds on FAT. A file changed twice within one tick carries
/// one stamp for two contents, so what is younger than the coarsest tick is not trusted.
const SETTLING: Duration = Duration::from_secs(2);

/// What the file system says of a file without opening it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// Bytes.
    pub size: u64,
    /// Last change in nanoseconds since 1970; 0 where the system does not say.
    pub modified: i64,
    /// The file's number on its device: another file renamed into place has another one. 0 where
    /// the system has none.
    pub inode: u64,
}

impl Stamp {
    /// The stamp in a file's metadata.
    #[must_use]
    pub fn of(meta: &Metadata) -> Self {
        Self {
            size: meta.len(),
            modified: meta.modified().map_or(0, nanoseconds),
            inode: inode(meta),
        }
    }

    /// The stamp of the file at `path`.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub fn read(path: &Path) -> io::Result<Self> {
        std::fs::metadata(path).map(|meta| Self::of(&meta))
    }
}

/// Whether a change at `modified` (as in [`Stamp`]) lies so far before `now` that the stamp can be
/// trusted. A time in the future is never trusted.
#[must_use]
pub fn is_settled(modified: i64, now: SystemTime) -> bool {
    let settling = i64::try_from(SETTLING.as_nanos()).unwrap_or(i64::MAX);
    modified > 0 && modified.saturating_add(settling) < nanoseconds(now)
}

fn nanoseconds(time: SystemTime) -> i64 {
    time.duration_since(UNIX_EPOCH)
        .ok()
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
