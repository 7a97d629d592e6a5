//! Where records are put: lines, documents, folders, databases.

use std::fs;
use std::path::Path;

use rusqlite::{Connection, params};
use serde_json::{Value, json};

use super::run::Run;
use super::style::Style;
use super::write::records;

/// Writes `runs` below `folder`; several only where the layout keeps several in one file.
pub(crate) fn write(style: &Style, runs: &[Run], folder: &Path) {
    let own: Vec<Vec<Value>> = runs.iter().map(|run| records(style, run)).collect();
    let first = &own[0];
    match style.hold {
        "lines" => fs::write(folder.join("run.jsonl"), lines(first)).unwrap(),
        "document" => fs::write(folder.join("run.json"), json!(first).to_string()).unwrap(),
        "pretty" => {
            let whole = style.object([
                ("session_id", json!(runs[0].session)),
                ("messages", json!(first)),
            ]);
            let text = serde_json::to_string_pretty(&whole).unwrap();
            fs::write(folder.join("run.json"), text).unwrap();
        }
        "deep" => {
            let inner = style.object([("messages", json!(first)), ("version", json!(2))]);
            let middle = style.object([("data", inner), ("model", json!("some-model-4"))]);
            let whole = json!({"meta": {"ok": true, "tags": ["a", "b"]}, "export": [middle]});
            fs::write(folder.join("export.json"), whole.to_string()).unwrap();
        }
        "rows" => {
            let rows: Vec<Value> = own
                .iter()
                .zip(runs)
                .map(|(records, run)| {
                    style.object([
                        ("id", json!(run.session)),
                        ("model", json!("some-model-4")),
                        ("messages", json!(records)),
                        ("score", json!(0.5)),
                    ])
                })
                .collect();
            fs::write(folder.join("runs.jsonl"), lines(&rows)).unwrap();
        }
        "folder" => {
            for (at, record) in first.iter().enumerate() {
                fs::write(folder.join(format!("{at}.json")), record.to_string()).unwrap();
            }
        }
        _ => database(style, first, &folder.join("store.db")),
    }
}

fn lines(records: &[Value]) -> String {
    records
        .iter()
        .fold(String::new(), |text, r| text + &r.to_string() + "\n")
}

/// A table of records as JSON text beside one that has nothing to do with the run.
fn database(style: &Style, records: &[Value], file: &Path) {
    let db = Connection::open(file).unwrap();
    let (table, column) = (style.name("messages"), style.name("data"));
    db.execute_batch(&format!(
        "create table settings (name text primary key, value text);
         insert into settings values ('theme', 'dark'), ('version', '3');
         create table {table} (id integer primary key, session text, {column} text);"
    ))
    .unwrap();
    let sql = format!("insert into {table} (session, {column}) values (?1, ?2)");
    for record in records {
        db.execute(&sql, params!["only", record.to_string()])
            .unwrap();
    }
}
