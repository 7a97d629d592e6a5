//! From records to a field map.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::call::{CallGuess, calls_in};
use super::id::ids_of;
use super::kind::{Kind, kinds_of};
use super::lexicon::{self, Speaker};
use super::result::{ResultGuess, result_around, result_beside, results_in};
use super::settle::{by_worth, is_answered, settle_calls, settle_results};
use super::told::labelled;
use super::words::{about_of, best, mark_in, merge, says_of, speaker_of, spoken_in, words_of};
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
    add_task(kinds, &calls, &mut rules, &mut used);
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
            if text
                .iter()
                .any(|path| taken.iter().any(|other| path.below(other).is_some()))
            {
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

/// What a person asks, where nothing said who asks: the words of the only kind of record that has
/// some, stands before the first call, and is not read yet.
fn add_task(
    kinds: &[Kind<'_>],
    calls: &[CallGuess],
    rules: &mut Vec<Rule>,
    used: &mut BTreeSet<usize>,
) {
    let asked = |rule: &Rule| matches!(rule.says, Says::User { .. });
    let records = || calls.iter().flat_map(|call| &kinds[call.kind].parts);
    let Some(first_call) = records().map(|part| part.record).min() else {
        return;
    };
    if rules.iter().any(asked) {
        return;
    }
    let most = (records().count() / 4).max(1);
    let busy: BTreeSet<&[Condition]> = used.iter().map(|at| kinds[*at].when.as_slice()).collect();
    let mut found = kinds.iter().enumerate().filter_map(|(at, kind)| {
        let early = kind.parts.first().is_some_and(|p| p.record < first_call);
        let free = kind.each.is_root()
            && !kind.when.is_empty()
            && !busy.contains(kind.when.as_slice())
            && matches!(speaker_of(kind), None | Some(Speaker::User));
        if !early || !free || kind.parts.len() > most {
            return None;
        }
        let text = words_of(kind, lexicon::WORDS)?;
        let field = kind.field(&text)?;
        (field.share(field.prose) > 0.5).then_some((at, text))
    });
    if let (Some((at, text)), None) = (found.next(), found.next()) {
        let text = vec![text];
        rules.push(rule(&kinds[at], Says::User { text }));
        used.insert(at);
    }
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
