//! From records to a field map.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::call::{
    CallGuess, ResultGuess, all_ids_of, calls_in, ids_of, result_around, result_beside, results_in,
};
use super::kind::{Kind, kinds_of};
use super::lexicon::{self, Speaker};
use super::told::labelled;
use super::words::{about_of, best, mark_in, merge, says_of, speaker_of, spoken_in, words_of};
use crate::learned::interpret::arguments_of;
use crate::learned::map::{Condition, Container, FieldMap, Records, ResultFields, Rule, Says};
use crate::learned::path::Path;
use crate::learned::score::ratio;

/// A text that long is something said, not bookkeeping.
const LONG_TEXT: f64 = 120.0;

/// How many guesses are tried as the one that leads.
const MOST_LEADS: usize = 5;

/// The maps that may read `records`, as far as their structure tells, the likeliest first; none
/// without a call. They differ in which of the parts that look like calls is believed first: a call
/// is often recorded in several places, and only trying shows from which it is read best.
pub(super) fn drafts(records: &[Value], place: &Records) -> Vec<FieldMap> {
    let mut maps: Vec<FieldMap> = Vec::new();
    if matches!(place.container, Container::Markdown | Container::Log) {
        maps.extend(labelled(records, place));
    }
    let kinds = kinds_of(records);
    let guesses = by_worth(&kinds, calls_in(&kinds));
    for lead in 0..guesses.len().clamp(1, MOST_LEADS) {
        let mut order = guesses.clone();
        if lead < order.len() {
            let first = order.remove(lead);
            order.insert(0, first);
        }
        let map = draft(records, place, &kinds, order);
        maps.extend(map.filter(|map| !maps.contains(map)));
    }
    maps
}

