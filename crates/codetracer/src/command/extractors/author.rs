//! Who writes extractors: a model, or the person who gives a file.

use formats::learned::learn::{Author, Turn};
use llm::{Account, BlockingClient, Budget, Cassette, Client, Message, Request, Settings};

use crate::cli::Learn;
use crate::output::Output;

/// What would be sent to a model first, as people read it.
pub(super) fn shown(question: &str) -> String {
    format!("{SYSTEM}\n\n{question}")
}

/// The most tokens of an answer, reasoning included.
const MOST_TOKENS: u32 = 16_384;

/// What a model is told before the task.
const SYSTEM: &str = "You write extractors for logs. Answer with code blocks only.";

/// A model that writes extractors.
pub(super) struct Model<'o> {
    name: String,
    client: BlockingClient,
    /// Where progress is told.
    output: &'o Output,
}

impl<'o> Model<'o> {
    /// The model the arguments name, within their budget, recorded or replayed where they say so.
    pub(super) fn of(name: &str, args: &Learn, output: &'o Output) -> anyhow::Result<Self> {
        let budget = Budget {
            tokens: args.max_tokens,
            cost_usd: args.max_cost,
            ..Budget::default()
        };
        let mut builder =
            Client::builder(name, &Settings::from_env())?.account(Account::new(budget));
        if let Some(path) = &args.record {
            builder = builder.cassette(Cassette::record(path)?);
        }
        if let Some(path) = &args.replay {
            builder = builder.cassette(Cassette::replay(path)?);
        }
        Ok(Self {
            name: name.to_owned(),
            client: BlockingClient::new(builder.build()?)?,
            output,
        })
    }
}

impl Author for Model<'_> {
    fn name(&self) -> String {
        format!("model {}", self.name)
    }

    fn answer(&mut self, turns: &[Turn]) -> Result<String, String> {
        let round = turns.len() / 2 + 1;
        let sent: usize = turns.iter().map(|turn| turn.text.len()).sum();
        self.output.note(&format!(
            "round {round}: asking {} with {} KB …",
            self.name,
            sent.div_ceil(1024)
        ));
        let messages = turns.iter().map(|turn| {
            if turn.by_author {
                // Empty messages are refused by both protocols.
                let said = if turn.text.trim().is_empty() {
                    "(no answer)"
                } else {
                    &turn.text
                };
                Message::assistant(said)
            } else {
                Message::user(&turn.text)
            }
        });
        let request = Request::new(messages.collect())
            .with_system(SYSTEM)
            .with_max_output(MOST_TOKENS);
        let completion = self
            .client
            .complete(&request)
            .map_err(|error| error.to_string())?;
        let total = self.client.client().account().spent();
        self.output.note(&format!(
            "round {round}: {} KB came back; {} tokens and {:.4} US dollars so far",
            completion.text.len().div_ceil(1024),
            total.tokens,
            total.cost_usd
        ));
        Ok(completion.text)
    }
}

/// A program somebody wrote, in one file.
pub(super) struct Hand(pub(super) Option<String>);

impl Author for Hand {
    fn name(&self) -> String {
        "hand".to_owned()
    }

    fn answer(&mut self, _turns: &[Turn]) -> Result<String, String> {
        // One answer is all there is.
        self.0
            .take()
            .ok_or_else(|| "the program was refused".to_owned())
    }

    fn is_replaceable(&self) -> bool {
        false
    }
}
