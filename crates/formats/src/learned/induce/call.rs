//! Which parts of records are tool calls.

use super::field::{Field, LEAST_TOLD, told_by};
use super::id::{Mentions, id_of};
use super::kind::Kind;
use super::lexicon::{self, Speaker, fit, path_fit, plain};
use super::shape;
use crate::learned::map::CallFields;
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
    /// Whether its values speak for it, not names alone.
    pub(super) grounded: bool,
    /// Its fields; the result is not looked for yet.
    pub(super) fields: CallFields,
}

/// The kinds that look like calls.
pub(super) fn calls_in(kinds: &[Kind<'_>]) -> Vec<CallGuess> {
    let mentions = Mentions::of(kinds);
    kinds
        .iter()
        .enumerate()
        .filter_map(|(at, kind)| {
            let Reading {
                mut sure,
                grounded,
                mut fields,
            } = call_of(kind)?;
            let beside = fields.tool.first().or_else(|| fields.arguments.first());
            let (id, mentioned) = id_of(kinds, at, fields.arguments.first()?, beside?, &mentions);
            fields.id = id.into_iter().collect();
            sure += 0.8 * mentioned;
            (sure >= LEAST_SURE).then_some(CallGuess {
                kind: at,
                sure,
                grounded,
                fields,
            })
        })
        .collect()
}

/// The best reading of a kind as a call.
fn call_of(kind: &Kind<'_>) -> Option<Reading> {
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
    let command = || {
        let (sure, fields) = command_call(kind, bonus)?;
        Some(Reading {
            sure,
            grounded: true,
            fields,
        })
    };
    structured.or_else(|| command().filter(|reading| reading.sure >= LEAST_SURE))
}

/// A way to read a kind of part as a call.
pub(super) struct Reading {
    pub(super) sure: f64,
    /// Whether values speak for it, not names alone.
    pub(super) grounded: bool,
    /// Its fields.
    pub(super) fields: CallFields,
}

/// A name beside an object of arguments: known by what they are called, or by the name telling
/// which members the arguments have.
pub(super) fn structured_call(kind: &Kind<'_>, bonus: f64) -> Option<Reading> {
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
            // The word all these records have in common may be a tool's name by accident.
            let common = if splits || constant { 1.0 } else { 0.0 };
            let sure = (arguments + named + shape + bonus - common) * (0.4 + 0.6 * there);
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
        speaker.is_some() && (!shape::is_tool(word) || field.values.len() < 3)
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
pub(super) fn nearness(a: &Path, b: &Path) -> f64 {
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
pub(super) fn is_of_owner(path: &Path) -> bool {
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
