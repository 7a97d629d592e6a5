//! Learning and revising, on a layout of our own.

use serde_json::Value;

use super::evolve::appraise;
use super::learn::{Author, Lesson, ROUNDS, Turn, learn, program_in};
use super::validate::check_samples;
use super::{Bar, Files, Program, Registry};
use crate::pile::Pile;

#[allow(dead_code)]
mod layout {
    include!("../../tests/data/drifting_layout.rs");
}

fn pile(edition: usize, runs: std::ops::Range<usize>) -> (Pile, Vec<Files>, Vec<layout::Truth>) {
    let mut truth = Vec::new();
    let files = runs.map(|run| {
        let (text, steps) = layout::write(edition, run);
        truth.extend(steps);
        (format!("{run}.{}", layout::ending(edition)), text)
    });
    let pile = Pile::from_memory(files.collect::<Vec<_>>());
    let artifacts = pile.entries().iter().map(|entry| vec![entry.id]).collect();
    (pile, artifacts, truth)
}

fn lesson<'l>(pile: &'l Pile, artifacts: &'l [Files], registry: &'l Registry) -> Lesson<'l> {
    Lesson {
        pile,
        artifacts,
        name: "acme",
        registry,
        rounds: ROUNDS,
        bar: Bar::default(),
    }
}

fn equal_steps(
    program: &super::Package,
    pile: &Pile,
    artifacts: &[Files],
    truth: &[layout::Truth],
) -> usize {
    let steps: Vec<(String, Value, String)> = artifacts
        .iter()
        .flat_map(|files| program.extract(pile, files, None).unwrap().trajectory.steps)
        .map(|step| {
            let observed = step.observed().to_owned();
            (step.action.tool, step.action.arguments, observed)
        })
        .collect();
    steps.iter().zip(truth).filter(|(a, b)| a == b).count()
}

#[test]
fn a_layout_that_changes_five_times_is_followed() {
    let data = tempfile::tempdir().unwrap();
    let mut registry = Registry::open(data.path()).unwrap();
    for edition in 0..=5 {
        let (pile, artifacts, truth) = pile(edition, 0..4);
        let before = appraise(registry.packages(), &pile, &artifacts[0]);
        if edition > 0 {
            let best = &before[0];
            let equal = equal_steps(&best.package, &pile, &artifacts, &truth);
            assert!(equal < truth.len() / 10, "edition {edition}: {equal}");
            assert_ne!(best.drift, Vec::<String>::new(), "edition {edition}");
        }
        let learnt = match learn(&lesson(&pile, &artifacts, &registry), None) {
            Ok(learnt) => learnt,
            Err(error) => panic!("edition {edition}: {error}"),
        };
        let package = registry.add(learnt.package.unwrap()).unwrap();
        assert_eq!(package.version as usize, edition + 1);
        let equal = equal_steps(&package, &pile, &artifacts, &truth);
        assert_eq!(equal, truth.len(), "edition {edition}");
        assert_eq!(check_samples(package.content()), []);
        for old in registry.packages() {
            assert_eq!(
                super::validate::check(&package.program, package.limits, &old.samples),
                []
            );
            assert_eq!(check_samples(old.content()), []);
        }
    }
    // The newest version reads every edition, and is chosen for each.
    for edition in 0..=5 {
        let (pile, artifacts, truth) = pile(edition, 4..6);
        let best = &appraise(registry.packages(), &pile, &artifacts[0])[0];
        assert_eq!(best.package.version, 6, "edition {edition}");
        assert_eq!(best.drift, Vec::<String>::new(), "edition {edition}");
        assert_eq!(
            equal_steps(&best.package, &pile, &artifacts, &truth),
            truth.len()
        );
    }
}

/// An author that says what it was told to say, and keeps what it was asked.
struct Recorded {
    answers: Vec<String>,
    asked: Vec<String>,
}

impl Recorded {
    fn new(answers: &[&str]) -> Self {
        Self {
            answers: answers.iter().rev().map(|&a| a.to_owned()).collect(),
            asked: Vec::new(),
        }
    }
}

