//! Spans of a trace to a trajectory.
//!
//! Tracing layouts record the same run from three sides: model spans say which calls were asked
//! for, tool spans say which were executed, and the inputs of later model spans say what came back.
//! A layout turns its records into [`Span`]s; [`build`] makes one step of each call, however many
//! sides it was recorded from, and a nested trajectory of each sub-agent.

mod agents;
mod frame;
mod known;
mod order;
#[cfg(test)]
mod tests;

use serde_json::Value;
use trace::{Observation, Ref, Timestamp, Trajectory, Usage};

use crate::dialogue::Message;
use order::{Moment, Order};

/// What a span covers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The work of an agent.
    Agent,
    /// A call of a model.
    Model,
    /// A call of a tool.
    Tool,
    /// Anything else: steps of a framework, requests, the program around it all. One that is named
    /// like a tool the model just called is that tool's.
    #[default]
    Other,
}

/// A span of any tracing layout.
#[derive(Debug, Default)]
pub(crate) struct Span {
    /// Unique in the trace.
    pub(crate) id: String,
    /// The span around it.
    pub(crate) parent: Option<String>,
    /// What the program called it.
    pub(crate) name: String,
    /// What it covers.
    pub(crate) kind: Kind,
    /// When it began.
    pub(crate) started: Option<Timestamp>,
    /// When it ended.
    pub(crate) ended: Option<Timestamp>,
    /// The name of the agent at work, where it is stated.
    pub(crate) agent: Option<String>,
    /// Tool: its name.
    pub(crate) tool: Option<String>,
    /// Tool: the id of the call.
    pub(crate) call_id: Option<String>,
    /// Tool: the arguments.
    pub(crate) arguments: Value,
    /// Tool: what came back.
    pub(crate) result: Option<Observation>,
    /// Model: what it was shown.
    pub(crate) input: Vec<Message>,
    /// Model: what it answered.
    pub(crate) output: Vec<Message>,
    /// Agent: what it was asked to do.
    pub(crate) task: Option<String>,
    /// Agent: what it answered.
    pub(crate) answer: Option<String>,
    /// The model's name.
    pub(crate) model: Option<String>,
    /// Tokens and cost of this call alone.
    pub(crate) usage: Usage,
    /// What went wrong.
    pub(crate) error: Option<String>,
    /// The record.
    pub(crate) cite: Option<Ref>,
}

/// Builds the trajectory of the spans of one trace, given in any order.
pub(crate) fn build(spans: &[Span]) -> Trajectory {
    let order = Order::new(spans);
    let mut agents = agents::Agents::new(spans, &order);
    for moment in &order.moments {
        match *moment {
            Moment::Begin(span) => agents.begin(span),
            Moment::Reply(span) => agents.reply(span),
        }
    }
    agents.finish()
}
