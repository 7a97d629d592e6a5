//! SQLite databases of a pile, opened so that nothing is written beside them and nothing in them is
//! trusted.

mod pages;

use std::cell::OnceCell;
use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};
use serde_json::Value;
use tempfile::TempDir;
use trace::{Ref, RefPart};

use crate::document::cite_bytes;
use crate::extractor::ExtractError;
use crate::pile::{EntryId, Pile};
use pages::Pages;

/// What every SQLite file begins with.
const MAGIC: &str = "SQLite format 3\0";
/// The largest value or row that is read, in bytes.
const MOST_VALUE_BYTES: i32 = 256 << 20;
/// How many instructions of the database engine one connection may take, in units of
/// [`INSTRUCTIONS`]: minutes of work, and the same on every machine.
const MOST_WORK: u32 = 40_000;
const INSTRUCTIONS: i32 = 100_000;

/// True when the head of a file says it is a SQLite database.
pub(crate) fn is_database(head: &str) -> bool {
    head.starts_with(MAGIC)
}

/// A database opened for reading.
///
/// The file is opened as immutable, so no `-wal`, `-shm` or journal is made beside it. A file that
/// has one is copied with it to a private folder first, and so is a file that is not on disk.
pub(crate) struct Database {
    /// The artifact's path, relative to the analysed path.
    path: String,
    connection: Connection,
    /// A file with the artifact's own bytes, for citations; they may be older than what a log beside
    /// it says.
    artifact: PathBuf,
    pages: OnceCell<Option<Pages>>,
    roots: OnceCell<HashMap<String, u32>>,
    /// Keeps the copy alive.
    _copy: Option<Arc<Copy>>,
}

impl Database {
    /// Opens the database in the file `id` of `pile`.
    ///
    /// # Errors
    /// [`ExtractError`] naming the file when it cannot be read or is no sound database.
    pub(crate) fn open(pile: &Pile, id: EntryId) -> Result<Self, ExtractError> {
        let path = pile.entry(id).path.clone();
        let io_failed = |source| ExtractError::io(&path, source);
        let disk = pile.on_disk(id).filter(|disk| disk.to_str().is_some());
        let copy = if disk.is_some() && logs_of(pile, id).is_empty() {
            None
        } else {
            Some(pile.databases().of(pile, id).map_err(io_failed)?)
        };
        let (readable, artifact) = match (&copy, disk) {
            (Some(copy), _) => (copy.file.as_path(), copy.artifact.as_path()),
            (None, Some(disk)) => (disk, disk),
            (None, None) => return Err(io_failed(io::ErrorKind::NotFound.into())),
        };
        let connection = connect(readable).map_err(|error| failed(&path, &error))?;
        Ok(Self {
            artifact: artifact.to_owned(),
            path,
            connection,
            pages: OnceCell::new(),
            roots: OnceCell::new(),
            _copy: copy,
        })
    }

    /// Whether there is a table of this name with at least these columns. A view or a virtual table,
    /// behind which code stands, is none.
    pub(crate) fn has(&self, table: &str, columns: &[&str]) -> bool {
        if !self.roots().contains_key(table) {
            return false;
        }
        let mut found: Vec<String> = Vec::new();
        let sql = "select name from pragma_table_info(?1)";
        let read = self.rows(sql, &[table], |row| found.extend(row.text(0)));
        read.is_ok()
            && !found.is_empty()
            && columns
                .iter()
                .all(|column| found.iter().any(|own| own == column))
    }

    /// Gives the rows of a query one by one.
    ///
    /// # Errors
    /// [`ExtractError`] naming the file when the database is damaged, a value is too large, or the
    /// query takes too long. The rows before that have been given.
    pub(crate) fn rows(
        &self,
        sql: &str,
        values: &[&str],
        mut each: impl FnMut(&Row<'_>),
    ) -> Result<(), ExtractError> {
        let failed = |error: rusqlite::Error| failed(&self.path, &error);
        let mut statement = self.connection.prepare(sql).map_err(failed)?;
        let values = rusqlite::params_from_iter(values);
        let mut rows = statement.query(values).map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            each(&Row(row));
        }
        Ok(())
    }

