//! Text without secrets: what must not leave a machine inside a sample or a prompt, and what stands
//! in its place.
//!
//! The rule, in the order it is applied: private keys in PEM form; the name of a user in a home
//! folder's path, there and wherever it stands alone; every text and number below a member, and values
//! of assignments, whose name speaks of a secret; credentials in addresses; e-mail addresses; words that begin like the keys of
//! known services; words of 20 and more characters that look drawn at random. The same secret gets
//! the same stand-in throughout, so ids that look random still join calls and results. Only then are
//! long texts cut, in the middle, so that no cut can hide half a secret from the rule.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};
use serde_json::{Map, Value};

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

/// A word as people write it: letters in one case, but for the first.
fn is_plain(word: &str) -> bool {
    const LONGEST: usize = 24;
    let rest = word.trim_end_matches(|c: char| c.is_ascii_punctuation());
    let mut letters = rest.chars().skip(1);
    rest.len() <= LONGEST
        && rest.chars().all(|c| c.is_alphabetic() || c == '-')
        && letters.all(|c| c.is_lowercase() || c == '-')
}

fn is_between(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(
            c,
            '"' | '\''
                | '`'
                | ','
                | ';'
                | '('
                | ')'
                | '['
                | ']'
                | '{'
                | '}'
                | '<'
                | '>'
                | '|'
                | '&'
                | '\\'
                | '!'
                | '*'
                | '…'
        )
}

fn is_key_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '+' | '/' | '=')
}

/// Whether a name speaks of a secret: the name of a member, variable or option.
fn names_secret(name: &str) -> bool {
    /// Anywhere in the name: `password_hash`, `secretKeyBase`.
    const ANYWHERE: &[&str] = &[
        "password",
        "passwd",
        "passphrase",
        "secret",
        "apikey",
        "accesskey",
        "privatekey",
        "credential",
    ];
    /// At its end: the `token_count` of a model is none.
    const ENDINGS: &[&str] = &[
        "token",
        "authorization",
        "cookie",
        "cookies",
        "connectionstring",
    ];
    /// As its last word: `compass` is none.
    const LAST_WORDS: &[&str] = &["pass", "pwd"];
    if name.len() > 80 || matches!(name, "PWD" | "OLDPWD") {
        return false;
    }
    let plain: String = name
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect();
    let last = name.rsplit(['_', '-', '.']).next().unwrap_or(name);
    ANYWHERE.iter().any(|word| plain.contains(word))
        || ENDINGS.iter().any(|ending| plain.ends_with(ending))
        || LAST_WORDS.iter().any(|word| last.eq_ignore_ascii_case(word))
        // `STRIPE_KEY` is a variable of an environment; `primary_key` is a column.
        || name.ends_with("_KEY")
}

/// Whether a word begins with an address, its `@` being at `at`. A prompt such as `root@box:/app#` does
/// not: it names no domain, or nobody.
fn is_mail(word: &str, at: usize) -> bool {
    let (name, rest) = (&word[..at], &word[at + 1..]);
    let (host, rest) = rest.split_at(host_length(rest));
    let is_prompt = name == "root" && rest.starts_with([':', '/', '#', '~', '$']);
    !is_prompt
        && name.chars().any(char::is_alphanumeric)
        && host.split_once('.').is_some_and(|(first, rest)| {
            !first.is_empty() && rest.chars().any(char::is_alphanumeric)
        })
}

/// How many bytes of what follows an `@` can be the name of a host.
fn host_length(text: &str) -> usize {
    text.find(|c: char| !(c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '@')))
        .unwrap_or(text.len())
}

/// Whether a run of characters begins like a key of a known service.
fn is_known_key(run: &str) -> bool {
    const BEGINNINGS: &[&str] = &[
        "sk-",
        "sk_",
        "pk_",
        "rk_",
        "ghp_",
        "gho_",
        "ghu_",
        "ghs_",
        "ghr_",
        "github_pat_",
        "glpat-",
        "xoxa-",
        "xoxb-",
        "xoxp-",
        "xoxr-",
        "xoxs-",
        "AKIA",
        "ASIA",
        "AIza",
        "hf_",
        "npm_",
        "pypi-",
        "eyJ",
        "dop_v1_",
        "shpat_",
        "whsec_",
    ];
    const LEAST_MORE: usize = 12;
    BEGINNINGS.iter().any(|beginning| {
        run.match_indices(beginning).any(|(at, _)| {
            let before = run[..at].chars().next_back();
            !before.is_some_and(|c| c.is_ascii_alphanumeric())
                && run.len() - at >= beginning.len() + LEAST_MORE
                && run[at..]
                    .bytes()
                    .any(|b| b.is_ascii_digit() || b.is_ascii_uppercase())
        })
    })
}

