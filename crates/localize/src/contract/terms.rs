//! From clauses to demands.

use std::ops::Range;

use super::found::{Found, path_of};
use super::limit;
use super::mention::{self, Piece, Set, command, command_in, path};
use super::prose::Clause;
use super::scope::Voice;
use super::tables::Deed;
use super::wording::{Tone, tone};
use super::{Demand, DemandKind, file};
use crate::blame::file_name;

/// The demands of a text's clauses, in the order of the text, each thing demanded once.
pub(super) fn of(text: &str, clauses: &[Clause]) -> Vec<Demand> {
    let mut tones: Vec<Tone> = Vec::with_capacity(clauses.len());
    let mut found = Found::default();
    for clause in clauses {
        let pieces = mention::pieces(text, clause.span.clone());
        let lead = clause.lead.and_then(|lead| tones.get(lead));
        let tone = tone(text, clause, &pieces, lead);
        if !tone.frame {
            let from = found.list.len();
            Reader {
                text,
                clause,
                pieces: &pieces,
                tone: &tone,
                // "You do this by running …" after what is to be checked.
                follows_check: tones.last().is_some_and(|last| last.checks),
                named_before: named_before(text, clauses, tones.len()),
                announced: announced(text, clause, tones.last()),
                in_command: Vec::new(),
                found: &mut found,
            }
            .read();
            found.gather(from);
        }
        tones.push(tone);
    }
    found.demands()
}

/// The paths that the clause before clause `at` names.
fn named_before(text: &str, clauses: &[Clause], at: usize) -> Vec<String> {
    let Some(last) = at.checked_sub(1).and_then(|at| clauses.get(at)) else {
        return Vec::new();
    };
    let pieces = mention::pieces(text, last.span.clone());
    let paths = pieces.iter().filter_map(path).take(8);
    paths.map(str::to_owned).collect()
}

/// True when the words before a clause end by asking that it be run.
fn announced(text: &str, clause: &Clause, last: Option<&Tone>) -> bool {
    let before = text[..clause.span.start].trim_end().trim_end_matches(':');
    let word = before.rsplit(char::is_whitespace).next().unwrap_or("");
    last.is_some_and(|last| last.demands)
        && ["run", "running", "call", "calling", "execute", "with"].contains(&word)
}

/// One clause while it is read.
pub(super) struct Reader<'r, 't> {
    pub(super) text: &'t str,
    pub(super) clause: &'r Clause,
    pub(super) pieces: &'r [Piece<'t>],
    pub(super) tone: &'r Tone,
    follows_check: bool,
    /// The paths that the clause before names.
    pub(super) named_before: Vec<String>,
    /// The clause before says that what follows is to be run.
    announced: bool,
    /// Bytes that are a command spelled in bare words.
    in_command: Vec<Range<usize>>,
    pub(super) found: &'r mut Found,
}

impl Reader<'_, '_> {
    fn read(&mut self) {
        let report = self.clause.voice == Voice::Report;
        if self.tone.checks {
            let span = self.clause.span.clone();
            self.found
                .add("verification".to_owned(), DemandKind::Verification, span, 2);
        }
        let demands = self.tone.demands && !self.tone.background;
        let forbids_number = demands && !report && self.limits();
        let banned_from = if forbids_number { None } else { self.ban() };
        if demands && !report {
            self.spoken_command();
        }
        let whole = self.clause.span.clone();
        if self.announced
            && let Some(said) = command_in(&self.text[whole.clone()])
        {
            self.command(said, whole.clone(), 2);
            self.fed(0, whole.end);
            self.in_command.push(whole);
        }
        for at in 0..self.pieces.len() {
            let piece = &self.pieces[at];
            if self
                .in_command
                .iter()
                .any(|span| span.contains(&piece.span.start))
            {
                continue;
            }
            if banned_from.is_some_and(|from| piece.span.start >= from) {
                break;
            }
            if let Some(said) = command(piece) {
                if (demands || self.follows_check) && !report {
                    self.command(said, piece.span.clone(), 2);
                }
            } else if let Some(found) = path(piece) {
                if !report && !mention::is_route(&self.text[self.clause.span.clone()], found) {
                    self.path(at, found);
                }
            } else if !report && self.made_name(at) {
                let (path, span) = (piece.text.to_owned(), piece.span.clone());
                let kind = DemandKind::Output {
                    path,
                    existing: false,
                };
                self.found
                    .add(format!("path {}", piece.text), kind, span, 3);
            } else if demands {
                self.value(at, report);
            }
        }
        if demands && !report {
            self.ports();
            self.blocks();
        }
    }

