//! The client for callers that are not asynchronous.

use std::sync::Arc;

use tokio::runtime::{Builder, Handle, Runtime};

use crate::budget::Account;
use crate::client::{Client, Structured};
use crate::error::LlmError;
use crate::ledger::Ledger;
use crate::message::{Completion, Delta, Request};
use crate::schema::OutputSchema;

/// A [`Client`] that blocks until the answer is there, with a small runtime of its own. Clones share
/// client and runtime, so that many threads can ask at the same time.
#[derive(Debug, Clone)]
pub struct BlockingClient {
    client: Client,
    runtime: Arc<Runtime>,
}

impl BlockingClient {
    /// Wraps a client.
    ///
    /// # Errors
    /// [`LlmError::Setting`] when the system gives no runtime, or when called from asynchronous code,
    /// which should use the client itself.
    pub fn new(client: Client) -> Result<Self, LlmError> {
        let refuse = |reason: String| LlmError::Setting {
            variable: "blocking client",
            reason,
        };
        if Handle::try_current().is_ok() {
            return Err(refuse(
                "it cannot be used inside asynchronous code".to_owned(),
            ));
        }
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("llm")
            .enable_all()
            .build()
            .map_err(|error| refuse(error.to_string()))?;
        Ok(Self {
            client,
            runtime: Arc::new(runtime),
        })
    }

    /// The client within.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// As [`Client::with`], on the same runtime.
    #[must_use]
    pub fn with(&self, account: Account, ledger: Ledger) -> Self {
        Self {
            client: self.client.with(account, ledger),
            runtime: Arc::clone(&self.runtime),
        }
    }

    /// As [`Client::complete`].
    ///
    /// # Errors
    /// As there.
    pub fn complete(&self, request: &Request) -> Result<Completion, LlmError> {
        self.runtime.block_on(self.client.complete(request))
    }

    /// As [`Client::stream`]; the pieces are handed on in this thread.
    ///
    /// # Errors
    /// As there.
    pub fn stream(
        &self,
        request: &Request,
        on_delta: &mut (dyn FnMut(Delta) + Send),
    ) -> Result<Completion, LlmError> {
        self.runtime.block_on(self.client.stream(request, on_delta))
    }

    /// As [`Client::complete_json`].
    ///
    /// # Errors
    /// As there.
    pub fn complete_json(
        &self,
        request: &Request,
        schema: &OutputSchema,
        rounds: u32,
    ) -> Result<Structured, LlmError> {
        self.runtime
            .block_on(self.client.complete_json(request, schema, rounds))
    }
}
