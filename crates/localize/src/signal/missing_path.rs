//! Commands against paths that do not exist.

use super::{Signal, Watch, steps_with_error};
use crate::case::Case;
use trace::ErrorKind;

/// Commands against paths that do not exist.
pub(super) struct MissingPath;

impl Signal for MissingPath {
    fn name(&self) -> &'static str {
        "missing_path"
    }

    fn watch<'c>(&self, _: &'c Case<'_>) -> Option<Watch<'c>> {
        let why = "uses a path that does not exist";
        steps_with_error(ErrorKind::MissingPath, 0.6, why)
    }
}
