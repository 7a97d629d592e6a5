//! Layouts nobody wrote an extractor for: read by structure, or by an extractor that was learned.
//!
//! A learned extractor is data, not code of ours: a [`FieldMap`] that says where the records stand
//! and what their fields say, or a script for the sandbox. Either says [`Event`]s, which become a
//! trajectory the way native layouts do.

mod canonical;
mod event;
mod induce;
mod interpret;
mod map;
mod path;
mod raw;
mod records;
mod score;

pub use event::{Event, Outcome, Said};
pub use induce::{Hints, Induction, Refusal, induce, induce_with};
pub use map::{
    CallFields, Condition, Container, Field, FieldMap, Mark, Records, ResultFields, Rule, Runs,
    Says,
};
pub use path::{Path, Segment};
pub use score::{Bar, Score};

use crate::extractor::{Coverage, ExtractError, Extraction, Part};
use crate::pile::{EntryId, Pile};
use event::Assembly;

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
        let mut assembly = Assembly::new(self);
        let account = records::each(pile, files, &self.records, part, &mut |record| {
            let Some(events) = interpret::events(self, &record.value) else {
                return false;
            };
            let cited = events
                .iter()
                .any(|event| matches!(event.says, Said::Call { .. } | Said::Result { .. }));
            let origin = if cited {
                record.origin()
            } else {
                event::Origin::default()
            };
            for event in events {
                assembly.take(event, &origin);
            }
            true
        })?;
        let mut warnings = account.warnings;
        let orphans = assembly.orphans;
        if orphans > 0 {
            warnings.push(format!("{orphans} results answer no known call"));
        }
        Ok(Extraction {
            trajectory: assembly.finish(),
            coverage: Coverage {
                orphans,
                ..account.coverage
            },
            warnings,
        })
    }
}