    fn command(&mut self, said: &str, span: Range<usize>, weight: u8) {
        let command = said.split_whitespace().collect::<Vec<_>>().join(" ");
        let kind = DemandKind::Command {
            command: command.clone(),
        };
        self.found
            .add(format!("command {command}"), kind, span, weight);
    }

    /// A command spelled in bare words: "by calling gcc -o image image.c && ./image".
    fn spoken_command(&mut self) {
        let leads = [
            "calling",
            "run",
            "running",
            "execute",
            "executing",
            "doing",
            "with",
        ];
        for at in 1..self.pieces.len() {
            let (before, first) = (&self.pieces[at - 1], &self.pieces[at]);
            let lead = leads.contains(&before.text.to_ascii_lowercase().as_str());
            if !lead || first.set != Set::Word {
                continue;
            }
            let stops = [
                "and", "gives", "in", "must", "should", "so", "that", "then", "to", "which", "will",
            ];
            let end = self.pieces[at..]
                .iter()
                .take_while(|p| !stops.contains(&p.text))
                .last()
                .map_or(first.span.end, |p| p.span.end);
            let said = &self.text[first.span.start..end];
            let marks = said.contains(" -")
                || said.contains(" ./")
                || said.contains('|')
                || said.contains('.');
            if let Some(said) = command_in(said).filter(|_| marks) {
                self.command(said, first.span.start..end, 2);
                self.fed(at, end);
                self.in_command.push(first.span.start..end);
            }
        }
    }

    /// Files a command to be run works on are there by then: those the task did not say are given
    /// have to be made.
    fn fed(&mut self, at: usize, end: usize) {
        for piece in self.pieces[at + 1..]
            .iter()
            .take_while(|p| p.span.start < end)
        {
            let Some(found) =
                path(piece).filter(|p| !p.ends_with('/') && file_name(p).contains('.'))
            else {
                continue;
            };
            let known = self
                .found
                .list
                .iter()
                .any(|(kind, ..)| path_of(kind).is_some_and(|p| file::same(p, found)));
            if !known {
                let kind = DemandKind::Output {
                    path: found.to_owned(),
                    existing: false,
                };
                self.found
                    .add(format!("path {found}"), kind, piece.span.clone(), 3);
            }
        }
    }

    fn path(&mut self, at: usize, found: &str) {
        let span = self.pieces[at].span.clone();
        let run = self.is_run(at) && self.tone.demands;
        if (self.is_broken(at) || run) && !self.tone.background {
            self.command(found, span, 2);
            return;
        }
        let role = self.role(at, found);
        let name = format!("path {}", found.trim_end_matches('/'));
        let path = found.to_owned();
        match role {
            Some(Deed::Make) => {
                let kind = DemandKind::Output {
                    path,
                    existing: false,
                };
                // What is made on the way need not be there at the end.
                let said = self.text[self.clause.span.clone()].to_ascii_lowercase();
                let passing = ["intermediate", "temporary"]
                    .iter()
                    .any(|w| said.contains(w));
                self.found
                    .add(name, kind, span, if passing { 0 } else { 3 });
            }
            Some(Deed::Change) => {
                let kind = DemandKind::Output {
                    path,
                    existing: true,
                };
                self.found.add(name, kind, span, 3);
            }
            Some(Deed::Remove) => self.found.add(name, DemandKind::Removal { path }, span, 2),
            _ => self.found.add(name, DemandKind::Input { path }, span, 0),
        }
    }

