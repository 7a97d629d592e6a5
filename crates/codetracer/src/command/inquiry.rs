//! A model that is asked for diagnoses, with its budget.

use std::fmt::Write as _;
use std::time::Duration;

use diagnose::fence::Fence;
use diagnose::memory::{Recalled, hints};
use diagnose::{Diagnosed, Method, Setup, Subject, Without, diagnose};
use llm::{
    Account, BlockingClient, Budget, Cassette, Client, Gate, Ledger, Limits, Settings, Timeouts,
};
use localize::Case;
use trace::Diagnosis;

use super::lessons::Lessons;
use crate::cli::{MethodArg, ModelArgs, WithoutArg};
use crate::input::counted;

/// Asks one model about runs, one after the other or several at a time, within one budget.
pub(super) struct Asker {
    model: String,
    concurrency: usize,
    client: BlockingClient,
    each: Budget,
    setup: Setup,
    lessons: Option<Lessons>,
}

impl Asker {
    /// The model the arguments name; `None` where they name none. Where answers are kept elsewhere,
    /// those on tape are not given out again: they may be the ones that are kept.
    pub(super) fn of(
        args: &ModelArgs,
        blind: bool,
        answers_are_kept: bool,
    ) -> anyhow::Result<Option<Self>> {
        let Some(name) = &args.model else {
            return Ok(None);
        };
        let budget = Budget {
            tokens: args.max_tokens,
            // A limit on one run needs a known price as one on all of them does.
            cost_usd: args.max_cost.or(args.max_run_cost.map(|_| 1e9)),
            calls: args.max_calls,
            seconds: args.max_seconds,
        };
        let limits = Limits {
            concurrent: args.concurrency.into(),
            requests_per_minute: args.requests_per_minute,
            ..Limits::default()
        };
        let mut builder = Client::builder(name, &Settings::from_env())?
            .account(Account::new(budget))
            .gate(Gate::new(limits))
            .timeouts(patience(args.timeout));
        if let Some(path) = &args.record {
            builder = builder.cassette(if answers_are_kept {
                Cassette::append(path)?
            } else {
                Cassette::resume(path)?
            });
        }
        if let Some(path) = &args.replay_calls {
            builder = builder.cassette(Cassette::replay(path)?);
        }
        let without = |what| args.without.contains(&what);
        Ok(Some(Self {
            model: name.clone(),
            concurrency: args.concurrency.into(),
            client: BlockingClient::new(builder.build()?)?,
            each: Budget {
                tokens: args.max_run_tokens,
                cost_usd: args.max_run_cost,
                ..Budget::default()
            },
            setup: Setup {
                method: match args.method {
                    MethodArg::Agent => Method::Agent,
                    MethodArg::Direct => Method::Direct,
                },
                without: Without {
                    tree: without(WithoutArg::Tree),
                    offline: without(WithoutArg::Offline),
                    memory: args.no_memory || without(WithoutArg::Memory),
                },
                context_tokens: args.context,
                turns: args.turns,
                blind,
                ..Setup::default()
            },
            lessons: None,
        }))
    }

    /// With lessons of earlier runs, where the model is to have them: the baseline has none.
    pub(super) fn with(self, lessons: Option<Lessons>) -> Self {
        let has_none = self.setup.without.memory || self.setup.method != Method::Agent;
        Self {
            lessons: lessons.filter(|_| !has_none),
            ..self
        }
    }

    /// How many runs it is asked about at once.
    pub(super) fn concurrency(&self) -> usize {
        self.concurrency
    }

    /// What was asked and spent so far, for who waits.
    pub(super) fn so_far(&self) -> String {
        let spent = self.client.client().account().spent();
        let calls = counted(usize::try_from(spent.calls).unwrap_or(usize::MAX), "call");
        let mut text = format!("{calls}, {} tokens", spent.tokens);
        // A model without a price seems to cost nothing.
        if spent.cost_usd > 0.0 {
            let _ = write!(text, ", ${:.4}", spent.cost_usd);
        }
        text
    }

    /// The model and how it is asked, for tables.
    pub(super) fn name(&self) -> String {
        let mut name = format!("{} {}", self.setup.method.as_str(), self.model);
        for without in self.setup.without.names() {
            name.push_str(" without ");
            name.push_str(&without);
        }
        if self.lessons.is_some() {
            name.push_str(" with lessons");
        }
        name
    }

    /// What all runs together took, in a line.
    pub(super) fn taken(&self) -> String {
        let spent = self.client.client().account().spent();
        let mut line = format!(
            "asked {}: {}, {}",
            self.model,
            counted(usize::try_from(spent.calls).unwrap_or(usize::MAX), "call"),
            counted(usize::try_from(spent.tokens).unwrap_or(usize::MAX), "token"),
        );
        if spent.cost_usd > 0.0 {
            let _ = write!(line, ", ${:.4}", spent.cost_usd);
        }
        line
    }

    /// What an answer depends on besides the run.
    pub(super) fn settings(&self) -> serde_json::Value {
        serde_json::json!({
            "model": self.model,
            "method": self.setup.method.as_str(),
            "without": self.setup.without.names(),
            "context": self.setup.context_tokens,
            "turns": self.setup.turns,
            "lessons": self.lessons.as_ref().map(Lessons::folder),
        })
    }

    /// Has the model diagnose one run, with the lessons there are for it.
    pub(super) fn diagnose(&self, case: &Case<'_>, offline: &Diagnosis) -> Diagnosed {
        self.diagnose_with(case, offline, &self.recalled(case, offline))
    }

    /// The same, and learns from it; also gives what to tell about that.
    pub(super) fn diagnose_and_learn(
        &self,
        case: &Case<'_>,
        offline: &Diagnosis,
    ) -> (Diagnosed, Vec<String>) {
        let shown = self.recalled(case, offline);
        let diagnosed = self.diagnose_with(case, offline, &shown);
        let notes = match &self.lessons {
            Some(lessons) => lessons.learn(case.index.trajectory, shown, &diagnosed),
            None => Vec::new(),
        };
        (diagnosed, notes)
    }

    fn recalled(&self, case: &Case<'_>, offline: &Diagnosis) -> Vec<Recalled> {
        let lessons = self.lessons.as_ref();
        lessons.map_or_else(Vec::new, |lessons| {
            lessons.for_run(case.index.trajectory, offline)
        })
    }

    fn diagnose_with(
        &self,
        case: &Case<'_>,
        offline: &Diagnosis,
        lessons: &[Recalled],
    ) -> Diagnosed {
        let fence = Fence::of_run(case.index.trajectory);
        let subject = Subject::new(case, offline, fence.mark());
        let account = self.client.client().account().within(self.each);
        let client = self.client.with(account, Ledger::new());
        diagnose(&subject, &self.setup, &hints(lessons), &client)
    }
}

/// Limits on waiting for a server that may take so many seconds for one answer. A whole answer is
/// written before it is sent.
fn patience(seconds: u32) -> Timeouts {
    let answer = Duration::from_secs(seconds.into());
    let usual = Timeouts::default();
    Timeouts {
        first_byte: answer,
        between_bytes: usual.between_bytes.min(answer),
        exchange: answer,
        call: usual.call.max(answer * 2),
        ..usual
    }
}
