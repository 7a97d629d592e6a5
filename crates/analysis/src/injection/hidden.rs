//! Text that hides words from people: without the characters nobody sees.

use std::ops::Range;

/// Beginnings of the characters nobody sees, as they stand in UTF-8; see [`is_unseen`].
pub(super) const UNSEEN: &[&str] = &[
    "\u{ad}", "\u{34f}", "\u{61c}", "\u{180e}", "\u{200b}", "\u{200c}", "\u{200d}", "\u{200e}",
    "\u{200f}", "\u{202a}", "\u{202b}", "\u{202c}", "\u{202d}", "\u{202e}", "\u{2060}", "\u{2061}",
    "\u{2062}", "\u{2063}", "\u{2064}", "\u{2066}", "\u{2067}", "\u{2068}", "\u{2069}", "\u{feff}",
];

/// The tag characters are 128: they are searched for by the three bytes all of them begin with.
pub(super) const TAG_LEAD: &[u8] = &[0xf3, 0xa0];

/// True for characters that take no room and carry no meaning of their own in running text: joiners,
/// direction marks, soft hyphens, tags.
#[must_use]
pub fn is_unseen(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{2069}'
        | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

/// A text as a model may read it: unseen characters left out, tag characters as the ASCII they stand
/// for, with the way back.
pub(super) struct Readable<'t> {
    original: &'t str,
    /// The readable text.
    pub(super) text: String,
    /// Where a stretch of `text` begins, there and in the original; ascending.
    places: Vec<(usize, usize)>,
}

impl<'t> Readable<'t> {
    pub(super) fn new(original: &'t str) -> Self {
        let mut text = String::with_capacity(original.len());
        let mut places = vec![(0, 0)];
        let mut expected = 0;
        for (at, c) in original.char_indices() {
            let shown = match u32::from(c) {
                code @ 0xe0020..=0xe007e => char::from_u32(code - 0xe0000),
                _ if is_unseen(c) => None,
                _ => Some(c),
            };
            if let Some(shown) = shown {
                // A stretch holds what is as long here as there.
                if at != expected || shown != c {
                    places.push((text.len(), at));
                }
                text.push(shown);
                expected = at + shown.len_utf8();
            }
        }
        Self {
            original,
            text,
            places,
        }
    }

    /// A range of `text` in the original: all that lies between its ends there.
    pub(super) fn original(&self, range: &Range<usize>) -> Range<usize> {
        let start = self.place(range.start);
        let said = self.text.get(range.clone()).unwrap_or_default();
        let last = said.char_indices().next_back().map_or(0, |(at, _)| at);
        let last = self.place(range.start + last);
        let rest = self.original.get(last..).unwrap_or_default();
        start..last + rest.chars().next().map_or(0, char::len_utf8)
    }

    fn place(&self, at: usize) -> usize {
        let next = self.places.partition_point(|&(there, _)| there <= at);
        let (there, original) = self.places[next.saturating_sub(1)];
        original + (at - there)
    }
}
