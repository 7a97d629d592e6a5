//! The client: one model, called within limits.

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

use crate::accepts::Accepts;
use crate::attempt::Caller;
use crate::budget::Account;
use crate::cassette::Cassette;
use crate::error::LlmError;
use crate::gate::Gate;
use crate::ledger::Ledger;
use crate::line::Line;
use crate::message::{Completion, Delta, Message, Request, Stop};
use crate::model::ModelName;
use crate::price::Prices;
use crate::provider::protocol;
use crate::retry::Retry;
use crate::schema::OutputSchema;
use crate::settings::Settings;
use crate::transport::Timeouts;

/// How tools are offered to the model.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ToolMode {
    /// In the protocol's own form; as text once the server says that it takes no tools.
    #[default]
    Auto,
    /// In the protocol's own form, or not at all.
    Native,
    /// As text, for models that were never taught the protocol's form; see [`crate::parse_text_calls`].
    Text,
}

/// Calls one model. Clones share everything: connections, limits, account, ledger, cassette.
#[derive(Clone)]
pub struct Client {
    caller: Arc<Caller>,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client")
            .field("model", &self.caller.model.to_string())
            .finish_non_exhaustive()
    }
}

/// An answer that satisfies a schema.
#[derive(Debug, Clone, PartialEq)]
pub struct Structured {
    /// The document.
    pub value: Value,
    /// The last completion; its usage is that of all rounds.
    pub completion: Completion,
    /// How often the model had to correct itself.
    pub rounds: u32,
}

impl Client {
    /// Begins a client for `provider/model`, served as the settings say.
    ///
    /// # Errors
    /// [`LlmError::ModelName`], or [`LlmError::Setting`] for a bad price file. Keys and addresses are
    /// looked at by [`ClientBuilder::build`], because a replay needs none.
    pub fn builder(model: &str, settings: &Settings) -> Result<ClientBuilder, LlmError> {
        Ok(ClientBuilder {
            model: model.parse()?,
            settings: settings.clone(),
            timeouts: None,
            retry: Retry::default(),
            gate: Gate::default(),
            account: Account::default(),
            ledger: Ledger::default(),
            cassette: None,
            prices: settings.prices()?,
            tools: ToolMode::default(),
            most_bytes: 16 << 20,
        })
    }

    /// The model.
    #[must_use]
    pub fn model(&self) -> &ModelName {
        &self.caller.model
    }

    /// The account that calls are charged to.
    #[must_use]
    pub fn account(&self) -> &Account {
        &self.caller.account
    }

    /// The list of calls.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.caller.ledger
    }

    /// The most tokens of prompt and answer together that the model takes, where that is known: from
    /// the table that comes with the program, or from the file that `CODETRACER_PRICES` names.
    #[must_use]
    pub fn context_tokens(&self) -> Option<u64> {
        self.caller.context_tokens
    }

    /// The prompt tokens of a request as the provider will count them: [`crate::estimate_input`],
    /// raised by what is known of the family's encoding and by the provider's own counts in the
    /// calls of this client so far. Budgets reckon with this number.
    #[must_use]
    pub fn estimate_input(&self, request: &Request) -> u64 {
        self.caller
            .as_the_provider_counts(crate::count::estimate_input(request))
    }

    /// The same client on another account and ledger: connections, limits on traffic, cassette, and
    /// what the server was found to accept are shared. For a part of some work that is limited and
    /// counted on its own; see [`Account::within`] for limits that hold for all parts together.
    ///
    /// How the provider counts is found out anew, so that what is asked in this part does not depend
    /// on what is going on in others, and is found again in a cassette.
    #[must_use]
    pub fn with(&self, account: Account, ledger: Ledger) -> Self {
        let caller = Caller {
            account,
            ledger,
            per_thousand: Arc::new(AtomicU64::new(self.caller.provider.tokens_per_thousand())),
            ..Caller::clone(&self.caller)
        };
        Self {
            caller: Arc::new(caller),
        }
    }

    /// Asks for one completion. Tool calls in it are checked against the tools offered.
    ///
    /// # Errors
    /// See [`LlmError`]; passing faults are retried before they are errors.
    pub async fn complete(&self, request: &Request) -> Result<Completion, LlmError> {
        self.caller.call(request, None).await
    }

    /// Asks for one completion and hands on its pieces as they arrive. In text mode the pieces of
    /// fenced tool calls arrive as text.
    ///
    /// # Errors
    /// As [`Client::complete`]; once a piece was handed on, a broken stream is not retried but
    /// [`LlmError::Truncated`].
    pub async fn stream(
        &self,
        request: &Request,
        on_delta: &mut (dyn FnMut(Delta) + Send),
    ) -> Result<Completion, LlmError> {
        self.caller.call(request, Some(on_delta)).await
    }

    /// Asks for a document that satisfies a schema. The schema goes along in the protocol's own form
    /// where the server takes it, otherwise as an instruction; the answer is checked in any case,
    /// and mistakes are sent back up to `rounds` times. `request` should offer no tools.
    ///
    /// # Errors
    /// [`LlmError::Schema`] when the last answer is still wrong, otherwise as [`Client::complete`].
    pub async fn complete_json(
        &self,
        request: &Request,
        schema: &OutputSchema,
        rounds: u32,
    ) -> Result<Structured, LlmError> {
        let mut request = Request {
            schema: Some(schema.clone()),
            ..request.clone()
        };
        let mut usage = crate::usage::Usage::default();
        let mut round = 0;
        loop {
            let mut completion = self.complete(&request).await?;
            usage += completion.usage;
            completion.usage = usage;
            let mut errors = match schema.read(&completion.text) {
                Ok(value) => {
                    return Ok(Structured {
                        value,
                        completion,
                        rounds: round,
                    });
                }
                Err(errors) => errors,
            };
            if completion.stop == Stop::Length {
                errors.push(format!(
                    "the answer was cut at the limit of {} output tokens; write less",
                    request.max_output_tokens
                ));
            }
            if round == rounds || completion.stop == Stop::Refusal {
                return Err(LlmError::Schema {
                    model: self.caller.model.to_string(),
                    schema: schema.name().to_owned(),
                    rounds: round,
                    errors,
                });
            }
            round += 1;
            // Empty messages are refused by both protocols.
            let said = no_longer(&completion.text, request.max_output_tokens);
            if !said.is_empty() {
                request.messages.push(Message::assistant(said));
            }
            request.messages.push(Message::user(format!(
                "That does not satisfy the schema:\n- {}\nAnswer again with the whole corrected \
                 JSON document and nothing else.",
                errors.join("\n- ")
            )));
        }
    }
}

