//! What an exception of the engine means.

use rquickjs::{Ctx, Error, Object, Value};

/// The longest message and stack that are passed on, in bytes.
const MOST_TEXT: usize = 4096;

/// Why a call into the engine failed, before it is known where.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The interrupt handler ended it.
    Stopped,
    /// No memory was left. The engine throws `null` when there is none even for an error, so a
    /// program that throws `null` itself comes here too.
    Memory,
    /// More output than allowed.
    Output,
    /// More events than allowed.
    Events,
    /// No stack was left.
    Stack,
    /// Something else than events came out.
    Contract(String),
    /// The record is not JSON.
    Record(String),
    /// The text is not a program.
    Compile {
        line: u32,
        column: u32,
        message: String,
    },
    /// Everything else.
    Threw { message: String, stack: String },
}

impl Fault {
    /// What `error` means; takes the pending exception off the engine.
    pub(crate) fn of(ctx: &Ctx<'_>, error: Error) -> Self {
        match error {
            Error::Allocation => Self::Memory,
            Error::InvalidString(_) => Self::Compile {
                line: 0,
                column: 0,
                message: "the text contains a zero byte".into(),
            },
            Error::Exception | Error::Unknown => Self::thrown(ctx, &ctx.catch()),
            other => Self::Contract(clip(other.to_string())),
        }
    }

    /// The same, for an error of reading a record as JSON.
    pub(crate) fn of_record(ctx: &Ctx<'_>, error: Error) -> Self {
        match Self::of(ctx, error) {
            Self::Threw { message, .. } | Self::Compile { message, .. } => Self::Record(message),
            other => other,
        }
    }

    /// The same, for an error of writing an event as JSON.
    pub(crate) fn of_event(ctx: &Ctx<'_>, error: Error) -> Self {
        match Self::of(ctx, error) {
            Self::Threw { message, .. } => {
                Self::Contract(format!("an event cannot be written as JSON: {message}"))
            }
            other => other,
        }
    }

    fn thrown(ctx: &Ctx<'_>, value: &Value<'_>) -> Self {
        if value.is_uncatchable_error() {
            return Self::Stopped;
        }
        if value.is_null() {
            return Self::Memory;
        }
        let Some(object) = value.as_object().filter(|object| object.is_error()) else {
            return Self::Threw {
                message: describe(value),
                stack: String::new(),
            };
        };
        let name = text(ctx, object, "name");
        let message = text(ctx, object, "message");
        let stack = text(ctx, object, "stack");
        match message.as_str() {
            "out of memory" | "out of memory in regexp execution" => return Self::Memory,
            "Maximum call stack size exceeded" | "stack overflow" => return Self::Stack,
            _ => {}
        }
        let message = match (name.as_str(), message.as_str()) {
            ("", message) => message.to_owned(),
            (name, "") => name.to_owned(),
            (name, message) => format!("{name}: {message}"),
        };
        if name == "SyntaxError"
            && let Some((line, column)) = compile_position(&stack)
        {
            return Self::Compile {
                line,
                column,
                message,
            };
        }
        Self::Threw { message, stack }
    }
}

/// A property that is a string. Nothing is converted, so that no code of the program runs but a
/// getter, and that runs under the limits as everything does.
fn text(ctx: &Ctx<'_>, object: &Object<'_>, name: &str) -> String {
    let got = object
        .get::<_, Value>(name)
        .and_then(|value| match value.as_string() {
            Some(string) => string.to_string(),
            None => Ok(String::new()),
        });
    clip(got.unwrap_or_else(|_| {
        ctx.catch();
        String::new()
    }))
}

/// What was thrown, if it was no error.
fn describe(value: &Value<'_>) -> String {
    let shown = match value.type_name() {
        "string" => value.as_string().and_then(|string| string.to_string().ok()),
        "int" | "float" => value.as_number().map(|number| number.to_string()),
        "bool" => value.as_bool().map(|flag| flag.to_string()),
        _ => None,
    };
    shown.map_or_else(|| format!("a value of type {}", value.type_name()), clip)
}

/// The engine gives text that does not compile a stack of one line: the place in the text. An error
/// thrown by running code has a function in every line.
fn compile_position(stack: &str) -> Option<(u32, u32)> {
    let mut lines = stack.lines();
    let place = lines
        .next()?
        .trim()
        .strip_prefix("at ")?
        .strip_prefix(super::FILE)?;
    if lines.next().is_some() {
        return None;
    }
    let mut numbers = place.strip_prefix(':')?.split(':');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

fn clip(mut text: String) -> String {
    if text.len() > MOST_TEXT {
        text.truncate(text.floor_char_boundary(MOST_TEXT));
        text.push('…');
    }
    text
}
