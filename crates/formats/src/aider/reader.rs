//! One session of a history to steps.

use std::collections::VecDeque;
use std::ops::Range;

use trace::{Action, ActionKind, Address, FileEdit, Observation, Ref, RefPart, Usage};

use super::history::{Follow, Kind, note_of, words_of};
use super::llm::{Exchange, Ran, essence};
use super::notes::{
    Note, Outcome, asked_of, is_aftermath, is_output_added, prose, same_file, slash_run, usage_in,
};
use crate::document::cite_bytes;
use crate::extractor::{Coverage, Extraction};
use crate::time;
use crate::transcript::{Call, Transcript};

/// Takes the lines of a session one by one.
pub(super) struct Reader<'p> {
    path: &'p str,
    transcript: Transcript,
    follow: Follow,
    coverage: Coverage,
    /// The lines of the kind being read, and where they stand.
    kind: Option<Kind>,
    text: String,
    raw: Vec<u8>,
    start: u64,
    /// The reply whose notes are being read.
    reply: Option<Reply>,
    /// What the model was told before each reply, earliest first.
    log: VecDeque<Exchange>,
    messages: u64,
    /// The command the program runs by itself after an edit.
    test: Option<String>,
    /// Commands whose output went into the chat since the last reply.
    unheard: Vec<usize>,
    total: Usage,
}

/// A reply and its notes.
struct Reply {
    text: String,
    raw: Vec<u8>,
    start: u64,
    index: u64,
    notes: Vec<Note>,
}

impl<'p> Reader<'p> {
    pub(super) fn new(path: &'p str) -> Self {
        let mut transcript = Transcript::default();
        transcript.about().agent = Some("aider".to_owned());
        Self {
            path,
            transcript,
            follow: Follow::default(),
            coverage: Coverage::default(),
            kind: None,
            text: String::new(),
            raw: Vec::new(),
            start: 0,
            reply: None,
            log: VecDeque::new(),
            messages: 0,
            test: None,
            unheard: Vec::new(),
            total: Usage::default(),
        }
    }

    /// Adds the log of what went to the model.
    pub(super) fn set_log(&mut self, exchanges: Vec<Exchange>) {
        self.log = exchanges.into();
    }

    /// The next line: its text, its bytes, where it stands and whether it has an end.
    pub(super) fn line(&mut self, text: &str, raw: &[u8], offset: u64, ended: bool) {
        let kind = self.follow.kind(text);
        self.coverage.count(raw.len() + usize::from(ended), true);
        // Empty lines belong to what stands before them.
        let goes_on = kind == Kind::Blank || Some(kind) == self.kind && kind != Kind::Header;
        if !goes_on {
            self.end_kind();
            self.kind = Some(kind);
            self.start = offset;
        }
        if kind == Kind::Note {
            let note = Note {
                text: note_of(text).to_owned(),
                range: offset..offset + raw.len() as u64,
                raw: raw.to_vec(),
            };
            self.note(note);
            return;
        }
        self.text.push_str(match kind {
            Kind::User => words_of(text),
            _ => text,
        });
        self.text.push('\n');
        self.raw.extend_from_slice(raw);
        self.raw.push(b'\n');
    }

    /// What was being read is whole.
    fn end_kind(&mut self) {
        let text = std::mem::take(&mut self.text);
        let raw = std::mem::take(&mut self.raw);
        match self.kind.take() {
            Some(Kind::Header) => {
                let at = text
                    .lines()
                    .find_map(super::header_of)
                    .and_then(time::parse);
                self.transcript.at(at);
            }
            Some(Kind::User) => self.user(text.trim()),
            Some(Kind::Reply) => {
                self.end_reply();
                self.messages += 1;
                self.reply = Some(Reply {
                    text,
                    raw,
                    start: self.start,
                    index: self.messages - 1,
                    notes: Vec::new(),
                });
            }
            _ => {}
        }
    }

    fn user(&mut self, text: &str) {
        self.end_reply();
        self.messages += 1;
        if let Some(command) = slash_run(text) {
            self.typed(command, self.messages - 1);
            return;
        }
        let text = match text.split_once(char::is_whitespace) {
            Some(("/ask" | "/code" | "/architect" | "/chat-mode", words)) => words.trim(),
            _ if text.starts_with('/') => return,
            _ => text,
        };
        if text != "<blank>" {
            self.transcript.user(text);
        }
    }

