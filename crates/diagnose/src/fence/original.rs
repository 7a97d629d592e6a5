//! The way back from words copied out of a fence to the run.

use std::ops::Range;

use super::inert::{colour, is_active, is_sign};

/// Where words that were copied out of a fence stand in the text that was fenced, in bytes. Tells white
/// space, quotation marks and signs apart as little as a reader does. `None` when they are not there, or
/// say nothing.
#[must_use]
pub fn original(text: &str, quote: &str) -> Option<Range<usize>> {
    let wanted = Bare::new(quote).text;
    let bare = Bare::new(text);
    let start = (!wanted.is_empty()).then(|| bare.text.find(&wanted))??;
    let last = wanted.char_indices().next_back().map_or(0, |(at, _)| at);
    let start = bare.place(start)..bare.place(start + last);
    let end = text.get(start.end..)?.chars().next()?.len_utf8();
    Some(start.start..start.end + end)
}

/// A text without signs and what they stand for, runs of white space as one space, quotation marks of
/// all forms as plain ones. A text and its inert form have the same.
struct Bare {
    text: String,
    /// Where a stretch of `text` begins, there and in the original; ascending.
    places: Vec<(usize, usize)>,
}

impl Bare {
    fn new(original: &str) -> Self {
        let mut text = String::with_capacity(original.len());
        let mut places = Vec::new();
        let mut space = None;
        let mut expected = None;
        let mut at = 0;
        let mut put = |text: &mut String, c: char, at: usize, length: usize| {
            if expected != Some(at) || c.len_utf8() != length {
                places.push((text.len(), at));
            }
            text.push(c);
            expected = (c.len_utf8() == length).then_some(at + length);
        };
        while let Some(c) = original[at..].chars().next() {
            if let Some(after) = colour(&original[at..]) {
                at = original.len() - after.len();
                continue;
            }
            match c {
                c if is_active(c) || is_sign(c) => {}
                c if c.is_whitespace() => space = space.or(Some((at, c.len_utf8()))),
                c => {
                    if let Some((at, length)) = space.take()
                        && !text.is_empty()
                    {
                        put(&mut text, ' ', at, length);
                    }
                    let shown = match c {
                        '«' | '»' | '“' | '”' | '„' => '"',
                        '‘' | '’' => '\'',
                        c => c,
                    };
                    put(&mut text, shown, at, c.len_utf8());
                }
            }
            at += c.len_utf8();
        }
        Self { text, places }
    }

    /// The place in the original of what begins at a byte of `text`.
    fn place(&self, at: usize) -> usize {
        let next = self.places.partition_point(|&(there, _)| there <= at);
        let stretch = next.checked_sub(1).and_then(|last| self.places.get(last));
        stretch.map_or(at, |&(there, original)| original + (at - there))
    }
}
