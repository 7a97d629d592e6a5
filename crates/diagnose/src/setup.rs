//! How a run is put before a model.

/// What the caller decides. Ablations are fields here, not other programs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setup {
    /// How the model is asked.
    pub method: Method,
    /// What the model is not given.
    pub without: Without,
    /// The most tokens a request may hold, the answer's room included.
    pub context_tokens: u64,
    /// The most tokens of one answer.
    pub answer_tokens: u32,
    /// How many turns of tool calls the model has before it must conclude.
    pub turns: u32,
    /// How often a conclusion that does not stand the check goes back.
    pub repairs: u32,
    /// Hide the recorded outcome.
    pub blind: bool,
}

impl Default for Setup {
    /// The agent with everything, within 32,000 tokens of context, 12 turns and 2 repairs.
    fn default() -> Self {
        Self {
            method: Method::Agent,
            without: Without::default(),
            context_tokens: 32_000,
            answer_tokens: 2_048,
            turns: 12,
            repairs: 2,
            blind: false,
        }
    }
}

/// How a model is asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Method {
    /// It navigates the run with tools.
    #[default]
    Agent,
    /// It reads the whole run in one prompt, cut to fit.
    Direct,
}

impl Method {
    /// The name as it stands in documents: `agent`, `direct`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Direct => "direct",
        }
    }
}

/// What a model is not given, to measure what it is worth.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Without {
    /// The trace tree.
    pub tree: bool,
    /// The offline diagnosis, and the tools that speak of its signals.
    pub offline: bool,
    /// Lessons of earlier runs.
    pub memory: bool,
}

impl Without {
    /// The names of what is left out, in the order of the fields.
    #[must_use]
    pub fn names(self) -> Vec<String> {
        let all = [
            (self.tree, "tree"),
            (self.offline, "offline"),
            (self.memory, "memory"),
        ];
        let left = all.into_iter().filter(|(without, _)| *without);
        left.map(|(_, name)| name.to_owned()).collect()
    }
}
