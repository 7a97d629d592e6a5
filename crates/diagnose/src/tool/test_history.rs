//! `tests`: what test runs and builds reported, and what changed from one to the next.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use analysis::IndexedStep;
use analysis::activity::Activity;
use serde_json::{Map, Value, json};
use trace::{StepId, StepStatus, TestReport, TestStatus};

use super::Tool;
use super::arguments::Arguments;
use super::list::{List, ends, ranges, short};
use crate::ledger::Ledger;
use crate::subject::Subject;

/// Names that are told of one report, of each kind.
const NAMES: usize = 4;

/// The longest name, in characters.
const NAME: usize = 80;

/// Tells the history of tests.
pub struct TestHistory;

impl Tool for TestHistory {
    fn name(&self) -> &'static str {
        "tests"
    }

    fn description(&self) -> &'static str {
        "Every test report and build of the run by step, and which tests broke or came to pass."
    }

    fn parameters(&self) -> Value {
        json!({
            "type": "object",
            "properties": {"from_step": {"type": "integer"}}
        })
    }

    fn call(
        &self,
        subject: &Subject<'_>,
        arguments: &Map<String, Value>,
        room: u64,
        _: &mut Ledger,
    ) -> Result<String, String> {
        let asked = Arguments::new(self, arguments)?;
        let from = asked.step("from_step", subject)?;
        let rows = rows(subject);
        let rows: Vec<Row> = rows
            .into_iter()
            .filter(|row| from.is_none_or(|from| row.last() >= from))
            .collect();
        if rows.is_empty() {
            return Ok("no step shows a test report or a build".to_owned());
        }
        let lines: Vec<String> = rows.iter().map(Row::line).collect();
        let mut list = List::new(room);
        let (head, tail) = ends(&lines, room.saturating_sub(16));
        for line in &lines[..head] {
            list.say(line);
        }
        if head < tail {
            list.say(&format!(
                "({} lines left out: from_step {})",
                tail - head,
                rows[head].first()
            ));
        }
        for line in &lines[tail..] {
            list.say(line);
        }
        Ok(list.done())
    }
}

/// A report, with the steps that showed the same.
struct Row {
    steps: Vec<StepId>,
    words: String,
}

impl Row {
    fn first(&self) -> StepId {
        self.steps.first().copied().unwrap_or(StepId::from_index(0))
    }

    fn last(&self) -> StepId {
        self.steps.last().copied().unwrap_or(StepId::from_index(0))
    }

    fn line(&self) -> String {
        format!("{} {}", ranges(&self.steps, 12), self.words)
    }
}

/// All reports in order; the same one after the other is one row.
fn rows(subject: &Subject<'_>) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    let mut known = BTreeMap::new();
    for step in subject.index().steps() {
        let outcome = &step.outcome;
        let mut words: Vec<String> = outcome
            .tests
            .iter()
            .map(|report| told(subject, report, &mut known))
            .collect();
        if words.is_empty() && is_check(&step) {
            words.push(subject.fence.line(&subject.line(&step)));
        }
        for words in words {
            match rows.last_mut() {
                Some(last) if last.words == words => {
                    if last.last() != step.id {
                        last.steps.push(step.id);
                    }
                }
                _ => rows.push(Row {
                    steps: vec![step.id],
                    words,
                }),
            }
        }
    }
    rows
}

/// A build or test run that tells how it went without a report.
fn is_check(step: &IndexedStep<'_>) -> bool {
    let checks = |activity: &Activity| matches!(activity, Activity::Test | Activity::Build);
    step.outcome.status != StepStatus::Unknown && step.reading.activities.iter().any(checks)
}

/// A report in words: its counts, and the tests that went another way than when they were last named.
fn told(subject: &Subject<'_>, report: &TestReport, known: &mut BTreeMap<String, bool>) -> String {
    let framework = format!("{:?}", report.framework).to_lowercase();
    let (passed, broken) = (report.passed, report.broken());
    let mut words = format!("{framework} {passed} passed, {broken} broken");
    let (mut worse, mut better) = (Vec::new(), Vec::new());
    for case in &report.cases {
        let fails = match case.status {
            TestStatus::Failed | TestStatus::Errored => true,
            TestStatus::Passed => false,
            TestStatus::Skipped => continue,
        };
        let before = known.insert(case.name.clone(), fails);
        match (before, fails) {
            (None | Some(false), true) => worse.push(case.name.as_str()),
            (Some(true), false) => better.push(case.name.as_str()),
            _ => {}
        }
    }
    for (label, names) in [("newly broken", worse), ("now passing", better)] {
        if names.is_empty() {
            continue;
        }
        let shown = names.iter().take(NAMES);
        let shown: Vec<String> = shown
            .map(|name| subject.fence.line(&subject.safe(&short(name, NAME))))
            .collect();
        // Writing to a string cannot fail.
        let _ = write!(words, "; {label}: {}", shown.join(", "));
        if names.len() > NAMES {
            let _ = write!(words, " and {} more", names.len() - NAMES);
        }
    }
    words
}
