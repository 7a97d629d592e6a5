//! Which records belong to which run, and in which order.

use std::collections::BTreeMap;

use serde_json::Value;

use super::lexicon;
use super::place::Candidate;
use crate::learned::map::Container;
use crate::learned::path::{Path, Segment};

/// The outer list whose elements are runs of their own, when records stand in lists within a list:
/// its elements are not messages themselves, have a name, and hold several records each.
pub(super) fn outer_of(container: Container, at: &Path, wholes: &[Value]) -> Option<Path> {
    let stars = at
        .segments()
        .iter()
        .filter(|s| **s == Segment::Each)
        .count();
    let outer = if container == Container::Lines && stars >= 1 {
        Path::root()
    } else if container == Container::Document && stars >= 2 {
        let first = at.segments().iter().position(|s| *s == Segment::Each)?;
        at.segments()[..=first]
            .iter()
            .fold(Path::root(), |path, segment| path.then(segment.clone()))
    } else {
        return None;
    };
    let inner = at.below(&outer)?;
    let tops: Vec<_> = wholes.iter().flat_map(|whole| outer.all(whole)).collect();
    let own = |top: &Value| {
        let Value::Object(members) = top else {
            return false;
        };
        let speaks = members.iter().any(|(key, value)| {
            let word = value.as_str().and_then(lexicon::speaker);
            lexicon::fit(key, &["role", "type", "from"]) > 0.0 && word.is_some()
        });
        let named = members.iter().any(|(key, value)| {
            let key = lexicon::plain(key);
            (key.ends_with("id") || key == "name" || key == "task")
                && (value.is_string() || value.is_number())
        });
        named && !speaks
    };
    let held: usize = tops.iter().map(|top| inner.all(top).len()).sum();
    let fit = tops.iter().filter(|top| own(top)).count();
    (fit * 10 >= tops.len() * 9 && held >= tops.len() * 3).then_some(outer)
}

/// The field whose values are names of runs: a session's, of which the records have several.
pub(super) fn run_field(values: &[Value]) -> Option<Path> {
    let mut best: Option<(f64, Path)> = None;
    let fields = super::field::fields_of(values.iter());
    for (path, field) in &fields {
        let Some(key) = path.last_key() else { continue };
        let named = lexicon::fit(key, lexicon::SESSIONS);
        let runs = field.values.len();
        if named == 0.0
            || path.segments().len() > 2
            || runs < 2
            || field.present * 10 < values.len() * 8
            || runs * 3 > field.present
        {
            continue;
        }
        if best.as_ref().is_none_or(|(most, _)| named > *most) {
            best = Some((named, path.clone()));
        }
    }
    best.map(|(_, path)| path)
}

pub(super) fn split_by(field: &Path, found: &mut Candidate) {
    let mut numbers: BTreeMap<String, usize> = BTreeMap::new();
    let names: Vec<Option<String>> = found
        .values
        .iter()
        .map(|value| field.first(value).map(|name| name.to_string()))
        .collect();
    for (at, name) in names.into_iter().enumerate() {
        let next = numbers.len();
        found.runs[at] = name.map_or(0, |name| *numbers.entry(name).or_insert(next));
    }
    let mut order: Vec<usize> = (0..found.values.len()).collect();
    order.sort_by_key(|at| found.runs[*at]);
    reorder(found, &order);
}

fn reorder(found: &mut Candidate, order: &[usize]) {
    found.values = order.iter().map(|at| found.values[*at].clone()).collect();
    found.bytes = order.iter().map(|at| found.bytes[*at]).collect();
    found.runs = order.iter().map(|at| found.runs[*at]).collect();
}

/// The field to order records by, when they do not stand in the order of their times.
pub(super) fn order_of(values: &[Value]) -> Option<Path> {
    let fields = super::field::fields_of(values.iter());
    let mut clocks: Vec<(f64, &Path)> = fields
        .iter()
        .filter(|(path, field)| {
            path.segments().len() <= 2
                && field.present == values.len()
                && (field.times + field.stamps == field.texts && field.texts > 0
                    || field.numbers > 0)
        })
        .filter_map(|(path, _)| {
            let named = lexicon::fit(path.last_key()?, lexicon::TIMES);
            (named > 0.3).then_some((named, path))
        })
        .collect();
    clocks.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (_, clock) = clocks.first()?;
    let times: Vec<_> = values
        .iter()
        .filter_map(|value| crate::time::of(&*clock.first(value)?))
        .collect();
    let backward = times.windows(2).filter(|pair| pair[1] < pair[0]).count();
    (times.len() == values.len() && backward * 20 > times.len()).then(|| (*clock).clone())
}

pub(super) fn sort_by(order: &Path, found: &mut Candidate) {
    let times: Vec<_> = found
        .values
        .iter()
        .map(|value| order.first(value).and_then(|time| crate::time::of(&time)))
        .collect();
    let mut places: Vec<usize> = (0..found.values.len()).collect();
    places.sort_by_key(|at| (found.runs[*at], times[*at]));
    reorder(found, &places);
}
