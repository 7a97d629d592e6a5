//! Which tool calls still wait for their result.

use std::collections::{HashMap, VecDeque};

/// Pairs results with calls by id. Ids may repeat within a run, so an id names the calls that still
/// wait, and a result goes to the earliest of them.
#[derive(Debug, Default)]
pub(crate) struct OpenCalls {
    waiting: HashMap<String, VecDeque<usize>>,
}

impl OpenCalls {
    /// Notes that the step at `index` waits for a result under `id`.
    pub(crate) fn open(&mut self, id: &str, index: usize) {
        if let Some(waiting) = self.waiting.get_mut(id) {
            waiting.push_back(index);
        } else {
            self.waiting.insert(id.to_owned(), VecDeque::from([index]));
        }
    }

    /// The step a result under `id` belongs to, which waits no longer.
    pub(crate) fn close(&mut self, id: &str) -> Option<usize> {
        self.waiting.get_mut(id)?.pop_front()
    }

    /// Whether a call under `id` waits for its result.
    pub(crate) fn waits(&self, id: &str) -> bool {
        self.waiting
            .get(id)
            .is_some_and(|waiting| !waiting.is_empty())
    }

    /// Takes the step at `index` off the list, wherever it stands among the calls of `id`.
    pub(crate) fn withdraw(&mut self, id: &str, index: usize) {
        if let Some(waiting) = self.waiting.get_mut(id) {
            waiting.retain(|at| *at != index);
        }
    }

    /// Whether a call under `id` was ever made.
    pub(crate) fn knows(&self, id: &str) -> bool {
        self.waiting.contains_key(id)
    }

    /// Forgets all calls, where a new session begins in the same artifact.
    pub(crate) fn clear(&mut self) {
        self.waiting.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_goes_to_the_earliest_call_of_its_id() {
        let mut calls = OpenCalls::default();
        calls.open("bash:0", 0);
        calls.open("bash:0", 1);
        calls.open("bash:0", 2);
        calls.withdraw("bash:0", 1);
        assert_eq!(calls.close("bash:0"), Some(0));
        assert_eq!(calls.close("bash:0"), Some(2));
        assert_eq!(calls.close("bash:0"), None);
        assert!(calls.knows("bash:0") && !calls.knows("x"));
    }
}
