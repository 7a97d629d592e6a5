//! What `gemini --output-format stream-json` prints.

use std::collections::HashMap;
use std::io;

use serde_json::Value;
use trace::{Address, Observation, RefPart, Usage};

use super::parts;
use crate::extractor::{
    Claim, Detection, ExtractError, Extraction, Extractor, Layout, Probe, Rank, Site,
};
use crate::frame::{self, Account};
use crate::json::{content_text, str_at};
use crate::lines::Line;
use crate::pile::Pile;
use crate::transcript::{Call, Transcript};
use crate::{time, tool};

/// Reads the stream Gemini CLI prints.
pub(crate) struct GeminiCliStream;

impl Extractor for GeminiCliStream {
    fn layout(&self) -> Layout {
        Layout {
            name: "gemini-cli-stream",
            title: "Gemini CLI --output-format stream-json",
            doc: include_str!("LAYOUT.md"),
            rank: Rank::Stream,
        }
    }

    fn detect(&self, _pile: &Pile, site: Site<'_>) -> io::Result<Option<Detection>> {
        Ok(match site {
            Site::File(probe) => recognise(probe),
            Site::Folder(_) => None,
        })
    }

    fn extract(&self, pile: &Pile, claim: &Claim) -> Result<Extraction, ExtractError> {
        let mut reading = Reading::default();
        let account = frame::lines(pile, claim, |record, line| reading.record(record, line))?;
        Ok(reading.finish(account))
    }
}

fn recognise(probe: &Probe<'_>) -> Option<Detection> {
    let records = probe.records();
    let of_kind = |kind: &str| {
        records
            .iter()
            .find(move |r| str_at(r, "type") == Some(kind))
    };
    let has = |record: Option<&Value>, keys: &[&str]| {
        record.is_some_and(|record| keys.iter().all(|key| record.get(*key).is_some()))
    };
    let init = of_kind("init");
    let calls = has(of_kind("tool_use"), &["tool_name", "tool_id", "parameters"]);
    let opened = has(init, &["session_id", "model", "timestamp"]);
    let (score, what) = match (opened, calls) {
        (true, true) => (
            92,
            "`init` event, `tool_use` with `tool_name` and `tool_id`",
        ),
        (true, false) => (74, "`init` event with `session_id` and `model`"),
        (false, true) => (80, "`tool_use` events with `tool_name` and `tool_id`"),
        (false, false) => return None,
    };
    Some(Detection {
        score,
        evidence: vec![what.to_owned()],
        session: init
            .and_then(|init| str_at(init, "session_id"))
            .map(str::to_owned),
        ..Detection::default()
    })
}

/// The state of reading a stream event by event.
#[derive(Default)]
struct Reading {
    transcript: Transcript,
    /// The latest call under each id.
    calls: HashMap<String, usize>,
    /// Pieces of the words being printed.
    words: String,
    index: u64,
}

impl Reading {
    fn record(&mut self, record: &Value, line: &Line<'_>) -> bool {
        let index = self.index;
        self.index += 1;
        let kind = str_at(record, "type").unwrap_or_default();
        let piece = kind == "message" && str_at(record, "role") == Some("assistant");
        if !piece {
            self.transcript.say(&std::mem::take(&mut self.words));
        }
        self.transcript
            .at(record.get("timestamp").and_then(time::of));
        match kind {
            "init" => {
                let about = self.transcript.about();
                about.session = str_at(record, "session_id").map(str::to_owned);
                about.model = str_at(record, "model").map(str::to_owned);
            }
            "message" => {
                let text = record.get("content").map(content_text).unwrap_or_default();
                if piece {
                    // Without an answer between, calls are of one reply; words begin the next.
                    self.words += &text;
                } else {
                    self.transcript.user(text.trim());
                }
            }
            "tool_use" => self.call(record, line, index),
            "tool_result" => self.result(record, line),
            "error" => {
                let message = str_at(record, "message").unwrap_or_default();
                let severity = str_at(record, "severity").unwrap_or("error");
                let status = &mut self.transcript.about().outcome.exit_status;
                *status = Some(format!("{severity}: {message}"));
            }
            "result" => self.close(record),
            _ => return false,
        }
        true
    }

    fn call(&mut self, record: &Value, line: &Line<'_>, index: u64) {
        self.transcript.begin_reply(Some("reply"));
        let name = str_at(record, "tool_name").unwrap_or_default();
        let arguments = record.get("parameters").cloned().unwrap_or_default();
        let id = str_at(record, "tool_id");
        let step = self.transcript.call(Call {
            id,
            action: tool::action(name, arguments),
            address: Address {
                message: Some(index),
                ..Address::default()
            },
            cite: Some(line.cite(RefPart::Action)),
        });
        if let Some(id) = id {
            self.calls.insert(id.to_owned(), step);
        }
    }

    fn result(&mut self, record: &Value, line: &Line<'_>) {
        self.transcript.begin_reply(None);
        let id = str_at(record, "tool_id");
        let status = str_at(record, "status");
        let output = record.get("output").map(content_text).unwrap_or_default();
        let error = record.get("error").unwrap_or(&Value::Null);
        let message = error.as_str().or_else(|| str_at(error, "message"));
        let text = match message {
            Some(message) if output.is_empty() => message.to_owned(),
            Some(message) if !output.contains(message) => format!("{output}\n{message}"),
            _ => output,
        };
        let asked = id.and_then(|id| self.calls.get(id));
        let asked = asked.and_then(|step| self.transcript.steps().get(*step));
        let seen = match asked {
            Some(step) => parts::observe(&step.action, text),
            None => Observation::text(text),
        };
        let seen = Observation {
            is_error: status.map(|status| status != "success"),
            ..seen
        };
        let cite = Some(line.cite(RefPart::Observation));
        self.transcript.result(id, seen, cite);
    }

    /// The closing event: how it ended and what it cost.
    fn close(&mut self, record: &Value) {
        let stats = record.get("stats").unwrap_or(&Value::Null);
        let count = |key: &str| stats.get(key).and_then(Value::as_u64);
        let about = self.transcript.about();
        about.usage = Usage {
            input_tokens: count("input_tokens"),
            cached_tokens: count("cached"),
            output_tokens: count("output_tokens"),
            cost_usd: None,
        };
        let why = record.pointer("/error/message").and_then(Value::as_str);
        let ending = str_at(record, "status").unwrap_or("result");
        about.outcome.exit_status = Some(match why {
            Some(why) => format!("{ending}: {why}"),
            None => ending.to_owned(),
        });
    }

    fn finish(mut self, account: Account) -> Extraction {
        self.transcript.say(&std::mem::take(&mut self.words));
        self.transcript.about().agent = Some("gemini-cli".to_owned());
        let mut coverage = account.coverage;
        coverage.orphans = self.transcript.orphans();
        Extraction {
            trajectory: self.transcript.finish(),
            coverage,
            warnings: account.warnings,
        }
    }
}
