//! What holds for any text and any records. Behind both walls, with one worker for many runs where
//! the program stays the same.

#![allow(clippy::expect_used, reason = "a test that cannot go on has failed")]

use std::time::Duration;

use proptest::prelude::*;
use script::{Events, Launcher, Limits, Program, ScriptError, Walls};
use serde_json::Value;

fn walls() -> Walls {
    Walls::Both(Launcher::at(env!("CARGO_BIN_EXE_script-worker")))
}

fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.cpu = Duration::from_millis(300);
    limits.memory = 16 << 20;
    limits
}

fn read_all(program: &Program, records: &[String]) -> Result<Vec<String>, ScriptError> {
    let mut run = program.run()?;
    let mut batches = Vec::new();
    for batch in records.chunks(3) {
        batches.push(run.feed(batch)?.as_json().to_owned());
    }
    batches.push(run.finish()?.as_json().to_owned());
    Ok(batches)
}

/// Text that is close enough to a program to get past the parser now and then.
fn program_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("function read(record, index) {"),
        Just("return"),
        Just("{"),
        Just("}"),
        Just("["),
        Just("]"),
        Just("("),
        Just(")"),
        Just("=>"),
        Just("`${"),
        Just("/(a+)+$/u"),
        Just("record"),
        Just("index"),
        Just("..."),
        Just("async"),
        Just("await"),
        Just("yield"),
        Just("class extends"),
        Just("import('x')"),
        Just("\u{2028}"),
        Just("\\u{110000}"),
        Just("0x1n"),
        Just(";"),
        Just("for (;;)"),
        Just("throw"),
        Just("try"),
        Just("finally"),
        Just("new Proxy"),
        Just("with (record)"),
        Just("#private"),
        Just("new.target"),
        Just("/*"),
        Just("\0"),
    ];
    prop_oneof![
        any::<String>(),
        prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.join(" ")),
        ".{0,200}".prop_map(|body| format!("function read(record, index) {{ {body} }}")),
    ]
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((any::<String>(), inner), 0..6)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

/// Keeps state, walks everything, sorts, matches and counts.
const CURIOUS: &str = r"
    const seen = new Map(); let total = 0;
    function walk(value, path, out) {
        if (value !== null && typeof value === 'object') {
            for (const key in value) walk(value[key], path + '/' + key, out);
        } else {
            const text = `${value}`;
            seen.set(path, (seen.get(path) ?? 0) + 1);
            const m = /(\p{L}+)|(\d+)/u.exec(text);
            out.push({ path, text, kind: typeof value, word: m?.[1], n: m?.[2], d: Date.parse(text) });
        }
    }
    function read(record, index) {
        const out = []; walk(record, '', out); total += out.length;
        return out.sort((a, b) => (a.text < b.text ? -1 : a.text > b.text ? 1 : 0));
    }
    function finish() { return [...seen].map(([path, count]) => ({ path, count, total })) }";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn any_text_loads_or_is_refused_with_a_reason(text in program_text()) {
        match Program::load(text, limits(), walls()) {
            Ok(program) => {
                // Whatever it does, it does within the limits and twice the same.
                let records = ["{\"a\":[1]}".to_owned(), "\"b\"".to_owned()];
                let first = read_all(&program, &records);
                // A program that runs into the time limit does so somewhere.
                if !matches!(first, Err(ScriptError::Timeout { .. })) {
                    prop_assert_eq!(first, read_all(&program, &records));
                }
            }
            Err(ScriptError::Killed { .. } | ScriptError::Start { .. }) => {
                prop_assert!(false, "the worker died");
            }
            Err(error) => prop_assert!(!error.to_string().is_empty()),
        }
    }
}

#[test]
fn any_records_give_the_same_events_twice() {
    let program = Program::load(CURIOUS, Limits::default(), walls()).expect("good");
    let inner = Program::load(CURIOUS, Limits::default(), Walls::InnerOnly).expect("good");
    proptest!(ProptestConfig::with_cases(200), |(records in prop::collection::vec(json(), 0..8))| {
        let records: Vec<String> = records.iter().map(Value::to_string).collect();
        let first = read_all(&program, &records);
        prop_assert!(first.is_ok(), "{:?}", first);
        prop_assert_eq!(&first, &read_all(&program, &records));
        // The inner wall alone gives the same.
        prop_assert_eq!(&first, &read_all(&inner, &records));
    });
}

#[test]
fn what_a_program_passes_on_arrives() {
    let text = "function read(record, index) { return { record, index } }";
    let program = Program::load(text, Limits::default(), walls()).expect("good");
    proptest!(ProptestConfig::with_cases(200), |(record in ".{0,100}", more in any::<i32>())| {
        let record = serde_json::json!({ "text": record, "more": [more, null, true] });
        let mut run = program.run().expect("runs");
        let events: Events = run.feed(&[record.to_string()]).expect("reads");
        let (at, event) = events.iter().next().expect("one event");
        let event: Value = serde_json::from_str(event).expect("JSON");
        prop_assert_eq!(at, 0);
        prop_assert_eq!(event, serde_json::json!({ "record": record, "index": 0 }));
        run.finish().expect("ends");
    });
}

#[test]
fn records_that_are_not_json_never_do_more_than_fail() {
    let program = Program::load("function read() {}", Limits::default(), walls()).expect("good");
    proptest!(ProptestConfig::with_cases(100), |(record: String)| {
        let valid = serde_json::from_str::<Value>(&record).is_ok();
        let mut run = program.run().expect("runs");
        let fed = run.feed(&[record]);
        prop_assert_eq!(valid, fed.is_ok(), "{:?}", fed);
    });
}
