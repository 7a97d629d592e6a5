//! What a call used, in tokens.

use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

/// Tokens of one or more calls. The four kinds do not overlap; their sum is what was processed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Usage {
    /// Prompt tokens read at the full price.
    pub input: u64,
    /// Prompt tokens read from the provider's cache.
    pub cached_read: u64,
    /// Prompt tokens written to the provider's cache.
    pub cache_write: u64,
    /// Tokens written by the model, reasoning included.
    pub output: u64,
    /// The part of `output` spent on reasoning, where the provider says so.
    pub reasoning: u64,
    /// Whether any of it was counted here because the provider did not say.
    pub estimated: bool,
}

impl Usage {
    /// All tokens processed.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.prompt().saturating_add(self.output)
    }

    /// All tokens of the prompt, cached or not.
    #[must_use]
    pub fn prompt(&self) -> u64 {
        self.input
            .saturating_add(self.cached_read)
            .saturating_add(self.cache_write)
    }
}

impl AddAssign for Usage {
    fn add_assign(&mut self, other: Self) {
        self.input = self.input.saturating_add(other.input);
        self.cached_read = self.cached_read.saturating_add(other.cached_read);
        self.cache_write = self.cache_write.saturating_add(other.cache_write);
        self.output = self.output.saturating_add(other.output);
        self.reasoning = self.reasoning.saturating_add(other.reasoning);
        self.estimated = self.estimated || other.estimated;
    }
}
