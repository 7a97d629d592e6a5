//! A model asked about a run, and the document that comes of it.

mod navigate;
pub(crate) mod opening;
mod repeated;
mod stood;

use llm::{BlockingClient, CallRecord, LlmError};
use trace::{Diagnosis, Engine, Inquiry};

use crate::check::Checked;
use crate::conclusion::{Conclusion, Lesson};
use crate::direct;
use crate::ledger::Ledger;
use crate::prompt::PromptError;
use crate::setup::{Method, Setup};
use crate::subject::Subject;
use crate::write::{is_grounded, write};

pub(crate) use stood::Stood;

/// What came of an inquiry. There is always a document: where the model failed it is the offline one,
/// or an undecided one for a method that is not given the offline diagnosis; and
/// `engine.inquiry.trouble` says why.
#[derive(Debug)]
pub struct Diagnosed {
    /// The document.
    pub diagnosis: Diagnosis,
    /// What the model would tell those who look at other runs; unchecked, and empty when it failed.
    pub lessons: Vec<Lesson>,
    /// The call that failed, if one did.
    pub failure: Option<LlmError>,
}

/// Why an inquiry ended without a conclusion that stands.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Trouble {
    /// A call failed, or the budget is spent.
    #[error("{0}")]
    Call(#[from] LlmError),
    /// A template is broken.
    #[error("{0}")]
    Prompt(#[from] PromptError),
    /// The model did not conclude, not even when it was asked for nothing else.
    #[error("the model did not conclude in {turns} turns: {last}")]
    Endless {
        /// The turns it had.
        turns: u32,
        /// What is wrong with its last answer.
        last: String,
    },
    /// The case does not fit.
    #[error(
        "a context of {context} tokens is too small: what must be in it takes {needed}; give at least {least}"
    )]
    Cramped {
        /// The context there is.
        context: u64,
        /// What is needed: instructions, tools, the answer's room, and as much again for the run.
        needed: u64,
        /// The smallest context that would do.
        least: u64,
    },
    /// The model, or a filter before it, refused.
    #[error("the model refused: {0}")]
    Declined(String),
    /// The conclusion stayed wrong.
    #[error("the conclusion did not stand the check: {0}")]
    Refused(String),
}

/// What is known at the end of an inquiry.
pub(crate) struct Ended {
    /// The last conclusion with what of it stands.
    pub(crate) concluded: Option<(Conclusion, Checked)>,
    /// What went wrong.
    pub(crate) trouble: Option<Trouble>,
    /// How often the conversation was folded.
    pub(crate) compactions: u32,
    /// How many lessons were told.
    pub(crate) lessons: usize,
}

impl Ended {
    /// Nothing was concluded.
    pub(crate) fn without(trouble: Trouble) -> Self {
        Self {
            concluded: None,
            trouble: Some(trouble),
            compactions: 0,
            lessons: 0,
        }
    }
}

/// Has a model diagnose a run. `client` is charged to its account; its ledger should be this run's
/// alone. `lessons` are shown as hints, in their order, as many as there is room for.
#[must_use]
pub fn diagnose(
    subject: &Subject<'_>,
    setup: &Setup,
    lessons: &[String],
    client: &BlockingClient,
) -> Diagnosed {
    let mut ledger = Ledger::default();
    let ended = match setup.method {
        Method::Agent => navigate::navigate(subject, setup, lessons, client, &mut ledger),
        Method::Direct => direct::ask(subject, setup, client, &mut ledger),
    };
    let concluded = ended.concluded.as_ref();
    let concluded = concluded.map(|(conclusion, checked)| (conclusion, checked));
    let (mut diagnosis, changes) = write(subject, setup, &ledger, concluded);
    let used = matches!(&ended.concluded, Some((_, checked)) if !checked.refused);
    let calls = client.client().ledger().calls();
    let (dropped, stated, proposed) = match ended.concluded {
        Some((conclusion, checked)) => (checked.faults, conclusion.confidence, conclusion.lessons),
        None => (Vec::new(), None, Vec::new()),
    };
    let usage = client.client().ledger().usage();
    diagnosis.engine = Engine {
        name: setup.method.as_str().to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        model: Some(client.client().model().to_string()),
        tokens: Some(usage.total()),
        cost_usd: client.client().ledger().cost_usd(),
        seconds: Some(
            calls
                .iter()
                .fold(0.0, |sum, call: &CallRecord| sum + call.seconds),
        ),
        inquiry: Some(Box::new(Inquiry {
            without: setup.without.names(),
            calls: asked(&calls),
            input_tokens: usage.prompt(),
            cached_tokens: usage.cached_read,
            output_tokens: usage.output,
            opened: ledger.opened().iter().copied().collect(),
            tools: ledger.tools().clone(),
            compactions: ended.compactions,
            concluded: used,
            stated_confidence: stated,
            changes,
            dropped,
            trouble: ended.trouble.as_ref().map(|trouble| {
                let stands = if used {
                    "what it had concluded is used"
                } else if is_grounded(setup) {
                    "the offline verdict stands"
                } else {
                    "there is no verdict"
                };
                format!("{trouble}; {stands}")
            }),
            lessons: lessons.iter().take(ended.lessons).cloned().collect(),
        })),
    };
    // Who did not prove a verdict has nothing to teach.
    let in_good_order = ended.trouble.is_none();
    let failure = match ended.trouble {
        Some(Trouble::Call(error)) => Some(error),
        _ => None,
    };
    Diagnosed {
        lessons: if in_good_order { proposed } else { Vec::new() },
        diagnosis,
        failure,
    }
}

/// How many completions were asked for. What the budget did not allow was not.
fn asked(calls: &[CallRecord]) -> u32 {
    let unasked = |call: &&CallRecord| {
        call.error == Some("budget") && call.usage.total() == 0 && call.seconds == 0.0
    };
    let unasked = calls.iter().filter(unasked).count();
    u32::try_from(calls.len() - unasked).unwrap_or(u32::MAX)
}
