//! Text without secrets: what must not leave a machine inside a sample or a prompt, and what stands
//! in its place.
//!
//! The rule, in the order it is applied: private keys in PEM form; the name of a user in a home
//! folder's path, there and wherever it stands alone; every text and number below a member, and values
//! of assignments, whose name speaks of a secret; credentials in addresses; e-mail addresses; words that begin like the keys of
//! known services; words of 20 and more characters that look drawn at random. The same secret gets
//! the same stand-in throughout, so ids that look random still join calls and results. Only then are
//! long texts cut, in the middle, so that no cut can hide half a secret from the rule.

mod looks;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};
use serde_json::{Map, Value};

use looks::{
    host_length, is_between, is_key_char, is_known_key, is_mail, is_path, is_plain, is_random,
    is_stand_in, names_secret,
};

/// How deep values are followed; what lies deeper is left out.
const DEEPEST: usize = 24;

/// Replaces secrets, the same one by the same stand-in.
#[derive(Debug, Default)]
pub struct Redactor {
    stand_ins: BTreeMap<String, String>,
    people: BTreeSet<String>,
}

impl Redactor {
    /// The text without secrets, whole.
    #[must_use]
    pub fn text(&mut self, text: &str) -> String {
        let text = without_keys(text);
        let text = self.homes(&text);
        self.words(&text)
    }

    /// The text without secrets, cut in the middle to about `most` characters.
    #[must_use]
    pub fn short(&mut self, text: &str, most: usize) -> String {
        cut(&self.text(text), most)
    }

    /// The value without secrets: every text cut to about `most` characters, every list to `items`
    /// elements. JSON within a text stays JSON.
    #[must_use]
    pub fn value(&mut self, value: &Value, most: usize, items: usize) -> Value {
        self.meet(value);
        self.inner(value, most, items, DEEPEST)
    }

    /// Remembers whose home folders a value names, so that their names go from what stands before.
    pub fn meet(&mut self, value: &Value) {
        let mut open = vec![value];
        while let Some(value) = open.pop() {
            match value {
                Value::String(text) => self.meet_in(text),
                Value::Array(list) => open.extend(list),
                Value::Object(members) => {
                    members.keys().for_each(|key| self.meet_in(key));
                    open.extend(members.values());
                }
                _ => {}
            }
        }
    }

    /// Remembers whose home folders a text names. Who shows parts of something at different times has
    /// all of it met first: then the same text reads the same every time.
    pub fn meet_text(&mut self, text: &str) {
        self.meet_in(text);
    }

    fn meet_in(&mut self, text: &str) {
        for name in homes_in(text) {
            let name = &text[name];
            if name.len() >= 3 && name != "user" && !self.people.contains(name) {
                self.people.insert(name.to_owned());
            }
        }
    }

    fn inner(&mut self, value: &Value, most: usize, items: usize, depth: usize) -> Value {
        if depth == 0 {
            return Value::Null;
        }
        match value {
            Value::String(text) => match decoded(value) {
                Some(json) => Value::String(self.inner(&json, most, items, depth - 1).to_string()),
                None => Value::String(self.short(text, most)),
            },
            Value::Array(list) => list
                .iter()
                .take(items)
                .map(|item| self.inner(item, most, items, depth - 1))
                .collect(),
            Value::Object(members) => {
                let mut kept = Map::new();
                for (key, member) in members.iter().take(items.max(64)) {
                    let inner = if names_secret(key) {
                        self.hidden(member, items, depth - 1)
                    } else {
                        self.inner(member, most, items, depth - 1)
                    };
                    kept.insert(self.text(key), inner);
                }
                Value::Object(kept)
            }
            scalar => scalar.clone(),
        }
    }