    /// A command that a person had run. It says nothing against the agent's last words.
    fn typed(&mut self, command: &str, message: u64) {
        self.transcript.user("");
        let said = self.transcript.about().final_message.take();
        let index = self.step(None, Action::shell("/run", command), message);
        self.transcript.steps_mut()[index].started = None;
        self.transcript.about().final_message = said;
        self.unheard.push(index);
    }

    fn note(&mut self, note: Note) {
        let words = note.text.as_str();
        let after = |head: &str| words.strip_prefix(head).map(str::to_owned);
        let run = self.transcript.about();
        if let Some(version) = after("Aider v") {
            run.agent_version = Some(version);
        } else if let Some(model) = after("Model: ").or_else(|| after("Main model: ")) {
            let name = model.split(" with ").next().unwrap_or_default();
            run.model = Some(name.to_owned());
        } else if let Some((_, rest)) = words.split_once(" --test-cmd ") {
            // The line of the program's arguments, put together without quotes.
            let command = rest.split(" --").next().unwrap_or_default();
            self.test = Some(command.trim().to_owned());
        }
        match &mut self.reply {
            Some(reply) => reply.notes.push(note),
            // Output of a command that was typed goes into the chat.
            None => self.heard(&note),
        }
    }

    /// A reply and its notes are whole: its edits and commands become steps.
    fn end_reply(&mut self) {
        let Some(reply) = self.reply.take() else {
            return;
        };
        let exchange = self.exchange(&reply.text);
        let received = exchange.as_ref().and_then(|e| e.received);
        self.transcript.at(received);
        // Words after the last edit of the reply before were not said before this one's.
        self.transcript.user("");
        self.transcript.begin_reply(None);
        let first = self.transcript.steps_mut().len();
        if let Some(exchange) = &exchange {
            self.tell(&exchange.ran);
        }
        self.unheard.clear();
        let usage = reply.notes.iter().find_map(|note| usage_in(&note.text));
        let outcome = Outcome::of(&reply.notes);
        let asked = asked_of(&reply.text, &outcome.applied);
        let ran = reply
            .notes
            .iter()
            .any(|note| note.text.starts_with("Running "));
        if let Some(usage) = usage {
            self.total.add(&usage);
            if ran || !asked.is_empty() {
                self.transcript.usage(usage);
            }
        }
        let mut at = 0;
        let mut steps = Vec::new();
        for asked in &asked {
            let words = reply.text.get(at..asked.range.start).unwrap_or_default();
            self.transcript.say(prose(words));
            at = asked.range.end.max(at);
            let cite = self.cite_reply(&reply, &asked.range);
            let action = Action {
                tool: "edit".to_owned(),
                kind: ActionKind::Edit {
                    edits: vec![asked.edit.clone()],
                },
                arguments: serde_json::Value::Null,
            };
            let index = self.step(Some(cite), action, reply.index);
            steps.push((index, &asked.edit));
        }
        let rest = reply.text.get(at..).unwrap_or_default();
        self.transcript.say(prose(rest));
        self.answer(&reply.notes, &outcome, &steps);
        self.commands(&reply);
        if received.is_none() {
            let new = self.transcript.steps_mut().iter_mut().skip(first);
            new.for_each(|step| step.started = None);
        }
    }

    /// Gives the edits of a reply what was said about them.
    fn answer(&mut self, notes: &[Note], outcome: &Outcome, steps: &[(usize, &FileEdit)]) {
        let last = steps.last().map(|(index, _)| *index);
        for (index, edit) in steps {
            let applied = outcome
                .applied
                .iter()
                .any(|path| same_file(path, &edit.path));
            let failed = outcome.is_failed(edit);
            if !applied && !failed && outcome.failures.is_empty() {
                continue;
            }
            let about = |note: &&Note| {
                let line = note.text.as_str();
                let own = line
                    .strip_prefix("Applied edit to ")
                    .is_some_and(|path| same_file(path, &edit.path));
                let rest = !failed && line.starts_with("# The other ");
                own || rest
                    || failed && outcome.failures.iter().any(|told| told == line)
                    || Some(*index) == last && is_aftermath(line)
            };
            let told: Vec<&Note> = notes.iter().filter(about).collect();
            let text: Vec<&str> = told.iter().map(|note| note.text.as_str()).collect();
            let observation = Observation {
                is_error: Some(failed),
                ..Observation::text(text.join("\n"))
            };
            let cite = told.first().map(|note| self.cite_note(note));
            self.transcript.result_of(*index, observation, cite);
        }
    }

