//! The words layouts use for the same few things, and what values look like.
//!
//! Names are evidence, never proof: every guess they support is checked against the values. A name is
//! compared without case and punctuation, so `toolCallId`, `tool_call_id` and `tool-call-id` are
//! one.

use crate::learned::path::{Path, Segment};

/// The letters and digits of a name, in lower case.
pub(super) fn plain(name: &str) -> String {
    name.chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect()
}

/// How well `name` fits a list, best words first: 1 for the first, falling to 0.3 for the last, 0 when it
/// is not in it.
pub(super) fn fit(name: &str, words: &[&str]) -> f64 {
    let name = plain(name);
    let Some(at) = words.iter().position(|word| *word == name) else {
        return 0.0;
    };
    #[expect(clippy::cast_precision_loss, reason = "lists are short")]
    let rank = at as f64 / words.len() as f64;
    1.0 - 0.7 * rank
}

/// [`fit`] of the last name on a path, or of the last two as one.
pub(super) fn path_fit(path: &Path, words: &[&str]) -> f64 {
    let mut keys = path
        .segments()
        .iter()
        .rev()
        .filter_map(|segment| match segment {
            Segment::Key(key) => Some(key.as_str()),
            _ => None,
        });
    let Some(last) = keys.next() else { return 0.0 };
    let both = keys
        .next()
        .map_or(0.0, |outer| fit(&format!("{outer}{last}"), words));
    fit(last, words).max(both)
}

/// Fields that hold the arguments of a call.
pub(super) const ARGUMENTS: &[&str] = &[
    "arguments",
    "args",
    "toolinput",
    "input",
    "parsedargs",
    "parameters",
    "params",
    "toolargs",
    "toolarguments",
    "functionargs",
    "actioninput",
    "rawinput",
    "kwargs",
    "inputs",
    "inputvalue",
    "options",
    "request",
    "payload",
];

/// Fields that hold a command as text.
pub(super) const COMMANDS: &[&str] = &[
    "command",
    "cmd",
    "action",
    "keystrokes",
    "script",
    "bash",
    "shell",
    "code",
    "commandline",
    "input",
];

/// Fields that hold the name of a tool.
pub(super) const TOOL_NAMES: &[&str] = &[
    "toolname",
    "functionname",
    "tool",
    "name",
    "function",
    "recipientname",
    "toolid",
    "action",
    "actiontype",
    "commandname",
    "kind",
    "type",
    "title",
    "method",
    "op",
];

/// Fields that hold the text of a result.
pub(super) const OUTPUTS: &[&str] = &[
    "output",
    "result",
    "observation",
    "observations",
    "toolresult",
    "tooloutput",
    "aggregatedoutput",
    "stdout",
    "returnvalue",
    "response",
    "results",
    "content",
    "text",
    "outputvalue",
    "actionoutput",
    "executionresult",
    "data",
    "value",
    "message",
    "body",
    "out",
    "resultdisplay",
];

/// Fields that hold an exit status.
pub(super) const EXITS: &[&str] = &[
    "exitcode",
    "returncode",
    "exitstatus",
    "exit",
    "retcode",
    "rc",
    "code",
];

/// Fields that say that a call failed when they are true.
pub(super) const FAILURES: &[&str] = &["iserror", "error", "failed", "isfailed", "haserror"];

/// Fields that say that a call failed when they are false.
pub(super) const SUCCESSES: &[&str] = &["success", "ok", "succeeded", "issuccess"];

/// Fields that tell how a call went in a word.
pub(super) const STATES: &[&str] = &["status", "state", "outcome", "level"];

/// Words for a call that failed.
pub(super) const FAILED: &[&str] = &[
    "error",
    "failed",
    "failure",
    "errored",
    "cancelled",
    "canceled",
    "rejected",
    "denied",
    "aborted",
    "timeout",
];

/// Fields that hold hidden reasoning.
pub(super) const REASONING: &[&str] = &[
    "reasoningcontent",
    "reasoning",
    "thinking",
    "reasoningtext",
    "thoughts",
    "think",
    "chainofthought",
    "cot",
    "analysis",
];

/// Fields that hold what the agent said before it acted.
pub(super) const THOUGHTS: &[&str] = &[
    "thought",
    "message",
    "response",
    "modeloutput",
    "text",
    "content",
    "plan",
    "explanation",
    "rationale",
    "commentary",
];

/// Fields that hold words in a message.
pub(super) const WORDS: &[&str] = &[
    "content", "text", "parts", "message", "value", "body", "markdown", "prompt", "msg",
];

/// Fields that hold the time of a record.
pub(super) const TIMES: &[&str] = &[
    "timestamp",
    "starttime",
    "startedat",
    "starttimeunixnano",
    "time",
    "ts",
    "createdat",
    "created",
    "timecreated",
    "createdtimestamp",
    "datetime",
    "date",
    "at",
    "when",
];

