//! The conversation with the model, kept within its context.
//!
//! Instructions, tools and the case never change, so that a provider can keep them in its cache. What
//! was said since is held as exchanges: what the model said with all the answers to it. They are folded
//! whole, the oldest first, so that no call is torn from its result; what was opened, quoted and noted
//! stays ([`digest`]). No model is asked for a summary: the same conversation is folded the same way.

mod digest;

use std::fmt::Write as _;

use llm::{Message, Request, Tool, ToolChoice, count_tokens, estimate_input};

pub use digest::{Digest, digest};

/// The part of the context that is left free, as a divisor: the marks a provider puts around messages
/// and tools are its secret.
const SLACK: u64 = 32;

/// The most of a context that an answer may take, as a divisor; a larger wish is cut down to it.
const ANSWER: u64 = 5;

/// Of the tokens for what is said, the share that the digest of what was folded may take, as a divisor.
const DIGEST: u64 = 4;

/// How much a model takes in and gives out, in tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The most that a request may hold with its answer.
    pub context: u64,
    /// The most that an answer may hold.
    pub answer: u32,
    /// How many tokens the model counts for a thousand of ours.
    pub per_thousand: u64,
}

impl Limits {
    /// Limits as they are asked for; the answer takes at most a fifth of the context.
    #[must_use]
    pub fn new(context: u64, answer: u32) -> Self {
        let most = u32::try_from(context / ANSWER).unwrap_or(u32::MAX);
        Self {
            context,
            answer: answer.min(most),
            per_thousand: 1000,
        }
    }

    /// What a request may hold, in tokens as we count them.
    #[must_use]
    pub fn request(&self) -> u64 {
        let kept = u64::from(self.answer) + self.context / SLACK;
        let theirs = self.context.saturating_sub(kept);
        theirs.saturating_mul(1000) / self.per_thousand.max(1)
    }
}

/// What was said so far.
#[derive(Debug, Clone)]
pub struct Conversation {
    system: String,
    opening: String,
    tools: Vec<Tool>,
    limits: Limits,
    /// Instructions, tools and case, in tokens.
    base: u64,
    exchanges: Vec<Exchange>,
    compactions: u32,
    folded: String,
}

/// What the model said, and the answers to it.
#[derive(Debug, Clone, Default)]
struct Exchange {
    messages: Vec<Message>,
    tokens: u64,
    /// It did not fit, and other words stand for it.
    lost: bool,
}

impl Exchange {
    fn new(messages: Vec<Message>) -> Self {
        let tokens = estimate_input(&Request::new(messages.clone()));
        Self {
            messages,
            tokens,
            lost: false,
        }
    }
}

impl Conversation {
    /// Begins with the standing instructions and the case.
    #[must_use]
    pub fn new(system: String, opening: String, tools: Vec<Tool>, limits: Limits) -> Self {
        let mut conversation = Self {
            system,
            opening,
            tools,
            limits,
            base: 0,
            exchanges: Vec::new(),
            compactions: 0,
            folded: String::new(),
        };
        conversation.base = estimate_input(&conversation.request(ToolChoice::Auto));
        conversation
    }

    /// Begins an exchange with what the model said; what the tools give follows by [`Self::add`].
    pub fn begin(&mut self, said: Vec<Message>) {
        self.exchanges.push(Exchange::new(said));
    }

    /// Adds to the newest exchange: the answers to what the model said.
    pub fn add(&mut self, answers: Vec<Message>) {
        let mut exchange = self.exchanges.pop().unwrap_or_default();
        exchange.messages.extend(answers);
        self.exchanges.push(Exchange::new(exchange.messages));
    }

    /// How often older exchanges were folded.
    #[must_use]
    pub fn compactions(&self) -> u32 {
        self.compactions
    }

    /// Corrects the counts upwards by what the provider counts.
    pub fn learn(&mut self, tokens_per_thousand: u64) {
        self.limits.per_thousand = self.limits.per_thousand.max(tokens_per_thousand);
    }

    /// The same conversation after another beginning.
    #[must_use]
    pub fn after(self, mut beginning: Self) -> Self {
        beginning.limits.per_thousand = self.limits.per_thousand;
        beginning.exchanges = self.exchanges;
        beginning.compactions = self.compactions;
        beginning.folded = self.folded;
        beginning
    }

