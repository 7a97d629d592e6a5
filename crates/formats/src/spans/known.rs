//! The calls of an agent, known again from whichever side they are seen.

use std::collections::HashMap;

use serde_json::Value;

/// The calls of an agent by what they may be known by.
#[derive(Default)]
pub(super) struct Known {
    /// The calls; each is the step of the same index.
    pub(super) slots: Vec<Slot>,
    pub(super) by_id: HashMap<String, Vec<usize>>,
    pub(super) by_sense: HashMap<String, Vec<usize>>,
    pub(super) by_name: HashMap<String, Vec<usize>>,
}

/// A call and the sides it was seen from.
pub(super) struct Slot {
    id: Option<String>,
    pub(super) asked: bool,
    pub(super) executed: bool,
}

/// The side a call is seen from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Asked,
    Executed,
}

impl Known {
    /// The earliest call like this one that was not yet seen from `side`: by its id, else by tool
    /// and arguments, else by tool alone. Calls whose ids differ are never the same.
    pub(super) fn find(
        &self,
        side: Side,
        id: Option<&str>,
        name: &str,
        arguments: &Value,
    ) -> Option<usize> {
        let open = |index: &&usize| {
            let slot = &self.slots[**index];
            let seen = if side == Side::Asked {
                slot.asked
            } else {
                slot.executed
            };
            let differs = id.is_some() && slot.id.is_some() && slot.id.as_deref() != id;
            !seen && !differs
        };
        let own = id.and_then(|id| self.by_id.get(id)?.iter().find(open));
        let alike = || {
            self.by_sense
                .get(&sense(name, arguments))?
                .iter()
                .find(open)
        };
        let named = || self.by_name.get(name)?.iter().find(open);
        own.or_else(alike).or_else(named).copied()
    }

    pub(super) fn add(&mut self, side: Side, id: Option<&str>, name: &str, arguments: &Value) {
        let index = self.slots.len();
        self.slots.push(Slot {
            id: id.map(str::to_owned),
            asked: side == Side::Asked,
            executed: side == Side::Executed,
        });
        if let Some(id) = id {
            self.by_id.entry(id.to_owned()).or_default().push(index);
        }
        self.by_sense
            .entry(sense(name, arguments))
            .or_default()
            .push(index);
        self.by_name.entry(name.to_owned()).or_default().push(index);
    }
}

/// A tool and its arguments, however they were written down.
pub(super) fn sense(name: &str, arguments: &Value) -> String {
    let arguments = crate::dialogue::decoded(arguments);
    format!("{name} {}", sorted(&arguments))
}

/// JSON text with the members of the outermost object in order.
fn sorted(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(key, _)| *key);
            let texts = members.iter().map(|(key, value)| format!("{key}:{value}"));
            texts.collect::<Vec<_>>().join(",")
        }
        other => other.to_string(),
    }
}
