//! Everything that is known about one run when its onset is looked for.

use analysis::Index;

use crate::contract::Audit;

/// One run, put together once and shown to every [`Signal`](crate::Signal).
pub struct Case<'c> {
    /// The run as steps with what they did and what their results prove.
    pub index: &'c Index<'c>,
    /// What the task demands, and how each demand stands after every step.
    pub contract: Audit,
}

impl<'c> Case<'c> {
    /// Reads what the signals share; linear in the size of the run. The recorded outcome is not in it.
    #[must_use]
    pub fn new(index: &'c Index<'c>) -> Self {
        Self {
            index,
            contract: Audit::over(index),
        }
    }
}
