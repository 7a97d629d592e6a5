//! Answers by key, and the hashes of files by what the file system says of them.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, OptionalExtension, Statement, params};
use thiserror::Error;

use crate::content::{Stamp, is_settled};
use crate::schema;

/// What an answer is kept under: a hash of everything that decides it but the content of files.
pub type Key = blake3::Hash;

/// How hard answers are compressed: the fastest there is.
const LEVEL: i32 = 1;

/// Larger answers are not kept.
const MOST_ANSWER: usize = 64 << 20;

/// How stale, in seconds, the time of last use may get, so that reading does not mean writing.
const STALE: i64 = 3600;

/// A file an answer was made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    /// Where it is; absolute, so that it holds from any folder.
    pub path: PathBuf,
    /// BLAKE3 of its content.
    pub hash: blake3::Hash,
}

/// Something worked out before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The files it was made from.
    pub dependencies: Vec<Dependency>,
    /// What was worked out, in the words of whoever keeps it.
    pub content: Vec<u8>,
}

/// How large the cache is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Info {
    /// The database file.
    pub path: PathBuf,
    /// Bytes it holds.
    pub bytes: u64,
    /// Bytes it may grow to.
    pub most_bytes: u64,
    /// Answers kept.
    pub answers: u64,
    /// Files whose content is known.
    pub files: u64,
}

#[derive(Debug, Error)]
enum Trouble {
    #[error("{0}")]
    Database(#[from] rusqlite::Error),
    #[error("{0}")]
    Io(#[from] std::io::Error),
    #[error("an entry is damaged")]
    Entry,
}

/// One file of answers, shared by all processes of the user.
pub struct Cache {
    path: PathBuf,
    most_bytes: u64,
    connection: Mutex<Connection>,
    written: AtomicU64,
    /// Hashes that were just learnt, until they are written together.
    learnt: Mutex<Vec<Learnt>>,
    trouble: OnceLock<String>,
}

/// A file's content hash under its stamp.
type Learnt = (Vec<u8>, Stamp, blake3::Hash);

/// How many hashes are written together at most: each writing costs the disk its pause.
const LEARNT_TOGETHER: usize = 4096;

impl Cache {
    /// Opens the cache in `folder`, which is made if need be; it may grow to about `most_bytes`.
    ///
    /// # Errors
    /// One sentence on why there is no cache; work goes on without.
    pub fn open(folder: &Path, most_bytes: u64) -> Result<Self, String> {
        let path = folder.join("cache.sqlite3");
        let open = || -> Result<Connection, Trouble> {
            make_private(folder, &path)?;
            Ok(schema::open(&path)?)
        };
        let connection = open().map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Self {
            path,
            most_bytes,
            connection: Mutex::new(connection),
            written: AtomicU64::new(0),
            learnt: Mutex::default(),
            trouble: OnceLock::new(),
        })
    }

    /// What went wrong first, if anything did; nothing is looked up or kept after that.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        let what = self.trouble.get()?;
        Some(format!("{}: {what}", self.path.display()))
    }

    /// The answer under `key`, whatever has become of its dependencies.
    #[must_use]
    pub fn answer(&self, key: &Key) -> Option<Answer> {
        self.quietly(|connection| {
            let mut find = connection
                .prepare_cached("SELECT dependencies, content, used FROM answer WHERE key = ?1")?;
            let found: Option<(Vec<u8>, Vec<u8>, i64)> = find
                .query_row([key.as_bytes()], |row| {
                    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
                })
                .optional()?;
            let Some((dependencies, content, used)) = found else {
                return Ok(None);
            };
            if used + STALE < now() {
                connection
                    .prepare_cached("UPDATE answer SET used = ?2 WHERE key = ?1")?
                    .execute(params![key.as_bytes(), now()])?;
            }
            Ok(Some(Answer {
                dependencies: unpack(&dependencies).ok_or(Trouble::Entry)?,
                content: inflate(&content).ok_or(Trouble::Entry)?,
            }))
        })
    }

    /// Whether there is an answer under every one of `keys`.
    #[must_use]
    pub fn has_all(&self, keys: &[Key]) -> bool {
        let all = self.quietly(|connection| {
            let mut find = connection.prepare_cached("SELECT 1 FROM answer WHERE key = ?1")?;
            for key in keys {
                if !find.exists([key.as_bytes()])? {
                    return Ok(None);
                }
            }
            Ok(Some(()))
        });
        all.is_some()
    }

