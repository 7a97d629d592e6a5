//! Text that fits in so many tokens, cut between lines.

use std::ops::RangeInclusive;

use llm::count_tokens;
use memchr::memchr_iter;

use crate::fence::inert;

/// Lines of a text that stand together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Piece {
    /// Which lines, counted from 1.
    pub(crate) lines: RangeInclusive<usize>,
    /// The lines.
    pub(crate) text: String,
}

/// What of a text fits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Page {
    /// The stretches that are shown, in order: one, or beginning and end.
    pub(crate) pieces: Vec<Piece>,
    /// How many lines the text has.
    pub(crate) total: usize,
    /// A line that is too long to be shown whole.
    pub(crate) cut: Option<usize>,
}

impl Page {
    /// The beginning of a text in about `first` tokens and its end in the rest of `room`, or all of it.
    pub(crate) fn ends(text: &str, first: u64, room: u64) -> Self {
        let text = text.trim_end_matches(['\n', '\r']);
        let total = line_count(text);
        let mut page = Self {
            total,
            ..Self::default()
        };
        if let Some(whole) = whole(text, room) {
            page.pieces.extend((total > 0).then_some(Piece {
                lines: 1..=total,
                text: whole,
            }));
            return page;
        }
        page.both(text, first.min(room), room);
        page
    }

    /// The end of a text in about `room` tokens, or all of it.
    pub(crate) fn end(text: &str, room: u64) -> Self {
        let text = text.trim_end_matches(['\n', '\r']);
        let mut page = Self {
            total: line_count(text),
            ..Self::default()
        };
        if page.total > 0 {
            page.both(text, 0, room);
        }
        page
    }

    /// Takes a beginning of at most `first` tokens, and an end with what is left of `room`.
    fn both(&mut self, text: &str, first: u64, room: u64) {
        let head = Taken::new(text.split('\n'), first, room, Keep::Beginning);
        let first = head.lines.len();
        // What the beginning left over is the end's.
        let rest = room.saturating_sub(head.used);
        let behind = text.rsplit('\n').take(self.total - first);
        let tail = Taken::new(behind, rest, room, Keep::End);
        let last = tail.lines.len();
        self.cut = match (head.cut, tail.cut) {
            (true, _) => Some(first),
            (false, true) => Some(self.total + 1 - last),
            (false, false) => None,
        };
        if first > 0 {
            self.pieces.push(Piece {
                lines: 1..=first,
                text: head.lines.join("\n"),
            });
        }
        if last > 0 {
            let mut lines = tail.lines;
            lines.reverse();
            self.pieces.push(Piece {
                lines: self.total + 1 - last..=self.total,
                text: lines.join("\n"),
            });
        }
    }

    /// A text from a line on, in about `room` tokens. Without pieces when there is no such line.
    pub(crate) fn from(text: &str, line: usize, room: u64) -> Self {
        let text = text.trim_end_matches(['\n', '\r']);
        if text.is_empty() {
            return Self::default();
        }
        let line = line.max(1);
        let total = line_count(text);
        let start = match line {
            1 => Some(0),
            line => memchr_iter(b'\n', text.as_bytes())
                .nth(line - 2)
                .map(|at| at + 1),
        };
        let Some(rest) = start.map(|start| &text[start..]) else {
            return Self {
                total,
                ..Self::default()
            };
        };
        if let Some(whole) = whole(rest, room) {
            let piece = Piece {
                lines: line..=total,
                text: whole,
            };
            return Self {
                pieces: vec![piece],
                total,
                cut: None,
            };
        }
        let lines = rest.split('\n');
        let taken = Taken::new(lines, room, room, Keep::Beginning);
        let last = line - 1 + taken.lines.len();
        let pieces = (!taken.lines.is_empty()).then(|| Piece {
            lines: line..=last,
            text: taken.lines.join("\n"),
        });
        Self {
            total,
            cut: taken.cut.then_some(last),
            pieces: pieces.into_iter().collect(),
        }
    }

    /// The first line that is not shown; `None` when all are.
    pub(crate) fn next(&self) -> Option<usize> {
        let shown = self.pieces.first().map_or(0, |piece| *piece.lines.end());
        (shown < self.total).then_some(shown + 1)
    }
}

/// Tokens that a text takes, as far as that is no more than `most`; then something above `most`.
pub(crate) fn tokens_up_to(text: &str, most: u64) -> u64 {
    // A token holds 16 bytes and more only of white space.
    let bytes = usize::try_from(most).unwrap_or(usize::MAX);
    let bytes = bytes.saturating_add(8).saturating_mul(16);
    if text.len() > bytes {
        return most.saturating_add(1);
    }
    count_tokens(text)
}

/// Shares `room` among texts that need so many tokens: who needs less leaves the rest to the others.
pub(crate) fn share(needs: &[u64], room: u64) -> Vec<u64> {
    let mut order: Vec<usize> = (0..needs.len()).collect();
    order.sort_by_key(|&at| needs[at]);
    let mut shares = vec![0; needs.len()];
    let mut left = room;
    for (done, &at) in order.iter().enumerate() {
        let each = left / ((needs.len() - done) as u64);
        shares[at] = needs[at].min(each);
        left -= shares[at];
    }
    shares
}

fn line_count(text: &str) -> usize {
    if text.is_empty() {
        return 0;
    }
    memchr_iter(b'\n', text.as_bytes()).count() + 1
}

