//! When two readings of a run have the same steps: what a learned or induced extractor is measured
//! by against the native one.

use formats::learned::{FieldMap, Refusal, induce};
use formats::pile::{EntryId, Pile};
use serde_json::Value;
use similar::{Algorithm, ChangeTag, DiffOp, capture_diff_slices};
use trace::{Step, Trajectory};

/// What makes a step the same step: what was asked, as it stands and as it is understood, and what
/// came back.
pub(crate) struct Key {
    pub(crate) asked: String,
    pub(crate) meant: String,
    pub(crate) seen: String,
}

/// The steps of a run and of its sub-agents.
pub(crate) fn keys(run: &Trajectory) -> Vec<Key> {
    let key = |step: &Step| Key {
        asked: request(step),
        meant: serde_json::to_value(&step.action.kind).unwrap().to_string(),
        seen: step.observed().trim().to_owned(),
    };
    let mut all: Vec<_> = run.steps.iter().map(key).collect();
    for nested in run.descendants() {
        all.extend(nested.steps.iter().map(key));
    }
    all
}

/// What was asked for, whatever it was understood as: the command, or the arguments.
fn request(step: &Step) -> String {
    let only_text = |value: &Value| match value {
        Value::Object(members) if members.len() == 1 => members
            .values()
            .next()
            .and_then(Value::as_str)
            .map(str::to_owned),
        Value::String(text) => Some(text.clone()),
        _ => None,
    };
    let arguments = &step.action.arguments;
    let text = step
        .action
        .command()
        .map(str::to_owned)
        .or_else(|| only_text(arguments))
        .or_else(|| (!arguments.is_null()).then(|| arguments.to_string()))
        .unwrap_or_default();
    text.trim().to_owned()
}

/// Steps that are the same in the same order: (asked alike, asked and answered alike).
pub(crate) fn same(theirs: &[Key], ours: &[Key]) -> (usize, usize) {
    let by = |pick: &dyn Fn(&Key) -> String| {
        let list = |keys: &[Key]| keys.iter().map(pick).collect::<Vec<_>>();
        equal(&list(theirs), &list(ours))
    };
    let actions = by(&|key| key.asked.clone()).max(by(&|key| key.meant.clone()));
    let asked = by(&|key| format!("{}\0{}", key.asked, key.seen));
    let meant = by(&|key| format!("{}\0{}", key.meant, key.seen));
    (actions, asked.max(meant).max(held(theirs, ours)))
}

/// Steps asked alike whose observation holds the native one: extractors that know their layout take
/// off the frame an agent puts around an output.
fn held(theirs: &[Key], ours: &[Key]) -> usize {
    let list = |keys: &[Key]| keys.iter().map(|key| key.asked.clone()).collect::<Vec<_>>();
    let pairs = capture_diff_slices(Algorithm::Myers, &list(theirs), &list(ours));
    let equal = pairs.iter().filter_map(|op| match op {
        DiffOp::Equal {
            old_index,
            new_index,
            len,
        } => Some((*old_index, *new_index, *len)),
        _ => None,
    });
    equal
        .flat_map(|(old, new, length)| (0..length).map(move |at| (old + at, new + at)))
        .filter(|(old, new)| ours[*new].seen.contains(&theirs[*old].seen))
        .count()
}

fn equal<T: Ord + std::hash::Hash + Clone>(a: &[T], b: &[T]) -> usize {
    capture_diff_slices(Algorithm::Myers, a, b)
        .iter()
        .flat_map(|op| op.iter_changes(a, b))
        .filter(|change| change.tag() == ChangeTag::Equal)
        .count()
}

/// Reads files by structure alone: which of them hold the records, and the map.
pub(crate) fn by_structure(
    pile: &Pile,
    files: &[EntryId],
) -> Result<(Vec<EntryId>, FieldMap), Refusal> {
    let alone = || {
        files
            .iter()
            .filter_map(|id| induce(pile, &[*id]).ok().map(|m| (vec![*id], m)))
    };
    match induce(pile, files) {
        // A folder of unlike files holds its records in one of them.
        Err(_) if files.len() > 1 => match alone().max_by_key(|(_, found)| found.score.joined) {
            Some((files, found)) => Ok((files, found.map)),
            None => induce(pile, files).map(|found| (files.to_vec(), found.map)),
        },
        result => result.map(|found| (files.to_vec(), found.map)),
    }
}

/// The steps of all runs a map finds in files, in the order of the runs' names.
pub(crate) fn by_map(pile: &Pile, files: &[EntryId], map: &FieldMap) -> Vec<Key> {
    let mut parts = map.runs(pile, files).unwrap();
    if parts.is_empty() {
        return keys(&map.extract(pile, files, None).unwrap().trajectory);
    }
    parts.sort_by(|a, b| a.key.cmp(&b.key));
    parts
        .iter()
        .flat_map(|part| keys(&map.extract(pile, files, Some(part)).unwrap().trajectory))
        .collect()
}
