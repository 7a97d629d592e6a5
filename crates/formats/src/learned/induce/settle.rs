//! Which of the guesses stand: a call or a result is often recorded in several places, and counts
//! once.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::call::CallGuess;
use super::id::{all_ids_of, ids_of};
use super::kind::Kind;
use super::lexicon::{self, Speaker};
use super::result::ResultGuess;
use crate::learned::interpret::arguments_of;
use crate::learned::map::CallFields;
use crate::learned::path::Path;
use crate::learned::score::ratio;

/// The guesses, surest first: those that are many and stand near the record before others.
pub(super) fn by_worth(kinds: &[Kind<'_>], mut guesses: Vec<CallGuess>) -> Vec<CallGuess> {
    let depth = |guess: &CallGuess| kinds[guess.kind].each.segments().len();
    let worth = |guess: &CallGuess| {
        #[expect(clippy::cast_precision_loss, reason = "a weight")]
        let weight = (kinds[guess.kind].parts.len() as f64).ln_1p();
        #[expect(clippy::cast_precision_loss, reason = "a weight")]
        let deep = depth(guess) as f64;
        guess.sure + 0.15 * weight - 0.2 * deep
    };
    guesses.sort_by(|a, b| worth(b).total_cmp(&worth(a)).then(a.kind.cmp(&b.kind)));
    guesses
}

/// The guesses that are calls of their own: copies of a call elsewhere in the records are left out,
/// and a call announced and then completed under one id is one call.
pub(super) fn settle_calls(kinds: &[Kind<'_>], guesses: Vec<CallGuess>) -> Vec<CallGuess> {
    let depth = |guess: &CallGuess| kinds[guess.kind].each.segments().len();
    // Where values speak for some calls, names alone do not make others.
    let grounded = |guess: &CallGuess| guess.grounded && kinds[guess.kind].parts.len() > 2;
    let sound: Vec<CallFields> = guesses
        .iter()
        .filter(|guess| grounded(guess))
        .map(|guess| guess.fields.clone())
        .collect();
    let like_them = |guess: &CallGuess| {
        let own = &guess.fields;
        let alike = |other: &CallFields| other.tool == own.tool && other.arguments == own.arguments;
        guess.grounded || sound.is_empty() || sound.iter().any(alike)
    };
    let mut settled: Vec<CallGuess> = Vec::new();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut said: BTreeSet<String> = BTreeSet::new();
    for mut guess in guesses {
        let kind = &kinds[guess.kind];
        if !like_them(&guess) {
            continue;
        }
        if settled
            .iter()
            .any(|other| is_within(kind, &kinds[other.kind], other))
        {
            continue;
        }
        let ids = ids_of(kind, &guess.fields);
        let own = contents_of(kind, &guess);
        let repeated = own.iter().filter(|text| said.contains(*text)).count();
        let repeats = !own.is_empty() && ratio(repeated, own.len()) >= 0.6;
        let shared: Vec<usize> = ids.iter().filter_map(|id| seen.get(id).copied()).collect();
        if !ids.is_empty() && ratio(shared.len(), ids.len()) >= 0.5 {
            let first = shared.first().copied().unwrap_or_default();
            // The same calls in the same records: a copy, and the nearer one is read.
            if repeats && in_same_records(kind, &kinds[settled[first].kind]) {
                if depth(&guess) < depth(&settled[first]) {
                    settled[first] = guess;
                }
                continue;
            }
            // Under the id of a call but not what it asks: its result, or a copy elsewhere.
            if depth(&guess) > depth(&settled[first]) || !repeats {
                continue;
            }
            // Announced under one id, completed under the same: one call.
            for at in shared.into_iter().collect::<BTreeSet<_>>() {
                settled[at].fields.once = true;
            }
            guess.fields.once = true;
        } else if repeats
            || mentions_calls(kinds, kind, &settled)
            || carries_out(&own, &said)
            || guess.fields.tool.is_empty() && carries_out(&said, &own)
        {
            continue;
        }
        said.extend(own);
        for id in ids.into_iter().chain(all_ids_of(kind)) {
            seen.entry(id).or_insert(settled.len());
        }
        settled.push(guess);
    }
    settled
}

/// Whether calls only carry out what others ask for: their texts hold the commands of these.
fn carries_out(own: &BTreeSet<String>, said: &BTreeSet<String>) -> bool {
    const LOOKED_AT: usize = 60;
    const SHORTEST: usize = 6;
    let commands: Vec<String> = said
        .iter()
        .take(LOOKED_AT)
        .filter_map(|t| longest(t))
        .collect();
    let held = commands.iter().filter(|command| {
        let inner = serde_json::to_string(command).unwrap_or_default();
        let inner = inner.trim_matches('"');
        inner.len() >= SHORTEST
            && own
                .iter()
                .take(4 * LOOKED_AT)
                .any(|text| text.contains(inner))
    });
    !commands.is_empty() && held.count() * 2 > commands.len()
}

/// The longest text among the arguments of a call.
fn longest(call: &str) -> Option<String> {
    let arguments: Value = serde_json::from_str(call.split_once(' ')?.1).ok()?;
    if let Value::String(command) = arguments {
        return Some(command);
    }
    let texts = arguments.as_object()?.values().filter_map(Value::as_str);
    texts.max_by_key(|text| text.len()).map(str::to_owned)
}

/// Whether two kinds of parts stand in the same records.
fn in_same_records(a: &Kind<'_>, b: &Kind<'_>) -> bool {
    let records = |kind: &Kind<'_>| -> BTreeSet<usize> {
        kind.parts.iter().map(|part| part.record).collect()
    };
    let (a, b) = (records(a), records(b));
    ratio(a.intersection(&b).count(), a.len().min(b.len())) >= 0.8
}

/// Whether the parts of `kind` name calls that are settled under an id of another kind: they speak
/// about these.
fn mentions_calls(kinds: &[Kind<'_>], kind: &Kind<'_>, settled: &[CallGuess]) -> bool {
    let mentioned = all_ids_of(kind);
    settled.iter().any(|other| {
        let theirs = ids_of(&kinds[other.kind], &other.fields);
        let here = theirs.iter().filter(|id| mentioned.contains(*id)).count();
        !theirs.is_empty() && ratio(here, theirs.len()) >= 0.5
    })
}

/// Whether the parts of `kind` stand in the arguments or results of a call: a list of edits is no
/// list of calls.
fn is_within(kind: &Kind<'_>, other: &Kind<'_>, call: &CallGuess) -> bool {
    if kind.when != other.when {
        return false;
    }
    call.fields.arguments.iter().any(|path| {
        kind.each
            .below(&other.each.join(path))
            .is_some_and(|rest| !rest.is_root())
    })
}

/// The calls of a guess as text, to know them again where they are repeated.
fn contents_of(kind: &Kind<'_>, guess: &CallGuess) -> BTreeSet<String> {
    let text = |paths: &[Path], value: &Value| {
        let first = paths.iter().find_map(|path| path.first(value));
        first.map_or_else(String::new, |value| {
            let inner = arguments_of(&value);
            inner.map_or_else(|| value.to_string(), |inner| inner.to_string())
        })
    };
    kind.parts
        .iter()
        .map(|part| {
            let tool = text(&guess.fields.tool, &part.value);
            format!("{tool} {}", text(&guess.fields.arguments, &part.value))
        })
        .collect()
}

/// One kind of result for each call: where several repeat the same answers, the one that answers
/// most.
pub(super) fn settle_results(
    kinds: &[Kind<'_>],
    mut guesses: Vec<ResultGuess>,
    calls: &[CallGuess],
    ids: &BTreeSet<String>,
) -> Vec<ResultGuess> {
    let any_by_id = guesses.iter().any(|guess| guess.answers > 0);
    let nameless = calls.iter().any(|call| call.fields.id.is_empty());
    let by_order = nameless || ids.is_empty();
    guesses.retain(|guess| guess.answers > 0 || !any_by_id && (by_order || guess.by_turn));
    if guesses.iter().any(|guess| guess.by_turn) {
        guesses.retain(|guess| guess.by_turn);
    }
    let depth = |guess: &ResultGuess| kinds[guess.kind].each.segments().len();
    let tool = |guess: &ResultGuess| {
        let words = kinds[guess.kind].words().next();
        words.and_then(lexicon::speaker) == Some(Speaker::Tool)
    };
    // What is longest is the whole output; progress on the way to it has the same id.
    let length = |guess: &ResultGuess| {
        let text = guess.fields.text.first();
        let field = text.and_then(|path| kinds[guess.kind].field(path));
        field.map_or(0, |field| field.length)
    };
    guesses.sort_by(|a, b| {
        tool(b)
            .cmp(&tool(a))
            .then(depth(a).cmp(&depth(b)))
            .then(b.answers.cmp(&a.answers))
            .then(length(b).cmp(&length(a)))
            .then(a.kind.cmp(&b.kind))
    });
    let mut answered: BTreeSet<String> = BTreeSet::new();
    guesses.retain(|guess| {
        let Some(path) = guess.fields.id.first() else {
            return true;
        };
        let Some(field) = kinds[guess.kind].field(path) else {
            return true;
        };
        let own: BTreeSet<&str> = field.names();
        let known = own.iter().filter(|id| answered.contains(**id)).count();
        if ratio(known, own.len()) >= 0.5 {
            return false;
        }
        answered.extend(own.into_iter().map(str::to_owned));
        true
    });
    guesses
}

/// Whether some kind of result answers the calls of this guess.
pub(super) fn is_answered(
    kind: &Kind<'_>,
    call: &CallGuess,
    results: &[ResultGuess],
    kinds: &[Kind<'_>],
) -> bool {
    let ids = ids_of(kind, &call.fields);
    if ids.is_empty() {
        return results.iter().any(|result| result.fields.id.is_empty());
    }
    let mut answered = 0;
    for result in results {
        let Some(path) = result.fields.id.first() else {
            return true;
        };
        if let Some(field) = kinds[result.kind].field(path) {
            answered += ids
                .iter()
                .filter(|id| field.values.contains_key(*id))
                .count();
        }
    }
    ratio(answered, ids.len()) >= 0.3
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(list: &[&str]) -> BTreeSet<String> {
        list.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn what_carries_out_a_command_is_no_call_of_its_own() {
        let asked = texts(&[
            r#""bash" {"command":"make test"}"#,
            r#""bash" {"command":"git diff"}"#,
        ]);
        let run = texts(&[r#" "bash -lc 'make test'""#, r#" "bash -lc 'git diff'""#]);
        assert!(carries_out(&run, &asked));
        assert!(!carries_out(&texts(&[r#" "cargo build""#]), &asked));
    }
}
