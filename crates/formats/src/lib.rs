//! Finds the runs in any heap of artifacts and turns each into a trajectory.
//!
//! The way through this crate:
//!
//! 1. [`pile::Pile`] lists everything under a path: folders, files, members of archives, or one
//!    stream.
//! 2. [`find_runs`] shows every folder and file to every [`Extractor`], settles who reads what, and
//!    attaches the [`Envelope`]s (trial folders) that know a run's task and outcome.
//! 3. [`read_run`] turns one found run into a [`trace::Trajectory`] and says how much of the
//!    artifact it explained.
//!
//! Adding a layout is one folder with an [`Extractor`] and a `LAYOUT.md`, and one line in
//! [`extractors`]. Nothing here writes to the input, executes anything, or calls out.

pub mod document;
pub mod envelope;
pub mod extractor;
pub mod json;
pub mod lines;
pub mod pile;
pub mod tool;

mod calls;
mod database;
mod dialogue;
mod discover;
mod frame;
mod key;
pub mod learned;
mod provenance;
mod read;
mod sessions;
mod spans;
mod threads;
mod time;
mod transcript;

mod aider;
mod atif;
mod chat_messages;
mod claude_code;
mod claude_code_cast;
mod cline;
mod codex;
mod continue_dev;
mod copilot_cli;
mod gemini_cli;
mod goose;
mod inspect;
mod kimi_cli;
mod langfuse;
mod mini_swe_agent;
mod opencode;
mod openhands_completions;
mod openhands_conversation;
mod openhands_events;
mod openhands_output;
mod otlp;
mod pydantic_ai;
mod qwen_code;
mod smolagents;
mod swe_agent;
mod terminus;

pub use discover::{Duplicate, Found, Run, find_runs, find_runs_with};
pub use envelope::Envelope;
pub use extractor::{
    Claim, Coverage, Detection, ExtractError, Extraction, Extractor, Layout, Part, Probe, Rank,
    Share, Site,
};
pub use learned::{Learned, Reader};
pub use provenance::{Fingerprints, identity, read_with_sources};
pub use read::{ReadError, read_run};

/// Every layout that can be read, in no order of preference: detection picks by score.
#[must_use]
pub fn extractors() -> &'static [&'static dyn Extractor] {
    &[
        &aider::Aider,
        &atif::Atif,
        &chat_messages::ChatMessages,
        &claude_code::ClaudeCodeSession,
        &claude_code::ClaudeCodeStream,
        &claude_code_cast::ClaudeCodeCast,
        &cline::ClineSession,
        &cline::ClineStream,
        &cline::ClineTask,
        &codex::CodexExec,
        &codex::CodexRollout,
        &continue_dev::Continue,
        &copilot_cli::CopilotCli,
        &gemini_cli::GeminiCli,
        &gemini_cli::GeminiCliStream,
        &goose::GooseDatabase,
        &goose::GooseSession,
        &goose::GooseStream,
        &inspect::Inspect,
        &kimi_cli::KimiCli,
        &kimi_cli::KimiCliStream,
        &langfuse::Langfuse,
        &mini_swe_agent::MiniSweAgent,
        &opencode::OpencodeDatabase,
        &opencode::OpencodeExport,
        &opencode::OpencodeStorage,
        &opencode::OpencodeStream,
        &openhands_completions::OpenHandsCompletions,
        &openhands_conversation::OpenHandsConversation,
        &openhands_events::OpenHandsEvents,
        &openhands_output::OpenHandsOutput,
        &otlp::Otlp,
        &pydantic_ai::PydanticAi,
        &qwen_code::QwenCode,
        &qwen_code::QwenCodeStream,
        &smolagents::Smolagents,
        &swe_agent::SweAgent,
        &terminus::Terminus,
    ]
}

/// Every kind of trial folder that is understood.
#[must_use]
pub fn envelopes() -> &'static [&'static dyn Envelope] {
    &[
        &envelope::harbor::Harbor,
        &envelope::terminal_bench::TerminalBench,
    ]
}