fn draft(
    records: &[Value],
    place: &Records,
    kinds: &[Kind<'_>],
    guesses: Vec<CallGuess>,
) -> Option<FieldMap> {
    let calls = settle_calls(kinds, guesses);
    let mut rules = Vec::new();
    let mut used: BTreeSet<usize> = BTreeSet::new();
    let ids: BTreeSet<String> = calls
        .iter()
        .flat_map(|call| ids_of(&kinds[call.kind], &call.fields))
        .collect();
    let results = settle_results(kinds, results_in(kinds, &calls, &ids), &calls, &ids);
    let mut calls = calls;
    let mut answered = Vec::new();
    for call in &mut calls {
        let kind = &kinds[call.kind];
        let by_others = is_answered(kind, call, &results, kinds);
        if !by_others {
            call.fields.result =
                result_beside(kind, &call.fields).or_else(|| result_around(kinds, kind));
        }
        answered.push(by_others || call.fields.result.is_some());
    }
    // Where calls are answered, what nobody answers only looks like one.
    if answered.contains(&true) {
        let mut answered = answered.into_iter();
        calls.retain(|_| answered.next().unwrap_or(true));
    }
    for call in &calls {
        used.insert(call.kind);
        rules.push(rule(&kinds[call.kind], Says::Call(call.fields.clone())));
    }
    for result in &results {
        used.insert(result.kind);
        rules.push(rule(
            &kinds[result.kind],
            Says::Result(result.fields.clone()),
        ));
    }
    add_words(kinds, &calls, &results, &mut rules, &mut used);
    if calls.is_empty() && !add_spoken_calls(kinds, &mut rules) {
        return None;
    }
    add_nothings(kinds, &used, &mut rules);
    rules = merge(rules);
    rules.extend(about_all(records));
    let mut place = place.clone();
    place.thread = thread_of(kinds, &calls);
    Some(FieldMap {
        records: place,
        rules,
    })
}

fn rule(kind: &Kind<'_>, says: Says) -> Rule {
    Rule {
        when: kind.when.clone(),
        each: kind.each.clone(),
        which: kind.which.clone(),
        says,
    }
}

/// The guesses, surest first: those that are many and stand near the record before others.
fn by_worth(kinds: &[Kind<'_>], mut guesses: Vec<CallGuess>) -> Vec<CallGuess> {
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
fn settle_calls(kinds: &[Kind<'_>], guesses: Vec<CallGuess>) -> Vec<CallGuess> {
    let depth = |guess: &CallGuess| kinds[guess.kind].each.segments().len();
    let mut settled: Vec<CallGuess> = Vec::new();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut said: BTreeSet<String> = BTreeSet::new();
    for mut guess in guesses {
        let kind = &kinds[guess.kind];
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
fn settle_results(
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
fn is_answered(
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

/// Adds what people and agents say.
fn add_words(
    kinds: &[Kind<'_>],
    calls: &[CallGuess],
    results: &[ResultGuess],
    rules: &mut Vec<Rule>,
    used: &mut BTreeSet<usize>,
) {
    let calling: BTreeSet<usize> = calls.iter().map(|call| call.kind).collect();
    let answering: BTreeMap<usize, &ResultFields> =
        results.iter().map(|r| (r.kind, &r.fields)).collect();
    for (at, kind) in kinds.iter().enumerate() {
        if answering.contains_key(&at) {
            continue;
        }
        let taken: Vec<&Path> = calls
            .iter()
            .filter(|call| call.kind == at)
            .flat_map(|call| {
                let result = call.fields.result.iter().flat_map(|r| &r.text);
                call.fields
                    .arguments
                    .iter()
                    .chain(&call.fields.tool)
                    .chain(result)
            })
            .collect();
        if !kind.each.is_root() {
            // Words in the lists of a record are read with the record; reasoning is told apart.
            let own = kind.which.iter().flat_map(|c| &c.is);
            let thinks = own
                .filter_map(|word| lexicon::speaker(word))
                .any(|s| s == Speaker::Thought);
            if thinks
                && let Some(text) =
                    words_of(kind, lexicon::REASONING).or_else(|| words_of(kind, lexicon::WORDS))
            {
                used.insert(at);
                rules.push(rule(kind, Says::Think { text: vec![text] }));
            }
            continue;
        }
        let said = says_of(kind, calling.contains(&at));
        let said = if said.is_empty() && speaker_of(kind).is_none() {
            let first = !calls.is_empty() && opens(kinds, kind, calls);
            let spoken = spoken_in(kind, &taken, first, calling.contains(&at));
            spoken.into_iter().collect()
        } else {
            said
        };
        for says in said {
            let (Says::User { text } | Says::Say { text } | Says::Think { text }) = &says else {
                continue;
            };
            if text.iter().any(|path| taken.contains(&path)) {
                continue;
            }
            used.insert(at);
            rules.push(rule(kind, says));
        }
    }
}

/// Whether the records of `kind` open the run: a person asks before anything is done, and seldom
/// again; what stands before that sets the scene.
fn opens(kinds: &[Kind<'_>], kind: &Kind<'_>, calls: &[CallGuess]) -> bool {
    let records = calls.iter().flat_map(|call| &kinds[call.kind].parts);
    let first_call = records.clone().map(|part| part.record).min();
    let first = kind.parts.first().map(|part| part.record);
    let later = kinds
        .iter()
        .filter(|other| other.each.is_root())
        .any(|other| {
            let start = other.parts.first().map(|part| part.record);
            let calls = calls.iter().any(|call| kinds[call.kind].when == other.when);
            start > first && start < first_call && other.parts.len() <= kind.parts.len() && !calls
        });
    !later && first < first_call && kind.parts.len() * 4 <= records.count().max(4)
}

/// Commands that stand in the agent's words; false when there are none.
fn add_spoken_calls(kinds: &[Kind<'_>], rules: &mut Vec<Rule>) -> bool {
    let mut any = false;
    for kind in kinds {
        if !kind.each.is_root() || speaker_of(kind) != Some(Speaker::Agent) {
            continue;
        }
        let Some(text) = words_of(kind, lexicon::WORDS) else {
            continue;
        };
        let Some(marked) = mark_in(kind, &text) else {
            continue;
        };
        any = true;
        rules.retain(|rule| !(rule.when == kind.when && matches!(rule.says, Says::Say { .. })));
        rules.push(rule(
            kind,
            Says::TextCall {
                text: vec![text],
                marked,
            },
        ));
    }
    any
}

/// Kinds of record that say nothing of the agent's work: scenes set, and records without a word.
fn add_nothings(kinds: &[Kind<'_>], used: &BTreeSet<usize>, rules: &mut Vec<Rule>) {
    let busy: BTreeSet<&[Condition]> = used.iter().map(|at| kinds[*at].when.as_slice()).collect();
    for kind in kinds.iter().filter(|kind| kind.each.is_root()) {
        if busy.contains(kind.when.as_slice()) || kind.when.is_empty() {
            continue;
        }
        let scene = speaker_of(kind) == Some(Speaker::System);
        let wordless = !kind
            .fields
            .values()
            .any(|field| field.share(field.prose) > 0.5 && field.mean_length() > LONG_TEXT);
        if scene || wordless {
            rules.push(rule(kind, Says::Nothing));
        }
    }
}

/// What all records tell of the run, whatever their kind.
fn about_all(records: &[Value]) -> Vec<Rule> {
    let parts = records
        .iter()
        .enumerate()
        .filter(|(_, value)| value.is_object());
    let kind = Kind::whole(parts);
    let bare = |says| Rule {
        when: Vec::new(),
        each: Path::root(),
        which: Vec::new(),
        says,
    };
    about_of(&kind).into_iter().map(bare).collect()
}

/// The field that tells a sub-agent's records from the main agent's: some of both kinds make calls.
fn thread_of(kinds: &[Kind<'_>], calls: &[CallGuess]) -> Option<Path> {
    let mut votes: BTreeMap<Path, (usize, usize)> = BTreeMap::new();
    for call in calls {
        let kind = &kinds[call.kind];
        let Some(record) = kinds
            .iter()
            .find(|k| k.each.is_root() && k.when == kind.when)
        else {
            continue;
        };
        if let Some(path) = best(record, lexicon::THREADS, |field| field.texts > 0) {
            let have = record.field(&path).map_or(0, |field| field.texts);
            let vote = votes.entry(path).or_default();
            vote.0 += have;
        }
        for vote in votes.values_mut() {
            vote.1 += record.parts.len();
        }
    }
    let (path, (have, of)) = votes.into_iter().max_by_key(|(_, (have, _))| *have)?;
    (ratio(have, of) < 0.9).then_some(path)
}
