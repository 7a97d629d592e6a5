//! The scripted server, with answers in order and to the byte.

use scripted::{Asked, Protocol, ScriptedModel, in_order};
use serde_json::Value;

pub(crate) use scripted::Reply;

pub(crate) struct Server(ScriptedModel);

impl Server {
    /// Answers the first request with the first reply, and so on; then with status 418.
    pub(crate) fn new(replies: Vec<Reply>) -> Self {
        Self(ScriptedModel::start(Protocol::OpenAi, in_order(replies)))
    }

    pub(crate) fn url(&self, path: &str) -> String {
        self.0.url(path)
    }

    pub(crate) fn seen(&self) -> Vec<Asked> {
        self.0.requests()
    }

    /// The most requests that were answered at the same time.
    pub(crate) fn most_at_once(&self) -> usize {
        self.0.most_at_once()
    }

    pub(crate) fn bodies(&self) -> Vec<Value> {
        self.seen().into_iter().map(|seen| seen.body).collect()
    }
}
