//! Calls and results written into the text of messages, as Hermes' models write them.

use serde_json::Value;
use trace::Observation;

use super::Piece;
use super::block::text_of;
use crate::json::{str_at, str_of};

/// The pieces of a text with marked calls or results; `None` when it has no well-formed one.
pub(super) fn pieces(text: &str) -> Option<Vec<Piece>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    let mut found = false;
    while let Some((at, open, close)) = next_mark(rest) {
        let inner = &rest[at + open.len()..];
        let Some(end) = inner.find(close) else { break };
        let Some(piece) = piece_of(open, inner[..end].trim()) else {
            break;
        };
        add_words(&rest[..at], &mut pieces);
        pieces.push(piece);
        found = true;
        rest = &inner[end + close.len()..];
    }
    add_words(rest, &mut pieces);
    found.then_some(pieces)
}

/// The marks that open and close a piece.
const MARKS: [(&str, &str); 3] = [
    ("<tool_call>", "</tool_call>"),
    ("<tool_response>", "</tool_response>"),
    ("<think>", "</think>"),
];

fn next_mark(text: &str) -> Option<(usize, &'static str, &'static str)> {
    let places = MARKS
        .iter()
        .filter_map(|(open, close)| Some((text.find(open)?, *open, *close)));
    places.min_by_key(|(at, ..)| *at)
}

fn piece_of(open: &str, inner: &str) -> Option<Piece> {
    if open == "<think>" {
        return Some(Piece::Reasoning(inner.to_owned()));
    }
    let value: Result<Value, _> = serde_json::from_str(inner);
    if open == "<tool_response>" {
        let value = value.unwrap_or_else(|_| inner.into());
        let content = value.get("content").unwrap_or(&value);
        return Some(Piece::Result {
            id: str_of(&value, &["tool_call_id", "id"]).map(str::to_owned),
            name: str_at(&value, "name").map(str::to_owned),
            observation: Observation::text(text_of(content)),
        });
    }
    call_of(&value.ok()?)
}

/// A call written as an object with name and arguments.
pub(super) fn call_of(value: &Value) -> Option<Piece> {
    let arguments = ["arguments", "parameters", "args"];
    Some(Piece::Call {
        id: str_at(value, "id").map(str::to_owned),
        name: str_at(value, "name")?.to_owned(),
        arguments: arguments
            .iter()
            .find_map(|key| value.get(*key))
            .cloned()
            .unwrap_or_default(),
    })
}

fn add_words(text: &str, pieces: &mut Vec<Piece>) {
    let text = text.trim();
    if !text.is_empty() {
        pieces.push(Piece::Words(text.to_owned()));
    }
}