    /// Keeps answers; those there were under the same keys give way.
    pub fn keep<'a>(&self, answers: impl IntoIterator<Item = (Key, &'a Answer)>) {
        self.quietly(|connection| {
            let change = connection.unchecked_transaction()?;
            {
                let mut put = change.prepare_cached(
                    "INSERT OR REPLACE INTO answer (key, dependencies, content, used)
                     VALUES (?1, ?2, ?3, ?4)",
                )?;
                for (key, answer) in answers {
                    if answer.content.len() <= MOST_ANSWER {
                        self.put(&mut put, &key, answer)?;
                    }
                }
            }
            change.commit()?;
            Ok(Some(()))
        });
    }

    fn put(&self, put: &mut Statement<'_>, key: &Key, answer: &Answer) -> Result<(), Trouble> {
        let dependencies = pack(&answer.dependencies);
        let content = deflate(&answer.content)?;
        let size = (dependencies.len() + content.len()) as u64;
        self.written.fetch_add(size, Ordering::Relaxed);
        put.execute(params![key.as_bytes(), dependencies, content, now()])?;
        Ok(())
    }

    /// Whether every file an answer was made from has the content it had.
    #[must_use]
    pub fn holds(&self, answer: &Answer) -> bool {
        answer
            .dependencies
            .iter()
            .all(|file| self.content_of(&file.path) == Some(file.hash))
    }

    /// The hash of a file's content: from its stamp where that is known and settled, else by reading
    /// it. `None` when it cannot be read.
    #[must_use]
    pub fn content_of(&self, path: &Path) -> Option<blake3::Hash> {
        let stamp = Stamp::read(path).ok()?;
        let name = path.as_os_str().as_encoded_bytes();
        let settled = is_settled(stamp.modified, SystemTime::now());
        if settled && let Some(hash) = self.known(name, stamp) {
            return Some(hash);
        }
        let mut hasher = blake3::Hasher::new();
        hasher.update_reader(File::open(path).ok()?).ok()?;
        let hash = hasher.finalize();
        // Only what stayed as it was while it was read has this content under this stamp.
        if settled && Stamp::read(path).ok()? == stamp {
            self.learn(name, stamp, hash);
        }
        Some(hash)
    }

    fn known(&self, name: &[u8], stamp: Stamp) -> Option<blake3::Hash> {
        self.quietly(|connection| {
            let mut find = connection.prepare_cached(
                "SELECT hash FROM file WHERE path = ?1 AND size = ?2 AND modified = ?3 AND inode = ?4",
            )?;
            let found: Option<Vec<u8>> = find
                .query_row(
                    params![name, signed(stamp.size), stamp.modified, signed(stamp.inode)],
                    |row| row.get(0),
                )
                .optional()?;
            found
                .map(|hash| blake3::Hash::from_slice(&hash).map_err(|_| Trouble::Entry))
                .transpose()
        })
    }

    fn learn(&self, name: &[u8], stamp: Stamp, hash: blake3::Hash) {
        let many = {
            let mut learnt = self.learnt.lock().unwrap_or_else(PoisonError::into_inner);
            learnt.push((name.to_owned(), stamp, hash));
            learnt.len() >= LEARNT_TOGETHER
        };
        if many {
            self.write_learnt();
        }
    }

    /// Writes the hashes learnt since the last time.
    fn write_learnt(&self) {
        let learnt = {
            let mut learnt = self.learnt.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *learnt)
        };
        if learnt.is_empty() {
            return;
        }
        self.quietly(|connection| {
            let change = connection.unchecked_transaction()?;
            {
                let mut put = change.prepare_cached(
                    "INSERT OR REPLACE INTO file (path, size, modified, inode, hash, used)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                )?;
                for (name, stamp, hash) in &learnt {
                    self.written
                        .fetch_add(name.len() as u64 + 80, Ordering::Relaxed);
                    put.execute(params![
                        name,
                        signed(stamp.size),
                        stamp.modified,
                        signed(stamp.inode),
                        hash.as_bytes(),
                        now()
                    ])?;
                }
            }
            change.commit()?;
            Ok(Some(()))
        });
    }

    /// How much is kept, and where.
    #[must_use]
    pub fn info(&self) -> Option<Info> {
        self.write_learnt();
        self.quietly(|connection| {
            let count = |table: &str| -> rusqlite::Result<u64> {
                let text = format!("SELECT count(*) FROM {table}");
                connection.query_row(&text, [], |row| row.get(0).map(unsigned))
            };
            Ok(Some(Info {
                path: self.path.clone(),
                bytes: bytes(connection)?,
                most_bytes: self.most_bytes,
                answers: count("answer")?,
                files: count("file")?,
            }))
        })
    }

    /// Forgets everything.
    pub fn clear(&self) {
        self.write_learnt();
        self.quietly(|connection| {
            connection.execute_batch("DELETE FROM answer; DELETE FROM file; VACUUM;")?;
            Ok(Some(()))
        });
    }

    /// Forgets what was not used for longest, where more is kept than may be.
    fn shrink(&self) {
        self.quietly(|connection| {
            let mut excess = bytes(connection)?.saturating_sub(self.most_bytes);
            if excess == 0 {
                return Ok(None);
            }
            // A tenth more, so that not every call has to.
            excess += self.most_bytes / 10;
            for table in ["answer", "file"] {
                let weight = match table {
                    "answer" => "length(content) + length(dependencies) + 100",
                    _ => "length(path) + 100",
                };
                let mut oldest = connection.prepare(&format!(
                    "SELECT rowid, {weight} FROM {table} ORDER BY used, rowid"
                ))?;
                let mut rows = oldest.query([])?;
                let mut gone = Vec::new();
                while let Some(row) = rows.next()?.filter(|_| excess > 0) {
                    gone.push(row.get::<_, i64>(0)?);
                    excess = excess.saturating_sub(unsigned(row.get(1)?));
                }
                drop(rows);
                let change = connection.unchecked_transaction()?;
                for id in gone {
                    change
                        .prepare_cached(&format!("DELETE FROM {table} WHERE rowid = ?1"))?
                        .execute([id])?;
                }
                change.commit()?;
            }
            connection.execute_batch("PRAGMA incremental_vacuum")?;
            Ok(Some(()))
        });
    }

    /// Does something with the database; trouble is noted and answers `None`.
    fn quietly<R>(
        &self,
        work: impl FnOnce(&Connection) -> Result<Option<R>, Trouble>,
    ) -> Option<R> {
        if self.trouble.get().is_some() {
            return None;
        }
        match work(&self.connection()) {
            Ok(done) => done,
            Err(error) => {
                let _ = self.trouble.set(error.to_string());
                None
            }
        }
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Cache {
    fn drop(&mut self) {
        self.write_learnt();
        if self.written.load(Ordering::Relaxed) > 0 {
            self.shrink();
        }
    }
}

/// Makes the folder and the file for the user alone: answers hold what agents read and wrote. A folder
/// that is there keeps its mode, since the user may have named any; the logs that `SQLite` puts beside
/// the file take the mode of the file.
#[cfg(unix)]
fn make_private(folder: &Path, path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)?;
    let file = std::fs::OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)?;
    if file.metadata()?.permissions().mode() & 0o077 != 0 {
        file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
    }
    Ok(())
}

