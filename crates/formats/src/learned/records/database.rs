//! Records in the tables of a database.
//!
//! A row is a record with the member `@table`. Text that is the JSON of an object or a list is
//! decoded. A row that belongs to a row of another table, as a part of a message does, carries that
//! one under `@` and its table's name, so that it need not be asked elsewhere who speaks.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::{Place, Record, Take};
use crate::database::Database;
use crate::extractor::ExtractError;
use crate::frame::Account;
use crate::learned::canonical::canonical;
use crate::learned::path::{Path, Segment};
use crate::pile::{EntryId, Pile};

/// The member that names the table of a row.
pub(in crate::learned) const TABLE: &str = "@table";
/// How many tables are looked at.
const MOST_TABLES: usize = 64;
/// How many bytes of rows are kept for the rows that belong to them.
const MOST_KEPT: usize = 64 << 20;
/// How many rows a guess about which table a column points to rests on.
const LOOKED_AT: u32 = 200;

/// A table and what its rows belong to.
struct Table {
    name: String,
    columns: Vec<String>,
    /// Its key column, when one column is the key.
    key: Option<String>,
    /// Its own column, and the table whose key it holds.
    belongs: Vec<(String, String)>,
    /// Whether its rows are numbered.
    numbered: bool,
}

/// Rows by their key.
type Kept = HashMap<String, Value>;

/// The rows of the table that `at` names, or of all.
pub(super) fn rows(
    pile: &Pile,
    files: &[EntryId],
    at: &Path,
    take: &mut Take<'_>,
) -> Result<Account, ExtractError> {
    let mut index = 0;
    for id in files {
        let database = Database::open(pile, *id)?;
        let tables = tables_of(&database)?;
        let mut kept = HashMap::new();
        for table in tables.iter().filter(|table| is_at(table, at)) {
            keep_owners(&database, &tables, table, &mut kept)?;
            each_row(&database, table, u32::MAX, &mut |number, mut row| {
                let (bytes, text) = weigh(&row);
                join(table, &kept, &mut row);
                let record = Record {
                    index,
                    value: row,
                    bytes,
                    place: Place::Row(&database, &table.name, number, &text),
                };
                take(&record);
                index += 1;
            })?;
        }
    }
    Ok(Account::default())
}

/// The first rows of each table, at most `most` of each.
///
/// # Errors
/// When the database cannot be read.
pub(in crate::learned) fn sample(
    pile: &Pile,
    id: EntryId,
    most: u32,
) -> Result<Vec<(String, Vec<Value>)>, ExtractError> {
    let database = Database::open(pile, id)?;
    let tables = tables_of(&database)?;
    let mut kept = HashMap::new();
    let mut all = Vec::new();
    for table in &tables {
        keep_owners(&database, &tables, table, &mut kept)?;
        let mut rows = Vec::new();
        each_row(&database, table, most, &mut |_, mut row| {
            join(table, &kept, &mut row);
            rows.push(row);
        })?;
        all.push((table.name.clone(), rows));
    }
    Ok(all)
}

