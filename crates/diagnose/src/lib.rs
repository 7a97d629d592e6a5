//! The diagnosing agent: a language model navigates a run with read-only tools, pays little, and
//! proves every word.
//!
//! [`diagnose`] starts from the offline diagnosis and from the trace tree folded into few tokens
//! ([`fold`]), lets the model open what it wants to see ([`mod@tool`]), and takes its [`Conclusion`]
//! only as far as it stands the [`check`]: every claim cites a step that was opened and words that are
//! there. What comes out is the same document the offline engine writes, with an account of the
//! inquiry. Where the model fails, the offline verdict stands and the document says so.
//!
//! Text of the run is hostile: it is fenced as data ([`fence`]), goes through `redact`, and nothing in
//! it can reach a tool, since the tools only read.
//!
//! * [`agent`]: the loop. [`direct`]: the baseline that shows the run in one prompt.
//! * [`subject`]: the run as the tools see it. [`ledger`]: what was opened.
//! * [`context`]: the conversation, kept within the model's context.
//! * [`memory`]: lessons across runs.
//! * [`prompt`]: the words. [`write`](mod@write): the document.

pub mod agent;
pub mod check;
pub mod conclusion;
pub mod context;
pub mod direct;
pub mod fence;
pub mod fold;
pub mod ledger;
pub mod memory;
pub mod prompt;
pub mod quotation;
pub mod setup;
pub mod subject;
pub mod tool;
pub mod write;

pub use agent::{Diagnosed, diagnose};
pub use conclusion::Conclusion;
pub use ledger::Ledger;
pub use setup::{Method, Setup, Without};
pub use subject::Subject;
pub use tool::{Tool, tools};