/// As much of an answer as its limit allows by any encoding: a server that does not hold itself to it
/// is not sent its flood back.
fn no_longer(answer: &str, tokens: u32) -> &str {
    const BYTES: usize = 16;
    let most = usize::try_from(tokens).map_or(usize::MAX, |tokens| tokens.saturating_mul(BYTES));
    let end = answer.floor_char_boundary(most);
    answer.get(..end).unwrap_or(answer)
}

/// Makes a [`Client`].
#[derive(Debug, Clone)]
pub struct ClientBuilder {
    model: ModelName,
    settings: Settings,
    timeouts: Option<Timeouts>,
    retry: Retry,
    gate: Gate,
    account: Account,
    ledger: Ledger,
    cassette: Option<Cassette>,
    prices: Prices,
    tools: ToolMode,
    most_bytes: usize,
}

impl ClientBuilder {
    /// Charges calls to this account; without one, nothing is limited.
    #[must_use]
    pub fn account(mut self, account: Account) -> Self {
        self.account = account;
        self
    }

    /// Lists calls in this ledger.
    #[must_use]
    pub fn ledger(mut self, ledger: Ledger) -> Self {
        self.ledger = ledger;
        self
    }

    /// Shares limits on traffic.
    #[must_use]
    pub fn gate(mut self, gate: Gate) -> Self {
        self.gate = gate;
        self
    }

    /// Records or replays exchanges.
    #[must_use]
    pub fn cassette(mut self, cassette: Cassette) -> Self {
        self.cassette = Some(cassette);
        self
    }

    /// Sets how long things may take; unless set, [`Timeouts::of`] who serves the model.
    #[must_use]
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = Some(timeouts);
        self
    }

    /// Sets how often attempts are made again.
    #[must_use]
    pub fn retry(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }

    /// Sets what tokens cost, and how many models take.
    #[must_use]
    pub fn prices(mut self, prices: Prices) -> Self {
        self.prices = prices;
        self
    }

    /// Sets how tools are offered.
    #[must_use]
    pub fn tools(mut self, tools: ToolMode) -> Self {
        self.tools = tools;
        self
    }

    /// Sets the size in bytes of the largest answer that is read; 16 MiB unless set.
    #[must_use]
    pub fn most_bytes(mut self, bytes: usize) -> Self {
        self.most_bytes = bytes;
        self
    }

    /// Makes the client. With a cassette that only replays, neither key nor network is needed.
    ///
    /// # Errors
    /// [`LlmError::MissingKey`] and [`LlmError::Setting`] as [`Settings::endpoint`];
    /// [`LlmError::UnknownPrice`] when a budget in money could not be kept.
    pub fn build(self) -> Result<Client, LlmError> {
        let calls = self.cassette.as_ref().is_none_or(Cassette::is_recording);
        let price = self.prices.of(&self.model);
        let context_tokens = self.prices.context_tokens(&self.model);
        let provider = protocol(self.model.protocol());
        let timeouts = self
            .timeouts
            .unwrap_or_else(|| Timeouts::of(self.model.served()));
        let line = if calls {
            Some(Line::open(&self.model, &self.settings, timeouts.connect)?)
        } else {
            None
        };
        // Only OpenAI's own service is sure to know the newer name; others may ignore it silently.
        let newer =
            matches!(&line, Some(Line::Http(_, e)) if e.info().name == "openai" && e.is_default());
        let accepts = Accepts {
            tools: self.tools != ToolMode::Text,
            max_completion_tokens: newer,
            ..Accepts::all()
        };
        let caller = Caller {
            per_thousand: Arc::new(AtomicU64::new(provider.tokens_per_thousand())),
            provider,
            model: self.model,
            line,
            timeouts,
            retry: self.retry,
            gate: self.gate,
            account: self.account,
            ledger: self.ledger,
            cassette: self.cassette,
            price,
            context_tokens,
            tools_may_be_text: self.tools == ToolMode::Auto,
            most_bytes: self.most_bytes,
            accepts: Arc::new(Mutex::new(accepts)),
        };
        caller.can_keep_its_budget()?;
        Ok(Client {
            caller: Arc::new(caller),
        })
    }
}

impl Caller {
    pub(crate) fn accepts(&self) -> Accepts {
        *self.accepts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn learn(&self, accepts: Accepts) {
        *self.accepts.lock().unwrap_or_else(PoisonError::into_inner) = accepts;
    }
}
