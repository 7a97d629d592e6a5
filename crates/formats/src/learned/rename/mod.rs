//! An old map for new files: which field became which, by what the fields hold.
//!
//! Fields are compared by what stands in them: kinds of values, lengths, how much of them is digits
//! or blanks, how many differ, which members objects have; by their names; and by the values
//! themselves where these come from a small set. A field that is still there and still holds what it
//! held stays. One that is gone, or holds something else, is replaced by the one that is most like
//! it, if one is like it enough; the old name stays behind it, for the files of before.

mod stats;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::learned::map::{CallFields, Condition, Field, FieldMap, ResultFields, Rule, Says};
use crate::learned::path::{Path, Segment};
use crate::learned::score::ratio;
use crate::learned::shape::fields_of;
use redact::Redactor;
use stats::Stats;

/// How like what it was a field must be to stay, and how like another must be to take its place.
const STAYS: f64 = 0.5;
const TAKES: f64 = 0.6;

/// How much better the best must be than the second best.
const CLEARLY: f64 = 0.03;

/// How deep fields are compared.
const DEEPEST: usize = 6;

/// A map for files whose fields were renamed or moved, with what was changed, one sentence each.
/// `None` when nothing had to be changed or no field was found for one that is needed.
pub(super) fn renamed(
    map: &FieldMap,
    before: &[Value],
    now: &[Value],
) -> Option<(FieldMap, Vec<String>)> {
    if before.is_empty() || now.is_empty() {
        return None;
    }
    let mut redactor = Redactor::default();
    let mut safe = |values: &[Value]| -> Vec<Value> {
        values
            .iter()
            .map(|value| redactor.value(value, 240, 48))
            .collect()
    };
    let (before, now) = (safe(before), safe(now));
    let mut adapting = Adapting {
        before: &before,
        now: &now,
        changes: Vec::new(),
    };
    let mut rules = Vec::new();
    for rule in &map.rules {
        match adapting.rule(rule) {
            Some(adapted) if same_test(rule, &adapted) => rules.push(adapted),
            // The old rule stays for the files of before: it says nothing about those of now.
            Some(adapted) => rules.extend([adapted, rule.clone()]),
            None => rules.push(rule.clone()),
        }
    }
    let mut records = map.records.clone();
    for field in [&mut records.order, &mut records.thread]
        .into_iter()
        .flatten()
    {
        let (old, new) = (Stats::of(&before, field), Stats::of(&now, field));
        if old.values > 0
            && new.values == 0
            && let Some(path) = replacement(field, &old, (&before, &now), &BTreeSet::new())
        {
            adapting
                .changes
                .push(format!("records: `{field}` is now `{path}`"));
            *field = path;
        }
    }
    let mut changes = adapting.changes;
    changes.sort();
    changes.dedup();
    let map = FieldMap { records, rules };
    (!changes.is_empty()).then_some((map, changes))
}

fn same_test(a: &Rule, b: &Rule) -> bool {
    a.when == b.when && a.each == b.each && a.which == b.which
}

struct Adapting<'v> {
    before: &'v [Value],
    now: &'v [Value],
    changes: Vec<String>,
}

impl Adapting<'_> {
    fn rule(&mut self, rule: &Rule) -> Option<Rule> {
        let old_records: Vec<Value> = fitting(self.before, &rule.when);
        if old_records.is_empty() {
            return None;
        }
        let when = self.conditions(&rule.when, &old_records, self.now)?;
        let new_records: Vec<Value> = fitting(self.now, &when);
        if new_records.is_empty() {
            return None;
        }
        let each = self.each(&rule.each, &old_records, &new_records)?;
        let old_parts = fitting(&parts(&old_records, &rule.each), &rule.which);
        let new_parts = parts(&new_records, &each);
        let which = self.conditions(&rule.which, &old_parts, &new_parts)?;
        let new_parts = fitting(&new_parts, &which);
        let mut says = rule.says.clone();
        let mut scope = Scope {
            old: (&old_parts, &old_records),
            new: (&new_parts, &new_records),
            adapting: self,
            taken: BTreeSet::new(),
        };
        scope.says(&mut says);
        Some(Rule {
            when,
            each,
            which,
            says,
        })
    }

    /// Conditions for the new files: a field that is gone is looked for by its values.
    fn conditions(
        &mut self,
        old: &[Condition],
        before: &[Value],
        now: &[Value],
    ) -> Option<Vec<Condition>> {
        let mut conditions = Vec::new();
        for condition in old {
            let there = now.iter().any(|value| {
                condition.field.first(value).is_some_and(|value| {
                    condition.is.is_empty() || condition.is.contains(&word(&value))
                })
            });
            if there || condition.not {
                conditions.push(condition.clone());
                continue;
            }
            let field = if condition.is.is_empty() {
                let stats = Stats::of(before, &condition.field);
                replacement(&condition.field, &stats, (before, now), &BTreeSet::new())?
            } else {
                field_with(&condition.is, now, &condition.field)?
            };
            self.changes
                .push(format!("`{}` is now `{field}`", condition.field));
            conditions.push(Condition {
                field,
                ..condition.clone()
            });
        }
        Some(conditions)
    }

    /// The list the parts stand in: the same, or the one whose elements are most alike.
    fn each(&mut self, each: &Path, before: &[Value], now: &[Value]) -> Option<Path> {
        if each.is_root() || !parts(now, each).is_empty() {
            return Some(each.clone());
        }
        let members = member_names(&parts(before, each));
        let mut paths = BTreeSet::new();
        for value in now.iter().take(200) {
            fields_of(value, &Path::root(), DEEPEST, &mut paths);
        }
        let best = paths
            .into_iter()
            .filter(|path| path.segments().last() == each.segments().last())
            .map(|path| (alike(&members, &member_names(&parts(now, &path))), path))
            .max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)))?;
        (best.0 >= 0.4).then(|| {
            self.changes.push(format!("`{each}` is now `{}`", best.1));
            best.1
        })
    }
}

