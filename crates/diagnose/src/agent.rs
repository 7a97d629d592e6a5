//! The loop: show, let the model look, take its conclusion as far as it stands.

use llm::{
    BlockingClient, CallRecord, Completion, LlmError, Message, ToolCall, ToolChoice, count_tokens,
};
use trace::{Diagnosis, Engine, Inquiry, StepId};

use crate::check::{Checked, check};
use crate::conclusion::{CONCLUDE, Conclusion, Lesson};
use crate::context::Conversation;
use crate::direct;
use crate::fold::fold;
use crate::ledger::Ledger;
use crate::prompt::{self, Opening, PromptError};
use crate::setup::{Method, Setup};
use crate::subject::Subject;
use crate::tool::{Tool, clip, show_step, tools};
use crate::write::write;

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
    /// The model did not conclude.
    #[error("the model did not conclude within {0} turns")]
    Endless(u32),
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
}

/// Has a model diagnose a run. `client` is charged to its account; its ledger should be this run's
/// alone. `lessons` are shown as hints, in their order.
#[must_use]
pub fn diagnose(
    subject: &Subject<'_>,
    setup: &Setup,
    lessons: &[String],
    client: &BlockingClient,
) -> Diagnosed {
    let mut ledger = Ledger::default();
    let ended = match setup.method {
        Method::Agent => navigate(subject, setup, lessons, client, &mut ledger),
        Method::Direct => direct::ask(subject, setup, client, &mut ledger),
    };
    let concluded = ended.concluded.as_ref();
    let concluded = concluded.map(|(conclusion, checked)| (conclusion, checked));
    let (mut diagnosis, changes) = write(subject, setup, &ledger, concluded);
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
        seconds: Some(calls.iter().map(|call: &CallRecord| call.seconds).sum()),
        inquiry: Some(Box::new(Inquiry {
            without: setup.without.names(),
            calls: u32::try_from(calls.len()).unwrap_or(u32::MAX),
            input_tokens: usage.prompt(),
            cached_tokens: usage.cached_read,
            output_tokens: usage.output,
            opened: ledger.opened().iter().copied().collect(),
            tools: ledger.tools().clone(),
            compactions: ended.compactions,
            stated_confidence: stated,
            changes,
            dropped,
            trouble: ended.trouble.as_ref().map(ToString::to_string),
            lessons: lessons.to_vec(),
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

fn navigate(
    subject: &Subject<'_>,
    setup: &Setup,
    lessons: &[String],
    client: &BlockingClient,
    ledger: &mut Ledger,
) -> Ended {
    let mut inquiry = Navigation {
        subject,
        setup,
        client,
        ledger,
        offered: offered(setup),
        concluded: None,
        repairs: 0,
    };
    let mut compactions = 0;
    let trouble = inquiry.run(lessons, &mut compactions).err();
    Ended {
        concluded: inquiry.concluded,
        trouble,
        compactions,
    }
}

/// The tools the model may call under this setup.
fn offered(setup: &Setup) -> Vec<&'static dyn Tool> {
    let all = tools().iter().copied();
    all.filter(|tool| !(setup.without.offline && tool.is_offline()))
        .collect()
}

struct Navigation<'n, 's> {
    subject: &'n Subject<'s>,
    setup: &'n Setup,
    client: &'n BlockingClient,
    ledger: &'n mut Ledger,
    offered: Vec<&'static dyn Tool>,
    concluded: Option<(Conclusion, Checked)>,
    repairs: u32,
}

impl Navigation<'_, '_> {
    fn run(&mut self, lessons: &[String], compactions: &mut u32) -> Result<(), Trouble> {
        let mut conversation = self.begin(lessons)?;
        for turn in 1..=self.setup.turns {
            conversation.fit(self.setup.context_tokens / 4, self.ledger);
            *compactions = conversation.compactions();
            let choice = if turn == self.setup.turns {
                ToolChoice::Named(CONCLUDE.to_owned())
            } else {
                ToolChoice::Auto
            };
            let completion = self.client.complete(&conversation.request(choice))?;
            let mut exchange = Vec::new();
            if !(completion.text.is_empty() && completion.calls.is_empty()) {
                exchange.push(completion.message());
            }
            if completion.calls.is_empty() {
                if self.take(&completion.text, &mut exchange) {
                    return self.outcome();
                }
            } else if self.answer(&completion, conversation.room(), &mut exchange) {
                return self.outcome();
            }
            conversation.add(exchange);
        }
        match &self.concluded {
            Some(_) => self.outcome(),
            None => Err(Trouble::Endless(self.setup.turns)),
        }
    }

    /// The case as the model first sees it.
    fn begin(&mut self, lessons: &[String]) -> Result<Conversation, Trouble> {
        let (subject, setup) = (self.subject, self.setup);
        let mut offered: Vec<llm::Tool> = self.offered.iter().map(|tool| llm_tool(*tool)).collect();
        offered.push(Conclusion::tool());
        let index = subject.index();
        let task = subject.offline.task.as_deref().unwrap_or_default();
        let room = setup.context_tokens / 8;
        let known = subject
            .offline
            .used_outcome
            .then_some(())
            .and(subject.offline.outcome.resolved);
        let opening = Opening {
            task: if task.trim().is_empty() {
                String::new()
            } else {
                subject
                    .fence
                    .data(&clip(&subject.safe(task), room.min(800)))
            },
            steps: index.len(),
            stages: index.stages.len(),
            outcome: match known {
                Some(true) => "The recorded check passed.".to_owned(),
                Some(false) => "The recorded check failed.".to_owned(),
                None => String::new(),
            },
            lessons: if lessons.is_empty() {
                String::new()
            } else {
                subject.fence.data(&lessons.join("\n"))
            },
            tree: if setup.without.tree {
                String::new()
            } else {
                fold(subject, room.min(1500), !setup.without.offline)
            },
            offline: if setup.without.offline {
                String::new()
            } else {
                offline(subject)
            },
            shown: self.prefetch(room.min(2000)),
        };
        let stages = index.stages.len().min(3);
        Ok(Conversation::new(
            prompt::system(subject.fence.mark(), stages)?,
            prompt::opening(&opening)?,
            offered,
            setup.context_tokens,
            setup.answer_tokens,
        ))
    }

    /// Opens what any reader would: the suspects with the step before, what shows the failure, the end.
    fn prefetch(&mut self, room: u64) -> String {
        let offline = self.subject.offline;
        let mut wanted: Vec<StepId> = Vec::new();
        if !self.setup.without.offline {
            for candidate in offline.onset_candidates.iter().take(2) {
                let before = candidate.step_id.get().checked_sub(1).and_then(StepId::new);
                wanted.extend(before);
                wanted.push(candidate.step_id);
            }
            wanted.extend(offline.failures.first().map(|failure| failure.step_id));
        }
        wanted.extend(
            self.subject
                .index()
                .len()
                .checked_sub(1)
                .map(StepId::from_index),
        );
        let mut seen = std::collections::BTreeSet::new();
        wanted.retain(|step| seen.insert(*step));
        let each = room / (wanted.len().max(1) as u64);
        let shown = wanted.into_iter();
        shown
            .map(|step| show_step::show(self.subject, step, each, self.ledger))
            .collect()
    }

    /// Answers the calls of a turn; true when the model has concluded.
    fn answer(&mut self, completion: &Completion, room: u64, exchange: &mut Vec<Message>) -> bool {
        let calls = completion.calls.len() as u64;
        let each = (room / 2 / calls.max(1)).clamp(100, 1500);
        let mut done = false;
        for call in &completion.calls {
            self.ledger.called(&call.name);
            let message = match &call.arguments {
                // What does no harm in a conclusion is forgiven; a call beside the schema is read too.
                _ if call.name == CONCLUDE => {
                    let read = match &call.arguments {
                        Ok(arguments) => Conclusion::read(&arguments.clone().into()),
                        Err(_) => Conclusion::read_text(&call.raw),
                    };
                    match read.and_then(|conclusion| self.conclude(conclusion)) {
                        Ok(()) => {
                            done = true;
                            Message::tool(call, "taken")
                        }
                        Err(why) => Message::tool_failure(call, why),
                    }
                }
                Err(fault) => Message::tool_failure(call, fault.to_string()),
                Ok(arguments) => self.look(call, arguments, each),
            };
            exchange.push(message);
        }
        done
    }

    fn look(
        &mut self,
        call: &ToolCall,
        arguments: &serde_json::Map<String, serde_json::Value>,
        room: u64,
    ) -> Message {
        let Some(tool) = self.offered.iter().find(|tool| tool.name() == call.name) else {
            return Message::tool_failure(call, "there is no such tool");
        };
        match tool.call(self.subject, arguments, room, self.ledger) {
            Ok(text) => {
                debug_assert!(count_tokens(&text) <= room.saturating_mul(4));
                Message::tool(call, text)
            }
            Err(why) => Message::tool_failure(call, why),
        }
    }

    /// Takes words without a call: a conclusion written out, or a reminder to call something.
    fn take(&mut self, text: &str, exchange: &mut Vec<Message>) -> bool {
        let why = if text.contains("\"verdict\"") {
            match Conclusion::read_text(text).and_then(|conclusion| self.conclude(conclusion)) {
                Ok(()) => return true,
                Err(why) => why,
            }
        } else {
            "Call a tool, or conclude.".to_owned()
        };
        exchange.push(Message::user(why));
        false
    }

    /// Holds a conclusion against the run. `Err` is what goes back to the model.
    fn conclude(&mut self, conclusion: Conclusion) -> Result<(), String> {
        let checked = check(&conclusion, self.subject, self.ledger);
        let faults: Vec<String> = checked
            .faults
            .iter()
            .map(|fault| format!("{}: {}", fault.claim, fault.why))
            .collect();
        self.concluded = Some((conclusion, checked));
        if faults.is_empty() || self.repairs == self.setup.repairs {
            return Ok(());
        }
        self.repairs += 1;
        Err(format!(
            "This does not stand the check:\n- {}\nLook again where needed, then conclude anew.",
            faults.join("\n- ")
        ))
    }

    fn outcome(&self) -> Result<(), Trouble> {
        let concluded = self.concluded.as_ref();
        match concluded.and_then(|(_, checked)| checked.refusal()) {
            Some(why) => Err(Trouble::Refused(why)),
            None => Ok(()),
        }
    }
}

fn llm_tool(tool: &dyn Tool) -> llm::Tool {
    llm::Tool {
        name: tool.name().to_owned(),
        description: tool.description().to_owned(),
        parameters: tool.parameters(),
    }
}

/// The offline diagnosis in few words.
fn offline(subject: &Subject<'_>) -> String {
    use std::fmt::Write as _;
    let d = subject.offline;
    let mut text = format!("{} (confidence {:.2}).", d.verdict.as_str(), d.confidence);
    // Writing to a string cannot fail.
    for candidate in d.onset_candidates.iter().take(5) {
        let _ = write!(
            text,
            " Suspect step {} ({:.2}).",
            candidate.step_id, candidate.score
        );
    }
    let _ = write!(text, "\n{}", subject.fence.data(&subject.safe(&d.summary)));
    for failure in &d.failures {
        let why = subject.fence.line(&subject.safe(&failure.why));
        let _ = write!(
            text,
            "\nstep {} shows {}: {why}",
            failure.step_id, failure.kind
        );
    }
    text
}