/// Whether a run of characters looks drawn at random: long, of several kinds of characters, changing
/// kind far more often than words do.
fn is_random(run: &str) -> bool {
    const LEAST: usize = 20;
    if run.len() < LEAST || is_stand_in(run) || is_worded(run) {
        return false;
    }
    let kind = |b: u8| match b {
        b'0'..=b'9' => 0,
        b'a'..=b'z' => 1,
        b'A'..=b'Z' => 2,
        _ => 3,
    };
    let bytes: Vec<u8> = run.bytes().filter(|b| *b != b'-').collect();
    let counts = bytes.iter().fold([0_usize; 4], |mut counts, b| {
        counts[kind(*b)] += 1;
        counts
    });
    let changes = bytes
        .windows(2)
        .filter(|two| kind(two[0]) != kind(two[1]))
        .count();
    let digits_and_letters = counts[0] >= 2 && counts[1] + counts[2] >= 2;
    let both_cases = counts[1] >= 3 && counts[2] >= 3;
    bytes.len() >= LEAST - 4
        && (digits_and_letters || both_cases)
        && changes * 100 >= bytes.len() * 20
        && entropy(&bytes) >= 3.0
}

/// Whether a run that looks drawn at random as a whole does so only because names and numbers follow each
/// other in a path, as in `linux-6/arch/x86`: every part is a name, or so random that it is judged by
/// itself. Of a key with slashes in it hardly one part is like a name.
fn is_path(run: &str) -> bool {
    run.contains('/')
        && run
            .split('/')
            .all(|part| is_named(part) || is_worded(part) || is_random(part))
}

/// Whether every word of a name is letters in one case, but for the first, and then a short number.
fn is_named(name: &str) -> bool {
    const LONGEST_NUMBER: usize = 4;
    let mut words = name.split(|c: char| !c.is_ascii_alphanumeric());
    words.all(|word| {
        let letters = word.trim_end_matches(|c: char| c.is_ascii_digit());
        let rest = letters.get(1..).unwrap_or_default();
        let one_case = rest.bytes().all(|b| b.is_ascii_lowercase())
            || letters.bytes().all(|b| b.is_ascii_uppercase());
        one_case
            && letters.bytes().all(|b| b.is_ascii_alphabetic())
            && word.len() - letters.len() <= LONGEST_NUMBER
    })
}

/// Whether a run is made of words: `evaluate_model_on_sts12`, `paraphrase-MiniLM-L6-v2`,
/// `printOpeningTagPrefix`. Seven in ten of its letters and digits are in small letters that follow each
/// other, have a vowel and begin with a capital at most, and there are few numbers; of what is drawn at
/// random less than half are, and numbers are many.
fn is_worded(run: &str) -> bool {
    let is_vowel = |b: &u8| {
        matches!(
            b.to_ascii_lowercase(),
            b'a' | b'e' | b'i' | b'o' | b'u' | b'y'
        )
    };
    let bytes = run.as_bytes();
    let (mut all, mut in_words, mut at) = (0, 0, 0);
    while at < bytes.len() {
        let start = at;
        at += 1;
        if !bytes[start].is_ascii_alphanumeric() {
            continue;
        }
        if bytes[start].is_ascii_alphabetic() {
            while bytes.get(at).is_some_and(u8::is_ascii_lowercase) {
                at += 1;
            }
        }
        let word = &bytes[start..at];
        all += word.len();
        if word.len() > 1 && word.iter().any(is_vowel) {
            in_words += word.len();
        }
    }
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let numbers = (0..bytes.len())
        .filter(|at| digit(*at) && !digit(at + 1))
        .count();
    in_words * 10 >= all * 7 && numbers * 10 <= all
}

/// Bits a character, by the counts within the run itself.
fn entropy(bytes: &[u8]) -> f64 {
    let mut counts = [0_u32; 256];
    for b in bytes {
        counts[usize::from(*b)] += 1;
    }
    #[expect(clippy::cast_precision_loss, reason = "runs are short")]
    let whole = bytes.len() as f64;
    let part = |count: u32| {
        let share = f64::from(count) / whole;
        -share * share.log2()
    };
    counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| part(*count))
        .sum()
}

fn is_stand_in(text: &str) -> bool {
    text.strip_prefix("REDACTED-")
        .is_some_and(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
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
