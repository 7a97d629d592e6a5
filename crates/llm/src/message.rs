//! What is sent to a model and what comes back, whatever the protocol.

use serde_json::{Map, Value};

use crate::schema::OutputSchema;
use crate::usage::Usage;

/// One message of a conversation. The system's words are in [`Request::system`].
#[derive(Debug, Clone, PartialEq)]
pub enum Message {
    /// Words of the user.
    User(String),
    /// An earlier answer of the model, see [`Completion::message`].
    Assistant {
        /// Its words.
        text: String,
        /// Tools it called; each must be answered by a [`Message::Tool`] before the next user's words.
        calls: Vec<ToolCall>,
        /// Blocks the provider wants back unchanged.
        native: Vec<Value>,
    },
    /// What a tool gave.
    Tool(ToolResult),
}

impl Message {
    /// Words of the user.
    pub fn user(text: impl Into<String>) -> Self {
        Self::User(text.into())
    }

    /// Words of the model without tool calls.
    pub fn assistant(text: impl Into<String>) -> Self {
        Self::Assistant {
            text: text.into(),
            calls: Vec::new(),
            native: Vec::new(),
        }
    }

    /// The result of a tool call.
    pub fn tool(call: &ToolCall, text: impl Into<String>) -> Self {
        Self::Tool(ToolResult {
            call_id: call.id.clone(),
            name: call.name.clone(),
            text: text.into(),
            failed: false,
        })
    }

    /// Why a tool call failed or could not be understood ([`ToolFault`]); the model may try again.
    pub fn tool_failure(call: &ToolCall, reason: impl Into<String>) -> Self {
        match Self::tool(call, reason) {
            Self::Tool(result) => Self::Tool(ToolResult {
                failed: true,
                ..result
            }),
            other => other,
        }
    }
}

/// What a tool gave to one call.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolResult {
    /// [`ToolCall::id`].
    pub call_id: String,
    /// The tool's name.
    pub name: String,
    /// What it gave, or why it failed.
    pub text: String,
    /// Whether it failed.
    pub failed: bool,
}

/// A tool the model may call.
#[derive(Debug, Clone, PartialEq)]
pub struct Tool {
    /// Letters, digits, `_` and `-`, at most 64 of them: what both protocols allow.
    pub name: String,
    /// What it does, for the model.
    pub description: String,
    /// The JSON schema of its arguments, an object.
    pub parameters: Value,
}

/// Whether tools may or must be called.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum ToolChoice {
    /// As the model likes.
    #[default]
    Auto,
    /// None, though earlier messages hold calls.
    None,
    /// At least one.
    Required,
    /// The one of this name.
    Named(String),
}

/// How much a model is to think before it answers. What it thinks is paid for as what it writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effort {
    /// Little: cheap and fast.
    Low,
    /// Some.
    Medium,
    /// Much.
    High,
}

impl Effort {
    /// The word that both protocols have for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// A call of a tool by the model.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolCall {
    /// The provider's id of the call; where it gives none, `call_` and a number.
    pub id: String,
    /// The tool's name, as the model wrote it.
    pub name: String,
    /// The arguments as the model wrote them.
    pub raw: String,
    /// The arguments, checked: an offered tool, and arguments its schema allows. Otherwise the
    /// reason, to be sent back with [`Message::tool_failure`].
    pub arguments: Result<Map<String, Value>, ToolFault>,
}

/// What is wrong with a tool call; the text is written for the model.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ToolFault {
    /// No tool of that name was offered.
    #[error("there is no tool `{name}`; the tools are: {}", .offered.join(", "))]
    UnknownTool {
        /// As the model wrote it.
        name: String,
        /// The tools there are.
        offered: Vec<String>,
    },
    /// The arguments, or the fenced block that holds the call, are not what was agreed.
    #[error("the call cannot be read: {0}")]
    Unreadable(String),
    /// The tool's schema does not allow the arguments.
    #[error("the arguments of `{name}` are wrong: {}", .errors.join("; "))]
    WrongArguments {
        /// The tool.
        name: String,
        /// One line for each mistake.
        errors: Vec<String>,
    },
}

/// A request for one completion.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// Standing instructions.
    pub system: Option<String>,
    /// The conversation, oldest first.
    pub messages: Vec<Message>,
    /// Tools the model may call.
    pub tools: Vec<Tool>,
    /// Whether it may or must.
    pub tool_choice: ToolChoice,
    /// The schema the answer must satisfy; see also `Client::complete_json`, which checks it.
    pub schema: Option<OutputSchema>,
    /// The most tokens the model may write, reasoning included. Budgets reckon with all of them.
    pub max_output_tokens: u32,
    /// Sampling temperature; left out where the model refuses it.
    pub temperature: Option<f64>,
    /// How much to think; as the provider likes unless set, and left out where the model refuses it.
    pub effort: Option<Effort>,
    /// Whether to ask the provider to keep the prompt in its cache, where that must be asked for.
    pub cache: bool,
}

impl Request {
    /// A request with 4,096 output tokens, caching on, and nothing else set.
    #[must_use]
    pub fn new(messages: Vec<Message>) -> Self {
        Self {
            system: None,
            messages,
            tools: Vec::new(),
            tool_choice: ToolChoice::Auto,
            schema: None,
            max_output_tokens: 4096,
            temperature: None,
            effort: None,
            cache: true,
        }
    }

    /// Whether the model must call a tool.
    pub(crate) fn forces_tools(&self) -> bool {
        let forced = matches!(
            self.tool_choice,
            ToolChoice::Required | ToolChoice::Named(_)
        );
        forced && !self.tools.is_empty()
    }

    /// The same with standing instructions.
    #[must_use]
    pub fn with_system(mut self, system: impl Into<String>) -> Self {
        self.system = Some(system.into());
        self
    }

    /// The same with tools.
    #[must_use]
    pub fn with_tools(mut self, tools: Vec<Tool>) -> Self {
        self.tools = tools;
        self
    }

    /// The same with another limit of output tokens.
    #[must_use]
    pub fn with_max_output(mut self, tokens: u32) -> Self {
        self.max_output_tokens = tokens;
        self
    }
}

/// Why the model stopped.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Stop {
    /// It was done.
    #[default]
    End,
    /// It waits for tools.
    Tools,
    /// It reached the limit of output tokens, so that the answer is cut.
    Length,
    /// It, or a filter before it, refused.
    Refusal,
    /// Something else, in the provider's word.
    Other(String),
}

/// A model's answer.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Completion {
    /// Its words.
    pub text: String,
    /// Its reasoning, where the provider shows it.
    pub reasoning: String,
    /// The tools it calls.
    pub calls: Vec<ToolCall>,
    /// Why it stopped.
    pub stop: Stop,
    /// What it used.
    pub usage: Usage,
    /// The model that answered, in the provider's word, which may be more exact than what was asked.
    pub model: String,
    /// The provider's id of the answer.
    pub id: String,
    /// Blocks the provider wants back unchanged in the next request.
    pub native: Vec<Value>,
}

impl Completion {
    /// The answer as a message of the conversation that goes on.
    #[must_use]
    pub fn message(&self) -> Message {
        Message::Assistant {
            text: self.text.clone(),
            calls: self.calls.clone(),
            native: self.native.clone(),
        }
    }
}

/// A piece of an answer, as it arrives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delta {
    /// Words.
    Text(String),
    /// Reasoning.
    Reasoning(String),
    /// A tool call begins.
    ToolCall {
        /// The tool's name.
        name: String,
    },
}
