//! Which parts of records are tool calls, and which are their results.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::field::{Field, LEAST_TOLD, told_by};
use super::kind::Kind;
use super::lexicon::{self, Speaker, fit, path_fit, plain};
use crate::learned::interpret::{arguments_of, text_of};
use crate::learned::map::{CallFields, Condition, ResultFields};
use crate::learned::path::{Path, Segment};
use crate::learned::score::ratio;

/// How sure one must be of a call.
const LEAST_SURE: f64 = 2.0;
/// How sure one must be before it is known whether others mention its id.
const LEAST_UNHEARD: f64 = 1.3;

/// A kind of part that looks like a tool call.
#[derive(Debug, Clone)]
pub(super) struct CallGuess {
    /// The kind's place in the list.
    pub(super) kind: usize,
    /// How sure the guess is.
    pub(super) sure: f64,
    /// Its fields; the result is not looked for yet.
    pub(super) fields: CallFields,
}

/// Where each id of an artifact is said: the kinds and fields that hold it.
pub(super) struct Mentions<'k>(BTreeMap<&'k str, Vec<(usize, &'k Path)>>);

impl<'k> Mentions<'k> {
    /// Notes every id in the fields of `kinds`.
    pub(super) fn of(kinds: &'k [Kind<'_>]) -> Self {
        let mut mentions: BTreeMap<&str, Vec<(usize, &Path)>> = BTreeMap::new();
        for (at, kind) in kinds.iter().enumerate() {
            for (path, field) in &kind.fields {
                if field.values.len() < 2 && field.present > 2 || !may_be_id(path, field) {
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
    texts && (named || field.values.keys().any(|value| lexicon::is_id(value)))
        || field.numbers > 0 && named
        || field.is_different_each_time()
}

/// The kinds that look like calls.
pub(super) fn calls_in(kinds: &[Kind<'_>]) -> Vec<CallGuess> {
    let mentions = Mentions::of(kinds);
    kinds
        .iter()
        .enumerate()
        .filter_map(|(at, kind)| {
            let (mut sure, mut fields) = call_of(kind)?;
            let beside = fields.tool.first().or_else(|| fields.arguments.first());
            let (id, mentioned) = id_of(kinds, at, fields.arguments.first()?, beside?, &mentions);
            fields.id = id.into_iter().collect();
            sure += 0.8 * mentioned;
            (sure >= LEAST_SURE).then_some(CallGuess {
                kind: at,
                sure,
                fields,
            })
        })
        .collect()
}

/// The best reading of a kind as a call.
fn call_of(kind: &Kind<'_>) -> Option<(f64, CallFields)> {
    let words: Vec<String> = kind.words().map(plain).collect();
    // What answers is no call, whatever it repeats of the call.
    let own = kind
        .which
        .iter()
        .chain(kind.when.iter().filter(|_| kind.each.is_root()));
    let answers = own.flat_map(|c| &c.is).any(|word| {
        lexicon::speaker(word) == Some(Speaker::Tool)
            && !plain(word).contains("call")
            && plain(word) != "function"
            && plain(word) != "tool"
    });
    if answers {
        return None;
    }
    let person = kind.words().find_map(lexicon::speaker) == Some(Speaker::User);
    if person && kind.each.is_root() {
        return None;
    }
    let asked = words.iter().any(|word| {
        [
            "call",
            "tooluse",
            "action",
            "execute",
            "invoke",
            "toolstart",
            "command",
            "exec",
        ]
        .iter()
        .any(|mark| word.contains(mark))
    });
    let bonus = if asked { 0.6 } else { 0.0 };
    let structured = structured_call(kind, bonus).filter(|reading| {
        let least = if reading.grounded {
            LEAST_UNHEARD
        } else {
            LEAST_SURE
        };
        reading.sure >= least
    });
    structured
        .map(|reading| (reading.sure, reading.fields))
        .or_else(|| command_call(kind, bonus).filter(|(sure, _)| *sure >= LEAST_SURE))
}

/// A way to read a kind of part as a call.
struct Reading {
    sure: f64,
    /// Whether values speak for it, not names alone.
    grounded: bool,
    fields: CallFields,
}

/// A name beside an object of arguments: known by what they are called, or by the name telling
/// which members the arguments have.
fn structured_call(kind: &Kind<'_>, bonus: f64) -> Option<Reading> {
    let count = kind.parts.len();
    let mut best: Option<(f64, bool, Path, Path)> = None;
    for (path, field) in &kind.fields {
        let Some(arguments) = arguments_fit(path, field) else {
            continue;
        };
        // A message or a record in an envelope has a speaker; arguments have not.
        if kind.field(&path.key("role")).is_some() || is_of_owner(path) {
            continue;
        }
        for (name_path, name) in &kind.fields {
            if !may_name(name_path, name, path) {
                continue;
            }
            let values = kind.parts.iter().map(|part| &*part.value);
            let told = told_by(values, name_path, path);
            let sure_told = told >= LEAST_TOLD;
            let kind_word = fit(name_path.last_key().unwrap_or_default(), lexicon::KINDS) > 0.0;
            let unknown = kind_word && name.tools == 0 && (arguments < 0.5 || !sure_told);
            if arguments < 0.5 && !sure_told || unknown {
                continue;
            }
            let Some(named) = name_fit(name_path, name, path, sure_told) else {
                continue;
            };
            // A word that tells the kind of record names a tool only if it is one.
            let splits = kind
                .when
                .iter()
                .chain(&kind.which)
                .any(|c| c.field == *name_path);
            let constant = name.values.len() == 1
                && lexicon::fit(name_path.last_key().unwrap_or_default(), lexicon::KINDS) > 0.0;
            // One word on everything is the agent's name or the like.
            let grounded = sure_told || field.arguments * 3 > field.present;
            let alike = name.values.len() == 1 && count > 3 && !grounded;
            if (splits && bonus == 0.0 || constant || alike) && name.tools == 0 {
                continue;
            }
            let there = ratio(field.present.min(name.present), count);
            let shape = if sure_told { told } else { 0.0 };
            let sure = (arguments + named + shape + bonus) * (0.4 + 0.6 * there);
            if best.as_ref().is_none_or(|(most, ..)| sure > *most) {
                best = Some((sure, grounded, path.clone(), name_path.clone()));
            }
        }
    }
    let (sure, grounded, arguments, tool) = best?;
    let fields = CallFields {
        tool: vec![tool],
        arguments: vec![arguments],
        ..CallFields::default()
    };
    Some(Reading {
        sure,
        grounded,
        fields,
    })
}

/// Whether a field could name the tool whose arguments stand at `arguments`, by its values: short
/// names, not an id each time.
fn may_name(path: &Path, field: &Field, arguments: &Path) -> bool {
    let beside = path.below(arguments).is_none() && field.texts > 0 && !field.many;
    beside
        && field.share(field.identifiers) >= 0.9
        && field.mean_length() <= 48.0
        && field.times == 0
}

/// How much a field looks like the arguments of a call.
fn arguments_fit(path: &Path, field: &Field) -> Option<f64> {
    if path.segments().last() == Some(&Segment::Json) || field.records == 0 || is_telemetry(path) {
        return None;
    }
    let records = ratio(field.records, field.present);
    let described = path
        .segments()
        .iter()
        .any(|segment| matches!(segment, Segment::Key(key) if key == "properties"));
    if records < 0.5 || field.schemas * 2 > field.records || described {
        return None;
    }
    let known = ratio(field.arguments, field.present);
    let named = path_fit(path, lexicon::ARGUMENTS);
    Some(1.6 * known + 1.2 * named)
}

/// How much a field that may name a tool does; `told` where it tells the shape of the arguments.
fn name_fit(path: &Path, field: &Field, arguments: &Path, told: bool) -> Option<f64> {
    let key = path.last_key()?;
    let speakers = field.values.keys().filter(|word| {
        let speaker = lexicon::speaker(word);
        speaker.is_some() && (!lexicon::is_tool(word) || field.values.len() < 3)
    });
    if speakers.count() * 2 > field.values.len() {
        return None;
    }
    // An id differs each time; a name comes back.
    let distinct = ratio(field.values.len(), field.texts);
    let known = field.share(field.tools);
    if field.texts > 6 && distinct > 0.7 && known < 0.5 {
        return None;
    }
    let named = fit(key, lexicon::TOOL_NAMES);
    let near = nearness(path, arguments);
    let worth = 1.8 * known + 1.2 * named + near;
    (known + named > 0.3 || told).then_some(worth)
}

/// 0.3 for fields side by side, less the further apart they are.
fn nearness(a: &Path, b: &Path) -> f64 {
    let shared = a
        .segments()
        .iter()
        .zip(b.segments())
        .take_while(|(a, b)| a == b)
        .count();
    let apart = a.segments().len() + b.segments().len() - 2 * shared;
    #[expect(clippy::cast_precision_loss, reason = "paths are short")]
    let apart = apart.saturating_sub(2) as f64;
    0.3 - 0.15 * apart
}

/// Whether a field stands in the row that a row of a database belongs to.
fn is_of_owner(path: &Path) -> bool {
    matches!(path.segments(), [Segment::Key(first), _, ..] if first.starts_with('@'))
}

/// What an exporter says of itself is no call.
fn is_telemetry(path: &Path) -> bool {
    path.segments().iter().any(|segment| {
        matches!(segment, Segment::Key(key) if ["usage", "metadata", "resource", "scope", "metrics", "stats", "status"].contains(&plain(key).as_str()) || plain(key).contains("telemetry"))
    })
}

/// A command as text, where no arguments are.
fn command_call(kind: &Kind<'_>, bonus: f64) -> Option<(f64, CallFields)> {
    let count = kind.parts.len();
    let mut best: Option<(f64, Path)> = None;
    for (path, field) in &kind.fields {
        let Some(key) = path.last_key() else { continue };
        let named = fit(key, lexicon::COMMANDS);
        let commands = field.share(field.commands);
        // An action beside an observation needs less to be believed.
        let answered = path.segments().len() == 1
            && kind
                .field(&Path::root().key("observation"))
                .is_some_and(|f| f.texts > 0);
        let least = if answered { 0.2 } else { 0.5 };
        if named == 0.0 || field.texts * 2 < count || commands < least {
            continue;
        }
        let beside = if answered { 0.8 } else { 0.0 };
        let sure = 1.2 * named + 1.6 * commands + bonus + beside;
        if best.as_ref().is_none_or(|(most, _)| sure > *most) {
            best = Some((sure, path.clone()));
        }
    }
    let (sure, command) = best?;
    let name = command.last_key().unwrap_or_default();
    let named = if name == "keystrokes" {
        "keystrokes"
    } else {
        "shell"
    };
    let fields = CallFields {
        named: Some(named.to_owned()),
        arguments: vec![command],
        ..CallFields::default()
    };
    Some((sure, fields))
}

/// The field that names this very call, and the share of its values that something else mentions:
/// different each time, or nearly, and best of all mentioned elsewhere.
fn id_of(
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
        // What the row of an owner is called is not the call's own.
        let owner =
            matches!(path.segments(), [Segment::Key(first), _, ..] if first.starts_with('@'));
        if owner || lexicon::SESSIONS.contains(&plain(key).as_str()) {
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
        let worth = share + ratio(prompt, answered) + printed;
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

/// The fields of a result in a kind of part; `taken` are fields that mean something else.
fn result_fields(
    kind: &Kind<'_>,
    taken: &[&Path],
    answered: Option<&Path>,
) -> Option<ResultFields> {
    let beside_call = !taken.is_empty();
    // A result may repeat the call it answers.
    let repeated = structured_call(kind, 0.0).map(|call| call.fields);
    let repeated: Vec<&Path> = repeated
        .iter()
        .flat_map(|call| &call.arguments)
        .filter(|path| path_fit(path, lexicon::OUTPUTS) == 0.0)
        .collect();
    let mut best: Option<(f64, &Path)> = None;
    for (path, field) in &kind.fields {
        let Some(key) = path.last_key() else { continue };
        let within = taken
            .iter()
            .any(|other| path.below(other).is_some() || other.below(path).is_some());
        // What came back does not hold the id of the call it answers.
        let around = answered.is_some_and(|id| id.below(path).is_some());
        let asked = repeated.iter().any(|other| path.below(other).is_some());
        if within
            || asked
            || around
            || path.segments().last() == Some(&Segment::Json)
            || is_telemetry_text(path)
        {
            continue;
        }
        let mut named = path_fit(path, lexicon::OUTPUTS);
        // Beside a call, words such as `text` or `message` are the agent's own.
        let place = lexicon::OUTPUTS.iter().position(|word| *word == plain(key));
        if beside_call && place.is_none_or(|at| at > 9) {
            named = 0.0;
        }
        let holds = field.texts + field.lists + field.objects;
        if named == 0.0 {
            named = looks_printed(kind, path, field, taken);
        }
        if named == 0.0 || holds == 0 {
            continue;
        }
        let there = ratio(field.present, kind.parts.len());
        #[expect(clippy::cast_precision_loss, reason = "paths are short")]
        let depth = path.segments().len() as f64;
        // One word is a status or a name; JSON is not what a person would read.
        let mut unlike = 0.0;
        if field.texts > 0 && field.share(field.identifiers) > 0.8 && field.values.len() < 12 {
            unlike += 0.6;
        }
        if field.objects + field.lists > field.texts && reads_as_json(kind, path) {
            unlike += 0.8;
        }
        let length = field.mean_length().min(200.0) / 1000.0;
        let worth = named + 0.8 * there - 0.25 * depth - unlike + length;
        if best.is_none_or(|(most, _)| worth > most) {
            best = Some((worth, path));
        }
    }
    let (_, outer) = best?;
    let text = inner_output(kind, outer)
        .into_iter()
        .chain([outer.clone()])
        .chain(error_beside(kind, outer))
        .collect();
    Some(ResultFields {
        id: Vec::new(),
        exit_status: exit_of(kind, taken),
        failed: failed_of(kind, taken),
        text,
    })
}

/// How much a field looks like what came back, whatever it is called: beside a call it stands after
/// what was asked, and is not what the agent says.
fn looks_printed(kind: &Kind<'_>, path: &Path, field: &Field, taken: &[&Path]) -> f64 {
    const LEAST: f64 = 0.4;
    let Some(key) = path.last_key() else {
        return 0.0;
    };
    let said = [lexicon::THOUGHTS, lexicon::REASONING]
        .iter()
        .any(|words| fit(key, words) > 0.0);
    let asked = taken.iter().filter_map(|path| kind.field(path));
    let after = asked.map(Field::place).fold(0.0, f64::max) < field.place();
    let printed = field.printed();
    let mostly_text = field.texts * 2 > field.present && field.mean_length() > 12.0;
    let beside_call = !taken.is_empty();
    let named = !said && !is_telemetry_text(path) && fit(key, lexicon::ARGUMENTS) == 0.0;
    if !mostly_text || !named && beside_call || printed == 0.0 || beside_call && printed < LEAST {
        return 0.0;
    }
    if beside_call && echoes(kind, path, taken) {
        return 0.0;
    }
    let order = if after { 0.1 } else { 0.0 };
    0.1 + 0.3 * printed + order
}

/// Whether a text repeats what stands in one of the fields `taken`.
fn echoes(kind: &Kind<'_>, path: &Path, taken: &[&Path]) -> bool {
    const LOOKED_AT: usize = 40;
    let (mut all, mut same) = (0, 0);
    for part in kind.parts.iter().take(LOOKED_AT) {
        let Some(text) = path.first(&part.value).and_then(|value| text_of(&value)) else {
            continue;
        };
        let quoted = Value::from(text).to_string();
        let inner = |path: &&Path| {
            let value = path.first(&part.value)?;
            Some(arguments_of(&value).map_or_else(|| value.to_string(), |v| v.to_string()))
        };
        all += 1;
        same += usize::from(taken.iter().filter_map(inner).any(|t| t.contains(&quoted)));
    }
    same * 2 > all
}

/// Whether a structured value has no text a person would read.
fn reads_as_json(kind: &Kind<'_>, path: &Path) -> bool {
    const LOOKED_AT: usize = 20;
    let texts = kind
        .parts
        .iter()
        .filter_map(|part| text_of(&*path.first(&part.value)?))
        .take(LOOKED_AT);
    let (mut all, mut json) = (0, 0);
    for text in texts {
        all += 1;
        json += usize::from(text.starts_with(['{', '[']));
    }
    json * 2 > all
}

/// Where the text of a failure stands when the output is not there.
fn error_beside(kind: &Kind<'_>, text: &Path) -> Option<Path> {
    let outer = text.segments().split_last()?.1;
    let outer = outer
        .iter()
        .fold(Path::root(), |path, s| path.then(s.clone()));
    let beside = [
        "error",
        "error_message",
        "errorMessage",
        "message",
        "stderr",
    ];
    let beside = beside.iter().map(|key| outer.key(key));
    let mut there =
        beside.filter(|path| path != text && kind.field(path).is_some_and(|f| f.texts > 0));
    there.next()
}

/// The field that holds the text within results that are JSON as text.
fn inner_output(kind: &Kind<'_>, outer: &Path) -> Option<Path> {
    let json = outer.then(Segment::Json);
    let field = kind
        .field(outer)
        .filter(|field| field.records * 2 > field.present)?;
    let inner = kind.fields.iter().filter_map(|(path, inner)| {
        let rest = path.below(&json)?;
        let named = fit(path.last_key()?, lexicon::OUTPUTS);
        let common = rest.segments().len() == 1 && inner.present * 2 > field.present;
        (named > 0.3 && common).then_some((named, path))
    });
    let best = inner.max_by(|a, b| a.0.total_cmp(&b.0))?;
    Some(best.1.clone())
}

fn is_telemetry_text(path: &Path) -> bool {
    path.segments().iter().any(|segment| {
        matches!(segment, Segment::Key(key) if ["usage", "resource", "scope"].contains(&plain(key).as_str()))
    })
}

fn exit_of(kind: &Kind<'_>, taken: &[&Path]) -> Vec<Path> {
    let mut found: Vec<(f64, &Path)> = kind
        .fields
        .iter()
        .filter(|(path, field)| {
            let free = !taken.iter().any(|other| path.below(other).is_some());
            free && field.numbers > 0 && field.numbers == field.present
        })
        .filter_map(|(path, _)| {
            let named = fit(path.last_key()?, lexicon::EXITS);
            (named > 0.3).then_some((named, path))
        })
        .collect();
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    found
        .into_iter()
        .map(|(_, path)| path.clone())
        .take(1)
        .collect()
}

/// Where a kind says that a call failed.
fn failed_of(kind: &Kind<'_>, taken: &[&Path]) -> Vec<Condition> {
    let mut conditions = Vec::new();
    for (path, field) in &kind.fields {
        let Some(key) = path.last_key() else { continue };
        if taken.iter().any(|other| path.below(other).is_some()) {
            continue;
        }
        let says = |words: &[&str]| words.contains(&plain(key).as_str());
        if field.booleans > 0 && says(lexicon::FAILURES) {
            conditions.push(condition(path, &["true"]));
        } else if field.booleans > 0 && says(lexicon::SUCCESSES) {
            conditions.push(condition(path, &["false"]));
        } else if field.texts > 0 && says(lexicon::STATES) && field.values.len() <= 12 {
            let known = field.values.keys().any(|v| {
                let word = plain(v);
                lexicon::FAILED.contains(&word.as_str())
                    || ["success", "completed", "ok", "done", "succeeded", "default"]
                        .contains(&word.as_str())
            });
            if known {
                conditions.push(condition(path, lexicon::FAILED));
            }
        }
    }
    conditions
}

fn condition(field: &Path, is: &[&str]) -> Condition {
    Condition {
        field: field.clone(),
        is: is.iter().map(|word| (*word).to_owned()).collect(),
        not: false,
    }
}
