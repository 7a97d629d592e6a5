//! The list of calls and what each cost.

use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;

use crate::usage::Usage;

/// One call: a completion asked for, with all its retries.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CallRecord {
    /// The model as `provider/model`.
    pub model: String,
    /// The tokens used, those of attempts that failed half-way included.
    pub usage: Usage,
    /// US dollars; `None` when the model's price is not known.
    pub cost_usd: Option<f64>,
    /// Seconds it took, with the waits between attempts and for the limits on traffic. For a replayed
    /// call, as recorded.
    pub seconds: f64,
    /// Attempts after the first.
    pub retries: u32,
    /// Whether the answer came from a cassette.
    pub replayed: bool,
    /// What went wrong, as `LlmError::kind` names it; `None` when nothing did.
    pub error: Option<&'static str>,
}

/// Calls in the order in which they ended; clones share the list. A call whose future was dropped
/// before its end is charged to the account but not listed.
#[derive(Debug, Clone, Default)]
pub struct Ledger(Arc<Mutex<Vec<CallRecord>>>);

impl Ledger {
    /// An empty ledger.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    pub(crate) fn add(&self, record: CallRecord) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(record);
    }

    /// The calls so far.
    #[must_use]
    pub fn calls(&self) -> Vec<CallRecord> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The tokens of all calls.
    #[must_use]
    pub fn usage(&self) -> Usage {
        let mut sum = Usage::default();
        for call in self.calls() {
            sum += call.usage;
        }
        sum
    }

    /// US dollars of all calls; `None` when the price of one is not known.
    #[must_use]
    pub fn cost_usd(&self) -> Option<f64> {
        // A server may claim any usage.
        let nano = self.calls().iter().try_fold(0_u64, |sum, call| {
            Some(sum.saturating_add(crate::price::from_usd(call.cost_usd?)))
        });
        nano.map(crate::price::usd)
    }
}
