use std::fmt::Write as _;
use std::path::Path;

use proptest::prelude::*;
use trace::RefPart;

use super::*;
use crate::pile::Limits;

/// A database made by SQL text, as the bytes of its file.
pub(crate) fn made(sql: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("made.db");
    let connection = Connection::open(&file).unwrap();
    connection
        .execute_batch("pragma synchronous = off")
        .unwrap();
    connection
        .execute_batch(&format!("begin; {sql}; commit;"))
        .unwrap();
    drop(connection);
    std::fs::read(file).unwrap()
}

fn texts(database: &Database) -> Result<Vec<(i64, String)>, ExtractError> {
    let mut found = Vec::new();
    database.rows("select rowid, data from t order by rowid", &[], |row| {
        found.push((row.integer(0).unwrap(), row.text(1).unwrap_or_default()));
    })?;
    Ok(found)
}

fn open(bytes: &[u8]) -> Result<(Pile, Database), ExtractError> {
    let pile = Pile::from_memory([("a.db", bytes)]);
    let id = pile.entries()[0].id;
    let database = Database::open(&pile, id)?;
    Ok((pile, database))
}

#[test]
fn a_row_is_cited_where_it_stands() {
    let mut sql = "create table t(id text primary key, data text);".to_owned();
    for row in 0..400 {
        let long = "abc".repeat(if row % 90 == 7 { 9000 } else { row % 40 });
        write!(
            sql,
            "insert into t values('k{row}', 'row {row} {long} end');"
        )
        .unwrap();
    }
    let bytes = made(&sql);
    let (_pile, database) = open(&bytes).unwrap();
    assert!(database.has("t", &["id", "data"]) && !database.has("t", &["x"]));
    for (rowid, text) in texts(&database).unwrap() {
        let refs = database.cite(RefPart::Action, "t", rowid, &text);
        let cited: Vec<u8> = refs
            .iter()
            .flat_map(|r| {
                &bytes[usize::try_from(r.start).unwrap()..usize::try_from(r.end).unwrap()]
            })
            .copied()
            .collect();
        assert_eq!(cited, text.as_bytes(), "row {rowid}");
    }
    assert!(
        database
            .cite(RefPart::Action, "t", 1, "elsewhere")
            .is_empty()
    );
    assert!(database.cite(RefPart::Action, "t", 9999, "row").is_empty());
}

#[test]
fn a_log_beside_the_file_is_read_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("live.db");
    let writer = Connection::open(&file).unwrap();
    writer
        .execute_batch(
            "pragma journal_mode = wal; pragma wal_autocheckpoint = 0;
             create table t(data text); insert into t values('only in the log');",
        )
        .unwrap();
    let listed = |folder: &Path| {
        let names = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap());
        let mut names: Vec<_> = names
            .map(|e| (e.file_name(), e.metadata().unwrap().len()))
            .collect();
        names.sort();
        names
    };
    let before = listed(folder.path());
    let pile = Pile::open(&file, &Limits::default()).unwrap();
    let database = Database::open(&pile, pile.entries()[0].id).unwrap();
    let rows = texts(&database).unwrap();
    assert_eq!(rows, [(1, "only in the log".to_owned())]);
    assert!(
        database
            .cite(RefPart::Action, "t", 1, "only in the log")
            .is_empty()
    );
    assert_eq!(listed(folder.path()), before);
}

#[test]
fn a_log_in_an_archive_is_read_and_rows_in_it_are_not_cited() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("live.db");
    let writer = Connection::open(&file).unwrap();
    let sql = "pragma journal_mode = wal; pragma wal_autocheckpoint = 0;
               create table t(data text); insert into t values('from the file');
               pragma wal_checkpoint(truncate);";
    writer.execute_batch(sql).unwrap();
    writer
        .execute_batch("insert into t values('from the log')")
        .unwrap();
    let read = |ending: &str| std::fs::read(beside(&file, ending)).unwrap();
    let pile = Pile::from_memory([
        ("x/a.db", read("")),
        ("x/a.db-wal", read("-wal")),
        ("x/a.db-shm", read("-shm")),
    ]);
    let id = pile.entries()[0].id;
    assert_eq!(with_logs(&pile, id).len(), 3);
    let database = Database::open(&pile, id).unwrap();
    let rows = texts(&database).unwrap();
    assert_eq!(rows.len(), 2);
    let cited = |row: &(i64, String)| database.cite(RefPart::Action, "t", row.0, &row.1);
    let bytes = read("");
    let range = &cited(&rows[0])[0];
    let range = usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap();
    assert_eq!(&bytes[range], b"from the file");
    assert!(cited(&rows[1]).is_empty());
}

#[test]
fn nothing_is_made_beside_a_file_that_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("50%?#.db");
    Connection::open(&file)
        .unwrap()
        .execute_batch(
            "pragma journal_mode = wal; create table t(data text); insert into t values('x');",
        )
        .unwrap();
    let pile = Pile::open(folder.path(), &Limits::default()).unwrap();
    let database = Database::open(&pile, pile.entries()[0].id).unwrap();
    assert_eq!(texts(&database).unwrap().len(), 1);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn hostile_schemas_are_refused() {
    let bytes = made(
        "create table x(a); create view t as with recursive c(n) as (select 1 union all select n + 1 from c)
         select n as rowid, n as data from c;",
    );
    let (_pile, database) = open(&bytes).unwrap();
    assert!(database.has("x", &["a"]) && !database.has("t", &[]));
    let error = texts(&database).unwrap_err().to_string();
    assert!(error.starts_with("a.db: "), "{error}");
    let error = open(b"SQLite format 3\0 and nothing else").err().unwrap();
    assert!(error.to_string().starts_with("a.db: "), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn a_damaged_file_never_panics(
        cut in any::<prop::sample::Index>(),
        hits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..40),
    ) {
        let mut sql = "create table t(data text);".to_owned();
        for row in 0..60 {
            write!(sql, "insert into t values('{}');", "x".repeat(row * 20)).unwrap();
        }
        let mut bytes = made(&sql);
        for (at, byte) in hits {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes.truncate(bytes.len() - cut.index(bytes.len() / 2));
        if let Ok((_pile, database)) = open(&bytes) {
            let _ = texts(&database);
            for row in 0..62 {
                let _ = database.cite(RefPart::Action, "t", row, "xxx");
            }
        }
    }
}