    /// The value of a member whose name speaks of a secret: no text or number below it stays.
    fn hidden(&mut self, value: &Value, items: usize, depth: usize) -> Value {
        match value {
            _ if depth == 0 => Value::Null,
            Value::String(text) if text.is_empty() => value.clone(),
            Value::String(text) => Value::String(self.stand_in(text)),
            Value::Number(number) => Value::String(self.stand_in(&number.to_string())),
            Value::Array(list) => list
                .iter()
                .take(items)
                .map(|item| self.hidden(item, items, depth - 1))
                .collect(),
            Value::Object(members) => members
                .iter()
                .take(items.max(64))
                .map(|(key, member)| (self.text(key), self.hidden(member, items, depth - 1)))
                .collect(),
            // A yes or no is nobody's secret.
            Value::Bool(_) | Value::Null => value.clone(),
        }
    }

    fn stand_in(&mut self, secret: &str) -> String {
        if is_stand_in(secret) {
            return secret.to_owned();
        }
        let next = self.stand_ins.len() + 1;
        self.stand_ins
            .entry(secret.to_owned())
            .or_insert_with(|| format!("REDACTED-{next}"))
            .clone()
    }

    /// Takes user names out of the paths of home folders, and remembers them.
    fn homes(&mut self, text: &str) -> String {
        self.meet_in(text);
        let mut out = String::with_capacity(text.len());
        let mut done = 0;
        for name in homes_in(text) {
            out.push_str(&text[done..name.start]);
            out.push_str("user");
            done = name.end;
        }
        out.push_str(&text[done..]);
        out
    }

    /// Goes through a text word by word.
    fn words(&mut self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        // Whether the words before say that the next is a secret.
        let mut announced = Announced::No;
        let mut rest = text;
        while !rest.is_empty() {
            let word_end = rest.find(is_between).unwrap_or(rest.len());
            let (word, tail) = rest.split_at(word_end);
            let gap_end = tail.find(|c| !is_between(c)).unwrap_or(tail.len());
            let (gap, tail) = tail.split_at(gap_end);
            if !word.is_empty() {
                announced = self.word(word, announced, &mut out);
            }
            out.push_str(gap);
            rest = tail;
        }
        out
    }

    fn word(&mut self, word: &str, announced: Announced, out: &mut String) -> Announced {
        let bare = word.trim_matches(|c: char| matches!(c, ':' | '=' | '.'));
        // The sign between a name and its value may stand alone.
        if bare.is_empty() {
            out.push_str(word);
            return match announced {
                Announced::Named => Announced::Next,
                other => other,
            };
        }
        // `a basic approach` is no header; what an `Authorization` announces is a secret whatever it is.
        if announced == Announced::Scheme && is_plain(bare) {
            out.push_str(&self.plain_word(word));
            return Announced::No;
        }
        let scheme = ["bearer", "basic", "token"];
        let is_scheme = scheme.iter().any(|name| bare.eq_ignore_ascii_case(name));
        if matches!(announced, Announced::Next | Announced::Scheme) && !is_scheme {
            let stand_in = self.stand_in(bare);
            out.push_str(&word.replacen(bare, &stand_in, 1));
            return Announced::No;
        }
        if is_scheme && (announced == Announced::Next || !bare.eq_ignore_ascii_case("token")) {
            out.push_str(word);
            return match announced {
                Announced::Next => Announced::Next,
                _ => Announced::Scheme,
            };
        }
        if let Some(at) = word.find(['=', ':'])
            && at + 1 < word.len()
            && names_secret(&word[..at])
        {
            let value = word[at..].trim_start_matches(['=', ':']);
            if !value.is_empty() {
                let lead = &word[..word.len() - value.len()];
                let stand_in = self.stand_in(value);
                out.push_str(lead);
                out.push_str(&stand_in);
                return Announced::No;
            }
        }
        out.push_str(&self.plain_word(word));
        if !names_secret(bare) {
            return Announced::No;
        }
        if word.ends_with([':', '=']) || word.starts_with('-') {
            Announced::Next
        } else {
            Announced::Named
        }
    }

