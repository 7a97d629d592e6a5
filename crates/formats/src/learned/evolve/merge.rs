//! An old map and an induced one as one map.

use crate::learned::map::{CallFields, Field, FieldMap, ResultFields, Rule, Says};

/// The old map with what the new one knows: fields of rules on the same records put before the old
/// ones, and rules the old one has none for.
pub(super) fn merge(old: &FieldMap, new: &FieldMap) -> (FieldMap, Vec<String>) {
    let mut merged = old.clone();
    let mut changes = Vec::new();
    for rule in &new.rules {
        let twin = merged.rules.iter_mut().find(|mine| {
            mine.each == rule.each
                && mine.which == rule.which
                && same_tests(mine, rule)
                && std::mem::discriminant(&mine.says) == std::mem::discriminant(&rule.says)
        });
        if let Some(mine) = twin {
            join_says(&mut mine.says, &rule.says, &mut changes);
            continue;
        }
        let tests: Vec<String> = rule
            .when
            .iter()
            .map(|test| format!("{}={}", test.field, test.is.join("|")))
            .collect();
        changes.push(format!("a rule for records with {}", tests.join(" ")));
        merged.rules.push(rule.clone());
    }
    (merged, changes)
}

fn same_tests(a: &Rule, b: &Rule) -> bool {
    a.when.len() == b.when.len()
        && a.when.iter().all(|test| {
            b.when
                .iter()
                .any(|other| other.field == test.field && other.is == test.is)
        })
}

fn join_says(mine: &mut Says, theirs: &Says, changes: &mut Vec<String>) {
    match (mine, theirs) {
        (Says::Call(a), Says::Call(b)) => join_call(a, b, changes),
        (Says::Result(a), Says::Result(b)) => join_result(a, b, changes),
        (Says::User { text: a }, Says::User { text: b })
        | (Says::Think { text: a }, Says::Think { text: b })
        | (Says::Say { text: a }, Says::Say { text: b }) => join("text", a, b, changes),
        _ => {}
    }
}

fn join_call(a: &mut CallFields, b: &CallFields, changes: &mut Vec<String>) {
    join("tool", &mut a.tool, &b.tool, changes);
    join("id", &mut a.id, &b.id, changes);
    join("arguments", &mut a.arguments, &b.arguments, changes);
    match (&mut a.result, &b.result) {
        (Some(a), Some(b)) => join_result(a, b, changes),
        (None, Some(b)) => {
            changes.push("results beside the calls".to_owned());
            a.result = Some(b.clone());
        }
        _ => {}
    }
}

fn join_result(a: &mut ResultFields, b: &ResultFields, changes: &mut Vec<String>) {
    join("id", &mut a.id, &b.id, changes);
    join("text", &mut a.text, &b.text, changes);
    join("exit status", &mut a.exit_status, &b.exit_status, changes);
}

fn join(name: &str, mine: &mut Field, theirs: &Field, changes: &mut Vec<String>) {
    for path in theirs.iter().rev() {
        if !mine.contains(path) {
            changes.push(format!("{name}: also `{path}`"));
            mine.insert(0, path.clone());
        }
    }
}
