//! How alike two changes are.

use trace::{ChangeKind, Relation};

use super::change::{StateChange, Target};
use super::place::Kinship;

/// From this likeness on two changes count as alike.
pub(super) const ALIKE: f64 = 0.5;

/// The least likeness of changes of the same thing made in different ways, and what it may gain by words in
/// common; below [`ALIKE`] together.
const SAME_THING: f64 = 0.25;
const IN_COMMON: f64 = 0.2;

/// The likeness of what failed for one run and worked for the other.
const FAILED: f64 = 0.2;

/// From this likeness on the text alone makes two files one, whatever their names.
const RENAMED: f64 = 0.6;

/// What a change and its counterpart have in common.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Likeness {
    /// Between 0 and 1.
    pub(super) share: f64,
    /// Same, alike or different.
    pub(super) relation: Relation,
    /// True when only the text makes two files with different names one.
    pub(super) renamed: bool,
}

impl Likeness {
    fn of(share: f64) -> Self {
        let share = share.clamp(0.0, 1.0);
        let relation = match share {
            _ if share >= 1.0 => Relation::Same,
            _ if share >= ALIKE => Relation::Alike,
            _ => Relation::Different,
        };
        Self {
            share,
            relation,
            renamed: false,
        }
    }
}

/// Compares two changes; `None` when they have nothing to do with each other.
pub(super) fn compare(a: &StateChange, b: &StateChange) -> Option<Likeness> {
    let share = match (&a.target, &b.target) {
        (Target::File(one), Target::File(other)) => files(a, b, one.compare(other))?,
        (
            Target::Package {
                name,
                version,
                removed,
            },
            Target::Package {
                name: other,
                version: other_version,
                removed: other_removed,
            },
        ) if name == other => match (version, other_version) {
            _ if removed != other_removed => SAME_THING,
            (one, other) if one == other => 1.0,
            (Some(_), Some(_)) => SAME_THING,
            _ => 0.9,
        },
        (
            Target::Service { name, verb },
            Target::Service {
                name: other,
                verb: other_verb,
            },
        ) if name == other => services(verb, other_verb),
        (
            Target::Command { program, words },
            Target::Command {
                program: other,
                words: other_words,
            },
        ) if program == other => commands(a, b, words, other_words)?,
        _ => return None,
    };
    // What failed for one and worked for the other is not alike.
    let share = if a.failed == b.failed {
        share
    } else {
        share.min(FAILED)
    };
    let renamed = match (&a.target, &b.target) {
        (Target::File(one), Target::File(other)) => !one.compare(other).is_one_file(),
        _ => false,
    };
    Some(Likeness {
        renamed,
        ..Likeness::of(share)
    })
}

/// What two changes of files have in common.
fn files(a: &StateChange, b: &StateChange, kinship: Kinship) -> Option<f64> {
    let one_file = kinship.is_one_file();
    let same_text = a.text.digest == b.text.digest;
    if a.kind == b.kind && one_file && same_text {
        return Some(1.0);
    }
    if one_file && a.after.is_some() && a.after == b.after {
        return Some(1.0);
    }
    let of_text = [ChangeKind::Write, ChangeKind::Edit];
    if !of_text.contains(&a.kind) || !of_text.contains(&b.kind) {
        let share = if a.kind == b.kind { 0.9 } else { SAME_THING };
        return one_file.then_some(share);
    }
    let likeness = text_likeness(a, b);
    let share = if one_file {
        // Two ways to one text: a heredoc here, an edit of every line there.
        let common = if a.kind == b.kind {
            IN_COMMON
        } else {
            IN_COMMON / 2.0
        };
        likeness.max(SAME_THING + common * (0.2 + 0.8 * likeness))
    } else if a.kind == ChangeKind::Write && b.kind == a.kind && likeness >= RENAMED {
        likeness * 0.95
    } else {
        return None;
    };
    Some(share.min(0.99))
}

/// How alike the texts of two changes are.
fn text_likeness(a: &StateChange, b: &StateChange) -> f64 {
    let (one, other) = (&a.text, &b.text);
    if one.stated != other.stated {
        return 0.0;
    }
    if one.added.is_empty() && other.added.is_empty() {
        return one.removed.likeness(&other.removed);
    }
    if a.kind == b.kind {
        return one.added.likeness(&other.added);
    }
    // A file written whole holds the part that another run edited in.
    let part = one.added.contained_in(&other.added);
    let whole = other.added.contained_in(&one.added);
    one.added
        .likeness(&other.added)
        .max(part.unwrap_or(0.0).max(whole.unwrap_or(0.0)) * 0.6)
}

fn services(verb: &str, other: &str) -> f64 {
    let starts = |verb: &str| matches!(verb, "start" | "restart" | "reload" | "enable" | "run");
    if verb == other {
        1.0
    } else if starts(verb) && starts(other) {
        0.9
    } else {
        SAME_THING
    }
}

fn commands(a: &StateChange, b: &StateChange, words: &[String], other: &[String]) -> Option<f64> {
    if words == other {
        return Some(if a.text.digest == b.text.digest {
            1.0
        } else {
            0.9
        });
    }
    let shared = words.iter().filter(|word| other.contains(word)).count();
    let all = words.len() + other.len() - shared;
    let share = if all == 0 {
        1.0
    } else {
        f64::from(u32::try_from(shared).unwrap_or(u32::MAX))
            / f64::from(u32::try_from(all).unwrap_or(u32::MAX))
    };
    let likeness = 0.3 + 0.65 * share.min(1.0);
    let same_first = !words.is_empty() && words.first() == other.first();
    (likeness >= ALIKE || same_first).then(|| likeness.max(SAME_THING))
}
