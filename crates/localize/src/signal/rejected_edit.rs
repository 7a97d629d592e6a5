//! Edits that changed nothing.

use super::{Signal, Suspicion, steps_with_error};
use crate::case::Case;
use trace::ErrorKind;

/// Edits that changed nothing.
pub(super) struct RejectedEdit;

impl Signal for RejectedEdit {
    fn name(&self) -> &'static str {
        "rejected_edit"
    }

    fn measure(&self, case: &Case<'_>) -> Vec<Suspicion> {
        let index = case.index;
        let why = "the edit was rejected and changed nothing";
        steps_with_error(index, ErrorKind::EditRejected, 0.8, why)
    }
}