    /// Cites the bytes of the artifact in which `text` stands as a part of the row `rowid` of
    /// `table`: one range, or several where the row is spread over pages that are no neighbours.
    /// Empty when it does not stand there, as for a row that is only in the write-ahead log.
    pub(crate) fn cite(&self, part: RefPart, table: &str, rowid: i64, text: &str) -> Vec<Ref> {
        let root = self.roots().get(table);
        let pages = self
            .pages
            .get_or_init(|| Pages::new(File::open(&self.artifact).ok()?));
        let (Some(root), Some(pages)) = (root, pages) else {
            return Vec::new();
        };
        let found = pages.find(*root, rowid, text.as_bytes());
        found
            .unwrap_or_default()
            .iter()
            .map(|(start, bytes)| cite_bytes(part, &self.path, *start, bytes))
            .collect()
    }

    /// The first page of each table.
    fn roots(&self) -> &HashMap<String, u32> {
        self.roots.get_or_init(|| {
            let mut roots = HashMap::new();
            let sql =
                "select name, rootpage from sqlite_master where type = 'table' and rootpage > 0";
            // A schema that cannot be read means no citations, and its error comes with the rows.
            let _ = self.rows(sql, &[], |row| {
                if let (Some(name), Some(page)) = (row.text(0), row.integer(1)) {
                    roots.extend(u32::try_from(page).ok().map(|page| (name, page)));
                }
            });
            roots
        })
    }
}

/// One row of a query.
pub(crate) struct Row<'r>(&'r rusqlite::Row<'r>);

impl Row<'_> {
    /// The text in a column, invalid bytes replaced; `None` for anything that is no text.
    pub(crate) fn text(&self, column: usize) -> Option<String> {
        match self.0.get_ref(column).ok()? {
            ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
                Some(String::from_utf8_lossy(bytes).into_owned())
            }
            _ => None,
        }
    }

    /// The whole number in a column; `None` for anything else.
    pub(crate) fn integer(&self, column: usize) -> Option<i64> {
        match self.0.get_ref(column).ok()? {
            ValueRef::Integer(number) => Some(number),
            _ => None,
        }
    }

    /// The whole row as an object, by the names of its columns.
    pub(crate) fn object(&self) -> Value {
        let columns = self.0.as_ref().column_names();
        let value = |column: usize| match self.0.get_ref(column) {
            Ok(ValueRef::Integer(number)) => number.into(),
            Ok(ValueRef::Real(number)) => number.into(),
            _ => self.text(column).map_or(Value::Null, Value::String),
        };
        let members = columns.enumerate();
        members
            .map(|(column, name)| (name.to_owned(), value(column)))
            .collect()
    }
}

/// Copies of databases that cannot be read where they stand, made once and kept with the pile.
#[derive(Debug, Default)]
pub(crate) struct Copies(Mutex<HashMap<EntryId, Arc<Copy>>>);

#[derive(Debug)]
struct Copy {
    /// What is read: the database with what its logs say.
    file: PathBuf,
    /// A file with the artifact's own bytes.
    artifact: PathBuf,
    _folder: TempDir,
}

impl Copies {
    fn of(&self, pile: &Pile, id: EntryId) -> io::Result<Arc<Copy>> {
        let mut made = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(copy) = made.get(&id) {
            return Ok(Arc::clone(copy));
        }
        let folder = tempfile::Builder::new().prefix("database-").tempdir()?;
        let file = folder.path().join("copy.db");
        pile.copy(id, &mut File::create_new(&file)?)?;
        let mut artifact = file.clone();
        let logs = logs_of(pile, id);
        if !logs.is_empty() {
            artifact = match pile.on_disk(id) {
                Some(disk) => disk.to_owned(),
                None => folder.path().join("artifact.db"),
            };
            if pile.on_disk(id).is_none() {
                std::fs::copy(&file, &artifact)?;
            }
            for (ending, log) in logs {
                let mut to = File::create_new(beside(&file, ending))?;
                match log {
                    Log::Listed(id) => pile.copy(id, &mut to)?,
                    Log::Beside(path) => io::copy(&mut File::open(path)?, &mut to)?,
                };
            }
            merge_log(&file).map_err(|error| io::Error::other(error.to_string()))?;
        }
        let copy = Arc::new(Copy {
            file,
            artifact,
            _folder: folder,
        });
        made.insert(id, Arc::clone(&copy));
        Ok(copy)
    }
}

