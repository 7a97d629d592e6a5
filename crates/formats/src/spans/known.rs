//! The calls of an agent, known again from whichever side they are seen.

use std::collections::{HashMap, VecDeque};

use serde_json::Value;

/// The calls of an agent by what they may be known by.
#[derive(Default)]
pub(super) struct Known {
    /// The calls; each is the step of the same index.
    pub(super) slots: Vec<Slot>,
    /// Those that wait to be seen from either side, by what they may be known by.
    waiting: [HashMap<String, VecDeque<usize>>; 2],
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
    Asked = 0,
    Executed = 1,
}

impl Known {
    /// The earliest call like this one that was not yet seen from `side`: by its id, else by tool
    /// and arguments, else by tool alone. Calls whose ids differ are never the same.
    pub(super) fn find(
        &mut self,
        side: Side,
        id: Option<&str>,
        name: &str,
        arguments: &Value,
    ) -> Option<usize> {
        let own = id.and_then(|id| self.first(side, &format!("id {id}"), Some(id)));
        own.or_else(|| self.first(side, &format!("as {}", sense(name, arguments)), id))
            .or_else(|| self.first(side, &format!("of {name}"), id))
    }

    /// The earliest call under `key` that waits to be seen from `side`.
    fn first(&mut self, side: Side, key: &str, id: Option<&str>) -> Option<usize> {
        let slots = &self.slots;
        let seen = |index: &usize| match side {
            Side::Asked => slots[*index].asked,
            Side::Executed => slots[*index].executed,
        };
        let waiting = self.waiting[side as usize].get_mut(key)?;
        while waiting.front().is_some_and(&seen) {
            waiting.pop_front();
        }
        let same = |index: &&usize| {
            let known = slots[**index].id.as_deref();
            !seen(index) && (id.is_none() || known.is_none() || known == id)
        };
        waiting.iter().find(same).copied()
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
        let other = match side {
            Side::Asked => Side::Executed,
            Side::Executed => Side::Asked,
        };
        let sense = sense(name, arguments);
        let keys = [
            id.map(|id| format!("id {id}")),
            Some(format!("as {sense}")),
            Some(format!("of {name}")),
        ];
        for key in keys.into_iter().flatten() {
            self.waiting[other as usize]
                .entry(key)
                .or_default()
                .push_back(index);
        }
        self.by_sense.entry(sense).or_default().push(index);
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
