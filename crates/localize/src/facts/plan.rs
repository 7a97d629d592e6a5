//! To-do lists that agents keep with a tool made for it.

use serde_json::Value;
use trace::Step;

/// The most items of one list that are read.
const MOST_ITEMS: usize = 64;
/// What the words of an item are called, by the agents that keep such lists.
const WORDS: &[&str] = &[
    "content",
    "step",
    "text",
    "title",
    "task",
    "description",
    "subject",
];
/// What a finished item's state is called.
const DONE: &[&str] = &["completed", "complete", "done", "finished"];

/// One thing that is to be done.
pub(crate) struct Item<'s> {
    /// What.
    pub(crate) what: &'s str,
    /// Whether the list says that it is done.
    pub(crate) done: bool,
}

/// The items of the list that a step sets; empty when it sets none. A list is any array in the call's
/// arguments whose objects all have words and a state.
#[must_use]
pub(crate) fn items(step: &Step) -> Vec<Item<'_>> {
    let Some(arguments) = step.action.arguments.as_object() else {
        return Vec::new();
    };
    let lists = arguments.values().filter_map(Value::as_array);
    lists
        .filter(|list| !list.is_empty())
        .find_map(|list| list.iter().take(MOST_ITEMS).map(item).collect())
        .unwrap_or_default()
}

fn item(value: &Value) -> Option<Item<'_>> {
    let fields = value.as_object()?;
    let state = fields.get("status").or_else(|| fields.get("state"))?;
    let state = state.as_str()?;
    let what = WORDS.iter().find_map(|name| fields.get(*name)?.as_str())?;
    Some(Item {
        what,
        done: DONE.contains(&state),
    })
}
