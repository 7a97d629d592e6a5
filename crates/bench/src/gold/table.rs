//! Parquet files as rows of JSON values, nested lists included.

use std::fs::File;
use std::panic::catch_unwind;
use std::path::Path;

use parquet::file::reader::{FileReader, SerializedFileReader};
use serde_json::Value;

use super::LoadError;

/// What every Parquet file begins with (Apache Parquet, file format).
pub(super) const MAGIC: &[u8] = b"PAR1";

/// The most rows that are taken from one table.
const MOST_ROWS: i64 = 10_000_000;

/// The rows of a Parquet file.
///
/// # Errors
/// What the file's own reader says of it.
pub(super) fn rows(path: &Path) -> Result<Vec<Value>, LoadError> {
    let malformed = |what: String| LoadError::Malformed {
        path: path.to_owned(),
        what,
    };
    // The reader is known to panic on some damaged files instead of giving an error.
    let read = catch_unwind(|| read(path));
    read.unwrap_or_else(|_| Err("damaged beyond what the Parquet reader can tell".to_owned()))
        .map_err(malformed)
}

fn read(path: &Path) -> Result<Vec<Value>, String> {
    let said = |error: &dyn std::error::Error| error.to_string();
    let file = File::open(path).map_err(|error| said(&error))?;
    let reader = SerializedFileReader::new(file).map_err(|error| said(&error))?;
    let promised = reader.metadata().file_metadata().num_rows();
    if promised > MOST_ROWS {
        return Err(format!("{promised} rows are more than {MOST_ROWS}"));
    }
    let rows = reader.get_row_iter(None).map_err(|error| said(&error))?;
    rows.map(|row| row.map(|row| row.to_json_value()))
        .collect::<Result<_, _>>()
        .map_err(|error| said(&error))
}
