//! The loop: show, let the model look, take its conclusion as far as it stands.

use llm::{
    BlockingClient, Completion, LlmError, Message, Request, Stop, ToolCall, ToolChoice,
    estimate_input,
};

use super::opening::{self, Case};
use super::repeated::Repeated;
use super::{Ended, Stood, Trouble};
use crate::conclusion::{CONCLUDE, Conclusion};
use crate::context::{Conversation, Digest, digest};
use crate::fold::Lines;
use crate::ledger::Ledger;
use crate::setup::Setup;
use crate::subject::Subject;
use crate::tool::{OVERHEAD, Tool, clip};
use crate::write::{REASON_BYTES, clean};

/// The most tokens that one turn's looks may bring.
const TURN: u64 = 2_400;

/// The least tokens a look is worth: where there are fewer, it is put off.
const LEAST: u64 = 100;

/// The longest complaint about a call, in tokens.
const COMPLAINT: u64 = 400;

/// How often a context that the server finds too long is narrowed.
const NARROWINGS: u32 = 4;

/// Under what name calls of tools that do not exist are counted.
const NO_TOOL: &str = "(no such tool)";

const GO_ON: &str = "Call a tool, or call `conclude`.";
const LOST: &str = "Your last answer and what it asked for no longer fit. Open fewer steps at a time, write less, or conclude.";
const CLOSE: &str = "The inquiry ends here. Write your conclusion now, as one JSON object and nothing else. Claim only what you can quote from steps that were opened.";

pub(super) fn navigate(
    subject: &Subject<'_>,
    setup: &Setup,
    lessons: &[String],
    client: &BlockingClient,
    ledger: &mut Ledger,
) -> Ended {
    let case = Case::new(subject, setup, lessons, client);
    let (mut talk, offered) = match opening::begin(&case, ledger) {
        Ok(begun) => begun,
        Err(trouble) => return Ended::without(trouble),
    };
    let mut navigation = Navigation {
        case,
        subject,
        setup,
        client,
        ledger,
        offered,
        lines: Lines::new(subject, !setup.without.offline),
        known: Digest::default(),
        stood: Stood::default(),
        repeated: Repeated::default(),
        misshapen: 0,
        wrong: String::new(),
    };
    let trouble = navigation.run(&mut talk).err();
    Ended {
        lessons: navigation.case.lessons_told.get(),
        concluded: navigation.stood.into_best(),
        trouble,
        compactions: talk.compactions(),
    }
}

struct Navigation<'n, 's> {
    case: Case<'n, 's>,
    subject: &'n Subject<'s>,
    setup: &'n Setup,
    client: &'n BlockingClient,
    ledger: &'n mut Ledger,
    offered: Vec<&'static dyn Tool>,
    lines: Lines<'n, 's>,
    known: Digest,
    stood: Stood,
    repeated: Repeated,
    /// How many conclusions could not be read.
    misshapen: u32,
    /// What is wrong with the newest answer.
    wrong: String,
}

/// What is to be done after an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    GoOn,
    Done,
}

impl Navigation<'_, '_> {
    fn run(&mut self, talk: &mut Conversation) -> Result<(), Trouble> {
        let mut turn = 0;
        // A conclusion that was sent back late is worth a turn more.
        while turn < self.setup.turns + self.stood.sent_back() {
            turn += 1;
            let forced = self.repeated.is_stuck();
            let choice = if forced || turn >= self.setup.turns {
                ToolChoice::Named(CONCLUDE.to_owned())
            } else {
                ToolChoice::Auto
            };
            let completion = self.ask(talk, &choice)?;
            if completion.stop == Stop::Refusal && !self.stood.is_some() {
                return Err(Trouble::Declined(clean(&completion.text, REASON_BYTES)));
            }
            if self.hear(talk, &completion) == Next::Done {
                return self.stood.outcome();
            }
            if forced && self.stood.sent_back() == 0 || self.misshapen > self.setup.repairs {
                break;
            }
        }
        self.last_word(talk, turn)
    }

    /// Asks for an answer; where the server says that the request is too long, with a smaller one.
    fn ask(&mut self, talk: &mut Conversation, choice: &ToolChoice) -> Result<Completion, Trouble> {
        self.within(talk, |client, talk| {
            client.complete(&talk.request(choice.clone()))
        })
    }