fn is_at(table: &Table, at: &Path) -> bool {
    match at.segments().first() {
        Some(Segment::Key(name)) => *name == table.name,
        _ => true,
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn tables_of(database: &Database) -> Result<Vec<Table>, ExtractError> {
    let mut tables: Vec<Table> = Vec::new();
    let sql = "select name, sql from sqlite_master where type = 'table' \
               and name not like 'sqlite_%' order by rowid";
    database.rows(sql, &[], |row| {
        let without = |sql: String| sql.to_ascii_lowercase().contains("without rowid");
        if let Some(name) = row.text(0).filter(|_| tables.len() < MOST_TABLES) {
            tables.push(Table {
                name,
                columns: Vec::new(),
                key: None,
                belongs: Vec::new(),
                numbered: !row.text(1).is_some_and(without),
            });
        }
    })?;
    for table in &mut tables {
        let mut keys = Vec::new();
        let sql = "select name, pk from pragma_table_info(?1)";
        database.rows(sql, &[&table.name], |row| {
            let Some(name) = row.text(0) else { return };
            if row.integer(1).is_some_and(|place| place > 0) {
                keys.push(name.clone());
            }
            table.columns.push(name);
        })?;
        table.key = match keys.as_slice() {
            [key] => Some(key.clone()),
            _ => table.columns.iter().find(|name| *name == "id").cloned(),
        };
    }
    let belongs: Vec<_> = tables
        .iter()
        .map(|table| belongs_of(database, table, &tables))
        .collect();
    for (table, belongs) in tables.iter_mut().zip(belongs) {
        table.belongs = belongs;
    }
    Ok(tables)
}

/// The columns of a table that hold keys of others: those the schema declares, those named after
/// the other table, and those whose texts are keys of it.
fn belongs_of(database: &Database, table: &Table, tables: &[Table]) -> Vec<(String, String)> {
    let mut belongs: Vec<(String, String)> = Vec::new();
    let sql = "select \"from\", \"table\" from pragma_foreign_key_list(?1)";
    // A list that cannot be read leaves the guess below.
    let _ = database.rows(sql, &[&table.name], |row| {
        belongs.extend(row.text(0).zip(row.text(1)));
    });
    for column in &table.columns {
        if table.key.as_ref() == Some(column) || belongs.iter().any(|(own, _)| own == column) {
            continue;
        }
        let owner = tables
            .iter()
            .find(|owner| owner.name != table.name && holds_keys(database, table, column, owner));
        belongs.extend(owner.map(|owner| (column.clone(), owner.name.clone())));
    }
    belongs.retain(|(_, owner)| *owner != table.name);
    belongs
}

fn holds_keys(database: &Database, table: &Table, column: &str, owner: &Table) -> bool {
    let Some(key) = &owner.key else { return false };
    let plain = |name: &str| -> String {
        let letters = name.chars().filter(char::is_ascii_alphanumeric);
        letters.map(|c| c.to_ascii_lowercase()).collect()
    };
    let one = plain(&owner.name);
    let one = one.strip_suffix('s').unwrap_or(&one);
    let named = plain(column) == format!("{one}id") || plain(column) == one;
    let sql = format!(
        "select count(*), sum(own in (select {key} from {owner})), sum(typeof(own) = 'text') \
         from (select {own} as own from {table} where {own} is not null limit {LOOKED_AT})",
        key = quoted(key),
        owner = quoted(&owner.name),
        own = quoted(column),
        table = quoted(&table.name),
    );
    let mut fits = false;
    // A query that fails, as on a damaged table, says no.
    let _ = database.rows(&sql, &[], |row| {
        let (all, held) = (row.integer(0), row.integer(1));
        let texts = row.integer(2);
        fits = all > Some(0) && all == held && (named || texts == all);
    });
    fits
}

/// Keeps the rows that rows of `table` belong to, as far as they fit into memory.
fn keep_owners(
    database: &Database,
    tables: &[Table],
    table: &Table,
    kept: &mut HashMap<String, Kept>,
) -> Result<(), ExtractError> {
    for (_, owner) in &table.belongs {
        let owner = tables.iter().find(|other| other.name == *owner);
        let Some((owner, key)) = owner.and_then(|owner| Some((owner, owner.key.as_ref()?))) else {
            continue;
        };
        if kept.contains_key(&owner.name) {
            continue;
        }
        let mut rows = Kept::new();
        let mut bytes = 0;
        each_row(database, owner, u32::MAX, &mut |_, row| {
            bytes += weigh(&row).0;
            if bytes <= MOST_KEPT
                && let Some(name) = row.get(key)
            {
                rows.insert(name.to_string(), row);
            }
        })?;
        kept.insert(owner.name.clone(), rows);
    }
    Ok(())
}

fn join(table: &Table, kept: &HashMap<String, Kept>, row: &mut Value) {
    for (column, owner) in &table.belongs {
        let name = row.get(column).map(Value::to_string);
        let found = name.and_then(|name| kept.get(owner)?.get(&name).cloned());
        if let (Some(found), Value::Object(members)) = (found, &mut *row) {
            members.insert(format!("@{owner}"), found);
        }
    }
}

/// The rows of a table in the order they were written, with their numbers.
fn each_row(
    database: &Database,
    table: &Table,
    most: u32,
    take: &mut dyn FnMut(i64, Value),
) -> Result<(), ExtractError> {
    let name = quoted(&table.name);
    let sql = if table.numbered {
        format!("select rowid as \"@row\", * from {name} order by rowid limit {most}")
    } else {
        format!("select * from {name} limit {most}")
    };
    database.rows(&sql, &[], |row| {
        let Value::Object(mut members) = row.object() else {
            return;
        };
        let number = members.shift_remove("@row");
        let mut value = Map::new();
        value.insert(TABLE.to_owned(), Value::from(table.name.as_str()));
        value.extend(members.into_iter().map(|(key, v)| (key, decoded(v))));
        let number = number.and_then(|n| n.as_i64()).unwrap_or_default();
        take(number, canonical(Value::Object(value)));
    })
}

/// A column's value; the JSON text of an object or a list as that.
fn decoded(value: Value) -> Value {
    let inner = crate::learned::path::decoded(&value);
    inner.unwrap_or(value)
}

/// The bytes of a row's texts, and the longest text that stands in a column as it is.
fn weigh(row: &Value) -> (usize, String) {
    let columns = row.as_object().into_iter().flatten();
    let mut bytes = 0;
    let mut longest = String::new();
    for (key, value) in columns.filter(|(key, _)| *key != TABLE) {
        let _ = key;
        match value {
            Value::String(text) => {
                bytes += text.len();
                if text.len() > longest.len() {
                    longest.clone_from(text);
                }
            }
            other => bytes += other.to_string().len(),
        }
    }
    (bytes, longest)
}
