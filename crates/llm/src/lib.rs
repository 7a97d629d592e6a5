//! Messages to completions: clients for language models, budgets, recorded calls.
//!
//! Two protocols are written here by hand, each behind the seam [`Provider`]: OpenAI-compatible
//! chat completions (`openai`, and with it Ollama, vLLM, llama.cpp, OpenRouter and LiteLLM) and
//! Anthropic Messages. A third is our own, for a program that is started for each call (`exec:`) and
//! for whoever answers files in a folder (`file:`); see [`ModelName`]. Around them stand what every
//! tenant needs and none should write again:
//!
//! * [`Settings`]: names, keys and addresses from the usual variables and a `.env` file;
//! * [`Client`]: timeouts, retries, rate limits, tool calls (native, or fenced text for models that
//!   have none), answers that satisfy a JSON schema;
//! * [`Account`]: a [`Budget`] in tokens, money, calls and seconds, checked before every call; one
//!   may be part of another;
//! * [`Ledger`]: what each call cost;
//! * [`Cassette`]: every exchange recorded, and replayed byte for byte without network or key.
//!
//! ```no_run
//! use llm::{Account, Budget, Client, Message, Request, Settings};
//!
//! # async fn example() -> Result<(), llm::LlmError> {
//! let account = Account::new(Budget { cost_usd: Some(0.50), ..Budget::default() });
//! let client = Client::builder("anthropic/claude-sonnet-5", &Settings::from_env())?
//!     .account(account.clone())
//!     .build()?;
//! let request = Request::new(vec![Message::user("Name the step that broke the build.")]);
//! let completion = client.complete(&request).await?;
//! println!("{} ({} tokens)", completion.text, completion.usage.total());
//! # Ok(())
//! # }
//! ```
//!
//! A key is never taken from the command line, never logged, and never part of an error, a `Debug`
//! text or a cassette. Nothing here asks which tenant is calling: this crate imports none of ours.

mod accepts;
mod answer;
mod anthropic;
mod attempt;
mod blocking;
mod budget;
mod cassette;
mod client;
mod count;
mod endpoint;
mod error;
mod folder;
mod gate;
mod ledger;
mod line;
mod message;
mod model;
mod openai;
mod price;
mod process;
mod program;
mod provider;
mod retry;
mod schema;
mod settings;
pub mod sse;
mod text_tools;
mod tool_check;
mod transport;
mod usage;

pub use accepts::Accepts;
pub use blocking::BlockingClient;
pub use budget::{Account, Budget, BudgetExhausted, Limit, Spent};
pub use cassette::{Cassette, request_key};
pub use client::{Client, ClientBuilder, Structured, ToolMode};
pub use count::{count_tokens, estimate_input};
pub use endpoint::{Endpoint, Secret};
pub use error::{CallSite, LlmError, Wait};
pub use gate::{Gate, Limits};
pub use ledger::{CallRecord, Ledger};
pub use message::{
    Completion, Delta, Effort, Message, Request, Stop, Tool, ToolCall, ToolChoice, ToolFault,
    ToolResult,
};
pub use model::{ModelName, Served};
pub use price::{LongPrice, Price, Prices};
pub use provider::{BadAnswer, Provider, StreamReader, protocol};
pub use retry::Retry;
pub use schema::OutputSchema;
pub use settings::{Protocol, ProviderInfo, Settings, providers};
pub use text_tools::parse as parse_text_calls;
pub use transport::Timeouts;
pub use usage::Usage;
