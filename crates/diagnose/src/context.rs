//! The conversation with the model, kept within its context.

use llm::{Message, Request, Tool, ToolChoice, estimate_input};

use crate::ledger::Ledger;

/// What was said so far.
#[derive(Debug, Clone)]
pub struct Conversation {
    system: String,
    opening: String,
    exchanges: Vec<Vec<Message>>,
    tools: Vec<Tool>,
    context_tokens: u64,
    answer_tokens: u32,
    compactions: u32,
    kept: String,
}

impl Conversation {
    /// Begins with the standing instructions and the case.
    #[must_use]
    pub fn new(
        system: String,
        opening: String,
        tools: Vec<Tool>,
        context_tokens: u64,
        answer_tokens: u32,
    ) -> Self {
        Self {
            system,
            opening,
            exchanges: Vec::new(),
            tools,
            context_tokens,
            answer_tokens,
            compactions: 0,
            kept: String::new(),
        }
    }

    /// Adds an exchange: what the model said, and the answers to it.
    pub fn add(&mut self, exchange: Vec<Message>) {
        self.exchanges.push(exchange);
    }

    /// How often older exchanges were folded.
    #[must_use]
    pub fn compactions(&self) -> u32 {
        self.compactions
    }

    /// Tokens that are left for what comes next.
    #[must_use]
    pub fn room(&self) -> u64 {
        let used = estimate_input(&self.request(ToolChoice::Auto));
        self.context_tokens
            .saturating_sub(used + u64::from(self.answer_tokens))
    }

    /// Folds older exchanges until at least `room` tokens are left; the opening, the ledger and the
    /// newest exchange stay.
    pub fn fit(&mut self, room: u64, ledger: &Ledger) {
        while self.room() < room && self.exchanges.len() > 1 {
            self.exchanges.remove(0);
            self.compactions += 1;
            let opened: Vec<String> = ledger.opened().iter().map(ToString::to_string).collect();
            self.kept = format!(
                "Folded to save room. Opened so far: steps {}.\nNotes:\n{}",
                opened.join(", "),
                ledger.notes().join("\n")
            );
        }
    }

    /// The next request.
    #[must_use]
    pub fn request(&self, choice: ToolChoice) -> Request {
        let opening = if self.kept.is_empty() {
            self.opening.clone()
        } else {
            format!("{}\n\n{}", self.opening, self.kept)
        };
        let mut messages = vec![Message::user(opening)];
        messages.extend(self.exchanges.iter().flatten().cloned());
        let mut request = Request::new(messages)
            .with_system(self.system.clone())
            .with_tools(self.tools.clone())
            .with_max_output(self.answer_tokens);
        request.tool_choice = choice;
        request.temperature = Some(0.0);
        request
    }
}