    /// A word nothing announced: judged by what it looks like.
    fn plain_word(&mut self, word: &str) -> String {
        if self.people.contains(word) {
            return "user".to_owned();
        }
        if let Some(scheme) = word.find("://") {
            let start = scheme + 3;
            let host = word[start..]
                .find(['/', '?', '#'])
                .unwrap_or(word.len() - start);
            if let Some(at) = word[start..start + host].rfind('@') {
                let stand_in = self.stand_in(&word[start..start + at]);
                let tail = self.runs(&word[start + at..]);
                return format!("{}{stand_in}{tail}", &word[..start]);
            }
        } else if let Some(at) = word.find('@')
            && is_mail(word, at)
        {
            let (address, rest) = word.split_at(at + 1 + host_length(&word[at + 1..]));
            let stand_in = self.stand_in(address);
            return format!("{stand_in}{}", self.runs(rest));
        }
        self.runs(word)
    }

    /// Replaces the runs of key characters in a word that look like a key.
    fn runs(&mut self, word: &str) -> String {
        let mut out = String::with_capacity(word.len());
        let mut rest = word;
        while !rest.is_empty() {
            let end = rest.find(|c| !is_key_char(c)).unwrap_or(rest.len());
            let (run, tail) = rest.split_at(end);
            if is_known_key(run) || is_random(run) && !is_path(run) {
                out.push_str(&self.stand_in(run));
            } else if run.contains('/') {
                for (index, part) in run.split('/').enumerate() {
                    if index > 0 {
                        out.push('/');
                    }
                    if is_random(part) {
                        out.push_str(&self.stand_in(part));
                    } else {
                        out.push_str(part);
                    }
                }
            } else {
                out.push_str(run);
            }
            let mut chars = tail.chars();
            out.extend(chars.next());
            rest = chars.as_str();
        }
        out
    }
}

/// Where the names of users stand in the paths of home folders.
fn homes_in(text: &str) -> impl Iterator<Item = Range<usize>> {
    let ends = HOMES.iter().flat_map(move |homes| homes.find_iter(text));
    ends.map(move |home| {
        let start = home.end();
        let length = text[start..]
            .find(|c: char| !(c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '$')))
            .unwrap_or(text.len() - start);
        start..start + length
    })
    .filter(|name| !name.is_empty())
}

/// What home folders stand in.
static HOMES: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    let places = ["/home/", "/Users/", "\\Users\\", "\\\\Users\\\\"];
    let builder = AhoCorasick::builder()
        .match_kind(MatchKind::LeftmostLongest)
        .build(places);
    builder.ok()
});

/// What the words before say about the next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Announced {
    No,
    /// A name of a secret stood there, and a sign must follow.
    Named,
    /// The next word is a secret.
    Next,
    /// The name of a scheme stood there alone: the next word is a secret unless it is a plain word.
    Scheme,
}

/// The text without private keys in PEM form. A key that never ends is taken to the end.
fn without_keys(text: &str) -> String {
    const BEGIN: &str = "-----BEGIN ";
    const END: &str = "-----END ";
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(BEGIN) {
        let head: String = rest[at..].chars().take(64).collect();
        let after = at + BEGIN.len();
        if !head.contains("PRIVATE KEY") {
            out.push_str(&rest[..after]);
            rest = &rest[after..];
            continue;
        }
        out.push_str(&rest[..at]);
        out.push_str("[private key]");
        rest = match rest[after..].find(END) {
            Some(end) => {
                let tail = &rest[after + end + END.len()..];
                tail.find("-----").map_or("", |close| &tail[close + 5..])
            }
            None => "",
        };
    }
    out.push_str(rest);
    out
}

/// The object or array a text is the JSON of.
fn decoded(value: &Value) -> Option<Value> {
    let text = value.as_str()?.trim();
    if !text.starts_with(['{', '[']) || !text.ends_with(['}', ']']) {
        return None;
    }
    serde_json::from_str(text).ok()
}

/// The text cut in the middle to about `most` characters, saying how many are gone.
#[must_use]
pub fn cut(text: &str, most: usize) -> String {
    let length = text.chars().count();
    if length <= most + 24 {
        return text.to_owned();
    }
    let head = most * 2 / 3;
    let tail = most - head;
    let first: String = text.chars().take(head).collect();
    let last: String = text.chars().skip(length - tail).collect();
    format!("{first}…[{} characters cut]…{last}", length - most)
}

#[cfg(test)]
mod tests;