    /// Ports the clause wants to answer.
    fn ports(&mut self) {
        for (at, piece) in self.pieces.iter().enumerate() {
            let after_word = at > 0 && {
                let before = self.pieces[at - 1].text;
                before.eq_ignore_ascii_case("port") || before.eq_ignore_ascii_case("ports")
            };
            let host = ["localhost:", "127.0.0.1:", "0.0.0.0:"]
                .iter()
                .find_map(|host| piece.text.split_once(host))
                .map(|(_, rest)| {
                    rest.split(|c: char| !c.is_ascii_digit())
                        .next()
                        .unwrap_or("")
                });
            let digits = match host {
                Some(digits) => digits,
                None if after_word => piece.text,
                None => continue,
            };
            // "connect to ... using port 8333" is somebody else's.
            let said = self.text[self.clause.span.start..piece.span.start].to_ascii_lowercase();
            let theirs = said.contains("connect to") || said.contains("connects to");
            if let Some(port) = digits.parse::<u16>().ok().filter(|p| *p > 0 && !theirs) {
                let kind = DemandKind::Service { port };
                self.found
                    .add(format!("port {port}"), kind, piece.span.clone(), 3);
            }
        }
    }

    /// Bounds the clause states. True when what it forbids is to pass one: "must not exceed 5 MB".
    fn limits(&mut self) -> bool {
        let mut forbidden = false;
        for (limit, span) in limit::of(self.text, self.pieces, self.clause.span.clone()) {
            let weight = if limit.measure.is_empty() { 0 } else { 2 };
            forbidden |= self.tone.forbids.is_some_and(|(_, end)| {
                let words = self.text.get(end..span.start).unwrap_or("-");
                words.split_whitespace().count() <= 3
            });
            self.found.add(
                format!("limit {limit}"),
                DemandKind::Limit { limit },
                span,
                weight,
            );
        }
        forbidden
    }

    /// Keys and columns that a block after the clause lays out, and commands that it spells.
    fn blocks(&mut self) {
        let said = self.text[self.clause.span.clone()].to_ascii_lowercase();
        let lays_out = [
            "format",
            "structure",
            "schema",
            "field",
            "column",
            "header",
            "keys",
        ]
        .iter()
        .any(|word| said.contains(word));
        for block in &self.clause.blocks {
            let body = &self.text[block.clone()];
            if lays_out {
                let parts = keys(body);
                if !parts.is_empty() {
                    let name = format!("format {}", parts.join(","));
                    self.found
                        .add(name, DemandKind::Format { parts }, block.clone(), 2);
                }
            } else if ["run", "command", "work"].iter().any(|w| said.contains(w)) {
                let mut start = block.start;
                for line in body.split_inclusive('\n').take(8) {
                    if let Some(said) = command_in(line.trim_end()) {
                        self.command(said, start..start + line.trim_end().len(), 2);
                    }
                    start += line.len();
                }
            }
        }
        if lays_out && self.clause.blocks.is_empty() {
            // A sample within the sentence: `[{"id": 1, "name": …}]`.
            let own = &self.text[self.clause.span.clone()];
            let parts = if own.contains('{') {
                keys(own)
            } else {
                Vec::new()
            };
            if parts.len() > 1 {
                let name = format!("format {}", parts.join(","));
                let span = self.clause.span.clone();
                self.found.add(name, DemandKind::Format { parts }, span, 2);
            }
        }
    }
}

/// The keys a sample of JSON, TOML or CSV lays out, in order, each once.
fn keys(body: &str) -> Vec<String> {
    let mut found = Vec::new();
    let braces = body.contains('{');
    for line in body.lines().map(str::trim) {
        if braces {
            let mut rest = line;
            while let Some((_, after)) = rest.split_once('"') {
                let Some((key, after)) = after.split_once('"') else {
                    break;
                };
                if after.trim_start().starts_with(':') {
                    add_key(&mut found, key);
                }
                rest = after;
            }
        } else if let Some((key, _)) = line.split_once(" = ") {
            add_key(&mut found, key.trim());
        }
    }
    let first = body
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty())
        .unwrap_or("");
    if found.is_empty() && !braces && first.contains(',') && !first.contains(' ') {
        for column in first.split(',') {
            add_key(&mut found, column);
        }
    }
    found
}

/// Adds a key that is a plain word, once.
fn add_key(found: &mut Vec<String>, key: &str) {
    const MOST_KEYS: usize = 24;
    let plain = key
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b));
    if plain && key.len() > 1 && found.len() < MOST_KEYS && !found.iter().any(|k| k == key) {
        found.push(key.to_owned());
    }
}