/// What stands beside a database and belongs to its content.
const LOGS: [&str; 2] = ["-wal", "-journal"];

/// Where a log of a database stands.
enum Log {
    /// In the pile.
    Listed(EntryId),
    /// On disk only, where the pile is the database's file alone.
    Beside(PathBuf),
}

/// The logs of a database that hold anything.
fn logs_of(pile: &Pile, id: EntryId) -> Vec<(&'static str, Log)> {
    let find = |ending: &'static str| {
        let listed = pile.find(&format!("{}{ending}", pile.entry(id).path));
        if let Some(log) = listed.filter(|log| log.size > 0) {
            return Some((ending, Log::Listed(log.id)));
        }
        let path = beside(pile.on_disk(id)?, ending);
        // A link would lead out of the folder that was given.
        let log = std::fs::symlink_metadata(&path).ok()?;
        (log.is_file() && log.len() > 0).then_some((ending, Log::Beside(path)))
    };
    LOGS.into_iter().filter_map(find).collect()
}

/// A database's file and those of the pile that belong to it.
pub(crate) fn with_logs(pile: &Pile, id: EntryId) -> Vec<EntryId> {
    let beside = LOGS.into_iter().chain(["-shm"]);
    let beside = beside
        .filter_map(|ending| Some(pile.find(&format!("{}{ending}", pile.entry(id).path))?.id));
    std::iter::once(id).chain(beside).collect()
}

fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut path = file.as_os_str().to_owned();
    path.push(ending);
    path.into()
}

/// Takes what the log beside a copy says into the copy.
fn merge_log(copy: &Path) -> rusqlite::Result<()> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(copy, flags)?;
    distrust(&mut connection)?;
    connection.query_row("pragma journal_mode = delete", [], |_| Ok(()))
}

fn connect(file: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_URI;
    let path = file.to_str().unwrap_or_default();
    let escaped = [("%", "%25"), ("?", "%3f"), ("#", "%23")]
        .iter()
        .fold(path.to_owned(), |path, (plain, code)| {
            path.replace(plain, code)
        });
    let uri = format!("file:{escaped}?mode=ro&immutable=1");
    let mut connection = Connection::open_with_flags(uri, flags)?;
    distrust(&mut connection)?;
    connection.execute_batch("pragma query_only = 1")?;
    // Reads the header and the schema, so that a file that is no database fails here.
    connection.query_row("select count(*) from sqlite_master", [], |_| Ok(()))?;
    Ok(connection)
}

/// Takes from a connection everything a hostile file could use: functions and triggers in its
/// schema, views, attached files, huge values and endless queries.
fn distrust(connection: &mut Connection) -> rusqlite::Result<()> {
    for (setting, on) in [
        (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
        (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false),
    ] {
        connection.set_db_config(setting, on)?;
    }
    connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, MOST_VALUE_BYTES)?;
    connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
    let mut work = 0;
    let spent = move || {
        work += 1;
        work > MOST_WORK
    };
    connection.progress_handler(INSTRUCTIONS, Some(spent))?;
    connection.execute_batch("pragma cell_size_check = 1; pragma mmap_size = 0")
}

fn failed(path: &str, error: &rusqlite::Error) -> ExtractError {
    ExtractError::Malformed {
        path: path.to_owned(),
        byte: 0,
        what: format!("the database cannot be read: {error}"),
    }
}

#[cfg(test)]
pub(crate) mod tests;
