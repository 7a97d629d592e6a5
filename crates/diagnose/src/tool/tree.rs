//! `tree`: steps as lines of the trace tree, those included that the folded tree leaves out.

use serde_json::{Map, Value, json};
use trace::StepId;

use super::Tool;
use super::arguments::Arguments;
use super::list::List;
use crate::ledger::Ledger;
use crate::subject::Subject;

/// Lists steps.
pub struct Tree;

impl Tool for Tree {
    fn name(&self) -> &'static str {
        "tree"
    }

    fn description(&self) -> &'static str {
        "Tree lines of all steps of a range, none left out. Opens none."
    }

    fn parameters(&self) -> Value {
        json!({
            "type": "object",
            "properties": {
                "from": {"type": "integer"},
                "to": {"type": "integer"}
            },
            "required": ["from"]
        })
    }

    fn is_tree(&self) -> bool {
        true
    }

    /// A line tells what a step was for, not what it did: it does not count as opening the step.
    fn call(
        &self,
        subject: &Subject<'_>,
        arguments: &Map<String, Value>,
        room: u64,
        _: &mut Ledger,
    ) -> Result<String, String> {
        let asked = Arguments::new(self, arguments)?;
        let from = asked.step("from", subject)?.ok_or("from is missing")?;
        let end = StepId::from_index(subject.index().len().saturating_sub(1));
        let to = asked.number("to").map_or(end, |number| {
            subject.step_id(number).map_or(end, |to| to.max(from))
        });
        let mut list = List::new(room);
        list.open(&subject.fence);
        let mut at = from.index();
        while at <= to.index() {
            let (block, next) = row(subject, at, to);
            if !list.push(&block) {
                break;
            }
            at = next;
        }
        list.close(&subject.fence);
        if at <= to.index() {
            list.say(&format!("(from {} shows the rest)", at + 1));
        }
        Ok(list.done())
    }
}

/// The line of a step, or of several that are alike, below the head of a stage where one begins. With
/// the place of the step that comes next, counted from 0.
fn row(subject: &Subject<'_>, at: usize, to: StepId) -> (String, usize) {
    let index = subject.index();
    let first = StepId::from_index(at);
    let Some(step) = index.step(first) else {
        return (String::new(), at + 1);
    };
    let mut head = String::new();
    let mut end = to;
    if let Some(stage) = index.stage_of(first) {
        end = end.min(stage.end);
        if stage.start == first {
            let steps = super::list::span(stage.start, stage.end);
            head = format!("# stage {} {} {steps}\n", stage.id, stage.phase.as_str());
        }
    }
    let line = subject.line(&step);
    let same = (at + 1..=end.index())
        .map(StepId::from_index)
        .take_while(|&next| {
            let next = index.step(next);
            next.is_some_and(|next| subject.line(&next) == line)
        });
    match same.last() {
        None => (format!("{head}{first}{line}"), at + 1),
        Some(last) => (format!("{head}{first}-{last}{line} each"), last.index() + 1),
    }
}