    /// The most that a request may hold with its answer, in the model's tokens.
    #[must_use]
    pub fn context(&self) -> u64 {
        self.limits.context
    }

    /// The most that an answer may hold, in tokens.
    #[must_use]
    pub fn answer(&self) -> u64 {
        self.limits.answer.into()
    }

    /// Whether the newest exchange did not fit, so that nothing can be added to it.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.exchanges.last().is_some_and(|newest| newest.lost)
    }

    /// Tokens for all that is said after the case.
    #[must_use]
    pub fn span(&self) -> u64 {
        self.limits.request().saturating_sub(self.base)
    }

    /// Tokens that are left for what comes next.
    #[must_use]
    pub fn room(&self) -> u64 {
        self.span().saturating_sub(self.said())
    }

    fn said(&self) -> u64 {
        let said: u64 = self.exchanges.iter().map(|exchange| exchange.tokens).sum();
        said + count_tokens(&self.folded)
    }

    /// Makes room for `wanted` tokens: folds older exchanges into what `digest` makes of them in the
    /// tokens it is given. The newest exchange stays if it can; else `lost` stands for it.
    pub fn fit(&mut self, wanted: u64, digest: impl Fn(u64) -> String, lost: &str) {
        let fits = |talk: &Self| talk.said() + wanted <= talk.span();
        if fits(self) {
            return;
        }
        let share = self.span() / DIGEST;
        // Half of all is made free, so that the next folding is some turns away.
        let target = wanted.max(self.span() / 2);
        if self.exchanges.len() > 1 {
            self.compactions += 1;
            self.folded = digest(share);
            while self.room() < target && self.exchanges.len() > 1 {
                self.exchanges.remove(0);
            }
        }
        if !fits(self)
            && let Some(newest) = self.exchanges.last_mut()
        {
            // Whole, since neither a call nor its arguments can be cut.
            *newest = Exchange {
                lost: true,
                ..Exchange::new(vec![Message::user(lost)])
            };
            self.compactions += 1;
            self.folded = digest(share);
        }
    }

    /// The next request.
    #[must_use]
    pub fn request(&self, choice: ToolChoice) -> Request {
        let mut messages = vec![Message::user(self.case())];
        let said = self.exchanges.iter();
        messages.extend(said.flat_map(|exchange| &exchange.messages).cloned());
        Request {
            tool_choice: choice,
            temperature: Some(0.0),
            ..Request::new(messages)
                .with_system(self.system.clone())
                .with_tools(self.tools.clone())
                .with_max_output(self.limits.answer)
        }
    }

    /// A last request without tools: what was called and given is told in words, since a conversation
    /// with calls needs the tools it calls. Ends with `words`.
    #[must_use]
    pub fn closing(&self, words: &str) -> Request {
        let mut messages = vec![Message::user(self.case())];
        for message in self.exchanges.iter().flat_map(|e| &e.messages) {
            match message {
                Message::Assistant { text, calls, .. } => {
                    let mut said = text.clone();
                    for call in calls {
                        // Writing to a string cannot fail.
                        let _ = write!(said, "\n[{} {}]", call.name, call.raw);
                    }
                    messages.push(Message::assistant(said.trim_start().to_owned()));
                }
                Message::Tool(result) => say(&mut messages, &result.text),
                Message::User(text) => say(&mut messages, text),
            }
        }
        say(&mut messages, words);
        Request {
            temperature: Some(0.0),
            ..Request::new(messages)
                .with_system(self.system.clone())
                .with_max_output(self.limits.answer)
        }
    }

    fn case(&self) -> String {
        if self.folded.is_empty() {
            self.opening.clone()
        } else {
            format!("{}\n{}", self.opening, self.folded)
        }
    }
}

/// Adds words of the user, to the message before where that is theirs: roles take turns.
fn say(messages: &mut Vec<Message>, words: &str) {
    if let Some(Message::User(text)) = messages.last_mut() {
        text.push_str("\n\n");
        text.push_str(words);
    } else {
        messages.push(Message::user(words));
    }
}

#[cfg(test)]
mod tests;
