//! Layouts nobody wrote an extractor for: read by structure, or by an extractor that was learned.
//!
//! A learned extractor is data, not code of ours: a [`FieldMap`] that says where the records stand
//! and what their fields say, or a script for the sandbox. Either says [`Event`]s, which become a
//! trajectory the way native layouts do.

mod authoring;
mod canonical;
mod claim;
mod event;
pub mod evolve;
mod induce;
mod interpret;
pub mod learn;
mod map;
pub mod package;
mod path;
mod program;
mod raw;
mod records;
pub mod registry;
mod rename;
mod sample;
mod sandbox;
mod score;
mod shape;
pub mod summary;
mod task;
#[cfg(test)]
mod tests;
pub mod validate;

pub(crate) use claim::claim;
pub use claim::{Learned, Reader};
pub use event::{Event, Outcome, Said};
pub use induce::{Hints, Induction, Refusal, induce, induce_with};
pub use map::{
    CallFields, Condition, Container, Field, FieldMap, Mark, Records, ResultFields, Rule, Runs,
    Says,
};
pub use package::{Package, PackageError, Program};
pub use path::{Path, Segment};
pub use program::Files;
pub use registry::{Registry, RegistryError};
pub use sandbox::{allow_scripts, weakness};
pub use score::{Bar, Score};

use crate::extractor::{ExtractError, Extraction, Part};
use crate::pile::{EntryId, Pile};

impl FieldMap {
    /// The runs in `files`; empty when they are one.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn runs(&self, pile: &Pile, files: &[EntryId]) -> Result<Vec<Part>, ExtractError> {
        records::runs(pile, files, &self.records)
    }

    /// Reads the run `part` of `files`, or all of them as one run.
    ///
    /// # Errors
    /// When a file cannot be read. A record that fits no rule is counted, not an error.
    pub fn extract(
        &self,
        pile: &Pile,
        files: &[EntryId],
        part: Option<&Part>,
    ) -> Result<Extraction, ExtractError> {
        program::by_map(self, pile, files, part, &mut |_, _| {})
    }
}
