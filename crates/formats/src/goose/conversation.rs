//! Messages of a conversation, wherever they were kept.

use serde_json::Value;
use trace::{Action, Address, Observation, Ref, RefPart, Trajectory, Usage};

use super::CONTENT;
use crate::json::str_at;
use crate::transcript::{Call, Transcript};
use crate::{time, tool};

/// Gives the places of the message being read in the artifact.
pub(super) type Cite<'c> = &'c dyn Fn(RefPart) -> Vec<Ref>;

/// One message.
pub(super) struct Message<'m> {
    /// The message's id; a reply told in several messages has one.
    pub(super) id: Option<&'m str>,
    pub(super) role: &'m str,
    /// When it was written, in seconds since 1970.
    pub(super) created: Option<f64>,
    pub(super) content: &'m Value,
    pub(super) metadata: Option<&'m Value>,
}

impl<'m> Message<'m> {
    /// A message as session files, streams and exports have it.
    pub(super) fn of(record: &'m Value) -> Self {
        Self {
            id: str_at(record, "id"),
            role: str_at(record, "role").unwrap_or_default(),
            created: record.get("created").and_then(Value::as_f64),
            content: record.get("content").unwrap_or(&Value::Null),
            metadata: record.get("metadata"),
        }
    }
}

/// Builds the trajectory of one session.
#[derive(Default)]
pub(super) struct Conversation {
    transcript: Transcript,
    index: Option<u64>,
    /// Words of a reply that is streamed in pieces, and the reply's id.
    piece: Option<(String, String)>,
    /// True where messages come in pieces.
    streamed: bool,
}

impl Conversation {
    /// A conversation that is told while it goes on.
    pub(super) fn streamed() -> Self {
        Self {
            streamed: true,
            ..Self::default()
        }
    }

    /// What is known of the session as a whole, under the names of goose's own columns.
    pub(super) fn about(&mut self, session: &Value) {
        let run = self.transcript.about();
        let text = |key: &str| {
            str_at(session, key)
                .filter(|t| !t.is_empty())
                .map(str::to_owned)
        };
        run.agent = Some("goose".to_owned());
        run.session = text("id").or(run.session.take());
        run.cwd = text("working_dir").or(run.cwd.take());
        // A column holds the configuration as text.
        let config = session
            .get("model_config")
            .or_else(|| session.get("model_config_json"));
        let config = match config {
            Some(Value::String(text)) => serde_json::from_str(text).unwrap_or_default(),
            Some(config) => config.clone(),
            None => Value::Null,
        };
        run.model = str_at(&config, "model_name")
            .map(str::to_owned)
            .or(run.model.take());
        let count = |keys: [&str; 2]| keys.iter().find_map(|key| session.get(*key)?.as_u64());
        let usage = Usage {
            input_tokens: count(["accumulated_input_tokens", "input_tokens"]),
            output_tokens: count(["accumulated_output_tokens", "output_tokens"]),
            cached_tokens: None,
            cost_usd: session.get("accumulated_cost").and_then(Value::as_f64),
        };
        run.usage.fill_from(&usage);
    }

    /// The session's fields, for what a stream says at its end.
    pub(super) fn run(&mut self) -> &mut Trajectory {
        self.transcript.about()
    }

    /// Reads one message; false when a kind of its content is unknown.
    pub(super) fn message(&mut self, message: &Message<'_>, cite: Cite<'_>) -> bool {
        if message.id.is_none() || self.piece.as_ref().map(|(id, _)| id.as_str()) != message.id {
            self.end_piece();
        }
        self.index = Some(self.index.map_or(0, |index| index + 1));
        let seconds = message.created.map(|t| if t > 1e11 { t / 1e3 } else { t });
        self.transcript.at(seconds.and_then(time::from_seconds));
        let Some(content) = message.content.as_array() else {
            return false;
        };
        let visible = |key: &str| {
            let stated = message
                .metadata
                .and_then(|metadata| metadata.get(key)?.as_bool());
            stated.unwrap_or(true)
        };
        // What a compaction writes is for the model alone: a summary of what stands above.
        let told = visible("userVisible");
        let is_reply = message.role == "assistant";
        if is_reply {
            self.transcript.begin_reply(message.id);
        }
        let mut asked = Vec::new();
        let mut known = true;
        for block in content {
            let kind = str_at(block, "type").unwrap_or_default();
            let text = str_at(block, "text").unwrap_or_default();
            if kind != "text" {
                self.end_piece();
            }
            match kind {
                "text" if !told => {}
                "text" if is_reply && self.streamed => self.push_piece(message.id, text),
                "text" if is_reply => self.transcript.say(text),
                "text" => asked.push(text),
                "thinking" | "reasoning" if is_reply => {
                    self.transcript
                        .think(str_at(block, "thinking").unwrap_or(text));
                }
                "toolRequest" | "frontendToolRequest" => self.request(block, cite),
                "toolResponse" => self.response(block, cite),
                kind => known &= CONTENT.contains(&kind),
            }
        }
        if !asked.is_empty() {
            self.transcript.user(&asked.join("\n\n"));
        }
        known && !message.role.is_empty()
    }