/// The text as it is shown, if it fits.
fn whole(text: &str, room: u64) -> Option<String> {
    if tokens_up_to(text, room) > room {
        return None;
    }
    let lines: Vec<String> = text.split('\n').map(shown).collect();
    let whole = lines.join("\n");
    (tokens_up_to(&whole, room) <= room).then_some(whole)
}

/// A line as it is shown: control characters written out, the carriage return at its end left out.
fn shown(line: &str) -> String {
    inert(line.trim_end_matches('\r'))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Keep {
    Beginning,
    End,
}

/// Lines one after the other, as long as they fit.
#[derive(Default)]
struct Taken {
    lines: Vec<String>,
    used: u64,
    /// The last of the lines is not whole.
    cut: bool,
}

impl Taken {
    fn new<'t>(lines: impl Iterator<Item = &'t str>, room: u64, of: u64, keep: Keep) -> Self {
        /// With less than this left, a piece of a line tells nothing.
        const PIECE: u64 = 12;
        let mut taken = Self::default();
        for line in lines {
            let left = room - taken.used;
            let cost = |line: &str| tokens_up_to(line, left).saturating_add(1);
            if cost(line) <= left {
                let line = shown(line);
                let cost = cost(&line);
                if cost <= left {
                    taken.used += cost;
                    taken.lines.push(line);
                    continue;
                }
            }
            let huge = tokens_up_to(line, of / 2) > of / 2;
            if (huge || taken.lines.is_empty()) && left >= PIECE {
                let (piece, cost) = piece(line, left - 1, keep);
                taken.used += cost + 1;
                taken.lines.push(piece);
                taken.cut = true;
            }
            break;
        }
        taken
    }
}

/// The beginning or the end of a line in at most `room` tokens, and how many it takes.
fn piece(line: &str, room: u64, keep: Keep) -> (String, u64) {
    let mut bytes = usize::try_from(room)
        .unwrap_or(usize::MAX)
        .saturating_mul(6);
    loop {
        let piece = match keep {
            Keep::Beginning => &line[..line.floor_char_boundary(bytes)],
            Keep::End => &line[line.ceil_char_boundary(line.len().saturating_sub(bytes))..],
        };
        let piece = shown(piece);
        let cost = count_tokens(&piece);
        if cost <= room || bytes == 0 {
            return (piece, cost);
        }
        bytes = bytes * 3 / 4;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn texts() -> impl Strategy<Value = String> {
        let line = prop_oneof![
            "[a-z =()]{0,60}",
            ".{0,40}",
            Just("\r".to_owned()),
            Just("x".repeat(3_000)),
            Just("\u{1b}[31m".repeat(50)),
        ];
        prop::collection::vec(line, 0..60).prop_map(|lines| lines.join("\n"))
    }

    #[test]
    fn a_text_that_fits_is_whole() {
        let page = Page::ends("a\nb\r\nc\n", 30, 50);
        assert_eq!(
            page.pieces,
            [Piece {
                lines: 1..=3,
                text: "a\nb\nc".to_owned()
            }]
        );
        assert_eq!(page.next(), None);
    }

    #[test]
    fn a_long_text_keeps_its_ends() {
        let text: Vec<String> = (1..=100).map(|n| format!("line number {n}")).collect();
        let page = Page::ends(&text.join("\n"), 40, 60);
        let [head, tail] = page.pieces.as_slice() else {
            panic!("{page:?}");
        };
        assert!(head.text.starts_with("line number 1\n"));
        assert!(tail.text.ends_with("line number 100"));
        assert_eq!(page.next(), Some(head.lines.end() + 1));
        assert_eq!(page.cut, None);
    }

    #[test]
    fn rest_goes_to_who_needs_more() {
        assert_eq!(share(&[10, 500, 40], 200), [10, 150, 40]);
        assert_eq!(share(&[300, 300], 200), [100, 100]);
        assert_eq!(share(&[], 200), [0; 0]);
    }

    proptest! {
        #[test]
        fn never_more_than_the_room(text in texts(), room in 0_u64..300, from in 0_usize..80) {
            for page in [Page::ends(&text, room / 2, room), Page::end(&text, room), Page::from(&text, from, room)] {
                let tokens: u64 = page.pieces.iter().map(|piece| count_tokens(&piece.text)).sum();
                prop_assert!(tokens <= room + 4, "{tokens} of {room}");
                for piece in &page.pieces {
                    let lines = piece.lines.end() + 1 - piece.lines.start();
                    prop_assert_eq!(piece.text.split('\n').count(), lines);
                    prop_assert!(*piece.lines.end() <= page.total);
                }
            }
        }

        #[test]
        fn paging_shows_every_line(text in texts()) {
            let total = Page::ends(&text, 0, 0).total;
            let mut at = 1;
            while at <= total {
                let page = Page::from(&text, at, 80);
                prop_assert_eq!(page.total, total);
                let piece = page.pieces.first();
                prop_assert!(piece.is_some());
                at = piece.map_or(usize::MAX - 1, |piece| *piece.lines.end()) + 1;
            }
        }

        #[test]
        fn shares_are_no_more_than_the_room(needs in prop::collection::vec(0_u64..500, 0..10), room in 0_u64..900) {
            let shares = share(&needs, room);
            prop_assert!(shares.iter().sum::<u64>() <= room);
            let all: u64 = needs.iter().sum();
            if all <= room {
                prop_assert_eq!(shares, needs);
            }
        }
    }
}
