//! Text that neither a terminal nor a chat template acts on.

use std::borrow::Cow;

use analysis::injection::is_unseen;

/// What stands for characters nobody sees, one for all that stand together.
const UNSEEN: char = '\u{2426}';

/// What breaks a token.
pub(super) const BREAK: char = '¦';

/// Tokens by which models tell messages apart, that a server may take for such wherever they stand; in
/// lower case. Those of the form `<|…|>` are broken whatever they say.
const TOKENS: &[&str] = &[
    "<s>",
    "</s>",
    "<bos>",
    "<eos>",
    "[inst]",
    "[/inst]",
    "<<sys>>",
    "<</sys>>",
    "[system_prompt]",
    "[/system_prompt]",
    "[available_tools]",
    "[/available_tools]",
    "[tool_calls]",
    "[tool_results]",
    "[/tool_results]",
    "<start_of_turn>",
    "<end_of_turn>",
    "<tool_call>",
    "</tool_call>",
    "<tool_response>",
    "</tool_response>",
    "<tool_result>",
    "</tool_result>",
    "<function_calls>",
    "</function_calls>",
    "<function_results>",
    "</function_results>",
    "<think>",
    "</think>",
    "\n\nhuman:",
    "\n\nassistant:",
];

/// The longest name in a token of the form `<|…|>`, in bytes.
const NAME: usize = 40;

/// The text with control characters written as pictures (`␛`), but for line feeds and tabs;
/// characters nobody sees written as one sign; colours and cursor moves of terminals left out; tokens of chat templates
/// broken; and `«»`, which fence words, as plain quotation marks.
#[must_use]
pub fn inert(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let mut rest = text;
    let mut unseen = false;
    while let Some(c) = rest.chars().next() {
        if let Some(length) = escape_length(rest) {
            rest = &rest[length..];
            continue;
        }
        let after = &rest[c.len_utf8()..];
        let was_unseen = std::mem::replace(&mut unseen, is_hidden(c));
        match c {
            '\r' if after.starts_with('\n') => {}
            // One of these beside a character that is seen is how emoji are written.
            '\u{200d}' | '\u{fe0e}' | '\u{fe0f}'
                if !was_unseen && !after.chars().next().is_some_and(is_hidden) => {}
            c if is_hidden(c) && was_unseen => {}
            c if is_hidden(c) => out.push(UNSEEN),
            c if is_active(c) => out.push(picture(c)),
            '«' | '»' => out.push('"'),
            '<' | '[' | '\n' if begins_token(rest) => out.extend([c, BREAK]),
            c => out.push(c),
        }
        rest = after;
    }
    out
}

/// The length of the terminal escape sequence a text begins with: colours, moves of the cursor.
pub(crate) fn escape_length(text: &str) -> Option<usize> {
    const MOST: usize = 64;
    let inner = text.strip_prefix("\u{1b}[")?;
    let end = inner
        .bytes()
        .take(MOST)
        .position(|byte| (0x40..=0x7e).contains(&byte))?;
    // Between bracket and end stand digits and signs only.
    let parameters = inner.as_bytes().get(..end)?;
    let is_sequence = parameters.iter().all(|byte| (0x20..=0x3f).contains(byte));
    is_sequence.then_some(2 + end + 1)
}

/// What is written as a sign or left out: control characters, but for line feeds and tabs, and unseen
/// ones.
pub(crate) fn is_active(c: char) -> bool {
    (c.is_control() && c != '\n' && c != '\t') || is_hidden(c)
}

/// True for what [`inert`] puts in place of active characters and into tokens.
pub(crate) fn is_sign(c: char) -> bool {
    matches!(c, '\u{2400}'..='\u{2426}' | '\u{fffd}' | BREAK)
}

/// Characters nobody sees, those that break lines unseen, and those that vary the one before.
fn is_hidden(c: char) -> bool {
    is_unseen(c)
        || matches!(c,
            '\u{2028}' | '\u{2029}' | '\u{fff9}'..='\u{fffb}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{e0080}'..='\u{e0fff}')
}

/// Unicode has pictures for the ASCII controls.
fn picture(c: char) -> char {
    match u32::from(c) {
        code @ 0..=0x1f => char::from_u32(0x2400 + code).unwrap_or('\u{fffd}'),
        0x7f => '\u{2421}',
        _ => '\u{fffd}',
    }
}

fn begins_token(text: &str) -> bool {
    let begins = |token: &&str| {
        let start = text.as_bytes().get(..token.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(token.as_bytes()))
    };
    is_piped(text) || TOKENS.iter().any(begins)
}

/// Whether the text begins with `<|name|>`, with plain or with wide bars.
fn is_piped(text: &str) -> bool {
    let bars = ['|', '\u{ff5c}'];
    let Some(rest) = text
        .strip_prefix('<')
        .and_then(|rest| rest.strip_prefix(bars))
    else {
        return false;
    };
    let near: Cow<'_, str> = rest.chars().take(NAME).collect();
    near.find(bars)
        .is_some_and(|end| near[end..].trim_start_matches(bars).starts_with('>'))
}
