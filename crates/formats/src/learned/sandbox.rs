//! Scripts at work: records go into the sandbox, events come out.

use super::package::{Limits, Script};
use super::program::Watch;
use crate::extractor::{ExtractError, Extraction, Part};
use crate::pile::{EntryId, Pile};

/// Reads one run by a script.
///
/// # Errors
/// When a file cannot be read, or the script was stopped or failed.
pub(super) fn extract(
    _script: &Script,
    _limits: Limits,
    pile: &Pile,
    files: &[EntryId],
    _part: Option<&Part>,
    _watch: &mut Watch<'_>,
) -> Result<Extraction, ExtractError> {
    Err(ExtractError::Malformed {
        path: files
            .first()
            .map_or_else(String::new, |id| pile.entry(*id).path.clone()),
        byte: 0,
        what: "this build has no sandbox for scripts".to_owned(),
    })
}
