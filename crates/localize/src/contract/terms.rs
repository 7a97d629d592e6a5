//! From clauses to demands.

use std::collections::BTreeMap;
use std::ops::Range;

use super::limit;
use super::mention::{self, Piece, Set, command, command_in, is_identifier, path};
use super::prose::Clause;
use super::scope::Voice;
use super::tables::{Deed, TAKES, verb};
use super::wording::{Tone, tone};
use super::{Demand, DemandKind, Forbidden, MOST_DEMANDS};

/// The demands of a text's clauses, in the order of the text, each thing demanded once.
pub(super) fn of(text: &str, clauses: &[Clause]) -> Vec<Demand> {
    let mut tones: Vec<Tone> = Vec::with_capacity(clauses.len());
    let mut found = Found::default();
    for clause in clauses {
        let pieces = mention::pieces(text, clause.span.clone());
        let lead = clause.lead.and_then(|lead| tones.get(lead));
        let tone = tone(text, clause, &pieces, lead);
        if !tone.frame {
            Reader {
                text,
                clause,
                pieces: &pieces,
                tone: &tone,
                found: &mut found,
            }
            .read();
        }
        tones.push(tone);
    }
    found.demands()
}

/// What was found so far, each thing once.
#[derive(Default)]
struct Found {
    list: Vec<(DemandKind, Range<usize>, u8)>,
    by_name: BTreeMap<String, usize>,
}

impl Found {
    /// Adds a demand; of two about the same thing the weightier stays.
    fn add(&mut self, name: String, kind: DemandKind, span: Range<usize>, weight: u8) {
        match self.by_name.get(&name) {
            Some(&at) => {
                if self.list[at].2 < weight {
                    self.list[at] = (kind, span, weight);
                }
            }
            None if self.list.len() < MOST_DEMANDS => {
                self.by_name.insert(name, self.list.len());
                self.list.push((kind, span, weight));
            }
            None => {}
        }
    }

    fn demands(mut self) -> Vec<Demand> {
        self.list.sort_by_key(|(_, span, _)| (span.start, span.end));
        let numbered = (1..).zip(self.list);
        numbered
            .map(|(id, (kind, span, weight))| Demand {
                id,
                kind,
                span,
                weight,
            })
            .collect()
    }
}

struct Reader<'r, 't> {
    text: &'t str,
    clause: &'r Clause,
    pieces: &'r [Piece<'t>],
    tone: &'r Tone,
    found: &'r mut Found,
}

impl Reader<'_, '_> {
    fn read(&mut self) {
        let report = self.clause.voice == Voice::Report;
        if self.tone.checks {
            let span = self.clause.span.clone();
            self.found
                .add("verification".to_owned(), DemandKind::Verification, span, 2);
        }
        let banned_from = self.ban();
        let demands = self.tone.demands && !self.tone.background;
        for at in 0..self.pieces.len() {
            let piece = &self.pieces[at];
            if banned_from.is_some_and(|from| piece.span.start >= from) {
                break;
            }
            if let Some(said) = command(piece) {
                let weight = if demands && !report { 2 } else { 0 };
                if weight > 0 {
                    self.command(said, piece.span.clone(), weight);
                }
            } else if let Some(found) = path(piece) {
                if !report && !mention::is_route(&self.text[self.clause.span.clone()], found) {
                    self.path(at, found);
                }
            } else if demands {
                self.value(at, report);
            }
        }
        if demands && !report {
            self.spoken_command();
            self.ports();
            if banned_from.is_none() {
                self.limits();
            }
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
                .take_while(|p| p.set == Set::Word && !stops.contains(&p.text))
                .last()
                .map_or(first.span.end, |p| p.span.end);
            let said = &self.text[first.span.start..end];
            let marks = said.contains(" -")
                || said.contains(" ./")
                || said.contains('|')
                || said.contains('.');
            if let Some(said) = command_in(said).filter(|_| marks) {
                self.command(said, first.span.start..end, 2);
            }
        }
    }

