//! Everything that is known about one run when its onset is looked for.

use analysis::Index;
use analysis::workspace::Workspace;

use crate::contract::Audit;
use crate::graph::Graph;
use crate::history::History;

/// One run, put together once and shown to every [`Signal`](crate::Signal).
pub struct Case<'c> {
    /// The run as steps with what they did and what their results prove.
    pub index: &'c Index<'c>,
    /// What happened to the files of the run.
    pub(crate) history: History,
    /// What led to what, and what shows that the run failed.
    pub graph: Graph,
    /// What the task demands, and how each demand stands after every step.
    pub contract: Audit,
    /// The files as they stood after every step.
    pub workspace: Workspace,
}

impl<'c> Case<'c> {
    /// Reads what the signals share; linear in the size of the run. The recorded outcome is not in it.
    #[must_use]
    pub fn new(index: &'c Index<'c>) -> Self {
        let contract = Audit::over(index);
        let workspace = Workspace::new(index);
        Self {
            index,
            history: History::new(index),
            graph: Graph::new(index, &contract, &workspace),
            contract,
            workspace,
        }
    }
}
