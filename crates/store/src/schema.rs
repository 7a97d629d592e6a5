//! The database file: made, checked, and made again when it is not what it should be.

use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;

/// Rises with every change of the tables; a file of another number is emptied.
const VERSION: i64 = 1;

/// How long one process waits for another that is writing.
const PATIENCE: Duration = Duration::from_secs(5);

const TABLES: &str = "
    CREATE TABLE answer (
        key BLOB PRIMARY KEY,
        dependencies BLOB NOT NULL,
        content BLOB NOT NULL,
        used INTEGER NOT NULL
    );
    CREATE INDEX answer_used ON answer (used);
    CREATE TABLE file (
        path BLOB PRIMARY KEY,
        size INTEGER NOT NULL,
        modified INTEGER NOT NULL,
        inode INTEGER NOT NULL,
        hash BLOB NOT NULL,
        used INTEGER NOT NULL
    );
    CREATE INDEX file_used ON file (used);
";

/// Opens the database at `path`; one that is broken or of another version is replaced.
pub(crate) fn open(path: &Path) -> rusqlite::Result<Connection> {
    match patiently(|| try_open(path)) {
        Err(error) if is_broken(&error) => {
            for ending in ["", "-wal", "-shm"] {
                let mut name = path.as_os_str().to_owned();
                name.push(ending);
                let _ = std::fs::remove_file(name);
            }
            patiently(|| try_open(path))
        }
        other => other,
    }
}

/// Tries again while another process is busy: `SQLite` does not wait by itself where two change the
/// journal's mode at once, since one of them would wait for ever.
fn patiently<T>(open: impl Fn() -> rusqlite::Result<T>) -> rusqlite::Result<T> {
    const PAUSE: Duration = Duration::from_millis(20);
    let tries = PATIENCE.as_millis() / PAUSE.as_millis();
    for _ in 1..tries {
        match open() {
            Err(error) if is_busy(&error) => std::thread::sleep(PAUSE),
            done => return done,
        }
    }
    open()
}

fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked)
    )
}

fn try_open(path: &Path) -> rusqlite::Result<Connection> {
    let mut connection = Connection::open(path)?;
    connection.busy_timeout(PATIENCE)?;
    connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // A cache that lost its last second in a power cut is still a cache.
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    if version(&connection)? != VERSION {
        // Two processes may be here at once; the second finds the work done.
        let change =
            connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        if version(&change)? != VERSION {
            drop_tables(&change)?;
            change.execute_batch(TABLES)?;
            change.pragma_update(None, "user_version", VERSION)?;
        }
        change.commit()?;
    }
    Ok(connection)
}

fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

fn drop_tables(connection: &Connection) -> rusqlite::Result<()> {
    let names: Vec<String> = connection
        .prepare(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
        )?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    for name in names {
        connection.execute_batch(&format!("DROP TABLE \"{}\"", name.replace('"', "\"\"")))?;
    }
    Ok(())
}

fn is_broken(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(rusqlite::ErrorCode::NotADatabase | rusqlite::ErrorCode::DatabaseCorrupt)
    )
}