    fn within<T>(
        &mut self,
        talk: &mut Conversation,
        ask: impl Fn(&BlockingClient, &Conversation) -> Result<T, LlmError>,
    ) -> Result<T, Trouble> {
        let mut narrowed = 0;
        loop {
            // The room for the answer is not part of what is said.
            self.fit(talk, 0);
            let answer = ask(self.client, talk);
            talk.learn(per_thousand(self.client, &talk.request(ToolChoice::Auto)));
            match answer {
                Err(error) if narrowed < NARROWINGS && is_too_long(&error) => {
                    narrowed += 1;
                    self.narrow(talk).map_err(|_| error)?;
                }
                answer => return Ok(answer?),
            }
        }
    }

    /// Begins anew in half the context, as the server refused this one; what was said goes on.
    fn narrow(&mut self, talk: &mut Conversation) -> Result<(), Trouble> {
        self.case.context = talk.context() / 2;
        let (beginning, offered) = opening::begin(&self.case, self.ledger)?;
        self.offered = offered;
        *talk = talk.clone().after(beginning);
        Ok(())
    }

    /// Folds what is old until there are so many tokens left.
    fn fit(&mut self, talk: &mut Conversation, wanted: u64) {
        self.known.follow(self.ledger);
        let fold = |room| digest(self.subject, &self.lines, &self.known, self.ledger, room);
        talk.fit(wanted, fold, LOST);
    }

    /// Takes an answer: looks for it, or holds its conclusion against the run.
    fn hear(&mut self, talk: &mut Conversation, completion: &Completion) -> Next {
        if completion.calls.is_empty() {
            return self.words(talk, &completion.text);
        }
        talk.begin(vec![completion.message()]);
        // What is older has been seen; what comes now has not.
        self.fit(talk, TURN.min(talk.span() / 2));
        if talk.is_lost() {
            return Next::GoOn;
        }
        let mut room = talk.room().min(TURN);
        let mut left = completion.calls.len() as u64;
        let mut done = Next::GoOn;
        let mut answers = Vec::new();
        for call in &completion.calls {
            let (message, ended) = self.call(call, room / left.max(1), talk.compactions());
            if let Message::Tool(result) = &message {
                room = room.saturating_sub(llm::count_tokens(&result.text) + 4);
            }
            left = left.saturating_sub(1);
            answers.push(message);
            if ended == Next::Done {
                // What was taken stands: nothing that is called behind it counts.
                done = Next::Done;
                break;
            }
        }
        talk.add(answers);
        done
    }

    /// Takes words without a call: a conclusion written out, or anything else.
    fn words(&mut self, talk: &mut Conversation, text: &str) -> Next {
        let answer = if let Some(conclusion) = read_text(text) {
            match self.conclude(conclusion) {
                Ok(()) => return Next::Done,
                Err(why) => why,
            }
        } else {
            self.repeated.idle();
            "it is neither a call nor a conclusion".clone_into(&mut self.wrong);
            GO_ON.to_owned()
        };
        // Protocols take no empty messages, and want the two sides to take turns.
        let said = if text.trim().is_empty() {
            "(nothing)".to_owned()
        } else {
            text.to_owned()
        };
        talk.begin(vec![Message::assistant(said)]);
        self.fit(talk, COMPLAINT.min(talk.span() / 2));
        if !talk.is_lost() {
            let room = talk.room().saturating_sub(8).max(LEAST);
            talk.add(vec![Message::user(clip(&answer, room.min(COMPLAINT)))]);
        }
        Next::GoOn
    }