/// The field of `now` that is most like what `old` was.
fn replacement(
    name: &Path,
    old: &Stats,
    (before, now): (&[Value], &[Value]),
    taken: &BTreeSet<Path>,
) -> Option<Path> {
    let paths_in = |values: &[Value]| {
        let mut paths = BTreeSet::new();
        for value in values.iter().take(200) {
            fields_of(value, &Path::root(), DEEPEST, &mut paths);
        }
        paths
    };
    let paths = paths_in(now);
    // What was a field before, with the same meaning as then, has not become another one.
    let before = paths_in(before);
    let mut ranked: Vec<(f64, Path)> = paths
        .into_iter()
        .filter(|path| !taken.contains(path) && path != name)
        .map(|path| {
            let stats = Stats::of(now, &path);
            let known = if before.contains(&path) { 0.15 } else { 0.0 };
            let likeness = 0.7 * old.likeness(&stats)
                + 0.2 * names_alike(name, &path)
                + 0.1 * siblings(name, &path);
            (likeness - known, path)
        })
        .collect();
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let (best, path) = ranked.first()?;
    let second = ranked.get(1).map_or(0.0, |(second, _)| *second);
    (*best >= TAKES && *best - second >= CLEARLY).then(|| path.clone())
}

/// A rule's parts before and now, with the records they stand in.
struct Scope<'s, 'v> {
    old: (&'s [Value], &'s [Value]),
    new: (&'s [Value], &'s [Value]),
    adapting: &'s mut Adapting<'v>,
    /// Fields that have a meaning already.
    taken: BTreeSet<Path>,
}

impl Scope<'_, '_> {
    fn says(&mut self, says: &mut Says) {
        match says {
            Says::User { text }
            | Says::Think { text }
            | Says::Say { text }
            | Says::TextCall { text, .. } => {
                self.field("text", text);
            }
            Says::Call(fields) => self.call(fields),
            Says::Result(fields) => self.result(fields),
            Says::Usage {
                input,
                cached,
                output,
                cost,
            } => {
                for (name, field) in [
                    ("input", input),
                    ("cached", cached),
                    ("output", output),
                    ("cost", cost),
                ] {
                    self.field(name, field);
                }
            }
            Says::About {
                session,
                agent,
                model,
                cwd,
                time,
                reply,
            } => {
                for (name, field) in [
                    ("session", session),
                    ("agent", agent),
                    ("model", model),
                    ("cwd", cwd),
                    ("time", time),
                    ("reply", reply),
                ] {
                    self.field(name, field);
                }
            }
            Says::Nothing => {}
        }
    }

    fn call(&mut self, fields: &mut CallFields) {
        self.field("tool", &mut fields.tool);
        self.field("id", &mut fields.id);
        self.field("arguments", &mut fields.arguments);
        if let Some(result) = &mut fields.result {
            self.result(result);
        }
    }

    fn result(&mut self, fields: &mut ResultFields) {
        self.field("id", &mut fields.id);
        self.field("exit status", &mut fields.exit_status);
        self.field("text", &mut fields.text);
    }

