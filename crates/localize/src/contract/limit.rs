//! Numbers that bound a result: "at least 0.9", "at most 2500 bytes", "less than 25MB", "<2k".

use std::fmt;
use std::ops::Range;

use serde::Serialize;

use super::mention::Piece;

/// Which way a number bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    /// The number or more.
    AtLeast,
    /// The number or less.
    AtMost,
    /// Less than the number.
    Below,
    /// More than the number.
    Above,
}

/// A bound on a measured number.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Limit {
    /// Which way.
    pub bound: Bound,
    /// The number: bytes for sizes, seconds for times, a share of 1 for percentages.
    pub value: f64,
    /// What the number counts.
    pub unit: Unit,
    /// The word for what is measured, such as `accuracy`; empty when the task names none that is known.
    pub measure: String,
}

/// What a number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Bytes.
    Bytes,
    /// Seconds.
    Seconds,
    /// A share of 1: a percentage or a number in 0..=1.
    Share,
    /// Things counted.
    Count,
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let measure = if self.measure.is_empty() {
            "a number"
        } else {
            &self.measure
        };
        let bound = match self.bound {
            Bound::AtLeast => "at least",
            Bound::AtMost => "at most",
            Bound::Below => "below",
            Bound::Above => "above",
        };
        match self.unit {
            Unit::Bytes => write!(f, "{measure} {bound} {} bytes", self.value),
            Unit::Seconds => write!(f, "{measure} {bound} {} s", self.value),
            Unit::Share | Unit::Count => write!(f, "{measure} {bound} {}", self.value),
        }
    }
}

impl Limit {
    /// Whether a measured number keeps the bound.
    #[must_use]
    pub fn holds(&self, measured: f64) -> bool {
        match self.bound {
            Bound::AtLeast => measured >= self.value,
            Bound::AtMost => measured <= self.value,
            Bound::Below => measured < self.value,
            Bound::Above => measured > self.value,
        }
    }
}

/// Phrases in front of the number, in lower case.
const BOUNDS: &[(&str, Bound)] = &[
    ("at least", Bound::AtLeast),
    ("at most", Bound::AtMost),
    ("below", Bound::Below),
    ("exceeding", Bound::AtMost),
    ("fewer than", Bound::Below),
    ("greater than", Bound::Above),
    ("less than", Bound::Below),
    ("maximum of", Bound::AtMost),
    ("minimum of", Bound::AtLeast),
    ("more than", Bound::Above),
    ("no larger than", Bound::AtMost),
    ("no less than", Bound::AtLeast),
    ("no more than", Bound::AtMost),
    ("not exceed", Bound::AtMost),
    ("smaller than", Bound::Below),
    ("under", Bound::Below),
    ("up to", Bound::AtMost),
    ("within", Bound::AtMost),
];

/// Words for what is measured, as tasks and programs' outputs both say them.
const MEASURES: &[&str] = &[
    "accuracy",
    "auc",
    "bytes",
    "coverage",
    "cosine",
    "error",
    "f1",
    "loss",
    "mae",
    "mse",
    "precision",
    "recall",
    "rmse",
    "score",
    "similarity",
    "size",
    "ssim",
    "win",
    "wins",
];