    /// Makes steps of the commands that were run after a reply.
    fn commands(&mut self, reply: &Reply) {
        let mut running: Option<usize> = None;
        for note in &reply.notes {
            let line = note.text.as_str();
            if let Some(command) = line.strip_prefix("Running ") {
                let action = Action::shell("shell", command);
                let cite = self.cite_action(note);
                running = Some(self.step(Some(cite), action, reply.index));
                continue;
            }
            if !is_output_added(line) {
                continue;
            }
            let index = running.take().unwrap_or_else(|| {
                // Output without a command before it is that of the tests the program runs itself.
                self.transcript.begin_reply(None);
                let command = self.test.clone().unwrap_or_default();
                let cite = self.cite_action(note);
                let action = Action::shell("test", command);
                self.step(Some(cite), action, reply.index)
            });
            self.note_output(index, note);
        }
        let asks = |note: &Note| note.text.starts_with("Attempt to fix test errors?");
        if reply.notes.iter().any(asks) {
            self.flag_test();
        }
    }

    /// Only a test that failed puts its output into the chat and asks what to do about it.
    fn flag_test(&mut self) {
        let last = self.unheard.last().copied();
        let step = last.and_then(|index| self.transcript.steps_mut().get_mut(index));
        if let Some(observation) = step.and_then(|step| step.observation.as_mut()) {
            observation.is_error = Some(true);
        }
    }

    /// A note where no reply is being worked on.
    fn heard(&mut self, note: &Note) {
        if is_output_added(&note.text)
            && let Some(index) = self.unheard.last().copied()
        {
            self.unheard.pop();
            self.note_output(index, note);
        }
    }

    fn note_output(&mut self, index: usize, note: &Note) {
        let cite = self.cite_note(note);
        let observation = Observation::text(note.text.clone());
        self.transcript.result_of(index, observation, Some(cite));
        self.unheard.push(index);
    }

    /// Gives commands the output the model was told of before its reply.
    fn tell(&mut self, ran: &[Ran]) {
        let commands = &self.unheard;
        let skip = ran.len().saturating_sub(commands.len());
        let pairs = commands.iter().rev().zip(ran[skip..].iter().rev());
        for (index, ran) in pairs {
            let Some(step) = self.transcript.steps_mut().get_mut(*index) else {
                continue;
            };
            if let ActionKind::Shell { command } = &mut step.action.kind {
                if step.action.tool == "test" && !ran.command.is_empty() {
                    command.clone_from(&ran.command);
                }
                if *command != ran.command {
                    continue;
                }
            }
            if let Some(observation) = &mut step.observation {
                observation.text.clone_from(&ran.output);
            }
        }
    }

    /// What the log has of a reply; replies that the history does not show are passed over.
    fn exchange(&mut self, text: &str) -> Option<Exchange> {
        let own = essence(text);
        let at = self.log.iter().position(|e| e.reply == Some(own))?;
        self.log.drain(..at);
        self.log.pop_front()
    }

    fn step(&mut self, cite: Option<Ref>, action: Action, message: u64) -> usize {
        self.transcript.call(Call {
            address: Address {
                message: Some(message),
                ..Address::default()
            },
            cite,
            ..Call::new(None, action)
        })
    }

    /// Cites a part of a reply. The text has the offsets of its bytes.
    fn cite_reply(&self, reply: &Reply, range: &Range<usize>) -> Ref {
        let start = range.start.min(reply.raw.len());
        let end = range.end.clamp(start, reply.raw.len());
        let bytes = &reply.raw[start..end];
        cite_bytes(
            RefPart::Action,
            self.path,
            reply.start + start as u64,
            bytes,
        )
    }

    fn cite_action(&self, note: &Note) -> Ref {
        cite_bytes(RefPart::Action, self.path, note.range.start, &note.raw)
    }

    fn cite_note(&self, note: &Note) -> Ref {
        cite_bytes(RefPart::Observation, self.path, note.range.start, &note.raw)
    }

    /// The run.
    pub(super) fn finish(mut self) -> Extraction {
        self.end_kind();
        self.end_reply();
        self.transcript.about().usage = self.total;
        // When something was done is known only by the reply that asked for it.
        for step in self.transcript.steps_mut() {
            step.ended = None;
        }
        Extraction {
            trajectory: self.transcript.finish(),
            coverage: self.coverage,
            warnings: Vec::new(),
        }
    }
}