    /// Puts a new path before each old one that no longer holds what it held.
    fn field(&mut self, name: &str, field: &mut Field) {
        let mut found = Vec::new();
        for path in field.iter() {
            let before = self.stats(path, false);
            if before.values == 0 {
                continue;
            }
            let now = self.stats(path, true);
            if now.values > 0 && before.likeness(&now) >= STAYS {
                self.taken.insert(path.clone());
                continue;
            }
            let in_record = path.segments().first() == Some(&Segment::Record);
            let (scope, bare) = if in_record {
                ((self.old.1, self.new.1), without_record(path))
            } else {
                ((self.old.0, self.new.0), path.clone())
            };
            let Some(now) = replacement(&bare, &before, scope, &self.taken) else {
                continue;
            };
            self.taken.insert(now.clone());
            let now = if in_record {
                Path::root().then(Segment::Record).join(&now)
            } else {
                now
            };
            if !field.contains(&now) {
                let change = format!("{name}: `{path}` is now `{now}`");
                self.adapting.changes.push(change);
                found.push(now);
            }
        }
        field.splice(0..0, found);
    }

    fn stats(&self, path: &Path, now: bool) -> Stats {
        let (parts, records) = if now { self.new } else { self.old };
        if path.segments().first() == Some(&Segment::Record) {
            Stats::of(records, &without_record(path))
        } else {
            Stats::of(parts, path)
        }
    }
}

fn without_record(path: &Path) -> Path {
    path.below(&Path::root().then(Segment::Record))
        .unwrap_or_default()
}

fn fitting(values: &[Value], conditions: &[Condition]) -> Vec<Value> {
    let fits = |value: &&Value| {
        conditions.iter().all(|condition| {
            let there = condition.field.first(value).is_some_and(|found| {
                !found.is_null()
                    && (condition.is.is_empty() || condition.is.contains(&word(&found)))
            });
            there != condition.not
        })
    };
    values.iter().filter(fits).cloned().collect()
}

fn parts(records: &[Value], each: &Path) -> Vec<Value> {
    records
        .iter()
        .flat_map(|record| each.all(record))
        .map(std::borrow::Cow::into_owned)
        .collect()
}

fn word(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// The field that has one of these values most often, the shortest path first.
fn field_with(words: &[String], now: &[Value], old: &Path) -> Option<Path> {
    let mut counts: BTreeMap<Path, usize> = BTreeMap::new();
    for value in now {
        let mut paths = BTreeSet::new();
        fields_of(value, &Path::root(), DEEPEST, &mut paths);
        for path in paths {
            if path
                .first(value)
                .is_some_and(|found| words.contains(&word(&found)))
            {
                *counts.entry(path).or_default() += 1;
            }
        }
    }
    counts
        .into_iter()
        .max_by(|a, b| {
            let key = |entry: &(Path, usize)| (entry.1, usize::MAX - entry.0.segments().len());
            key(a)
                .cmp(&key(b))
                .then(names_alike(old, &a.0).total_cmp(&names_alike(old, &b.0)))
        })
        .map(|(path, _)| path)
}

fn member_names(values: &[Value]) -> BTreeSet<String> {
    values
        .iter()
        .take(100)
        .filter_map(Value::as_object)
        .flat_map(|members| members.keys().cloned())
        .collect()
}

/// The share two sets have in common.
fn alike(a: &BTreeSet<String>, b: &BTreeSet<String>) -> f64 {
    ratio(a.intersection(b).count(), a.union(b).count().max(1))
}

/// How much of the way down to two fields is the same, 0 to 1: fields side by side have all of it.
fn siblings(a: &Path, b: &Path) -> f64 {
    let (a, b) = (a.segments(), b.segments());
    let above = |path: &[Segment]| path.len().saturating_sub(1);
    let longest = above(a).max(above(b));
    let same = a[..above(a)]
        .iter()
        .zip(&b[..above(b)])
        .take_while(|(a, b)| a == b)
        .count();
    ratio(same, longest)
}

/// How alike the last names of two paths are, 0 to 1: pairs of letters in common.
fn names_alike(a: &Path, b: &Path) -> f64 {
    let pairs = |path: &Path| -> BTreeSet<String> {
        let name: Vec<char> = path
            .last_key()
            .unwrap_or_default()
            .chars()
            .filter(|c| c.is_alphanumeric())
            .flat_map(char::to_lowercase)
            .collect();
        if name.len() == 1 {
            return BTreeSet::from([name.iter().collect()]);
        }
        name.windows(2).map(|two| two.iter().collect()).collect()
    };
    let (a, b) = (pairs(a), pairs(b));
    let common = a.intersection(&b).count();
    ratio(2 * common, (a.len() + b.len()).max(1))
}
