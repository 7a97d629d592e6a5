//! The temporary file and the few chunks that were read from it last.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde::Deserialize;

use crate::{CHUNK, Spooled};

/// Chunks kept after they were read: readers that look back a little, or several readers at once,
/// should not read the same chunk again and again.
const RECENT: usize = 8;

/// Where a chunk lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    start: u64,
    bytes: usize,
    /// How many items it holds.
    count: usize,
}

/// Items that were read together.
pub(crate) type Fetched<T> = Arc<Vec<T>>;

/// Chunks in a file without a name, which the system takes back however the process ends.
pub(crate) struct Park<T> {
    file: Mutex<Option<File>>,
    end: u64,
    /// Writing failed once; it is not tried again.
    full: bool,
    damaged: AtomicBool,
    /// By their place in the file, the latest first.
    recent: Mutex<VecDeque<(u64, Fetched<T>)>>,
}

impl<T> Default for Park<T> {
    fn default() -> Self {
        Self {
            file: Mutex::new(None),
            end: 0,
            full: false,
            damaged: AtomicBool::new(false),
            recent: Mutex::new(VecDeque::new()),
        }
    }
}

impl<T> Park<T> {
    /// Whether something could not be read back.
    pub(crate) fn is_damaged(&self) -> bool {
        self.damaged.load(Ordering::Relaxed)
    }

    /// How long the file has become.
    #[cfg(test)]
    pub(crate) fn end(&self) -> u64 {
        self.end
    }

    /// Takes the file away.
    #[cfg(test)]
    pub(crate) fn lose(&mut self) {
        self.file = Mutex::new(None);
    }
}

impl<T: Spooled> Park<T> {
    /// Writes items to the end of the file; `None` when that cannot be done.
    pub(crate) fn write(&mut self, items: &[T]) -> Option<Place> {
        if self.full {
            return None;
        }
        let written = serde_json::to_vec(items)
            .map_err(io::Error::from)
            .and_then(|bytes| {
                let file = self.file.get_mut().unwrap_or_else(PoisonError::into_inner);
                let file = match file {
                    Some(file) => file,
                    None => file.insert(tempfile::tempfile()?),
                };
                file.seek(SeekFrom::Start(self.end))?;
                file.write_all(&bytes)?;
                Ok(bytes.len())
            });
        let Ok(bytes) = written else {
            self.full = true;
            return None;
        };
        let start = self.end;
        self.end += bytes as u64;
        Some(Place {
            start,
            bytes,
            count: items.len(),
        })
    }

    /// Reads items back. Where that fails the list is damaged and stand-ins are given.
    pub(crate) fn read(&self, place: &Place) -> Vec<T> {
        match self.try_read(place) {
            Ok(items) if items.len() == place.count => items,
            _ => {
                self.damaged.store(true, Ordering::Relaxed);
                (0..place.count.min(CHUNK)).map(|_| T::lost()).collect()
            }
        }
    }

    fn try_read(&self, place: &Place) -> io::Result<Vec<T>> {
        let mut bytes = vec![0; place.bytes];
        {
            let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
            let file = file.as_mut().ok_or(io::ErrorKind::NotFound)?;
            file.seek(SeekFrom::Start(place.start))?;
            file.read_exact(&mut bytes)?;
        }
        let mut items = serde_json::Deserializer::from_slice(&bytes);
        // Our own writing: as deep as what was once parsed within the limit, and a little more.
        items.disable_recursion_limit();
        Ok(Vec::deserialize(&mut items)?)
    }

    /// Reads items to be looked at, or gives those that were just read.
    pub(crate) fn look(&self, place: &Place) -> Fetched<T> {
        let recent = || self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let known = |recent: &VecDeque<(u64, Fetched<T>)>| {
            recent.iter().position(|(start, _)| *start == place.start)
        };
        {
            let mut recent = recent();
            if let Some(found) = known(&recent).and_then(|at| recent.remove(at)) {
                let items = Arc::clone(&found.1);
                recent.push_front(found);
                return items;
            }
        }
        let items = Arc::new(self.read(place));
        let mut recent = recent();
        if known(&recent).is_none() {
            recent.push_front((place.start, Arc::clone(&items)));
            recent.truncate(RECENT);
        }
        items
    }
}
