//! `contract`: what the task demands, and how each demand stands.

use std::fmt::Write as _;

use localize::contract::{Audit, Demand, Standing, State, TouchKind};
use serde_json::{Map, Value, json};
use trace::StepId;

use super::Tool;
use super::arguments::Arguments;
use super::list::{List, short};
use crate::ledger::Ledger;
use crate::subject::Subject;

/// The longest name of a demand, and the longest reason, in characters.
const WIDTH: usize = 160;

/// Tells how the demands of the task stand.
pub struct Contract;

impl Tool for Contract {
    fn name(&self) -> &'static str {
        "contract"
    }

    fn description(&self) -> &'static str {
        "What the task demands and how each demand stands, at the end or after a step."
    }

    fn parameters(&self) -> Value {
        json!({
            "type": "object",
            "properties": {"step": {"type": "integer"}}
        })
    }

    fn is_offline(&self) -> bool {
        true
    }

    fn call(
        &self,
        subject: &Subject<'_>,
        arguments: &Map<String, Value>,
        room: u64,
        _: &mut Ledger,
    ) -> Result<String, String> {
        let asked = Arguments::new(self, arguments)?;
        let step = asked.step("step", subject)?;
        let audit = &subject.case.contract;
        let judged = audit.each().filter(|(demand, _)| demand.weight > 0);
        let mut judged: Vec<(&Demand, &Standing)> = judged.collect();
        if judged.is_empty() {
            return Ok("the task states nothing that can be looked for".to_owned());
        }
        // What is wrong is what a reader looks for.
        judged.sort_by_key(|(_, standing)| {
            step.map_or(standing.state() == State::Met, |step| {
                standing.met_after(step)
            })
        });
        let mut list = List::new(room);
        list.say(&head(audit, step, subject));
        for (at, (demand, standing)) in judged.iter().enumerate() {
            if !list.push(&told(subject, demand, standing, step)) {
                list.say(&format!("({} more)", judged.len() - at));
                break;
            }
        }
        for fall in audit.falls() {
            let told = format!(
                "step {} broke demand {}, met at step {}",
                fall.fell, fall.demand, fall.met
            );
            let back = fall
                .regained
                .map_or_else(String::new, |at| format!(", met again at step {at}"));
            let known = step.is_none_or(|step| fall.fell <= step);
            if known && !list.push(&format!("{told}{back}")) {
                break;
            }
        }
        Ok(list.done())
    }
}

fn head(audit: &Audit, step: Option<StepId>, subject: &Subject<'_>) -> String {
    let last = StepId::from_index(subject.index().len().saturating_sub(1));
    let (met, of) = audit.progress(step.unwrap_or(last));
    let when = step.map_or_else(
        || "at the end".to_owned(),
        |step| format!("after step {step}"),
    );
    let mut head = format!("met {when}: {met} of {of} by weight");
    if let Some((peak, most)) = audit.peak()
        && most > met
    {
        // Writing to a string cannot fail.
        let _ = write!(head, "; most, {most}, after step {peak}");
    }
    head
}

/// One demand in a line.
fn told(
    subject: &Subject<'_>,
    demand: &Demand,
    standing: &Standing,
    step: Option<StepId>,
) -> String {
    let say = |text: &str| subject.fence.line(&subject.safe(&short(text, WIDTH)));
    let (state, by) = match step {
        None => (in_words(standing.state()), at_end(standing, say)),
        Some(step) => {
            let state = if standing.met_after(step) {
                "met"
            } else {
                "open"
            };
            let mut touches = standing.touches().iter().rev();
            let last = touches.find(|touch| touch.step_id <= step).map_or_else(
                || " (not touched yet)".to_owned(),
                |touch| format!(" (last {} at step {})", deed(touch.kind), touch.step_id),
            );
            (state, last)
        }
    };
    format!("{} {state}: {}{by}", demand.id, say(&demand.name()))
}

/// What shows how a demand stands at the end.
fn at_end(standing: &Standing, say: impl Fn(&str) -> String) -> String {
    let begun = standing.begun.filter(|_| standing.state() == State::Unmet);
    match (standing.told_by(), begun) {
        (Some(mark), _) => format!(" (step {}: {})", mark.step, say(&mark.why)),
        (None, Some(step)) => format!(" (begun at step {step}, never shown to be met)"),
        (None, None) => String::new(),
    }
}

fn in_words(state: State) -> &'static str {
    match state {
        State::Met => "met",
        State::Unmet => "unmet",
        State::Contradicted => "contradicted",
        State::NeverTouched => "never touched",
    }
}

fn deed(kind: TouchKind) -> &'static str {
    match kind {
        TouchKind::Mentions => "named",
        TouchKind::Reads => "read",
        TouchKind::Writes => "written",
        TouchKind::Executes => "run",
        TouchKind::Removes => "removed",
        TouchKind::VerifiesPassing => "shown to be met",
        TouchKind::VerifiesFailing => "shown not to be met",
    }
}