/// Fields that name a session.
pub(super) const SESSIONS: &[&str] = &[
    "sessionid",
    "traceid",
    "conversationid",
    "runid",
    "threadid",
    "chatid",
    "trajectoryid",
    "episodeid",
];

/// Fields that name a sub-agent or the call that started it.
pub(super) const THREADS: &[&str] = &[
    "parenttooluseid",
    "parenttoolcallid",
    "subagentid",
    "agentid",
    "parentcallid",
];

/// Fields that name a reply of the model.
pub(super) const REPLIES: &[&str] = &[
    "llmresponseid",
    "responseid",
    "messageid",
    "completionid",
    "generationid",
    "requestid",
    "turnid",
];

/// Fields that name the model, the agent, the folder.
pub(super) const MODELS: &[&str] = &["model", "modelname", "modelid"];
pub(super) const AGENTS: &[&str] = &["agentname", "agent", "assistantname"];
pub(super) const FOLDERS: &[&str] = &["cwd", "workdir", "workingdirectory", "workingdir"];

/// Fields that count tokens and money.
pub(super) const INPUT_TOKENS: &[&str] = &[
    "inputtokens",
    "prompttokens",
    "ninputtokens",
    "prompttokencount",
    "inputtokencount",
];
pub(super) const CACHED_TOKENS: &[&str] = &[
    "cachedtokens",
    "cachereadinputtokens",
    "cachedinputtokens",
    "cachedcontenttokencount",
    "cachereadtokens",
    "cached",
];
pub(super) const OUTPUT_TOKENS: &[&str] = &[
    "outputtokens",
    "completiontokens",
    "noutputtokens",
    "candidatestokencount",
    "outputtokencount",
];
pub(super) const COSTS: &[&str] = &["costusd", "cost", "totalcost", "responsecost"];

/// Fields whose value tells what kind of thing a record is.
pub(super) const KINDS: &[&str] = &[
    "type",
    "role",
    "kind",
    "event",
    "eventtype",
    "recordtype",
    "messagetype",
    "say",
    "source",
    "sender",
    "speaker",
    "from",
    "author",
    "observation",
    "action",
    "operationname",
    "spankind",
    "subtype",
    "category",
    "op",
    "method",
    "sessionupdate",
];

/// Fields with few values that tell something else: how it went, who wrote it, where.
pub(super) const NO_KINDS: &[&str] = &[
    "status",
    "state",
    "level",
    "name",
    "tool",
    "toolname",
    "functionname",
    "function",
    "title",
    "model",
    "modelname",
    "version",
    "language",
    "finishreason",
    "stopreason",
    "cwd",
    "gitbranch",
    "usertype",
    "decision",
    "provider",
    "agentname",
    "iserror",
    "success",
    "usage",
];

/// Words for the one who asks.
const USERS: &[&str] = &[
    "user",
    "human",
    "customer",
    "usermessage",
    "userprompt",
    "prompt",
    "request",
    "task",
];

/// Words for the agent.
const AGENT_ROLES: &[&str] = &[
    "assistant",
    "ai",
    "agent",
    "model",
    "bot",
    "gemini",
    "gpt",
    "claude",
    "assistantmessage",
    "agentmessage",
    "aimessage",
    "llm",
    "modelmessage",
    "assistantresponse",
    "agentresponse",
    "modelresponse",
    "reply",
    "answer",
    "completion",
    "generation",
    "chatcompletion",
    "finalanswer",
];

/// Words for what answers a call.
const ANSWERS: &[&str] = &[
    "tool",
    "function",
    "environment",
    "env",
    "observation",
    "observations",
    "toolresult",
    "tooloutput",
    "toolresponse",
    "functioncalloutput",
    "functionresponse",
    "functionresult",
    "toolmessage",
    "result",
    "output",
    "toolcallresult",
    "toolcallend",
    "toolend",
    "toolcomplete",
    "execresult",
    "commandoutput",
    "commandresult",
    "toolreturn",
    "ipython",
];

/// Words for hidden reasoning.
const THINKING: &[&str] = &[
    "thinking",
    "reasoning",
    "thought",
    "think",
    "analysis",
    "agentreasoning",
];

/// Words for what sets the scene.
const SYSTEMS: &[&str] = &["system", "developer", "systemprompt", "instructions"];

/// Who speaks in a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Speaker {
    /// The one who asks.
    User,
    /// The agent.
    Agent,
    /// The agent to itself.
    Thought,
    /// What answers a call.
    Tool,
    /// What sets the scene.
    System,
}

/// Whom a value of a kind field names.
pub(super) fn speaker(value: &str) -> Option<Speaker> {
    let word = plain(value);
    let is = |words: &[&str]| words.contains(&word.as_str());
    if is(USERS) {
        Some(Speaker::User)
    } else if is(AGENT_ROLES) {
        Some(Speaker::Agent)
    } else if is(ANSWERS) {
        Some(Speaker::Tool)
    } else if is(THINKING) {
        Some(Speaker::Thought)
    } else if is(SYSTEMS) {
        Some(Speaker::System)
    } else {
        None
    }
}
