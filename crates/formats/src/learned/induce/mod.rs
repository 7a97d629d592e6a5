//! Structure induction: from artifacts nobody knows to a field map, offline.

use thiserror::Error;

use super::FieldMap;
use super::score::Score;
use crate::extractor::ExtractError;
use crate::pile::{EntryId, Pile};

/// A layout worked out from its artifacts.
#[derive(Debug, Clone)]
pub struct Induction {
    /// The extractor.
    pub map: FieldMap,
    /// What it achieves on the artifacts it was made from.
    pub score: Score,
}

/// Why no extractor could be made.
#[derive(Debug, Error)]
pub enum Refusal {
    /// The artifact could not be read.
    #[error(transparent)]
    Unreadable(#[from] ExtractError),
    /// There is nothing that looks like records of a run.
    #[error("no records of a run: {0}")]
    NoRecords(String),
    /// A map was found and does not read well enough.
    #[error("the best reading falls short: {}", .shortcomings.join("; "))]
    BelowBar {
        /// What was found.
        found: Box<Induction>,
        /// What keeps it below the bar.
        shortcomings: Vec<String>,
    },
}

/// Works out how `files` are read: one file, or the records of a folder.
///
/// # Errors
/// [`Refusal`] when the artifact cannot be read, holds nothing like a run, or the best reading stays
/// below the bar: guessing is left to those who can check the guess.
pub fn induce(pile: &Pile, files: &[EntryId]) -> Result<Induction, Refusal> {
    let _ = (pile, files);
    Err(Refusal::NoRecords("not yet".to_owned()))
}