impl Author for Recorded {
    fn name(&self) -> String {
        "recorded".to_owned()
    }

    fn answer(&mut self, turns: &[Turn]) -> Result<String, String> {
        self.asked.push(turns.last().unwrap().text.clone());
        self.answers
            .pop()
            .ok_or_else(|| "no more answers".to_owned())
    }
}

const RECORDS: &str = r#"```json
{"container": "lines"}
```
"#;

const GOOD: &str = r"```javascript
function read(record) {
  if (record.ev === 'ask') return {says: 'user', text: record.text};
  if (record.ev === 'thought') return {says: 'think', text: record.text};
  if (record.ev === 'act')
    return {says: 'call', id: record.cid, tool: record.tool, arguments: record.input, time: record.at};
  if (record.ev === 'out')
    return {says: 'result', id: record.cid, text: record.output, exit_status: record.rc};
  return {says: 'nothing'};
}
```
";

#[test]
fn an_author_is_told_what_is_wrong_and_mends_it() {
    let (pile, artifacts, truth) = pile(0, 0..2);
    let registry = Registry::default();
    let silent = format!("{RECORDS}```js\nfunction read(record) {{ return null; }}\n```\n");
    let broken =
        format!("{RECORDS}```js\nfunction read(record) {{ return record.no.such; }}\n```\n");
    let good = format!("{RECORDS}{GOOD}");
    let mut author = Recorded::new(&[&silent, &broken, &good]);
    let learnt = learn(&lesson(&pile, &artifacts, &registry), Some(&mut author)).unwrap();
    let package = learnt.package.unwrap();
    assert_eq!(
        equal_steps(&package, &pile, &artifacts, &truth),
        truth.len()
    );
    assert_eq!(package.provenance.made_by, "recorded");
    assert_eq!(check_samples(package.content()), []);
    assert!(
        author.asked[1].contains("no steps: 0 of"),
        "{}",
        author.asked[1]
    );
    assert!(
        author.asked[1].contains("`ev=act` are not explained"),
        "{}",
        author.asked[1]
    );
    assert!(
        author.asked[2].contains("the program threw at record 0"),
        "{}",
        author.asked[2]
    );
}

#[test]
fn an_author_that_never_gets_there_is_given_up() {
    let (pile, artifacts, _) = pile(0, 0..1);
    let registry = Registry::default();
    let mut author = Recorded::new(&[
        "I cannot.",
        "```json\n{\"records\": 1}\n```",
        "still no",
        "more",
    ]);
    let learnt = learn(&lesson(&pile, &artifacts, &registry), Some(&mut author)).unwrap();
    // What structure alone gave stands, and what was tried is told.
    let package = learnt.package.unwrap();
    assert_eq!(package.provenance.made_by, "induction");
    let attempts = learnt.attempts;
    assert_eq!(attempts.len(), ROUNDS + 1);
    assert_eq!(author.asked.len(), ROUNDS);
    assert!(author.asked[1].contains("give one ```json block"));
    assert!(author.asked[2].contains("the map: "));
    assert!(
        attempts
            .iter()
            .filter(|a| a.how.contains("recorded"))
            .all(|a| !a.accepted)
    );
}

#[test]
fn scripts_that_misbehave_are_refused_with_the_reason() {
    let (pile, artifacts, _) = pile(0, 0..1);
    let registry = Registry::default();
    for (body, reason) in [
        ("for (;;) {}", "CPU time"),
        (
            "const a = []; for (;;) a.push('x'.repeat(1e6) + a.length)",
            "of memory",
        ),
        ("return {says: 'shout'}", "which is no event"),
        ("return 5", "an event must be an object"),
        ("return require('fs')", "require"),
        (
            "let i = 0; return globalThis.n = (globalThis.n || 0) + 1, {says: 'say', text: `${globalThis.n}`}",
            "no steps",
        ),
    ] {
        let answer = format!("{RECORDS}```js\nfunction read(record) {{ {body} }}\n```\n");
        let mut program = program_in(&answer).unwrap();
        if let Program::Script(script) = &mut program {
            assert!(script.source.contains(body));
        }
        let limits = super::package::Limits {
            cpu_ms: 300,
            memory: 16 << 20,
            ..Default::default()
        };
        let found = super::validate::validate(&program, limits, &Bar::default(), &pile, &artifacts);
        let reasons = found.reasons().join("; ");
        assert!(
            !found.passes() && reasons.contains(reason),
            "{body}: {reasons}"
        );
        let _ = &registry;
    }
}

