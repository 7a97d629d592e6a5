//! Maps for transcripts written for people: their records say by a label what they are.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::learned::map::{
    CallFields, Condition, Container, FieldMap, Records, ResultFields, Rule, Says,
};
use crate::learned::path::Path;
use crate::learned::records::{Meaning, meaning};

/// How many commands there must be in a text in which nobody speaks.
const LEAST_UNSPOKEN: usize = 3;

/// The map that reads the labels of `records`; `None` where nothing asks for anything.
pub(super) fn labelled(records: &[Value], place: &Records) -> Option<FieldMap> {
    let found: BTreeSet<&str> = records.iter().filter_map(|r| r["role"].as_str()).collect();
    let labels = |wanted: Meaning| -> Vec<String> {
        let fits = found.iter().filter(|role| meaning(role) == Some(wanted));
        fits.map(|role| (*role).to_owned()).collect()
    };
    let field = |name: &str| vec![Path::root().key(name)];
    let text = || field("text");
    let mut rules = Vec::new();
    let calls = labels(Meaning::Call);
    // A manual has commands and outputs too, but nobody speaks in it.
    let speakers = [Meaning::User, Meaning::Agent, Meaning::Thought];
    let spoken = speakers.into_iter().any(|who| !labels(who).is_empty());
    let asked = records.iter().filter(|r| r.get("name").is_some()).count();
    if asked == 0 || !spoken && asked < LEAST_UNSPOKEN {
        return None;
    }
    let output = ResultFields {
        text: field("output"),
        ..ResultFields::default()
    };
    let answers = labels(Meaning::Result);
    let call = CallFields {
        tool: field("name"),
        arguments: field("input"),
        result: Some(output),
        ..CallFields::default()
    };
    let answer = ResultFields {
        text: text(),
        ..ResultFields::default()
    };
    for (is, says) in [
        (labels(Meaning::User), Says::User { text: text() }),
        (labels(Meaning::Thought), Says::Think { text: text() }),
        (labels(Meaning::Agent), Says::Say { text: text() }),
        (calls, Says::Call(call)),
        (answers, Says::Result(answer)),
        (labels(Meaning::Other), Says::Nothing),
    ] {
        if !is.is_empty() {
            rules.push(rule(is, says));
        }
    }
    if place.container == Container::Log {
        rules.push(Rule {
            when: Vec::new(),
            each: Path::root(),
            which: Vec::new(),
            says: Says::About {
                session: Vec::new(),
                agent: Vec::new(),
                model: Vec::new(),
                cwd: Vec::new(),
                time: field("time"),
                reply: Vec::new(),
            },
        });
    }
    Some(FieldMap {
        records: place.clone(),
        rules,
    })
}

fn rule(is: Vec<String>, says: Says) -> Rule {
    Rule {
        when: vec![Condition {
            field: Path::root().key("role"),
            is,
            not: false,
        }],
        each: Path::root(),
        which: Vec::new(),
        says,
    }
}