    /// Answers one call in at most `room` tokens.
    fn call(&mut self, call: &ToolCall, room: u64, compactions: u32) -> (Message, Next) {
        let offered = self.offered.iter().find(|tool| tool.name() == call.name);
        let offered = offered.copied();
        let known = offered.is_some() || call.name == CONCLUDE;
        let name = if known { call.name.as_str() } else { NO_TOOL };
        self.ledger.called(name);
        let failed = |why: &str| {
            let why = clip(why, COMPLAINT.min(room.max(LEAST)));
            (Message::tool_failure(call, why), Next::GoOn)
        };
        if call.name == CONCLUDE {
            return match self.conclude_by(call) {
                Ok(()) => (Message::tool(call, "Taken."), Next::Done),
                Err(why) => failed(&why),
            };
        }
        if self.repeated.again(call, compactions) {
            return failed(
                "You made this very call before; its answer stands above and has not changed. Look elsewhere, or conclude.",
            );
        }
        match (&call.arguments, offered) {
            (Ok(_), Some(_)) if room < LEAST => {
                failed("No room is left in this turn; call again with fewer others, or conclude.")
            }
            (Ok(arguments), Some(tool)) => {
                match tool.call(
                    self.subject,
                    arguments,
                    room.saturating_sub(OVERHEAD / 2),
                    self.ledger,
                ) {
                    Ok(text) => (Message::tool(call, text), Next::GoOn),
                    Err(why) => failed(&why),
                }
            }
            (Err(fault), _) => {
                self.repeated.idle();
                failed(&fault.to_string())
            }
            (Ok(_), None) => failed("There is no such tool."),
        }
    }

    fn conclude_by(&mut self, call: &ToolCall) -> Result<(), String> {
        // What does no harm in a conclusion is forgiven; a call beside the schema is read too.
        let conclusion = match &call.arguments {
            Ok(arguments) => Conclusion::read(&arguments.clone().into()),
            Err(_) => Conclusion::read_text(&call.raw),
        };
        self.conclude(conclusion)
    }

    /// Holds a conclusion, if it could be read, against the run. `Err` is what goes back to the model.
    fn conclude(&mut self, conclusion: Result<Conclusion, String>) -> Result<(), String> {
        let heard = match conclusion {
            Ok(conclusion) => self.stood.hear(
                conclusion,
                self.subject,
                self.ledger,
                &mut self.known,
                self.setup.repairs,
            ),
            Err(why) => {
                self.misshapen += 1;
                Err(why)
            }
        };
        heard.inspect_err(|why| self.wrong.clone_from(why))
    }

    /// Asks once more, for nothing but the conclusion: servers that enforce schemas give a valid one.
    fn last_word(&mut self, talk: &mut Conversation, turns: u32) -> Result<(), Trouble> {
        let schema = Conclusion::schema()?;
        let asked = self.within(talk, |client, talk| {
            // A wrong answer goes back with what is wrong, where that fits beside the rest.
            let rounds = u32::from(talk.room() >= talk.answer() + COMPLAINT);
            client.complete_json(&talk.closing(CLOSE), &schema, rounds)
        });
        match asked {
            Ok(answer) => {
                let heard = Conclusion::read(&answer.value).map(|conclusion| {
                    self.stood
                        .hear(conclusion, self.subject, self.ledger, &mut self.known, 0)
                });
                if let Err(why) = heard {
                    self.wrong = why;
                }
            }
            // It had its say before.
            Err(Trouble::Call(LlmError::Schema { .. })) if self.stood.is_some() => {}
            Err(Trouble::Call(LlmError::Schema { errors, .. })) => self.wrong = errors.join("; "),
            Err(trouble) => return Err(trouble),
        }
        if self.stood.is_some() {
            self.stood.outcome()
        } else {
            Err(Trouble::Endless {
                turns,
                last: std::mem::take(&mut self.wrong),
            })
        }
    }
}

/// Whether a server refused a request because it holds more tokens than the model takes.
fn is_too_long(error: &LlmError) -> bool {
    const WORDS: [&str; 6] = [
        "context",
        "too long",
        "too large",
        "too many tokens",
        "n_ctx",
        "maximum length",
    ];
    match error {
        LlmError::Refused { status: 413, .. } => true,
        LlmError::Refused {
            status: 400 | 422 | 500,
            message,
            ..
        } => {
            let message = message.to_lowercase();
            WORDS.iter().any(|word| message.contains(word))
        }
        _ => false,
    }
}

/// A conclusion out of words, with or without a fence or prose around it; `None` where there is nothing
/// like one.
fn read_text(text: &str) -> Option<Result<Conclusion, String>> {
    text.contains("\"verdict\"")
        .then(|| Conclusion::read_text(text))
}

/// How many tokens the provider counts for a thousand of ours.
pub(crate) fn per_thousand(client: &BlockingClient, request: &Request) -> u64 {
    let theirs = client.client().estimate_input(request);
    theirs.saturating_mul(1000) / estimate_input(request).max(1)
}