    fn push_piece(&mut self, id: Option<&str>, text: &str) {
        let own = id.unwrap_or_default().to_owned();
        let (_, words) = self.piece.get_or_insert((own, String::new()));
        words.push_str(text);
    }

    fn end_piece(&mut self) {
        if let Some((_, words)) = self.piece.take() {
            self.transcript.say(&words);
        }
    }

    fn request(&mut self, block: &Value, cite: Cite<'_>) {
        let call = block.get("toolCall").unwrap_or(&Value::Null);
        let index = self.transcript.call(Call {
            address: Address {
                message: self.index,
                ..Address::default()
            },
            ..Call::new(str_at(block, "id"), action_of(call))
        });
        self.transcript.steps_mut()[index].refs = cite(RefPart::Action);
    }

    fn response(&mut self, block: &Value, cite: Cite<'_>) {
        let result = block.get("toolResult").unwrap_or(&Value::Null);
        let observation = observation_of(result);
        if let Some(index) = self
            .transcript
            .result(str_at(block, "id"), observation, None)
        {
            let refs = cite(RefPart::Observation);
            self.transcript.steps_mut()[index].refs.extend(refs);
        }
    }

    /// The run, and what was odd about it.
    pub(super) fn finish(mut self) -> (Trajectory, Vec<String>) {
        self.end_piece();
        let orphans = self.transcript.orphans();
        let warnings = (orphans > 0).then(|| format!("{orphans} results answer no known call"));
        (self.transcript.finish(), warnings.into_iter().collect())
    }
}

/// What a call asks for; `status` `error` is a call goose could not read.
fn action_of(call: &Value) -> Action {
    if let Some(error) = str_at(call, "error") {
        return tool::invalid("", error);
    }
    let value = call.get("value").unwrap_or(call);
    let arguments = value.get("arguments").cloned().unwrap_or_default();
    tool::action(str_at(value, "name").unwrap_or_default(), arguments)
}

fn observation_of(result: &Value) -> Observation {
    if let Some(error) = result.get("error") {
        let text = error
            .as_str()
            .map_or_else(|| error.to_string(), str::to_owned);
        return Observation {
            is_error: Some(true),
            ..Observation::text(text)
        };
    }
    let value = result.get("value").unwrap_or(result);
    let blocks = value.get("content").unwrap_or(value);
    let exit = value
        .pointer("/structuredContent/exit_code")
        .and_then(Value::as_i64);
    Observation {
        exit_status: exit.and_then(|exit| i32::try_from(exit).ok()),
        is_error: value.get("isError").and_then(Value::as_bool),
        ..Observation::text(text_for_model(blocks))
    }
}

/// The text the model got. Some tools say the same again for the person, marked by its audience.
fn text_for_model(blocks: &Value) -> String {
    let Some(blocks) = blocks.as_array() else {
        return blocks.as_str().unwrap_or_default().to_owned();
    };
    let for_model = |block: &&Value| {
        let audience = block
            .pointer("/annotations/audience")
            .and_then(Value::as_array);
        audience.is_none_or(|audience| audience.iter().any(|who| who == "assistant"))
    };
    let text_of = |block: &Value| {
        let text =
            str_at(block, "text").or(block.pointer("/resource/text").and_then(Value::as_str));
        text.map(str::to_owned)
    };
    let texts: Vec<String> = blocks
        .iter()
        .filter(for_model)
        .filter_map(text_of)
        .collect();
    texts.join("\n")
}
