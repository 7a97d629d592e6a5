//! Calls that were malformed or refused by what should execute them.

use super::{Signal, Watch, steps_with_error};
use crate::case::Case;
use trace::ErrorKind;

/// Calls that were malformed or refused.
pub(super) struct RefusedCall;

impl Signal for RefusedCall {
    fn name(&self) -> &'static str {
        "refused_call"
    }

    fn watch<'c>(&self, _: &'c Case<'_>) -> Option<Watch<'c>> {
        let why = "the call was refused and nothing was done";
        steps_with_error(ErrorKind::ToolCall, 0.8, why)
    }
}