#[cfg(not(unix))]
fn make_private(folder: &Path, _path: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)
}

/// Bytes in use, without what was freed.
fn bytes(connection: &Connection) -> rusqlite::Result<u64> {
    let number = |name: &str| -> rusqlite::Result<u64> {
        connection.pragma_query_value(None, name, |row| row.get(0).map(unsigned))
    };
    let used = number("page_count")?.saturating_sub(number("freelist_count")?);
    Ok(used * number("page_size")?)
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
    })
}

/// SQLite has signed numbers only; only equality matters.
fn signed(number: u64) -> i64 {
    number.cast_signed()
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

/// The length of the content and the content, compressed.
fn deflate(content: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut bytes = (content.len() as u64).to_le_bytes().to_vec();
    bytes.extend(zstd::bulk::compress(content, LEVEL)?);
    Ok(bytes)
}

fn inflate(bytes: &[u8]) -> Option<Vec<u8>> {
    let (length, rest) = bytes.split_first_chunk()?;
    let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
    let content = zstd::bulk::decompress(rest, length.min(MOST_ANSWER)).ok()?;
    (content.len() == length).then_some(content)
}

/// Each dependency as its hash, the length of its path, and its path.
fn pack(dependencies: &[Dependency]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for file in dependencies {
        let name = file.path.as_os_str().as_encoded_bytes();
        bytes.extend_from_slice(file.hash.as_bytes());
        bytes.extend_from_slice(&(name.len() as u64).to_le_bytes());
        bytes.extend_from_slice(name);
    }
    bytes
}

fn unpack(mut bytes: &[u8]) -> Option<Vec<Dependency>> {
    let mut dependencies = Vec::new();
    while !bytes.is_empty() {
        let (hash, rest) = bytes.split_at_checked(blake3::OUT_LEN)?;
        let (length, rest) = rest.split_first_chunk()?;
        let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
        let (name, rest) = rest.split_at_checked(length)?;
        dependencies.push(Dependency {
            path: path_of(name)?,
            hash: blake3::Hash::from_slice(hash).ok()?,
        });
        bytes = rest;
    }
    Some(dependencies)
}

#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "elsewhere a path is text")]
fn path_of(name: &[u8]) -> Option<PathBuf> {
    use std::os::unix::ffi::OsStrExt;
    Some(PathBuf::from(std::ffi::OsStr::from_bytes(name)))
}

#[cfg(not(unix))]
fn path_of(name: &[u8]) -> Option<PathBuf> {
    Some(PathBuf::from(String::from_utf8(name.to_vec()).ok()?))
}