#[test]
fn answers_are_read_strictly() {
    for (answer, wrong) in [
        ("", "give one"),
        ("```json\n{}\n```\n```json\n{}\n```", "exactly one"),
        (
            "```json\n{\"records\": {\"container\": \"lines\"}, \"rules\": [], \"more\": 1}\n```",
            "unknown field `more`",
        ),
        (
            "```json\n{\"container\": \"tape\"}\n```\n```js\nx\n```",
            "unknown variant `tape`",
        ),
    ] {
        let error = program_in(answer).unwrap_err();
        assert!(error.contains(wrong), "{answer}: {error}");
    }
    let map = "```json\n{\"records\": {\"container\": \"lines\"}, \"rules\": [{\"says\": \"nothing\"}]}\n```";
    assert!(matches!(program_in(map), Ok(Program::Maps(maps)) if maps.len() == 1));
}

#[test]
fn records_are_counted_one_by_one_however_many_stand_in_a_line() {
    let line = |n: usize| {
        format!(
            "{{\"n\": {n}, \"log\": [{{\"t\": {}, \"a\": \"x\"}}, {{\"t\": 1}}, {{\"t\": 2}}]}}\n",
            9 - n
        )
    };
    let pile = Pile::from_memory([("run.jsonl", (line(0) + &line(1)).into_bytes())]);
    let files = vec![pile.entries()[0].id];
    let records = r#"{"container": "lines", "at": "log/*", "order": "t"}"#;
    let rules = r#"[{"when": [{"field": "a"}], "says": "say", "text": ["a"]}]"#;
    let map = format!("```json\n{{\"records\": {records}, \"rules\": {rules}}}\n```");
    let script = format!(
        "```json\n{records}\n```\n```js\nfunction read(r) {{ if (r.a) return {{says: 'say', text: r.a}}; }}\n```"
    );
    for answer in [map, script] {
        let program = program_in(&answer).unwrap();
        let mut seen = 0;
        let read = program
            .extract(
                super::package::Limits::default(),
                &pile,
                &files,
                None,
                &mut |_, _| seen += 1,
            )
            .unwrap();
        let events = read.coverage.events;
        assert_eq!(
            (events.explained, events.total, seen),
            (2, 6, 6),
            "{answer}"
        );
        let bytes = read.coverage.bytes;
        let known = r#"{"t": 9, "a": "x"}"#.len() as u64 * 2;
        let total = (line(0).len() + line(1).len() - 2) as u64;
        assert_eq!((bytes.explained, bytes.total), (known, total), "{answer}");
    }
}

#[test]
fn what_is_asked_before_the_first_call_is_the_task() {
    use serde_json::json;
    let mut lines = vec![json!({"ev": "ask", "text": "fix the tax"}).to_string()];
    for n in 0..8 {
        let arguments = json!({"cmd": format!("make t{n}")});
        lines.push(
            json!({"ev": "act", "cid": format!("k{n}"), "tool": "run", "input": arguments})
                .to_string(),
        );
        lines.push(
            json!({"ev": "out", "cid": format!("k{n}"), "output": format!("cc a{n}.c\nok\n")})
                .to_string(),
        );
    }
    let pile = Pile::from_memory([("run.jsonl", lines.join("\n").into_bytes())]);
    let files = vec![pile.entries()[0].id];
    let found = super::induce(&pile, &files).unwrap();
    let run = found.map.extract(&pile, &files, None).unwrap().trajectory;
    assert_eq!(run.steps.len(), 8);
    assert_eq!(run.task.as_deref(), Some("fix the tax"));
}
