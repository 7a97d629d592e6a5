//! JSON Lines and other line-by-line artifacts, read as a stream.

use std::io::{self, BufRead};

use trace::{Ref, RefPart};

use crate::document::{cite_bytes, replace_invalid};

/// Reads lines one at a time into a reused buffer, so memory is bounded by the longest line.
pub struct Lines<R> {
    path: String,
    reader: R,
    buffer: Vec<u8>,
    offset: u64,
    number: u64,
}

/// One line of an artifact.
#[derive(Debug)]
pub struct Line<'a> {
    /// The artifact's path, relative to the analysed path.
    pub path: &'a str,
    /// Offset of the line's first byte in the artifact.
    pub offset: u64,
    /// Number of the line, counted from 1.
    pub number: u64,
    /// The raw bytes without the line's end.
    pub bytes: &'a [u8],
    /// False for a last line without a line end: it may still be being written.
    pub ended: bool,
}

impl<R: BufRead> Lines<R> {
    /// Starts at the beginning of `reader`; `path` is what citations will name.
    pub fn new(path: impl Into<String>, reader: R) -> Self {
        Self {
            path: path.into(),
            reader,
            buffer: Vec::new(),
            offset: 0,
            number: 0,
        }
    }

    /// Starts in the middle: `reader` stands at `offset` of the artifact, which begins a line.
    /// Lines are then numbered from there.
    pub fn at(path: impl Into<String>, reader: R, offset: u64) -> Self {
        Self {
            offset,
            ..Self::new(path, reader)
        }
    }

    /// The next line, or `None` at the end.
    ///
    /// # Errors
    /// Whatever the reader fails with.
    pub fn next_line(&mut self) -> io::Result<Option<Line<'_>>> {
        self.offset += self.buffer.len() as u64;
        self.buffer.clear();
        // One huge line must not hold its memory for the rest of a file of small ones.
        self.buffer.shrink_to(1 << 20);
        if self.reader.read_until(b'\n', &mut self.buffer)? == 0 {
            return Ok(None);
        }
        self.number += 1;
        let ended = self.buffer.last() == Some(&b'\n');
        let mut bytes = self.buffer.as_slice();
        bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
        bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
        Ok(Some(Line {
            path: &self.path,
            offset: self.offset,
            number: self.number,
            bytes,
            ended,
        }))
    }
}

impl Line<'_> {
    /// The line as text; invalid bytes read as `?` so that offsets hold.
    #[must_use]
    pub fn text(&self) -> std::borrow::Cow<'_, str> {
        let bytes = match self.bytes.strip_prefix(b"\xef\xbb\xbf") {
            Some(rest) if self.offset == 0 => rest,
            _ => self.bytes,
        };
        match std::str::from_utf8(bytes) {
            Ok(text) => text.into(),
            Err(_) => replace_invalid(bytes).0.into(),
        }
    }

    /// Cites `slice`, which must be a part of `bytes`; `None` if it is not.
    #[must_use]
    pub fn cite_slice(&self, part: RefPart, slice: &[u8]) -> Option<Ref> {
        let start = slice
            .as_ptr()
            .addr()
            .checked_sub(self.bytes.as_ptr().addr())?;
        let bytes = self.bytes.get(start..start.checked_add(slice.len())?)?;
        Some(cite_bytes(
            part,
            self.path,
            self.offset + start as u64,
            bytes,
        ))
    }

    /// What is said of a line that could not be read because it does not end: no damage, but the
    /// place up to which a file that is still being written was read. `None` for a line that ends.
    #[must_use]
    pub fn unfinished(&self) -> Option<String> {
        (!self.ended).then(|| {
            format!(
                "{}: line {} is still being written or was cut off; the lines before are read",
                self.path, self.number
            )
        })
    }

    /// Cites the whole line.
    #[must_use]
    pub fn cite(&self, part: RefPart) -> Ref {
        cite_bytes(part, self.path, self.offset, self.bytes)
    }
}
