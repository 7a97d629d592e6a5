//! Where a row stands in the file, by the pages of the SQLite file format, version 3.
//!
//! Source: the format's own description, <https://www.sqlite.org/fileformat2.html>, sections 1.3
//! (header), 1.6 (b-tree pages) and 2.1 (records).

use std::cell::RefCell;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

/// Deeper trees than this are damaged: each level multiplies the rows by a hundred or more.
const MOST_LEVELS: usize = 24;
/// The longest row that is looked up, in bytes.
const MOST_PAYLOAD: u64 = 64 << 20;
/// A text in more pieces than this is cited by its first ones.
const MOST_PIECES: usize = 16;

/// A page that leads to other pages of a table.
const INTERIOR: u8 = 0x05;
/// A page that holds rows of a table.
const LEAF: u8 = 0x0d;

/// Reads a database file page by page.
pub(super) struct Pages {
    file: RefCell<File>,
    page_size: usize,
    /// Bytes of a page that hold content; some databases reserve the last ones.
    usable: usize,
}

/// Bytes with the offset they stand at.
pub(super) type Piece = (u64, Vec<u8>);

impl Pages {
    /// Takes a database file; `None` when its header is none.
    pub(super) fn new(mut file: File) -> Option<Self> {
        let mut header = [0; 100];
        file.read_exact(&mut header).ok()?;
        let page_size = match u16::from_be_bytes([header[16], header[17]]) {
            1 => 65_536,
            size if size >= 512 && size.is_power_of_two() => usize::from(size),
            _ => return None,
        };
        let usable = page_size - usize::from(header[20]);
        (usable >= 480).then_some(Self {
            file: RefCell::new(file),
            page_size,
            usable,
        })
    }

    /// Where `text` stands within the row `rowid` of the table that begins on page `root`.
    pub(super) fn find(&self, root: u32, rowid: i64, text: &[u8]) -> Option<Vec<Piece>> {
        if text.is_empty() {
            return None;
        }
        let row = self.row(root, rowid)?;
        let payload: Vec<u8> = row.iter().flat_map(|(_, bytes)| bytes).copied().collect();
        let start = memchr::memmem::find(&payload, text)?;
        Some(cut(&row, start, start + text.len()))
    }

    /// The content of a row, piece by piece.
    fn row(&self, root: u32, rowid: i64) -> Option<Vec<Piece>> {
        let mut number = root;
        for _ in 0..MOST_LEVELS {
            let page = self.page(number)?;
            let header = if number == 1 { 100 } else { 0 };
            let cells = usize::from(page.short(header + 3)?);
            match page.byte(header)? {
                INTERIOR => {
                    let child = search(
                        cells,
                        |cell| {
                            let at = usize::from(page.short(header + 12 + 2 * cell)?);
                            let (key, _) = page.varint(at + 4)?;
                            Some((key.cast_signed(), at))
                        },
                        rowid,
                    )?;
                    number = match child {
                        Some((_, at)) => page.long(at)?,
                        None => page.long(header + 8)?,
                    };
                }
                LEAF => {
                    let found = search(
                        cells,
                        |cell| {
                            let at = usize::from(page.short(header + 8 + 2 * cell)?);
                            let (_, at) = page.varint(at)?;
                            let (key, _) = page.varint(at)?;
                            Some((
                                key.cast_signed(),
                                usize::from(page.short(header + 8 + 2 * cell)?),
                            ))
                        },
                        rowid,
                    )?;
                    let (_, at) = found.filter(|(key, _)| *key == rowid)?;
                    return self.payload(&page, at);
                }
                _ => return None,
            }
        }
        None
    }

    /// The payload of the cell at `at` of a leaf and of its overflow pages.
    fn payload(&self, page: &Page, at: usize) -> Option<Vec<Piece>> {
        let (size, at) = page.varint(at)?;
        let (_, at) = page.varint(at)?;
        if size > MOST_PAYLOAD {
            return None;
        }
        let size = usize::try_from(size).ok()?;
        let local = local_size(size, self.usable);
        let mut pieces = vec![(
            page.offset + at as u64,
            page.bytes.get(at..at + local)?.to_vec(),
        )];
        let mut rest = size - local;
        let mut next = if rest > 0 { page.long(at + local)? } else { 0 };
        while rest > 0 {
            let page = self.page(next)?;
            let here = rest.min(self.usable - 4);
            pieces.push((page.offset + 4, page.bytes.get(4..4 + here)?.to_vec()));
            next = page.long(0)?;
            rest -= here;
        }
        Some(pieces)
    }

    fn page(&self, number: u32) -> Option<Page> {
        let offset = u64::from(number.checked_sub(1)?) * self.page_size as u64;
        let mut bytes = vec![0; self.page_size];
        let mut file = self.file.borrow_mut();
        let read = file
            .seek(SeekFrom::Start(offset))
            .and_then(|_| file.read_exact(&mut bytes));
        read.ok().map(|()| Page { offset, bytes })
    }
}

/// The first of `cells` sorted keys that is not below `key`; the outer `None` is a damaged page.
#[expect(clippy::option_option, reason = "damaged, past the end, found")]
fn search(
    cells: usize,
    at: impl Fn(usize) -> Option<(i64, usize)>,
    key: i64,
) -> Option<Option<(i64, usize)>> {
    let (mut low, mut high) = (0, cells);
    while low < high {
        let middle = low.midpoint(high);
        if at(middle)?.0 < key {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if low == cells {
        Some(None)
    } else {
        at(low).map(Some)
    }
}

/// How many bytes of a payload stand on the leaf itself.
fn local_size(size: usize, usable: usize) -> usize {
    let most = usable - 35;
    if size <= most {
        return size;
    }
    let least = (usable - 12) * 32 / 255 - 23;
    let wished = least + (size - least) % (usable - 4);
    if wished <= most { wished } else { least }
}

/// The bytes `start..end` of the pieces put together, at most [`MOST_PIECES`] of them.
fn cut(pieces: &[Piece], start: usize, end: usize) -> Vec<Piece> {
    let mut found: Vec<Piece> = Vec::new();
    let mut before = 0;
    for (offset, bytes) in pieces {
        let from = start.max(before) - before;
        let to = end.min(before + bytes.len()).saturating_sub(before);
        if from < to {
            found.push((offset + from as u64, bytes[from..to].to_vec()));
        }
        before += bytes.len();
    }
    found.truncate(MOST_PIECES);
    found
}

/// One page of the file.
struct Page {
    offset: u64,
    bytes: Vec<u8>,
}

impl Page {
    fn byte(&self, at: usize) -> Option<u8> {
        self.bytes.get(at).copied()
    }

    fn short(&self, at: usize) -> Option<u16> {
        let bytes = self.bytes.get(at..at.checked_add(2)?)?;
        Some(u16::from_be_bytes(bytes.try_into().ok()?))
    }

    fn long(&self, at: usize) -> Option<u32> {
        let bytes = self.bytes.get(at..at.checked_add(4)?)?;
        Some(u32::from_be_bytes(bytes.try_into().ok()?))
    }

    /// A number of one to nine bytes and where the next thing stands.
    fn varint(&self, at: usize) -> Option<(u64, usize)> {
        let mut number = 0;
        for length in 0..8 {
            let byte = self.byte(at + length)?;
            number = number << 7 | u64::from(byte & 0x7f);
            if byte < 0x80 {
                return Some((number, at + length + 1));
            }
        }
        let last = self.byte(at + 8)?;
        Some((number << 8 | u64::from(last), at + 9))
    }
}