/// The bounds a clause states, each with the bytes that state it.
pub(super) fn of(
    text: &str,
    pieces: &[Piece<'_>],
    clause: Range<usize>,
) -> Vec<(Limit, Range<usize>)> {
    let mut found = Vec::new();
    for (at, piece) in pieces.iter().enumerate() {
        let (sign, digits) = signed(piece.text);
        let Some((value, unit)) = quantity(digits, pieces.get(at + 1)) else {
            continue;
        };
        let before = &text[clause.start..piece.span.start];
        let tail = before[before.floor_char_boundary(before.len().saturating_sub(40))..]
            .to_ascii_lowercase();
        let tail = tail
            .trim_end()
            .trim_end_matches(" a")
            .trim_end_matches(" an");
        let stated = BOUNDS
            .iter()
            .filter(|(words, _)| {
                tail.strip_suffix(words)
                    .is_some_and(|rest| !rest.ends_with(char::is_alphanumeric))
            })
            .max_by_key(|(words, _)| words.len());
        let negated = |bound, words: &str| {
            let rest = tail.strip_suffix(words).unwrap_or("").trim_end();
            match (
                ["not", "no", "never", "n't"]
                    .iter()
                    .any(|w| rest.ends_with(w)),
                bound,
            ) {
                (true, Bound::Above) => Bound::AtMost,
                (true, Bound::Below) => Bound::AtLeast,
                (_, bound) => bound,
            }
        };
        let maximum = ["max", "maximum"].iter().any(|w| tail.ends_with(w))
            || tail.contains("maximum number")
            || tail.contains("maximum size")
            || tail.contains("maximum filesize");
        let bound = match (sign, stated) {
            (Some(bound), _) => bound,
            (None, Some((words, bound))) => negated(*bound, words),
            (None, None) if maximum => Bound::AtMost,
            _ => continue,
        };
        let said = text[clause.clone()].to_ascii_lowercase();
        let measure = MEASURES
            .iter()
            .find(|word| has_word(&said, word))
            .map_or_else(String::new, |word| (*word).to_owned());
        // "5% less than the other" is measured against something else.
        let after = text[piece.span.end..clause.end].to_ascii_lowercase();
        let mut after = after.split_whitespace().take(2);
        let relative = [
            "less", "more", "higher", "lower", "better", "worse", "faster", "slower",
        ];
        if unit == Unit::Share && after.any(|word| relative.contains(&word)) {
            continue;
        }
        // How long something takes is seldom printed beside the word for what else is measured.
        let measure = if unit == Unit::Seconds {
            String::new()
        } else {
            measure
        };
        found.push((
            Limit {
                bound,
                value,
                unit,
                measure,
            },
            piece.span.clone(),
        ));
    }
    found
}

/// True when `text` has `word` standing alone.
pub(super) fn has_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        !text[..at].ends_with(char::is_alphanumeric)
            && !text[at + word.len()..].starts_with(char::is_alphanumeric)
    })
}

fn signed(word: &str) -> (Option<Bound>, &str) {
    for (mark, bound) in [
        (">=", Bound::AtLeast),
        ("<=", Bound::AtMost),
        ("≥", Bound::AtLeast),
        ("≤", Bound::AtMost),
        ("<", Bound::Below),
        (">", Bound::Above),
    ] {
        if let Some(rest) = word.strip_prefix(mark) {
            return (Some(bound), rest.trim_start());
        }
    }
    (None, word)
}

/// A number with its unit, glued or in the next word.
fn quantity(word: &str, next: Option<&Piece<'_>>) -> Option<(f64, Unit)> {
    let digits = word
        .bytes()
        .take_while(|b| b.is_ascii_digit() || matches!(b, b'.' | b','))
        .count();
    if digits == 0 || !word.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let value: f64 = word[..digits]
        .replace(',', "")
        .trim_end_matches('.')
        .parse()
        .ok()?;
    let glued = word[digits..].trim_start_matches('-');
    let unit = if glued.is_empty() {
        next.map_or("", |n| n.text)
    } else {
        glued
    };
    let lower = unit.to_ascii_lowercase();
    Some(match lower.as_str() {
        "%" | "percent" => (value / 100.0, Unit::Share),
        "b" | "byte" | "bytes" => (value, Unit::Bytes),
        "k" | "kb" | "kib" | "kilobytes" => (value * 1024.0, Unit::Bytes),
        "m" | "mb" | "mib" | "megabytes" => (value * 1_048_576.0, Unit::Bytes),
        "gb" | "gib" | "gigabytes" => (value * 1_073_741_824.0, Unit::Bytes),
        "ms" | "milliseconds" => (value / 1000.0, Unit::Seconds),
        "s" | "sec" | "seconds" | "second" => (value, Unit::Seconds),
        "min" | "minute" | "minutes" => (value * 60.0, Unit::Seconds),
        _ if !glued.is_empty() && !glued.starts_with('+') => return None,
        _ if value <= 1.0 && word.contains('.') => (value, Unit::Share),
        _ => (value, Unit::Count),
    })
}
