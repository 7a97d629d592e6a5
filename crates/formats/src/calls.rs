//! Which tool calls still wait for their result.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet, VecDeque};

use crate::key::{Key, key_of};

/// Pairs results with calls by id. Ids may repeat within a run, so an id names the calls that still
/// wait, and a result goes to the earliest of them.
#[derive(Debug, Default)]
pub(crate) struct OpenCalls {
    waiting: HashMap<Key, VecDeque<usize>>,
    known: HashSet<Key>,
}

impl OpenCalls {
    /// Notes that the step at `index` waits for a result under `id`.
    pub(crate) fn open(&mut self, id: &str, index: usize) {
        let id = key_of(&[id.as_bytes()]);
        self.known.insert(id);
        self.waiting.entry(id).or_default().push_back(index);
    }

    /// The step a result under `id` belongs to, which waits no longer.
    pub(crate) fn close(&mut self, id: &str) -> Option<usize> {
        let Entry::Occupied(mut waiting) = self.waiting.entry(key_of(&[id.as_bytes()])) else {
            return None;
        };
        let index = waiting.get_mut().pop_front();
        if waiting.get().is_empty() {
            waiting.remove();
        }
        index
    }

    /// Whether a call under `id` waits for its result.
    pub(crate) fn waits(&self, id: &str) -> bool {
        self.waiting
            .get(&key_of(&[id.as_bytes()]))
            .is_some_and(|waiting| !waiting.is_empty())
    }

    /// Takes the step at `index` off the list, wherever it stands among the calls of `id`.
    pub(crate) fn withdraw(&mut self, id: &str, index: usize) {
        if let Some(waiting) = self.waiting.get_mut(&key_of(&[id.as_bytes()])) {
            waiting.retain(|at| *at != index);
        }
    }

    /// Whether a call under `id` was ever made.
    pub(crate) fn knows(&self, id: &str) -> bool {
        self.known.contains(&key_of(&[id.as_bytes()]))
    }

    /// Forgets all calls, where a new session begins in the same artifact.
    pub(crate) fn clear(&mut self) {
        self.waiting.clear();
        self.known.clear();
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
