//! A scripted model that opens what a competent reader would and then says what the labels say.

use std::collections::BTreeSet;

use scripted::{Asked, Reply};
use serde_json::{Value, json};

use crate::gold::Labelled;

/// The most steps a reader opens in one turn.
const AT_ONCE: usize = 6;

/// A reader of one run.
pub(crate) struct Reader {
    run: Labelled,
}

impl Reader {
    pub(crate) fn of(run: &Labelled) -> Self {
        Self { run: run.clone() }
    }

    /// Looks at what is not open yet, then concludes; mends what was sent back.
    pub(crate) fn answer(&self, asked: &Asked) -> Reply {
        let failed = asked.messages.last().and_then(|turn| {
            let mut results = turn.results.iter();
            results.find(|result| result.failed).map(|r| r.text.clone())
        });
        if asked.tools.is_empty() || !asked.tools.iter().any(|tool| tool == "show_step") {
            return Reply::text(self.conclusion("").to_string());
        }
        let wanted: Vec<u64> = self.wanted().difference(&open(asked)).copied().collect();
        let turn = asked.round;
        if failed.is_none() && turn <= 2 && !wanted.is_empty() {
            let now: Vec<u64> = wanted.into_iter().take(AT_ONCE).collect();
            return Reply::calls([("show_step", json!({"steps": now}))]);
        }
        Reply::calls([("conclude", self.conclusion(&failed.unwrap_or_default()))])
    }

    /// The labelled steps with the step before each.
    fn wanted(&self) -> BTreeSet<u64> {
        let run = &self.run;
        let mut steps: BTreeSet<u64> = run.chain.iter().map(|(step, _)| *step).collect();
        for step in self.labelled() {
            steps.insert(step);
            steps.insert(if step > 1 { step - 1 } else { 2 });
        }
        // One of the beginning and one of the middle, as anybody would look at.
        steps.extend([1, run.steps / 2, run.steps]);
        steps.retain(|step| (1..=run.steps).contains(step));
        steps
    }

    fn labelled(&self) -> Vec<u64> {
        let run = &self.run;
        let onset = run.onset.into_iter();
        onset
            .chain(run.incorrect.iter().copied())
            .chain(run.unuseful.iter().copied())
            .collect()
    }

    /// What the labels say, without the claims that `faults` names.
    fn conclusion(&self, faults: &str) -> Value {
        let run = &self.run;
        let claim = |kind: &str, step: u64| {
            json!({
                "kind": kind, "step": step, "quoted_step": null,
                "why": "This acts on a belief that the output before it does not support.",
                "quote": run.quotes.get(&step).cloned().unwrap_or_default(),
            })
        };
        let mut claims: Vec<(String, u64)> = Vec::new();
        claims.extend(run.onset.map(|step| ("onset".to_owned(), step)));
        let label = |kind: &'static str| move |step: &u64| (kind.to_owned(), *step);
        claims.extend(run.incorrect.iter().map(label("incorrect")));
        claims.extend(run.unuseful.iter().map(label("unuseful")));
        claims.extend(run.chain.iter().map(|(step, role)| (role.clone(), *step)));
        if run.onset.is_none() {
            claims.push(("evidence".to_owned(), run.steps));
        }
        claims.retain(|(kind, step)| !faults.contains(&format!("{kind} {step}:")));
        let verdict = if run.onset.is_some() {
            "failure_found"
        } else {
            "undecided"
        };
        let claims: Vec<Value> = claims
            .iter()
            .map(|(kind, step)| claim(kind, *step))
            .collect();
        json!({
            "verdict": verdict,
            "fault": run.onset.map(|_| "incorrect_hypothesis"),
            "claims": claims,
            "summary": "The run builds on an assumption that its own output contradicts, and hands in \
                        the result without running the check the task names.",
            "advice": "Go back to just before the onset, read the failing output, test the \
                       assumption on the smallest case, and run the named check before handing in.",
            "confidence": 0.7,
            "differs": "The step before the suspect already fixes the wrong assumption.",
            "lessons": [],
        })
    }
}

/// The steps whose text stands in the conversation.
fn open(asked: &Asked) -> BTreeSet<u64> {
    let texts = asked.messages.iter().flat_map(|turn| {
        let results = turn.results.iter().map(|result| result.text.as_str());
        std::iter::once(turn.text.as_str()).chain(results)
    });
    let lines = texts.flat_map(str::lines);
    let heads = lines.filter_map(|line| line.strip_prefix("step "));
    heads
        .filter_map(|rest| {
            rest.split(|c: char| !c.is_ascii_digit())
                .next()?
                .parse()
                .ok()
        })
        .collect()
}
