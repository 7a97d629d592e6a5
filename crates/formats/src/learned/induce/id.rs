//! Which fields name calls: by their names, by differing each time, and by being said elsewhere.

use std::collections::{BTreeMap, BTreeSet};

use super::call::{is_of_owner, nearness};
use super::field::Field;
use super::kind::Kind;
use super::lexicon::{self, fit, plain};
use super::shape;
use crate::learned::map::CallFields;
use crate::learned::path::Path;
use crate::learned::score::ratio;

/// Where each id of an artifact is said: the kinds and fields that hold it.
pub(super) struct Mentions<'k>(BTreeMap<&'k str, Vec<(usize, &'k Path)>>);

impl<'k> Mentions<'k> {
    /// Notes every id in the fields of `kinds`.
    pub(super) fn of(kinds: &'k [Kind<'_>]) -> Self {
        let mut mentions: BTreeMap<&str, Vec<(usize, &Path)>> = BTreeMap::new();
        // What is an id in one kind is one in the others, of which there may be too few to tell.
        let ids: BTreeSet<&Path> = kinds
            .iter()
            .flat_map(|kind| &kind.fields)
            .filter(|(path, field)| may_be_id(path, field))
            .map(|(path, _)| path)
            .collect();
        for (at, kind) in kinds.iter().enumerate() {
            for (path, field) in &kind.fields {
                if field.values.len() < 2 && field.present > 2 || !ids.contains(path) {
                    continue;
                }
                for value in field.values.keys() {
                    mentions.entry(value).or_default().push((at, path));
                }
            }
        }
        Self(mentions)
    }

    /// The share of the values of a field that other kinds mention, in fields that this kind itself
    /// does not have: records chained to the one before mention each other too.
    fn share(&self, kinds: &[Kind<'_>], at: usize, path: &Path) -> f64 {
        let Some(field) = kinds[at].field(path) else {
            return 0.0;
        };
        let mentioned = field.values.keys().filter(|value| {
            let places = self.0.get(value.as_str()).into_iter().flatten();
            places.into_iter().any(|(other, where_said)| {
                *other != at && (*where_said == path || kinds[at].field(where_said).is_none())
            })
        });
        ratio(mentioned.count(), field.values.len())
    }
}

/// Whether the values of a field could be ids.
fn may_be_id(path: &Path, field: &Field) -> bool {
    let Some(key) = path.last_key().map(plain) else {
        return false;
    };
    if lexicon::SESSIONS.contains(&key.as_str()) {
        return false;
    }
    let named = key.ends_with("id")
        || ["cause", "parent", "call", "ref", "inreplyto"].contains(&key.as_str());
    let texts = field.texts > 0 && field.identifiers == field.texts && field.times == 0;
    texts && (named || field.values.keys().any(|value| shape::is_id(value)))
        || field.numbers > 0 && named
        || field.is_different_each_time()
}

/// The field that names this very call, and the share of its values that something else mentions:
/// different each time, or nearly, and best of all mentioned elsewhere.
pub(super) fn id_of(
    kinds: &[Kind<'_>],
    at: usize,
    arguments: &Path,
    beside: &Path,
    mentions: &Mentions<'_>,
) -> (Option<Path>, f64) {
    const CALL_IDS: &[&str] = &[
        "toolcallid",
        "callid",
        "tooluseid",
        "id",
        "invocationid",
        "actionid",
        "uuid",
        "requestid",
        "spanid",
        "eventid",
        "stepid",
    ];
    let kind = &kinds[at];
    let mut best: Option<(f64, &Path, f64)> = None;
    for (path, field) in &kind.fields {
        let Some(key) = path.last_key() else { continue };
        // What an owner or the record before is called is not the call's own name.
        let before = ["parent", "previous", "cause"];
        let pointer = before.iter().any(|word| plain(key).starts_with(word));
        if pointer || is_of_owner(path) || lexicon::SESSIONS.contains(&plain(key).as_str()) {
            continue;
        }
        let named = fit(key, CALL_IDS);
        let there = ratio(field.present, kind.parts.len());
        if path.below(arguments).is_some() || field.texts + field.numbers == 0 || there < 0.5 {
            continue;
        }
        let distinct = ratio(field.values.len(), field.texts + field.numbers);
        let mentioned = if may_be_id(path, field) {
            mentions.share(kinds, at, path)
        } else {
            0.0
        };
        let own = field.is_different_each_time() && mentioned >= 0.8;
        if named == 0.0 && mentioned < 0.5 || distinct < 0.2 && field.texts > 4 && !own {
            continue;
        }
        let near = nearness(path, beside).max(nearness(path, arguments));
        let worth = named + distinct + near + there + 1.2 * mentioned;
        if best.is_none_or(|(most, ..)| worth > most) {
            best = Some((worth, path, mentioned));
        }
    }
    best.map_or((None, 0.0), |(_, path, mentioned)| {
        (Some(path.clone()), mentioned)
    })
}

/// The ids the calls of a guess have.
pub(super) fn ids_of(kind: &Kind<'_>, fields: &CallFields) -> BTreeSet<String> {
    fields
        .id
        .first()
        .and_then(|path| kind.field(path))
        .map(|field| field.values.keys().cloned().collect())
        .unwrap_or_default()
}

/// Every id that stands in the calls of a kind, by whatever name: copies of a call share one of them.
pub(super) fn all_ids_of(kind: &Kind<'_>) -> BTreeSet<String> {
    let named = |path: &Path| {
        let key = path.last_key().map(plain);
        key.is_some_and(|key| key.ends_with("id") && !lexicon::SESSIONS.contains(&key.as_str()))
    };
    let fields = kind
        .fields
        .iter()
        .filter(|(path, field)| named(path) && field.texts > 0);
    fields
        .flat_map(|(_, field)| field.values.keys().cloned())
        .collect()
}
