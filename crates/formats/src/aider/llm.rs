//! `.aider.llm.history`: what went to the model and what came back, with times.

use trace::Timestamp;

use crate::extractor::ExtractError;
use crate::pile::{EntryId, Pile};
use crate::time;

/// How a frame of what went to the model begins.
pub(super) const SENT: &str = "TO LLM ";
const RECEIVED: &str = "LLM RESPONSE ";
/// How a message about a command begins and goes on.
const RAN: &str = "I ran this command:";
const GOT: &str = "And got this output:";
/// Each frame repeats what was said before; only its last commands are new.
const MOST_RAN: usize = 16;

/// One reply of the model.
#[derive(Debug, Default)]
pub(super) struct Exchange {
    pub(super) received: Option<Timestamp>,
    /// The reply without white space, so that it can be told from others.
    pub(super) reply: Option<blake3::Hash>,
    /// Commands and their output that the model was told of before the reply, last ones last.
    pub(super) ran: Vec<Ran>,
}

/// A command the model was told of.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Ran {
    pub(super) command: String,
    pub(super) output: String,
}

/// What identifies a reply: its letters without the white space.
pub(super) fn essence(text: &str) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    for word in text.split_whitespace() {
        hasher.update(word.as_bytes());
    }
    hasher.finalize()
}

#[derive(Clone, Copy, PartialEq)]
enum Frame {
    None,
    Sent,
    Received,
}

/// The replies in a log, in order.
pub(super) fn exchanges(pile: &Pile, id: EntryId) -> Result<Vec<Exchange>, ExtractError> {
    let failed = |source| ExtractError::io(&pile.entry(id).path, source);
    let mut found = Vec::new();
    let mut open = Exchange::default();
    let mut reply = String::new();
    let mut message = String::new();
    let mut frame = Frame::None;
    let mut lines = pile.lines(id).map_err(failed)?;
    while let Some(line) = lines.next_line().map_err(failed)? {
        let text = line.text();
        let sent = stated(&text, SENT);
        let received = stated(&text, RECEIVED);
        if sent.is_some() || received.is_some() {
            take_ran(&mut open.ran, &mut message);
            if frame == Frame::Received {
                open.reply = Some(essence(&reply));
                found.push(std::mem::take(&mut open));
                reply.clear();
            }
            if sent.is_some() {
                open = Exchange::default();
                frame = Frame::Sent;
            } else {
                open.received = received;
                frame = Frame::Received;
            }
            continue;
        }
        match frame {
            Frame::Received => {
                reply.push_str(text.strip_prefix("ASSISTANT").unwrap_or(&text));
                reply.push('\n');
            }
            Frame::Sent if &*text == "-------" => take_ran(&mut open.ran, &mut message),
            Frame::Sent => {
                // Only messages about commands are kept.
                if let Some(said) = text.strip_prefix("USER ")
                    && (said == RAN || !message.is_empty())
                {
                    message.push_str(said);
                    message.push('\n');
                }
            }
            Frame::None => {}
        }
    }
    if frame == Frame::Received {
        open.reply = Some(essence(&reply));
        found.push(open);
    }
    Ok(found)
}

/// The time in a frame's first line.
fn stated(line: &str, head: &str) -> Option<Timestamp> {
    line.strip_prefix(head).and_then(time::parse)
}

/// Ends a message: notes the command it tells of, if it does.
fn take_ran(ran: &mut Vec<Ran>, message: &mut String) {
    let text = std::mem::take(message);
    let Some(rest) = text.strip_prefix(RAN) else {
        return;
    };
    let Some((command, output)) = rest.split_once(GOT) else {
        return;
    };
    // The format's reminder may follow in the same message.
    let output = output.split("\n# *SEARCH/REPLACE block* Rules:").next();
    let output = output.unwrap_or_default().trim_matches('\n');
    let told = Ran {
        command: command.trim().to_owned(),
        output: output.to_owned(),
    };
    // What failed a test is told twice: as what was run, and as what to mend.
    if ran.last() != Some(&told) {
        ran.push(told);
    }
    if ran.len() > MOST_RAN {
        ran.remove(0);
    }
}
