//! Which parts of records are results of calls: by the id they name, by a word for it, by standing in
//! the same record, or by following the calls one by one.

use std::collections::{BTreeMap, BTreeSet};

use super::call::CallGuess;
use super::field::Field;
use super::kind::Kind;
use super::lexicon::{self, Speaker, fit, plain};
use super::output::result_fields;
use crate::learned::map::{CallFields, ResultFields};
use crate::learned::path::{Path, Segment};
use crate::learned::score::ratio;

/// A kind of part that looks like results of calls.
#[derive(Debug, Clone)]
pub(super) struct ResultGuess {
    /// The kind's place in the list.
    pub(super) kind: usize,
    /// Its fields.
    pub(super) fields: ResultFields,
    /// Calls it answers by id.
    pub(super) answers: usize,
    /// Whether it is known by standing after the calls.
    pub(super) by_turn: bool,
}

/// The kinds whose parts name calls with one of `ids` and hold a text.
pub(super) fn results_in(
    kinds: &[Kind<'_>],
    calls: &[CallGuess],
    ids: &BTreeSet<String>,
) -> Vec<ResultGuess> {
    let called: BTreeMap<usize, &CallFields> = calls.iter().map(|c| (c.kind, &c.fields)).collect();
    // Records that point to the one before are a chain: calls have that pointer too.
    let is_chain = |path: &Path| {
        calls
            .iter()
            .any(|call| !call.fields.id.contains(path) && kinds[call.kind].field(path).is_some())
    };
    let mut found = Vec::new();
    for (at, kind) in kinds.iter().enumerate() {
        if called.contains_key(&at) {
            continue;
        }
        if let Some(guess) = result_by_id(at, kind, ids, &is_chain) {
            found.push(guess);
        } else if let Some(guess) = result_by_word(at, kind) {
            found.push(guess);
        }
    }
    let beside = |call: &CallGuess| {
        let kind = &kinds[call.kind];
        result_beside(kind, &call.fields).is_some() || result_around(kinds, kind).is_some()
    };
    let named = found.iter().any(|guess| guess.answers > 0);
    if !named && let Some(guess) = result_in_parallel(kinds, calls) {
        return vec![guess];
    }
    let parts = |call: &CallGuess| kinds[call.kind].parts.len();
    let all: usize = calls.iter().map(parts).sum();
    let have: usize = calls.iter().filter(|call| beside(call)).map(parts).sum();
    if !named && (!ids.is_empty() || found.is_empty()) && have * 2 < all {
        let by_turn = result_by_turn(kinds, calls);
        found.retain(|guess| by_turn.as_ref().is_none_or(|turn| turn.kind != guess.kind));
        found.extend(by_turn);
    }
    found
}

/// The list beside the list of calls in each record that is always as long.
fn result_in_parallel(kinds: &[Kind<'_>], calls: &[CallGuess]) -> Option<ResultGuess> {
    let counts = |kind: &Kind<'_>| {
        let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
        for part in &kind.parts {
            *counts.entry(part.record).or_default() += 1;
        }
        counts
    };
    let [call] = calls else { return None };
    let asking = &kinds[call.kind];
    let asked = counts(asking);
    if asking.each.is_root() || !asked.values().any(|count| *count > 1) {
        return None;
    }
    let twin = |(_, kind): &(usize, &Kind<'_>)| {
        kind.when == asking.when
            && !kind.each.is_root()
            && kind.each != asking.each
            && kind.each.below(&asking.each).is_none()
            && counts(kind) == asked
    };
    let (at, kind) = kinds.iter().enumerate().find(twin)?;
    Some(ResultGuess {
        kind: at,
        fields: result_fields(kind, &[], None)?,
        answers: 0,
        by_turn: true,
    })
}

/// The kind whose parts follow the calls one by one, where neither ids nor words tell results.
fn result_by_turn(kinds: &[Kind<'_>], calls: &[CallGuess]) -> Option<ResultGuess> {
    const LEAST: f64 = 0.7;
    let mut asked: BTreeMap<usize, usize> = BTreeMap::new();
    for call in calls {
        for part in &kinds[call.kind].parts {
            *asked.entry(part.record).or_default() += 1;
        }
    }
    let all: usize = asked.values().sum();
    let mut best: Option<(f64, ResultGuess)> = None;
    let length = |kind: &Kind<'_>, fields: &ResultFields| {
        let field = fields.text.first().and_then(|path| kind.field(path));
        field.map_or(0, |field| field.length)
    };
    for (at, kind) in kinds.iter().enumerate() {
        let calling = |call: &CallGuess| {
            let other = &kinds[call.kind];
            call.kind == at
                || other.when == kind.when && (kind.each.is_root() || other.each == kind.each)
        };
        if calls.iter().any(calling) {
            continue;
        }
        let mut given: BTreeMap<usize, usize> = BTreeMap::new();
        for part in &kind.parts {
            *given.entry(part.record).or_default() += 1;
        }
        let (mut open, mut answered, mut prompt) = (0_usize, 0_usize, 0_usize);
        let records: BTreeSet<usize> = asked.keys().chain(given.keys()).copied().collect();
        for record in records {
            // A record asks before it answers.
            let new = asked.get(&record).copied().unwrap_or_default();
            open += new;
            let here = given.get(&record).copied().unwrap_or_default().min(open);
            let before = record.checked_sub(1).and_then(|before| asked.get(&before));
            prompt += if before.is_some() || new > 0 { here } else { 0 };
            answered += here;
            open -= here;
        }
        let share = ratio(answered, all);
        if share < LEAST || answered * 10 < kind.parts.len() * 8 {
            continue;
        }
        let Some(fields) = result_fields(kind, &[], None) else {
            continue;
        };
        let printed = fields.text.iter().filter_map(|path| kind.field(path));
        let printed = printed.map(Field::printed).fold(0.0, f64::max);
        // Progress comes sooner than the output, and is shorter.
        #[expect(clippy::cast_precision_loss, reason = "a weight")]
        let long = (length(kind, &fields) as f64 / kind.parts.len() as f64).ln_1p() / 4.0;
        let worth = share + 0.5 * ratio(prompt, answered) + printed + long;
        if best.as_ref().is_none_or(|(most, _)| worth > *most) {
            let guess = ResultGuess {
                kind: at,
                fields,
                answers: 0,
                by_turn: true,
            };
            best = Some((worth, guess));
        }
    }
    best.map(|(_, guess)| guess)
}

/// A part that names a call.
fn result_by_id(
    at: usize,
    kind: &Kind<'_>,
    ids: &BTreeSet<String>,
    is_chain: &impl Fn(&Path) -> bool,
) -> Option<ResultGuess> {
    let mut best: Option<(f64, usize, &Path)> = None;
    for (path, field) in &kind.fields {
        let values = field
            .values
            .keys()
            .filter(|v| v.len() > 1 || field.numbers > 0);
        if is_chain(path) {
            continue;
        }
        let (mut hits, mut all) = (0, 0);
        for value in values {
            all += 1;
            hits += usize::from(ids.contains(value));
        }
        let names_id = path.last_key().is_some_and(|key| {
            plain(key).ends_with("id")
                || plain(key) == "cause"
                || fit(key, &["parent", "inreplyto", "for", "ref", "call"]) > 0.0
        });
        let nameless = field.numbers > 0 && !names_id && !field.is_different_each_time();
        if hits == 0 || ratio(hits, all) < 0.6 || nameless {
            continue;
        }
        let worth = ratio(hits, all)
            + if names_id { 0.5 } else { 0.0 }
            + ratio(field.present, kind.parts.len());
        if best.is_none_or(|(most, ..)| worth > most) {
            best = Some((worth, hits, path));
        }
    }
    let (_, answers, id) = best?;
    let mut fields = result_fields(kind, &[], Some(id))?;
    fields.id = vec![id.clone()];
    Some(ResultGuess {
        kind: at,
        fields,
        answers,
        by_turn: false,
    })
}

/// A part that says it is a result and names no call.
fn result_by_word(at: usize, kind: &Kind<'_>) -> Option<ResultGuess> {
    let own = kind.words().next().and_then(lexicon::speaker);
    if own != Some(Speaker::Tool) {
        return None;
    }
    let fields = result_fields(kind, &[], None)?;
    Some(ResultGuess {
        kind: at,
        fields,
        answers: 0,
        by_turn: false,
    })
}

/// The result that stands beside a call, within the same part.
pub(super) fn result_beside(kind: &Kind<'_>, call: &CallFields) -> Option<ResultFields> {
    let taken: Vec<&Path> = call
        .arguments
        .iter()
        .chain(&call.tool)
        .chain(&call.id)
        .collect();
    result_fields(kind, &taken, None)
}

/// The result of a call that stands in a list of its record, where it stands in the record itself:
/// records with one call each, and a field that holds what came back.
pub(super) fn result_around(kinds: &[Kind<'_>], kind: &Kind<'_>) -> Option<ResultFields> {
    let records: BTreeSet<usize> = kind.parts.iter().map(|part| part.record).collect();
    if kind.each.is_root() || kind.parts.len() * 2 > records.len() * 3 {
        return None;
    }
    let around = kinds
        .iter()
        .find(|other| other.each.is_root() && other.when == kind.when)?;
    let none = Path::root().key("");
    let mut fields = result_fields(around, &[&none], None)?;
    let from_record = |path: &mut Path| *path = Path::root().then(Segment::Record).join(path);
    fields.text.iter_mut().for_each(from_record);
    fields.exit_status.iter_mut().for_each(from_record);
    for condition in &mut fields.failed {
        from_record(&mut condition.field);
    }
    Some(fields)
}
