//! A request, read the same way for both protocols.

use llm::count_tokens;
use serde_json::Value;

use crate::Protocol;
use crate::wire::Received;

/// A request as it arrived.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// Its place among all requests to this server, from 1.
    pub number: usize,
    /// The protocol it is written in.
    pub protocol: Protocol,
    /// Where it was sent.
    pub path: String,
    /// Its headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The whole of it; null when it is no JSON.
    pub body: Value,
    /// The model asked for, without the provider.
    pub model: String,
    /// The standing instructions.
    pub system: String,
    /// The conversation; neighbours of one role are one turn, and what tools gave belongs to the
    /// user's turn.
    pub messages: Vec<AskedTurn>,
    /// The round of the conversation: one more than the model has spoken before.
    pub round: usize,
    /// The names of the tools offered.
    pub tools: Vec<String>,
    /// The schemas of their arguments, in the same order.
    pub tool_schemas: Vec<Value>,
    /// The schema the answer must satisfy.
    pub schema: Option<Value>,
    /// Whether the answer is to be streamed.
    pub streaming: bool,
    /// The most tokens that may be answered.
    pub max_output: Option<u64>,
}

/// What one side said in its turn.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AskedTurn {
    /// `user` or `assistant`.
    pub role: String,
    /// The words; those of several messages are divided by an empty line.
    pub text: String,
    /// The tools the model called.
    pub calls: Vec<AskedCall>,
    /// What tools gave.
    pub results: Vec<AskedResult>,
}

/// An earlier call of a tool, as it was sent back.
#[derive(Debug, Clone, PartialEq)]
pub struct AskedCall {
    /// Its id.
    pub id: String,
    /// The tool.
    pub name: String,
    /// The arguments; the text itself where it is no JSON.
    pub arguments: Value,
}

/// What a tool gave.
#[derive(Debug, Clone, PartialEq)]
pub struct AskedResult {
    /// The id of the call.
    pub call_id: String,
    /// What it gave, or why it failed.
    pub text: String,
    /// Whether it failed.
    pub failed: bool,
}

impl Asked {
    pub(crate) fn new(number: usize, protocol: Protocol, received: Received) -> Self {
        let Received {
            path,
            headers,
            body,
        } = received;
        let mut turns = Turns::default();
        match protocol {
            Protocol::OpenAi => turns.read_openai(&body),
            Protocol::Anthropic => turns.read_anthropic(&body),
        }
        let Turns { system, turns } = turns;
        let tool = |tool: &Value| match protocol {
            Protocol::OpenAi => (
                string(&tool["function"]["name"]),
                tool["function"]["parameters"].clone(),
            ),
            Protocol::Anthropic => (string(&tool["name"]), tool["input_schema"].clone()),
        };
        let (tools, tool_schemas) = array(&body["tools"]).iter().map(tool).unzip();
        let schema = match protocol {
            Protocol::OpenAi => &body["response_format"]["json_schema"]["schema"],
            Protocol::Anthropic => &body["output_config"]["format"]["schema"],
        };
        let limit = ["max_tokens", "max_completion_tokens"];
        Self {
            number,
            protocol,
            path,
            headers,
            model: string(&body["model"]),
            system,
            round: 1 + turns.iter().filter(|t| t.role == "assistant").count(),
            messages: turns,
            tools,
            tool_schemas,
            schema: Some(schema.clone()).filter(|schema| !schema.is_null()),
            streaming: body["stream"] == true,
            max_output: limit.iter().find_map(|name| body[name].as_u64()),
            body,
        }
    }

    /// A header by its name in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The words of the last turn.
    #[must_use]
    pub fn last_text(&self) -> &str {
        self.messages.last().map_or("", |turn| &turn.text)
    }

    /// What tools gave in the last turn.
    #[must_use]
    pub fn last_results(&self) -> &[AskedResult] {
        self.messages.last().map_or(&[], |turn| &turn.results)
    }