    fn path(&mut self, at: usize, found: &str) {
        let span = self.pieces[at].span.clone();
        let role = self.role(at, found);
        let name = format!("path {}", found.trim_end_matches('/'));
        let path = found.to_owned();
        match role {
            Some(Deed::Make) => {
                let kind = DemandKind::Output {
                    path,
                    existing: false,
                };
                self.found.add(name, kind, span, 3);
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

    /// What is to be done to the path that is the piece `at`.
    fn role(&self, at: usize, path: &str) -> Option<Deed> {
        if self.tone.background || !self.tone.demands {
            return None;
        }
        let before = &self.pieces[..at];
        let word = |back: usize| {
            let at = before.len().checked_sub(back)?;
            Some(before[at].text.to_ascii_lowercase())
        };
        // The nearest words decide: "from x", "the provided x", "named x".
        let near: Vec<String> = (1..=3).filter_map(word).collect();
        let naming = ["named", "called", "name", "call", "into", "as"];
        let close = near.first().map_or("", String::as_str);
        if naming.contains(&close) {
            return Some(Deed::Make)
                .filter(|_| close != "as" || self.deed_before(at) != Some(Deed::Use));
        }
        if close == "to" {
            // "to /app/x" is where something goes unless it is where to look.
            return match self.deed_before(at) {
                Some(Deed::Use | Deed::Run) | None => self.tone.deed.filter(|d| *d == Deed::Make),
                Some(Deed::Other) => Some(Deed::Make),
                deed => deed,
            };
        }
        let folder = path.ends_with('/') || !path.rsplit('/').next().unwrap_or("").contains('.');
        let passive = self.passive(at);
        if passive.is_some() {
            return passive;
        }
        let taken = near.iter().take(2).any(|w| TAKES.contains(&w.as_str()));
        let locative = ["in", "inside", "under", "at", "within"].contains(&close)
            || (near.len() > 1
                && ["the", "a"].contains(&close)
                && ["in", "inside", "under"].contains(&near[1].as_str()));
        let deed = self.deed_before(at).or(self.tone.deed);
        if locative {
            // "Place it in x", "complete f in x.py", but not "create the file y in x/".
            return match deed {
                Some(Deed::Make | Deed::Change) if !folder => deed,
                _ => None,
            };
        }
        if taken {
            return None;
        }
        deed
    }

    /// The deed of the last verb before a piece, in the same clause.
    fn deed_before(&self, at: usize) -> Option<Deed> {
        let mut deed = None;
        for (n, piece) in self.pieces[..at].iter().enumerate() {
            if piece.set != Set::Word {
                continue;
            }
            let lower = piece.text.to_ascii_lowercase();
            if [
                "contains",
                "containing",
                "located",
                "exists",
                "provided",
                "given",
            ]
            .contains(&lower.as_str())
            {
                deed = Some(Deed::Use);
                continue;
            }
            // "the output", "a test": an article makes a noun of it.
            let noun = n > 0
                && [
                    "the", "a", "an", "your", "this", "that", "of", "each", "error", "access",
                ]
                .contains(&self.pieces[n - 1].text.to_ascii_lowercase().as_str());
            if let Some((found, _)) = verb(&lower).filter(|_| !noun) {
                deed = Some(found);
            }
        }
        deed
    }

    /// What is said of a path after it: "x should be created", "x contains".
    fn passive(&self, at: usize) -> Option<Deed> {
        let after = &self.pieces[at + 1..];
        let first = after.first().map(|p| p.text.to_ascii_lowercase())?;
        if ![
            "must", "should", "shall", "will", "has", "needs", "is", "to",
        ]
        .contains(&first.as_str())
        {
            return None;
        }
        after.iter().take(4).find_map(|piece| {
            let (deed, base) = verb(piece.text)?;
            (!base && matches!(deed, Deed::Make | Deed::Change | Deed::Remove)).then_some(deed)
        })
    }

    /// A quoted text, code span or identifier that is to be used as it stands.
    fn value(&mut self, at: usize, report: bool) {
        let piece = &self.pieces[at];
        let text = piece.text;
        let before = at
            .checked_sub(1)
            .map_or("", |n| self.pieces[n].text)
            .to_ascii_lowercase();
        let naming = [
            "named",
            "called",
            "name",
            "content",
            "exactly",
            "attribute",
            "function",
            "class",
            "method",
            "key",
            "field",
            "value",
            "variable",
            "user",
            "passphrase",
            "is",
        ];
        let weight = match piece.set {
            Set::Code if report => u8::from(is_identifier(text)),
            Set::Code | Set::Quoted if report => 0,
            Set::Code | Set::Quoted if naming.contains(&before.as_str()) => 2,
            Set::Code => 1,
            Set::Quoted => {
                1 + u8::from(
                    before.ends_with(':')
                        || self.text[..piece.span.start]
                            .trim_end_matches(['"', '\'', '“', '‘'])
                            .trim_end()
                            .ends_with(':'),
                )
            }
            Set::Word if report => 0,
            Set::Word if is_identifier(text) => 1 + u8::from(naming.contains(&before.as_str())),
            Set::Word
                if text.starts_with('<')
                    && text.ends_with('>')
                    && text.len() > 4
                    && text.contains('-') =>
            {
                1
            }
            Set::Word => 0,
        };
        let shown = self.is_sample(at);
        let odd = text.len() < 2 || text.len() > 160 || text.contains('\n') || text.contains("...");
        let words = text.split_whitespace().count();
        let foreign = text.contains("://")
            || text.starts_with('/')
            || text.starts_with('-') && words > 1
            || text.contains('*')
            || (words == 1 && text.contains('<') && piece.set != Set::Word);
        // A quotation of ordinary words in the middle of a sentence is a manner of speaking.
        let speech = piece.set == Set::Quoted && words > 8 && weight < 2;
        if weight == 0 || odd || foreign || speech || shown || self.in_use(at) {
            return;
        }
        let kind = DemandKind::Literal {
            text: text.to_owned(),
        };
        self.found
            .add(format!("value {text}"), kind, piece.span.clone(), weight);
    }

    /// True for things said as an example or a reason.
    fn is_sample(&self, at: usize) -> bool {
        let before = &self.text[self.clause.span.start..self.pieces[at].span.start];
        let tail = before[before.floor_char_boundary(before.len().saturating_sub(48))..]
            .to_ascii_lowercase();
        [
            "e.g.",
            "example",
            "such as",
            "like ",
            "i.e.",
            "for instance",
            "similar to",
        ]
        .iter()
        .any(|w| tail.contains(w))
    }

    /// True for what is there to be used: "using the `x` library", "the `y` command".
    fn in_use(&self, at: usize) -> bool {
        let near = |n: Option<usize>| {
            n.and_then(|n| self.pieces.get(n))
                .map(|p| p.text.to_ascii_lowercase())
        };
        let (one, two) = (near(at.checked_sub(1)), near(at.checked_sub(2)));
        let takes = |w: &Option<String>| {
            w.as_deref().is_some_and(|w| {
                [
                    "from", "existing", "given", "provided", "calling", "opponent",
                ]
                .contains(&w)
            })
        };
        takes(&one) || (takes(&two) && one.as_deref() == Some("the"))
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

    fn limits(&mut self) {
        for (limit, span) in limit::of(self.text, self.pieces, self.clause.span.clone()) {
            let weight = if limit.measure.is_empty() { 0 } else { 2 };
            self.found.add(
                format!("limit {limit}"),
                DemandKind::Limit { limit },
                span,
                weight,
            );
        }
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

    /// Notes what the clause forbids; what stands after the returned byte is forbidden.
    fn ban(&mut self) -> Option<usize> {
        let (at, end) = self.tone.forbids?;
        let said = self.text[self.clause.span.clone()].to_ascii_lowercase();
        let excuses = [
            "you don't have to",
            "you do not need",
            "don't need to",
            "don't have to",
            "no need to",
            "doesn't exist",
            "does not exist",
            "don't know",
            "without errors",
            "without error",
            "without conflict",
            "i don't",
            "i do not",
            "may not",
            "might not",
        ];
        if excuses.iter().any(|words| said.contains(words)) {
            return None;
        }
        if self.clause.voice == Voice::Report || self.tone.background {
            return Some(at);
        }
        let after: Vec<&Piece<'_>> = self.pieces.iter().filter(|p| p.span.start >= end).collect();
        let deed = after
            .iter()
            .take(5)
            .find(|p| p.set == Set::Word && verb(p.text).is_some());
        let forbids = match deed.map(|p| (p.text.to_ascii_lowercase(), verb(p.text))) {
            Some((word, _)) if word.starts_with("install") => Forbidden::Install,
            Some((word, _)) if word.starts_with("read") || word.starts_with("open") => {
                Forbidden::Read
            }
            Some((word, _))
                if word.starts_with("use")
                    || word.starts_with("using")
                    || word.starts_with("import") =>
            {
                Forbidden::Use
            }
            Some((_, Some((Deed::Change | Deed::Make, _)))) => Forbidden::Change,
            Some((_, Some((Deed::Remove, _)))) => Forbidden::Remove,
            Some((_, Some((Deed::Run, _)))) => Forbidden::Run,
            _ => Forbidden::Other,
        };
        // "must not create files outside of x" is about all the others.
        let inverse = after.iter().any(|p| {
            [
                "outside",
                "except",
                "other",
                "unless",
                "extra",
                "additional",
            ]
            .contains(&p.text)
        });
        let names = after
            .iter()
            .filter(|p| path(p).is_some() || (p.set == Set::Code && p.text.len() > 1));
        let objects: Vec<String> = if inverse || forbids == Forbidden::Other {
            Vec::new()
        } else {
            names.map(|p| p.text.to_owned()).take(8).collect()
        };
        let weight = if objects.is_empty() { 0 } else { 2 };
        let span = at..self.clause.span.end;
        let kind = DemandKind::Prohibition { forbids, objects };
        self.found.add(format!("ban {at}"), kind, span, weight);
        Some(at)
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
