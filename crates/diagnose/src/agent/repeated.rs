//! Calls that a model makes again and again.

use std::collections::BTreeMap;

use llm::ToolCall;

/// After so many calls that could tell nothing new, the model must conclude.
const MOST: u32 = 3;

/// The longest arguments that are remembered, in bytes.
const LONGEST: usize = 512;

/// Which calls were made, and at which state of the conversation.
#[derive(Debug, Default)]
pub(super) struct Repeated {
    seen: BTreeMap<String, u32>,
    idle: u32,
}

impl Repeated {
    /// Notes a call; true when its answer is still in the conversation, which was folded `compactions`
    /// times.
    pub(super) fn again(&mut self, call: &ToolCall, compactions: u32) -> bool {
        let mut key = match &call.arguments {
            Ok(arguments) => format!("{} {}", call.name, serde_json::json!(arguments)),
            Err(_) => format!("{} {}", call.name, call.raw),
        };
        key.truncate(key.floor_char_boundary(LONGEST));
        let before = self.seen.insert(key, compactions);
        let again = before == Some(compactions);
        self.idle += u32::from(again);
        again
    }

    /// Notes an answer that neither looks nor concludes.
    pub(super) fn idle(&mut self) {
        self.idle += 1;
    }

    /// Whether the model goes in circles.
    pub(super) fn is_stuck(&self) -> bool {
        self.idle >= MOST
    }
}
