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
    /// Whether it also asks for the history of the tests, for what is held against the step it suspects
    /// and for a word in all steps, whatever it has seen.
    is_thorough: bool,
}

impl Reader {
    pub(crate) fn of(run: &Labelled, is_thorough: bool) -> Self {
        Self {
            run: run.clone(),
            is_thorough,
        }
    }

    /// Looks at what is not open yet, then concludes; mends what was sent back.
    pub(crate) fn answer(&self, asked: &Asked) -> Reply {
        let failed = asked.messages.last().and_then(|turn| {
            let mut results = turn.results.iter();
            results.find(|result| result.failed).map(|r| r.text.clone())
        });
        if asked.tools.is_empty() || !asked.tools.iter().any(|tool| tool == "show_step") {
            return Reply::text(self.conclusion("", &shown(asked), None).to_string());
        }
        let open = open(asked);
        let wanted = self
            .wanted()
            .into_iter()
            .filter(|step| !open.contains(step));
        let now: Vec<u64> = wanted.take(AT_ONCE).collect();
        let mut calls = Vec::new();
        if failed.is_none() && asked.round <= 2 {
            if !now.is_empty() {
                calls.push(("show_step", json!({"steps": now})));
            }
            if self.is_thorough && asked.round == 1 {
                calls.push(("tests", json!({})));
            }
            if self.is_thorough && asked.round == 2 {
                let suspect = self.run.onset.unwrap_or(self.run.steps);
                calls.push(("evidence", json!({"steps": [suspect]})));
                calls.push(("search", json!({"query": "error"})));
            }
        }
        if !calls.is_empty() {
            return Reply::calls(calls);
        }
        let faults = failed.unwrap_or_default();
        Reply::calls([(
            "conclude",
            self.conclusion(&faults, &shown(asked), Some(&open)),
        )])
    }

    /// What a reader opens, the most telling first: the onset with what is around it, what came of it,
    /// the other labelled steps, and one of the beginning, the middle and the end.
    fn wanted(&self) -> Vec<u64> {
        let run = &self.run;
        let with_before = |step: &u64| [*step, if *step > 1 { step - 1 } else { 2 }];
        let onset: Vec<u64> = run.onset.iter().flat_map(with_before).collect();
        let chain: Vec<u64> = run.chain.iter().map(|(step, _)| *step).collect();
        let others = run.incorrect.iter().chain(&run.unuseful);
        let others: Vec<u64> = others.flat_map(with_before).collect();
        let ends = [1, run.steps, run.steps / 2];
        let mut seen = BTreeSet::new();
        let all = onset.into_iter().chain(ends).chain(chain).chain(others);
        all.filter(|step| (1..=run.steps).contains(step) && seen.insert(*step))
            .collect()
    }

    /// What the labels say of the steps that are open (all of them for `None`), with words that were
    /// shown, without the claims that `faults` names.
    fn conclusion(&self, faults: &str, shown: &str, open: Option<&BTreeSet<u64>>) -> Value {
        let run = &self.run;
        let mut claims: Vec<(String, u64)> = Vec::new();
        claims.extend(run.onset.map(|step| ("onset".to_owned(), step)));
        let label = |kind: &'static str| move |step: &u64| (kind.to_owned(), *step);
        claims.extend(run.incorrect.iter().map(label("incorrect")));
        claims.extend(run.unuseful.iter().map(label("unuseful")));
        claims.extend(run.chain.iter().map(|(step, role)| (role.clone(), *step)));
        if run.onset.is_none() {
            claims.push(("evidence".to_owned(), run.steps));
        }
        let is_open = |step: u64| open.is_none_or(|open| open.contains(&step));
        let has_neighbour = |step: u64| is_open(step + 1) || is_open(step - 1);
        claims.retain(|(kind, step)| {
            is_open(*step)
                && (kind == "evidence" || has_neighbour(*step))
                && !faults.contains(&format!("{kind} {step}:"))
        });
        let claims: Vec<Value> = claims
            .iter()
            .filter_map(|(kind, step)| {
                Some(json!({
                    "kind": kind, "step": step, "quoted_step": null,
                    "why": "This acts on a belief that the output before it does not support.",
                    "quote": self.quote(kind, *step, shown)?,
                }))
            })
            .collect();
        let verdict = if run.onset.is_some() {
            "failure_found"
        } else {
            "undecided"
        };
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

    /// Words of a step that were shown: of its result where a signal was missed, else of what was done.
    fn quote(&self, kind: &str, step: u64, shown: &str) -> Option<&str> {
        let lines = self.run.quotes.get(&step)?;
        let (first, then) = match kind {
            "missed_signal" => (&lines.observed, None),
            "evidence" | "unuseful" => (&lines.said, Some(&lines.observed)),
            _ => (&lines.said, None),
        };
        let mut all = first.iter().chain(then.into_iter().flatten());
        all.find(|line| shown.contains(line.as_str()))
            .map(String::as_str)
    }
}

/// Everything that was shown.
fn shown(asked: &Asked) -> String {
    let texts = asked.messages.iter().flat_map(|turn| {
        let results = turn.results.iter().map(|result| result.text.as_str());
        std::iter::once(turn.text.as_str()).chain(results)
    });
    texts.collect::<Vec<_>>().join("\n")
}

/// The steps whose text stands in the conversation.
fn open(asked: &Asked) -> BTreeSet<u64> {
    let text = shown(asked);
    let lines = text.lines();
    let heads = lines.filter_map(|line| line.strip_prefix("## step "));
    heads
        .filter_map(|rest| {
            rest.split(|c: char| !c.is_ascii_digit())
                .next()?
                .parse()
                .ok()
        })
        .collect()
}
