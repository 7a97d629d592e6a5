//! The lines of a text as records.

use serde_json::json;

use super::{Place, Record, Take};
use crate::extractor::ExtractError;
use crate::frame::Account;
use crate::pile::{EntryId, Pile};

/// Gives every line, without its end, as `{"line": …}`.
pub(super) fn lines(
    pile: &Pile,
    files: &[EntryId],
    take: &mut Take<'_>,
) -> Result<Account, ExtractError> {
    let mut index = 0;
    for id in files {
        let failed = |source| ExtractError::io(&pile.entry(*id).path, source);
        let mut lines = pile.lines(*id).map_err(failed)?;
        while let Some(line) = lines.next_line().map_err(failed)? {
            let text = line.text();
            let record = Record {
                index,
                value: json!({"line": text.trim_end_matches(['\n', '\r'])}),
                bytes: line.bytes.len(),
                place: Place::Line(&line, line.bytes),
            };
            take(&record);
            index += 1;
        }
    }
    Ok(Account::default())
}
