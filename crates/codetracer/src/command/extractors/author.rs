//! Who writes extractors: a model, or the person who gives a file.

use formats::learned::learn::{Author, Turn};
use llm::{BlockingClient, Cassette, Client, Message, Request, Settings};

use crate::cli::Learn;

/// The most tokens of an answer, reasoning included.
const MOST_TOKENS: u32 = 16_384;

/// A model that writes extractors.
pub(super) struct Model {
    name: String,
    client: BlockingClient,
}

impl Model {
    /// The model the arguments name, recorded or replayed where they say so.
    pub(super) fn of(name: &str, args: &Learn) -> anyhow::Result<Self> {
        let mut builder = Client::builder(name, &Settings::from_env())?;
        if let Some(path) = &args.record {
            builder = builder.cassette(Cassette::record(path)?);
        }
        if let Some(path) = &args.replay {
            builder = builder.cassette(Cassette::replay(path)?);
        }
        Ok(Self {
            name: name.to_owned(),
            client: BlockingClient::new(builder.build()?)?,
        })
    }
}

impl Author for Model {
    fn name(&self) -> String {
        format!("model {}", self.name)
    }

    fn answer(&mut self, turns: &[Turn]) -> Result<String, String> {
        let messages = turns.iter().map(|turn| {
            if turn.by_author {
                Message::assistant(&turn.text)
            } else {
                Message::user(&turn.text)
            }
        });
        let request = Request::new(messages.collect())
            .with_system("You write extractors for logs. Answer with code blocks only.")
            .with_max_output(MOST_TOKENS);
        let completion = self.client.complete(&request);
        completion
            .map(|completion| completion.text)
            .map_err(|error| error.to_string())
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
}
