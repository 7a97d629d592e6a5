//! What goes through the pipes between the two sides.
//!
//! A frame is one byte of kind, four bytes of length (little endian) and that many bytes. The
//! worker says [`HELLO`] once its walls stand. Then every frame it gets is answered by one frame,
//! so the pipes never fill from both ends.

use std::io::{self, Read, Write};

use serde::Deserialize;
use serde_json::value::RawValue;

/// Worker: which walls stand, an [`Isolation`](crate::Isolation) as JSON.
pub(crate) const HELLO: u8 = b'H';
/// Host: load this program text. Answered by [`EVENTS`] without events.
pub(crate) const PROGRAM: u8 = b'P';
/// Host: read these records: their number and, for each, length and JSON text. Begins a run when
/// none is under way.
pub(crate) const RECORDS: u8 = b'R';
/// Host: finish the run.
pub(crate) const FINISH: u8 = b'F';
/// Worker: an [`Answer`] as JSON.
pub(crate) const EVENTS: u8 = b'E';
/// Worker: a [`ScriptError`](crate::ScriptError) as JSON. The worker ends after it.
pub(crate) const ERROR: u8 = b'X';

/// The bytes of an answer besides the events, apart from the counts.
pub(crate) const ANSWER_OVERHEAD: u64 = 64 * 1024;

/// The events of one frame of records.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Answer<'a> {
    /// CPU time the worker has used since it started, in microseconds.
    pub(crate) cpu_us: u64,
    /// Events of each record.
    pub(crate) counts: Vec<u32>,
    /// All of them, as an array.
    #[serde(borrow)]
    pub(crate) events: &'a RawValue,
}

/// Writes an [`Answer`] whose `events` are the inside of a JSON array already, without a copy.
///
/// # Errors
/// Those of [`send`].
pub(crate) fn send_answer(
    to: &mut impl Write,
    cpu_us: u64,
    counts: &[u32],
    events: &str,
) -> io::Result<()> {
    let counts = serde_json::to_string(counts)?;
    let before = format!(r#"{{"cpu_us":{cpu_us},"counts":{counts},"events":["#);
    send_parts(to, EVENTS, &[before.as_bytes(), events.as_bytes(), b"]}"])
}

/// Writes a frame and flushes.
///
/// # Errors
/// Those of `to`, and a payload past 4 GiB.
pub(crate) fn send(to: &mut impl Write, kind: u8, payload: &[u8]) -> io::Result<()> {
    send_parts(to, kind, &[payload])
}

fn send_parts(to: &mut impl Write, kind: u8, parts: &[&[u8]]) -> io::Result<()> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let length = u32::try_from(length)
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, "a frame past 4 GiB"))?;
    let mut head = [kind, 0, 0, 0, 0];
    head[1..].copy_from_slice(&length.to_le_bytes());
    to.write_all(&head)?;
    for part in parts {
        to.write_all(part)?;
    }
    to.flush()
}

/// Reads a frame of at most `most` bytes; `None` at the end of the stream.
///
/// # Errors
/// Those of `from`, a frame that is longer, and a stream that ends within one.
pub(crate) fn receive(from: &mut impl Read, most: u64) -> io::Result<Option<(u8, Vec<u8>)>> {
    let mut kind = [0];
    if from.read(&mut kind)? == 0 {
        return Ok(None);
    }
    let mut length = [0; 4];
    from.read_exact(&mut length)?;
    let length = u64::from(u32::from_le_bytes(length));
    if length > most {
        let message = format!("a frame of {length} bytes where {most} are expected at most");
        return Err(io::Error::new(io::ErrorKind::InvalidData, message));
    }
    let mut payload = Vec::new();
    // Grows as bytes come in: a length alone reserves nothing.
    from.take(length).read_to_end(&mut payload)?;
    if payload.len() as u64 == length {
        Ok(Some((kind[0], payload)))
    } else {
        Err(io::ErrorKind::UnexpectedEof.into())
    }
}

/// Writes records as the payload of [`RECORDS`]; `None` past what its numbers can say.
pub(crate) fn pack<R: AsRef<str>>(records: &[R]) -> Option<Vec<u8>> {
    let text: usize = records.iter().map(|record| record.as_ref().len() + 4).sum();
    let mut payload = Vec::with_capacity(text + 4);
    payload.extend_from_slice(&u32::try_from(records.len()).ok()?.to_le_bytes());
    for record in records {
        let record = record.as_ref();
        payload.extend_from_slice(&u32::try_from(record.len()).ok()?.to_le_bytes());
        payload.extend_from_slice(record.as_bytes());
    }
    Some(payload)
}

/// Reads what [`pack`] wrote; `None` if it is anything else.
pub(crate) fn unpack(payload: &[u8]) -> Option<Vec<&str>> {
    let (count, mut rest) = number(payload)?;
    let mut records = Vec::with_capacity(count.min(payload.len() / 4));
    for _ in 0..count {
        let (length, after) = number(rest)?;
        let (record, after) = after.split_at_checked(length)?;
        records.push(std::str::from_utf8(record).ok()?);
        rest = after;
    }
    rest.is_empty().then_some(records)
}

fn number(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (number, rest) = bytes.split_first_chunk()?;
    Some((usize::try_from(u32::from_le_bytes(*number)).ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn records_come_out_as_they_went_in(records: Vec<String>) {
            let packed = pack(&records).expect("small");
            prop_assert_eq!(unpack(&packed).expect("packed"), records);
        }

        #[test]
        fn any_bytes_are_unpacked_or_refused(bytes: Vec<u8>) {
            let _ = unpack(&bytes);
            let _ = receive(&mut bytes.as_slice(), 100);
        }
    }

    #[test]
    fn a_frame_that_announces_too_much_is_refused() {
        let mut frame = vec![EVENTS];
        frame.extend_from_slice(&u32::MAX.to_le_bytes());
        assert!(receive(&mut frame.as_slice(), 1000).is_err());
    }
}