    /// Everything the model is shown: instructions, words and what tools gave, in their order.
    #[must_use]
    pub fn shown(&self) -> String {
        let mut all = self.system.clone();
        for turn in &self.messages {
            let texts = turn.results.iter().map(|result| &result.text);
            for text in texts.chain([&turn.text]) {
                all.push('\n');
                all.push_str(text);
            }
        }
        all
    }

    /// The tokens of the prompt in OpenAI's `o200k` encoding, tools and schema included.
    #[must_use]
    pub fn prompt_tokens(&self) -> u64 {
        const AROUND: u64 = 4;
        let mut sum = count_tokens(&self.system) + AROUND;
        for turn in &self.messages {
            sum += count_tokens(&turn.text) + AROUND;
            for call in &turn.calls {
                sum += count_tokens(&call.name) + count_tokens(&call.arguments.to_string());
            }
            for result in &turn.results {
                sum += count_tokens(&result.text) + AROUND;
            }
        }
        for tool in array(&self.body["tools"]) {
            let function = tool.get("function").unwrap_or(tool);
            sum += count_tokens(&string(&function["description"])) + AROUND;
        }
        let schemas = self.tool_schemas.iter().chain(&self.schema);
        let names = self.tools.iter().map(|name| count_tokens(name));
        sum + names.sum::<u64>()
            + schemas
                .map(|schema| count_tokens(&schema.to_string()))
                .sum::<u64>()
    }
}

#[derive(Default)]
struct Turns {
    system: String,
    turns: Vec<AskedTurn>,
}

impl Turns {
    fn turn(&mut self, role: &str) -> &mut AskedTurn {
        if self.turns.last().is_none_or(|last| last.role != role) {
            self.turns.push(AskedTurn {
                role: role.to_owned(),
                ..AskedTurn::default()
            });
        }
        let last = self.turns.len() - 1;
        &mut self.turns[last]
    }

    fn read_openai(&mut self, body: &Value) {
        for message in array(&body["messages"]) {
            let text = text(&message["content"]);
            match message["role"].as_str().unwrap_or_default() {
                "system" | "developer" => add(&mut self.system, &text),
                "tool" => {
                    // The protocol has no mark for a failure; the client writes it as a word.
                    let reason = text.strip_prefix("Error: ");
                    let result = AskedResult {
                        call_id: string(&message["tool_call_id"]),
                        text: reason.unwrap_or(&text).to_owned(),
                        failed: reason.is_some(),
                    };
                    self.turn("user").results.push(result);
                }
                role => {
                    let turn = self.turn(role);
                    add(&mut turn.text, &text);
                    for call in array(&message["tool_calls"]) {
                        let written = string(&call["function"]["arguments"]);
                        turn.calls.push(AskedCall {
                            id: string(&call["id"]),
                            name: string(&call["function"]["name"]),
                            arguments: serde_json::from_str(&written)
                                .unwrap_or(Value::String(written)),
                        });
                    }
                }
            }
        }
    }

    fn read_anthropic(&mut self, body: &Value) {
        self.system = text(&body["system"]);
        for message in array(&body["messages"]) {
            let turn = self.turn(message["role"].as_str().unwrap_or_default());
            add(&mut turn.text, &text(&message["content"]));
            for block in array(&message["content"]) {
                match block["type"].as_str().unwrap_or_default() {
                    "tool_use" => turn.calls.push(AskedCall {
                        id: string(&block["id"]),
                        name: string(&block["name"]),
                        arguments: block["input"].clone(),
                    }),
                    "tool_result" => turn.results.push(AskedResult {
                        call_id: string(&block["tool_use_id"]),
                        text: text(&block["content"]),
                        failed: block["is_error"] == true,
                    }),
                    _ => {}
                }
            }
        }
    }
}

fn add(place: &mut String, text: &str) {
    if !place.is_empty() && !text.is_empty() {
        place.push_str("\n\n");
    }
    place.push_str(text);
}

/// Content: a text, or a list of parts of which the texts count.
fn text(content: &Value) -> String {
    match content {
        Value::Array(parts) => {
            let texts = parts.iter().filter_map(|part| part["text"].as_str());
            texts.collect::<Vec<_>>().join("\n\n")
        }
        other => string(other),
    }
}

fn array(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn string(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
