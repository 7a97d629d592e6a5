//! Sub-agents that worked in the background, as far as the events for the screen tell of them: which
//! tool was called with what and whether it worked, not what came back.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use trace::{Action, ActionKind, Address, Observation, Ref, RefPart, Timestamp, Usage};

use crate::json::{str_at, str_of};
use crate::threads::{Place, Threads};
use crate::tool;
use crate::transcript::Call;

/// The events of sub-agents, in the order they were written.
#[derive(Default)]
pub(super) struct Background {
    events: Vec<Event>,
}

struct Event {
    agent: String,
    response: String,
    when: Option<Timestamp>,
    index: u64,
    cite: Ref,
    what: What,
}

enum What {
    Reply { words: String, usage: Usage },
    Call { action: Action, seen: Observation },
}

impl Background {
    /// Takes an event if it is a sub-agent's.
    pub(super) fn event(
        &mut self,
        event: &Value,
        when: Option<Timestamp>,
        index: u64,
        cite: &impl Fn() -> Ref,
    ) {
        let Some(agent) = str_at(event, "prompt_id").and_then(agent_of) else {
            return;
        };
        let kind = str_at(event, "event.name").unwrap_or_default();
        let what = match kind.rsplit('.').next() {
            Some("api_response") => What::Reply {
                words: str_at(event, "response_text")
                    .unwrap_or_default()
                    .to_owned(),
                usage: usage_of(event),
            },
            Some("tool_call") => called(event),
            _ => return,
        };
        self.events.push(Event {
            agent: agent.to_owned(),
            response: str_at(event, "response_id").unwrap_or_default().to_owned(),
            when,
            index,
            cite: cite(),
            what,
        });
    }

    /// Tells the threads of the sub-agents nothing else tells of: they have no file of their own,
    /// and no result brought a list of what they did.
    pub(super) fn tell(&mut self, threads: &mut Threads, brought: &[(Place, Value)]) {
        let mut agents: BTreeMap<String, bool> = BTreeMap::new();
        let mut claimed: BTreeSet<Place> = BTreeSet::new();
        for event in std::mem::take(&mut self.events) {
            let told = match agents.get(&event.agent) {
                Some(told) => *told,
                None => begin(threads, &event.agent, brought, &mut claimed),
            };
            agents.insert(event.agent.clone(), told);
            if told {
                event.tell(threads);
            }
        }
    }
}

/// Begins the thread of a sub-agent; false when it is told of elsewhere.
fn begin(
    threads: &mut Threads,
    agent: &str,
    brought: &[(Place, Value)],
    claimed: &mut BTreeSet<Place>,
) -> bool {
    if threads.knows(agent) {
        return false;
    }
    let caller = caller_of(threads, agent, claimed);
    claimed.extend(caller);
    let listed = brought.iter().any(|(place, shown)| {
        let calls = shown.get("toolCalls").and_then(Value::as_array);
        Some(*place) == caller && calls.is_some_and(|calls| !calls.is_empty())
    });
    if !listed {
        let thread = threads.of(agent);
        threads.started_by(thread, caller);
    }
    !listed
}

impl Event {
    fn tell(self, threads: &mut Threads) {
        let thread = threads.of(&self.agent);
        let transcript = threads.get(thread);
        transcript.at(self.when);
        transcript.begin_reply(Some(&self.response));
        match self.what {
            What::Reply { words, usage } => {
                transcript.say(&words);
                transcript.usage(usage);
            }
            What::Call { action, seen } => {
                let step = transcript.call(Call {
                    id: None,
                    action,
                    address: Address {
                        message: Some(self.index),
                        ..Address::default()
                    },
                    cite: Some(self.cite.clone()),
                });
                let cite = Ref {
                    part: RefPart::Observation,
                    ..self.cite
                };
                transcript.settle(step, seen, Some(cite));
            }
        }
    }
}

/// The sub-agent in the id of a prompt, `<session>#<agent>#<turn>`. The main agent's are one word
/// or, in older versions, its session and a number with several `#` between.
fn agent_of(prompt: &str) -> Option<&str> {
    let mut words = prompt.split('#');
    let (_, agent, turn) = (words.next()?, words.next()?, words.next()?);
    (words.next().is_none() && !agent.is_empty() && !turn.is_empty()).then_some(agent)
}

/// The first call that started no other sub-agent and whose kind of agent the name begins with, or
/// failing that the first that names no kind.
fn caller_of(threads: &mut Threads, agent: &str, claimed: &BTreeSet<Place>) -> Option<Place> {
    let steps = threads.main().steps_mut();
    let calls: Vec<(usize, Option<String>)> = steps
        .iter()
        .enumerate()
        .filter(|(_, step)| matches!(step.action.kind, ActionKind::Delegate { .. }))
        .map(|(index, step)| {
            let kind = str_of(&step.action.arguments, &["subagent_type", "subagent_name"]);
            (index, kind.map(str::to_owned))
        })
        .collect();
    let mut free = calls
        .iter()
        .filter(|(index, _)| !claimed.contains(&(0, *index)) && !threads.has_started((0, *index)));
    let named = free
        .clone()
        .find(|(_, kind)| kind.as_deref().is_some_and(|kind| agent.starts_with(kind)));
    named
        .or_else(|| free.find(|(_, kind)| kind.is_none()))
        .map(|(index, _)| (0, *index))
}

fn called(event: &Value) -> What {
    let name = str_at(event, "function_name").unwrap_or_default();
    let arguments = event.get("function_args").cloned().unwrap_or_default();
    let worked = event
        .get("success")
        .and_then(Value::as_bool)
        .or_else(|| str_at(event, "status").map(|status| status == "success"));
    let refused = str_at(event, "decision").filter(|decision| *decision == "reject");
    let text = str_at(event, "error").or(refused).unwrap_or_default();
    What::Call {
        action: tool::action(name, arguments),
        seen: Observation {
            is_error: worked.map(|worked| !worked),
            ..Observation::text(text)
        },
    }
}

fn usage_of(event: &Value) -> Usage {
    let count = |key: &str| event.get(key).and_then(Value::as_u64);
    let thoughts = count("thoughts_token_count").unwrap_or(0);
    Usage {
        input_tokens: count("input_token_count"),
        cached_tokens: count("cached_content_token_count"),
        output_tokens: count("output_token_count").map(|tokens| tokens.saturating_add(thoughts)),
        cost_usd: None,
    }
}
