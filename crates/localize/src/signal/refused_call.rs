//! Calls that were malformed or refused by what should execute them.

use super::{Signal, Suspicion, steps_with_error};
use crate::case::Case;
use trace::ErrorKind;

/// Calls that were malformed or refused.
pub(super) struct RefusedCall;

impl Signal for RefusedCall {
    fn name(&self) -> &'static str {
        "refused_call"
    }

    fn measure(&self, case: &Case<'_>) -> Vec<Suspicion> {
        let why = "the call was refused and nothing was done";
        steps_with_error(case.index, ErrorKind::ToolCall, 0.8, why)
    }
}
