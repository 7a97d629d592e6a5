//! Commands against paths that do not exist.

use super::{Signal, Suspicion, steps_with_error};
use crate::case::Case;
use trace::ErrorKind;

/// Commands against paths that do not exist.
pub(super) struct MissingPath;

impl Signal for MissingPath {
    fn name(&self) -> &'static str {
        "missing_path"
    }

    fn measure(&self, case: &Case<'_>) -> Vec<Suspicion> {
        let index = case.index;
        let why = "uses a path that does not exist";
        steps_with_error(index, ErrorKind::MissingPath, 0.6, why)
    }
}
