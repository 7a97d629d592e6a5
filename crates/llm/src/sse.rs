//! Server-sent events, read as they arrive.
//!
//! Source: WHATWG HTML, section 9.2.6 "Interpreting an event stream". `id` and `retry` fields mean
//! nothing to a single answer and are passed over. One thing differs: an event that the end of the
//! stream cuts short is given out by [`Parser::finish`], because servers exist that leave out the
//! last blank line; the reader of the protocol decides whether it is whole.

use std::mem;

use memchr::memchr2;

/// One event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Event {
    /// Its type; empty when the server names none.
    pub name: String,
    /// Its data lines, joined by line feeds.
    pub data: String,
}

/// Reads a stream of bytes that may be cut anywhere. Time is linear in what is fed; memory holds no
/// more than the event being read.
#[derive(Debug, Default)]
pub struct Parser {
    line: Vec<u8>,
    event: Event,
    has_data: bool,
    after_cr: bool,
    past_first_line: bool,
}

impl Parser {
    /// A parser at the start of a stream.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next bytes and hands every event they complete to `give`, in order.
    pub fn feed(&mut self, mut bytes: &[u8], give: &mut dyn FnMut(Event)) {
        while !bytes.is_empty() {
            if mem::take(&mut self.after_cr)
                && let Some(rest) = bytes.strip_prefix(b"\n")
            {
                bytes = rest;
                continue;
            }
            let Some(end) = memchr2(b'\n', b'\r', bytes) else {
                self.line.extend_from_slice(bytes);
                return;
            };
            let (line, rest) = bytes.split_at(end);
            self.line.extend_from_slice(line);
            self.after_cr = rest.first() == Some(&b'\r');
            bytes = rest.get(1..).unwrap_or_default();
            self.end_line(give);
        }
    }

    /// Ends the stream: the event that was being read, if it has data.
    #[must_use]
    pub fn finish(mut self) -> Option<Event> {
        let mut last = None;
        if !self.line.is_empty() {
            self.end_line(&mut |event| last = Some(event));
        }
        self.has_data.then_some(self.event).or(last)
    }

    fn end_line(&mut self, give: &mut dyn FnMut(Event)) {
        let line = mem::take(&mut self.line);
        let mut line = line.as_slice();
        if !mem::replace(&mut self.past_first_line, true) {
            line = line.strip_prefix("\u{feff}".as_bytes()).unwrap_or(line);
        }
        if line.is_empty() {
            let event = mem::take(&mut self.event);
            if mem::take(&mut self.has_data) {
                give(event);
            }
            return;
        }
        let colon = memchr::memchr(b':', line).unwrap_or(line.len());
        let (field, value) = line.split_at(colon);
        let value = value.strip_prefix(b":").unwrap_or(value);
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field {
            b"data" => {
                if mem::replace(&mut self.has_data, true) {
                    self.event.data.push('\n');
                }
                self.event.data.push_str(&String::from_utf8_lossy(value));
            }
            b"event" => self.event.name = String::from_utf8_lossy(value).into_owned(),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;
    use proptest::prelude::*;

    fn read(chunks: &[&[u8]]) -> Vec<Event> {
        let mut parser = Parser::new();
        let mut events = Vec::new();
        for chunk in chunks {
            parser.feed(chunk, &mut |event| events.push(event));
        }
        events.extend(parser.finish());
        events
    }

    fn event(name: &str, data: &str) -> Event {
        Event {
            name: name.to_owned(),
            data: data.to_owned(),
        }
    }

    #[test]
    fn fields_comments_and_line_ends() {
        let stream = b"\xef\xbb\xbf: hello\r\nevent: a\rdata:  one\ndata:two\r\n\r\nid: 3\nretry: 5\n\ndata\n\nevent: lost\n\ndata: last";
        assert_eq!(
            read(&[stream]),
            [event("a", " one\ntwo"), event("", ""), event("", "last")]
        );
    }

    #[test]
    fn a_whole_last_event_is_given_once() {
        assert_eq!(read(&[b"data: a\n\n"]), [event("", "a")]);
        assert_eq!(read(&[b"data: a\n"]), [event("", "a")]);
    }

    proptest! {
        #[test]
        fn cuts_do_not_matter(
            pieces in prop::collection::vec(
                prop::sample::select(vec!["data", ":", " ", "\n", "\r", "\r\n", "event", "x", "é", "\u{feff}", "{\"a\":1}"]),
                0..60,
            ),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
        ) {
            let stream = pieces.concat().into_bytes();
            let mut at: Vec<_> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
            at.sort_unstable();
            let mut chunks = Vec::new();
            let mut from = 0;
            for to in at {
                chunks.push(&stream[from..to]);
                from = to;
            }
            chunks.push(&stream[from..]);
            prop_assert_eq!(read(&chunks), read(&[&stream]));
        }

        #[test]
        fn what_was_sent_arrives(events in prop::collection::vec(("[a-z]{1,8}", "[^\r\n]{0,20}(\n[^\r\n]{0,20}){0,2}"), 0..8)) {
            let mut stream = String::new();
            for (name, data) in &events {
                writeln!(stream, "event: {name}").unwrap();
                for line in data.split('\n') {
                    writeln!(stream, "data: {line}").unwrap();
                }
                stream.push('\n');
            }
            let sent: Vec<_> = events.iter().map(|(name, data)| event(name, data)).collect();
            prop_assert_eq!(read(&[stream.as_bytes()]), sent);
        }

        #[test]
        fn any_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            read(&[&bytes]);
        }
    }
}
